// SPDX-License-Identifier: Apache-2.0
/*
 * A normal user's containers: what differs from root's, in one place, after everything else.
 *
 *   limits      kept by the controllers of a cgroup that was delegated to the user; the others are
 *               discarded with Docker's warning, because nothing can be done about it here
 *   cgroup      below that delegated one, or none: then no /sys/fs/cgroup either, and no pause
 *   /sys        a new sysfs belongs to a network namespace of one's own; with the host's network
 *               the host's /sys is bound. The same for /proc and the host's pids.
 *   devices     nobody but the host's root makes nodes: the host's are bound. No device rules: what
 *               the user may open is what the container may.
 *   ids         devpts wants the group tty, ping a range of groups: only where they are mapped
 *   oom score   only the host's root may lower it
 *
 * Order in bundle_build(): last, on the finished configuration.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "base/userns.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "run/cgroup.h"
#include "spec/device.h"

#define TTY_GROUP 5

/* ---- limits and cgroup ---- */

struct discard {
	struct arena *a;
	char ***warnings;
	struct err *err;
	int r;
};

static void discarded(struct discard *d, bool was_set, const char *text)
{
	if (was_set && d->r == 0)
		d->r = bundle_warn(d->a, d->warnings, text, d->err);
}

#define NO_SUPPORT(what)                                                                           \
	"Your kernel does not support " what                                                       \
	" or the cgroup is not mounted or not delegated to this user. Limitation discarded."

static void discard_memory(struct discard *d, struct container_resources *r)
{
	discarded(d, r->memory || r->memory_swap || r->memory_reservation,
		  NO_SUPPORT("memory limit capabilities"));
	discarded(d, r->memory_swappiness.set && r->memory_swappiness.value >= 0,
		  NO_SUPPORT("memory swappiness capabilities"));
	r->memory = r->memory_swap = r->memory_reservation = 0;
	r->memory_swappiness.set = false;
}

static void discard_cpu(struct discard *d, struct container_resources *r)
{
	discarded(d, r->cpu_shares != 0, NO_SUPPORT("CPU shares"));
	discarded(d, r->nano_cpus || r->cpu_quota || r->cpu_period, NO_SUPPORT("CPU CFS quota"));
	discarded(d, r->cpu_realtime_period || r->cpu_realtime_runtime,
		  NO_SUPPORT("CPU real-time scheduler"));
	r->cpu_shares = r->nano_cpus = r->cpu_quota = r->cpu_period = 0;
	r->cpu_realtime_period = r->cpu_realtime_runtime = 0;
}

static void discard_io(struct discard *d, struct container_resources *r)
{
	static const struct json_list none;

	discarded(d,
		  r->blkio_weight || r->blkio_weight_device.n || r->blkio_device_read_bps.n ||
			  r->blkio_device_write_bps.n || r->blkio_device_read_iops.n ||
			  r->blkio_device_write_iops.n,
		  NO_SUPPORT("block I/O limits"));
	r->blkio_weight = 0;
	r->blkio_weight_device = none;
	r->blkio_device_read_bps = r->blkio_device_write_bps = none;
	r->blkio_device_read_iops = r->blkio_device_write_iops = none;
}

int bundle_rootless_check(struct arena *a, struct container_host_config *h, char ***warnings,
			  struct err *err)
{
	struct discard d = {.a = a, .warnings = warnings, .err = err};
	struct container_resources *r = &h->resources;
	struct cgroup_delegation have;

