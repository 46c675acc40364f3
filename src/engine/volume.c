// SPDX-License-Identifier: Apache-2.0
/* Made, found, listed, shown. How a volume goes away again is in volume-remove.c, with the locks.
 */
#include "engine/volume.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/filter.h"
#include "engine/private.h"
#include "engine/volume-private.h"

static bool name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (!first && (c == '_' || c == '.' || c == '-'));
}

int volume_check_name(const char *name, struct err *err)
{
	size_t n = strlen(name);

	if (n == 1)
		return err_set(err, ERR_INVALID,
			       "create %s: volume name is too short, names should be at "
			       "least two alphanumeric characters",
			       name);
	for (size_t i = 0; i < n; i++)
		if (!name_char(name[i], i == 0))
			return err_set(
				err, ERR_INVALID,
				"create %.200s: \"%.200s\" includes invalid characters "
				"for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are "
				"allowed. "
				"If you intended to pass a host directory, use absolute path",
				name, name);
	if (n > 255)
		return err_set(err, ERR_INVALID,
			       "create %.40s…: volume name is too long, at most 255 bytes", name);
	return 0;
}

static int check_request(const struct store_volume *v, struct err *err)
{
	int r;

	if (!str_empty(v->name)) {
		r = volume_check_name(v->name, err);
		if (r < 0)
			return r;
	}
	if (!str_empty(v->driver) && strcmp(v->driver, "local") != 0)
		return err_set(err, ERR_NOT_FOUND,
			       "create %s: error looking up volume plugin %s: plugin "
			       "\"%s\" not found",
			       v->name ?: "", v->driver, v->driver);
	for (size_t i = 0; i < v->options.n; i++) {
		const char *key = v->options.items[i].key;
		bool known = str_eq(key, "type") || str_eq(key, "device") || str_eq(key, "o") ||
			     str_eq(key, "size");

		if (known)
			return err_set(err, ERR_UNSUPPORTED,
				       "create %s: the option \"%s\" of the local volume "
				       "driver is not supported yet",
				       v->name ?: "", key);
		return err_set(err, ERR_INVALID, "create %s: invalid option: \"%s\"", v->name ?: "",
			       key);
	}
	return 0;
}

int volume_open_root(struct engine *e, struct err *err)
{
	return path_open_dir(e->root_fd, "volumes", 0701, err);
}

