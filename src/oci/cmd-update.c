// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/record.h"
#include "spec/units.h"

#define TEXT_MAX ((size_t)1 << 20)

struct update_options {
	char *resources;
	int64_t blkio_weight, pids_limit;
	char *cpu_period, *cpu_quota, *cpu_share, *cpu_rt_period, *cpu_rt_runtime;
	char *cpuset_cpus, *cpuset_mems;
	char *kernel_memory, *kernel_memory_tcp, *memory, *memory_reservation, *memory_swap;
	char *l3_cache_schema, *mem_bw_schema;
	struct opt_i64 cpu_idle;
};

static int unsigned_number(const char *text, const char *name, struct opt_u64 *out, struct err *err)
{
	uint64_t n;

	if (str_empty(text))
		return 0;
	if (str_to_u64(text, &n) < 0)
		return err_set(err, ERR_INVALID, "invalid value for %s: %s", name, text);
	*out = (struct opt_u64){n != 0, n};
	return 0;
}

static int signed_number(const char *text, const char *name, struct opt_i64 *out, struct err *err)
{
	int64_t n;

	if (str_empty(text))
		return 0;
	if (str_to_i64(text, &n) < 0)
		return err_set(err, ERR_INVALID, "invalid value for %s: %s", name, text);
	*out = (struct opt_i64){n != 0, n};
	return 0;
}

static int bytes(const char *text, const char *name, struct opt_i64 *out, struct err *err)
{
	int64_t n = -1;
	int r = 0;

	if (str_empty(text))
		return 0;
	if (!str_eq(text, "-1"))
		r = units_parse_size(text, &n, err);
	if (r < 0)
		return err_prefix(err, "invalid value for %s", name);
	*out = (struct opt_i64){n != 0, n};
	return 0;
}

static int from_cpu(const struct update_options *o, struct oci_cpu *cpu, struct err *err)
{
	int r = unsigned_number(o->cpu_period, "cpu-period", &cpu->period, err);

	if (r == 0)
		r = unsigned_number(o->cpu_rt_period, "cpu-rt-period", &cpu->realtime_period, err);
	if (r == 0)
		r = unsigned_number(o->cpu_share, "cpu-share", &cpu->shares, err);
	if (r == 0)
		r = signed_number(o->cpu_quota, "cpu-quota", &cpu->quota, err);
	if (r == 0)
		r = signed_number(o->cpu_rt_runtime, "cpu-rt-runtime", &cpu->realtime_runtime, err);
	cpu->cpus = o->cpuset_cpus;
	cpu->mems = o->cpuset_mems;
	cpu->idle = o->cpu_idle;
	return r;
}

static int from_flags(const struct update_options *o, struct oci_resources *res, struct err *err)
{
	struct oci_memory *m = res->memory;
	int r = from_cpu(o, res->cpu, err);

	if (r == 0)
		r = bytes(o->memory, "memory", &m->limit, err);
	if (r == 0)
		r = bytes(o->memory_swap, "memory-swap", &m->swap, err);
	if (r == 0)
		r = bytes(o->memory_reservation, "memory-reservation", &m->reservation, err);
	/* The sum cannot stay below what memory alone may be. */
	if (m->limit.set && m->limit.value == -1 && !m->swap.set)
		m->swap = m->limit;
	if (o->blkio_weight)
		res->block_io->weight = (struct opt_u64){true, (uint64_t)o->blkio_weight};
	if (o->pids_limit)
		res->pids->limit = (struct opt_i64){true, o->pids_limit};
	return r;
}

