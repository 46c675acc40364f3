// SPDX-License-Identifier: Apache-2.0
/*
 * Order of a decode: length (before the parser sees the text), parse, kind (index or manifest,
 * never both), table, then the checks that tables cannot express. Nothing of *out may be used after
 * a failure.
 */
#include "spec/image.h"

#include "base/str.h"
#include "spec/digest.h"

#define ROW(member, T, field, type, flags)                                                         \
	{                                                                                          \
		member, type, flags, offsetof(struct T, field)                                     \
	}
#define ROW_SUB(member, T, field, type, flags, sub)                                                \
	{                                                                                          \
		member, type, flags, offsetof(struct T, field), &(sub)                             \
	}
#define OBJECT(T, fields)                                                                          \
	{                                                                                          \
#T, sizeof(struct T), fields                                                       \
	}

static const struct json_field platform_fields[] = {
	ROW("architecture", image_platform, architecture, JSON_STR, JSON_EMPTY),
	ROW("os", image_platform, os, JSON_STR, JSON_EMPTY),
	ROW("os.version", image_platform, os_version, JSON_STR, JSON_OMIT),
	ROW("os.features", image_platform, os_features, JSON_STRV, JSON_OMIT),
	ROW("variant", image_platform, variant, JSON_STR, JSON_OMIT),
	{},
};
static const struct json_object platform_object = OBJECT(image_platform, platform_fields);

#define DESC(member, field, type, flags) ROW(member, image_descriptor, field, type, flags)
static const struct json_field descriptor_fields[] = {
	DESC("mediaType", media_type, JSON_STR, JSON_EMPTY),
	DESC("digest", digest, JSON_STR, JSON_REQUIRED),
	DESC("size", size, JSON_I64, JSON_REQUIRED),
	DESC("urls", urls, JSON_STRV, JSON_OMIT),
	DESC("annotations", annotations, JSON_MAP, JSON_OMIT),
	DESC("data", data, JSON_STR, JSON_OMIT),
	ROW_SUB("platform", image_descriptor, platform, JSON_SUBP, JSON_OMIT, platform_object),
	DESC("artifactType", artifact_type, JSON_STR, JSON_OMIT),
	{},
};
const struct json_object image_descriptor_object = OBJECT(image_descriptor, descriptor_fields);

static const struct json_field index_fields[] = {
	ROW("schemaVersion", image_index, schema_version, JSON_I64, JSON_REQUIRED),
	ROW("mediaType", image_index, media_type, JSON_STR, JSON_OMIT),
	ROW("artifactType", image_index, artifact_type, JSON_STR, JSON_OMIT),
	ROW_SUB("manifests", image_index, manifests, JSON_LIST, JSON_REQUIRED | JSON_EMPTY,
		image_descriptor_object),
	ROW_SUB("subject", image_index, subject, JSON_SUBP, JSON_OMIT, image_descriptor_object),
	ROW("annotations", image_index, annotations, JSON_MAP, JSON_OMIT),
	{},
};
const struct json_object image_index_object = OBJECT(image_index, index_fields);

static const struct json_field manifest_fields[] = {
	ROW("schemaVersion", image_manifest, schema_version, JSON_I64, JSON_REQUIRED),
	ROW("mediaType", image_manifest, media_type, JSON_STR, JSON_OMIT),
	ROW("artifactType", image_manifest, artifact_type, JSON_STR, JSON_OMIT),
	ROW_SUB("config", image_manifest, config, JSON_SUB, JSON_REQUIRED, image_descriptor_object),
	ROW_SUB("layers", image_manifest, layers, JSON_LIST, JSON_REQUIRED | JSON_EMPTY,
		image_descriptor_object),
	ROW_SUB("subject", image_manifest, subject, JSON_SUBP, JSON_OMIT, image_descriptor_object),
	ROW("annotations", image_manifest, annotations, JSON_MAP, JSON_OMIT),
	{},
};
const struct json_object image_manifest_object = OBJECT(image_manifest, manifest_fields);

