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

/* store_container.extra: what the engine found out at create. */
struct container_extra {
	struct json_list mounts; /* struct container_mount_point */
	char *path;              /* of the command, and its arguments: inspect's Path and Args */
	char **args;
	char *cgroup;            /* absolute path in the hierarchies */
};
int container_extra_decode(struct arena *a, const char *text, struct container_extra *out,
			   struct err *err);
char *container_extra_encode(struct arena *a, const struct container_extra *x);

/* containers/ID as a directory fd; -ENOENT when it is gone. */
int container_open_dir(struct engine *e, const char *id, struct err *err);
/* run/ID, made when `make`. */
int container_open_run_dir(struct engine *e, const char *id, bool make, struct err *err);
/* The state as it is now: recovers a container whose monitor was killed (engine/recover.h). */
int container_read_state(struct engine *e, struct arena *a, const char *id,
			 struct container_state *out, struct err *err);
/* Its overlay, from monitor.json: for views of the root of a container that does not run. */
int container_overlay(struct engine *e, struct arena *a, const char *id, struct run_overlay *out,
		      struct err *err);
/* "NAME is in use": the containers (full ids) that mount the volume. */
int container_volume_users(struct engine *e, struct arena *a, const char *volume, char ***ret_ids,
			   struct err *err);
