// SPDX-License-Identifier: Apache-2.0
/*
 * Making a container: look up, merge, check, write its directory, insert its row.
 *
 * The row comes last: a name is taken only when everything behind it is there, and a kill -9 at any
 * instruction leaves a directory that no row names, which is garbage by rule. Nothing is synced: a
 * container that a power cut loses was never started, or is dead anyway.
 *
 * The bundle is built here already, because that is what finds out whether it can be; a start that
 * follows at once in the same engine (`run`) takes it as it is (engine->fresh).
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "engine/undo.h"
#include "engine/volume.h"
#include "spec/name.h"

#define TEXT_MAX   (8 << 20)
#define NAME_TRIES 8

struct making {
	struct engine *e;
	struct arena *a;
	struct store_image image;
	struct container_create *c;
	struct container_extra extra;
	struct bundle bundle;
	char id[ID_LEN + 1];
	int dirfd, run_fd, monitor;
	int lock; /* tells a check that the directory without a row has a maker */
};

static void undo_dir(void *data)
{
	struct making *m = data;

	/* The monitor, too, takes back what it made: wait, so that nothing comes after us. */
	monitor_cancel(TAKE_FD(m->monitor));
	fd_close(TAKE_FD(m->run_fd));
	fd_close(TAKE_FD(m->dirfd));
	fd_close(TAKE_FD(m->lock));
	(void)path_remove_tree(m->e->containers_fd, m->id, NULL);
	container_forget_run_dir(m->e, m->id);
}

static void undo_volumes(void *data)
{
	struct making *m = data;

	for (size_t i = 0; i < m->extra.mounts.n; i++) {
		struct container_mount_point *p =
			JSON_AT(struct container_mount_point, &m->extra.mounts, i);

		if (p->anonymous && p->name)
			(void)volume_remove(m->e, p->name, false, NULL);
	}
}

static int put(int dirfd, const char *name, const struct buf *b, struct err *err)
{
	cleanup_fd int fd =
		openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = fd < 0 ? -errno : fd_write(fd, b->data ?: "", b->len);

	return r < 0 ? err_sys(err, r, "write %s", name) : 0;
}

int container_write_bundle(struct bundle *b, struct err *err)
{
	cleanup(buf_done) struct buf config = BUF_INIT(TEXT_MAX), monitor = BUF_INIT(TEXT_MAX);
	int r = oci_spec_encode(&config, &b->spec, err);

	if (r == 0)
		r = put(b->dirfd, "config.json", &config, err);
	if (r == 0)
		r = json_encode_text(&monitor, &monitor_config_object, &b->monitor, err);
	return r < 0 ? r : put(b->dirfd, "monitor.json", &monitor, err);
}

/* containers/ID with upper and work; no state yet, which says "created". Ours alone until the row is there: its lock says
 * so to `system check`, for which a directory without a row is garbage. */
static int make_dir(struct making *m, struct err *err)
{
	cleanup_fd int marker = -EBADF;

	if (mkdirat(m->e->containers_fd, m->id, 0710) < 0)
		return err_sys(err, errno, "make the directory of container %s", m->id);
	m->lock = container_lock(m->e, m->id, true, err);
	if (m->lock < 0)
		return m->lock;
	m->dirfd = openat(m->e->containers_fd, m->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m->dirfd < 0 || mkdirat(m->dirfd, "upper", 0755) < 0 ||
	    mkdirat(m->dirfd, "work", 0700) < 0)
		return err_sys(err, errno, "make the directory of container %s", m->id);
	/* Programs look for this file to know that they run in a container. */
	marker = openat(m->dirfd, "upper/.dockerenv", O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
			0755);
	return marker < 0 ? err_sys(err, errno, "make the directory of container %s", m->id) : 0;
}

