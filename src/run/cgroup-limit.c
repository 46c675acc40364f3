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

#include "base/path.h"
#include "run/cgroup-impl.h"

static const char *bytes(char out[32], int64_t v, const char *unlimited)
{
	if (v < 0)
		(void)snprintf(out, 32, "%s", unlimited);
	else
		(void)snprintf(out, 32, "%" PRId64, v);
	return out;
}

static int cpu_v2(int dir, const struct oci_cpu *c, struct err *err)
{
	char quota[32];
	int r = 0;

	if (c->shares.set && c->shares.value) {
		uint64_t shares = c->shares.value < 2        ? 2
				  : c->shares.value > 262144 ? 262144
							     : c->shares.value;

		r = cgroup_printf(dir, "cpu.weight", err, "%" PRIu64,
				  1 + (shares - 2) * 9999 / 262142);
	}
	if (r == 0 && c->idle.set)
		r = cgroup_printf(dir, "cpu.idle", err, "%" PRId64, c->idle.value);
	if (r == 0 && (c->quota.set || c->period.set)) {
		bytes(quota, c->quota.set && c->quota.value > 0 ? c->quota.value : -1, "max");
		if (c->period.set && c->period.value)
			r = cgroup_printf(dir, "cpu.max", err, "%s %" PRIu64, quota,
					  c->period.value);
		else
			r = cgroup_write(dir, "cpu.max", quota, err);
	}
	if (r == 0 && c->burst.set)
		r = cgroup_printf(dir, "cpu.max.burst", err, "%" PRIu64, c->burst.value);
	return r;
}

static int cpu_v1(int dir, const struct oci_cpu *c, struct err *err)
{
	int r = 0;

	if (c->shares.set && c->shares.value)
		r = cgroup_printf(dir, "cpu.shares", err, "%" PRIu64, c->shares.value);
	if (r == 0 && c->idle.set)
		r = cgroup_printf(dir, "cpu.idle", err, "%" PRId64, c->idle.value);
	if (r == 0 && c->period.set && c->period.value)
		r = cgroup_printf(dir, "cpu.cfs_period_us", err, "%" PRIu64, c->period.value);
	if (r == 0 && c->quota.set && c->quota.value)
		r = cgroup_printf(dir, "cpu.cfs_quota_us", err, "%" PRId64, c->quota.value);
	if (r == 0 && c->burst.set)
		r = cgroup_printf(dir, "cpu.cfs_burst_us", err, "%" PRIu64, c->burst.value);
	if (r == 0 && c->realtime_period.set && c->realtime_period.value)
		r = cgroup_printf(dir, "cpu.rt_period_us", err, "%" PRIu64,
				  c->realtime_period.value);
	if (r == 0 && c->realtime_runtime.set && c->realtime_runtime.value)
		r = cgroup_printf(dir, "cpu.rt_runtime_us", err, "%" PRId64,
				  c->realtime_runtime.value);
	return r;
}

