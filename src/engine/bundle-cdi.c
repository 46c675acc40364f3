// SPDX-License-Identifier: Apache-2.0
/*
 * Device requests (--gpus, --device vendor.com/class=name) by the Container Device Interface.
 *
 * The files are read at every start: drivers rewrite them at boot. /var/run/cdi comes before
 * /etc/cdi, as the interface has it; a file that is wrong fails only who names its kind of device,
 * which cannot be known of one that does not decode: then the message is the file's. A request for
 * gpus means the devices of the kind whose class is "gpu": "all" is the one of that name, a count the
 * first ones ("0", "1", …).
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "spec/cdi.h"

#define FILES_MAX 256
#define COUNT_MAX 64

static const char *const folders[] = {"/var/run/cdi", "/etc/cdi"};

struct registry {
	struct arena *a;
	struct cdi_spec specs[FILES_MAX];
	bool used[FILES_MAX]; /* its edits for all devices are made */
	size_t n;
	struct err broken; /* the first file that did not decode */
};

static void read_one(struct registry *g, int dir, const char *folder, const char *name)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CDI_TEXT_MAX);
	char *what = arena_printf(g->a, "%s/%s", folder, name);
	struct err e = ERR_INIT;
	int r = what ? file_read(dir, name, &b, &e) : -ENOMEM;

	if (r == 0)
		r = cdi_spec_decode(g->a, b.data ?: "", b.len, what, &g->specs[g->n], &e);
	if (r == 0)
		g->n++;
	else if (!g->broken.msg[0])
		g->broken = e;
}

static void read_folder(struct registry *g, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	while (d && g->n < FILES_MAX && (e = readdir(d)))
		if (e->d_name[0] != '.' && str_ends(e->d_name, ".json"))
			read_one(g, dirfd(d), folder, e->d_name);
	if (d)
		(void)closedir(d);
}

static int add_nodes(struct bundle *b, const struct cdi_edits *e, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < e->device_nodes.n; i++) {
		const struct cdi_node *n = JSON_AT(struct cdi_node, &e->device_nodes, i);
		const char *host = str_empty(n->host_path) ? n->path : n->host_path;
		struct stat st = {};

		if (!str_empty(n->type) && n->major.set && n->minor.set) {
			st.st_mode = n->type[0] == 'b' ? S_IFBLK : S_IFCHR;
			st.st_rdev = makedev((unsigned)n->major.value, (unsigned)n->minor.value);
			st.st_mode |= 0666;
		} else if (stat(host, &st) < 0) {
			return err_sys(err, errno, "CDI device node %s", host);
		} else if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode)) {
			return err_set(err, ERR_INVALID, "CDI device node %s is not a device",
				       host);
		}
		if (n->file_mode.set)
			st.st_mode = (st.st_mode & S_IFMT) | (n->file_mode.value & 07777);
		st.st_uid = n->uid.set ? (uid_t)n->uid.value : st.st_uid;
		st.st_gid = n->gid.set ? (gid_t)n->gid.value : st.st_gid;
		r = bundle_add_node(b, n->path, &st,
				    str_empty(n->permissions) ? "rwm" : n->permissions);
	}
	return r < 0 ? err_oom(err) : 0;
}

static int add_mounts(struct bundle *b, const struct cdi_edits *e)
{
	for (size_t i = 0; i < e->mounts.n; i++) {
		const struct cdi_mount *c = JSON_AT(struct cdi_mount, &e->mounts, i);
		struct oci_mount *m = json_list_add(b->arena, &b->spec.mounts, sizeof(*m));

		if (!m)
			return -ENOMEM;
		*m = (struct oci_mount){.destination = c->container_path,
					.type = str_empty(c->type) ? (char *)"bind" : c->type,
					.source = c->host_path,
					.options = c->options};
		if (str_eq(m->type, "bind") && !strv_has(m->options, "bind") &&
		    !strv_has(m->options, "rbind") &&
		    !(m->options = strv_append(b->arena, m->options, "bind")))
			return -ENOMEM;
	}
	return 0;
}

static struct json_list *hooks_named(struct oci_hooks *h, const char *name)
{
	return str_eq(name, "prestart")          ? &h->prestart
	       : str_eq(name, "createRuntime")   ? &h->create_runtime
	       : str_eq(name, "createContainer") ? &h->create_container
	       : str_eq(name, "startContainer")  ? &h->start_container
	       : str_eq(name, "poststart")       ? &h->poststart
						 : &h->poststop;
}

static int add_hooks(struct bundle *b, const struct cdi_edits *e)
{
	if (e->hooks.n && !b->spec.hooks)
		b->spec.hooks = arena_alloc(b->arena, sizeof(*b->spec.hooks));
	if (e->hooks.n && !b->spec.hooks)
		return -ENOMEM;
	for (size_t i = 0; i < e->hooks.n; i++) {
		const struct cdi_hook *c = JSON_AT(struct cdi_hook, &e->hooks, i);
		struct oci_hook *h = json_list_add(
			b->arena, hooks_named(b->spec.hooks, c->hook_name), sizeof(*h));

		if (!h)
			return -ENOMEM;
		*h = (struct oci_hook){
			.path = c->path, .args = c->args, .env = c->env, .timeout = c->timeout};
	}
	return 0;
}

