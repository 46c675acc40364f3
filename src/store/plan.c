// SPDX-License-Identifier: Apache-2.0
#include "store/plan.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "spec/reference.h"

#define INDEX_DEPTH_MAX 4

struct known { /* a manifest that index.json leads to */
	const struct image_descriptor *descriptor;
	char *config; /* digest */
};

struct plan {
	struct arena *a;
	const struct plan_files *files;
	const struct platform *want;
	const char *want_text;
	bool must;
	struct json_list known; /* struct known; of archives that have both descriptions */
};

static int read_blob(struct plan *p, const char *digest, int64_t size, size_t max, char **text,
		     size_t *len, struct err *err)
{
	if (!digest_is_sha256(digest))
		return err_set(err, ERR_UNSUPPORTED, "blob %s: only sha256 digests are supported",
			       digest);
	return p->files->text(p->files->data, digest, size, max, text, len, err);
}

static int add_name(struct plan *p, struct plan_image *img, const char *name, struct err *err)
{
	struct reference ref;
	char *canonical;
	int r = reference_parse(p->a, name, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest) /* a digest is no tag: the image is known by its own */
		return 0;
	if (reference_default_tag(p->a, &ref) < 0 || !(canonical = reference_canonical(p->a, &ref)))
		return err_oom(err);
	if (strv_has(img->names, canonical))
		return 0;
	img->names = strv_append(p->a, img->names, canonical);
	return img->names ? 0 : err_oom(err);
}

/* The configuration's own part: id, text, time; *ret is the decoded document. */
static int read_config(struct plan *p, struct plan_image *img, const char *digest, int64_t size,
		       struct image_config *ret, struct err *err)
{
	struct platform is;
	size_t len;
	int r = read_blob(p, digest, size, IMAGE_CONFIG_MAX, &img->config, &len, err);

	if (r < 0)
		return r;
	r = image_config_decode(p->a, img->config, len, ret, err);
	if (r < 0)
		return r;
	if (strlen(img->config) != len)
		return err_set(err, ERR_INVALID, "configuration %s contains NUL bytes", digest);
	is = platform_normalise(ret->os, ret->architecture, ret->variant);
	if (p->must && !platform_match(p->want, &is))
		return err_set(err, ERR_NOT_FOUND, "image %.19s is for %s, not for %s", digest,
			       platform_format(p->a, &is) ?: "?", p->want_text);
	img->id = arena_strdup(p->a, digest);
	if (!img->id)
		return err_oom(err);
	if (ret->created && clock_parse(ret->created, &img->created) < 0)
		img->created = 0;
	return 0;
}

static int add_layer(struct plan *p, struct plan_image *img, const char *diff_id, const char *blob,
		     int64_t size, const char *media_type, struct err *err)
{
	struct plan_layer *l = json_list_add(p->a, &img->layers, sizeof(*l));
	const char *bad = !digest_is_sha256(diff_id) ? diff_id
			  : !digest_is_sha256(blob)  ? blob
						     : NULL;

	if (!l)
		return err_oom(err);
	if (bad)
		return err_set(err, ERR_UNSUPPORTED, "layer %s: only sha256 digests are supported",
			       bad);
	*l = (struct plan_layer){.diff_id = arena_strdup(p->a, diff_id),
				 .blob = arena_strdup(p->a, blob),
				 .size = size,
				 .media_type = arena_strdup(p->a, media_type)};
	return l->diff_id && l->blob && (l->media_type || !media_type) ? 0 : err_oom(err);
}

/* ---- OCI ---- */

static int read_manifest(struct plan *p, const struct image_descriptor *d, struct image_manifest *m,
			 size_t *len, struct err *err)
{
	char *text;
	int r = read_blob(p, d->digest, d->size, IMAGE_MANIFEST_MAX, &text, len, err);

	return r < 0 ? r : image_manifest_decode(p->a, text, *len, m, err);
}

static int follow_manifest(struct plan *p, struct plan_image *img, const struct image_descriptor *d,
			   struct err *err)
{
	struct image_manifest m;
	struct image_config c;
	size_t len;
	int r = read_manifest(p, d, &m, &len, err);

