// SPDX-License-Identifier: Apache-2.0
/*
 * commands - the rows, one in each cmd-NAME.c; cli/commands.c lists them.
 */
#pragma once

#include "cli/command.h"

extern const struct cli_command cmd_complete, cmd_help, cmd_man;
