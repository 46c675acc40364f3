// SPDX-License-Identifier: Apache-2.0
/*
 * volume-private - what volume.c, volume-remove.c, volume-copy.c and system-check*.c share.
 */
#pragma once

#include "engine/volume.h"

#define VOLUME_DATA "_data"
#define VOLUME_LOCK ".lock" /* in volumes/: no volume can have that name */

/* Docker's grammar and words: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
int volume_check_name(const char *name, struct err *err);
/* The directory volumes/. */
int volume_open_root(struct engine *e, struct err *err);
/* volumes/NAME/_data, made when it is missing: an O_PATH fd. */
int volume_open_data(struct engine *e, const char *name, struct err *err);
/* Adds to `refs` of struct volume_info items. */
int volume_count_refs(struct engine *e, struct arena *a, struct json_list *volumes,
		      struct err *err);
/* Exclusive: no volume is being made, looked up for a new container or removed. */
int volume_lock_all(struct engine *e, struct err *err);
