// SPDX-License-Identifier: Apache-2.0
#include "engine/filter.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"

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

/* SECONDS[.FRACTION] since 1970. */
static int unix_time(const char *text, int64_t *ret)
{
	size_t n = strspn(text, "0123456789"),
	       digits = text[n] == '.' ? strspn(text + n + 1, "0123456789") : 0;
	char whole[24];
	uint64_t sec;
	int64_t ns = 0;

	if (n == 0 || n >= sizeof(whole) || text[n + (text[n] == '.' ? digits + 1 : 0)])
		return -EINVAL;
	memcpy(whole, text, n);
	whole[n] = '\0';
	if (str_to_u64(whole, &sec) < 0 || sec > INT64_MAX / NS_PER_SEC - 1)
		return -ERANGE;
	for (size_t i = 0; i < 9; i++)
		ns = ns * 10 + (i < digits ? text[n + 1 + i] - '0' : 0);
	*ret = (int64_t)sec * NS_PER_SEC + ns;
	return 0;
}

int filter_time(const char *text, UNUSED int64_t now, int64_t *ret, struct err *err)
{
	static const char rest[] = "0000-00-00T00:00:00Z";
	char full[64];
	size_t n = strlen(text);

	if (unix_time(text, ret) == 0 || clock_parse(text, ret) == 0)
		return 0;
	/* A date or a time without zone: what is missing is taken from `rest` (UTC). */
	if (n >= 10 && n < sizeof(rest) && text[4] == '-') {
		memcpy(full, text, n);
		memcpy(full + n, rest + n, sizeof(rest) - n);
		if (clock_parse(full, ret) == 0)
			return 0;
	}
	return err_set(err, ERR_INVALID, "failed to parse value as time or duration: \"%s\"", text);
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
