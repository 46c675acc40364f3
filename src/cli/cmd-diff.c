// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/copy.h"

static int run(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct json_list changes = {};
	int r;

	if (!e)
		return err->code;
	r = container_diff(e, c->arena, c->args[0], &changes, err);
	for (size_t i = 0; r == 0 && i < changes.n; i++) {
		const struct change *ch = JSON_AT(struct change, &changes, i);

		printf("%c %s\n", ch->kind, ch->path);
	}
	return r;
}

const struct command cmd_diff = {
	.paths = "container diff|diff",
	.usage = "CONTAINER",
	.summary = "Inspect changes to files or directories on a container's filesystem",
	.details = "A: added, C: changed, D: deleted, against the image.",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.run = run,
};
