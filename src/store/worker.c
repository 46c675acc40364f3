// SPDX-License-Identifier: Apache-2.0
#include "store/worker.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/sock.h"

#define PROGRAM "hoy-archive"

int worker_start(struct worker *w, const struct worker_request *req, int stream_fd, int dir_fd,
		 struct err *err)
{
	char path[PATH_MAX], *argv[] = {path, NULL};
	struct worker_request copy = *req;
	int pair[2], fds[2] = {stream_fd, dir_fd}, r;
	struct proc_fd to[1];

	*w = WORKER_INIT;
	r = proc_program_path(PROGRAM, path, sizeof(path), err);
	if (r < 0)
		return r;
	r = sock_pair(pair);
	if (r < 0)
		return err_sys(err, r, "create a socket pair");
	to[0] = (struct proc_fd){.from = pair[1], .to = WORKER_FD};
	r = proc_spawn(
		&(struct proc_spawn){
			.path = path, .argv = argv, .fds = to, .n_fds = 1, .die_with_parent = true},
		&w->proc, err);
	fd_close(pair[1]);
	if (r < 0) {
		fd_close(pair[0]);
		*w = WORKER_INIT;
		return r;
	}
	w->sock = pair[0];
	copy.magic = WORKER_MAGIC;
	r = sock_send(w->sock, &copy, sizeof(copy), fds, 2);
	if (r < 0) {
		worker_done(w);
		return err_sys(err, r, "talk to " PROGRAM);
	}
	return 0;
}

static int reap(struct worker *w, struct err *err)
{
	int status;

	fd_close(TAKE_FD(w->sock));
	status = proc_wait(&w->proc);
	w->proc.pid = -1;
	if (status < 0)
		return err_sys(err, status, "wait for " PROGRAM);
	if (WIFSIGNALED(status))
		return err_set(err, ERR_SYSTEM, PROGRAM " was killed by signal %d",
			       WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return err_set(err, ERR_SYSTEM, PROGRAM " ended with code %d", WEXITSTATUS(status));
	return 0;
}

int worker_next(struct worker *w, struct worker_reply *reply, struct err *err)
{
	size_t no_fds = 0;
	ssize_t n = sock_recv(w->sock, reply, sizeof(*reply), NULL, &no_fds);
	int r;

	if (n != (ssize_t)sizeof(*reply) || reply->magic != WORKER_MAGIC) {
		(void)proc_pidfd_signal(w->proc.pidfd, n > 0 ? SIGKILL : 0);
		r = reap(w, err);
		return r < 0 ? r : err_set(err, ERR_SYSTEM, PROGRAM " ended without an answer");
	}
	/* Whatever was written there: nothing is read beyond a field's end. */
	reply->digest[sizeof(reply->digest) - 1] = '\0';
	reply->name[sizeof(reply->name) - 1] = '\0';
	reply->link[sizeof(reply->link) - 1] = '\0';
	reply->msg[sizeof(reply->msg) - 1] = '\0';
	if (reply->type == WORKER_MEMBER)
		return 1;
	r = reap(w, reply->type == WORKER_FAILED ? NULL : err);
	if (reply->type == WORKER_FAILED)
		return err_copy(err, (enum err_kind)reply->kind, reply->code, reply->msg);
	return r;
}

void worker_done(struct worker *w)
{
	if (w->proc.pid <= 0)
		return;
	(void)proc_pidfd_signal(w->proc.pidfd, SIGKILL);
	(void)reap(w, NULL);
}

int worker_run(const struct worker_request *req, int stream_fd, int dir_fd,
	       struct worker_reply *reply, struct err *err)
{
	cleanup(worker_done) struct worker w = WORKER_INIT;
	int r = worker_start(&w, req, stream_fd, dir_fd, err);

	do
		r = r < 0 ? r : worker_next(&w, reply, err);
	while (r > 0);
	return r;
}
