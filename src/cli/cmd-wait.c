// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/container.h"

static int run(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	int exit_code = 0;

	if (!e)
		return err->code;
	for (size_t i = 0; i < c->n_args; i++) {
		struct err one = ERR_INIT;
		int code = 0;

		if (container_wait(e, c->args[i], WAIT_NOT_RUNNING, &code, &one) < 0) {
			command_complain(c, "%s", one.msg);
			exit_code = 1;
			continue;
		}
		printf("%d\n", code);
		(void)fflush(stdout); /* the next one may take long */
	}
	return exit_code;
}

const struct command cmd_wait = {
	.paths = "container wait|wait",
	.usage = "CONTAINER [CONTAINER...]",
	.summary = "Block until one or more containers stop, then print their exit codes",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_RUNNING,
	.run = run,
};
