// SPDX-License-Identifier: Apache-2.0
/*
 * client - talking to a container's monitor.
 *
 * The control socket carries packets (monitor/protocol.h). A connection is one conversation: kill,
 * pause, exec and attach each open their own; the connection that started the monitor is already
 * attached, when that was asked for, before the container's first byte.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"
#include "spec/runtime.h"

/* containers/ID/monitor.json: what the monitor must know besides the OCI bundle beside it. */
struct monitor_config {
	char *id;
	char **lower; /* overlay, topmost first; NULL: the bundle's root.path */
	char *upper, *work;
	bool idmap;         /* the layers are mapped as the container's user namespace is */
	char *seccomp_path; /* BPF file below the root's cache/seccomp; NULL: unconfined */
	char *log_driver;
	uint64_t log_max_size, log_max_files;
	bool open_stdin, stdin_once, tty;
	int64_t stop_signal; /* what the monitor sends when it is told to end itself; 0: SIGTERM */
	struct opt_i64 stop_timeout; /* seconds until SIGKILL; unset: 10, below 0: never */
	bool auto_remove;
	char *usernet; /* pasta or slirp4netns, with options (run/usernet.h); NULL: neither */
	char **ports;  /* that it publishes: usernet_start's */
	bool init;     /* hoy-init as PID 1 */
	char *reaper;  /* our own binary, for `__reap ID` when an auto-removed one has no client */
	char *root, *run_root; /* passed on to the reaper */
};
extern const struct json_object monitor_config_object;

struct monitor_start {
	int container_dirfd; /* containers/ID: config.json, monitor.json, state, log files */
	int run_dirfd;       /* the run folder of this container: control, lock */
	bool attach_stdin, attach_stdout, attach_stderr;
	uint16_t rows, cols; /* terminal size; 0: unknown */
};

/* Starts hoy-monitor and waits until the container runs (or failed to: the kinds are run's). The
 * returned connection is attached as asked; close it to detach. The program is
 * proc_program_path's. It is a child of the caller: one that lives
 * long must reap it some day. */
int monitor_start(const struct monitor_start *s, int *ret_conn, struct err *err);
/* The same in two halves, for a caller who has something to do while the container is made: after
 * monitor_spawn (config.json and monitor.json are there) all but the exec happens by itself;
 * monitor_go lets it run. monitor_cancel undoes it all, waits until that is done and closes the
 * connection. Just closing it does the same without waiting, and means that the starter died: an
 * auto-removed container is reaped then. monitor_go closes the connection when it fails. */
int monitor_spawn(const struct monitor_start *s, int *ret_conn, struct err *err);
int monitor_go(const struct monitor_start *s, int conn, struct err *err);
void monitor_cancel(int conn);
/* A visitor of a container that runs: one monitor_exec() on this connection, with all rights that
 * the caller has; the container's own monitor kept only what the container itself may have. The
 * members on attaching and the terminal are not used. */
int monitor_visit(const struct monitor_start *s, int *ret_conn, struct err *err);
/* -ECONNREFUSED or -ENOENT: no monitor. */
int monitor_connect(int run_dirfd, struct err *err);

/*
 * A container's run folder, run-root/ID: it names the root it belongs to by the link `root`, because roots may
 * share a run root. It is removed under another name, gone-ID, which says to everybody that what is
 * left there is garbage, whoever was killed in between.
 */
#define MONITOR_RUN_OWNER "root"
#define MONITOR_RUN_GONE  "gone-"
void monitor_remove_run_folder(int run_root_fd, const char *id);

/* Requests on a fresh connection; each waits for its answer. */
int monitor_kill(int conn, int sig, bool by_user, struct err *err);
int monitor_pause(int conn, bool pause, struct err *err);
int monitor_update(int conn, const struct oci_resources *res, struct err *err);
int monitor_resize(int conn, uint16_t rows, uint16_t cols, struct err *err);
/* Waits for the container's end; its exit code. */
int monitor_wait(int conn, int *exit_code, struct err *err);
/* After the exit was told on this connection: until the tear-down is done (the monitor is gone). */
int monitor_wait_gone(int conn, struct err *err);
int monitor_attach(int conn, bool in, bool out, bool err_stream, struct err *err);
/* After the exit of an auto-removed container: "the row is gone, remove the rest". Not answered: a
 * monitor that dies over it leaves what has no row, and that is garbage by rule. */
int monitor_removed(int conn, struct err *err);

/* exec: starts the process with the fds given (without a terminal) or answers with the pty's
 * master. Its end comes as MONITOR_EXIT on the same connection; monitor_exec_wait reads it. */
int monitor_exec(int conn, const struct oci_process *p, const int fds[3], int *ret_terminal,
		 pid_t *ret_pid, struct err *err);
/* The same for a process that is like the container's first one, which the monitor knows, but for
 * what is said here. */
#define MONITOR_EXEC_ENV_MAX 1000
struct monitor_exec_like {
	char **args;
	char **env;      /* KEY=VALUE, on top of the container's, at most MONITOR_EXEC_ENV_MAX */
	const char *cwd; /* NULL: the container's */
	bool terminal;
};
int monitor_exec_like(int conn, const struct monitor_exec_like *l, const int fds[3],
		      int *ret_terminal, pid_t *ret_pid, struct err *err);
int monitor_exec_wait(int conn, int *exit_code, struct err *err);

/* Frames of an attached connection. */
enum monitor_frame_kind {
	MONITOR_STDIN = 'i',  /* client to container; empty: end of input */
	MONITOR_STDOUT = 'o', /* container to client */
	MONITOR_STDERR = 'e',
	MONITOR_RESIZE = 'r',
	MONITOR_EXIT = 'x', /* int32 exit code: the last frame */
};
#define MONITOR_FRAME_MAX (64 << 10)
struct monitor_frame {
	enum monitor_frame_kind kind;
	size_t len;
	char data[MONITOR_FRAME_MAX];
};
/* One frame; 1, 0 at the end of the connection (the monitor died), or a negative errno. */
int monitor_recv(int conn, struct monitor_frame *f, struct err *err);
int monitor_send(int conn, enum monitor_frame_kind kind, const void *data, size_t len);