	if (r == 0)
		r = read_config(p, img, m.config.digest, m.config.size, &c, err);
	if (r == 0)
		r = image_check_pair(&m, &c, err);
	for (size_t i = 0; r == 0 && i < m.layers.n; i++) {
		const struct image_descriptor *l = JSON_AT(struct image_descriptor, &m.layers, i);

		if (image_layer_compression(l->media_type) < 0)
			return err_set(err, ERR_UNSUPPORTED, "layer %s: media type %s", l->digest,
				       l->media_type);
		r = add_layer(p, img, c.rootfs.diff_ids[i], l->digest, l->size, l->media_type, err);
	}
	if (r < 0)
		return r;
	img->manifest = arena_strdup(p->a, d->digest);
	img->manifest_type = arena_strdup(p->a, m.media_type ?: MEDIA_OCI_MANIFEST);
	img->manifest_size = (int64_t)len;
	return img->manifest && img->manifest_type ? 0 : err_oom(err);
}

/* 0: not at all; the higher the better. */
static int fits(const struct plan *p, const struct image_descriptor *d)
{
	const struct image_platform *x = d->platform;
	struct platform is;

	if (!x)
		return 1;
	is = platform_normalise(x->os, x->architecture, x->variant);
	return platform_match(p->want, &is);
}

static const struct image_descriptor *best(const struct plan *p, const struct image_index *index)
{
	const struct image_descriptor *found = NULL;
	int score = 0;

	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct image_descriptor *d =
			JSON_AT(struct image_descriptor, &index->manifests, i);

		if (fits(p, d) > score) {
			score = fits(p, d);
			found = d;
		}
	}
	return found;
}

/* The manifest that a descriptor means: itself, or the best of an index. */
static int resolve(struct plan *p, const struct image_descriptor *d, int depth,
		   const struct image_descriptor **ret, struct err *err)
{
	const struct image_descriptor *m;
	struct image_index *index;
	char *text;
	size_t len;
	int r;

	if (!image_media_is_index(d->media_type)) {
		*ret = d;
		return 0;
	}
	index = arena_alloc(p->a, sizeof(*index));
	if (!index)
		return err_oom(err);
	if (depth == INDEX_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "index %s: nested too deeply", d->digest);
	r = read_blob(p, d->digest, d->size, IMAGE_MANIFEST_MAX, &text, &len, err);
	if (r == 0)
		r = image_index_decode(p->a, text, len, index, err);
	if (r < 0)
		return r;
	m = best(p, index);
	if (m)
		return resolve(p, m, depth + 1, ret, err);
	return err_set(err, ERR_NOT_FOUND, "index %s has no image for %s", d->digest, p->want_text);
}

static int follow_described(struct plan *p, const struct image_descriptor *d, struct json_list *out,
			    struct err *err)
{
	struct plan_image *img = json_list_add(p->a, out, sizeof(*img));
	const struct image_descriptor *m;
	const char *name;
	int r;

	if (!img)
		return err_oom(err);
	r = resolve(p, d, 0, &m, err);
	if (r == 0)
		r = follow_manifest(p, img, m, err);
	if (r < 0)
		return r;
	name = json_map_get(&d->annotations, ANNOTATION_CONTAINERD_NAME)
		       ?: json_map_get(&d->annotations, ANNOTATION_REF_NAME);
	return name ? add_name(p, img, name, err) : 0;
}

static int follow_index(struct plan *p, const char *text, size_t len, struct json_list *out,
			struct err *err)
{
	struct image_index index;
	size_t taken = 0;
	int r = image_index_decode(p->a, text, len, &index, err);

	for (size_t i = 0; r == 0 && i < index.manifests.n; i++) {
		const struct image_descriptor *d =
			JSON_AT(struct image_descriptor, &index.manifests, i);

		if (!fits(p, d) && (index.manifests.n > 1 || p->must))
			continue;
		r = follow_described(p, d, out, err);
		taken++;
	}
	if (r == 0 && taken == 0)
		r = err_set(err, ERR_INVALID, "no image for %s in it", p->want_text);
	return r;
}

/* ---- docker save ---- */

/* What index.json leads to, read once for all images of the archive; what of it is broken, is not
 * there. Only a lack of memory is an error. */
