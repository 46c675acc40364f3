// SPDX-License-Identifier: Apache-2.0
#include "store/manifest.h"

#include <string.h>

#include "base/fd.h"
#include "base/str.h"
#include "spec/image.h"
#include "store/image.h"

#define TEXT_MAX ((size_t)4 << 20)

int manifest_layer_type(struct batch *b, const char *digest, const char **ret, struct err *err)
{
	cleanup_fd int fd = batch_open_blob(b, digest, err);
	char magic[4] = {};
	ssize_t n = fd < 0 ? fd : fd_read(fd, magic, sizeof(magic));

	if (fd < 0)
		return fd;
	if (n < 0)
		return err_sys(err, (int)n, "read blob %s", digest);
	*ret = MEDIA_OCI_LAYER;
	if (memcmp(magic, "\x1f\x8b\x08", 3) == 0)
		*ret = MEDIA_OCI_LAYER_GZIP;
	else if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		*ret = MEDIA_OCI_LAYER_ZSTD;
	return 0;
}

static int add_descriptor(struct batch *b, json_t *to, const char *type, const char *digest,
			  struct err *err)
{
	const struct batch_blob *blob = batch_find_blob(b, digest);
	int r;

	if (!blob)
		return err_set(err, ERR_CORRUPT, "blob %s is missing", digest);
	r = json_object_set_new(to, "mediaType", json_string(type));
	r |= json_object_set_new(to, "digest", json_string(digest));
	r |= json_object_set_new(to, "size", json_integer(blob->size));
	return r ? err_oom(err) : 0;
}

int manifest_make(struct batch *b, struct batch_image *img, struct err *err)
{
	cleanup(json_unref) json_t *m =
		json_pack("{s:i, s:s, s:{}, s:[]}", "schemaVersion", 2, "mediaType",
			  MEDIA_OCI_MANIFEST, "config", "layers");
	cleanup(buf_done) struct buf text = BUF_INIT(TEXT_MAX);
	int r = m ? add_descriptor(b, json_object_get(m, "config"), MEDIA_OCI_CONFIG, img->id, err)
		  : err_oom(err);

	for (size_t i = 0; r == 0 && i < img->layers.n; i++) {
		const struct batch_layer *l = JSON_AT(struct batch_layer, &img->layers, i);
		json_t *d = json_object();

		if (!d || json_array_append_new(json_object_get(m, "layers"), d) < 0)
			return err_oom(err);
		r = add_descriptor(b, d, l->media_type, l->blob, err);
	}
	if (r == 0)
		r = json_write(&text, m, 0, err);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		r = batch_text(b, text.data, text.len, &img->manifest, err);
	img->manifest_type = (char *)MEDIA_OCI_MANIFEST;
	img->manifest_size = (int64_t)text.len;
	return r;
}

int manifest_result(struct batch *b, struct json_list *out, struct err *err)
{
	for (size_t i = 0; i < b->images.n; i++) {
		const struct batch_image *img = JSON_AT(struct batch_image, &b->images, i);
		struct store_image *si = json_list_add(b->a, out, sizeof(*si));
		int r = si ? image_by_id(b->s, b->a, img->id, si, err) : err_oom(err);

		if (r < 0)
			return r;
		if (r == 0) /* removed by somebody at once */
			out->n--;
		else
			si->names = img->names ?: strv_dup(b->a, NULL);
	}
	return 0;
}
