// SPDX-License-Identifier: Apache-2.0
#include "oci/record.h"

static int run_state(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	cleanup(json_unref) json_t *j = NULL;
	int r = record_open(c, c->args[0], &rec, err);

	if (r < 0)
		return r;
	j = record_json(&rec);
	return j ? oci_print(j, 2, err) : err_oom(err);
}

const struct command cmd_state = {
	.paths = "state",
	.usage = "CONTAINER",
	.summary = "Print the state of a container as JSON",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.run = run_state,
};