static int limit_cpu(struct cgroup *cg, const struct oci_cpu *c, struct err *err)
{
	int r = 0;

	if (c->shares.set || c->quota.set || c->period.set || c->burst.set || c->idle.set ||
	    c->realtime_period.set || c->realtime_runtime.set) {
		r = cgroup_need(cg, CTL_CPU, "CPU limit", err);
		if (r >= 0)
			r = r == 2 ? cpu_v2(cg->v2, c, err) : cpu_v1(cg->v1[CTL_CPU], c, err);
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

static int memory_v2(int dir, const struct oci_memory *m, struct err *err)
{
	char text[32];
	int r = 0;

	if (m->limit.set && m->limit.value)
		r = cgroup_write(dir, "memory.max", bytes(text, m->limit.value, "max"), err);
	if (r == 0 && m->reservation.set && m->reservation.value)
		r = cgroup_write(dir, "memory.low", bytes(text, m->reservation.value, "max"), err);
	/* v1 and OCI count memory and swap together, v2 swap alone. */
	if (r == 0 && m->swap.set && m->swap.value) {
		int64_t swap = m->swap.value;

		if (swap > 0 && m->limit.set && m->limit.value > 0)
			swap = swap > m->limit.value ? swap - m->limit.value : 0;
		else if (swap > 0)
			return err_set(err, ERR_INVALID, "a swap limit needs a memory limit");
		if (cgroup_write(dir, "memory.swap.max", bytes(text, swap, "max"), NULL) < 0 &&
		    errno != ENOENT)
			r = err_sys(err, errno, "set swap limit %s", text);
	}
	return r;
}

static int memsw_v1(int dir, int64_t swap, struct err *err)
{
	char text[32];

	/* A kernel without swap accounting cannot limit what it does not count: as Docker, go
	 * without. */
	if (cgroup_write(dir, "memory.memsw.limit_in_bytes", bytes(text, swap, "-1"), NULL) < 0 &&
	    errno != ENOENT)
		return err_sys(err, errno, "set memory and swap limit %s", text);
	return 0;
}

static int memory_limit_v1(int dir, const struct oci_memory *m, struct err *err)
{
	bool limit = m->limit.set && m->limit.value, swap = m->swap.set && m->swap.value;
	char text[32];
	int r = 0;

	if (limit && cgroup_write(dir, "memory.limit_in_bytes", bytes(text, m->limit.value, "-1"),
				  NULL) < 0) {
		/* The kernel keeps memory <= memory+swap at every moment: when the limit grows
		 * beyond the old sum, the sum goes first. */
		if (errno != EINVAL || !swap)
			return err_sys(err, errno, "set memory limit %s", text);
		r = memsw_v1(dir, m->swap.value, err);
		return r < 0 ? r : cgroup_write(dir, "memory.limit_in_bytes", text, err);
	}
	return swap ? memsw_v1(dir, m->swap.value, err) : r;
}

static int memory_v1(int dir, const struct oci_memory *m, struct err *err)
{
	char text[32];
	int r = memory_limit_v1(dir, m, err);

	if (r == 0 && m->reservation.set && m->reservation.value)
		r = cgroup_write(dir, "memory.soft_limit_in_bytes",
				 bytes(text, m->reservation.value, "-1"), err);
	if (r == 0 && m->kernel_tcp.set && m->kernel_tcp.value)
		r = cgroup_write(dir, "memory.kmem.tcp.limit_in_bytes",
				 bytes(text, m->kernel_tcp.value, "-1"), err);
	if (r == 0 && m->swappiness.set)
		r = cgroup_printf(dir, "memory.swappiness", err, "%" PRIu64, m->swappiness.value);
	if (r == 0 && m->disable_oom_killer.set && m->disable_oom_killer.value)
		r = cgroup_write(dir, "memory.oom_control", "1", err);
	return r;
}

static int limit_memory(struct cgroup *cg, const struct oci_memory *m, struct err *err)
{
	int r;

	if (m->swappiness.set && m->swappiness.value > 100)
		return err_set(err, ERR_INVALID, "memory swappiness %" PRIu64 " is not in 0..100",
			       m->swappiness.value);
	if (!m->limit.set && !m->reservation.set && !m->swap.set && !m->kernel_tcp.set &&
	    !m->swappiness.set && !(m->disable_oom_killer.set && m->disable_oom_killer.value))
		return 0;
	r = cgroup_need(cg, CTL_MEMORY, "memory limit", err);
	if (r >= 0)
		r = r == 2 ? memory_v2(cg->v2, m, err) : memory_v1(cg->v1[CTL_MEMORY], m, err);
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
			    bytes(text, p->limit.value > 0 ? p->limit.value : -1, "max"), err);
}

static int io_weight(struct cgroup *cg, int version, const struct oci_block_io *b, struct err *err)
{
	uint64_t w = b->weight.value;
	int dir = version == 2 ? cg->v2 : cg->v1[CTL_IO];
	char text[32];

	if (!b->weight.set || !w)
		return 0;
	if (w < 10 || w > 1000)
		return err_set(err, ERR_INVALID, "blkio weight %" PRIu64 " is not in 10..1000", w);
	(void)snprintf(text, sizeof(text), "%" PRIu64, w);
	if (cgroup_write(dir, version == 2 ? "io.bfq.weight" : "blkio.bfq.weight", text, NULL) == 0)
		return 0;
	if (version == 2)
		(void)snprintf(text, sizeof(text), "default %" PRIu64, 1 + (w - 10) * 9999 / 990);
	if (cgroup_write(dir, version == 2 ? "io.weight" : "blkio.weight", text, NULL) == 0)
		return 0;
	if (errno == ENOENT)
		return err_set(
			err, ERR_UNSUPPORTED,
			"blkio weight: no scheduler of this host knows weights (BFQ, io.cost)");
	return err_sys(err, errno, "set blkio weight %s", text);
}

static int io_weight_devices(struct cgroup *cg, int version, const struct oci_block_io *b,
			     struct err *err)
{
	for (size_t i = 0; i < b->weight_device.n; i++) {
		const struct oci_weight_device *d =
			JSON_AT(struct oci_weight_device, &b->weight_device, i);
		char text[64];

		if (!d->weight.set)
			continue;
		(void)snprintf(text, sizeof(text), "%" PRId64 ":%" PRId64 " %" PRIu64, d->major,
			       d->minor, d->weight.value);
		if (cgroup_write(version == 2 ? cg->v2 : cg->v1[CTL_IO],
				 version == 2 ? "io.bfq.weight" : "blkio.bfq.weight_device", text,
				 NULL) < 0 &&
		    cgroup_write(version == 2 ? cg->v2 : cg->v1[CTL_IO],
				 version == 2 ? "io.weight" : "blkio.weight_device", text,
				 NULL) < 0)
			return errno == ENOENT
				       ? err_set(err, ERR_UNSUPPORTED,
						 "blkio weight of device %s: no scheduler of this "
						 "host knows weights (BFQ, io.cost)",
						 text)
				       : err_sys(err, errno, "set blkio weight of device %s", text);
	}
	return 0;
}

static int io_throttle(struct cgroup *cg, int version, const struct json_list *list, const char *v1,
		       const char *v2, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n; i++) {
		const struct oci_throttle_device *d = JSON_AT(struct oci_throttle_device, list, i);
		char rate[32];

		if (version == 1) {
			r = cgroup_printf(cg->v1[CTL_IO], v1, err,
					  "%" PRId64 ":%" PRId64 " %" PRIu64, d->major, d->minor,
					  d->rate);
			continue;
		}
		bytes(rate, d->rate ? (int64_t)d->rate : -1, "max");
		r = cgroup_printf(cg->v2, "io.max", err, "%" PRId64 ":%" PRId64 " %s=%s", d->major,
				  d->minor, v2, rate);
	}
	return r;
}

