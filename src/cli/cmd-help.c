// SPDX-License-Identifier: Apache-2.0
/* help, and the hidden commands that write the table as man pages and as completions. */
#include <stdio.h>

#include "base/str.h"
#include "cli/commands.h"
#include "command/complete.h"
#include "command/help.h"

static int run_help(struct command_line *c, struct err *err UNUSED)
{
	char *topic = strv_join(c->arena, c->args, " ");
	const struct command *cmd;

	if (str_empty(topic))
		return help_print(c, c->program->root, "");
	cmd = command_find(c->program, topic);
	if (!cmd) {
		fprintf(stderr, "unknown help topic: %s\n", topic);
		return 1;
	}
	return help_print(c, cmd, topic);
}

const struct command cmd_help = {
	.paths = "help",
	.usage = "[COMMAND]",
	.summary = "Help about any command",
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_HIDDEN,
	.run = run_help,
};

static int run_man(struct command_line *c, struct err *err)
{
	return help_write_pages(c->program, c->args[0], c->args[1], err);
}

const struct command cmd_man = {
	.paths = "__man",
	.usage = "DIRECTORY [EXTRA-DIRECTORY]",
	.summary = "Write the man pages of all commands",
	.min_args = 1,
	.max_args = 2,
	.traits = COMMAND_HIDDEN,
	.run = run_man,
};

static int run_complete(struct command_line *c, struct err *err UNUSED)
{
	complete(c, str_eq(c->args[0], "zsh"), c->args + 1, c->n_args - 2);
	return 0;
}

const struct command cmd_complete = {
	.paths = "__complete",
	.usage = "bash|zsh WORD...",
	.summary = "What the word being typed may become",
	.min_args = 2,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_HIDDEN | COMMAND_RAW,
	.run = run_complete,
};
