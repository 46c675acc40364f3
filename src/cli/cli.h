// SPDX-License-Identifier: Apache-2.0
/*
 * cli - what commands share: help on demand, the result of many targets, names for completion.
 */
#pragma once

#include "base/json.h"
#include "cli/command.h"

/* Runs the program: argv as main got it; the exit code. */
int cli_main(int argc, char **argv);
int cli_print_help(const struct cli *c, const struct cli_command *cmd, const char *path);
/* The longest row path that `words` start with; *used words of it. NULL: none. */
const struct cli_command *cli_match(char *const *words, size_t n, size_t *used, char *path,
				    size_t size);
