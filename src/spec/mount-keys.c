// SPDX-License-Identifier: Apache-2.0
/*
 * --mount type=bind,source=…,target=…: one row per key. A key's setter gets its value, or NULL when
 * the key stood alone, which only keys marked `bare` may. What belongs together is checked at the
 * end.
 */
#include "base/path.h"
#include "base/str.h"
#include "spec/csv.h"
#include "spec/mount.h"
#include "spec/units.h"

struct parse {
	struct arena *arena;
	const char *cwd;
	struct container_mount *m;
	struct err *err;
};

static int bad_value(struct parse *p, const char *key, const char *value)
{
	return err_set(p->err, ERR_INVALID, "invalid value for %s: %.200s", key, value);
}

/* strconv.ParseBool. */
static int parse_bool(struct parse *p, const char *key, const char *value, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True"};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False"};

	*ret = true;
	if (!value)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(value, yes[i]) == 0)
			return 0;
		if (strcmp(value, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	}
	return bad_value(p, key, value);
}

static int lower(struct parse *p, const char *value, char **ret)
{
	*ret = arena_strdup(p->arena, value);
	for (char *c = *ret; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return *ret ? 0 : err_oom(p->err);
}

#define OPTIONS(member)                                                                            \
	(p->m->member ?: (p->m->member = arena_alloc(p->arena, sizeof(*p->m->member))))

static int set_type(struct parse *p, const char *key, const char *value)
{
	(void)key;
	return lower(p, value, &p->m->type);
}

static int set_source(struct parse *p, const char *key, const char *value)
{
	bool relative = strncmp(value, "./", 2) == 0 || strcmp(value, ".") == 0;

	(void)key;
	p->m->source =
		relative ? path_join(p->arena, p->cwd, value) : arena_strdup(p->arena, value);
	return p->m->source ? 0 : err_oom(p->err);
}

static int set_target(struct parse *p, const char *key, const char *value)
{
	(void)key;
	p->m->target = arena_strdup(p->arena, value);
	return p->m->target ? 0 : err_oom(p->err);
}

static int set_read_only(struct parse *p, const char *key, const char *value)
{
	return parse_bool(p, key, value, &p->m->read_only);
}

static int set_consistency(struct parse *p, const char *key, const char *value)
{
	(void)key;
	return lower(p, value, &p->m->consistency);
}

static int set_propagation(struct parse *p, const char *key, const char *value)
{
	struct container_bind_options *o = OPTIONS(bind_options);

	(void)key;
	return o ? lower(p, value, &o->propagation) : err_oom(p->err);
}

static int set_nonrecursive(struct parse *p, const char *key, const char *value)
{
	struct container_bind_options *o = OPTIONS(bind_options);

	return o ? parse_bool(p, key, value, &o->non_recursive) : err_oom(p->err);
}

static int set_recursive(struct parse *p, const char *key, const char *value)
{
	struct container_bind_options *o = OPTIONS(bind_options);

	if (!o)
		return err_oom(p->err);
	if (strcmp(value, "enabled") == 0)
		return 0;
	if (strcmp(value, "disabled") == 0)
		o->non_recursive = true;
	else if (strcmp(value, "writable") == 0)
		o->read_only_non_recursive = true;
	else if (strcmp(value, "readonly") == 0)
		o->read_only_force_recursive = true;
	else
		return err_set(p->err, ERR_INVALID,
			       "invalid value for %s: %.200s (must be \"enabled\", \"disabled\", "
			       "\"writable\", or \"readonly\")",
			       key, value);
	return 0;
}

static int set_subpath(struct parse *p, const char *key, const char *value)
{
	struct container_volume_options *o = OPTIONS(volume_options);

	(void)key;
	if (o)
		o->subpath = arena_strdup(p->arena, value);
	return o && o->subpath ? 0 : err_oom(p->err);
}

static int set_nocopy(struct parse *p, const char *key, const char *value)
{
	struct container_volume_options *o = OPTIONS(volume_options);

	return o ? parse_bool(p, key, value, &o->no_copy) : err_oom(p->err);
}

static int set_label(struct parse *p, const char *key, const char *value)
{
	struct container_volume_options *o = OPTIONS(volume_options);
	const char *equals = strchrnul(value, '=');
	char *name = arena_strndup(p->arena, value, (size_t)(equals - value));

	(void)key;
	if (!o || !name)
		return err_oom(p->err);
	if (!*name)
		return 0;
	return json_map_set(p->arena, &o->labels, name, *equals ? equals + 1 : "") < 0
		       ? err_oom(p->err)
		       : 0;
}

static void unref(void *j)
{
	json_decref(j);
}

/* {"Name": DRIVER, "Options": {…}}, made at the first key that needs it. */
static json_t *driver_config(struct parse *p)
{
	struct container_volume_options *o = OPTIONS(volume_options);

	if (o && !o->driver_config) {
		json_t *j = json_object();

		if (j && arena_defer(p->arena, unref, j) == 0)
			o->driver_config = j;
	}
	return o ? o->driver_config : NULL;
}

static int set_driver(struct parse *p, const char *key, const char *value)
{
	json_t *j = driver_config(p);

	(void)key;
	return j && json_object_set_new(j, "Name", json_string(value)) == 0 ? 0 : err_oom(p->err);
}

static int set_driver_option(struct parse *p, const char *key, const char *value)
{
	json_t *j = driver_config(p), *options;
	const char *equals = strchrnul(value, '=');
	char *name = arena_strndup(p->arena, value, (size_t)(equals - value));

	(void)key;
	if (!j || !name)
		return err_oom(p->err);
	if (!*name)
		return 0;
	options = json_object_get(j, "Options");
	if (!options) {
		options = json_object();
		if (json_object_set_new(j, "Options", options) < 0)
			return err_oom(p->err);
	}
	return json_object_set_new(options, name, json_string(*equals ? equals + 1 : "")) == 0
		       ? 0
		       : err_oom(p->err);
}

static int set_tmpfs_size(struct parse *p, const char *key, const char *value)
{
	struct container_tmpfs_options *o = OPTIONS(tmpfs_options);

	if (!o)
		return err_oom(p->err);
	return units_parse_size(value, &o->size_bytes, NULL) < 0 ? bad_value(p, key, value) : 0;
}

static int set_tmpfs_mode(struct parse *p, const char *key, const char *value)
{
	struct container_tmpfs_options *o = OPTIONS(tmpfs_options);
	size_t n = strspn(value, "01234567");

	if (!o)
		return err_oom(p->err);
	if (n == 0 || n > 10 || value[n])
		return bad_value(p, key, value);
	o->mode = (int64_t)strtoul(value, NULL, 8);
	return 0;
}

static const struct key {
	const char *name;
	int (*set)(struct parse *p, const char *key, const char *value);
	bool bare;
} keys[] = {
	{"type", set_type, false},
	{"source", set_source, false},
	{"src", set_source, false},
	{"target", set_target, false},
	{"dst", set_target, false},
	{"destination", set_target, false},
	{"readonly", set_read_only, true},
	{"ro", set_read_only, true},
	{"consistency", set_consistency, false},
	{"bind-propagation", set_propagation, false},
	{"bind-nonrecursive", set_nonrecursive, true},
	{"bind-recursive", set_recursive, false},
	{"volume-subpath", set_subpath, false},
	{"volume-nocopy", set_nocopy, true},
	{"volume-label", set_label, false},
	{"volume-driver", set_driver, false},
	{"volume-opt", set_driver_option, false},
	{"tmpfs-size", set_tmpfs_size, false},
	{"tmpfs-mode", set_tmpfs_mode, false},
};

static int set_field(struct parse *p, const char *field)
{
	const char *equals = strchrnul(field, '=');
	size_t n = (size_t)(equals - field);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strlen(keys[i].name) != n || strncasecmp(keys[i].name, field, n) != 0)
			continue;
		if (*equals)
			return keys[i].set(p, keys[i].name, equals + 1);
		if (keys[i].bare)
			return keys[i].set(p, keys[i].name, NULL);
		break;
	}
	if (!*equals)
		return err_set(p->err, ERR_INVALID,
			       "invalid field '%.200s' must be a key=value pair", field);
	return err_set(p->err, ERR_INVALID, "unexpected key '%.*s' in '%.200s'",
		       (int)MIN_OF(n, (size_t)100), field, field);
}