	(void)cgroup_delegated(&have); /* all false when there is none */
	if (!have.memory)
		discard_memory(&d, r);
	if (!have.cpu)
		discard_cpu(&d, r);
	if (!have.cpuset) {
		discarded(&d, !str_empty(r->cpuset_cpus) || !str_empty(r->cpuset_mems),
			  NO_SUPPORT("cpusets"));
		r->cpuset_cpus = r->cpuset_mems = NULL;
	}
	if (!have.io)
		discard_io(&d, r);
	if (!have.pids) {
		discarded(&d, r->pids_limit.set && r->pids_limit.value > 0,
			  NO_SUPPORT("PIDs limit capabilities"));
		r->pids_limit.set = false;
	}
	for (char **rule = r->device_cgroup_rules; rule && *rule; rule++) {
		struct device_rule parsed;

		if (device_rule_parse(*rule, &parsed, err) < 0)
			return err ? err->code : -EINVAL;
	}
	discarded(&d, strv_len(r->device_cgroup_rules) > 0,
		  "Device rules need root. Limitation discarded.");
	r->device_cgroup_rules = NULL;
	return d.r;
}

char *bundle_rootless_cgroup(struct arena *a)
{
	struct cgroup_delegation d;

	return arena_strdup(a, cgroup_delegated(&d) == 0 ? d.path : "");
}

/* Another session than the one that created the container may have no say over its cgroup. */
static void check_cgroup(struct oci_linux *l)
{
	struct cgroup_delegation d;

	if (!str_empty(l->cgroups_path) &&
	    (cgroup_delegated(&d) < 0 || !path_after(l->cgroups_path, d.path)))
		l->cgroups_path = NULL;
	if (str_empty(l->cgroups_path)) {
		l->cgroups_path = NULL;
		*l->resources = (struct oci_resources){};
	}
	l->resources->devices = (struct json_list){};
}

/* ---- mounts ---- */

static bool shares_host_network(const struct bundle *b, const char *mode, struct err *err)
{
	struct container_info other;

	if (!mode || !str_after(mode, "container:"))
		return str_eq(mode, "host");
	return bundle_other_container(b->engine, b->arena, mode, &other, err) == 0 &&
	       str_eq(other.config->host_config.network_mode, "host");
}

static bool shares_host_pids(const struct bundle *b, const char *mode, struct err *err)
{
	struct container_info other;

	if (!mode || !str_after(mode, "container:"))
		return str_eq(mode, "host");
	return bundle_other_container(b->engine, b->arena, mode, &other, err) == 0 &&
	       str_eq(other.config->host_config.pid_mode, "host");
}

static int bind_instead(struct bundle *b, struct oci_mount *m, const char *options)
{
	bool writable = strv_has(m->options, "rw");

	m->type = (char *)"bind";
	m->source = m->destination;
	m->options = strv_split(b->arena, options, ',', 0);
	if (m->options && !writable && str_eq(m->destination, "/sys"))
		m->options = strv_append(b->arena, m->options, "ro");
	return m->options ? 0 : -ENOMEM;
}

/* Takes one word away; the strv is ours. */
static void drop_word(char **v, const char *word)
{
	char **to = v;

	for (; v && *v; v++)
		if (!str_eq(*v, word))
			*to++ = *v;
	if (v)
		*to = NULL;
}

static int change_mounts(struct bundle *b, const struct userns_map *gids, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	struct json_list *list = &b->spec.mounts;
	struct oci_mount *items = list->items;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		struct oci_mount *m = &items[i];

		if (str_eq(m->type, "cgroup") && !b->spec.linux->cgroups_path)
			continue;
		if (str_eq(m->type, "sysfs") && shares_host_network(b, h->network_mode, err))
			r = bind_instead(b, m, "rbind,nosuid,noexec,nodev");
		else if (str_eq(m->type, "proc") && shares_host_pids(b, h->pid_mode, err))
			r = bind_instead(b, m, "rbind,nosuid,noexec,nodev");
		else if (str_eq(m->type, "devpts") && !userns_map_has(gids, TTY_GROUP))
			drop_word(m->options, "gid=5");
		items[n++] = *m;
	}
	list->n = n;
	return r < 0 ? err_oom(err) : 0;
}

