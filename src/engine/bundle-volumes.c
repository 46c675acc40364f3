// SPDX-License-Identifier: Apache-2.0
/*
 * What the request mounts, decided once: -v, --mount, --tmpfs, --volumes-from and the image's VOLUMEs
 * become mount points, in that order of precedence. A path is mounted once; what is asked for twice by
 * the user is refused, what the image or another container also has is passed over.
 *
 * Volumes are made here (their names are the user's), host paths of -v as well; --mount wants them to
 * be there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "engine/volume.h"
#include "spec/mount.h"

struct resolver {
	struct engine *e;
	struct arena *a;
	struct container_extra *out;
};

static struct container_mount_point *find(struct resolver *v, const char *destination)
{
	for (size_t i = 0; i < v->out->mounts.n; i++) {
		struct container_mount_point *m =
			JSON_AT(struct container_mount_point, &v->out->mounts, i);

		if (str_eq(m->destination, destination))
			return m;
	}
	return NULL;
}

/* A cleaned destination that is still free. */
static int add(struct resolver *v, const char *type, const char *destination,
	       struct container_mount_point **ret, struct err *err)
{
	char *clean = path_clean(v->a, destination ?: "");

	if (!clean)
		return err_oom(err);
	if (find(v, clean))
		return err_set(err, ERR_INVALID, "Duplicate mount point: %s", clean);
	*ret = json_list_add(v->a, &v->out->mounts, sizeof(**ret));
	if (!*ret)
		return err_oom(err);
	(*ret)->type = arena_strdup(v->a, type);
	(*ret)->destination = clean;
	(*ret)->rw = true;
	return (*ret)->type ? 0 : err_oom(err);
}

/* --mount's volume-driver and volume-opt: what VolumeOptions.DriverConfig says. */
static int driver_options(struct arena *a, const struct container_volume_options *vo,
			  struct store_volume *row, struct err *err)
{
	json_t *config = vo ? vo->driver_config : NULL, *value;
	const char *name = json_string_value(json_object_get(config, "Name")), *key;

	if (!str_empty(name))
		row->driver = (char *)name;
	json_object_foreach (json_object_get(config, "Options"), key, value) {
		if (json_map_set(a, &row->options, key, json_string_value(value) ?: "") < 0)
			return err_oom(err);
	}
	return 0;
}

/* name NULL: an anonymous one, named by 64 random digits. */
static int use_volume(struct resolver *v, struct container_mount_point *m, const char *name,
		      const char *driver, const struct container_volume_options *vo,
		      struct err *err)
{
	struct store_volume row = {.driver = (char *)(str_empty(driver) ? "local" : driver),
				   .created = clock_now(),
				   .anonymous = !name};
	struct volume_info info = {};
	char random[ID_LEN + 1];
	int r;

	if (!name) {
		id_random(random, ID_LEN);
		name = random;
	}
	row.name = arena_strdup(v->a, name);
	if (!row.name)
		return err_oom(err);
	if (vo)
		row.labels = vo->labels;
	r = driver_options(v->a, vo, &row, err);
	if (r == 0)
		r = volume_create(v->e, v->a, &row, &info, err);
	if (r < 0)
		return r;
	m->name = row.name;
	m->source = info.mountpoint;
	m->driver = row.driver;
	m->anonymous = row.anonymous;
	return 0;
}

/* The path of a tmpfs or of an image's VOLUME: the same rules as for --mount. */
static int check_destination(const char *type, const char *destination, struct err *err)
{
	struct container_mount m = {.type = (char *)type, .target = (char *)destination};

	return mount_check(&m, err);
}

static int add_tmpfs(struct resolver *v, const char *destination, const char *options, bool rw,
		     struct err *err)
{
	struct container_mount_point *m;
	char **list;
	int r = check_destination("tmpfs", destination, err);

	if (r == 0)
		r = mount_tmpfs_options(v->a, options ?: "", &list, err);
	if (r == 0)
		r = add(v, "tmpfs", destination, &m, err);
	if (r < 0)
		return r;
	m->rw = rw && !strv_has(list, "ro");
	m->mode = strv_join(v->a, list, ",");
	return m->mode ? 0 : err_oom(err);
}

static int add_bind(struct resolver *v, const struct container_mount *c,
		    struct container_mount_point *m, struct err *err)
{
	const struct container_bind_options *o = c->bind_options;
	struct stat st;

	m->source = path_clean(v->a, c->source);
	m->propagation =
		arena_strdup(v->a, o && !str_empty(o->propagation) ? o->propagation : "rprivate");
	if (!m->source || !m->propagation)
		return err_oom(err);
	if (stat(m->source, &st) == 0)
		return 0;
	if (o && o->create_mountpoint)
		return path_mkdir_p(m->source, 0755, err);
	return err_set(
		err, ERR_INVALID,
		"invalid mount config for type \"bind\": bind source path does not exist: %s",
		c->source);
}

