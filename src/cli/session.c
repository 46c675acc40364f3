// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "engine/engine.h"

static void close_engine(struct command_line *c)
{
	engine_close(c->context);
	c->context = NULL;
}

struct engine *cli_engine(struct command_line *c, struct err *err)
{
	const struct cli_globals *g = c->globals;
	struct engine_options o = {.root = g->root, .run_root = g->run_root};
	struct engine *e = c->context;

	if (!e && engine_open(&o, &e, err) < 0)
		return NULL;
	c->context = e;
	c->done = close_engine;
	return e;
}
