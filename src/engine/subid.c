// SPDX-License-Identifier: Apache-2.0
#include "engine/subid.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"

#define FILE_MAX ((size_t)4 << 20)

/* Lines of `file`, cut at colons, until fn returns other than 0. */
static int each_line(struct arena *a, const char *file,
		     int (*fn)(struct arena *a, char **fields, void *data), void *data,
		     struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(FILE_MAX);
	cleanup_fd int fd = open(file, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open %s", file);
	r = fd_read_all(fd, &b, file, err);
	for (char *save = NULL, *line = r < 0 || !b.data ? NULL : strtok_r(b.data, "\n", &save);
	     line && r == 0; line = strtok_r(NULL, "\n", &save)) {
		char **fields = strv_split(a, line, ':', 0);

		r = fields ? fn(a, fields, data) : err_oom(err);
	}
	return r;
}

struct passwd_search {
	uid_t uid;
	char *name, *home;
};

static int passwd_line(struct arena *a, char **fields, void *data)
{
	struct passwd_search *s = data;
	uint64_t uid;

	if (strv_len(fields) < 6 || str_to_u64(fields[2], &uid) < 0 || uid != s->uid)
		return 0;
	s->name = arena_strdup(a, fields[0]);
	s->home = arena_strdup(a, fields[5]);
	return 1;
}

char *subid_user(struct arena *a, uid_t uid, char **ret_home)
{
	struct passwd_search s = {.uid = uid};
	const char *name;

	(void)each_line(a, "/etc/passwd", passwd_line, &s, NULL);
	if (ret_home)
		*ret_home = s.home;
	name = s.name ?: getenv("USER");
	return str_empty(name) ? NULL : arena_strdup(a, name);
}

struct range_search {
	const char *name;
	uid_t uid;
	struct userns_map *map;
};

static int range_line(struct arena *a, char **fields, void *data)
{
	struct range_search *s = data;
	struct userns_range *last = &s->map->range[s->map->n - 1];
	uint64_t uid, first, count;

	(void)a;
	if (strv_len(fields) != 3 || str_to_u64(fields[1], &first) < 0 ||
	    str_to_u64(fields[2], &count) < 0 || count == 0 || first > UINT32_MAX - count)
		return 0;
	if (!str_eq(fields[0], s->name) && (str_to_u64(fields[0], &uid) < 0 || uid != s->uid))
		return 0;
	if (s->map->n == USERNS_RANGES_MAX || count > UINT32_MAX - last->inside - last->count)
		return 1;
	s->map->range[s->map->n++] =
		(struct userns_range){last->inside + last->count, (uint32_t)first, (uint32_t)count};
	return 0;
}

int subid_map(const char *file, const char *name, uid_t uid, uint32_t own, struct userns_map *ret,
	      struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct range_search s = {.name = name, .uid = uid, .map = ret};
	int r;

	if (!a)
		return err_oom(err);
	*ret = (struct userns_map){.range = {{0, own, 1}}, .n = 1};
	r = each_line(a, file, range_line, &s, err);
	return r < 0 ? r : 0;
}