static int add_tmpfs_mount(struct resolver *v, const struct container_mount *c, struct err *err)
{
	const struct container_tmpfs_options *t = c->tmpfs_options;
	char options[96] = "";
	int n = 0;

	if (t && t->size_bytes > 0)
		n += snprintf(options, sizeof(options), "size=%" PRIi64, t->size_bytes);
	if (t && t->mode)
		n += snprintf(options + n, sizeof(options) - (size_t)n, "%smode=%" PRIo64,
			      n ? "," : "", (uint64_t)t->mode);
	if (c->read_only)
		n += snprintf(options + n, sizeof(options) - (size_t)n, "%sro", n ? "," : "");
	return add_tmpfs(v, c->target, options, !c->read_only, err);
}

static int add_mount(struct resolver *v, const struct container_mount *c, const char *mode,
		     const char *driver, struct err *err)
{
	const struct container_volume_options *vo = c->volume_options;
	struct container_mount_point *m;
	int r = mount_check(c, err);

	if (r < 0)
		return r;
	if (str_eq(c->type, "image"))
		return err_set(err, ERR_UNSUPPORTED, "mounts of type image are not supported");
	if (str_eq(c->type, "tmpfs"))
		return add_tmpfs_mount(v, c, err);
	r = add(v, c->type, c->target, &m, err);
	if (r < 0)
		return r;
	m->rw = !c->read_only;
	m->mode = (char *)mode;
	if (str_eq(c->type, "bind"))
		return add_bind(v, c, m, err);
	if (str_empty(mode) && !str_empty(c->source))
		m->mode = (char *)"z"; /* what Docker tells of named volumes */
	m->no_copy = vo && vo->no_copy;
	m->subpath = vo ? vo->subpath : NULL;
	return use_volume(v, m, str_empty(c->source) ? NULL : c->source, driver, vo, err);
}

/* -v: relative paths were the client's to resolve, so that none is left here. */
static int add_volume(struct resolver *v, const char *spec, const char *driver, struct err *err)
{
	struct mount_volume parsed = {};
	int r = mount_parse_volume(v->a, spec, "/", &parsed, err);

	return r < 0 ? r : add_mount(v, &parsed.mount, parsed.mode, driver, err);
}

/* --volumes-from KEY[:ro|rw] */
static int add_from(struct resolver *v, const char *spec, struct err *err)
{
	char **part = strv_split(v->a, spec, ':', 2);
	struct container_info other;
	struct container_extra x = {};
	int r;

	if (!part || !part[0])
		return part ? err_set(err, ERR_INVALID, "invalid volumes-from: %s", spec)
			    : err_oom(err);
	if (part[1] && !str_eq(part[1], "ro") && !str_eq(part[1], "rw") && !str_eq(part[1], "z"))
		return err_set(err, ERR_INVALID, "invalid mode: %s", part[1]);
	r = container_find(v->e, v->a, part[0], &other, err);
	if (r == 0)
		r = container_extra_decode(v->a, other.row.extra, &x, err);
	for (size_t i = 0; r == 0 && i < x.mounts.n; i++) {
		struct container_mount_point *from = JSON_AT(struct container_mount_point,
							     &x.mounts, i),
					     *m;

		if (find(v, from->destination))
			continue;
		m = json_list_add(v->a, &v->out->mounts, sizeof(*m));
		if (!m)
			return err_oom(err);
		*m = *from;
		m->anonymous = false; /* it stays the other's */
		m->mode = part[1];
		if (str_eq(part[1], "ro"))
			m->rw = false;
	}
	return r;
}

int bundle_resolve_mounts(struct engine *e, struct arena *a, const char *id,
			  const struct container_create *c, struct container_extra *out,
			  struct err *err)
{
	const struct container_host_config *h = &c->host_config;
	struct resolver v = {e, a, out};
	int r = 0;

	(void)id;
	for (char **b = h->binds; r == 0 && b && *b; b++)
		r = add_volume(&v, *b, h->volume_driver, err);
	for (size_t i = 0; r == 0 && i < h->mounts.n; i++)
		r = add_mount(&v, JSON_AT(struct container_mount, &h->mounts, i), NULL,
			      h->volume_driver, err);
	for (size_t i = 0; r == 0 && i < h->tmpfs.n; i++)
		r = add_tmpfs(&v, h->tmpfs.items[i].key, h->tmpfs.items[i].value, true, err);
	for (char **f = h->volumes_from; r == 0 && f && *f; f++)
		r = add_from(&v, *f, err);
	for (char **p = c->config.volumes; r == 0 && p && *p; p++) {
		struct container_mount_point *m;

		r = check_destination("volume", *p, err);
		if (r < 0 || find(&v, path_clean(a, *p) ?: ""))
			continue;
		r = add(&v, "volume", *p, &m, err);
		if (r == 0)
			r = use_volume(&v, m, NULL, h->volume_driver, NULL, err);
	}
	return r;
}

int bundle_copy_up(struct engine *e, char *const *lower, const struct container_extra *x,
		   struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < x->mounts.n; i++) {
		const struct container_mount_point *m =
			JSON_AT(struct container_mount_point, &x->mounts, i);

		if (str_eq(m->type, "volume") && m->name && !m->no_copy && str_empty(m->subpath))
			r = volume_copy_up(e, m->name, lower, m->destination, err);
	}
	return r;
}
