// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "spec/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(json_unref) json_t *j = json_parse((const char *)data, size, "input", NULL),
				   *out = NULL;
	struct container_create c;
	struct container_state s;

	(void)container_state_decode(a, (const char *)data, size, &s, NULL);
	if (!j || container_create_decode(a, j, &c, NULL) < 0)
		return 0;
	out = container_create_encode(&c);
	if (!out || container_create_decode(a, out, &c, NULL) < 0)
		abort();
	return 0;
}
