// SPDX-License-Identifier: Apache-2.0
#include "spec/ulimit.h"

#include <sys/resource.h>

#include "base/str.h"

static const struct {
	const char *name, *oci;
	int resource;
} rows[] = {
	{"core", "RLIMIT_CORE", RLIMIT_CORE},
	{"cpu", "RLIMIT_CPU", RLIMIT_CPU},
	{"data", "RLIMIT_DATA", RLIMIT_DATA},
	{"fsize", "RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"locks", "RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"memlock", "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"msgqueue", "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"nice", "RLIMIT_NICE", RLIMIT_NICE},
	{"nofile", "RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"nproc", "RLIMIT_NPROC", RLIMIT_NPROC},
	{"rss", "RLIMIT_RSS", RLIMIT_RSS},
	{"rtprio", "RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"rttime", "RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"sigpending", "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"stack", "RLIMIT_STACK", RLIMIT_STACK},
};

static int find(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
			return (int)i;
	return -EINVAL;
}

int ulimit_resource(const char *name)
{
	int i = find(name, strlen(name));

	return i < 0 ? i : rows[i].resource;
}

const char *ulimit_oci_name(const char *name)
{
	int i = find(name, strlen(name));

	return i < 0 ? NULL : rows[i].oci;
}

static int parse_limit(const char *s, size_t n, int64_t *ret, struct err *err)
{
	char text[24];
	int r = -EINVAL;

	if (n < sizeof(text)) {
		memcpy(text, s, n);
		text[n] = '\0';
		r = str_to_i64(text, ret);
	}
	if (r < 0)
		return err_set(err, ERR_INVALID, "strconv.ParseInt: parsing \"%.*s\": %s",
			       (int)MIN_OF(n, (size_t)100), s,
			       r == -ERANGE ? "value out of range" : "invalid syntax");
	return 0;
}

static int check_order(const struct container_ulimit *u, struct err *err)
{
	if (u->hard == -1)
		return 0;
	if (u->soft == -1)
		return err_set(
			err, ERR_INVALID,
			"ulimit soft limit must be less than or equal to hard limit: soft: -1 "
			"(unlimited), hard: %lld",
			(long long)u->hard);
	if (u->soft > u->hard)
		return err_set(
			err, ERR_INVALID,
			"ulimit soft limit must be less than or equal to hard limit: %lld > %lld",
			(long long)u->soft, (long long)u->hard);
	return 0;
}

int ulimit_parse(const char *s, struct container_ulimit *out, struct err *err)
{
	const char *equals = strchr(s, '='), *colon;
	int r, i;

	if (!equals)
		return err_set(err, ERR_INVALID, "invalid ulimit argument: %.200s", s);
	i = find(s, (size_t)(equals - s));
	if (i < 0)
		return err_set(err, ERR_INVALID, "invalid ulimit type: %.*s",
			       (int)MIN_OF(equals - s, 200), s);
	colon = strchrnul(++equals, ':');
	if (*colon && strchr(colon + 1, ':'))
		return err_set(err, ERR_INVALID,
			       "too many limit value arguments - %.200s, can only have up to two, "
			       "`soft[:hard]`",
			       equals);
	if (*colon) {
		r = parse_limit(colon + 1, strlen(colon + 1), &out->hard, err);
		if (r < 0)
			return r;
	}
	r = parse_limit(equals, (size_t)(colon - equals), &out->soft, err);
	if (r < 0)
		return r;
	if (!*colon)
		out->hard = out->soft;
	out->name = (char *)rows[i].name;
	return check_order(out, err);
}
