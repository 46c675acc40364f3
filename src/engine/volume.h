// SPDX-License-Identifier: Apache-2.0
/*
 * volume - the noun: named directories that outlive containers. Driver "local" only.
 *
 * A volume is a row and the directory volumes/NAME/_data. The row is made first and deleted first:
 * a kill -9 in between leaves a row whose directory the next use makes, or a directory that nobody
 * deleted yet and `system check --repair` gives its row back: data is never lost by a crash.
 * A container's row is what keeps a volume from being removed. Whoever looks up or makes volumes
 * for a new container holds volume_hold() until that row is there; removal waits for holders.
 */
#pragma once

#include "engine/engine.h"

struct volume_info {
	struct store_volume row;
	char *mountpoint;
	int64_t refs; /* containers that use it; -1: not counted (create, find) */
};

/* Keeps every volume from being removed until the fd is closed. The fd, or a negative errno. */
int volume_hold(struct engine *e, struct err *err);

/* An existing one of that name is returned as it is (Docker's behaviour). A name of NULL or "": one
 * is invented (64 hex digits), and the volume is anonymous. A driver of NULL or "" is "local". */
int volume_create(struct engine *e, struct arena *a, const struct store_volume *v,
		  struct volume_info *ret, struct err *err);
/* "get NAME: no such volume" (ERR_NOT_FOUND). */
int volume_find(struct engine *e, struct arena *a, const char *name, struct volume_info *ret,
		struct err *err);
/* struct volume_info items, by name. Filters: dangling, driver, label, name. */
int volume_list(struct engine *e, struct arena *a, const struct filters *f, struct json_list *ret,
		struct err *err);
/* Docker's Volume object; the caller's (json_unref). */
json_t *volume_inspect(struct engine *e, const char *name, struct err *err);
/* "remove NAME: volume is in use - [ID, …]" (ERR_CONFLICT). force: a missing one is no error. */
int volume_remove(struct engine *e, const char *name, bool force, struct err *err);
/* Unused ones: the anonymous, or with `all` (or the filter all=true) every one. Filters: label,
 * label!, all. *bytes: what their files took on the disk. */
int volume_prune(struct engine *e, struct arena *a, bool all, const struct filters *f,
		 char ***ret_names, int64_t *bytes, struct err *err);
/* First use: an empty volume gets what the image has at that path, owner and mode included. `lower`
 * is the image's layers, topmost first. Nothing happens when the image has no such directory. */
int volume_copy_up(struct engine *e, const char *name, char *const *lower, const char *path,
		   struct err *err);
