// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "engine/copy.h"

struct export_options {
	char *output;
};

static const struct flag flags[] = {
	FLAG_OF(export_options, output, "output", 'o', FLAG_STRING,
		"Write to a file, instead of STDOUT", .noun = NOUN_FILE),
	{},
};

static int run(struct command_line *c, struct err *err)
{
	const struct export_options *o = c->options;
	cleanup(output_done) struct output out = {.fd = -EBADF};
	struct engine *e = cli_engine(c, err);
	int r;

	if (!e)
		return err->code;
	r = output_open(o->output, &out, err);
	if (r == 0)
		r = container_export(e, c->args[0], out.fd, err);
	return r == 0 ? output_commit(&out, err) : r;
}

const struct command cmd_export = {
	.paths = "container export|export",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Export a container's filesystem as a tar archive",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct export_options),
	.run = run,
};
