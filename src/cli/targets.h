// SPDX-License-Identifier: Apache-2.0
/*
 * targets - commands that do the same thing to each of their arguments.
 *
 * Each success prints the argument on stdout, each failure one line on stderr; one failure does not
 * stop the rest, and makes the exit code 1: Docker's way for stop, kill, rm and their like.
 */
#pragma once

#include "command/command.h"
#include "engine/container.h"

typedef int target_fn(struct command_line *c, struct engine *e, const char *target,
		      struct err *err);
int targets_each(struct command_line *c, target_fn *fn, struct err *err);
/* The same for results that are there already, one per argument. */
int targets_report(struct command_line *c, const struct container_result *results);
