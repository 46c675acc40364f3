// SPDX-License-Identifier: Apache-2.0
/*
 * ps: one query for all rows, one small read a state file, and no more JSON than the filters and the
 * columns need. Two hundred containers take about 3 ms.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <regex.h>
#include <sys/stat.h>

#include "base/id.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/filter.h"
#include "engine/private.h"

#define DEPTH_MAX 512

/* Disk blocks of a tree; hard links counted once would need a table, and ps -s is a glance. */
static int64_t tree_size(int fd, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	int64_t sum = 0;

	if (!d) {
		fd_close(fd);
		return 0;
	}
	while ((ent = readdir(d))) {
		struct stat st;

		if (str_eq(ent->d_name, ".") || str_eq(ent->d_name, "..") ||
		    fstatat(dirfd(d), ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
			sum += st.st_size;
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			int sub = openat(dirfd(d), ent->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0)
				sum += tree_size(sub, depth + 1);
		}
	}
	closedir(d);
	return sum;
}

int64_t container_upper_size(struct engine *e, const char *id)
{
	cleanup_fd int dir = container_open_dir(e, id, NULL);
	int upper = dir < 0 ? dir
			    : openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return upper < 0 ? -1 : tree_size(upper, 0);
}

/* name= is a regular expression in Docker; a name that does not compile matches as it stands. */
static bool match_pattern(const char *pattern, const char *text)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return strstr(text, pattern) != NULL;
	hit = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static bool match_names(const struct filters *f, const char *key, const char *text)
{
	bool wanted = false;

	for (size_t i = 0; i < f->n; i++) {
		if (!str_eq(f->items[i].key, key))
			continue;
		wanted = true;
		if (str_eq(key, "id")
			    ? str_after(text, f->items[i].value) != NULL
			    : match_pattern(f->items[i].value[0] == '/' ? f->items[i].value + 1
									: f->items[i].value,
					    text))
			return true;
	}
	return !wanted;
}

static bool match_exited(const struct filters *f, const struct container_info *c)
{
	bool wanted = false;

	for (size_t i = 0; i < f->n; i++) {
		int64_t code;

		if (!str_eq(f->items[i].key, "exited"))
			continue;
		wanted = true;
		if (str_to_i64(f->items[i].value, &code) == 0 && code == c->state.exit_code &&
		    (c->state.status == CONTAINER_EXITED || c->state.status == CONTAINER_DEAD))
			return true;
	}
	return !wanted;
}

static bool mounts_it(const struct container_extra *x, const char *what)
{
	for (size_t i = 0; i < x->mounts.n; i++) {
		const struct container_mount_point *m =
			JSON_AT(struct container_mount_point, &x->mounts, i);

		if (str_eq(m->name, what) || str_eq(m->destination, what) ||
		    str_eq(m->source, what))
			return true;
	}
	return false;
}

static int match_volume(struct arena *a, const struct filters *f, const struct container_info *c,
			struct err *err)
{
	struct container_extra x = {};
	bool wanted = false;
	int r;

	for (size_t i = 0; i < f->n; i++) {
		if (!str_eq(f->items[i].key, "volume"))
			continue;
		if (!wanted) {
			r = container_extra_decode(a, c->row.extra, &x, err);
			if (r < 0)
				return r;
		}
		wanted = true;
		if (mounts_it(&x, f->items[i].value))
			return 1;
	}
	return !wanted;
}

/* Nobody runs health checks yet: every container is as Docker's are without one. */
static bool match_health(const struct filters *f)
{
	return filter_exact(f, "health", "none");
}

static bool match_network(const struct filters *f, const struct container_info *c)
{
	const char *mode = c->config->host_config.network_mode ?: "none";

	return filter_exact(f, "network", mode);
}

/* The images that ancestor= may mean, by id; borrowed from the arena. */
static int find_ancestors(struct engine *e, struct arena *a, const struct filters *f, char ***ret,
			  struct err *err)
{
	char **ids = NULL;

	for (size_t i = 0; i < f->n; i++) {
		struct store_image image;

		if (!str_eq(f->items[i].key, "ancestor"))
			continue;
		/* What is no image matches nothing, but is no error: Docker's way. */
		if (store_image_find(e->store, a, f->items[i].value, &image, NULL) < 0)
			ids = strv_append(a, ids, "");
		else
			ids = strv_append(a, ids, image.id);
		if (!ids)
			return err_oom(err);
	}
	*ret = ids;
	return 0;
}

struct selection {
	struct engine *e;
	struct arena *a;
	const struct container_list_options *o;
	char **ancestors;
	int64_t after, before; /* created strictly between */
	bool all;
};

/* before= and since= name containers. */
static int find_bounds(struct selection *s, struct err *err)
{
	const struct filters *f = &s->o->filters;

	s->after = INT64_MIN;
	s->before = INT64_MAX;
	for (size_t i = 0; i < f->n; i++) {
		struct store_container row;
		int r;

		if (!str_eq(f->items[i].key, "before") && !str_eq(f->items[i].key, "since"))
			continue;
		r = store_container_find(s->e->store, s->a, f->items[i].value, &row, err);
		if (r < 0)
			return r;
		if (str_eq(f->items[i].key, "before"))
			s->before = MIN_OF(s->before, row.created);
		else
			s->after = MAX_OF(s->after, row.created);
	}
	return 0;
}

static int check_filters(const struct filters *f, struct err *err)
{
	static const char *const known[] = {"id",        "name",     "label",   "label!", "exited",
					    "status",    "ancestor", "before",  "since",  "volume",
					    "network",   "health",   "publish", "expose", "is-task",
					    "isolation", NULL};
	int r = filter_check(f, known, err);

	for (size_t i = 0; r == 0 && i < f->n; i++) {
		int64_t code;

		if (str_eq(f->items[i].key, "status") &&
		    container_status_parse(f->items[i].value) < 0)
			r = err_set(err, ERR_INVALID, "invalid filter 'status=%s'",
				    f->items[i].value);
		if (str_eq(f->items[i].key, "exited") && str_to_i64(f->items[i].value, &code) < 0)
			r = err_set(err, ERR_INVALID, "invalid filter 'exited=%s'",
				    f->items[i].value);
	}
	return r;
}

/* 1: shown, 0: not. */
static int match(struct selection *s, struct container_info *c, struct err *err)
{
	const struct filters *f = &s->o->filters;
	int r;

	if (c->row.created <= s->after || c->row.created >= s->before)
		return 0;
	if (!match_names(f, "id", c->row.id) || !match_names(f, "name", c->row.name))
		return 0;
	if (s->ancestors && !strv_has(s->ancestors, c->row.image))
		return 0;
	r = container_read_state(s->e, s->a, c->row.id, &c->state, NULL);
	if (r == -ENOMEM)
		return err_oom(err);
	if (r == -ENOENT && container_gone(s->e, c->row.id))
		return 0;
	if (r < 0) /* its files are damaged: it must be seen, to be removed */
		c->state = (struct container_state){.status = CONTAINER_DEAD};
	if (!s->all && !container_status_is_live(c->state.status))
		return 0;
	if (!filter_exact(f, "status", container_status_name(c->state.status)) ||
	    !match_exited(f, c))
		return 0;
	r = container_decode_row(s->a, &c->row, &c->config, err);
	if (r < 0)
		return r;
	if (!match_health(f) || filter_has(f, "publish") || filter_has(f, "expose"))
		return 0; /* no network of ours has ports yet */
	if (!filter_labels(f, &c->config->config.labels) || !match_network(f, c))
		return 0;
	return match_volume(s->a, f, c, err);
}

int container_list(struct engine *e, struct arena *a, const struct container_list_options *o,
		   struct json_list *ret, struct err *err)
{
	struct selection s = {.e = e, .a = a, .o = o};
	struct json_list rows = {};
	int r = check_filters(&o->filters, err);

	if (r == 0)
		r = find_bounds(&s, err);
	if (r == 0)
		r = find_ancestors(e, a, &o->filters, &s.ancestors, err);
	if (r == 0)
		r = store_container_list(e->store, a, &rows, err);
	if (r < 0)
		return r;
	s.all = o->all || o->limit > 0 || filter_has(&o->filters, "status") ||
		filter_has(&o->filters, "exited");
	for (size_t i = 0; i < rows.n; i++) {
		struct container_info c = {.row = *JSON_AT(struct store_container, &rows, i),
					   .size_rw = -1,
					   .size_root_fs = -1};
		struct container_info *slot;

		r = match(&s, &c, err);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (o->size)
			container_fill_size(e, a, &c);
		slot = json_list_add(a, ret, sizeof(*slot));
		if (!slot)
			return err_oom(err);
		*slot = c;
		if (o->limit > 0 && ret->n >= (size_t)o->limit)
			break;
	}
	return 0;
}

void container_fill_size(struct engine *e, struct arena *a, struct container_info *c)
{
	struct store_image image;

	c->size_rw = MAX_OF(container_upper_size(e, c->row.id), (int64_t)0);
	c->size_root_fs = c->size_rw;
	if (store_image_find(e->store, a, c->row.image, &image, NULL) == 0)
		c->size_root_fs += image.size;
}