static int check_mix(const struct container_mount *m, struct err *err)
{
	const struct container_bind_options *o = m->bind_options;
	const char *mixed = m->volume_options && !str_eq(m->type, "volume") ? "volume"
			    : o && !str_eq(m->type, "bind")                 ? "bind"
			    : m->tmpfs_options && !str_eq(m->type, "tmpfs") ? "tmpfs"
									    : NULL;

	if (mixed)
		return err_set(err, ERR_INVALID,
			       "cannot mix '%s-*' options with mount type '%.50s'", mixed, m->type);
	if (o && o->read_only_non_recursive && !m->read_only)
		return err_set(
			err, ERR_INVALID,
			"option 'bind-recursive=writable' requires 'readonly' to be specified in "
			"conjunction");
	if (o && o->read_only_force_recursive && !m->read_only)
		return err_set(
			err, ERR_INVALID,
			"option 'bind-recursive=readonly' requires 'readonly' to be specified in "
			"conjunction");
	if (o && o->read_only_force_recursive && !str_eq(o->propagation, "rprivate"))
		return err_set(
			err, ERR_INVALID,
			"option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to "
			"be specified in conjunction");
	return 0;
}

int mount_parse_mount(struct arena *a, const char *s, const char *cwd, struct container_mount *out,
		      struct err *err)
{
	struct parse p = {.arena = a, .cwd = cwd, .m = out, .err = err};
	char **fields;
	int r;

	*out = (struct container_mount){.type = arena_strdup(a, "volume")};
	if (!out->type)
		return err_oom(err);
	if (!*s)
		return err_set(err, ERR_INVALID, "value is empty");
	r = csv_parse(a, s, &fields, err);
	for (size_t i = 0; r == 0 && fields[i]; i++)
		r = set_field(&p, fields[i]);
	if (r < 0)
		return r;
	if (!*out->type)
		return err_set(err, ERR_INVALID, "type is required");
	if (str_empty(out->target))
		return err_set(err, ERR_INVALID, "target is required");
	r = check_mix(out, err);
	if (r < 0)
		return r;
	r = mount_check(out, err);
	if (r < 0)
		return r;
	out->target = path_clean(a, out->target);
	return out->target ? 0 : err_oom(err);
}
