// SPDX-License-Identifier: Apache-2.0
/* checkpoint and restore: named, so that callers who look for them get a reason. */
#include "oci/oci.h"

static int refuse(struct command_line *c, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "%s is not supported: hoy-oci does not use CRIU",
		       c->path);
}

const struct command cmd_checkpoint = {
	.paths = "checkpoint",
	.usage = "CONTAINER",
	.summary = "Refused: there is no checkpoint of a container",
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_RAW,
	.run = refuse,
};

const struct command cmd_restore = {
	.paths = "restore",
	.usage = "CONTAINER",
	.summary = "Refused: there is no checkpoint of a container",
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_RAW,
	.run = refuse,
};
