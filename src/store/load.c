// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation
 *
 * The archive worker cuts the archive into files and hashes each; nothing of an archive is trusted
 * but these hashes. Then one of two descriptions is followed:
 *   - manifest.json (docker save, podman, skopeo): configuration and layers by file name, tags. An
 * OCI manifest of the same configuration in index.json is taken over, so that its digest stays;
 * otherwise one is made, with the layers as they came;
 *   - index.json (OCI): by digest only, names from annotations.
 * An image's id is the digest of its configuration, as everywhere.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "spec/reference.h"
#include "store/image.h"
#include "store/manifest.h"
#include "store/source.h"

#define INDEX_DEPTH_MAX 4

static int add_name(struct arena *a, struct batch_image *img, const char *name, struct err *err)
{
	struct reference ref;
	char *canonical;
	int r = reference_parse(a, name, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest) /* a digest is no tag: the image is known by its own */
		return 0;
	if (reference_default_tag(a, &ref) < 0 || !(canonical = reference_canonical(a, &ref)))
		return err_oom(err);
	if (strv_has(img->names, canonical))
		return 0;
	img->names = strv_append(a, img->names, canonical);
	return img->names ? 0 : err_oom(err);
}

/* The configuration's own part: id, text, time; *ret is the decoded document. */
static int read_config(struct source *src, struct batch_image *img, const char *digest,
		       int64_t size, struct image_config *ret, struct err *err)
{
	size_t len;
	int r = source_blob_text(src, digest, size, IMAGE_CONFIG_MAX, &img->config, &len, err);

	if (r < 0)
		return r;
	r = image_config_decode(src->b->a, img->config, len, ret, err);
	if (r < 0)
		return r;
	if (strlen(img->config) != len)
		return err_set(err, ERR_INVALID, "configuration %s contains NUL bytes", digest);
	img->id = arena_strdup(src->b->a, digest);
	if (!img->id)
		return err_oom(err);
	if (ret->created && clock_parse(ret->created, &img->created) < 0)
		img->created = 0;
	return 0;
}

static int add_layer(struct batch *b, struct batch_image *img, const char *diff_id,
		     const char *blob, const char *media_type, struct err *err)
{
	struct batch_layer *l = json_list_add(b->a, &img->layers, sizeof(*l));

	if (!l)
		return err_oom(err);
	if (!digest_is_sha256(diff_id))
		return err_set(err, ERR_UNSUPPORTED, "layer %s: only sha256 digests are supported",
			       diff_id);
	*l = (struct batch_layer){.diff_id = arena_strdup(b->a, diff_id),
				  .blob = arena_strdup(b->a, blob),
				  .media_type = arena_strdup(b->a, media_type)};
	return l->diff_id && l->blob && l->media_type ? 0 : err_oom(err);
}

/* ---- OCI ---- */

static int load_manifest(struct source *src, struct batch_image *img,
			 const struct image_descriptor *d, struct err *err)
{
	struct image_manifest m;
	struct image_config c;
	char *text;
	size_t len;
	int r = source_blob_text(src, d->digest, d->size, IMAGE_MANIFEST_MAX, &text, &len, err);

	if (r == 0)
		r = image_manifest_decode(src->b->a, text, len, &m, err);
	if (r == 0)
		r = read_config(src, img, m.config.digest, m.config.size, &c, err);
	if (r == 0)
		r = image_check_pair(&m, &c, err);
	for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
		const struct image_descriptor *l = JSON_AT(struct image_descriptor, &m.layers, i);

		if (image_layer_compression(l->media_type) < 0)
			return err_set(err, ERR_UNSUPPORTED, "layer %s: media type %s", l->digest,
				       l->media_type);
		r = source_blob(src, l->digest, l->size, err);
		if (r == 0)
			r = add_layer(src->b, img, c.rootfs.diff_ids[i], l->digest, l->media_type,
				      err);
	}
	if (r < 0)
		return r;
	img->manifest = arena_strdup(src->b->a, d->digest);
	img->manifest_type = arena_strdup(src->b->a, m.media_type ?: MEDIA_OCI_MANIFEST);
	img->manifest_size = (int64_t)len;
	return img->manifest && img->manifest_type ? 0 : err_oom(err);
}

