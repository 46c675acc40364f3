// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/container.h"

static int run(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	int r;

	if (!e)
		return err->code;
	if (str_empty(c->args[0]) || str_empty(c->args[1]))
		return err_set(err, ERR_INVALID, "Neither old nor new names may be empty");
	r = container_rename(e, c->args[0], c->args[1], err);
	return r < 0 ? r : 0;
}

const struct command cmd_rename = {
	.paths = "container rename|rename",
	.usage = "CONTAINER NEW_NAME",
	.summary = "Rename a container",
	.min_args = 2,
	.max_args = 2,
	.noun = NOUN_CONTAINER,
	.run = run,
};
