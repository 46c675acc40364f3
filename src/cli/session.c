// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "engine/engine.h"
#include "engine/rootless.h"

static void close_engine(struct command_line *c)
{
	engine_close(c->context);
	c->context = NULL;
}

/* A normal user's commands run in a user namespace from here on. */
static int enter(struct command_line *c, struct engine_options *o, char **note, struct err *err)
{
	*note = NULL;
	return rootless_wanted() ? rootless_enter(c->arena, o, note, err) : 0;
}

struct engine *cli_engine(struct command_line *c, struct err *err)
{
	const struct cli_globals *g = c->globals;
	struct engine_options o = {.root = g->root, .run_root = g->run_root};
	struct engine *e = c->context;
	char *note;

	if (e)
		return e;
	if (enter(c, &o, &note, err) < 0 || engine_open(&o, &e, err) < 0)
		return NULL;
	if (note && engine_once(e, "one-id"))
		command_warn("%s", note);
	c->context = e;
	c->done = close_engine;
	return e;
}
