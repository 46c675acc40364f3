// SPDX-License-Identifier: Apache-2.0
/*
 * names - what exists on this host, for shell completion.
 */
#pragma once

#include "command/command.h"

/* Calls fn for each name of that kind. Says nothing when the store cannot be read. */
void names_list(struct command_line *c, enum noun noun, void (*fn)(const char *name, void *data),
		void *data);
