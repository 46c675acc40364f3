// SPDX-License-Identifier: Apache-2.0
/*
 * The program from argv to exit code. Nothing is opened here that the command does not ask for: the
 * start of the program is part of every command's time.
 */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "command/help.h"
#include "command/parse.h"

#define USAGE_EXIT 125 /* a wrong flag */

static int check_globals(const struct command_line *c, const struct cli_globals *g)
{
	if (g->hosts)
		return command_usage_error(
			c, "--host: this version has no daemon to connect to: commands act here");
	if (g->context && !str_eq(g->context, "default"))
		return command_usage_error(
			c, "--context: only \"default\" exists: commands act on this host");
	return 0;
}

int cli_main(int argc, char **argv)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct command_line root = {.command = cli_program.root,
				    .path = "",
				    .program = &cli_program,
				    .arena = a},
			    c = {.arena = a, .path = "", .program = &cli_program};
	const struct cli_globals *globals;
	struct err err = ERR_INIT;
	bool help = false;
	int r;

	name = name ? name + 1 : argc > 0 ? argv[0] : "hoy";
	root.name = c.name = str_eq(name, "docker") ? "docker" : "hoy";
	/* A reader that went away is an error of the write, which cleans up. */
	(void)signal(SIGPIPE, SIG_IGN);
	if (!a || argc < 1)
		return USAGE_EXIT;
	if (command_parse(&root, argv + 1, (size_t)argc - 1, &help, &err) < 0)
		return command_usage_error(&root, err.msg);
	globals = c.globals = root.options;
	r = check_globals(&root, root.options);
	if (r == 0 && globals->version)
		printf("%s version %s\n", strcmp(c.name, "docker") == 0 ? "Docker" : "hoy",
		       HOY_VERSION);
	else if (r == 0 && (help || root.n_args == 0))
		r = help_print(&root, cli_program.root, "");
	else if (r == 0)
		r = command_run(&c, root.args, root.n_args);
	if (fflush(stdout) != 0 && r == 0) {
		if (errno == EPIPE) /* `hoy images | head -1`: as a program that SIGPIPE ends */
			return 128 + SIGPIPE;
		command_complain(&c, "write standard output: %m");
		r = 1;
	}
	return r;
}
