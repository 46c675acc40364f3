// SPDX-License-Identifier: Apache-2.0
/* The table, its help, its man pages and its completion agree, and the table is well-formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/cli.h"
#include "command/help.h"
#include "command/parse.h"

#define PATH_TEXT 64

typedef void row_fn(const struct command *cmd, const struct flag *flags, size_t n);

static void each_row(row_fn *fn)
{
	struct flag flags[FLAGS_MAX];

	fn(cli_program.root, flags, command_flags(cli_program.root, flags));
	for (size_t i = 0; cli_program.commands[i]; i++)
		fn(cli_program.commands[i], flags, command_flags(cli_program.commands[i], flags));
}

static void fail_at(const struct command *cmd, const char *flag, const char *what)
{
	fail_msg("%s %s: %s", cmd->paths ? cmd->paths : "hoy", flag ? flag : "", what);
}

static void check_flag(const struct command *cmd, const struct flag *f)
{
	if (str_empty(f->help))
		fail_at(cmd, f->name, "no help");
	else if (strchr(f->help, '.') && str_ends(f->help, "."))
		fail_at(cmd, f->name, "help ends in a full stop");
	if (f->type == FLAG_PARSED && !f->parse)
		fail_at(cmd, f->name, "nothing parses it");
	if (f->at >= cmd->options_size)
		fail_at(cmd, f->name, "lies outside the options struct");
	if (str_eq(f->name, "help"))
		fail_at(cmd, f->name, "is every command's");
}

static void row_is_sound(const struct command *cmd, const struct flag *flags, size_t n)
{
	if (str_empty(cmd->summary) || str_ends(cmd->summary, "."))
		fail_at(cmd, NULL, "summary missing or with a full stop");
	if (cmd->min_args > cmd->max_args)
		fail_at(cmd, NULL, "min_args > max_args");
	if (!(cmd->traits & COMMAND_GROUP) && !cmd->run)
		fail_at(cmd, NULL, "no function");
	if (n && !strstr(cmd->usage, "[OPTIONS]"))
		fail_at(cmd, NULL, "usage lacks [OPTIONS]");
	if (n >= FLAGS_MAX)
		fail_at(cmd, NULL, "too many flags");
	for (size_t i = 0; i < n; i++) {
		check_flag(cmd, &flags[i]);
		if (i && strcmp(flags[i - 1].name, flags[i].name) >= 0)
			fail_at(cmd, flags[i].name, "not sorted, or twice there");
		for (size_t k = 0; k < i; k++)
			if (flags[i].letter && flags[i].letter == flags[k].letter)
				fail_at(cmd, flags[i].name, "letter is taken");
	}
}

static void rows_are_sound(void **state UNUSED)
{
	each_row(row_is_sound);
}

static void paths_are_unique(void **state UNUSED)
{
	char path[PATH_TEXT];

	for (size_t i = 0; cli_program.commands[i]; i++)
		for (size_t k = 0; command_path(cli_program.commands[i], k, path, sizeof(path));
		     k++) {
			const char *space = strchr(path, ' ');
			char group[PATH_TEXT];

			if (command_find(&cli_program, path) != cli_program.commands[i])
				fail_at(cli_program.commands[i], path, "another row has this path");
			if (!space)
				continue;
			snprintf(group, sizeof(group), "%.*s", (int)(space - path), path);
			if (!command_find(&cli_program, group) ||
			    !(command_find(&cli_program, group)->traits & COMMAND_GROUP))
				fail_at(cli_program.commands[i], path, "its group is missing");
		}
}

/* Defaults are written as a user would write the value: all must parse. */
static void defaults_of(const struct command *cmd, const struct flag *flags UNUSED, size_t n UNUSED)
{
	struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct command_line c = {.program = &cli_program, .command = cmd, .arena = a};
	struct err err = ERR_INIT;
	bool help = false;

	if (command_parse(&c, NULL, 0, &help, &err) < 0)
		fail_at(cmd, NULL, err.msg);
	arena_free(a);
}

static void defaults_parse(void **state UNUSED)
{
	each_row(defaults_of);
}

