// SPDX-License-Identifier: Apache-2.0
/*
 * confirm - the question before a prune, and its report after.
 */
#pragma once

#include "command/command.h"

/* Prints "WARNING! TEXT" and asks; true only for y or yes. */
bool confirm(const char *text);
/* "Total reclaimed space: 1.2MB" */
void confirm_reclaimed(int64_t bytes);