static int apply_edits(struct bundle *b, const struct cdi_edits *e, struct err *err)
{
	struct oci_process *p = b->spec.process;
	int r = add_nodes(b, e, err);

	if (r < 0)
		return r;
	for (char **v = e->env; v && *v; v++)
		if (!(p->env = env_set(b->arena, p->env, *v)))
			return err_oom(err);
	for (size_t i = 0; i < e->additional_gids.n; i++) {
		int64_t gid = *JSON_AT(int64_t, &e->additional_gids, i), *to;

		if (gid == 0) /* the interface: root's group is nobody's to get */
			continue;
		to = json_list_add(b->arena, &p->user.additional_gids, sizeof(*to));
		if (!to)
			return err_oom(err);
		*to = gid;
	}
	return add_mounts(b, e) < 0 || add_hooks(b, e) < 0 ? err_oom(err) : 0;
}

static int unresolvable(const struct registry *g, const char *name, struct err *err)
{
	if (g->broken.msg[0])
		return err_set(err, ERR_INVALID,
			       "CDI device injection failed: unresolvable CDI devices %s (%s)",
			       name, g->broken.msg);
	return err_set(err, ERR_NOT_FOUND,
		       "CDI device injection failed: unresolvable CDI devices %s", name);
}

static int inject(struct bundle *b, struct registry *g, const char *full, struct err *err)
{
	struct cdi_name name;
	int r = cdi_name_parse(b->arena, full, &name, err);

	for (size_t i = 0; r == 0 && i < g->n; i++) {
		const struct cdi_device *d = str_eq(g->specs[i].kind, name.kind)
						     ? cdi_spec_find(&g->specs[i], name.device)
						     : NULL;

		if (!d)
			continue;
		if (!g->used[i])
			r = apply_edits(b, &g->specs[i].edits, err);
		g->used[i] = true;
		return r < 0 ? r : apply_edits(b, &d->edits, err);
	}
	return r < 0 ? r : unresolvable(g, full, err);
}

/* The kind of gpus that this host's files know; NULL: none. */
static const char *gpu_kind(const struct registry *g, const char *driver)
{
	for (size_t i = 0; i < g->n; i++) {
		const char *kind = g->specs[i].kind;

		if (str_ends(kind, "/gpu") && (str_empty(driver) || str_after(kind, driver)))
			return kind;
	}
	return NULL;
}

static int inject_gpus(struct bundle *b, struct registry *g, const json_t *q, struct err *err)
{
	const char *kind = gpu_kind(g, json_string_value(json_object_get(q, "Driver")));
	json_int_t count = json_integer_value(json_object_get(q, "Count"));
	const json_t *ids = json_object_get(q, "DeviceIDs"), *id;
	size_t i;
	int r = 0;

	if (!kind)
		return err_set(err, ERR_NOT_FOUND,
			       "could not select device driver \"%s\" with capabilities: [[gpu]]",
			       json_string_value(json_object_get(q, "Driver")) ?: "");
	json_array_foreach (ids, i, id)
		if (r == 0)
			r = inject(
				b, g,
				arena_printf(b->arena, "%s=%s", kind, json_string_value(id) ?: "")
					?: "",
				err);
	if (json_array_size(ids))
		return r;
	if (count < 0)
		return inject(b, g, arena_printf(b->arena, "%s=all", kind) ?: "", err);
	for (json_int_t k = 0; r == 0 && k < MIN_OF(count, COUNT_MAX); k++)
		r = inject(b, g, arena_printf(b->arena, "%s=%" PRIi64, kind, (int64_t)k) ?: "",
			   err);
	return r;
}

static bool wants_gpus(const json_t *q)
{
	const json_t *sets = json_object_get(q, "Capabilities"), *set, *cap;
	size_t i, k;

	json_array_foreach (sets, i, set)
		json_array_foreach (set, k, cap)
			if (str_eq(json_string_value(cap), "gpu"))
				return true;
	return false;
}

static int inject_named(struct bundle *b, struct registry *g, const json_t *q, struct err *err)
{
	const json_t *ids = json_object_get(q, "DeviceIDs"), *id;
	size_t i;
	int r = 0;

	json_array_foreach (ids, i, id) {
		r = inject(b, g, json_string_value(id) ?: "", err);
		if (r < 0)
			return r;
	}
	return r;
}

int bundle_cdi(struct bundle *b, struct err *err)
{
	const json_t *list = b->config->host_config.resources.device_requests, *q;
	struct registry *g;
	size_t i;
	int r = 0;

	if (json_array_size(list) == 0)
		return 0;
	g = arena_alloc(b->arena, sizeof(*g));
	if (!g)
		return err_oom(err);
	g->a = b->arena;
	for (i = 0; i < ARRAY_SIZE(folders); i++)
		read_folder(g, folders[i]);
	json_array_foreach (list, i, q) {
		const char *driver = json_string_value(json_object_get(q, "Driver"));

		if (str_eq(driver, "cdi"))
			r = inject_named(b, g, q, err);
		else if (wants_gpus(q))
			r = inject_gpus(b, g, q, err);
		else
			r = err_set(err, ERR_UNSUPPORTED,
				    "could not select device driver \"%s\" with capabilities: []",
				    driver ?: "");
		if (r < 0)
			return r;
	}
	return 0;
}