static int choose_host_name(struct making *m, struct err *err)
{
	struct container_config *c = &m->c->config;
	const struct container_host_config *h = &m->c->host_config;
	struct container_info other;
	struct utsname u;
	int r;

	if (!str_empty(c->hostname))
		return 0;
	if (str_after(h->network_mode, "container:")) { /* one network, one name */
		r = bundle_other_container(m->e, m->a, h->network_mode, &other, err);
		if (r < 0)
			return r;
		c->hostname = other.config->config.hostname;
		c->domainname = other.config->config.domainname;
		return 0;
	}
	if (str_eq(h->uts_mode, "host") || str_eq(h->network_mode, "host"))
		c->hostname = arena_strdup(m->a, uname(&u) == 0 ? u.nodename : "localhost");
	else
		c->hostname = arena_strndup(m->a, m->id, ID_SHORT);
	return c->hostname ? 0 : err_oom(err);
}

/* The other container by its id: names change. */
static int pin_others(struct making *m, struct err *err)
{
	struct container_host_config *h = &m->c->host_config;
	char **modes[] = {&h->network_mode, &h->ipc_mode, &h->pid_mode};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		const char *key = *modes[i] ? str_after(*modes[i], "container:") : NULL;
		struct store_container row;
		int r;

		if (!key)
			continue;
		r = store_container_find(m->e->store, m->a, key, &row, err);
		if (r < 0)
			return r;
		*modes[i] = arena_printf(m->a, "container:%s", row.id);
		if (!*modes[i])
			return err_oom(err);
	}
	return 0;
}

static int fill_extra(struct making *m, struct err *err)
{
	const char *parent = m->c->host_config.resources.cgroup_parent;
	char **args, *top = (char *)"";
	int r = bundle_args(m->a, &m->c->config, &args, err);

	if (r < 0)
		return r;
	if (str_empty(parent))
		parent = m->e->config.cgroup_parent;
	if (strstr(parent, ".."))
		return err_set(err, ERR_INVALID, "invalid cgroup parent: %s", parent);
	m->extra.path = args[0];
	m->extra.args = args + 1;
	if (m->e->rootless) {
		top = bundle_rootless_cgroup(m->a);
		if (!top || !*top) {
			m->extra.cgroup = top;
			return top ? 0 : err_oom(err);
		}
		if (path_after(parent, top))
			top = (char *)"";
	}
	m->extra.cgroup =
		arena_printf(m->a, "%s%s%s/%s", top, parent[0] == '/' ? "" : "/", parent, m->id);
	return m->extra.cgroup ? 0 : err_oom(err);
}

static int build(struct making *m, struct err *err)
{
	struct bundle *b = &m->bundle;
	int r;

	*b = (struct bundle){.engine = m->e,
			     .arena = m->a,
			     .id = m->id,
			     .config = m->c,
			     .extra = &m->extra,
			     .dirfd = m->dirfd};
	b->dir = arena_printf(m->a, "%s/containers/%s", m->e->root, m->id);
	if (!b->dir)
		return err_oom(err);
	r = store_image_lower(m->e->store, m->a, &m->image, &b->lower, err);
	if (r == 0 && m->extra.mounts.n > 0)
		r = bundle_copy_up(m->e, b->lower, &m->extra, err);
	if (r == 0)
		r = bundle_build(b, err);
	return r < 0 ? r : container_write_bundle(b, err);
}

/* Names are invented until one is free; a name that was asked for is tried once. */
static int insert(struct making *m, const char *name, struct err *err)
{
	cleanup(json_unref) json_t *j = container_create_encode_short(m->c);
	cleanup(buf_done) struct buf text = BUF_INIT(TEXT_MAX);
	struct store_container row = {.id = m->id,
				      .image = m->image.id,
				      .image_ref = m->c->config.image,
				      .created = clock_now()};
	uint64_t random;
	int r = j ? json_write(&text, j, 0, err) : err_oom(err);

	if (r < 0)
		return r;
	row.config = text.data;
	row.extra = container_extra_encode(m->a, &m->extra);
	if (!row.extra)
		return err_oom(err);
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)row.created;
	for (unsigned i = 0;; i++) {
		row.name = name ? arena_strdup(m->a, name) : name_invent(m->a, random + i, i);
		if (!row.name)
			return err_oom(err);
		r = store_container_insert(m->e->store, &row, err);
		if (r == 0 || name || i >= NAME_TRIES || !err || err->kind != ERR_CONFLICT)
			return r;
	}
}

static int check_name(const char **name, struct err *err)
{
	if (*name && **name == '/')
		(*name)++;
	return *name ? name_check_container(*name, err) : 0;
}

