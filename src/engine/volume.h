// SPDX-License-Identifier: Apache-2.0
/*
 * volume - the noun: named directories that outlive containers. Driver "local" only.
 */
#pragma once

#include "engine/engine.h"

struct volume_info {
	struct store_volume row;
	char *mountpoint;
	int64_t refs; /* containers that use it */
};
/* An existing one of that name is returned as it is (Docker's behaviour). */
int volume_create(struct engine *e, struct arena *a, const struct store_volume *v,
		  struct volume_info *ret, struct err *err);
int volume_find(struct engine *e, struct arena *a, const char *name, struct volume_info *ret,
		struct err *err);
int volume_list(struct engine *e, struct arena *a, const struct filters *f, struct json_list *ret,
		struct err *err);
json_t *volume_inspect(struct engine *e, const char *name, struct err *err);
int volume_remove(struct engine *e, const char *name, bool force, struct err *err);
int volume_prune(struct engine *e, struct arena *a, bool all, const struct filters *f,
		 char ***ret_names, int64_t *bytes, struct err *err);
/* First use: an empty volume gets what the image has at that path, owner and mode included. */
int volume_copy_up(struct engine *e, const char *name, char *const *lower, const char *path,
		   struct err *err);
