// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/container.h"

/* "80/tcp -> 0.0.0.0:8080"; with a port asked for, the host's side alone. The count. */
static size_t print(struct arena *a, char **ports, const char *wanted)
{
	size_t n = 0;

	for (; ports && *ports; ports++) {
		char **f = strv_split(a, *ports, '/', 0), *inside;

		inside = f && strv_len(f) == 4 ? arena_printf(a, "%s/%s", f[3], f[0]) : NULL;
		if (!inside || (wanted && !str_eq(inside, wanted)))
			continue;
		if (!wanted)
			printf("%s -> ", inside);
		printf(strchr(f[1], ':') ? "[%s]:%s\n" : "%s:%s\n", *f[1] ? f[1] : "0.0.0.0", f[2]);
		n++;
	}
	return n;
}

static int run(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct container_info info;
	char **ports = NULL, *wanted;
	int r;

	if (!e)
		return err->code;
	r = container_brief(e, c->arena, c->args[0], &info, err);
	if (r == 0)
		r = container_ports(e, c->arena, &info, &ports, err);
	if (r < 0)
		return r;
	wanted = c->n_args > 1 ? arena_printf(c->arena, "%s%s", c->args[1],
					      strchr(c->args[1], '/') ? "" : "/tcp")
			       : NULL;
	if (print(c->arena, ports, wanted) || !wanted)
		return 0;
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