static int learn_manifests(struct plan *p, struct err *err)
{
	struct image_index *index = arena_alloc(p->a, sizeof(*index));
	char *text;
	size_t len;

	if (!index)
		return err_oom(err);
	if (p->files->named(p->files->data, "index.json", IMAGE_MANIFEST_MAX, &text, &len, NULL) <=
		    0 ||
	    image_index_decode(p->a, text, len, index, NULL) < 0)
		return 0;
	for (size_t i = 0; i < index->manifests.n; i++) {
		const struct image_descriptor *d =
			JSON_AT(struct image_descriptor, &index->manifests, i);
		struct image_manifest m;
		struct known *k;

		if (resolve(p, d, 0, &d, NULL) < 0 || read_manifest(p, d, &m, &len, NULL) < 0)
			continue;
		k = json_list_add(p->a, &p->known, sizeof(*k));
		if (!k)
			return err_oom(err);
		*k = (struct known){.descriptor = d, .config = m.config.digest};
	}
	return 0;
}

static const struct image_descriptor *find_manifest(const struct plan *p, const char *config)
{
	for (size_t i = 0; i < p->known.n; i++)
		if (str_eq(JSON_AT(struct known, &p->known, i)->config, config))
			return JSON_AT(struct known, &p->known, i)->descriptor;
	return NULL;
}

static int find_file(struct plan *p, const char *name, const char **digest, int64_t *size,
		     struct err *err)
{
	int r = p->files->find(p->files->data, name, digest, size, err);

	return r == 0 ? err_set(err, ERR_INVALID, "%s is missing in the archive", name)
		      : MIN_OF(r, 0);
}

static int follow_files(struct plan *p, struct plan_image *img, const struct image_archive_entry *e,
			const struct image_config *c, struct err *err)
{
	size_t n = strv_len(c->rootfs.diff_ids);
	int r = 0;

	if (strv_len(e->layers) != n)
		return err_set(err, ERR_INVALID, "%s: %zu layers, but the configuration lists %zu",
			       e->config, strv_len(e->layers), n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *digest;
		int64_t size;

		r = find_file(p, e->layers[i], &digest, &size, err);
		if (r == 0)
			r = add_layer(p, img, c->rootfs.diff_ids[i], digest, size, NULL, err);
	}
	return r;
}

static int follow_entry(struct plan *p, const struct image_archive_entry *e, struct json_list *out,
			struct err *err)
{
	struct plan_image *img = json_list_add(p->a, out, sizeof(*img));
	const struct image_descriptor *known;
	struct image_config c;
	const char *digest;
	int64_t size;
	int r;

	if (!img)
		return err_oom(err);
	r = find_file(p, e->config, &digest, &size, err);
	if (r < 0)
		return r;
	known = find_manifest(p, digest);
	if (known) {
		r = follow_manifest(p, img, known, err);
	} else {
		r = read_config(p, img, digest, size, &c, err);
		if (r == 0)
			r = follow_files(p, img, e, &c, err);
	}
	for (char **t = e->repo_tags; r == 0 && t && *t; t++)
		r = add_name(p, img, *t, err);
	return r;
}

static int follow_archive(struct plan *p, const char *text, size_t len, struct json_list *out,
			  struct err *err)
{
	struct json_list entries;
	int r = image_archive_decode(p->a, text, len, &entries, err);

	if (r == 0)
		r = learn_manifests(p, err);
	for (size_t i = 0; r == 0 && i < entries.n; i++)
		r = follow_entry(p, JSON_AT(struct image_archive_entry, &entries, i), out, err);
	return r;
}

/* ---- both ---- */

int plan_images(struct arena *a, const struct plan_files *files, const struct platform *want,
		bool must, struct json_list *out, struct err *err)
{
	struct plan p = {.a = a,
			 .files = files,
			 .want = want,
			 .want_text = platform_format(a, want),
			 .must = must};
	const char *digest;
	int64_t size;
	char *text;
	size_t len;
	int r = p.want_text ? 0 : err_oom(err);

	if (r == 0 && !files->layout)
		r = files->named(files->data, "manifest.json", IMAGE_ARCHIVE_JSON_MAX, &text, &len,
				 err);
	if (r > 0)
		return follow_archive(&p, text, len, out, err);
	if (r == 0)
		r = files->named(files->data, "index.json", IMAGE_MANIFEST_MAX, &text, &len, err);
	if (r > 0)
		return follow_index(&p, text, len, out, err);
	if (r == 0 && !files->layout)
		r = files->find(files->data, "repositories", &digest, &size, err);
	if (r > 0)
		return err_set(
			err, ERR_UNSUPPORTED,
			"the archive has the layout of Docker before 1.10, which has no image ids");
	if (r == 0)
		return err_set(err, ERR_INVALID,
			       "not an image archive: neither manifest.json nor index.json in it");
	return r;
}
