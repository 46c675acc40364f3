// SPDX-License-Identifier: Apache-2.0
/* The engine of a command: opened at the first call, closed by main after the command. */
#include "cli/command.h"
#include "engine/engine.h"

static void close_engine(struct cli *c)
{
	engine_close(c->engine);
	c->engine = NULL;
}

struct engine *cli_engine(struct cli *c, struct err *err)
{
	struct engine_options o = {.root = c->globals->root, .run_root = c->globals->run_root};

	if (!c->engine && engine_open(&o, &c->engine, err) < 0)
		return NULL;
	c->done = close_engine;
	return c->engine;
}
