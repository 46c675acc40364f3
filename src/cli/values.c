// SPDX-License-Identifier: Apache-2.0
#include "cli/values.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "engine/engine.h"
#include "spec/units.h"

/* KEY=VALUE, both trimmed, the key in lower case. */
int value_filter(struct arena *a, const char *value, void *dest, struct err *err)
{
	struct filters *f = dest;
	const char *equals = strchr(value, '=');
	struct filter *grown, *last;

	if (!equals)
		return err_set(err, ERR_INVALID, "invalid filter '%s'", value);
	grown = arena_calloc(a, f->n + 1, sizeof(*grown));
	if (!grown)
		return err_oom(err);
	if (f->n)
		memcpy(grown, f->items, f->n * sizeof(*grown));
	last = &grown[f->n];
	last->key = arena_strndup(a, value, (size_t)(equals - value));
	last->value = arena_strdup(a, equals + 1);
	if (!last->key || !last->value)
		return err_oom(err);
	for (char *s = last->key; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	f->items = grown;
	f->n++;
	return 0;
}

int value_size(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	return units_parse_size(value, dest, err);
}

int value_swap(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	if (str_eq(value, "-1")) {
		*(int64_t *)dest = -1;
		return 0;
	}
	return units_parse_size(value, dest, err);
}

int value_cpus(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	return units_parse_cpus(value, dest, err);
}

int value_duration(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	return units_parse_duration(value, dest, err);
}