#define SET(member, field, type, flags) ROW(member, container_config, field, type, flags)
static const struct json_field settings_fields[] = {
	SET("Hostname", hostname, JSON_STR, JSON_OMIT),
	SET("Domainname", domainname, JSON_STR, JSON_OMIT),
	SET("User", user, JSON_STR, JSON_OMIT),
	SET("ExposedPorts", exposed_ports, JSON_KEYS, JSON_OMIT),
	SET("Tty", tty, JSON_FLAG, JSON_OMIT),
	SET("OpenStdin", open_stdin, JSON_FLAG, JSON_OMIT),
	SET("StdinOnce", stdin_once, JSON_FLAG, JSON_OMIT),
	SET("Env", env, JSON_STRV, JSON_OMIT),
	SET("Entrypoint", entrypoint, JSON_WORDS, JSON_OMIT),
	SET("Cmd", cmd, JSON_WORDS, JSON_OMIT),
	SET("Healthcheck", healthcheck, JSON_RAW, JSON_OMIT),
	SET("Image", image, JSON_STR, JSON_OMIT),
	SET("Volumes", volumes, JSON_KEYS, JSON_OMIT),
	SET("WorkingDir", working_dir, JSON_STR, JSON_OMIT),
	SET("OnBuild", on_build, JSON_STRV, JSON_OMIT),
	SET("Labels", labels, JSON_MAP, JSON_OMIT),
	SET("StopSignal", stop_signal, JSON_STR, JSON_OMIT),
	SET("StopTimeout", stop_timeout, JSON_OPT_I64, JSON_OMIT),
	SET("Shell", shell, JSON_STRV, JSON_OMIT),
	{},
};
const struct json_object image_settings_object = OBJECT(container_config, settings_fields);

static const struct json_field rootfs_fields[] = {
	ROW("type", image_rootfs, type, JSON_STR, JSON_REQUIRED),
	ROW("diff_ids", image_rootfs, diff_ids, JSON_STRV, JSON_EMPTY),
	{},
};
static const struct json_object rootfs_object = OBJECT(image_rootfs, rootfs_fields);

static const struct json_field history_fields[] = {
	ROW("created", image_history, created, JSON_STR, JSON_OMIT),
	ROW("created_by", image_history, created_by, JSON_STR, JSON_OMIT),
	ROW("author", image_history, author, JSON_STR, JSON_OMIT),
	ROW("comment", image_history, comment, JSON_STR, JSON_OMIT),
	ROW("empty_layer", image_history, empty_layer, JSON_FLAG, JSON_OMIT),
	{},
};
static const struct json_object history_object = OBJECT(image_history, history_fields);

#define CONF(member, field, type, flags) ROW(member, image_config, field, type, flags)
static const struct json_field config_fields[] = {
	CONF("id", id, JSON_STR, JSON_OMIT),
	CONF("parent", parent, JSON_STR, JSON_OMIT),
	CONF("created", created, JSON_STR, JSON_OMIT),
	CONF("author", author, JSON_STR, JSON_OMIT),
	CONF("architecture", architecture, JSON_STR, JSON_EMPTY),
	CONF("variant", variant, JSON_STR, JSON_OMIT),
	CONF("os", os, JSON_STR, JSON_EMPTY),
	CONF("os.version", os_version, JSON_STR, JSON_OMIT),
	CONF("os.features", os_features, JSON_STRV, JSON_OMIT),
	CONF("docker_version", docker_version, JSON_STR, JSON_OMIT),
	CONF("comment", comment, JSON_STR, JSON_OMIT),
	CONF("container", container, JSON_STR, JSON_OMIT),
	ROW_SUB("config", image_config, config, JSON_SUB, 0, image_settings_object),
	ROW_SUB("rootfs", image_config, rootfs, JSON_SUB, JSON_REQUIRED, rootfs_object),
	ROW_SUB("history", image_config, history, JSON_LIST, JSON_OMIT, history_object),
	{},
};
const struct json_object image_config_object = OBJECT(image_config, config_fields);

static const struct json_field entry_fields[] = {
	ROW("Config", image_archive_entry, config, JSON_STR, JSON_REQUIRED),
	ROW("RepoTags", image_archive_entry, repo_tags, JSON_STRV, 0),
	ROW("Layers", image_archive_entry, layers, JSON_STRV, JSON_EMPTY),
	ROW("Parent", image_archive_entry, parent, JSON_STR, JSON_OMIT),
	{},
};
static const struct json_object entry_object = OBJECT(image_archive_entry, entry_fields);

/* An array is no object: the file's top level hangs below a member that stands for the file. */
struct archive {
	struct json_list entries;
};
static const struct json_field archive_fields[] = {
	ROW_SUB("images", archive, entries, JSON_LIST, JSON_REQUIRED, entry_object),
	{},
};
static const struct json_object archive_object = OBJECT(archive, archive_fields);

bool image_media_is_index(const char *media_type)
{
	return str_eq(media_type, MEDIA_OCI_INDEX) || str_eq(media_type, MEDIA_DOCKER_INDEX);
}

bool image_media_is_manifest(const char *media_type)
{
	return str_eq(media_type, MEDIA_OCI_MANIFEST) || str_eq(media_type, MEDIA_DOCKER_MANIFEST);
}

