// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "spec/cdi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What decodes has devices with names that are found again, and nothing relative in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct cdi_spec s;

	if (cdi_spec_decode(a, (const char *)data, size, "fuzz", &s, NULL) < 0)
		return 0;
	for (size_t i = 0; i < s.devices.n; i++) {
		const struct cdi_device *d = JSON_AT(struct cdi_device, &s.devices, i);
		char *name = arena_printf(a, "%s=%s", s.kind, d->name);
		struct cdi_name n;

		if (cdi_spec_find(&s, d->name) != d ||
		    (name && cdi_name_parse(a, name, &n, NULL) < 0))
			abort();
		for (size_t k = 0; k < d->edits.mounts.n; k++)
			if (JSON_AT(struct cdi_mount, &d->edits.mounts, k)->host_path[0] != '/')
				abort();
	}
	return 0;
}
