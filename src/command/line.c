// SPDX-License-Identifier: Apache-2.0
/*
 * One command from words to exit code. Nothing is opened here that the command does not ask for:
 * the start of the program is part of every command's time.
 */
#include "command/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "command/help.h"
#include "command/parse.h"

#define PATH_TEXT  64
#define USAGE_EXIT 125 /* a wrong flag */

void command_complain(const struct command_line *c, const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout); /* keep the order when both go to one place */
	fprintf(stderr, "%s: ", c->name);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

void command_warn(const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout);
	(void)fputs("WARNING: ", stderr);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputc('\n', stderr);
}

bool command_given(const struct command_line *c, const char *name)
{
	struct flag flags[FLAGS_MAX];
	size_t n = command_flags(c->command, flags);

	for (size_t i = 0; i < n; i++)
		if (str_eq(flags[i].name, name))
			return c->set[i];
	return false;
}

int command_exit_code(const struct command *cmd, const struct err *err)
{
	if (cmd->traits & COMMAND_RUNS_COMMAND && err->kind == ERR_NO_COMMAND)
		return 127;
	if (cmd->traits & COMMAND_RUNS_COMMAND && err->kind == ERR_NOT_EXECUTABLE)
		return 126;
	return cmd->traits & COMMAND_FAILS_125 ? 125 : 1;
}

int command_usage_error(const struct command_line *c, const char *message)
{
	fprintf(stderr, "%s\nSee '%s%s%s --help'.\n", message, c->name, *c->path ? " " : "",
		c->path);
	return c->program->usage_exit ?: USAGE_EXIT;
}

static int argument_error(const struct command_line *c, const char *message)
{
	cleanup(buf_done) struct buf usage = BUF_INIT(HELP_MAX);

	help_usage(&usage, c->command, c->name, c->path);
	fprintf(stderr, "\"%s %s\" %s\nSee '%s %s --help'.\n\n%s\n%s\n", c->name, c->path, message,
		c->name, c->path, usage.data ? usage.data : "", c->command->summary);
	return 1;
}

static int run_command(struct command_line *c, char *const *words, size_t n)
{
	struct err err = ERR_INIT;
	bool help = false;
	const char *wrong;
	int r;

	if (command_parse(c, words, n, &help, &err) < 0)
		return command_usage_error(c, err.msg);
	if (help)
		return help_print(c, c->command, c->path);
	wrong = command_check_args(c->arena, c->command, c->n_args);
	if (wrong)
		return argument_error(c, wrong);
	r = c->command->run(c, &err);
	if (c->done)
		c->done(c);
	if (r >= 0)
		return r;
	if (c->program->failed)
		c->program->failed(c, &err);
	else
		command_complain(c, "%s", err.msg);
	return command_exit_code(c->command, &err);
}

static int unknown_command(const struct command_line *c, const char *path, const char *word)
{
	fprintf(stderr, "%s: '%s%s%s' is not a %s command.\nSee '%s%s%s --help'\n", c->name, path,
		*path ? " " : "", word, c->name, c->name, *path ? " " : "", path);
	return 1;
}

int command_run(struct command_line *c, char *const *words, size_t n)
{
	char path[PATH_TEXT] = "";
	size_t used = 0;
	const struct command *cmd = command_match(c->program, words, n, &used, path, sizeof(path));

	if (!cmd)
		return unknown_command(c, "", words[0]);
	if (!(cmd->traits & COMMAND_GROUP)) {
		c->command = cmd;
		c->path = path;
		return run_command(c, words + used, n - used);
	}
	if (used == n || str_eq(words[used], "--help") || str_eq(words[used], "-h"))
		return help_print(c, cmd, path);
	if (words[used][0] == '-') {
		cleanup_free char *text = NULL;

		c->path = path;
		return asprintf(&text, "unknown flag: %s", words[used]) < 0
			       ? 125
			       : command_usage_error(c, text);
	}
	return unknown_command(c, path, words[used]);
}
