// SPDX-License-Identifier: Apache-2.0
#include "spec/user.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define ID_MAX     2147483647
#define FIELDS_MAX 7

/* Pieces of the file's text: nothing is copied until a line is the one wanted. */
struct piece {
	const char *s;
	size_t n;
};

struct lines {
	const char *at, *end;
};

static struct lines lines_of(const char *text, size_t len)
{
	return (struct lines){text, text ? text + MIN_OF(len, USER_FILE_MAX) : NULL};
}

/* The fields of the next line that has at least `want` of them; false at the end. */
static bool next_line(struct lines *l, size_t want, struct piece fields[FIELDS_MAX])
{
	while (l->at && l->at < l->end) {
		const char *stop = memchr(l->at, '\n', (size_t)(l->end - l->at)) ?: l->end;
		const char *p = l->at;
		size_t n = 0;

		l->at = stop == l->end ? stop : stop + 1;
		for (size_t i = 0; i < FIELDS_MAX; i++)
			fields[i] = (struct piece){"", 0};
		while (n < FIELDS_MAX) {
			const char *colon = memchr(p, ':', (size_t)(stop - p)) ?: stop;

			fields[n++] = (struct piece){p, (size_t)(colon - p)};
			if (colon == stop)
				break;
			p = colon + 1;
		}
		if (n >= want && !memchr(fields[0].s, '\0', (size_t)(stop - fields[0].s)))
			return true;
	}
	return false;
}

static bool piece_is(struct piece p, const char *s)
{
	return strlen(s) == p.n && memcmp(p.s, s, p.n) == 0;
}

/* A decimal number up to UINT32_MAX; false when it is anything else. */
static bool piece_number(struct piece p, uint32_t *ret)
{
	uint64_t v = 0;

	if (p.n == 0 || p.n > 10)
		return false;
	for (size_t i = 0; i < p.n; i++) {
		if (p.s[i] < '0' || p.s[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(p.s[i] - '0');
	}
	if (v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* A number as the user writes it: true when it is one, whatever its size. */
static bool is_number(const char *s)
{
	s += *s == '-' || *s == '+';
	return *s && s[strspn(s, "0123456789")] == '\0';
}

static int to_id(const char *s, uint32_t *ret, struct err *err)
{
	uint64_t v;

	if (str_to_u64(s + (*s == '+'), &v) < 0 || v > ID_MAX)
		return err_set(err, ERR_INVALID, "uids and gids must be in range 0-%d", ID_MAX);
	*ret = (uint32_t)v;
	return 0;
}

static bool has_member(struct piece list, const char *name)
{
	size_t n = strlen(name);

	while (list.n) {
		const char *comma = memchr(list.s, ',', list.n);
		size_t len = comma ? (size_t)(comma - list.s) : list.n;

		if (len == n && n && memcmp(list.s, name, n) == 0)
			return true;
		list.s += len + (comma != NULL);
		list.n -= len + (comma != NULL);
	}
	return false;
}

static int add_group(struct arena *a, struct user *u, uint32_t gid, struct err *err)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return 0;
	if (u->n_groups >= USER_GROUPS_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d supplementary groups",
			       USER_GROUPS_MAX);
	if ((u->n_groups & (u->n_groups - 1)) == 0) {
		uint32_t *groups =
			arena_calloc(a, u->n_groups ? u->n_groups * 2 : 1, sizeof(*groups));

		if (!groups)
			return err_oom(err);
		if (u->n_groups)
			memcpy(groups, u->groups, u->n_groups * sizeof(*groups));
		u->groups = groups;
	}
	u->groups[u->n_groups++] = gid;
	return 0;
}

/* name:password:uid:gid:comment:home:shell */
static int find_user(struct arena *a, const char *who, const struct user_files *files,
		     struct user *out, struct err *err)
{
	struct lines l = lines_of(files->passwd, files->passwd_len);
	bool number = is_number(who);
	struct piece f[FIELDS_MAX];
	uint32_t wanted = UINT32_MAX, uid, gid;

	/* "-1" or 4294967296 may still be the name of an entry: looked up first, refused last. */
	if (number)
		(void)to_id(who, &wanted, NULL);
	while (next_line(&l, 4, f)) {
		bool match = *who ? piece_is(f[0], who) : false;

		if (!piece_number(f[2], &uid) || !piece_number(f[3], &gid) || uid > ID_MAX ||
		    gid > ID_MAX)
			continue;
		if (!*who)
			match = uid == 0;
		else if (!match)
			match = number && uid == wanted;
		if (!match)
			continue;
		out->uid = uid;
		out->gid = gid;
		out->name = arena_strndup(a, f[0].s, f[0].n);
		out->home = f[5].n ? arena_strndup(a, f[5].s, f[5].n) : arena_strdup(a, "/");
		return out->name && out->home ? 0 : err_oom(err);
	}
	if (!*who)
		return 0;
	if (!number)
		return err_set(err, ERR_INVALID,
			       "unable to find user %.200s: no matching entries in passwd file",
			       who);
	return to_id(who, &out->uid, err);
}

/* name:password:gid:members */
static int find_group(const char *who, const struct user_files *files, uint32_t *ret,
		      struct err *err)
{
	struct lines l = lines_of(files->group, files->group_len);
	bool number = is_number(who);
	struct piece f[FIELDS_MAX];
	uint32_t gid, wanted = UINT32_MAX;

	if (number)
		(void)to_id(who, &wanted, NULL);
	while (next_line(&l, 3, f))
		if (piece_number(f[2], &gid) && gid <= ID_MAX &&
		    (piece_is(f[0], who) || gid == wanted)) {
			*ret = gid;
			return 0;
		}
	if (!number)
		return err_set(err, ERR_INVALID,
			       "unable to find group %.200s: no matching entries in group file",
			       who);
	return to_id(who, ret, err);
}

static int find_memberships(struct arena *a, const struct user_files *files, struct user *out,
			    struct err *err)
{
	struct lines l = lines_of(files->group, files->group_len);
	struct piece f[FIELDS_MAX];
	uint32_t gid;

	while (*out->name && next_line(&l, 4, f)) {
		int r;

		if (!piece_number(f[2], &gid) || gid > ID_MAX || !has_member(f[3], out->name))
			continue;
		r = add_group(a, out, gid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int user_resolve(struct arena *a, const char *spec, const struct user_files *files,
		 struct user *out, struct err *err)
{
	const char *colon = strchr(spec, ':');
	char *who = arena_strndup(a, spec, colon ? (size_t)(colon - spec) : strlen(spec));
	int r;

	*out = (struct user){.name = arena_strdup(a, ""), .home = arena_strdup(a, "/")};
	if (!who || !out->name || !out->home)
		return err_oom(err);
	r = find_user(a, who, files, out, err);
	if (r < 0)
		return r;
	if (colon && colon[1])
		return find_group(colon + 1, files, &out->gid, err);
	return find_memberships(a, files, out, err);
}

int user_add_groups(struct arena *a, char *const *groups, const struct user_files *files,
		    struct user *out, struct err *err)
{
	for (; groups && *groups; groups++) {
		uint32_t gid;
		int r = find_group(*groups, files, &gid, err);

		if (r == 0)
			r = add_group(a, out, gid, err);
		if (r < 0)
			return r;
	}
	return 0;
}
