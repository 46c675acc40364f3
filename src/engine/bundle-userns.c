// SPDX-License-Identifier: Apache-2.0
/*
 * --userns: a user namespace for one container of the host's root.
 *
 *   host        none: root in it is root (the default without "userns-remap")
 *   remap       the first 65536 ids that /etc/subuid and /etc/subgid give to the user that the
 *               configuration's "userns-remap" names, else to hoy or containers; remap:USER names
 *               another one. All such containers share them, as with Docker's userns-remap.
 *   auto        65536 of those ids that no other container has (auto:size=N: so many), chosen at
 *               create and kept in the container's row; the lock spans choice and insert. Those of
 *               remap are never among them.
 *
 * Layers and our own files are id-mapped (run/rootfs-idmap.c): the same image serves all, nothing is
 * chowned. So are volumes, which are ours as well: root of any container is their root. Host folders
 * are not, as with Docker: there the container is a stranger; -v SRC:DST:idmap says otherwise.
 * What such a container cannot share with the host, and the words for it, are Docker's.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "engine/subid.h"
#include "store/store.h"

#define SIZE_DEFAULT 65536
#define SIZE_MAX_IDS (1 << 30)
#define RANGES_MAX   4096

static bool is_on(const char *mode)
{
	return !str_empty(mode) && !str_eq(mode, "host") && !str_eq(mode, "private");
}

/* 0: not "auto:size=N" or not a sensible number. */
static uint32_t auto_size(const char *mode)
{
	const char *size = str_after(mode, "auto:size=");
	uint64_t n;

	if (str_eq(mode, "auto"))
		return SIZE_DEFAULT;
	return size && str_to_u64(size, &n) == 0 && n > 0 && n <= SIZE_MAX_IDS ? (uint32_t)n : 0;
}

int bundle_userns_check(const struct engine *e, struct container_host_config *h, struct err *err)
{
	const char *mode = h->userns_mode;

	if (str_empty(mode) && !e->rootless && !str_empty(e->config.userns_remap))
		h->userns_mode = (char *)"remap";
	mode = h->userns_mode;
	if (!is_on(mode))
		return 0;
	if (!str_eq(mode, "remap") && !auto_size(mode) && !str_eq(mode, "keep-id") &&
	    str_empty(str_after(mode, "remap:")))
		return err_set(err, ERR_INVALID, "invalid USER mode: %s", mode);
	if (e->rootless)
		return err_set(err, ERR_UNSUPPORTED,
			       "--userns %s: a normal user's containers are in a user namespace "
			       "already",
			       mode);
	if (str_eq(mode, "keep-id"))
		return err_set(err, ERR_INVALID, "--userns keep-id is for normal users only");
	if (h->privileged)
		return err_set(err, ERR_INVALID,
			       "privileged mode is incompatible with user namespaces.  You must "
			       "run the container in the host namespace when running privileged "
			       "mode");
	if (str_eq(h->network_mode, "host"))
		return err_set(err, ERR_INVALID,
			       "cannot share the host's network namespace when user namespaces "
			       "are enabled");
	if (str_eq(h->pid_mode, "host"))
		return err_set(err, ERR_INVALID,
			       "cannot share the host PID namespace when user namespaces are "
			       "enabled");
	if (str_eq(h->ipc_mode, "host"))
		return err_set(err, ERR_INVALID,
			       "cannot share the host IPC namespace when user namespaces are "
			       "enabled");
	return 0;
}

/* Who has ranges: the named one, else the first of ours that has any. */
static int read_ranges(const char *name, struct userns_map *uids, struct userns_map *gids,
		       struct err *err)
{
	const char *names[] = {"hoy", "containers", NULL}, *one[] = {name, NULL};
	const char *const *p = name ? one : names;

	for (; *p; p++) {
		int r = subid_map(SUBID_UID_FILE, *p, (uid_t)-1, 0, uids, err);

		if (r == 0)
			r = subid_map(SUBID_GID_FILE, *p, (uid_t)-1, 0, gids, err);
		if (r < 0)
			return r;
		if (uids->n > 1 && gids->n > 1)
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
		       "user namespaces need ranges of ids: /etc/subuid and /etc/subgid have none "
		       "for user %s, as in %s:2000000000:1000000000",
		       name ?: "hoy or containers", name ?: "hoy");
}

struct taken {
	struct container_userns of[RANGES_MAX + 1];
	size_t n;
};

static int read_taken(struct engine *e, struct arena *a, struct taken *t, struct err *err)
{
	struct json_list rows = {};
	int r = store_container_list(engine_store(e), a, &rows, err);

	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		struct container_extra x = {};

		r = container_extra_decode(a, JSON_AT(struct store_container, &rows, i)->extra, &x,
					   err);
		if (r < 0 || !x.userns)
			continue;
		if (t->n == RANGES_MAX)
			return err_set(err, ERR_TOO_LARGE, "more than %d user namespaces",
				       RANGES_MAX);
		t->of[t->n++] = *x.userns;
	}
	return r;
}

static bool overlap(uint64_t a, uint64_t n, uint64_t b, uint64_t m)
{
	return a < b + m && b < a + n;
}

/* The lowest start in the ranges that nobody has; UINT64_MAX: none. */
static uint64_t find_free(const struct userns_map *map, const struct taken *t, uint32_t size,
			  bool gid)
{
	for (size_t i = 1; i < map->n; i++) {
		uint64_t at = map->range[i].outside, end = at + map->range[i].count;

		while (at + size <= end) {
			uint64_t next = at;

			for (size_t k = 0; k < t->n && next == at; k++) {
				uint64_t first = gid ? t->of[k].gid : t->of[k].uid;

				if (overlap(at, size, first, t->of[k].size))
					next = first + t->of[k].size;
			}
			if (next == at)
				return at;
			at = next;
		}
	}
	return UINT64_MAX;
}

