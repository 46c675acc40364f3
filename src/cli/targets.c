// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/targets.h"

#include <stdio.h>

int targets_each(struct command_line *c, target_fn *fn, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	int exit_code = 0;

	if (!e)
		return err->code;
	for (size_t i = 0; i < c->n_args; i++) {
		struct err one = ERR_INIT;

		if (fn(c, e, c->args[i], &one) == 0) {
			puts(c->args[i]);
		} else {
			command_complain(c, "%s", one.msg);
			exit_code = 1;
		}
	}
	return exit_code;
}

int targets_report(struct command_line *c, const struct container_result *results)
{
	int exit_code = 0;

	for (size_t i = 0; i < c->n_args; i++) {
		if (results[i].err.code == 0) {
			puts(c->args[i]);
		} else {
			command_complain(c, "%s", results[i].err.msg);
			exit_code = 1;
		}
	}
	return exit_code;
}
