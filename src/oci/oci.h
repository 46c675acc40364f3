// SPDX-License-Identifier: Apache-2.0
/*
 * oci - the program hoy-oci: runc's command line on top of run/.
 *
 * Podman, containerd and Kubernetes call an OCI runtime by this command line, read its JSON and its
 * log, and judge its exit codes; where the specification is silent, runc's behaviour is the
 * contract. One program call is one step of a container's life: nothing of ours stays behind but the
 * record (oci/record.h) and the container's process. Commands live in cmd-NAME.c.
 */
#pragma once

#include "base/json.h"
#include "command/command.h"

#define OCI_VERSION "1.2.0" /* of the runtime specification */

struct oci_globals {
	bool debug, version, systemd_cgroup;
	char *log, *log_format, *root, *criu, *rootless;
};

static inline const struct oci_globals *oci_globals(const struct command_line *c)
{
	return c->globals;
}

extern const struct command_program oci_program;
extern const struct command cmd_checkpoint, cmd_create, cmd_delete, cmd_events, cmd_exec,
	cmd_features, cmd_kill, cmd_list, cmd_man, cmd_pause, cmd_ps, cmd_restore, cmd_resume,
	cmd_run, cmd_spec, cmd_start, cmd_state, cmd_update;

/* Runs the program: argv as main got it; the exit code. */
int oci_main(int argc, char **argv);
/* A line in the log as runc writes it: level "error", "warning", "debug". stderr gets it in plain words
 * (as JSON when the log is that and has no file), debug lines only with --debug and only once. */
void oci_log(const struct command_line *c, const char *level, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* Writes a document to stdout; indent 0: in one line with a newline. */
int oci_print(json_t *j, int indent, struct err *err);
