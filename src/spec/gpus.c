// SPDX-License-Identifier: Apache-2.0
#include "spec/gpus.h"

#include "base/str.h"
#include "spec/csv.h"

struct request {
	const char *driver;
	int64_t count;
	bool counted;
	char **ids, **capabilities;
	struct json_map options;
};

static int set_options(struct arena *a, struct request *q, char **pairs)
{
	for (; pairs && *pairs; pairs++) {
		char *eq = strchr(*pairs, '=');

		if (eq)
			*eq = '\0';
		if (json_map_set(a, &q->options, *pairs, eq ? eq + 1 : "") < 0)
			return -ENOMEM;
	}
	return 0;
}

static int set_count(struct request *q, const char *s, struct err *err)
{
	q->counted = true;
	if (str_eq(s, "all"))
		q->count = -1;
	else if (str_to_i64(s, &q->count) < 0)
		return err_set(err, ERR_INVALID,
			       "invalid count (%.100s): value must be either \"all\" or an integer",
			       s);
	return 0;
}

static int set_field(struct arena *a, struct request *q, char *field, struct err *err)
{
	char *value = strchr(field, '='), **list;

	if (!value)
		return set_count(q, field, err);
	*value++ = '\0';
	if (str_eq(field, "count"))
		return set_count(q, value, err);
	if (str_eq(field, "driver")) {
		q->driver = value;
		return 0;
	}
	list = strv_split(a, value, ',', 0);
	if (!list)
		return err_oom(err);
	if (str_eq(field, "device"))
		q->ids = list;
	else if (str_eq(field, "capabilities"))
		q->capabilities = list;
	else if (str_eq(field, "options"))
		return set_options(a, q, list) < 0 ? err_oom(err) : 0;
	else
		return err_set(err, ERR_INVALID, "unexpected key '%.100s' in '%.100s=%.100s'",
			       field, field, value);
	return 0;
}

static json_t *strings(char *const *list)
{
	json_t *j = json_array();

	for (; j && list && *list; list++)
		if (json_array_append_new(j, json_string(*list)) < 0) {
			json_decref(j);
			return NULL;
		}
	return j;
}

int gpus_parse(struct arena *a, const char *s, json_t **ret, struct err *err)
{
	struct request q = {.driver = ""};
	json_t *options;
	char **fields;
	int r = csv_parse(a, s, &fields, err);

	for (char **f = r < 0 ? NULL : fields; r == 0 && f && *f; f++)
		r = set_field(a, &q, *f, err);
	if (r < 0)
		return r;
	if (q.counted && q.ids)
		return err_set(err, ERR_INVALID,
			       "cannot set both Count and DeviceIDs on device "
			       "request");
	if (!q.counted && !q.ids)
		q.count = 1;
	if (!strv_has(q.capabilities, "gpu"))
		q.capabilities = strv_append(a, q.capabilities, "gpu");
	options = json_object();
	for (size_t i = 0; i < q.options.n; i++)
		(void)json_object_set_new(options, q.options.items[i].key,
					  json_string(q.options.items[i].value));
	*ret = json_pack("{s:s,s:I,s:o,s:[o],s:o}", "Driver", q.driver, "Count",
			 (json_int_t)q.count, "DeviceIDs", q.ids ? strings(q.ids) : json_null(),
			 "Capabilities", strings(q.capabilities), "Options", options);
	return *ret ? 0 : err_oom(err);
}
