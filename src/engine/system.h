// SPDX-License-Identifier: Apache-2.0
/*
 * system - version, info, check.
 */
#pragma once

#include "engine/engine.h"

json_t *system_version(struct engine *e, struct err *err); /* Docker's GET /version */
json_t *system_info(struct engine *e, struct err *err);    /* Docker's GET /info */
/* Everything that could be wrong after crashes: blobs, layers, rows, directories, run folders, cgroups,
 * mounts. found() is called for each; with repair, what can be mended is. The count of problems left. */
int system_check(struct engine *e, bool repair,
		 void (*found)(const char *problem, bool repaired, void *data), void *data,
		 int *ret_left, struct err *err);
/* Without asking, and without a word: removes what killed commands left of containers, and only what nobody
 * can miss: directories (with their run folders) and cgroups without a row; auto-removed ones that were never started. */
void system_sweep(struct engine *e);
