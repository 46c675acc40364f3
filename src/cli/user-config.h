// SPDX-License-Identifier: Apache-2.0
/*
 * user-config - the user's own config.json, the file of Docker's command line: in the folder that --config
 * or DOCKER_CONFIG names, else in ~/.docker. Read only by who needs it; what is in it for others is
 * left alone.
 */
#pragma once

#include "command/command.h"

struct user_config {
	char *detach_keys; /* "detachKeys"; NULL: not set */
};

/* No file is an empty one. One that cannot be read or is none is warned of, as Docker does, and empty. */
void user_config_read(struct command_line *c, struct user_config *ret);
