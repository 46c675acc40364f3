// SPDX-License-Identifier: Apache-2.0
/*
 * start: says go to the process that create left waiting. The socket is unlinked after that: killed in
 * between, the container reads as created although it runs, and the next start finds nobody on the
 * socket and puts that right.
 */
#include <fcntl.h>

#include "base/sock.h"
#include "base/str.h"
#include "oci/record.h"

static int poststart(struct record *rec, struct err *err)
{
	cleanup_fd int bundle = -EBADF;
	struct hook_state s = {.id = rec->state.id,
			       .status = "running",
			       .pid = (pid_t)rec->state.pid,
			       .annotations = &rec->state.annotations};
	int r = record_spec(rec, err);

	if (r < 0 || !rec->spec.hooks)
		return r;
	bundle = open(rec->state.bundle ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s.bundle_fd = bundle;
	return hooks_run(&rec->spec.hooks->poststart, "poststart", &s, err);
}

static int go(struct record *rec, struct err *err)
{
	cleanup_fd int conn = sock_connect(rec->dir_fd, "start", err);
	const struct run_notify *notify = NULL;
	struct run_notify n;
	int r = conn < 0 ? conn : 0;

	if (r == 0 && !str_empty(rec->state.seccomp)) {
		r = record_spec(rec, err);
		notify = r == 0 ? record_notify(rec, &n) : NULL;
	}
	if (r == 0)
		r = notify ? run_go_notify(conn, notify, err) : run_go(conn, err);
	(void)unlinkat(rec->dir_fd, "start", 0);
	if (conn == -ECONNREFUSED)
		return err_set(err, ERR_CONFLICT, "cannot start an already running container");
	return r < 0 ? r : poststart(rec, err);
}

static int run_start_command(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	int r = record_open(c, c->args[0], &rec, err);

	if (r == 0)
		r = record_lock(&rec, err);
	if (r < 0)
		return r;
	switch (record_status(&rec)) {
	case STATUS_CREATED:
		r = go(&rec, err);
		if (r == 0)
			oci_log(c, "debug", "container %s: process %d runs", rec.state.id,
				(int)rec.state.pid);
		return r;
	case STATUS_STOPPED:
		return err_set(err, ERR_CONFLICT, "cannot start a container that has stopped");
	case STATUS_RUNNING:
		return err_set(err, ERR_CONFLICT, "cannot start an already running container");
	case STATUS_CREATING:
	case STATUS_PAUSED:
		break;
	}
	return err_set(err, ERR_CONFLICT, "cannot start a container in the %s state",
		       status_name(record_status(&rec)));
}

const struct command cmd_start = {
	.paths = "start",
	.usage = "CONTAINER",
	.summary = "Start the command of a created container",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.run = run_start_command,
};
