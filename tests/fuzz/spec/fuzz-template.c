// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "base/json.h"
#include "spec/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
	"{\"ID\":\"abc\",\"N\":3,\"F\":1.5,\"Nil\":null,\"Yes\":true,\"L\":[1,"
	"\"b\",[2],{\"k\":null}],"
	"\"M\":{\"a\":\"1\",\"b\":{\"c\":[]}},\"Label\":{\"x\":\"y\"}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(json_unref) json_t *root =
		json_parse(document, sizeof(document) - 1, "document", NULL);
	char *text = arena_strndup(a, (const char *)data, size);
	struct template *t;

	if (template_parse(a, text, &t, NULL) < 0)
		return 0;
	for (int flags = 0; flags < 8; flags++) {
		cleanup(buf_done) struct buf out = BUF_INIT(64 << 10);

		(void)template_execute(t, root, flags, "row", &out, NULL);
	}
	(void)template_uses(t, "ID");
	return 0;
}
