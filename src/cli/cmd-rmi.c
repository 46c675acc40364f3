// SPDX-License-Identifier: Apache-2.0
/* rmi and tag: names of images come and go. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/image.h"

struct rmi_options {
	bool force, no_prune;
	char *platform;
};
static const struct flag flags[] = {
	FLAG_OF(rmi_options, force, "force", 'f', FLAG_BOOL, "Force removal of the image"),
	FLAG_OF(rmi_options, no_prune, "no-prune", 0, FLAG_BOOL, "Do not delete untagged parents"),
	FLAG_OF(rmi_options, platform, "platform", 0, FLAG_STRING,
		"Only if the image is for this platform (\"os[/arch[/variant]]\")"),
	{},
};

static int run_rmi(struct command_line *c, struct err *err)
{
	const struct rmi_options *o = c->options;
	struct engine *e = cli_engine(c, err);
	int exit_code = 0;

	if (!e)
		return err->code;
	for (size_t i = 0; i < c->n_args; i++) {
		struct json_list removed = {};
		struct err one = ERR_INIT;
		int r = image_check_platform(e, c->args[i], o->platform, &one);

		if (r == 0)
			r = image_remove(e, c->arena, c->args[i], o->force, o->no_prune, &removed,
					 &one);

		for (size_t k = 0; k < removed.n; k++) {
			const struct image_removed *x = JSON_AT(struct image_removed, &removed, k);

			printf("%s: %s\n", x->deleted ? "Deleted" : "Untagged",
			       x->deleted ? x->deleted : x->untagged);
		}
		if (r == 0)
			continue;
		command_complain(c, "%s", one.msg);
		if (!o->force || one.kind != ERR_NOT_FOUND)
			exit_code = 1;
	}
	return exit_code;
}

static int run_tag(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);

	return e ? image_tag(e, c->args[0], c->args[1], err) : err->code;
}

const struct command cmd_rmi = {
	.paths = "image rm|image remove|rmi",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Remove one or more images",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_IMAGE,
	.flags = flags,
	.options_size = sizeof(struct rmi_options),
	.run = run_rmi,
};

const struct command cmd_tag = {
	.paths = "image tag|tag",
	.usage = "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
	.summary = "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
	.min_args = 2,
	.max_args = 2,
	.noun = NOUN_IMAGE,
	.run = run_tag,
};
