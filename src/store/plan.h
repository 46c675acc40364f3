// SPDX-License-Identifier: Apache-2.0
/*
 * plan - what an image archive says that it holds, decided before any work is done. Private to store/.
 *
 * Documents of strangers in, images out: which configuration, which manifest, which layers, under
 * which names. Nothing is opened, started or written here: files are asked for through three
 * functions, so that all of it can be tested and fuzzed in memory. Whoever gives the files has
 * computed their digests from the bytes; nothing else of an archive is trusted.
 *
 * One of two descriptions is followed:
 *   - manifest.json (docker save, podman, skopeo), unless `layout`: configuration and layers by file
 *     name, and tags. An OCI manifest of the same configuration that index.json leads to is taken
 *     over, so that its digest stays; otherwise `manifest` is NULL, and one has to be made;
 *   - index.json (OCI): by digest only, names from annotations, indexes inside it resolved to the
 *     image that fits the platform best.
 *
 *   struct plan_files files = {.data = src, .find = …, .text = …};
 *   r = plan_images(a, &files, &host, false, &images, err);
 *
 * Bounds are those of spec/image.h; the arena's ceiling bounds the whole.
 * Sources: OCI image-layout and image-index 1.1, moby image/spec/v1.2, CVE-2021-41190.
 */
#pragma once

#include "base/json.h"
#include "spec/platform.h"

struct plan_files {
	void *data;
	bool layout; /* a directory in OCI layout: manifest.json means nothing there */
	/* The file of that name, links followed: 1, *digest and *size are set, or 0: there is none. */
	int (*find)(void *data, const char *name, const char **digest, int64_t *size,
		    struct err *err);
	/* The text of the blob of that digest, at most `max` bytes, in the arena. size: as promised, -1:
	 * unknown. One that is missing or of another size is an error. */
	int (*text)(void *data, const char *digest, int64_t size, size_t max, char **text,
		    size_t *len, struct err *err);
	/* The text of the file of that name: 1, or 0: there is none. */
	int (*named)(void *data, const char *name, size_t max, char **text, size_t *len,
		     struct err *err);
};

struct plan_layer {
	char *diff_id;
	char *blob; /* digest of the file */
	int64_t size;
	char *media_type; /* NULL: the file's first bytes say */
};

struct plan_image {
	char *id;     /* digest of the configuration */
	char *config; /* its text, without NUL bytes */
	int64_t created;
	char *manifest; /* digest; NULL: to be made */
	char *manifest_type;
	int64_t manifest_size;
	struct json_list layers; /* struct plan_layer, bottom first */
	char **names;            /* canonical, with tags */
};

/* Appends struct plan_image items. `want` picks among the images of an index; one that is alone is
 * taken as it is, unless `must`: then an image for another platform is an error. */
int plan_images(struct arena *a, const struct plan_files *files, const struct platform *want,
		bool must, struct json_list *out, struct err *err);
