// SPDX-License-Identifier: Apache-2.0
/*
 * batch - blobs, layers and images that become visible together, or not at all. Private to store/.
 *
 *   struct batch b;
 *   r = batch_begin(&b, s, a, err);
 *   …worker jobs write files into the batch's directory (batch_dir)…
 *   r = batch_blob(&b, digest, size, "m0", err);           that file is the blob of this digest
 *   r = batch_text(&b, manifest, len, digest, err);        a document of ours
 *   img = batch_image(&b); …fill…
 *   r = batch_commit(&b, err);
 *   batch_done(&b);                                        in any case: removes what is left
 */
#pragma once

#include "base/json.h"
#include "store/db.h"
#include "store/tmp.h"
#include "store/worker.h"

#define BATCH_LOCKS 256

struct batch_blob {
	char *digest;
	int64_t size;
	char *file; /* in the batch's directory; NULL: it lies in the store */
};

struct batch_layer {
	char *diff_id;
	char *blob; /* digest of one of the batch's blobs */
	char *media_type;
};

struct batch_image {
	char *id;
	char *config; /* text */
	char *manifest, *manifest_type;
	int64_t manifest_size, created;
	struct json_list layers; /* struct batch_layer, bottom first */
	char **names;            /* canonical, with tags */
	char **digests;
};

struct batch_work; /* a layer to unpack */

struct batch {
	struct store *s;
	struct arena *a;
	struct tmp_dir tmp;
	struct json_list blobs;  /* struct batch_blob */
	struct json_list images; /* struct batch_image */
	struct json_list work;   /* struct batch_work */
	int locks[BATCH_LOCKS];
	uint32_t n_texts;
	bool committed;
};

int batch_begin(struct batch *b, struct store *s, struct arena *a, struct err *err);
void batch_done(struct batch *b);
DEFINE_CLEANUP_VALUE(struct batch, batch_done)
/* A new fd of the batch's directory, for one worker: the caller's. */
int batch_dir(struct batch *b, struct err *err);
int batch_blob(struct batch *b, const char *digest, int64_t size, const char *file,
	       struct err *err);
struct batch_blob *batch_find_blob(struct batch *b, const char *digest);
/* An fd of the blob's bytes: the caller's. */
int batch_open_blob(struct batch *b, const char *digest, struct err *err);
/* Hashes a text (by a worker) and makes it a blob; its digest goes to *ret, in the arena. */
int batch_text(struct batch *b, const char *text, size_t len, char **ret, struct err *err);
struct batch_image *batch_image(struct batch *b); /* NULL: no memory */
int batch_commit(struct batch *b, struct err *err);

/* batch-unpack.c: takes the locks of the layers, finds out which are missing, unpacks those. */
int batch_unpack(struct batch *b, struct err *err);
struct batch_work {
	const struct batch_layer *layer;
	bool needed; /* not in the store: its directory in the batch is `dir` */
	char dir[24];
	int64_t size;
};
