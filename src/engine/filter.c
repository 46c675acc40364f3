// SPDX-License-Identifier: Apache-2.0
#include "engine/filter.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "spec/units.h"

int filter_check(const struct filters *f, const char *const *known, struct err *err)
{
	for (size_t i = 0; f && i < f->n; i++) {
		size_t k = 0;

		while (known[k] && strcmp(known[k], f->items[i].key) != 0)
			k++;
		if (!known[k])
			return err_set(err, ERR_INVALID, "invalid filter '%s'", f->items[i].key);
	}
	return 0;
}

bool filter_has(const struct filters *f, const char *key)
{
	for (size_t i = 0; f && i < f->n; i++)
		if (strcmp(f->items[i].key, key) == 0)
			return true;
	return false;
}

static bool any(const struct filters *f, const char *key, const char *value, bool part)
{
	bool given = false;

	for (size_t i = 0; f && i < f->n; i++) {
		if (strcmp(f->items[i].key, key) != 0)
			continue;
		given = true;
		if (value && (part ? strstr(value, f->items[i].value) != NULL
				   : strcmp(f->items[i].value, value) == 0))
			return true;
	}
	return !given;
}

bool filter_exact(const struct filters *f, const char *key, const char *value)
{
	return any(f, key, value, false);
}

bool filter_contained(const struct filters *f, const char *key, const char *value)
{
	return any(f, key, value, true);
}

int filter_flag(const struct filters *f, const char *key, struct opt_flag *ret, struct err *err)
{
	*ret = (struct opt_flag){};
	for (size_t i = 0; f && i < f->n; i++) {
		const char *v = f->items[i].value;
		bool yes = str_eq(v, "true") || str_eq(v, "1");

		if (strcmp(f->items[i].key, key) != 0)
			continue;
		if (!yes && !str_eq(v, "false") && !str_eq(v, "0"))
			return err_set(err, ERR_INVALID, "invalid filter '%s=%s'", key, v);
		if (ret->set && ret->value != yes)
			return err_set(err, ERR_INVALID, "invalid filter '%s=[true false]'", key);
		*ret = (struct opt_flag){.set = true, .value = yes};
	}
	return 0;
}

typedef const char *label_fn(const void *labels, const char *key);

static const char *map_label(const void *labels, const char *key)
{
	return labels ? json_map_get(labels, key) : NULL;
}

static const char *json_label(const void *labels, const char *key)
{
	return json_string_value(json_object_get(labels, key));
}

static bool labels_match(const struct filters *f, const void *labels, label_fn *get)
{
	for (size_t i = 0; f && i < f->n; i++) {
		bool wanted = strcmp(f->items[i].key, "label") == 0;
		const char *text = f->items[i].value, *eq = strchr(text, '='), *v;
		char key[1024];
		size_t n = eq ? (size_t)(eq - text) : strlen(text);
		bool match;

		if (!wanted && strcmp(f->items[i].key, "label!") != 0)
			continue;
		if (n >= sizeof(key))
			return false;
		memcpy(key, text, n);
		key[n] = '\0';
		v = get(labels, key);
		match = v && (!eq || strcmp(v, eq + 1) == 0);
		if (match != wanted)
			return false;
	}
	return true;
}

bool filter_labels(const struct filters *f, const struct json_map *labels)
{
	return labels_match(f, labels, map_label);
}

bool filter_json_labels(const struct filters *f, const json_t *labels)
{
	return labels_match(f, labels, json_label);
}

int filter_time(const char *text, int64_t now, int64_t *ret, struct err *err)
{
	time_t seconds = (time_t)(now / NS_PER_SEC);
	struct tm local = {};

	(void)localtime_r(&seconds, &local);
	return units_parse_time(text, now, local.tm_gmtoff, ret, err);
}

int filter_until(const struct filters *f, int64_t *ret, struct err *err)
{
	const char *value = NULL;

	*ret = INT64_MAX;
	for (size_t i = 0; f && i < f->n; i++) {
		if (strcmp(f->items[i].key, "until") != 0)
			continue;
		if (value)
			return err_set(err, ERR_INVALID, "more than one until filter specified");
		value = f->items[i].value;
	}
	return value ? filter_time(value, clock_now(), ret, err) : 0;
}
