// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "spec/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever decodes must encode, and decode again. */
static void again(struct arena *a, const struct json_object *object, const void *in, void *out)
{
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)64 << 20);

	if (json_encode_text(&b, object, in, NULL) < 0 ||
	    json_decode_text(a, b.data, b.len, object, out, "again", NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	const char *text = (const char *)data;
	struct image_manifest m;
	struct image_index x;
	struct image_config c;
	struct json_list list;

	if (image_manifest_decode(a, text, size, &m, NULL) == 0)
		again(a, &image_manifest_object, &m, &m);
	if (image_index_decode(a, text, size, &x, NULL) == 0)
		again(a, &image_index_object, &x, &x);
	if (image_config_decode(a, text, size, &c, NULL) == 0)
		again(a, &image_config_object, &c, &c);
	(void)image_archive_decode(a, text, size, &list, NULL);
	return 0;
}
