// SPDX-License-Identifier: Apache-2.0
/*
 * Limits: what Docker refuses, and how its units become the runtime specification's.
 *
 * Refusals come at create and at update, before anything is written; the kernel's own refusals
 * (more memory in use than the new limit) come from run/ with the file's name.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "spec/ulimit.h"

#define MEMORY_MIN (INT64_C(6) << 20)
#define CPU_PERIOD INT64_C(100000) /* microseconds: what --cpus is measured in */
#define CPUS_MAX   4096
#define NANO       INT64_C(1000000000)

static int check_memory(struct container_resources *r, struct err *err)
{
	if (r->memory < 0)
		return err_set(err, ERR_INVALID, "invalid memory limit: %" PRIi64, r->memory);
	if (r->memory != 0 && r->memory < MEMORY_MIN)
		return err_set(err, ERR_INVALID, "Minimum memory limit allowed is 6MB");
	if (r->memory > 0 && r->memory_swap > 0 && r->memory_swap < r->memory)
		return err_set(
			err, ERR_INVALID,
			"Minimum memoryswap limit should be larger than memory limit, see usage");
	if (r->memory == 0 && r->memory_swap > 0)
		return err_set(err, ERR_INVALID,
			       "You should always set the Memory limit when using Memoryswap "
			       "limit, see usage");
	if (r->memory_swappiness.set &&
	    (r->memory_swappiness.value < -1 || r->memory_swappiness.value > 100))
		return err_set(err, ERR_INVALID,
			       "Invalid value: %" PRIi64 ", valid memory swappiness range is 0-100",
			       r->memory_swappiness.value);
	if (r->memory_reservation != 0 && r->memory_reservation < MEMORY_MIN)
		return err_set(err, ERR_INVALID, "Minimum memory reservation allowed is 6MB");
	if (r->memory > 0 && r->memory_reservation > 0 && r->memory < r->memory_reservation)
		return err_set(
			err, ERR_INVALID,
			"Minimum memory limit can not be less than memory reservation limit, "
			"see usage");
	return 0;
}

static int check_nano_cpus(const struct container_resources *r, struct err *err)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (r->nano_cpus == 0)
		return 0;
	if (r->cpu_period > 0)
		return err_set(err, ERR_INVALID,
			       "Conflicting options: Nano CPUs and CPU Period cannot both be set");
	if (r->cpu_quota > 0)
		return err_set(err, ERR_INVALID,
			       "Conflicting options: Nano CPUs and CPU Quota cannot both be set");
	if (r->nano_cpus < NANO / 100 || r->nano_cpus > n * NANO)
		return err_set(err, ERR_INVALID,
			       "range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs "
			       "available",
			       n, n);
	return 0;
}

/* "0-2,5" into a set; -EINVAL when it is not such a list. */
static int parse_cpu_list(const char *s, bool set[CPUS_MAX])
{
	while (*s) {
		char *end;
		unsigned long from, to;

		if (*s < '0' || *s > '9')
			return -EINVAL;
		from = to = strtoul(s, &end, 10);
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return -EINVAL;
			to = strtoul(end + 1, &end, 10);
		}
		if (from > to || to >= CPUS_MAX || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long i = from; i <= to; i++)
			set[i] = true;
		s = *end ? end + 1 : end;
	}
	return 0;
}

static int check_list(const char *list, const char *what, const char *noun, const char *online,
		      struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(64 << 10);
	bool wanted[CPUS_MAX] = {}, have[CPUS_MAX] = {};
	int fd;

	if (str_empty(list))
		return 0;
	if (parse_cpu_list(list, wanted) < 0)
		return err_set(err, ERR_INVALID, "Invalid value %s for cpuset %s", list, what);
	fd = open(online, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fd_read_all(fd, &b, online, NULL) < 0 || b.len == 0) {
		fd_close(fd);
		return 0; /* the kernel will tell */
	}
	fd_close(fd);
	b.data[strcspn(b.data, "\n")] = '\0';
	if (parse_cpu_list(b.data, have) < 0)
		return 0;
	for (size_t i = 0; i < CPUS_MAX; i++) {
		if (wanted[i] && !have[i])
			return err_set(
				err, ERR_INVALID,
				"Requested %s are not available - requested %s, available: %s",
				noun, list, b.data);
	}
	return 0;
}

