// SPDX-License-Identifier: Apache-2.0
/*
 * command - finds and executes the container's command, with Docker's words when that fails.
 */
#pragma once

#include "base/err.h"

/* Fails as command_exec would when there is nothing to execute; looks with the rights of the caller,
 * which may be more than those of the process later. */
int command_check(char *const *argv, char *const *env, struct err *err);
/* argv[0] without a slash is looked up in PATH of `env`, inside the container. Returns only on
 * failure. */
int command_exec(char *const *argv, char *const *env, struct err *err);
