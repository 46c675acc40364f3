// SPDX-License-Identifier: Apache-2.0
/*
 * run - an OCI configuration becomes an isolated process.
 *
 * The caller owns the bundle, the logs and the records; this library owns the order of the steps
 * between clone and exec (run/child.c tells that order and why). It keeps no files of its own. The
 * caller must be a small single-threaded process: it is cloned. Every child made here is reaped
 * here when it fails before exec; after that it is the caller's (SIGCHLD as usual, run_pidfd
 * readable).
 *
 *   struct run_container *c;
 *   r = run_create(&options, &c, err);     the process exists and waits; hooks up to
 * createContainer ran r = run_start(c, err);                 exec; an exec that fails is reported
 * here …wait on run_pidfd(c)… run_delete(c, err);                    what is left: cgroup; then
 * run_container_free(c)
 *
 * Errors of the user's command have their own kinds: ERR_NO_COMMAND (exit code 127) and
 * ERR_NOT_EXECUTABLE (126).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "run/cgroup.h"
#include "spec/runtime.h"

/* A root made of read-only layers and one writable directory. Mounted in the container's own mount
 * namespace only. All are directories named by absolute paths, or fds where that is said. */
struct run_overlay {
	char **lower;       /* topmost first; at least one */
	char *upper, *work; /* NULL both: a read-only view */
	bool idmap; /* the container's id mappings on the layers: what is root's on disk is its
		     * root's, and the other way round (run_create only; kernel 5.19). upper and
		     * work must be in one directory. */
};

/* A mount option of ours for binds: "hoy.subpath=PATH" binds what PATH means inside the source,
 * whatever links are in it (runtime-spec leaves names of options open). */
#define RUN_MOUNT_SUBPATH "hoy.subpath="

struct run_options {
	const char *id;
	const struct oci_spec *spec;
	int bundle_fd;                     /* relative root.path and hooks are resolved from here */
	const struct run_overlay *overlay; /* NULL: spec->root.path is the root */
	const void *seccomp; /* struct sock_filter[] as sec/ compiled it; NULL: none */
	size_t seccomp_len;  /* bytes */
	int stdin_fd, stdout_fd,
		stderr_fd;     /* of the process when it has no terminal; -EBADF: /dev/null */
	const char *init_path; /* host path of hoy-init, to be bound at /sbin/docker-init and put
				  before the arguments; NULL: the process itself is PID 1 */
	bool die_with_parent;  /* SIGKILL to PID 1 when the caller dies */
	int start_fd; /* not 0: a socket of sock_listen(): after run_stay() the process waits there
		       * for whoever says go (run_go), maybe long after the caller ended */
	unsigned preserve_fds; /* fds 3… of the caller that the process gets too */
	bool keep_keyring;     /* the caller's session keyring, not a new one */
	bool no_pivot;         /* the root is changed by chroot, for hosts that cannot pivot_root */
	bool cgroup_shared;    /* the group may exist already */
	bool cgroup_kept;      /* others are in it: run_delete leaves it and them alone */
	bool cgroup_all;       /* all v1 hierarchies get the group, limits or not */
	/* What is passed over, one line without newline: unknown capabilities, failed poststop hooks
	 * (which without it are run_delete's failure). May be NULL. */
	void (*warn)(void *arg, const char *text);
	void *warn_arg;
	bool mounts_later; /* the end of PID 1 is told before its mounts are taken down, which
				  run_delete does then (where the kernel can: 6.11) */
};

/* Who is asked about system calls (SCMP_ACT_NOTIFY), and what it is told of the container. */
struct run_notify {
	const json_t *seccomp; /* linux.seccomp: listenerPath, listenerMetadata */
	const char *id, *bundle;
	const struct json_map *annotations;
	pid_t pid; /* PID 1 of the container */
};

struct run_container;

int run_create(const struct run_options *o, struct run_container **ret, struct err *err);
int run_start(struct run_container *c, struct err *err);
/* Instead of run_start(): lets go of the process, which then waits on start_fd. Until then it ends
 * when the caller does: what must be recorded is recorded before. */
int run_stay(struct run_container *c, struct err *err);
/* Says go on a connection to start_fd: as run_start() without hooks, from any process that may
 * connect. */
int run_go(int conn, struct err *err);
/* The same for a container whose seccomp program asks an agent. */
int run_go_notify(int conn, const struct run_notify *n, struct err *err);
pid_t run_pid(const struct run_container *c);
int run_pidfd(const struct run_container *c);
/* The pty's master when the process has a terminal; stays the container's. -EBADF: none. */
int run_terminal(const struct run_container *c);
struct cgroup *run_cgroup(const struct run_container *c);
/* Kills what is left in the container and removes its cgroup. Safe to call at any stage. */
int run_delete(struct run_container *c, struct err *err);
void run_container_free(struct run_container *c);
DEFINE_CLEANUP(struct run_container *, run_container_free)

/* Our own program as a read-only detached mount: the returned O_PATH fd is what to exec, by
 * "/proc/self/fd/N" or execveat. A process that runs from it, and clones itself into containers as
 * the monitor does, cannot be overwritten through /proc/PID/exe, whoever opens that: the mount
 * answers EROFS (CVE-2019-5736; the whole reasoning is in run/child.c). Keep it O_CLOEXEC; the
 * process holds the mount. */
int run_exe_open(const char *path, struct err *err);

/* One more process in a container that runs. The child joins all its namespaces through the pidfd
 * (never through paths), its cgroup, its root; user, capabilities and seccomp as `process` says. */
struct run_exec {
	int container_pidfd;
	pid_t container_pid;
	const struct oci_process *process;
	struct cgroup *cgroup;
	const void *seccomp;
	size_t seccomp_len;
	const struct run_notify *notify;    /* also for the flags; NULL: no agent, no flags */
	int stdin_fd, stdout_fd, stderr_fd; /* when process->terminal is false */
	unsigned preserve_fds;              /* as in run_options */
	bool keep_keyring;
};
struct run_process {
	pid_t pid;
	int pidfd;    /* the caller's; it also must reap the pid: PID 1 of the container cannot end,
		       * nor its    pidfd become readable, before every exec'd process was reaped */
	int terminal; /* pty master, the caller's; -EBADF: none */
};
int run_exec(const struct run_exec *e, struct run_process *ret, struct err *err);

/* The root of a container that does not run, for cp, export, diff, commit: an O_PATH directory fd
 * of a detached overlay mount, which the fd keeps alive. (Of a running one: open /proc/PID/root.)
 */
int run_overlay_open(const struct run_overlay *o, struct err *err);
