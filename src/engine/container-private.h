// SPDX-License-Identifier: Apache-2.0
/*
 * container-private - what the files container-*.c, copy.c, volume.c and system.c share.
 *
 * A container is three things that come and go in a fixed order, so that a kill -9 between any two
 * steps leaves only what the sweep may remove:
 *   made:    directory containers/ID with all its files, then the row (the name is ours from here on)
 *   removed: row, then the directory is renamed to tmp/, then its tree goes
 * A directory without a row, whose lock run/ID/lock nobody holds, is garbage.
 */
#pragma once

#include "engine/container.h"
#include "run/run.h"

/* One of Docker's MountPoints: what `inspect` calls Mounts. Decided at create. */
struct container_mount_point {
	char *type; /* bind, volume, tmpfs */
	char *name; /* of the volume */
	char *source, *destination, *driver, *mode;
	bool rw;
	char *propagation;
	bool anonymous; /* a volume made for this container: rm -v and --rm take it along */
	bool no_copy;
	char *subpath;
};

/* Ids from 0 to size - 1 are these of the host. */
struct container_userns {
	uint64_t uid, gid, size;
};

/* store_container.extra: what the engine found out at create. */
struct container_extra {
	struct json_list mounts; /* struct container_mount_point */
	char *path;              /* of the command, and its arguments: inspect's Path and Args */
	char **args;
	char *cgroup;                    /* absolute path in the hierarchies */
	struct container_userns *userns; /* NULL: the host's */
};
int container_extra_decode(struct arena *a, const char *text, struct container_extra *out,
			   struct err *err);
char *container_extra_encode(struct arena *a, const struct container_extra *x);

/* containers/ID as a directory fd; -ENOENT when it is gone. */
int container_open_dir(struct engine *e, const char *id, struct err *err);
/* run/ID, made when `make`. */
int container_open_run_dir(struct engine *e, const char *id, bool make, struct err *err);
/* Keeps start, remove and recovery of one container apart; the fd is the lock. Without `wait`:
 * -EWOULDBLOCK and no message when it is taken. "No such container" when its directory is gone. */
int container_lock(struct engine *e, const char *id, bool wait, struct err *err);
/* Row, anonymous volumes (if asked for), directory, run folder: in that order. */
int container_drop(struct engine *e, struct arena *a, const struct store_container *row,
		   bool volumes, struct err *err);
void container_forget_run_dir(struct engine *e, const char *id);
bool container_status_is_live(enum container_status s); /* has, or is about to have, a process */
/* Whether a monitor holds run/ID/lock. */
bool container_is_alive(struct engine *e, const char *id);
/* A fresh connection to its monitor; -ECONNREFUSED or -ENOENT: there is none. */
int container_connect(struct engine *e, const char *id, struct err *err);
/* The same for one that must run: "container ID is not running" when it does not. */
int container_connect_running(struct engine *e, const struct container_info *c, struct err *err);
/* Row and (recovered) state, without the configuration: container_brief() decodes that, too. */
int container_find(struct engine *e, struct arena *a, const char *key, struct container_info *ret,
		   struct err *err);
int container_decode_row(struct arena *a, const struct store_container *row,
			 struct container_create **ret, struct err *err);
/* What the state file says, whoever lives. */
int container_raw_state(struct engine *e, struct arena *a, const char *id,
			struct container_state *out, struct err *err);
/* The state as it is now: recovers a container whose monitor was killed (engine/recover.h). */
int container_read_state(struct engine *e, struct arena *a, const char *id,
			 struct container_state *out, struct err *err);
/* The same once its monitor has hung up on us: a process that is killed closes its socket first and
 * lets go of its lock a moment later, and in between it looks alive. Waits for that moment, at most a second. */
int container_state_after(struct engine *e, struct arena *a, const char *id,
			  struct container_state *out, struct err *err);
/* Bytes in its writable layer; -1 when it cannot be read. */
int64_t container_upper_size(struct engine *e, const char *id);
void container_fill_size(struct engine *e, struct arena *a, struct container_info *c);
/* Somebody removed it since its row was read. */
bool container_gone(struct engine *e, const char *id);
/* Its overlay, from monitor.json: for views of the root of a container that does not run. */
int container_overlay(struct engine *e, struct arena *a, const char *id, struct run_overlay *out,
		      struct err *err);
struct monitor_config;
struct bundle;
/* config.json and monitor.json. */
int container_write_bundle(struct bundle *b, struct err *err);
int container_read_monitor_config(struct engine *e, struct arena *a, const char *id,
				  struct monitor_config *out, struct err *err);
/* "NAME is in use": the containers (full ids) that mount the volume. */
int container_volume_users(struct engine *e, struct arena *a, const char *volume, char ***ret_ids,
			   struct err *err);
