// SPDX-License-Identifier: Apache-2.0
#include "command/help.h"
#include "oci/oci.h"

static int run_man(struct command_line *c, struct err *err)
{
	return help_write_pages(c->program, c->args[0], NULL, err);
}

const struct command cmd_man = {
	.paths = "__man",
	.usage = "DIRECTORY",
	.summary = "Write the man pages of all commands",
	.min_args = 1,
	.max_args = 1,
	.traits = COMMAND_HIDDEN,
	.run = run_man,
};