/* volumes/NAME/_data, made when it is missing: an O_PATH fd. */
int volume_open_data(struct engine *e, const char *name, struct err *err)
{
	cleanup_fd int root = volume_open_root(e, err), dir = -EBADF;
	int fd;

	if (root < 0)
		return root;
	if (!path_is_component(name))
		return err_set(err, ERR_CORRUPT, "volume %.200s has a malformed name", name);
	dir = path_open_dir(root, name, 0701, err);
	if (dir < 0)
		return dir;
	if (mkdirat(dir, VOLUME_DATA, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create the directory of volume %s", name);
	fd = openat(dir, VOLUME_DATA, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, errno, "open the directory of volume %s", name) : fd;
}

static int fill(struct engine *e, struct arena *a, struct volume_info *v, struct err *err)
{
	v->refs = -1;
	v->mountpoint = arena_printf(a, "%s/volumes/%s/" VOLUME_DATA, e->root, v->row.name);
	return v->mountpoint ? 0 : err_oom(err);
}

/* Concurrent makers of one name: the row of one of them wins, the other takes what is there. */
static int insert(struct engine *e, struct arena *a, struct store_volume *v,
		  struct volume_info *ret, struct err *err)
{
	struct err first = ERR_INIT;
	int r = store_volume_insert(e->store, v, &first);

	if (r == 0) {
		ret->row = *v;
		return 0;
	}
	if (store_volume_find(e->store, a, v->name, &ret->row, NULL) == 0)
		return 0;
	return err_copy(err, first.kind, first.code, first.msg);
}

int volume_create(struct engine *e, struct arena *a, const struct store_volume *v,
		  struct volume_info *ret, struct err *err)
{
	cleanup_fd int hold = -EBADF, data = -EBADF;
	struct store_volume row = *v;
	char id[ID_LEN + 1];
	int r = check_request(v, err);

	if (r < 0)
		return r;
	if (str_empty(row.name)) {
		id_random(id, ID_LEN);
		row.anonymous = true;
		row.name = arena_strdup(a, id);
		if (!row.name)
			return err_oom(err);
	}
	row.driver = arena_strdup(a, "local");
	if (!row.driver)
		return err_oom(err);
	if (!row.created)
		row.created = clock_now();
	hold = volume_hold(e, err);
	if (hold < 0)
		return hold;
	*ret = (struct volume_info){};
	r = store_volume_find(e->store, a, row.name, &ret->row, NULL);
	if (r == -ENOENT)
		r = insert(e, a, &row, ret, err);
	else if (r < 0)
		return store_volume_find(e->store, a, row.name, &ret->row, err);
	if (r < 0)
		return r;
	data = volume_open_data(e, ret->row.name, err);
	return data < 0 ? data : fill(e, a, ret, err);
}

int volume_find(struct engine *e, struct arena *a, const char *name, struct volume_info *ret,
		struct err *err)
{
	struct err cause = ERR_INIT;
	int r;

	*ret = (struct volume_info){};
	r = store_volume_find(e->store, a, name, &ret->row, &cause);
	if (r < 0 && cause.kind == ERR_NOT_FOUND)
		return err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);
	if (r < 0)
		return err_copy(err, cause.kind, cause.code, cause.msg);
	return fill(e, a, ret, err);
}

/* ---- list ---- */

static int by_name(const void *x, const void *y)
{
	return strcmp(((const struct volume_info *)x)->row.name,
		      ((const struct volume_info *)y)->row.name);
}

/* Counts each container once for each volume that it mounts. */
int volume_count_refs(struct engine *e, struct arena *a, struct json_list *volumes, struct err *err)
{
	struct json_list rows = {};
	int r = store_container_list(e->store, a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct container_extra x = {};

		r = container_extra_decode(a, JSON_AT(struct store_container, &rows, i)->extra, &x,
					   err);
		for (size_t k = 0; r == 0 && k < volumes->n; k++) {
			struct volume_info *v = JSON_AT(struct volume_info, volumes, k);

			for (size_t m = 0; m < x.mounts.n; m++) {
				if (!str_eq(JSON_AT(struct container_mount_point, &x.mounts, m)
						    ->name,
					    v->row.name))
					continue;
				v->refs++;
				break;
			}
		}
	}
	return r;
}

static int collect(struct engine *e, struct arena *a, struct json_list *ret, struct err *err)
{
	struct json_list rows = {};
	int r = store_volume_list(e->store, a, &rows, err);

	*ret = (struct json_list){};
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct volume_info *v = json_list_add(a, ret, sizeof(*v));

		if (!v)
			return err_oom(err);
		v->row = *JSON_AT(struct store_volume, &rows, i);
		r = fill(e, a, v, err);
		v->refs = 0;
	}
	return r < 0 ? r : volume_count_refs(e, a, ret, err);
}

int volume_list(struct engine *e, struct arena *a, const struct filters *f, struct json_list *ret,
		struct err *err)
{
	static const char *const known[] = {"dangling", "driver", "label", "name", NULL};
	struct opt_flag dangling;
	struct json_list all;
	int r;

	if ((r = filter_check(f, known, err)) < 0 ||
	    (r = filter_flag(f, "dangling", &dangling, err)) < 0 ||
	    (r = collect(e, a, &all, err)) < 0)
		return r;
	*ret = (struct json_list){};
	for (size_t i = 0; i < all.n; i++) {
		struct volume_info *v = JSON_AT(struct volume_info, &all, i), *copy;

		if (!filter_exact(f, "driver", v->row.driver) ||
		    !filter_contained(f, "name", v->row.name) ||
		    !filter_labels(f, &v->row.labels) ||
		    (dangling.set && dangling.value != (v->refs == 0)))
			continue;
		copy = json_list_add(a, ret, sizeof(*copy));
		if (!copy)
			return err_oom(err);
		*copy = *v;
	}
	if (ret->n)
		qsort(ret->items, ret->n, sizeof(struct volume_info), by_name);
	return 0;
}

/* ---- inspect ---- */

static json_t *map_or_null(const struct json_map *m)
{
	json_t *j;

	if (!m->n)
		return json_null();
	j = json_object();
	for (size_t i = 0; i < m->n; i++)
		json_object_set_new(j, m->items[i].key, json_string(m->items[i].value));
	return j;
}

json_t *volume_inspect(struct engine *e, const char *name, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char created[CLOCK_TEXT_MAX];
	struct volume_info v;
	json_t *j;

	if (!a) {
		(void)err_oom(err);
		return NULL;
	}
	if (volume_find(e, a, name, &v, err) < 0)
		return NULL;
	/* Docker writes whole seconds here. */
	clock_format(v.row.created / NS_PER_SEC * NS_PER_SEC, created);
	j = json_pack("{ss ss so ss ss so ss}", "CreatedAt", created, "Driver", v.row.driver,
		      "Labels", map_or_null(&v.row.labels), "Mountpoint", v.mountpoint, "Name",
		      v.row.name, "Options", map_or_null(&v.row.options), "Scope", "local");
	if (!j)
		(void)err_oom(err);
	return j;
}
