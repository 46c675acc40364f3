// SPDX-License-Identifier: Apache-2.0
/*
 * layer - unpacked layers: rows, directories, short names, what is collected. Private to store/.
 *
 * The database's write lock is also the lock of the names in layers/ and blobs/: they change only
 * inside a write transaction. So, seen from inside one, a directory without a row is a leftover of
 * something that died, and may be moved away.
 */
#pragma once

#include "base/err.h"
#include "store/store.h"

#define LAYER_SHORT_LEN 12

/* Collects, inside the caller's write transaction, rows of layers and blobs that nobody holds. */
int layer_collect_rows(struct store *s, struct err *err);
/* Moves away the files of rows that are gone, in a write transaction of its own. Call it after the
 * one that deleted the rows is durable: a row must never outlive its files. */
int layer_collect_files(struct store *s, struct err *err);
/* Syncs layers that were unpacked lately (store.c tells why later). */
int layer_sync_all(struct store *s, struct err *err);
/* Calls fn for each name in layers/ (layer true) or blobs/sha256/ that has no row. */
typedef int layer_orphan_fn(struct store *s, int dirfd, const char *hex, bool layer, void *data,
			    struct err *err);
int layer_each_orphan(struct store *s, layer_orphan_fn *fn, void *data, struct err *err);
int boot_id(char out[40], struct err *err);
