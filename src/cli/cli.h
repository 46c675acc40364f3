// SPDX-License-Identifier: Apache-2.0
/*
 * cli - the program hoy: its table of commands, its global flags, and the engine that its commands
 * share.
 */
#pragma once

#include "command/command.h"

struct engine;

struct cli_globals {
	char *config, *root, *run_root, *log_level;
	char *context, **hosts;
	bool debug, version;
};

extern const struct command_program cli_program;

/* Runs the program: argv as main got it; the exit code. */
int cli_main(int argc, char **argv);
/* The engine (c->context), opened at the first call and closed after the command. NULL with err
 * filled on failure. */
struct engine *cli_engine(struct command_line *c, struct err *err);
