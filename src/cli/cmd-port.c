// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/container.h"

/* Nothing can be published before there is a bridge network; the container is looked up all the
 * same. */
static int run(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct container_info info;
	int r;

	if (!e)
		return err->code;
	r = container_brief(e, c->arena, c->args[0], &info, err);
	if (r < 0 || c->n_args == 1)
		return r;
	return err_set(err, ERR_NOT_FOUND, "no public port '%s%s' published for %s", c->args[1],
		       strchr(c->args[1], '/') ? "" : "/tcp", c->args[0]);
}

const struct command cmd_port = {
	.paths = "container port|port",
	.usage = "CONTAINER [PRIVATE_PORT[/PROTO]]",
	.summary = "List port mappings or a specific mapping for the container",
	.min_args = 1,
	.max_args = 2,
	.noun = NOUN_CONTAINER,
	.run = run,
};
