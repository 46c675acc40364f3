// SPDX-License-Identifier: Apache-2.0
/*
 * Limits of the OCI configuration as cgroup files, one function a controller, both versions side by
 * side. Only what is set is written. Conversions between the versions' units are the ones of
 * runtime-spec and the kernel's documentation: shares 2..262144 to weight 1..10000, blkio weight
 * 10..1000 to io weight 1..10000.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "run/cgroup-impl.h"

const char *cgroup_bytes(char out[32], int64_t v, const char *unlimited)
{
	if (v < 0)
		(void)snprintf(out, 32, "%s", unlimited);
	else
		(void)snprintf(out, 32, "%" PRId64, v);
	return out;
}

/* A weight cannot be set while the group is idle. */
static int set_idle(int dir, const struct oci_cpu *c, int64_t value, struct err *err)
{
	if (!c->idle.set || !c->idle.value != !value)
		return 0;
	if (cgroup_printf(dir, "cpu.idle", NULL, "%" PRId64, c->idle.value) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(err, errno, "set cpu idle %" PRId64, c->idle.value);
	return value ? err_set(err, ERR_UNSUPPORTED,
			       "cpu idle: this kernel does not have it (5.15)")
		     : 0;
}

/* A burst must not be above the quota at any moment: which one goes first depends on whether they
 * grow. */
static int set_burst(int dir, const char *file, const struct oci_cpu *c, bool *done,
		     struct err *err)
{
	if (!c->burst.set || *done)
		return 0;
	if (cgroup_printf(dir, file, NULL, "%" PRIu64, c->burst.value) == 0) {
		*done = true;
		return 0;
	}
	if (errno == ENOENT)
		return c->burst.value ? err_set(err, ERR_UNSUPPORTED,
						"cpu burst: this kernel does not have it (5.14)")
				      : 0;
	return err ? err_sys(err, errno, "set cpu burst %" PRIu64, c->burst.value) : 0;
}

static int quota_v2(int dir, const struct oci_cpu *c, struct err *err)
{
	char quota[32];

	if (!c->quota.set && !c->period.set)
		return 0;
	/* Only the period: the quota stays what it is. */
	if (!c->quota.set && cgroup_read(dir, "cpu.max", quota, sizeof(quota)) > 0)
		quota[strcspn(quota, " \n")] = '\0';
	else
		cgroup_bytes(quota, c->quota.set && c->quota.value > 0 ? c->quota.value : -1,
			     "max");
	if (c->period.set && c->period.value)
		return cgroup_printf(dir, "cpu.max", err, "%s %" PRIu64, quota, c->period.value);
	return cgroup_write(dir, "cpu.max", quota, err);
}

static int cpu_v2(int dir, const struct oci_cpu *c, struct err *err)
{
	bool burst = false;
	int r = set_idle(dir, c, 0, err);

	if ((c->realtime_runtime.set && c->realtime_runtime.value) ||
	    (c->realtime_period.set && c->realtime_period.value))
		return err_set(err, ERR_UNSUPPORTED,
			       "cpu realtimeRuntime, realtimePeriod: cgroup v2 does not have them");
	if (r == 0 && c->shares.set && c->shares.value) {
		uint64_t shares = c->shares.value < 2        ? 2
				  : c->shares.value > 262144 ? 262144
							     : c->shares.value;

		r = cgroup_printf(dir, "cpu.weight", err, "%" PRIu64,
				  1 + (shares - 2) * 9999 / 262142);
	}
	if (r == 0)
		(void)set_burst(dir, "cpu.max.burst", c, &burst, NULL);
	if (r == 0)
		r = quota_v2(dir, c, err);
	if (r == 0)
		r = set_burst(dir, "cpu.max.burst", c, &burst, err);
	return r < 0 ? r : set_idle(dir, c, 1, err);
}

/* A new pair may pass through one that the kernel refuses, in either order. */
static int quota_v1(int dir, const struct oci_cpu *c, struct err *err)
{
	bool period = c->period.set && c->period.value, quota = c->quota.set && c->quota.value;
	bool late = false;
	int r = 0;

	if (period &&
	    cgroup_printf(dir, "cpu.cfs_period_us", NULL, "%" PRIu64, c->period.value) < 0) {
		if (errno != EINVAL || !quota)
			return err_sys(err, errno, "set cpu period %" PRIu64, c->period.value);
		late = true;
	}
	if (quota)
		r = cgroup_printf(dir, "cpu.cfs_quota_us", err, "%" PRId64, c->quota.value);
	if (r == 0 && late)
		r = cgroup_printf(dir, "cpu.cfs_period_us", err, "%" PRIu64, c->period.value);
	return r;
}

/* The groups above must have time to give: the administrator's matter. */
static int realtime_v1(int dir, const struct oci_cpu *c, struct err *err)
{
	bool period = c->realtime_period.set && c->realtime_period.value;
	bool runtime = c->realtime_runtime.set && c->realtime_runtime.value;
	int r = 0;

	if ((period || runtime) && faccessat(dir, "cpu.rt_runtime_us", F_OK, 0) < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "cpu realtimeRuntime: this kernel has no real-time groups");
	if (period)
		r = cgroup_printf(dir, "cpu.rt_period_us", err, "%" PRIu64,
				  c->realtime_period.value);
	if (r == 0 && runtime)
		r = cgroup_printf(dir, "cpu.rt_runtime_us", err, "%" PRId64,
				  c->realtime_runtime.value);
	return r;
}

static int cpu_v1(struct cgroup *cg, const struct oci_cpu *c, struct err *err)
{
	int dir = cg->v1[CTL_CPU], r = set_idle(dir, c, 0, err);
	bool burst = false;

	if (r == 0 && c->shares.set && c->shares.value)
		r = cgroup_printf(dir, "cpu.shares", err, "%" PRIu64, c->shares.value);
	if (r == 0)
		(void)set_burst(dir, "cpu.cfs_burst_us", c, &burst, NULL);
	if (r == 0)
		r = quota_v1(dir, c, err);
	if (r == 0)
		r = set_burst(dir, "cpu.cfs_burst_us", c, &burst, err);
	if (r == 0)
		r = realtime_v1(dir, c, err);
	return r < 0 ? r : set_idle(dir, c, 1, err);
}

static int limit_cpu(struct cgroup *cg, const struct oci_cpu *c, struct err *err)
{
	int r = 0;

	if (c->shares.set || c->quota.set || c->period.set || c->burst.set || c->idle.set ||
	    c->realtime_period.set || c->realtime_runtime.set) {
		r = cgroup_need(cg, CTL_CPU, "CPU limit", err);
		if (r >= 0)
			r = r == 2 ? cpu_v2(cg->v2, c, err) : cpu_v1(cg, c, err);
	}
	if (r == 0 && ((c->cpus && *c->cpus) || (c->mems && *c->mems))) {
		int dir;

		r = cgroup_need(cg, CTL_CPUSET, "cpuset", err);
		if (r < 0)
			return r;
		dir = r == 2 ? cg->v2 : cg->v1[CTL_CPUSET];
		r = c->cpus && *c->cpus ? cgroup_write(dir, "cpuset.cpus", c->cpus, err) : 0;
		if (r == 0 && c->mems && *c->mems)
			r = cgroup_write(dir, "cpuset.mems", c->mems, err);
	}
	return r;
}

static int limit_pids(struct cgroup *cg, const struct oci_pids *p, struct err *err)
{
	char text[32];
	int r;

	if (!p->limit.set)
		return 0;
	/* "Unlimited" is what a group is born with. */
	if (p->limit.value <= 0 && !cg->live)
		return 0;
	r = cgroup_need(cg, CTL_PIDS, "pids limit", err);
	if (r < 0)
		return r;
	return cgroup_write(r == 2 ? cg->v2 : cg->v1[CTL_PIDS], "pids.max",
			    cgroup_bytes(text, p->limit.value > 0 ? p->limit.value : -1, "max"),
			    err);
}

/* Reservations and faults both: a reservation that is refused never becomes a SIGBUS. */
static int limit_hugetlb(struct cgroup *cg, const struct json_list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_hugepage_limit *h = JSON_AT(struct oci_hugepage_limit, list, i);
		const char *end;
		char file[96];
		int r = cgroup_need(cg, CTL_HUGETLB, "hugepage limit", err), dir;

		if (r < 0)
			return r;
		dir = r == 2 ? cg->v2 : cg->v1[CTL_HUGETLB];
		end = r == 2 ? "max" : "limit_in_bytes";
		if (!path_is_component(h->page_size) || strlen(h->page_size) > 16)
			return err_set(err, ERR_INVALID, "hugepage size \"%s\"", h->page_size);
		(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", h->page_size, end);
		if (faccessat(dir, file, F_OK, 0) < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "hugepage limit: this host has no pages of %s",
				       h->page_size);
		r = cgroup_printf(dir, file, err, "%" PRIu64, h->limit);
		if (r < 0)
			return r;
		(void)snprintf(file, sizeof(file), "hugetlb.%s.rsvd.%s", h->page_size, end);
		if (cgroup_printf(dir, file, NULL, "%" PRIu64, h->limit) < 0 && errno != ENOENT)
			return err_sys(err, errno, "set %s", file);
	}
	return 0;
}

static int limit_rdma(struct cgroup *cg, const json_t *rdma, struct err *err)
{
	const char *device;
	json_t *limits;

	json_object_foreach ((json_t *)rdma, device, limits) {
		json_t *handles = json_object_get(limits, "hcaHandles");
		json_t *objects = json_object_get(limits, "hcaObjects");
		char text[192];
		int r = cgroup_need(cg, CTL_RDMA, "rdma limit", err), n;

		if (r < 0)
			return r;
		n = snprintf(text, sizeof(text), "%.100s", device);
		if (handles)
			n += snprintf(text + n, sizeof(text) - (size_t)n,
				      " hca_handle=%" JSON_INTEGER_FORMAT,
				      json_integer_value(handles));
		if (objects)
			(void)snprintf(text + n, sizeof(text) - (size_t)n,
				       " hca_object=%" JSON_INTEGER_FORMAT,
				       json_integer_value(objects));
		r = cgroup_write(r == 2 ? cg->v2 : cg->v1[CTL_RDMA], "rdma.max", text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int limit_network(struct cgroup *cg, const struct oci_network *n, struct err *err)
{
	int r = 0;

	if (n->class_id.set) {
		r = cgroup_need(cg, CTL_NET_CLS, "network class id", err);
		if (r == 1)
			r = cgroup_printf(cg->v1[CTL_NET_CLS], "net_cls.classid", err, "%" PRIu64,
					  n->class_id.value);
	}
	for (size_t i = 0; r >= 0 && i < n->priorities.n; i++) {
		const struct oci_interface_priority *p =
			JSON_AT(struct oci_interface_priority, &n->priorities, i);

		r = cgroup_need(cg, CTL_NET_PRIO, "network priority", err);
		if (r == 1)
			r = cgroup_printf(cg->v1[CTL_NET_PRIO], "net_prio.ifpriomap", err,
					  "%s %" PRIu64, p->name, p->priority);
	}
	return r < 0 ? r : 0;
}

/* io.max and its like take one device a write. */
static int write_lines(int dir, const char *file, const char *value, struct err *err)
{
	char line[512];
	int r = 0;

	if (!*value)
		return cgroup_write(dir, file, "", err);
	while (r == 0 && *value) {
		size_t n = strcspn(value, "\n");

		if (n >= sizeof(line))
			return err_set(err, ERR_TOO_LARGE, "unified: %s: a line is too long", file);
		memcpy(line, value, n);
		line[n] = '\0';
		value += n + (value[n] == '\n');
		r = n ? cgroup_write(dir, file, line, err) : 0;
	}
	return r;
}

static int limit_unified(struct cgroup *cg, const struct json_map *map, struct err *err)
{
	for (size_t i = 0; i < map->n; i++) {
		const char *file = map->items[i].key, *dot = strchr(file, '.');
		char controller[32];
		int r;

		if (!path_is_component(file) || !dot || dot - file >= (int)sizeof(controller))
			return err_set(err, ERR_INVALID, "unified: \"%s\" is not a cgroup file",
				       file);
		if (cg->v2 < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "unified: %s: this host has no cgroup v2", file);
		(void)snprintf(controller, sizeof(controller), "%.*s", (int)(dot - file), file);
		r = cgroup_v2_enable_name(cg, controller, err);
		if (r == -ENODEV)
			return err_set(err, ERR_UNSUPPORTED,
				       "invalid configuration: unified: %s: this host has no "
				       "cgroup v2 controller \"%s\"",
				       file, controller);
		if (r == 0)
			r = write_lines(cg->v2, file, map->items[i].value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_limits(struct cgroup *cg, const struct oci_resources *res, struct err *err)
{
	int r = 0;

	if (res->memory)
		r = cgroup_limit_memory(cg, res->memory, err);
	if (r == 0 && res->cpu)
		r = limit_cpu(cg, res->cpu, err);
	if (r == 0 && res->pids)
		r = limit_pids(cg, res->pids, err);
	if (r == 0 && res->block_io)
		r = cgroup_limit_io(cg, res->block_io, err);
	if (r == 0)
		r = limit_hugetlb(cg, &res->hugepage_limits, err);
	if (r == 0 && res->rdma)
		r = limit_rdma(cg, res->rdma, err);
	if (r == 0 && res->network)
		r = limit_network(cg, res->network, err);
	return r < 0 ? r : limit_unified(cg, &res->unified, err);
}
