// SPDX-License-Identifier: Apache-2.0
/*
 * One command from words to exit code. Nothing is opened here that the command does not ask for:
 * the start of the program is part of every command's time.
 */
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/help.h"
#include "cli/parse.h"

#define PATH_TEXT  64
#define USAGE_EXIT 125 /* a wrong flag */

void cli_complain(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout); /* keep the order when both go to one place */
	fprintf(stderr, "%s: ", c->program);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void cli_warn(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("WARNING: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

bool cli_given(const struct cli *c, const char *name)
{
	struct cli_flag flags[CLI_FLAGS_MAX];
	size_t n = cli_flags(c->command, flags);

	for (size_t i = 0; i < n; i++)
		if (str_eq(flags[i].name, name))
			return c->set[i];
	return false;
}

int cli_exit_code(const struct cli_command *cmd, const struct err *err)
{
	if (cmd->traits & CLI_RUNS_COMMAND && err->kind == ERR_NO_COMMAND)
		return 127;
	if (cmd->traits & CLI_RUNS_COMMAND && err->kind == ERR_NOT_EXECUTABLE)
		return 126;
	return cmd->traits & CLI_FAILS_125 ? 125 : 1;
}

const struct cli_command *cli_match(char *const *words, size_t n, size_t *used, char *path,
				    size_t size)
{
	const struct cli_command *found = NULL;
	char text[PATH_TEXT] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const struct cli_command *cmd;
		int more = snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "", words[i]);

		if (more < 0 || (size_t)more >= sizeof(text) - len)
			break;
		len += (size_t)more;
		cmd = cli_find(text);
		if (!cmd)
			break;
		found = cmd;
		*used = i + 1;
		snprintf(path, size, "%s", text);
		if (!(cmd->traits & CLI_GROUP))
			break;
	}
	return found;
}

static int usage_error(const struct cli *c, const char *message)
{
	fprintf(stderr, "%s\nSee '%s%s%s --help'.\n", message, c->program, *c->path ? " " : "",
		c->path);
	return USAGE_EXIT;
}

static int argument_error(const struct cli *c, const char *message)
{
	cleanup(buf_done) struct buf usage = BUF_INIT(HELP_MAX);

	help_usage(&usage, c->command, c->program, c->path);
	fprintf(stderr, "\"%s %s\" %s\nSee '%s %s --help'.\n\n%s\n%s\n", c->program, c->path,
		message, c->program, c->path, usage.data ? usage.data : "", c->command->summary);
	return 1;
}

static int run_command(struct cli *c, char *const *words, size_t n)
{
	struct err err = ERR_INIT;
	bool help = false;
	const char *wrong;
	int r;

	if (cli_parse(c, words, n, &help, &err) < 0)
		return usage_error(c, err.msg);
	if (help)
		return cli_print_help(c, c->command, c->path);
	wrong = cli_check_args(c->arena, c->command, c->n_args);
	if (wrong)
		return argument_error(c, wrong);
	r = c->command->run(c, &err);
	if (c->done)
		c->done(c);
	if (r >= 0)
		return r;
	cli_complain(c, "%s", err.msg);
	return cli_exit_code(c->command, &err);
}

static int unknown_command(const struct cli *c, const char *path, const char *word)
{
	fprintf(stderr, "%s: '%s%s%s' is not a %s command.\nSee '%s%s%s --help'\n", c->program,
		path, *path ? " " : "", word, c->program, c->program, *path ? " " : "", path);
	return 1;
}

static int dispatch(struct cli *c, char *const *words, size_t n)
{
	char path[PATH_TEXT] = "";
	size_t used = 0;
	const struct cli_command *cmd = cli_match(words, n, &used, path, sizeof(path));

	if (!cmd)
		return unknown_command(c, "", words[0]);
	if (!(cmd->traits & CLI_GROUP)) {
		c->command = cmd;
		c->path = path;
		return run_command(c, words + used, n - used);
	}
	if (used == n || str_eq(words[used], "--help") || str_eq(words[used], "-h"))
		return cli_print_help(c, cmd, path);
	if (words[used][0] == '-') {
		cleanup_free char *text = NULL;

		c->path = path;
		return asprintf(&text, "unknown flag: %s", words[used]) < 0 ? 125
									    : usage_error(c, text);
	}
	return unknown_command(c, path, words[used]);
}

static int check_globals(const struct cli *c, const struct cli_globals *g)
{
	if (g->hosts)
		return usage_error(
			c, "--host: this version has no daemon to connect to: commands act here");
	if (g->context && !str_eq(g->context, "default"))
		return usage_error(c,
				   "--context: only \"default\" exists: commands act on this host");
	return 0;
}

int cli_main(int argc, char **argv)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct cli root = {.command = &cli_root, .path = "", .arena = a},
		   c = {.arena = a, .path = ""};
	struct err err = ERR_INIT;
	bool help = false;
	int r;

	name = name ? name + 1 : argc > 0 ? argv[0] : "hoy";
	root.program = c.program = str_eq(name, "docker") ? "docker" : "hoy";
	signal(SIGPIPE,
	       SIG_IGN); /* a reader that went away is an error of the write, which cleans up */
	if (!a || argc < 1)
		return USAGE_EXIT;
	if (cli_parse(&root, argv + 1, (size_t)argc - 1, &help, &err) < 0)
		return usage_error(&root, err.msg);
	c.globals = root.options;
	r = check_globals(&root, root.options);
	if (r == 0 && c.globals->version)
		printf("%s version %s\n", strcmp(c.program, "docker") == 0 ? "Docker" : "hoy",
		       HOY_VERSION);
	else if (r == 0 && (help || root.n_args == 0))
		r = cli_print_help(&root, &cli_root, "");
	else if (r == 0)
		r = dispatch(&c, root.args, root.n_args);
	if (fflush(stdout) != 0 && r == 0) {
		if (errno == EPIPE) /* `hoy images | head -1`: as a program that SIGPIPE ends */
			return 128 + SIGPIPE;
		cli_complain(&c, "write standard output: %m");
		r = 1;
	}
	return r;
}
