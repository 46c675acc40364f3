// SPDX-License-Identifier: Apache-2.0
#include "command/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define PATH_TEXT 64

struct completion {
	struct command_line *c;
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

static void offer_noun(struct completion *k, enum noun noun, const char *choices)
{
	if (choices) {
		char **v = strv_split(k->c->arena, choices, '|', 0);

		for (size_t i = 0; v && v[i]; i++)
			offer(k, v[i], NULL);
	} else if (noun == NOUN_FILE) {
		puts(":files");
	} else if (noun != NOUN_NOTHING && k->c->program->names) {
		k->c->program->names(k->c, noun, offer_name, k);
	}
}

static void offer_flags(const struct completion *k, const struct flag *flags, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *word = NULL;

		if (!(flags[i].flags & FLAG_HIDDEN) && asprintf(&word, "--%s", flags[i].name) > 0)
			offer(k, word, flags[i].help);
	}
	offer(k, "--help", "Print usage");
}

static void offer_commands(const struct completion *k, const char *group)
{
	const struct command *const *commands = k->c->program->commands;
	size_t prefix = strlen(group);
	char path[PATH_TEXT];

	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->traits & COMMAND_HIDDEN)
			continue;
		for (size_t p = 0; command_path(commands[i], p, path, sizeof(path)); p++) {
			const char *name = prefix ? path + prefix + 1 : path;

			if ((!prefix ||
			     (strncmp(path, group, prefix) == 0 && path[prefix] == ' ')) &&
			    !strchr(name, ' '))
				offer(k, name, commands[i]->summary);
		}
	}
}

/* The flag that `word` leaves waiting for a value, or NULL. */
static const struct flag *waits(const struct flag *flags, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (flag_is_switch(&flags[i]))
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
static size_t scan(const struct command *cmd, const struct flag *flags, size_t n_flags,
		   char *const *words, size_t n, const struct flag **flag, bool *flags_ended)
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
			if (cmd->traits & COMMAND_FIRST_ARG_ENDS_FLAGS)
				*flags_ended = true;
		}
	}
	return args;
}

static void complete_command(struct completion *k, const struct command *cmd, char *const *words,
			     size_t n)
{
	struct flag flags[FLAGS_MAX];
	const struct flag *flag;
	size_t n_flags = command_flags(cmd, flags), args;
	bool flags_ended;

	args = scan(cmd, flags, n_flags, words, n, &flag, &flags_ended);
	if (flag)
		offer_noun(k, flag->noun, flag->choices);
	else if (!flags_ended && k->current[0] == '-')
		offer_flags(k, flags, n_flags);
	else if (args < cmd->max_args &&
		 (args == 0 || !(cmd->traits & COMMAND_FIRST_ARG_ENDS_FLAGS)))
		offer_noun(k, cmd->noun, NULL);
}

void complete(struct command_line *c, bool zsh, char *const *words, size_t n)
{
	const struct command *root = c->program->root;
	struct completion k = {.c = c, .zsh = zsh, .current = words[n]};
	char path[PATH_TEXT] = "";
	size_t used = 0, args, skip = 0;
	struct flag flags[FLAGS_MAX];
	size_t n_flags = command_flags(root, flags);
	const struct command *cmd = NULL;
	const struct flag *flag = NULL;
	bool ended = false;

	/* Global flags come before the command: skip them and their values. */
	for (; skip < n; skip++) {
		args = scan(root, flags, n_flags, words, skip + 1, &flag, &ended);
		if (args)
			break;
	}
	if (skip < n)
		cmd = command_match(c->program, words + skip, n - skip, &used, path, sizeof(path));
	if (cmd && !(cmd->traits & COMMAND_GROUP))
		complete_command(&k, cmd, words + skip + used, n - skip - used);
	else if (cmd && skip + used == n)
		offer_commands(&k, path);
	else if (skip == n && flag)
		offer_noun(&k, flag->noun, flag->choices);
	else if (skip == n && k.current[0] == '-')
		offer_flags(&k, flags, n_flags);
	else if (skip == n)
		offer_commands(&k, "");
}
