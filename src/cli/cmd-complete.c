// SPDX-License-Identifier: Apache-2.0
/*
 * `hoy __complete bash|zsh WORDS…`: the last word is the one being typed (maybe empty). One
 * candidate a line; for zsh with ":description". A first line ":files" asks the shell for file
 * names instead. Errors print nothing: a completion that fails must not disturb the line.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/names.h"

#define PATH_TEXT 64

struct completion {
	struct cli *c;
	bool zsh;
	const char *current;
};

static void offer(const struct completion *k, const char *word, const char *text)
{
	if (!str_after(word, k->current))
		return;
	if (!k->zsh) {
		puts(word);
		return;
	}
	for (const char *s = word; *s; s++) {
		if (*s == ':')
			putchar('\\');
		putchar(*s);
	}
	if (text)
		printf(":%.*s", (int)strcspn(text, "\n"), text);
	putchar('\n');
}

static void offer_name(const char *name, void *data)
{
	offer(data, name, NULL);
}

static void offer_noun(struct completion *k, enum cli_noun noun, const char *choices)
{
	if (choices) {
		char **v = strv_split(k->c->arena, choices, '|', 0);

		for (size_t i = 0; v && v[i]; i++)
			offer(k, v[i], NULL);
	} else if (noun == CLI_FILE) {
		puts(":files");
	} else if (noun != CLI_NOTHING) {
		names_list(k->c, noun, offer_name, k);
	}
}

static void offer_flags(const struct completion *k, const struct cli_flag *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *word = NULL;

		if (!(flags[i].flags & CLI_HIDDEN) && asprintf(&word, "--%s", flags[i].name) > 0)
			offer(k, word, flags[i].help);
	}
	offer(k, "--help", "Print usage");
}

static void offer_commands(const struct completion *k, const char *group)
{
	size_t prefix = strlen(group);
	char path[PATH_TEXT];

	for (size_t i = 0; cli_commands[i]; i++) {
		if (cli_commands[i]->traits & CLI_COMMAND_HIDDEN)
			continue;
		for (size_t p = 0; cli_path(cli_commands[i], p, path, sizeof(path)); p++) {
			const char *name = prefix ? path + prefix + 1 : path;

			if ((!prefix ||
			     (strncmp(path, group, prefix) == 0 && path[prefix] == ' ')) &&
			    !strchr(name, ' '))
				offer(k, name, cli_commands[i]->summary);
		}
	}
}

/* The flag that `word` leaves waiting for a value, or NULL. */
static const struct cli_flag *waits(const struct cli_flag *flags, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (cli_is_switch(&flags[i]))
			continue;
		if (word[0] == '-' && word[1] == '-' && str_eq(word + 2, flags[i].name))
			return &flags[i];
		if (word[0] == '-' && word[1] != '-' && flags[i].letter && word[1] &&
		    word[strlen(word) - 1] == flags[i].letter)
			return &flags[i];
	}
	return NULL;
}

/* How many of the words are arguments; *flag is the one whose value is being typed. */
static size_t scan(const struct cli_command *cmd, const struct cli_flag *flags, size_t n_flags,
		   char *const *words, size_t n, const struct cli_flag **flag, bool *flags_ended)
{
	size_t args = 0;

	*flag = NULL;
	*flags_ended = false;
	for (size_t i = 0; i < n; i++) {
		if (*flag) {
			*flag = NULL;
		} else if (!*flags_ended && words[i][0] == '-' && words[i][1]) {
			*flags_ended = str_eq(words[i], "--");
			*flag = waits(flags, n_flags, words[i]);
		} else {
			args++;
			if (cmd->traits & CLI_FIRST_ARG_ENDS_FLAGS)
				*flags_ended = true;
		}
	}
	return args;
}

static void complete_command(struct completion *k, const struct cli_command *cmd,
			     char *const *words, size_t n)
{
	struct cli_flag flags[CLI_FLAGS_MAX];
	const struct cli_flag *flag;
	size_t n_flags = cli_flags(cmd, flags), args;
	bool flags_ended;

	args = scan(cmd, flags, n_flags, words, n, &flag, &flags_ended);
	if (flag)
		offer_noun(k, flag->noun, flag->choices);
	else if (!flags_ended && k->current[0] == '-')
		offer_flags(k, flags, n_flags);
	else if (args < cmd->max_args && (args == 0 || !(cmd->traits & CLI_FIRST_ARG_ENDS_FLAGS)))
		offer_noun(k, cmd->noun, NULL);
}

static int run_complete(struct cli *c, struct err *err UNUSED)
{
	struct completion k = {.c = c, .zsh = str_eq(c->args[0], "zsh")};
	char **words = c->args + 1, path[PATH_TEXT] = "";
	size_t n = c->n_args - 2, used = 0, args, skip = 0;
	struct cli_flag flags[CLI_FLAGS_MAX];
	size_t n_flags = cli_flags(&cli_root, flags);
	const struct cli_command *cmd = NULL;
	const struct cli_flag *flag = NULL;
	bool ended = false;

	k.current = words[n];
	/* Global flags come before the command: skip them and their values. */
	for (; skip < n; skip++) {
		args = scan(&cli_root, flags, n_flags, words, skip + 1, &flag, &ended);
		if (args)
			break;
	}
	if (skip < n)
		cmd = cli_match(words + skip, n - skip, &used, path, sizeof(path));
	if (cmd && !(cmd->traits & CLI_GROUP))
		complete_command(&k, cmd, words + skip + used, n - skip - used);
	else if (cmd && skip + used == n)
		offer_commands(&k, path);
	else if (skip == n && flag)
		offer_noun(&k, flag->noun, flag->choices);
	else if (skip == n && k.current[0] == '-')
		offer_flags(&k, flags, n_flags);
	else if (skip == n)
		offer_commands(&k, "");
	return 0;
}

const struct cli_command cmd_complete = {
	.paths = "__complete",
	.usage = "bash|zsh WORD...",
	.summary = "What the word being typed may become",
	.min_args = 2,
	.max_args = CLI_ANY_ARGS,
	.traits = CLI_COMMAND_HIDDEN | CLI_RAW,
	.run = run_complete,
};
