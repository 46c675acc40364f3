// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-monitor: started by monitor/client.c with the fds of enum monitor_fds, nothing else; with an
 * argument it is a visitor (visit.c). Order:
 * everything that can be done before the starter's go is done while the starter is still busy. The
 * lock comes first: whoever holds it is the monitor.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/sock.h"
#include "monitor/monitor.h"

#define SQLITE_SHM_DMS 128
#define LOCK_TRIES     12 /* 1, 2, 4 … ms: four seconds in all */

static bool is_alive(struct monitor *m)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64 << 10);
	struct container_state s;

	return file_read(m->container_fd, "state", &b, NULL) == 0 && b.len &&
	       container_state_decode(m->state_arena, b.data, b.len, &s, NULL) == 0 &&
	       (s.status == CONTAINER_RUNNING || s.status == CONTAINER_PAUSED);
}

/* The one before us may still be tearing down, or somebody looks whether it lives: a moment's
 * patience. */
static int take_lock(struct monitor *m, const char *id, struct err *err)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < LOCK_TRIES; i++) {
		m->lock_fd = lock_try(m->run_fd, "lock", LOCK_EXCLUSIVE, err);
		if (m->lock_fd != -EWOULDBLOCK)
			return m->lock_fd < 0 ? m->lock_fd : 0;
		if (i > 3 && is_alive(m))
			break;
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = MIN_OF(pause.tv_nsec * 2, 512000000L);
	}
	return err_set(err, ERR_CONFLICT, "Container %s is already started", id);
}

/*
 * SQLite rebuilds the index of its write-ahead log when a connection is the first: it empties db.sqlite-shm, fills
 * it with 32 KiB and reads the log, 0.15 ms of every command. Who is not the first finds a shared lock on
 * one byte (128, the "dead man switch" of its os_unix.c). We hold one, too: as long as a container
 * runs, the index stays. Whatever was killed half-way in it is found and mended as if it had been killed
 * beside another command. But it must be of this boot: so only if a connection lives now, our
 * starter's, as a rule. Read-only: we could not even spoil it.
 */
static void hold_index(const struct monitor *m)
{
	struct flock l = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SQLITE_SHM_DMS, .l_len = 1};
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/db.sqlite-shm",
		       m->config.root ? m->config.root : "");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	if (fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_RDLCK) {
		l = (struct flock){.l_type = F_RDLCK,
				   .l_whence = SEEK_SET,
				   .l_start = SQLITE_SHM_DMS,
				   .l_len = 1};
		if (fcntl(fd, F_SETLK, &l) == 0)
			return; /* open until we end */
	}
	fd_close(fd);
}

static int prepare(struct monitor *m, struct err *err)
{
	int r;

	m->arena = arena_new(ARENA_DEFAULT_MAX);
	m->state_arena = arena_new(1 << 20);
	if (!m->arena || !m->state_arena)
		return err_oom(err);
	r = bundle_read_config(m, err);
	if (r == 0)
		r = take_lock(m, m->config.id, err);
	if (r == 0)
		hold_index(m);
	if (r == 0)
		r = monitor_join_roster(m, getpid(), err);
	if (r == 0)
		r = state_load(m, err);
	if (r == 0)
		r = bundle_read_spec(m, err);
	if (r == 0)
		r = bundle_read_seccomp(m, err);
	if (r < 0)
		return r;
	m->loop = loop_new(err);
	return m->loop ? 0 : -ENOMEM;
}

/* Before there is a loop. */
static void tell_starter(int fd, const struct err *err, int code)
{
	char packet[1 + sizeof(struct body_fail) + sizeof(err->msg)];
	struct body_fail f = {.kind = (int32_t)err->kind, .code = code};
	size_t len = strlen(err->msg);

	packet[0] = PACKET_FAIL;
	memcpy(packet + 1, &f, sizeof(f));
	memcpy(packet + 1 + sizeof(f), err->msg, len);
	(void)sock_send(fd, packet, 1 + sizeof(f) + len, NULL, 0);
}

static void become_reaper(struct monitor *m)
{
	oom_unguard(m);
	const char *dir = secure_getenv("HOY_LIBEXECDIR");
	char env[PATH_MAX + 16];
	char *const envp[] = {dir ? env : NULL, NULL};
	char *argv[] = {
		(char *)"hoy",
		(char *)"--root",
		m->config.root ? m->config.root : (char *)"/var/lib/hoy",
		(char *)"--run-root",
		m->config.run_root ? m->config.run_root : (char *)"/run/hoy",
		(char *)"__reap",
		m->config.id,
		NULL,
	};
	sigset_t none;

	(void)snprintf(env, sizeof(env), "HOY_LIBEXECDIR=%s", dir ? dir : "");
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execve(m->config.reaper, argv, envp);
}

int main(int argc, char **argv UNUSED)
{
	struct monitor m = {
		.starter_fd = MONITOR_STARTER_FD,
		.container_fd = MONITOR_CONTAINER_FD,
		.run_fd = MONITOR_RUN_FD,
		.lock_fd = -EBADF,
		.listen_fd = -EBADF,
		.usernet = USERNET_NONE,
		.io.out = {{&m, -EBADF, LOG_STDOUT, NULL}, {&m, -EBADF, LOG_STDERR, NULL}},
		.io.in.fd = -EBADF,
		.visit.pidfd = -EBADF,
	};
	struct err err = ERR_INIT;
	int r;

	if (fd_guard_stdio() < 0)
		return 1;
	for (int fd = MONITOR_STARTER_FD; fd <= MONITOR_EXE_FD; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return 1;
	(void)prctl(PR_SET_NAME, "hoy-monitor"); /* of an fd, kernels before 6.14 made "6" */
	(void)setsid();                          /* fails when the starter did it already */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	r = argc > 1 ? visit_prepare(&m, &err) : prepare(&m, &err);
	if (r < 0) {
		fd_close(TAKE_FD(m.lock_fd));
		tell_starter(MONITOR_STARTER_FD, &err, r);
	} else {
		r = argc > 1 ? visit_run(&m, &err) : monitor_run(&m, &err);
	}
	if (m.loop) {
		control_done(&m);
		streams_done(&m);
	}
	log_close(m.log);
	/* The kernel frees the rest, and the lock at last. */
	if (m.reap)
		become_reaper(&m);
	return r < 0;
}
