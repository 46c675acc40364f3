// SPDX-License-Identifier: Apache-2.0
#include "spec/cdi.h"

#include <ctype.h>

#include "base/str.h"
#include "spec/device.h"

#define ROW(T, name, kind, member)                                                                 \
	{                                                                                          \
		name, kind, 0, offsetof(struct T, member), NULL                                    \
	}
#define NEED(T, name, kind, member)                                                                \
	{                                                                                          \
		name, kind, JSON_REQUIRED, offsetof(struct T, member), NULL                        \
	}
#define SUB(T, name, kind, member, object)                                                         \
	{                                                                                          \
		name, kind, 0, offsetof(struct T, member), &(object)                               \
	}

static const struct json_field node_fields[] = {
	NEED(cdi_node, "path", JSON_STR, path),
	ROW(cdi_node, "hostPath", JSON_STR, host_path),
	ROW(cdi_node, "type", JSON_STR, type),
	ROW(cdi_node, "major", JSON_OPT_I64, major),
	ROW(cdi_node, "minor", JSON_OPT_I64, minor),
	ROW(cdi_node, "fileMode", JSON_OPT_U64, file_mode),
	ROW(cdi_node, "permissions", JSON_STR, permissions),
	ROW(cdi_node, "uid", JSON_OPT_U64, uid),
	ROW(cdi_node, "gid", JSON_OPT_U64, gid),
	{},
};
static const struct json_object node_object = {"deviceNode", sizeof(struct cdi_node), node_fields};

static const struct json_field mount_fields[] = {
	NEED(cdi_mount, "hostPath", JSON_STR, host_path),
	NEED(cdi_mount, "containerPath", JSON_STR, container_path),
	ROW(cdi_mount, "type", JSON_STR, type),
	ROW(cdi_mount, "options", JSON_STRV, options),
	{},
};
static const struct json_object mount_object = {"mount", sizeof(struct cdi_mount), mount_fields};

static const struct json_field hook_fields[] = {
	NEED(cdi_hook, "hookName", JSON_STR, hook_name), NEED(cdi_hook, "path", JSON_STR, path),
	ROW(cdi_hook, "args", JSON_STRV, args),          ROW(cdi_hook, "env", JSON_STRV, env),
	ROW(cdi_hook, "timeout", JSON_OPT_I64, timeout), {},
};
static const struct json_object hook_object = {"hook", sizeof(struct cdi_hook), hook_fields};

static const struct json_field edits_fields[] = {
	ROW(cdi_edits, "env", JSON_STRV, env),
	SUB(cdi_edits, "deviceNodes", JSON_LIST, device_nodes, node_object),
	SUB(cdi_edits, "mounts", JSON_LIST, mounts, mount_object),
	SUB(cdi_edits, "hooks", JSON_LIST, hooks, hook_object),
	ROW(cdi_edits, "additionalGids", JSON_I64_LIST, additional_gids),
	ROW(cdi_edits, "intelRdt", JSON_RAW, intel_rdt),
	ROW(cdi_edits, "netDevices", JSON_RAW, net_devices),
	{},
};
static const struct json_object edits_object = {"containerEdits", sizeof(struct cdi_edits),
						edits_fields};

static const struct json_field device_fields[] = {
	NEED(cdi_device, "name", JSON_STR, name),
	SUB(cdi_device, "containerEdits", JSON_SUB, edits, edits_object),
	{},
};
static const struct json_object device_object = {"device", sizeof(struct cdi_device),
						 device_fields};

static const struct json_field spec_fields[] = {
	NEED(cdi_spec, "cdiVersion", JSON_STR, cdi_version),
	NEED(cdi_spec, "kind", JSON_STR, kind),
	SUB(cdi_spec, "devices", JSON_LIST, devices, device_object),
	SUB(cdi_spec, "containerEdits", JSON_SUB, edits, edits_object),
	{},
};
static const struct json_object spec_object = {"cdi", sizeof(struct cdi_spec), spec_fields};

/* Letters, digits and `more`; letters or digits at both ends, the first a letter if asked for. */
static bool is_word(const char *s, size_t n, bool letter, const char *more)
{
	if (n == 0 || n > 128 || !isalnum((unsigned char)s[0]) ||
	    !isalnum((unsigned char)s[n - 1]) || (letter && !isalpha((unsigned char)s[0])))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(more, s[i]))
			return false;
	return true;
}

static bool is_kind(const char *s, size_t n)
{
	const char *slash = memchr(s, '/', n);
	size_t vendor = slash ? (size_t)(slash - s) : 0;

	return slash && is_word(s, vendor, true, "_.-") &&
	       is_word(slash + 1, n - vendor - 1, true, "_-");
}

bool cdi_is_name(const char *s)
{
	const char *eq = strchr(s, '=');

	return eq && is_kind(s, (size_t)(eq - s)) && is_word(eq + 1, strlen(eq + 1), false, "_.:-");
}

int cdi_name_parse(struct arena *a, const char *s, struct cdi_name *out, struct err *err)
{
	const char *eq = strchr(s, '=');

	if (!cdi_is_name(s))
		return err_set(err, ERR_INVALID,
			       "\"%.200s\" is not the name of a device as in vendor.com/class=name",
			       s);
	out->kind = arena_strndup(a, s, (size_t)(eq - s));
	out->device = arena_strdup(a, eq + 1);
	return out->kind && out->device ? 0 : err_oom(err);
}

const struct cdi_device *cdi_spec_find(const struct cdi_spec *s, const char *device)
{
	for (size_t i = 0; i < s->devices.n; i++) {
		const struct cdi_device *d = JSON_AT(struct cdi_device, &s->devices, i);

		if (str_eq(d->name, device))
			return d;
	}
	return NULL;
}

