// SPDX-License-Identifier: Apache-2.0
/*
 * image - the noun: loaded, saved, listed, tagged, looked at, removed.
 *
 * `ref` is a reference as the user writes it (busybox, busybox:1, name@sha256:…), an id, or a
 * unique id prefix. "No such image: REF" (ERR_NOT_FOUND) with the familiar form of the reference.
 */
#pragma once

#include "engine/engine.h"

int image_find(struct engine *e, struct arena *a, const char *ref, struct store_image *ret,
	       struct err *err);
/* An image here is for one platform, so --platform cannot pick: it asks. ERR_NOT_FOUND unless the
 * image is there and fits ("linux/arm64"; NULL or "": whatever it is, not even looked for). */
int image_check_platform(struct engine *e, const char *ref, const char *platform, struct err *err);

struct image_info { /* one row of `images` */
	struct store_image image;
	int64_t containers; /* how many use it */
	json_t *labels;
};
struct image_list_options {
	bool all, digests;
	struct filters filters; /* dangling label before since reference until */
};
int image_list(struct engine *e, struct arena *a, const struct image_list_options *o,
	       struct json_list *ret /* struct image_info */, struct err *err);
json_t *image_inspect(struct engine *e, const char *ref, struct err *err);

struct image_layer { /* one row of `history`, newest first */
	char *id, *created_by, *comment;
	int64_t created, size;
	char **tags;
};
int image_history(struct engine *e, struct arena *a, const char *ref, struct json_list *ret,
		  struct err *err);
int image_tag(struct engine *e, const char *source, const char *target, struct err *err);

struct image_removed {
	char *untagged, *deleted; /* one of the two */
};
/* Docker's rules: a name is untagged; the last name's image is deleted; an image in use is refused.
 */
int image_remove(struct engine *e, struct arena *a, const char *ref, bool force, bool no_prune,
		 struct json_list *ret, struct err *err);
int image_prune(struct engine *e, struct arena *a, bool all, const struct filters *f,
		struct json_list *ret, int64_t *bytes, struct err *err);

struct image_loaded {
	char *name; /* NULL: the archive gave none */
	char *id;
};
/* platform: NULL, or the one that is wanted of an archive with several. */
int image_load(struct engine *e, struct arena *a, int fd, const char *dir, const char *platform,
	       struct json_list *ret, struct err *err);
int image_save(struct engine *e, char *const *refs, int fd, enum store_save_format format,
	       struct err *err);
int image_import(struct engine *e, struct arena *a, int fd, const char *name, char *const *changes,
		 const char *message, char **ret_id, struct err *err);

/* Applies Dockerfile instructions (import --change, commit --change) to the `config` member of an
 * image configuration: CMD ENTRYPOINT ENV EXPOSE HEALTHCHECK LABEL ONBUILD STOPSIGNAL USER VOLUME
 * WORKDIR. */
int image_apply_changes(struct arena *a, json_t *config, char *const *changes, struct err *err);