static int check_cpu(const struct container_resources *r, struct err *err)
{
	int res = check_nano_cpus(r, err);

	if (res < 0)
		return res;
	if (r->cpu_shares < 0)
		return err_set(err, ERR_INVALID,
			       "invalid CPU shares (%" PRIi64 "): value must be a positive integer",
			       r->cpu_shares);
	if (r->cpu_period != 0 && (r->cpu_period < 1000 || r->cpu_period > 1000000))
		return err_set(
			err, ERR_INVALID,
			"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s "
			"(i.e. 1000000)");
	if (r->cpu_quota > 0 && r->cpu_quota < 1000)
		return err_set(err, ERR_INVALID,
			       "CPU cfs quota can not be less than 1ms (i.e. 1000)");
	if (r->cpu_realtime_period != 0 && r->cpu_realtime_runtime > r->cpu_realtime_period)
		return err_set(err, ERR_INVALID,
			       "cpu real-time runtime cannot be higher than cpu real-time period");
	res = check_list(r->cpuset_cpus, "cpus", "CPUs", "/sys/devices/system/cpu/online", err);
	if (res < 0)
		return res;
	return check_list(r->cpuset_mems, "mems", "memory nodes", "/sys/devices/system/node/online",
			  err);
}

int bundle_check_resources(struct container_host_config *h, struct err *err)
{
	struct container_resources *r = &h->resources;
	int res = check_memory(r, err);

	if (res < 0)
		return res;
	res = check_cpu(r, err);
	if (res < 0)
		return res;
	if (r->blkio_weight != 0 && (r->blkio_weight < 10 || r->blkio_weight > 1000))
		return err_set(err, ERR_INVALID, "Range of blkio weight is from 10 to 1000");
	if (h->oom_score_adj < -1000 || h->oom_score_adj > 1000)
		return err_set(err, ERR_INVALID,
			       "Invalid value %" PRIi64
			       ", range for oom score adj is [-1000, 1000]",
			       h->oom_score_adj);
	return 0;
}

static int fill_memory(struct arena *a, const struct container_resources *r,
		       struct oci_resources *out)
{
	struct oci_memory *m = arena_alloc(a, sizeof(*m));

	if (!m)
		return -ENOMEM;
	if (r->memory != 0)
		m->limit = (struct opt_i64){true, r->memory};
	if (r->memory_reservation != 0)
		m->reservation = (struct opt_i64){true, r->memory_reservation};
	if (r->memory_swap != 0)
		m->swap = (struct opt_i64){true, r->memory_swap};
	else if (r->memory > 0 &&
		 r->memory <= INT64_MAX / 2) /* Docker's default: as much swap again */
		m->swap = (struct opt_i64){true, 2 * r->memory};
	if (r->memory_swappiness.set && r->memory_swappiness.value >= 0)
		m->swappiness = (struct opt_u64){true, (uint64_t)r->memory_swappiness.value};
	if (r->oom_kill_disable.set && r->oom_kill_disable.value)
		m->disable_oom_killer = r->oom_kill_disable;
	if (m->limit.set || m->reservation.set || m->swap.set || m->swappiness.set ||
	    m->disable_oom_killer.set)
		out->memory = m;
	return 0;
}

static int fill_cpu(struct arena *a, const struct container_resources *r, struct oci_resources *out)
{
	struct oci_cpu *c;

	if (!r->cpu_shares && !r->nano_cpus && !r->cpu_period && !r->cpu_quota &&
	    !r->cpu_realtime_period && !r->cpu_realtime_runtime && str_empty(r->cpuset_cpus) &&
	    str_empty(r->cpuset_mems))
		return 0;
	c = arena_alloc(a, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (r->cpu_shares)
		c->shares = (struct opt_u64){true, (uint64_t)r->cpu_shares};
	if (r->nano_cpus) {
		c->period = (struct opt_u64){true, (uint64_t)CPU_PERIOD};
		c->quota = (struct opt_i64){true, r->nano_cpus / (NANO / CPU_PERIOD)};
	}
	if (r->cpu_period)
		c->period = (struct opt_u64){true, (uint64_t)r->cpu_period};
	if (r->cpu_quota)
		c->quota = (struct opt_i64){true, r->cpu_quota};
	if (r->cpu_realtime_period)
		c->realtime_period = (struct opt_u64){true, (uint64_t)r->cpu_realtime_period};
	if (r->cpu_realtime_runtime)
		c->realtime_runtime = (struct opt_i64){true, r->cpu_realtime_runtime};
	c->cpus = str_empty(r->cpuset_cpus) ? NULL : r->cpuset_cpus;
	c->mems = str_empty(r->cpuset_mems) ? NULL : r->cpuset_mems;
	out->cpu = c;
	return 0;
}

static int stat_block(const char *path, struct stat *st, struct err *err)
{
	if (stat(path, st) < 0)
		return err_sys(err, errno, "block device %s", path);
	if (!S_ISBLK(st->st_mode))
		return err_set(err, ERR_INVALID, "%s: not a block device", path);
	return 0;
}

static int fill_throttle(struct arena *a, const struct json_list *in, struct json_list *out,
			 struct err *err)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct container_throttle_device *d =
			JSON_AT(struct container_throttle_device, in, i);
		struct oci_throttle_device *o;
		struct stat st;
		int r = stat_block(d->path, &st, err);

		if (r < 0)
			return r;
		o = json_list_add(a, out, sizeof(*o));
		if (!o)
			return err_oom(err);
		*o = (struct oci_throttle_device){major(st.st_rdev), minor(st.st_rdev), d->rate};
	}
	return 0;
}