static int choose_auto(struct engine *e, struct arena *a, uint32_t size,
		       const struct userns_map *uids, const struct userns_map *gids,
		       struct container_userns *out, struct err *err)
{
	struct taken *t = arena_alloc(a, sizeof(*t));
	int r = t ? read_taken(e, a, t, err) : err_oom(err);

	if (r < 0)
		return r;
	/* Those of "remap", whether somebody has them or not yet. */
	t->of[t->n++] = (struct container_userns){uids->range[1].outside, gids->range[1].outside,
						  SIZE_DEFAULT};
	out->uid = find_free(uids, t, size, false);
	out->gid = find_free(gids, t, size, true);
	out->size = size;
	if (out->uid == UINT64_MAX || out->gid == UINT64_MAX)
		return err_set(err, ERR_CONFLICT,
			       "no %" PRIu32 " ids are free for a user namespace beside those of "
			       "--userns remap and of %zu containers",
			       size, t->n - 1);
	return 0;
}

int bundle_userns_choose(struct engine *e, struct arena *a, const struct container_host_config *h,
			 struct container_extra *x, int *ret_lock, struct err *err)
{
	const char *mode = h->userns_mode, *name = e->config.userns_remap;
	struct userns_map *uids = arena_alloc(a, 2 * sizeof(*uids)), *gids = uids + 1;
	uint32_t size;
	int r;

	if (!is_on(mode))
		return 0;
	x->userns = arena_alloc(a, sizeof(*x->userns));
	if (!x->userns || !uids)
		return err_oom(err);
	size = auto_size(mode);
	if (str_after(mode, "remap:"))
		name = str_after(mode, "remap:");
	else if (str_empty(name) || str_eq(name, "default"))
		name = NULL;
	r = read_ranges(name, uids, gids, err);
	if (r < 0)
		return r;
	if (size) {
		*ret_lock = lock_take(e->root_fd, "userns.lock", LOCK_EXCLUSIVE, err);
		return *ret_lock < 0 ? *ret_lock
				     : choose_auto(e, a, size, uids, gids, x->userns, err);
	}
	*x->userns = (struct container_userns){
		.uid = uids->range[1].outside,
		.gid = gids->range[1].outside,
		.size = MIN_OF(MIN_OF(uids->range[1].count, gids->range[1].count), SIZE_DEFAULT),
	};
	return 0;
}

static int map_all(struct bundle *b, struct json_list *list, uint64_t first)
{
	struct oci_id_mapping *m = json_list_add(b->arena, list, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*m = (struct oci_id_mapping){.host_id = first, .size = b->extra->userns->size};
	return 0;
}

/* Asked for by the word of -v, or ours: volumes, and the files of /etc. */
static bool is_mapped(const struct bundle *b, const struct oci_mount *m)
{
	for (size_t i = 0; i < b->extra->mounts.n; i++) {
		const struct container_mount_point *p =
			JSON_AT(struct container_mount_point, &b->extra->mounts, i);
		char **words;

		if (!str_eq(p->destination, m->destination))
			continue;
		words = strv_split(b->arena, p->mode ?: "", ',', 0);
		return str_eq(p->type, "volume") || strv_has(words, "idmap");
	}
	return path_after(m->source, b->engine->root) != NULL;
}

static int map_mounts(struct bundle *b)
{
	for (size_t i = 0; i < b->spec.mounts.n; i++) {
		struct oci_mount *m = JSON_AT(struct oci_mount, &b->spec.mounts, i);

		if (!str_eq(m->type, "bind") || !is_mapped(b, m))
			continue;
		m->options = strv_append(b->arena, m->options, "idmap");
		if (!m->options)
			return -ENOMEM;
	}
	return 0;
}

static int check_ids(const struct bundle *b, struct err *err)
{
	const struct oci_user *u = &b->spec.process->user;
	uint64_t size = b->extra->userns->size;
	bool fits = u->uid < size && u->gid < size;

	for (size_t i = 0; i < u->additional_gids.n; i++)
		fits &= (uint64_t)*JSON_AT(int64_t, &u->additional_gids, i) < size;
	return fits ? 0
		    : err_set(err, ERR_INVALID,
			      "user %" PRIu64 ":%" PRIu64 " is not among the %" PRIu64
			      " ids of the container's user namespace",
			      u->uid, u->gid, size);
}

int bundle_userns(struct bundle *b, struct err *err)
{
	struct oci_linux *l = b->spec.linux;
	const struct container_userns *u = b->extra->userns;
	const char *ping = "net.ipv4.ping_group_range";
	struct oci_namespace *n;
	int r;

	if (!u)
		return 0;
	r = check_ids(b, err);
	if (r < 0)
		return r;
	n = json_list_add(b->arena, &l->namespaces, sizeof(*n));
	if (!n || map_all(b, &l->uid_mappings, u->uid) < 0 ||
	    map_all(b, &l->gid_mappings, u->gid) < 0 || map_mounts(b) < 0)
		return err_oom(err);
	n->type = (char *)"user";
	b->monitor.idmap = true;
	if (str_eq(json_map_get(&l->sysctl, ping), "0 2147483647") &&
	    json_map_set(b->arena, &l->sysctl, ping,
			 arena_printf(b->arena, "0 %" PRIu64, u->size - 1)) < 0)
		return err_oom(err);
	return 0;
}