static bool is_for_host(const struct image_descriptor *d)
{
	return !d->platform || (str_eq(d->platform->os, "linux") &&
				str_eq(d->platform->architecture, manifest_architecture()));
}

/* The manifest that a descriptor means: itself, or the host's of an index. */
static int resolve(struct source *src, const struct image_descriptor *d, int depth,
		   const struct image_descriptor **ret, struct err *err)
{
	struct image_index *index;
	char *text;
	size_t len;
	int r;

	if (!image_media_is_index(d->media_type)) {
		*ret = d;
		return 0;
	}
	index = arena_alloc(src->b->a, sizeof(*index));
	if (!index)
		return err_oom(err);
	if (depth == INDEX_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "index %s: nested too deeply", d->digest);
	r = source_blob_text(src, d->digest, d->size, IMAGE_MANIFEST_MAX, &text, &len, err);
	if (r == 0)
		r = image_index_decode(src->b->a, text, len, index, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct image_descriptor *m =
			JSON_AT(struct image_descriptor, &index->manifests, i);

		if (is_for_host(m))
			return resolve(src, m, depth + 1, ret, err);
	}
	return err_set(err, ERR_NOT_FOUND, "index %s has no image for linux/%s", d->digest,
		       manifest_architecture());
}

static int load_described(struct source *src, const struct image_descriptor *d, struct err *err)
{
	struct arena *a = src->b->a;
	struct batch_image *img = batch_image(src->b);
	const struct image_descriptor *m;
	const char *name;
	int r;

	if (!img)
		return err_oom(err);
	r = resolve(src, d, 0, &m, err);
	if (r == 0)
		r = load_manifest(src, img, m, err);
	if (r < 0)
		return r;
	name = json_map_get(&d->annotations, ANNOTATION_CONTAINERD_NAME)
		       ?: json_map_get(&d->annotations, ANNOTATION_REF_NAME);
	return name ? add_name(a, img, name, err) : 0;
}

static int load_index(struct source *src, const char *text, size_t len, struct err *err)
{
	struct image_index index;
	size_t taken = 0;
	int r = image_index_decode(src->b->a, text, len, &index, err);

	for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
		const struct image_descriptor *d =
			JSON_AT(struct image_descriptor, &index.manifests, i);

		if (!is_for_host(d) && index.manifests.n > 1)
			continue;
		r = load_described(src, d, err);
		taken++;
	}
	if (r == 0 && taken == 0)
		r = err_set(err, ERR_INVALID, "no image for linux/%s in it",
			    manifest_architecture());
	return r;
}

/* ---- docker save ---- */

/* The manifest in index.json, if there is one, that has this configuration. 1: found. */
static int find_manifest(struct source *src, const char *config, struct batch_image *img,
			 struct err *err)
{
	struct image_index index;
	struct image_manifest m;
	char *text;
	size_t len;
	int r;

	if (source_text(src, "index.json", IMAGE_MANIFEST_MAX, &text, &len, NULL) <= 0 ||
	    image_index_decode(src->b->a, text, len, &index, NULL) < 0)
		return 0;
	for (size_t i = 0; i < index.manifests.n; i++) {
		const struct image_descriptor *d = JSON_AT(struct image_descriptor,
							   &index.manifests, i),
					      *t;

		if (resolve(src, d, 0, &t, NULL) < 0 ||
		    source_blob_text(src, t->digest, t->size, IMAGE_MANIFEST_MAX, &text, &len,
				     NULL) < 0 ||
		    image_manifest_decode(src->b->a, text, len, &m, NULL) < 0 ||
		    !str_eq(m.config.digest, config))
			continue;
		r = load_manifest(src, img, t, err);
		return r < 0 ? r : 1;
	}
	return 0;
}

