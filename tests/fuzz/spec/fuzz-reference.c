// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/digest.h"
#include "spec/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was accepted must read back as itself, from each way of writing it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *text = arena_strndup(a, (const char *)data, size);
	struct reference ref, again;
	char *canonical, *familiar;

	(void)digest_check(text, NULL);
	if (reference_parse(a, text, &ref, NULL) < 0)
		return 0;
	canonical = reference_canonical(a, &ref);
	familiar = reference_familiar(a, &ref);
	if (reference_parse(a, canonical, &again, NULL) < 0 ||
	    strcmp(canonical, reference_canonical(a, &again)) != 0)
		abort();
	if (reference_parse(a, familiar, &again, NULL) < 0 ||
	    strcmp(canonical, reference_canonical(a, &again)) != 0)
		abort();
	return 0;
}