/* The host's path of a node that --device asked for under another name; else its own. */
static char *host_path(const struct bundle *b, const char *path)
{
	const struct json_list *l = &b->config->host_config.resources.devices;

	for (size_t i = 0; i < l->n; i++) {
		const struct container_device *d = JSON_AT(struct container_device, l, i);
		const char *target =
			str_empty(d->path_in_container) ? d->path_on_host : d->path_in_container;
		const char *rest = path_after(path, target);

		if (rest)
			return arena_printf(b->arena, "%s%s", d->path_on_host, rest);
	}
	return arena_strdup(b->arena, path);
}

static int bind_devices(struct bundle *b)
{
	struct json_list *l = &b->spec.linux->devices;

	for (size_t i = 0; i < l->n; i++) {
		const struct oci_device *d = JSON_AT(struct oci_device, l, i);
		struct oci_mount *m;

		if (str_eq(d->path, "/dev/ptmx")) /* the container has its own */
			continue;
		m = json_list_add(b->arena, &b->spec.mounts, sizeof(*m));
		if (!m)
			return -ENOMEM;
		*m = (struct oci_mount){.destination = d->path,
					.type = (char *)"bind",
					.source = host_path(b, d->path),
					.options =
						strv_split(b->arena, "bind,nosuid,noexec", ',', 0)};
		if (!m->source || !m->options)
			return -ENOMEM;
	}
	*l = (struct json_list){};
	return 0;
}

/* ---- ids and the rest ---- */

static int no_such_id(const char *what, int64_t id, struct err *err)
{
	return err_set(err, ERR_INVALID,
		       "%s %" PRIi64 " is not among the ids that this user has: /etc/subuid and "
		       "/etc/subgid need ranges that reach so far",
		       what, id);
}

static int check_user(const struct oci_user *u, const struct userns_map *uids,
		      const struct userns_map *gids, struct err *err)
{
	if (!userns_map_has(uids, (uint32_t)u->uid))
		return no_such_id("user", (int64_t)u->uid, err);
	if (!userns_map_has(gids, (uint32_t)u->gid))
		return no_such_id("group", (int64_t)u->gid, err);
	for (size_t i = 0; i < u->additional_gids.n; i++) {
		int64_t gid = *JSON_AT(int64_t, &u->additional_gids, i);

		if (!userns_map_has(gids, (uint32_t)gid))
			return no_such_id("group", gid, err);
	}
	return 0;
}

/* All groups from 0 on that are there without a gap. */
static int limit_ping(struct bundle *b, const struct userns_map *gids)
{
	struct json_map *m = &b->spec.linux->sysctl;
	const char *key = "net.ipv4.ping_group_range";
	uint64_t last = 0;
	char text[48];

	if (!str_eq(json_map_get(m, key), "0 2147483647"))
		return 0;
	for (size_t i = 0; i < gids->n; i++)
		if (gids->range[i].inside == (last ? last + 1 : 0))
			last = (uint64_t)gids->range[i].inside + gids->range[i].count - 1;
	(void)snprintf(text, sizeof(text), "0 %" PRIu64, MIN_OF(last, UINT64_C(2147483647)));
	return json_map_set(b->arena, m, key, text);
}

static void limit_oom_score(struct oci_process *p)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	int64_t now;

	if (!p->oom_score_adj.set || fd < 0 || fd_read(fd, text, sizeof(text) - 1) <= 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	if (str_to_i64(text, &now) == 0 && p->oom_score_adj.value < now)
		p->oom_score_adj.set = false;
}

int bundle_rootless(struct bundle *b, struct err *err)
{
	struct userns_map uids, gids;
	int r = userns_map_read("/proc/self/uid_map", &uids, err);

	if (r == 0)
		r = userns_map_read("/proc/self/gid_map", &gids, err);
	if (r == 0)
		r = check_user(&b->spec.process->user, &uids, &gids, err);
	if (r < 0)
		return r;
	check_cgroup(b->spec.linux);
	limit_oom_score(b->spec.process);
	r = change_mounts(b, &gids, err);
	if (r == 0 && (bind_devices(b) < 0 || limit_ping(b, &gids) < 0))
		r = err_oom(err);
	return r;
}
