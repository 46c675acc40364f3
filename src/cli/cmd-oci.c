// SPDX-License-Identifier: Apache-2.0
/* `hoy oci …` is the program hoy-oci, which lies beside our own file. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

#define PROGRAM "hoy-oci"

static int run_oci(struct command_line *c, struct err *err)
{
	char path[PATH_MAX + sizeof(PROGRAM)], **argv;
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return err_sys(err, errno, "find our own program");
	path[n] = '\0';
	slash = strrchr(path, '/');
	slash = slash ? slash + 1 : path;
	memcpy(slash, PROGRAM, sizeof(PROGRAM));
	argv = arena_calloc(c->arena, c->n_args + 2, sizeof(*argv));
	if (!argv)
		return err_oom(err);
	argv[0] = (char *)PROGRAM;
	memcpy(argv + 1, c->args, c->n_args * sizeof(*argv));
	(void)execv(path, argv);
	return err_sys(err, errno, "execute %s", path);
}

const struct command cmd_oci = {
	.paths = "oci",
	.usage = "COMMAND [ARG...]",
	.summary = "OCI runtime with the command line of runc",
	.details =
		"The same as the program hoy-oci, whose path podman, containerd and others take as "
		"a runtime: see hoy-oci(1).",
	.exit_status = "That of hoy-oci.",
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_RAW,
	.run = run_oci,
};
