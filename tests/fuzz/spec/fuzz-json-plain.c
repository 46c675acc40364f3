// SPDX-License-Identifier: Apache-2.0
/* What the short way from text to struct takes, the long way takes too, and to the same end. The first byte
 * chooses the table. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json-plain.h"
#include "spec/container.h"
#include "spec/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct json_object *const tables[] = {&container_state_object, &oci_process_object,
						    &oci_resources_object, &oci_spec_object};
	cleanup(arena_free) struct arena *a = arena_new(64 << 20);
	cleanup(buf_done) struct buf one = BUF_INIT(16 << 20), other = BUF_INIT(16 << 20);
	const struct json_object *o = size ? tables[data[0] % ARRAY_SIZE(tables)] : NULL;
	const char *text = (const char *)data + 1;
	json_t *j;
	void *x;

	if (!o)
		return 0;
	x = arena_alloc(a, o->size);
	if (!json_plain_decode(a, text, size - 1, o, x))
		return 0;
	j = json_parse(text, size - 1, "text", NULL);
	if (!j || json_encode_text(&one, o, x, NULL) < 0 ||
	    json_decode(a, j, o, x, "text", NULL) < 0 || json_encode_text(&other, o, x, NULL) < 0 ||
	    one.len != other.len || memcmp(one.data, other.data, one.len) != 0)
		abort();
	json_decref(j);
	return 0;
}
