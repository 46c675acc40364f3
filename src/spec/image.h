// SPDX-License-Identifier: Apache-2.0
/*
 * image - the documents an image is made of: index, manifest, configuration, and the manifest.json
 * of `docker save`.
 *
 * All of them come from strangers. Decoding checks what later code relies on: every digest has the
 * grammar of digest.h (it becomes a file name), sizes are not negative, lists are bounded, and a
 * document is either an index or a manifest, never both (two readers must not see two images in the
 * same bytes). Encoding writes members in the order and with the omissions of the Go structs, so
 * that our documents look like everybody's. Sources: OCI image-spec 1.1 (descriptor.md,
 * manifest.md, image-index.md, config.md); moby image/spec/v1.2; distribution manifest v2 schema 2.
 *
 *   struct image_manifest m;
 *   r = image_manifest_decode(a, text, len, &m, err);
 *   for (size_t i = 0; i < m.layers.n; i++)
 *           use(JSON_AT(struct image_descriptor, &m.layers, i)->digest);
 */
#pragma once

#include "base/json.h"
#include "spec/container.h"

#define IMAGE_MANIFEST_MAX     ((size_t)4 << 20) /* bytes; of an index too */
#define IMAGE_CONFIG_MAX       ((size_t)8 << 20)
#define IMAGE_ARCHIVE_JSON_MAX ((size_t)16 << 20) /* manifest.json of an archive of many images */
#define IMAGE_LAYERS_MAX       500
#define IMAGE_INDEX_MAX        4096 /* manifests in one index; images in one archive */
#define IMAGE_HISTORY_MAX      4096

#define MEDIA_OCI_INDEX         "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_MANIFEST      "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_CONFIG        "application/vnd.oci.image.config.v1+json"
#define MEDIA_OCI_EMPTY         "application/vnd.oci.empty.v1+json"
#define MEDIA_OCI_LAYER         "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_OCI_LAYER_GZIP    "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_OCI_LAYER_ZSTD    "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_DOCKER_INDEX      "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_MANIFEST   "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_CONFIG     "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER      "application/vnd.docker.image.rootfs.diff.tar"
#define MEDIA_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_DOCKER_LAYER_ZSTD "application/vnd.docker.image.rootfs.diff.tar.zstd"

#define ANNOTATION_REF_NAME        "org.opencontainers.image.ref.name"
#define ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

struct image_platform {
	char *architecture, *os, *os_version;
	char **os_features;
	char *variant;
};

struct image_descriptor {
	char *media_type, *digest;
	int64_t size; /* bytes */
	char **urls;
	struct json_map annotations;
	char *data; /* base64 */
	struct image_platform *platform;
	char *artifact_type;
};

struct image_index {
	int64_t schema_version;
	char *media_type; /* NULL: absent (allowed for OCI) */
	char *artifact_type;
	struct json_list manifests; /* struct image_descriptor */
	struct image_descriptor *subject;
	struct json_map annotations;
};

struct image_manifest {
	int64_t schema_version;
	char *media_type;
	char *artifact_type;
	struct image_descriptor config;
	struct json_list layers; /* struct image_descriptor, bottom first */
	struct image_descriptor *subject;
	struct json_map annotations;
};

struct image_rootfs {
	char *type;      /* "layers" */
	char **diff_ids; /* digests of the uncompressed layers, bottom first */
};

struct image_history {
	char *created, *created_by, *author, *comment;
	bool empty_layer;
};

struct image_config {
	char *id, *parent; /* of archives older than content addressing */
	char *created;     /* RFC 3339; NULL: unknown */
	char *author, *architecture, *variant, *os, *os_version;
	char **os_features;
	char *docker_version, *comment, *container;
	struct container_config config; /* absent members are NULL */
	struct image_rootfs rootfs;
	struct json_list history; /* struct image_history, oldest first */
};

/* One image of `docker save`. Paths are as in the archive and hostile: look them up by name only.
 */
struct image_archive_entry {
	char *config;
	char **repo_tags;
	char **layers;
	char *parent;
};

extern const struct json_object image_descriptor_object, image_index_object, image_manifest_object;
extern const struct json_object image_config_object;
/* The "config" member alone, without what images do not say: for commit and import. */
extern const struct json_object image_settings_object;

enum image_kind {
	IMAGE_KIND_INDEX,
	IMAGE_KIND_MANIFEST,
};
/* What a parsed document is: enum image_kind, or ERR_INVALID / ERR_UNSUPPORTED (Docker's schema 1).
 */
int image_kind(json_t *j, struct err *err);

int image_index_decode(struct arena *a, const char *text, size_t len, struct image_index *out,
		       struct err *err);
int image_manifest_decode(struct arena *a, const char *text, size_t len, struct image_manifest *out,
			  struct err *err);
int image_config_decode(struct arena *a, const char *text, size_t len, struct image_config *out,
			struct err *err);
/* manifest.json: struct image_archive_entry items. */
int image_archive_decode(struct arena *a, const char *text, size_t len, struct json_list *out,
			 struct err *err);
/* Appends the text of such a file. */
int image_archive_encode(struct buf *b, const struct json_list *entries, struct err *err);
/* The manifest's layers and the configuration's diff_ids must be the same number. */
int image_check_pair(const struct image_manifest *m, const struct image_config *c, struct err *err);

enum image_compression {
	IMAGE_PLAIN,
	IMAGE_GZIP,
	IMAGE_ZSTD,
};
/* Of a layer's media type: enum image_compression, or -EINVAL when it is no file system layer that
 * we know. Only a hint: the bytes decide. Foreign ("nondistributable") layers count. */
int image_layer_compression(const char *media_type);
bool image_media_is_index(const char *media_type);
bool image_media_is_manifest(const char *media_type);
