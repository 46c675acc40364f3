// SPDX-License-Identifier: Apache-2.0
/* Which images the documents of an archive describe: whatever comes out must be usable as it is. */
#include <stdint.h>
#include <stdlib.h>

#include "../../unit/store/papers.h"
#include "spec/image.h"
#include "spec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool what)
{
	if (!what)
		abort();
}

static void check(struct arena *a, const struct plan_image *img)
{
	struct reference ref;
	struct image_config c;

	demand(digest_is_sha256(img->id) && img->config && img->layers.n <= IMAGE_LAYERS_MAX);
	demand(image_config_decode(a, img->config, strlen(img->config), &c, NULL) == 0);
	demand(strv_len(c.rootfs.diff_ids) == img->layers.n);
	demand(!img->manifest == !img->manifest_type);
	demand(!img->manifest || digest_is_sha256(img->manifest));
	for (size_t i = 0; i < img->layers.n; i++) {
		const struct plan_layer *l = JSON_AT(struct plan_layer, &img->layers, i);

		demand(digest_is_sha256(l->blob) && str_eq(l->diff_id, c.rootfs.diff_ids[i]));
		demand(!l->media_type == !img->manifest);
		demand(!l->media_type || image_layer_compression(l->media_type) >= 0);
	}
	for (char **n = img->names; n && *n; n++)
		demand(reference_parse(a, *n, &ref, NULL) == 0 && ref.tag && !ref.digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct papers p = {.a = a, .text = (const char *)data, .len = size};
	struct json_list images = {};

	if (papers_plan(&p, &images, NULL) < 0)
		return 0;
	for (size_t i = 0; i < images.n; i++)
		check(a, JSON_AT(struct plan_image, &images, i));
	return 0;
}
