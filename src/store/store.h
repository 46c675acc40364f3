// SPDX-License-Identifier: Apache-2.0
/*
 * store - everything that must still be there tomorrow: images, layers, containers' and volumes'
 * rows.
 *
 * Shared by any number of processes at once; each may die at any instruction. Rules:
 *   - a blob becomes visible under its digest by rename, after its bytes were hashed and synced;
 *   - a row that names a blob or a layer is written after it is there (and synced), in one
 *     transaction with all it depends on;
 *   - what is unfinished lies in tmp/ under a lock that its maker holds; sweep removes the rest;
 *   - container rows are not synced (a power cut may lose the last seconds of those), images are.
 * SQLite: WAL, synchronous=NORMAL, NO_CKPT_ON_CLOSE (a checkpoint syncs: 7-60 ms), busy timeout.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

struct store;

enum store_flags {
	STORE_READ_ONLY = 1 << 0, /* fails with -ENOENT when there is no store yet */
};
int store_open(const char *root, int flags, struct store **ret, struct err *err);
void store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close)
/* What hoy-keeper is to look after besides the store: the engine's run root, and configuration (or NULL). */
int store_set_keeper(struct store *s, const char *run_root, const char *config, struct err *err);
int store_dirfd(const struct store *s); /* of the root */
const char *store_root(const struct store *s);

/* Moves a directory or file of the store's file system out of sight, so that it is dead at once; it is
 * deleted in the background after store_close(). Missing is fine. */
int store_bury(struct store *s, int dirfd, const char *name, struct err *err);

/* ---- images: store/image.c ---- */

struct store_image {
	char *id;        /* sha256:HEX of the configuration */
	char *manifest;  /* sha256:HEX of the OCI manifest blob */
	char *config;    /* the configuration, JSON text as stored */
	char **names;    /* canonical references: docker.io/library/busybox:latest */
	char **digests;  /* canonical name@sha256:… */
	char **layers;   /* diffIDs, bottom first */
	int64_t created; /* from the configuration, nanoseconds; 0: unknown */
	int64_t size;    /* bytes of all unpacked layers */
	int64_t tagged;  /* when it was last loaded or tagged */
};

/* By reference (normalised name, name:tag, name@digest), id or unique id prefix. */
int store_image_find(struct store *s, struct arena *a, const char *ref, struct store_image *out,
		     struct err *err);
/* All of them, newest first: struct store_image items. */
int store_image_list(struct store *s, struct arena *a, struct json_list *out, struct err *err);
int store_image_tag(struct store *s, const char *id, const char *name, struct err *err);
/* Removes one name. The image stays, maybe without names. */
int store_image_untag(struct store *s, const char *name, struct err *err);
/* Removes image, names, and the layers and blobs nobody else uses. The caller checked containers:
 * fails with ERR_CONFLICT if a container row names it all the same (checked in the transaction). */
int store_image_remove(struct store *s, const char *id, struct err *err);
/* The overlay's lower directories of an image, topmost first: absolute paths. */
int store_image_lower(struct store *s, struct arena *a, const struct store_image *img, char ***ret,
		      struct err *err);

/* Bytes of one unpacked layer, by its diffID. */
int store_layer_size(struct store *s, const char *diff_id, int64_t *ret, struct err *err);

/* ---- in and out: store/transfer.c, by the archive worker ---- */

/* docker-archive (old, new), OCI archive; gzip, zstd or plain; or an OCI layout directory (path).
 * platform: images for it and no others; NULL: those for this host, or what is there alone. The ids
 * and names that came in are appended to out (struct store_image). */
struct platform;
int store_load(struct store *s, struct arena *a, int fd, const char *dir,
	       const struct platform *platform, struct json_list *out, struct err *err);
enum store_save_format { STORE_SAVE_BOTH, STORE_SAVE_OCI, STORE_SAVE_DOCKER };
/* One archive that Docker (old and new), podman and skopeo read: manifest.json and an OCI layout.
 * refs as the user wrote them. */
int store_save(struct store *s, char *const *refs, int fd, enum store_save_format format,
	       struct err *err);
/* A plain root tar becomes an image of one layer with the configuration given (without rootfs). */
int store_import(struct store *s, struct arena *a, int fd, json_t *config, const char *name,
		 const char *comment, struct store_image *out, struct err *err);
/* The upper directory becomes a new layer on top of the image. `config` is the new image's `config`
 * member, history gets one entry. */
struct store_commit {
	const char *parent; /* image id, or NULL */
	int upper_fd;
	json_t *config;
	const char *author, *comment, *created_by, *name;
};
int store_commit(struct store *s, struct arena *a, const struct store_commit *c,
		 struct store_image *out, struct err *err);

/* ---- container rows: store/container.c ---- */

struct store_container {
	char *id, *name; /* name without a leading slash */
	char *image;     /* image id; "" when that is gone */
	char *image_ref; /* as the user wrote it */
	int64_t created;
	char *config; /* container_create as JSON text, merged with the image's */
	char *extra;  /* JSON of the engine's own */
};
/* ERR_CONFLICT when the name is taken, with Docker's words. */
int store_container_insert(struct store *s, const struct store_container *c, struct err *err);
int store_container_update(struct store *s, const struct store_container *c, struct err *err);
int store_container_rename(struct store *s, const char *id, const char *name, struct err *err);
int store_container_delete(struct store *s, const char *id, struct err *err);
/* By full id, name, or unique id prefix. */
int store_container_find(struct store *s, struct arena *a, const char *key,
			 struct store_container *out, struct err *err);
/* Newest first. */
int store_container_list(struct store *s, struct arena *a, struct json_list *out, struct err *err);

/* ---- volume rows: store/volume.c ---- */

struct store_volume {
	char *name, *driver;
	int64_t created;
	struct json_map labels, options;
	bool anonymous;
};
int store_volume_insert(struct store *s, const struct store_volume *v, struct err *err);
int store_volume_delete(struct store *s, const char *name, struct err *err);
int store_volume_find(struct store *s, struct arena *a, const char *name, struct store_volume *out,
		      struct err *err);
int store_volume_list(struct store *s, struct arena *a, struct json_list *out, struct err *err);

/* ---- checking: store/check.c ---- */

/* Calls found(problem, data) for each fault: a blob whose bytes do not hash, a row without its
 * layer, a layer nobody names, unfinished files nobody locks. With repair, mends what can be
 * mended. */
int store_check(struct store *s, bool repair, void (*found)(const char *problem, void *data),
		void *data, struct err *err);
