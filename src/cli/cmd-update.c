// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "cli/commands.h"
#include "cli/resource-flags.h"
#include "cli/targets.h"

struct update_options {
	struct resource_flags resources;
};

static int update_one(struct command_line *c, struct engine *e, const char *target, struct err *err)
{
	const struct update_options *o = c->options;
	struct container_update_request req = {};
	int r = resource_flags_apply(c->arena, &o->resources, &req.resources, err);

	if (r == 0 && o->resources.restart)
		r = restart_policy_parse(c->arena, o->resources.restart, &req.restart_policy, err);
	return r < 0 ? r : container_update(e, target, &req, err);
}

static int run(struct command_line *c, struct err *err)
{
	bool any = false;
	struct flag flags[FLAGS_MAX];
	size_t n = command_flags(c->command, flags);

	for (size_t i = 0; i < n; i++)
		any |= c->set[i];
	if (!any)
		return err_set(err, ERR_INVALID,
			       "you must provide one or more flags when using this command");
	return targets_each(c, update_one, err);
}

const struct command cmd_update = {
	.paths = "container update|update",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Update configuration of one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.shared = {{resource_flags, offsetof(struct update_options, resources)}},
	.options_size = sizeof(struct update_options),
	.run = run,
};