static int load_layers(struct source *src, struct batch_image *img,
		       const struct image_archive_entry *e, const struct image_config *c,
		       struct err *err)
{
	size_t n = strv_len(c->rootfs.diff_ids);
	int r = 0;

	if (strv_len(e->layers) != n)
		return err_set(err, ERR_INVALID, "%s: %zu layers, but the configuration lists %zu",
			       e->config, strv_len(e->layers), n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct source_file *f = source_find(src, e->layers[i]);
		const char *type = NULL;

		if (!f)
			return err_set(err, ERR_INVALID, "%s is missing in the archive",
				       e->layers[i]);
		r = batch_blob(src->b, f->digest, f->size, f->file, err);
		if (r == 0)
			r = manifest_layer_type(src->b, f->digest, &type, err);
		if (r == 0)
			r = add_layer(src->b, img, c->rootfs.diff_ids[i], f->digest, type, err);
	}
	return r;
}

static int load_entry(struct source *src, const struct image_archive_entry *e, struct err *err)
{
	struct batch_image *img = batch_image(src->b);
	const struct source_file *f;
	struct image_config c;
	int r;

	if (!img)
		return err_oom(err);
	f = source_find(src, e->config);
	if (!f)
		return err_set(err, ERR_INVALID, "%s is missing in the archive", e->config);
	r = find_manifest(src, f->digest, img, err);
	if (r == 0) {
		r = read_config(src, img, f->digest, f->size, &c, err);
		if (r == 0)
			r = load_layers(src, img, e, &c, err);
		if (r == 0)
			r = manifest_make(src->b, img, err);
	}
	for (char **t = e->repo_tags; r >= 0 && t && *t; t++)
		r = add_name(src->b->a, img, *t, err);
	return r < 0 ? r : 0;
}

static int load_docker(struct source *src, const char *text, size_t len, struct err *err)
{
	struct json_list entries;
	int r = image_archive_decode(src->b->a, text, len, &entries, err);

	for (size_t i = 0; r == 0 && i < entries.n; i++)
		r = load_entry(src, JSON_AT(struct image_archive_entry, &entries, i), err);
	return r;
}

/* ---- both ---- */

static int load_any(struct source *src, struct err *err)
{
	char *text;
	size_t len;
	int r = source_text(src, "manifest.json", IMAGE_ARCHIVE_JSON_MAX, &text, &len, err);

	if (r > 0 && src->layout < 0)
		return load_docker(src, text, len, err);
	if (r >= 0)
		r = source_text(src, "index.json", IMAGE_MANIFEST_MAX, &text, &len, err);
	if (r > 0)
		return load_index(src, text, len, err);
	if (r == 0 && src->layout < 0 && source_find(src, "repositories"))
		return err_set(
			err, ERR_UNSUPPORTED,
			"the archive has the layout of Docker before 1.10, which has no image ids");
	if (r == 0)
		return err_set(err, ERR_INVALID,
			       "not an image archive: neither manifest.json nor index.json in it");
	return r;
}

int store_load(struct store *s, struct arena *a, int fd, const char *dir, struct json_list *out,
	       struct err *err)
{
	cleanup(batch_done) struct batch b = {};
	cleanup_fd int layout = -EBADF;
	struct source src;
	int r = batch_begin(&b, s, a, err);

	if (r < 0)
		return r;
	if (dir) {
		layout = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (layout < 0)
			return err_sys(err, errno, "open %s", dir);
		source_layout(&src, &b, layout);
	} else {
		r = source_archive(&src, &b, fd, err);
	}
	if (r == 0)
		r = load_any(&src, err);
	if (r == 0)
		r = batch_commit(&b, err);
	return r < 0 ? r : manifest_result(&b, out, err);
}