int image_layer_compression(const char *media_type)
{
	static const struct {
		const char *media_type;
		enum image_compression compression;
	} rows[] = {
		{MEDIA_OCI_LAYER, IMAGE_PLAIN},
		{MEDIA_OCI_LAYER_GZIP, IMAGE_GZIP},
		{MEDIA_OCI_LAYER_ZSTD, IMAGE_ZSTD},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar", IMAGE_PLAIN},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", IMAGE_GZIP},
		{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", IMAGE_ZSTD},
		{MEDIA_DOCKER_LAYER, IMAGE_PLAIN},
		{MEDIA_DOCKER_LAYER_GZIP, IMAGE_GZIP},
		{MEDIA_DOCKER_LAYER_ZSTD, IMAGE_ZSTD},
		{"application/vnd.docker.image.rootfs.foreign.diff.tar", IMAGE_PLAIN},
		{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", IMAGE_GZIP},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (str_eq(rows[i].media_type, media_type))
			return (int)rows[i].compression;
	return -EINVAL;
}

static bool present(json_t *j, const char *member)
{
	json_t *value = json_object_get(j, member);

	return value && !json_is_null(value);
}

int image_kind(json_t *j, struct err *err)
{
	const char *media_type = json_string_value(json_object_get(j, "mediaType"));
	json_t *version = json_object_get(j, "schemaVersion");
	bool index, manifest;

	if (!json_is_object(j))
		return err_set(err, ERR_INVALID, "image manifest: not a JSON object");
	index = present(j, "manifests");
	manifest = present(j, "layers") || present(j, "config");
	if ((json_is_integer(version) && json_integer_value(version) == 1) ||
	    present(j, "fsLayers"))
		return err_set(err, ERR_UNSUPPORTED,
			       "image manifest: Docker's schema 1 is not supported");
	if (!json_is_integer(version) || json_integer_value(version) != 2)
		return err_set(err, ERR_INVALID, "image manifest: schemaVersion is not 2");
	if (index && manifest)
		return err_set(err, ERR_INVALID,
			       "image manifest: ambiguous: both an index and a manifest");
	if (!index && !manifest)
		return err_set(err, ERR_INVALID,
			       "image manifest: neither \"manifests\" nor \"layers\" is there");
	if (media_type &&
	    !(index ? image_media_is_index(media_type) : image_media_is_manifest(media_type)))
		return err_set(err, ERR_INVALID,
			       "image manifest: media type %.100s does not fit what it contains",
			       media_type);
	return index ? IMAGE_KIND_INDEX : IMAGE_KIND_MANIFEST;
}

static int check_descriptor(const struct image_descriptor *d, const char *what, size_t i,
			    struct err *err)
{
	int r = digest_check(d->digest, err);

	if (r < 0)
		return err_prefix(err, "%s %zu", what, i);
	if (d->size < 0)
		return err_set(err, ERR_INVALID, "%s %zu: size is negative", what, i);
	return 0;
}

static int check_descriptors(const struct json_list *list, size_t max, const char *what,
			     struct err *err)
{
	if (list->n > max)
		return err_set(err, ERR_TOO_LARGE, "%s: %zu entries, more than %zu", what, list->n,
			       max);
	for (size_t i = 0; i < list->n; i++) {
		int r = check_descriptor(JSON_AT(struct image_descriptor, list, i), what, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}

static json_t *parse(const char *text, size_t len, size_t max, const char *what, struct err *err)
{
	if (len <= max)
		return json_parse(text, len, what, err);
	(void)err_set(err, ERR_TOO_LARGE, "%s: %zu bytes, more than %zu", what, len, max);
	return NULL;
}

static int failed(const struct err *err)
{
	return err && err->code < 0 ? err->code : -EINVAL;
}

int image_index_decode(struct arena *a, const char *text, size_t len, struct image_index *out,
		       struct err *err)
{
	cleanup(json_unref) json_t *j = NULL;
	struct err local = ERR_INIT;
	int r;

	err = err ?: &local;
	j = parse(text, len, IMAGE_MANIFEST_MAX, "image index", err);
	if (!j)
		return failed(err);
	r = image_kind(j, err);
	if (r < 0)
		return r;
	if (r != IMAGE_KIND_INDEX)
		return err_set(err, ERR_INVALID, "image index: this is a manifest");
	r = json_decode(a, j, &image_index_object, out, "image index", err);
	if (r < 0)
		return r;
	return check_descriptors(&out->manifests, IMAGE_INDEX_MAX, "image index: manifest", err);
}

int image_manifest_decode(struct arena *a, const char *text, size_t len, struct image_manifest *out,
			  struct err *err)
{
	cleanup(json_unref) json_t *j = NULL;
	struct err local = ERR_INIT;
	int r;

	err = err ?: &local;
	j = parse(text, len, IMAGE_MANIFEST_MAX, "image manifest", err);
	if (!j)
		return failed(err);
	r = image_kind(j, err);
	if (r < 0)
		return r;
	if (r != IMAGE_KIND_MANIFEST)
		return err_set(err, ERR_INVALID, "image manifest: this is an index");
	r = json_decode(a, j, &image_manifest_object, out, "image manifest", err);
	if (r < 0)
		return r;
	r = check_descriptor(&out->config, "image manifest: config", 0, err);
	if (r < 0)
		return r;
	return check_descriptors(&out->layers, IMAGE_LAYERS_MAX, "image manifest: layer", err);
}

static int check_config(const struct image_config *c, struct err *err)
{
	size_t n = strv_len(c->rootfs.diff_ids), filled = 0;

	if (strcmp(c->rootfs.type, "layers") != 0)
		return err_set(err, ERR_INVALID,
			       "image configuration: rootfs.type is not \"layers\"");
	if (n > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_TOO_LARGE, "image configuration: %zu layers, more than %d",
			       n, IMAGE_LAYERS_MAX);
	for (size_t i = 0; i < n; i++)
		if (digest_check(c->rootfs.diff_ids[i], err) < 0)
			return err_prefix(err, "image configuration: rootfs.diff_ids[%zu]", i);
	if (c->history.n > IMAGE_HISTORY_MAX)
		return err_set(err, ERR_TOO_LARGE,
			       "image configuration: %zu history entries, more than %d",
			       c->history.n, IMAGE_HISTORY_MAX);
	for (size_t i = 0; i < c->history.n; i++)
		filled += !JSON_AT(struct image_history, &c->history, i)->empty_layer;
	if (filled > n)
		return err_set(err, ERR_INVALID,
			       "image configuration: too many non-empty layers in History section");
	return 0;
}

int image_config_decode(struct arena *a, const char *text, size_t len, struct image_config *out,
			struct err *err)
{
	cleanup(json_unref) json_t *j = NULL;
	struct err local = ERR_INIT;
	int r;

	err = err ?: &local;
	j = parse(text, len, IMAGE_CONFIG_MAX, "image configuration", err);
	if (!j)
		return failed(err);
	r = json_decode(a, j, &image_config_object, out, "image configuration", err);
	return r < 0 ? r : check_config(out, err);
}

static int check_entry(const struct image_archive_entry *e, size_t i, struct err *err)
{
	if (!*e->config)
		return err_set(err, ERR_INVALID, "manifest.json: image %zu has no configuration",
			       i);
	if (strv_len(e->layers) > IMAGE_LAYERS_MAX)
		return err_set(err, ERR_TOO_LARGE,
			       "manifest.json: image %zu: %zu layers, more than %d", i,
			       strv_len(e->layers), IMAGE_LAYERS_MAX);
	return 0;
}

int image_archive_decode(struct arena *a, const char *text, size_t len, struct json_list *out,
			 struct err *err)
{
	cleanup(json_unref) json_t *top = json_object();
	struct archive archive;
	struct err local = ERR_INIT;
	json_t *j;
	int r;

	err = err ?: &local;
	j = parse(text, len, IMAGE_ARCHIVE_JSON_MAX, "manifest.json", err);
	if (!j)
		return failed(err);
	if (json_object_set_new(top, "images", j) < 0)
		return err_oom(err);
	r = json_decode(a, top, &archive_object, &archive, "manifest.json", err);
	if (r < 0)
		return r;
	if (archive.entries.n > IMAGE_INDEX_MAX)
		return err_set(err, ERR_TOO_LARGE, "manifest.json: %zu images, more than %d",
			       archive.entries.n, IMAGE_INDEX_MAX);
	for (size_t i = 0; i < archive.entries.n; i++) {
		r = check_entry(JSON_AT(struct image_archive_entry, &archive.entries, i), i, err);
		if (r < 0)
			return r;
	}
	*out = archive.entries;
	return 0;
}

int image_archive_encode(struct buf *b, const struct json_list *entries, struct err *err)
{
	const struct archive archive = {.entries = *entries};
	cleanup(json_unref) json_t *j = json_encode(&archive_object, &archive);
	json_t *list = j ? json_object_get(j, "images") : NULL;

	return json_is_array(list) ? json_write(b, list, 0, err) : err_oom(err);
}

int image_check_pair(const struct image_manifest *m, const struct image_config *c, struct err *err)
{
	size_t n = strv_len(c->rootfs.diff_ids);

	if (m->layers.n != n)
		return err_set(err, ERR_CORRUPT,
			       "image: the manifest has %zu layers, the configuration %zu",
			       m->layers.n, n);
	return 0;
}