static int limit_io(struct cgroup *cg, const struct oci_block_io *b, struct err *err)
{
	int version, r;

	if (!(b->weight.set && b->weight.value) && !b->weight_device.n && !b->throttle_read_bps.n &&
	    !b->throttle_write_bps.n && !b->throttle_read_iops.n && !b->throttle_write_iops.n)
		return 0;
	version = cgroup_need(cg, CTL_IO, "block I/O limit", err);
	if (version < 0)
		return version;
	r = io_weight(cg, version, b, err);
	if (r == 0)
		r = io_weight_devices(cg, version, b, err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_read_bps,
				"blkio.throttle.read_bps_device", "rbps", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_write_bps,
				"blkio.throttle.write_bps_device", "wbps", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_read_iops,
				"blkio.throttle.read_iops_device", "riops", err);
	if (r == 0)
		r = io_throttle(cg, version, &b->throttle_write_iops,
				"blkio.throttle.write_iops_device", "wiops", err);
	return r;
}

static int limit_hugetlb(struct cgroup *cg, const struct json_list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_hugepage_limit *h = JSON_AT(struct oci_hugepage_limit, list, i);
		char file[64];
		int r = cgroup_need(cg, CTL_HUGETLB, "hugepage limit", err);

		if (r < 0)
			return r;
		if (!path_is_component(h->page_size) ||
		    snprintf(file, sizeof(file),
			     r == 2 ? "hugetlb.%s.max" : "hugetlb.%s.limit_in_bytes",
			     h->page_size) >= (int)sizeof(file))
			return err_set(err, ERR_INVALID, "hugepage size \"%s\"", h->page_size);
		r = cgroup_printf(r == 2 ? cg->v2 : cg->v1[CTL_HUGETLB], file, err, "%" PRIu64,
				  h->limit);
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

static int limit_unified(struct cgroup *cg, const struct json_map *map, struct err *err)
{
	for (size_t i = 0; i < map->n; i++) {
		const char *file = map->items[i].key, *dot = strchr(file, '.');
		static const char *const prefixes[_CTL_MAX] = {"cpu", "cpuset", "memory",
							       "io",  "pids",   "hugetlb"};
		int r;

		if (!path_is_component(file) || !dot)
			return err_set(err, ERR_INVALID, "unified: \"%s\" is not a cgroup file",
				       file);
		if (cg->v2 < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "unified: %s: this host has no cgroup v2", file);
		for (int c = 0; c < _CTL_MAX; c++)
			if (prefixes[c] && strlen(prefixes[c]) == (size_t)(dot - file) &&
			    strncmp(prefixes[c], file, (size_t)(dot - file)) == 0) {
				r = cgroup_v2_enable(cg, c, err);
				if (r == -ENODEV)
					return err_set(
						err, ERR_UNSUPPORTED,
						"unified: %s: the controller is not on cgroup v2",
						file);
				if (r < 0)
					return r;
			}
		r = cgroup_write(cg->v2, file, map->items[i].value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_limits(struct cgroup *cg, const struct oci_resources *res, struct err *err)
{
	int r = 0;

	if (res->rdma)
		return err_set(err, ERR_UNSUPPORTED, "rdma limits are not supported");
	if (res->memory)
		r = limit_memory(cg, res->memory, err);
	if (r == 0 && res->cpu)
		r = limit_cpu(cg, res->cpu, err);
	if (r == 0 && res->pids)
		r = limit_pids(cg, res->pids, err);
	if (r == 0 && res->block_io)
		r = limit_io(cg, res->block_io, err);
	if (r == 0)
		r = limit_hugetlb(cg, &res->hugepage_limits, err);
	if (r == 0 && res->network)
		r = limit_network(cg, res->network, err);
	return r < 0 ? r : limit_unified(cg, &res->unified, err);
}
