// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "spec/units.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *s = arena_strndup(a, (const char *)data, size), text[UNITS_TEXT_MAX];
	int64_t v, again;

	if (units_parse_size(s, &v, NULL) == 0) {
		if (v < 0)
			abort();
		units_format_size(v, 3, text);
		units_format_size_binary(v, text);
	}
	if (units_parse_duration(s, &v, NULL) == 0) {
		units_format_human(v, text);
		units_format_duration(v, text);
		if (units_parse_duration(text, &again, NULL) < 0 || again != v)
			abort();
	}
	(void)units_parse_time(s, INT64_C(1700000000) * NS_PER_SEC, 3600, &v, NULL);
	(void)units_parse_cpus(s, &v, NULL);
	return 0;
}