static int fill_weights(struct arena *a, const struct json_list *in, struct json_list *out,
			struct err *err)
{
	for (size_t i = 0; i < in->n; i++) {
		const struct container_weight_device *d =
			JSON_AT(struct container_weight_device, in, i);
		struct oci_weight_device *o;
		struct stat st;
		int r = stat_block(d->path, &st, err);

		if (r < 0)
			return r;
		o = json_list_add(a, out, sizeof(*o));
		if (!o)
			return err_oom(err);
		*o = (struct oci_weight_device){major(st.st_rdev), minor(st.st_rdev),
						.weight = {true, d->weight}};
	}
	return 0;
}

static int fill_block_io(struct arena *a, const struct container_resources *r,
			 struct oci_resources *out, struct err *err)
{
	struct oci_block_io *b;
	int res;

	if (!r->blkio_weight && !r->blkio_weight_device.n && !r->blkio_device_read_bps.n &&
	    !r->blkio_device_write_bps.n && !r->blkio_device_read_iops.n &&
	    !r->blkio_device_write_iops.n)
		return 0;
	b = arena_alloc(a, sizeof(*b));
	if (!b)
		return err_oom(err);
	if (r->blkio_weight)
		b->weight = (struct opt_u64){true, (uint64_t)r->blkio_weight};
	res = fill_weights(a, &r->blkio_weight_device, &b->weight_device, err);
	if (res == 0)
		res = fill_throttle(a, &r->blkio_device_read_bps, &b->throttle_read_bps, err);
	if (res == 0)
		res = fill_throttle(a, &r->blkio_device_write_bps, &b->throttle_write_bps, err);
	if (res == 0)
		res = fill_throttle(a, &r->blkio_device_read_iops, &b->throttle_read_iops, err);
	if (res == 0)
		res = fill_throttle(a, &r->blkio_device_write_iops, &b->throttle_write_iops, err);
	out->block_io = b;
	return res;
}

int bundle_resources(struct arena *a, const struct container_resources *r,
		     struct oci_resources *out, struct err *err)
{
	if (fill_memory(a, r, out) < 0 || fill_cpu(a, r, out) < 0)
		return err_oom(err);
	if (r->pids_limit.set && r->pids_limit.value != 0) {
		out->pids = arena_alloc(a, sizeof(*out->pids));
		if (!out->pids)
			return err_oom(err);
		out->pids->limit = r->pids_limit;
	}
	return fill_block_io(a, r, out, err);
}

int bundle_rlimits(struct bundle *b, struct err *err)
{
	const struct container_resources *r = &b->config->host_config.resources;

	for (size_t i = 0; i < r->ulimits.n; i++) {
		const struct container_ulimit *u = JSON_AT(struct container_ulimit, &r->ulimits, i);
		struct oci_rlimit *o;
		const char *type = ulimit_oci_name(u->name ?: "");

		if (!type)
			return err_set(err, ERR_INVALID, "invalid ulimit type: %s", u->name ?: "");
		o = json_list_add(b->arena, &b->spec.process->rlimits, sizeof(*o));
		if (!o)
			return err_oom(err);
		o->type = (char *)type;
		o->soft = u->soft < 0 ? UINT64_MAX : (uint64_t)u->soft;
		o->hard = u->hard < 0 ? UINT64_MAX : (uint64_t)u->hard;
		if (o->soft > o->hard)
			return err_set(err, ERR_INVALID,
				       "ulimit soft limit must be less than or equal to hard "
				       "limit: %" PRIi64 " > %" PRIi64,
				       u->soft, u->hard);
	}
	return 0;
}
