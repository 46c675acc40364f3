// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation
 *
 * The archive worker cuts the archive into files and hashes each; nothing of an archive is trusted
 * but these hashes. What its documents describe is decided by store/plan, which does nothing; then
 * the blobs that the plan names are taken over, images without a manifest get one with the layers
 * as they came, and the batch is committed. An image's id is the digest of its configuration, as
 * everywhere.
 */
#include <fcntl.h>

#include "store/image.h"
#include "store/manifest.h"
#include "store/plan.h"
#include "store/source.h"

static int find(void *data, const char *name, const char **digest, int64_t *size,
		struct err *err UNUSED)
{
	const struct source_file *f = source_find(data, name);

	if (!f)
		return 0;
	*digest = f->digest;
	*size = f->size;
	return 1;
}

static int text(void *data, const char *digest, int64_t size, size_t max, char **text, size_t *len,
		struct err *err)
{
	return source_blob_text(data, digest, size, max, text, len, err);
}

static int named(void *data, const char *name, size_t max, char **text, size_t *len,
		 struct err *err)
{
	return source_text(data, name, max, text, len, err);
}

static int take_layer(struct source *src, struct batch_image *img, const struct plan_layer *p,
		      struct err *err)
{
	struct batch_layer *l = json_list_add(src->b->a, &img->layers, sizeof(*l));
	const char *type = p->media_type;
	int r;

	if (!l)
		return err_oom(err);
	r = source_blob(src, p->blob, p->size, err);
	if (r == 0 && !type)
		r = manifest_layer_type(src->b, p->blob, &type, err);
	*l = (struct batch_layer){
		.diff_id = p->diff_id, .blob = p->blob, .media_type = (char *)type};
	return r;
}

static int take_image(struct source *src, const struct plan_image *p, struct err *err)
{
	struct batch_image *img = batch_image(src->b);
	int r;

	if (!img)
		return err_oom(err);
	img->id = p->id;
	img->config = p->config;
	img->created = p->created;
	img->names = p->names;
	r = source_blob(src, p->id, -1, err);
	for (size_t i = 0; r == 0 && i < p->layers.n; i++)
		r = take_layer(src, img, JSON_AT(struct plan_layer, &p->layers, i), err);
	if (r < 0)
		return r;
	if (!p->manifest)
		return manifest_make(src->b, img, err);
	img->manifest = p->manifest;
	img->manifest_type = p->manifest_type;
	img->manifest_size = p->manifest_size;
	return source_blob(src, p->manifest, p->manifest_size, err);
}

static int take_all(struct source *src, const struct platform *platform, struct err *err)
{
	const struct platform host = platform_host();

	const struct plan_files files = {.data = src,
					 .layout = src->layout >= 0,
					 .find = find,
					 .text = text,
					 .named = named};
	struct json_list images = {};
	int r = plan_images(src->b->a, &files, platform ? platform : &host, platform, &images, err);

	for (size_t i = 0; r == 0 && i < images.n; i++)
		r = take_image(src, JSON_AT(struct plan_image, &images, i), err);
	return r;
}

int store_load(struct store *s, struct arena *a, int fd, const char *dir,
	       const struct platform *platform, struct json_list *out, struct err *err)
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
		r = take_all(&src, platform, err);
	if (r == 0)
		r = batch_commit(&b, err);
	return r < 0 ? r : manifest_result(&b, out, err);
}
