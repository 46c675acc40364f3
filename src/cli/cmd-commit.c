// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/copy.h"

struct commit_options {
	char *author, *message, **changes;
	bool pause;
};

#define FLAG(...) FLAG_OF(commit_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(author, "author", 'a', FLAG_STRING,
	     "Author (e.g., \"John Hannibal Smith <hannibal@a-team.com>\")"),
	FLAG(changes, "change", 'c', FLAG_LIST,
	     "Apply Dockerfile instruction to the created image"),
	FLAG(message, "message", 'm', FLAG_STRING, "Commit message"),
	FLAG(pause, "pause", 'p', FLAG_BOOL, "Pause container during commit", .def = "true"),
	{},
};

static int run(struct command_line *c, struct err *err)
{
	const struct commit_options *o = c->options;
	const struct commit_request req = {.name = c->args[1],
					   .author = o->author,
					   .message = o->message,
					   .changes = o->changes,
					   .pause = o->pause};
	struct engine *e = cli_engine(c, err);
	char *id = NULL;
	int r;

	if (!e)
		return err->code;
	r = container_commit(e, c->arena, c->args[0], &req, &id, err);
	if (r == 0)
		puts(id);
	return r;
}

const struct command cmd_commit = {
	.paths = "container commit|commit",
	.usage = "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
	.summary = "Create a new image from a container's changes",
	.examples = "$ hoy commit --change 'CMD [\"httpd\", \"-f\"]' web mysite:1",
	.min_args = 1,
	.max_args = 2,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct commit_options),
	.run = run,
};
