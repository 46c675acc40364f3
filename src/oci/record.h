// SPDX-License-Identifier: Apache-2.0
/*
 * record - what is known of a container between two calls of the program.
 *
 *   ROOT/ID/state.json     written before the process is made (creating) and again when it waits;
 *                          replaced atomically
 *   ROOT/ID/config.json    the bundle's configuration as it was at create
 *   ROOT/ID/start          the socket on which the created process waits for go; its being there is
 *                          what tells created from running
 *   ROOT/ID/lock           held by whoever creates, starts or deletes
 *   ROOT/@seccomp/         compiled seccomp policies (sec/seccomp.h); "@" is in no id
 *
 * A process is known by pid and start time. A record that says creating while nobody holds the lock
 * belongs to a create that was killed: whoever meets it takes it away, with its cgroup.
 *
 *   r = record_open(c, id, &rec, err);      ERR_NOT_FOUND when there is none
 *   if (record_status(&rec) == STATUS_RUNNING) …
 */
#pragma once

#include "oci/oci.h"
#include "run/cgroup.h"
#include "run/hooks.h"
#include "run/run.h"

enum status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
};

struct record_state { /* state.json */
	char *oci_version, *id, *bundle, *rootfs, *cgroup, *seccomp;
	int64_t pid, created; /* created: ns */
	uint64_t start_time;  /* of the process: proc_start_time() */
	bool creating, no_new_keyring;
	bool cgroup_shared; /* others were in its cgroup before: it is not ours to end or remove */
	struct json_map annotations;
};

struct record {
	struct arena *arena; /* the command's */
	int root_fd, dir_fd, lock_fd;
	int pidfd; /* of the container's process, known to be that; -EBADF: it is gone */
	struct record_state state;
	struct oci_spec spec;  /* after record_spec() */
	struct cgroup *cgroup; /* after record_cgroup(); NULL: it is gone */
	bool has_spec, has_cgroup;
};

#define RECORD_INIT                                                                                \
	(struct record)                                                                            \
	{                                                                                          \
		.root_fd = -EBADF, .dir_fd = -EBADF, .lock_fd = -EBADF, .pidfd = -EBADF            \
	}

void record_done(struct record *rec);
DEFINE_CLEANUP_VALUE(struct record, record_done)

/* ROOT, absolute, in the command's arena. */
char *record_root(const struct command_line *c);
/* Opens ROOT, which is made. */
int record_root_open(const struct command_line *c, struct err *err);
int record_open(struct command_line *c, const char *id, struct record *rec, struct err *err);
/* A new one, locked. ERR_CONFLICT when the id is taken. */
int record_make(struct command_line *c, const char *id, struct record *rec, struct err *err);
/* Waits for the lock; then looks again whether the record and its process are there. */
int record_lock(struct record *rec, struct err *err);
int record_write(struct record *rec, struct err *err);
/* Decodes its config.json into rec->spec, once. */
int record_spec(struct record *rec, struct err *err);
/* Opens its cgroup, once; a missing one is NULL and no error. */
int record_cgroup(struct record *rec, struct err *err);
enum status record_status(struct record *rec);
const char *status_name(enum status s);
/* The JSON of `state` and of one container in `list`. */
json_t *record_json(struct record *rec);
/* The program that its config.json asks for: malloc'd; NULL: none. */
int record_seccomp(struct record *rec, void **ret, size_t *ret_len, struct err *err);
/* Compiles it when that was not done before; its name goes into the state. */
int record_seccomp_prepare(struct record *rec, struct err *err);
/* What a seccomp agent is told, for run_go_notify() and run_exec; NULL: no policy. After
 * record_spec(). */
const struct run_notify *record_notify(const struct record *rec, struct run_notify *out);
/* Ends the process and all in its cgroup, runs the poststop hooks, removes cgroup and record. What
 * fails on the way does not keep the rest from being done. */
int record_destroy(struct command_line *c, struct record *rec, struct err *err);
/* Opens the cgroup with the meaning of cgroupsPath: absolute, or below our own; none: /ID below our
 * own. NULL: out of memory. */
char *record_cgroup_path(struct arena *a, const char *path, const char *id);
