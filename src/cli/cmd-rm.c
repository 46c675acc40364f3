// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/targets.h"

struct rm_options {
	bool force, link, volumes;
};

static const struct flag flags[] = {
	FLAG_OF(rm_options, force, "force", 'f', FLAG_BOOL,
		"Force the removal of a running container (uses SIGKILL)"),
	FLAG_OF(rm_options, link, "link", 'l', FLAG_BOOL, "Remove the specified link",
		.flags = FLAG_HIDDEN),
	FLAG_OF(rm_options, volumes, "volumes", 'v', FLAG_BOOL,
		"Remove anonymous volumes associated with the container"),
	{},
};

static int run(struct command_line *c, struct err *err)
{
	const struct rm_options *o = c->options;
	const struct container_remove_options remove = {.force = o->force, .volumes = o->volumes};
	struct container_result *results;
	struct engine *e;
	int exit_code = 0;

	if (o->link)
		return err_set(err, ERR_UNSUPPORTED, "--link: there are no links to remove");
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	results = arena_calloc(c->arena, c->n_args, sizeof(*results));
	if (!results)
		return err_oom(err);
	(void)container_remove_many(e, c->args, c->n_args, &remove, results);
	for (size_t i = 0; i < c->n_args; i++) {
		const struct err *one = &results[i].err;

		if (one->code == 0) {
			puts(c->args[i]);
			continue;
		}
		command_complain(c, "%s", one->msg);
		/* With --force, one that is not there is as good as removed. */
		if (!o->force || one->kind != ERR_NOT_FOUND)
			exit_code = 1;
	}
	return exit_code;
}

const struct command cmd_rm = {
	.paths = "container rm|container remove|rm",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Remove one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct rm_options),
	.run = run,
};
