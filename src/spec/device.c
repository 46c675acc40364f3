// SPDX-License-Identifier: Apache-2.0
#include "spec/device.h"

#include "base/path.h"
#include "base/str.h"
#include "spec/cdi.h"

bool device_permissions_valid(const char *s)
{
	if (!*s || strlen(s) > 3)
		return false;
	for (const char *p = s; *p; p++)
		if (!strchr("rwm", *p) || strchr(p + 1, *p))
			return false;
	return true;
}

int device_parse(struct arena *a, const char *s, struct container_device *out, struct err *err)
{
	char **parts = strv_split(a, s, ':', 0);
	size_t n = strv_len(parts);
	char *inside;

	if (!parts)
		return err_oom(err);
	if (cdi_is_name(s)) {
		*out = (struct container_device){.path_on_host = arena_strdup(a, s)};
		return out->path_on_host ? 0 : err_oom(err);
	}
	if (n < 1 || n > 3 || !*parts[0])
		return err_set(err, ERR_INVALID, "bad format for path: %.300s", s);
	if (n == 3 && !device_permissions_valid(parts[2]))
		return err_set(err, ERR_INVALID, "bad mode specified: %.300s", parts[2]);
	inside = n == 1 || (n == 2 && device_permissions_valid(parts[1])) ? parts[0] : parts[1];
	if (inside[0] != '/')
		return err_set(err, ERR_INVALID, "%.300s is not an absolute path", inside);
	*out = (struct container_device){
		.path_on_host = parts[0],
		.path_in_container = path_clean(a, inside),
		.cgroup_permissions = n == 3                         ? parts[2]
				      : n == 2 && inside == parts[0] ? parts[1]
								     : arena_strdup(a, "rwm"),
	};
	return out->path_in_container && out->cgroup_permissions ? 0 : err_oom(err);
}

static int bad_rule(const char *s, struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid device cgroup format '%.200s'", s);
}

/* "*" or a device number, up to the character `end`. */
static const char *rule_number(const char *s, char end, int64_t *ret)
{
	char text[12];
	size_t n;

	if (s[0] == '*') {
		*ret = -1;
		return s[1] == end ? s + 2 : NULL;
	}
	n = strspn(s, "0123456789");
	if (n == 0 || n >= sizeof(text) || s[n] != end)
		return NULL;
	memcpy(text, s, n);
	text[n] = '\0';
	return str_to_i64(text, ret) < 0 || *ret > UINT32_MAX ? NULL : s + n + 1;
}

int device_rule_parse(const char *s, struct device_rule *out, struct err *err)
{
	const char *p = s;

	if (!*p || !strchr("abc", *p) || p[1] != ' ')
		return bad_rule(s, err);
	out->type = *p;
	p = rule_number(p + 2, ':', &out->major);
	p = p ? rule_number(p, ' ', &out->minor) : NULL;
	if (!p || !device_permissions_valid(p))
		return bad_rule(s, err);
	memcpy(out->access, p, strlen(p) + 1);
	return 0;
}