static void texts_name_flags(const struct command *cmd, const struct flag *flags, size_t n)
{
	cleanup(buf_done) struct buf help = BUF_INIT(HELP_MAX), man = BUF_INIT(HELP_MAX);
	char page[PATH_TEXT];

	if (cmd->traits & COMMAND_HIDDEN)
		return;
	command_page(cmd, page, sizeof(page));
	if (cmd->traits & COMMAND_GROUP)
		help_group(&help, &cli_program, cmd, "hoy", page, 1000);
	else
		help_command(&help, cmd, "hoy", page, 1000);
	help_man(&man, &cli_program, cmd);
	assert_int_equal(help.failed, 0);
	assert_int_equal(man.failed, 0);
	for (size_t i = 0; i < n; i++) {
		char in_help[128], in_man[128];
		bool hidden = flags[i].flags & FLAG_HIDDEN;
		size_t k = 0;

		snprintf(in_help, sizeof(in_help), "--%s ", flags[i].name);
		k = (size_t)snprintf(in_man, sizeof(in_man), "\\-\\-");
		for (const char *s = flags[i].name; *s; s++)
			k += (size_t)snprintf(in_man + k, sizeof(in_man) - k,
					      *s == '-' ? "\\-" : "%c", *s);
		snprintf(in_man + k, sizeof(in_man) - k, "\\fR");
		if (!strstr(help.data, in_help) == !hidden)
			fail_at(cmd, flags[i].name,
				hidden ? "hidden, but in --help" : "not in --help");
		if (!strstr(man.data, in_man) == !hidden)
			fail_at(cmd, flags[i].name,
				hidden ? "hidden, but in man" : "not in the man page");
	}
}

static void help_and_man_name_every_flag(void **state UNUSED)
{
	each_row(texts_name_flags);
}

/* What `hoy LINE…` prints on stdout; the words are separated by one space each. */
static char *output_of(const char *line)
{
	struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char **argv = strv_split(a, line, ' ', 0), *text;
	struct buf b = BUF_INIT(HELP_MAX);
	FILE *out = tmpfile();
	int saved = dup(STDOUT_FILENO);

	assert_true(out && saved >= 0 && argv);
	fflush(stdout);
	assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0);
	assert_int_equal(cli_main((int)strv_len(argv), argv), 0);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	close(saved);
	rewind(out);
	assert_int_equal(fd_read_all(fileno(out), &b, "output", NULL), 0);
	fclose(out);
	arena_free(a);
	text = buf_take(&b);
	assert_non_null(text);
	return text;
}

static bool has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *s = text; (s = strstr(s, line)); s++)
		if ((s == text || s[-1] == '\n') && (s[len] == '\n' || !s[len]))
			return true;
	return false;
}

static void completion_of(const struct command *cmd, const struct flag *flags, size_t n)
{
	cleanup_free char *text = NULL;
	char line[128], word[128], page[PATH_TEXT];

	if (cmd->traits & (COMMAND_HIDDEN | COMMAND_GROUP))
		return;
	command_page(cmd, page, sizeof(page));
	snprintf(line, sizeof(line), "hoy __complete bash %s --", page);
	text = output_of(line);
	for (size_t i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "--%s", flags[i].name);
		if (has_line(text, word) == !!(flags[i].flags & FLAG_HIDDEN))
			fail_at(cmd, flags[i].name, "completion disagrees");
	}
}

static void completion_knows_every_flag(void **state UNUSED)
{
	each_row(completion_of);
}

static void completion_knows_every_command(void **state UNUSED)
{
	cleanup_free char *top = output_of("hoy __complete bash ");
	char path[PATH_TEXT];

	for (size_t i = 0; cli_program.commands[i]; i++)
		for (size_t k = 0; command_path(cli_program.commands[i], k, path, sizeof(path));
		     k++)
			if (!strchr(path, ' ') &&
			    has_line(top, path) ==
				    !!(cli_program.commands[i]->traits & COMMAND_HIDDEN))
				fail_at(cli_program.commands[i], path, "completion disagrees");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(paths_are_unique),
		cmocka_unit_test(defaults_parse),
		cmocka_unit_test(help_and_man_name_every_flag),
		cmocka_unit_test(completion_knows_every_flag),
		cmocka_unit_test(completion_knows_every_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