static bool wants_mounts(const struct making *m)
{
	const struct container_host_config *h = &m->c->host_config;

	return h->mounts.n || strv_len(h->binds) || strv_len(h->volumes_from) ||
	       strv_len(m->c->config.volumes);
}

static int prepare(struct making *m, const struct container_create_request *req, char ***warnings,
		   struct err *err)
{
	cleanup(json_unref) json_t *config = NULL;
	int r;

	if (str_empty(m->c->config.image))
		return err_set(err, ERR_INVALID,
			       "config cannot be empty in order to create a container");
	r = image_find(m->e, m->a, m->c->config.image, &m->image, err);
	if (r < 0)
		return r;
	config = json_parse(m->image.config, strlen(m->image.config), m->image.id, err);
	if (!config)
		return err ? err->code : -EINVAL;
	r = image_config_check_platform(m->a, m->c->config.image, config, req->platform, err);
	if (r == 0)
		r = bundle_merge(m->a, m->c, config, err);
	if (r == 0)
		r = pin_others(m, err);
	if (r == 0)
		r = bundle_check(m->e, m->a, m->c, warnings, err);
	if (r == 0)
		r = choose_host_name(m, err);
	return r < 0 ? r : fill_extra(m, err);
}

/* Beside the insert of the row, the monitor makes namespaces, cgroup and mounts, and waits. */
static int spawn_monitor(struct making *m, struct err *err)
{
	struct monitor_start s = {.container_dirfd = m->dirfd};

	m->run_fd = container_open_run_dir(m->e, m->id, true, err);
	if (m->run_fd < 0)
		return m->run_fd;
	s.run_dirfd = m->run_fd;
	return monitor_spawn(&s, &m->monitor, err);
}

/* What start would have to look up again a moment later. */
static void remember(struct making *m)
{
	struct engine_fresh *f = &m->e->fresh;

	engine_fresh_done(f);
	memcpy(f->id, m->id, sizeof(f->id));
	f->dirfd = TAKE_FD(m->dirfd);
	f->run_fd = TAKE_FD(m->run_fd);
	f->monitor = TAKE_FD(m->monitor);
	f->until = clock_monotonic() + NS_PER_SEC;
	f->auto_remove = m->c->host_config.auto_remove;
}

int container_create(struct engine *e, struct arena *a, const struct container_create_request *req,
		     char **ret_id, char ***ret_warnings, struct err *err)
{
	struct making m = {.e = e,
			   .a = a,
			   .c = req->body,
			   .dirfd = -EBADF,
			   .run_fd = -EBADF,
			   .monitor = -EBADF,
			   .lock = -EBADF};
	cleanup(undo_run) struct undo undo = {};
	cleanup_fd int ids = -EBADF;  /* until our row tells which ones are taken */
	cleanup_fd int hold = -EBADF; /* let go of before the undo, which removes volumes */
	const char *name = req->name;
	char **warnings = NULL;
	int r = check_name(&name, err);

	if (r < 0)
		return r;
	id_random(m.id, ID_LEN);
	r = prepare(&m, req, &warnings, err);
	if (r < 0)
		return r;
	if (wants_mounts(&m)) { /* no volume vanishes until our row names it */
		hold = volume_hold(e, err);
		if (hold < 0)
			return hold;
	}
	r = bundle_userns_choose(e, a, &m.c->host_config, &m.extra, &ids, err);
	if (r < 0)
		return r;
	undo_push(&undo, undo_volumes, &m);
	r = bundle_resolve_mounts(e, a, m.id, m.c, &m.extra, err);
	if (r < 0)
		return r;
	undo_push(&undo, undo_dir, &m);
	r = make_dir(&m, err);
	if (r == 0)
		r = build(&m, err);
	if (r == 0 && req->start_follows)
		r = spawn_monitor(&m, err);
	if (r == 0)
		r = insert(&m, name, err);
	if (r < 0)
		return r;
	undo_dismiss(&undo);
	fd_close(TAKE_FD(m.lock)); /* start wants it */
	remember(&m);
	*ret_id = arena_strdup(a, m.id);
	if (ret_warnings)
		*ret_warnings = warnings;
	return *ret_id ? 0 : err_oom(err);
}