/* Where a message points: "FILE: devices[3]: ". */
struct place {
	const char *what;
	int device; /* -1: the edits of all */
	struct err *err;
};

static int bad(const struct place *p, const char *where, const char *why, const char *value)
{
	if (p->device < 0)
		return err_set(p->err, ERR_INVALID, "%s: containerEdits.%s: %s \"%.200s\"", p->what,
			       where, why, value ?: "");
	return err_set(p->err, ERR_INVALID, "%s: devices[%d].containerEdits.%s: %s \"%.200s\"",
		       p->what, p->device, where, why, value ?: "");
}

static int check_nodes(const struct cdi_edits *e, const struct place *p)
{
	for (size_t i = 0; i < e->device_nodes.n; i++) {
		const struct cdi_node *n = JSON_AT(struct cdi_node, &e->device_nodes, i);

		if (n->path[0] != '/')
			return bad(p, "deviceNodes", "path is not absolute", n->path);
		if (n->host_path && n->host_path[0] != '/')
			return bad(p, "deviceNodes", "hostPath is not absolute", n->host_path);
		if (!str_empty(n->type) && (!strchr("bcup", n->type[0]) || n->type[1]))
			return bad(p, "deviceNodes", "unknown type", n->type);
		if (!str_empty(n->permissions) && !device_permissions_valid(n->permissions))
			return bad(p, "deviceNodes", "wrong permissions", n->permissions);
		if (n->major.value < 0 || n->minor.value < 0 || n->major.value > UINT32_MAX ||
		    n->minor.value > UINT32_MAX)
			return bad(p, "deviceNodes", "number out of range of", n->path);
	}
	return 0;
}

static int check_hooks(const struct cdi_edits *e, const struct place *p)
{
	static const char *const names[] = {"prestart",       "createRuntime", "createContainer",
					    "startContainer", "poststart",     "poststop"};

	for (size_t i = 0; i < e->hooks.n; i++) {
		const struct cdi_hook *h = JSON_AT(struct cdi_hook, &e->hooks, i);
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			known |= str_eq(h->hook_name, names[k]);
		if (!known)
			return bad(p, "hooks", "unknown hook", h->hook_name);
		if (h->path[0] != '/')
			return bad(p, "hooks", "path is not absolute", h->path);
		if (h->timeout.set && h->timeout.value <= 0)
			return bad(p, "hooks", "timeout must be above 0", h->path);
	}
	return 0;
}

static int check_edits(const struct cdi_edits *e, const struct place *p)
{
	int r;

	if (e->intel_rdt || e->net_devices)
		return bad(p, e->intel_rdt ? "intelRdt" : "netDevices", "not supported", "");
	if (strv_len(e->env) > CDI_EDITS_MAX || e->device_nodes.n > CDI_EDITS_MAX ||
	    e->mounts.n > CDI_EDITS_MAX || e->hooks.n > CDI_EDITS_MAX ||
	    e->additional_gids.n > CDI_EDITS_MAX)
		return bad(p, "*", "too many entries", "");
	for (char **v = e->env; v && *v; v++)
		if (!strchr(*v, '=') || **v == '=')
			return bad(p, "env", "not NAME=VALUE", *v);
	for (size_t i = 0; i < e->mounts.n; i++) {
		const struct cdi_mount *m = JSON_AT(struct cdi_mount, &e->mounts, i);

		if (m->host_path[0] != '/' || m->container_path[0] != '/')
			return bad(p, "mounts", "not an absolute path",
				   m->host_path[0] != '/' ? m->host_path : m->container_path);
	}
	for (size_t i = 0; i < e->additional_gids.n; i++) {
		int64_t gid = *JSON_AT(int64_t, &e->additional_gids, i);

		if (gid < 0 || gid >= UINT32_MAX)
			return bad(p, "additionalGids", "not a group number", "");
	}
	r = check_nodes(e, p);
	return r < 0 ? r : check_hooks(e, p);
}

int cdi_spec_decode(struct arena *a, const char *text, size_t len, const char *what,
		    struct cdi_spec *out, struct err *err)
{
	int r;

	if (len > CDI_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: larger than %zu bytes", what, CDI_TEXT_MAX);
	r = json_decode_text(a, text, len, &spec_object, out, what, err);
	if (r < 0)
		return r;
	if (!str_after(out->cdi_version, "0.") && !str_after(out->cdi_version, "1."))
		return err_set(err, ERR_UNSUPPORTED, "%s: cdiVersion \"%.32s\" is not known", what,
			       out->cdi_version);
	if (!is_kind(out->kind, strlen(out->kind)))
		return err_set(err, ERR_INVALID, "%s: kind \"%.200s\" is not vendor.com/class",
			       what, out->kind);
	if (out->devices.n == 0 || out->devices.n > CDI_DEVICES_MAX)
		return err_set(err, ERR_INVALID, "%s: devices: %zu of them", what, out->devices.n);
	r = check_edits(&out->edits, &(struct place){what, -1, err});
	for (size_t i = 0; r == 0 && i < out->devices.n; i++) {
		const struct cdi_device *d = JSON_AT(struct cdi_device, &out->devices, i);

		if (!is_word(d->name, strlen(d->name), false, "_.:-") ||
		    cdi_spec_find(out, d->name) != d)
			return err_set(
				err, ERR_INVALID,
				"%s: devices[%zu].name: \"%.200s\" is no name, or twice there",
				what, i, d->name);
		r = check_edits(&d->edits, &(struct place){what, (int)i, err});
	}
	return r;
}