static int from_file(struct command_line *c, const char *path, struct oci_resources *res,
		     struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(TEXT_MAX);
	cleanup_fd int fd = str_eq(path, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					      : open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = fd_read_all(fd, &b, path, err);
	if (r == 0)
		r = json_decode_text(c->arena, b.data, b.len, &oci_resources_object, res,
				     "resources", err);
	/* Devices are what they were at create, as with runc. */
	res->devices.n = 0;
	/* Callers write zeros and empty strings for what they do not mean. */
	if (r == 0 && res->pids && res->pids->limit.set && res->pids->limit.value == 0)
		res->pids->limit.set = false;
	return r;
}

static int check(const struct update_options *o, struct err *err)
{
	if (!str_empty(o->l3_cache_schema))
		return err_set(err, ERR_UNSUPPORTED,
			       "Intel RDT/CAT: l3 cache schema is not enabled");
	if (!str_empty(o->mem_bw_schema))
		return err_set(err, ERR_UNSUPPORTED,
			       "Intel RDT/MBA: memory bandwidth schema is not enabled");
	return 0;
}

static int run_update(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	const struct update_options *o = c->options;
	struct oci_memory memory = {};
	struct oci_cpu cpu = {};
	struct oci_pids pids = {};
	struct oci_block_io io = {};
	struct oci_resources res = {.memory = &memory, .cpu = &cpu, .pids = &pids, .block_io = &io};
	int r = check(o, err);

	if (r == 0)
		r = record_open(c, c->args[0], &rec, err);
	if (r == 0 && record_status(&rec) == STATUS_STOPPED)
		r = err_set(err, ERR_CONFLICT, "cannot update a stopped container");
	if (r == 0)
		r = str_empty(o->resources) ? from_flags(o, &res, err)
					    : from_file(c, o->resources, &res, err);
	if (!str_empty(o->kernel_memory) || !str_empty(o->kernel_memory_tcp))
		oci_log(c, "warning", "Kernel memory settings are ignored and will be removed");
	if (r == 0)
		r = record_cgroup(&rec, err);
	return r < 0 ? r : cgroup_update(rec.cgroup, &res, err);
}

#define FLAG(...) FLAG_OF(update_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(blkio_weight, "blkio-weight", 0, FLAG_INT, "Block I/O weight, 10 to 1000"),
	FLAG(cpu_idle, "cpu-idle", 0, FLAG_OPT_INT, "1: run only when nothing else wants to"),
	FLAG(cpu_period, "cpu-period", 0, FLAG_STRING, "Period of the CPU limit in microseconds"),
	FLAG(cpu_quota, "cpu-quota", 0, FLAG_STRING, "CPU time of a period in microseconds"),
	FLAG(cpu_rt_period, "cpu-rt-period", 0, FLAG_STRING,
	     "Period of the realtime limit in microseconds"),
	FLAG(cpu_rt_runtime, "cpu-rt-runtime", 0, FLAG_STRING,
	     "Realtime CPU time of a period in microseconds"),
	FLAG(cpu_share, "cpu-share", 0, FLAG_STRING, "CPU shares, relative to other containers"),
	FLAG(cpuset_cpus, "cpuset-cpus", 0, FLAG_STRING, "CPUs to use"),
	FLAG(cpuset_mems, "cpuset-mems", 0, FLAG_STRING, "Memory nodes to use"),
	FLAG(kernel_memory, "kernel-memory", 0, FLAG_STRING, "Ignored", .flags = FLAG_HIDDEN),
	FLAG(kernel_memory_tcp, "kernel-memory-tcp", 0, FLAG_STRING, "Ignored",
	     .flags = FLAG_HIDDEN),
	FLAG(l3_cache_schema, "l3-cache-schema", 0, FLAG_STRING, "Refused: Intel RDT is not used"),
	FLAG(mem_bw_schema, "mem-bw-schema", 0, FLAG_STRING, "Refused: Intel RDT is not used"),
	FLAG(memory, "memory", 0, FLAG_STRING, "Memory limit"),
	FLAG(memory_reservation, "memory-reservation", 0, FLAG_STRING, "Memory to leave alone"),
	FLAG(memory_swap, "memory-swap", 0, FLAG_STRING, "Memory and swap together; -1: unlimited"),
	FLAG(pids_limit, "pids-limit", 0, FLAG_INT, "Number of processes; -1: unlimited"),
	FLAG(resources, "resources", 'r', FLAG_STRING,
	     "File with the resources as JSON (- reads standard input); other options do not count",
	     .noun = NOUN_FILE),
	{},
};
#undef FLAG

const struct command cmd_update = {
	.paths = "update",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Change the limits of a container",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct update_options),
	.run = run_update,
};
