// SPDX-License-Identifier: Apache-2.0
#include "cli/resource-flags.h"

#include <string.h>

#include "base/str.h"
#include "command/parse.h"

#define FLAG(...) FLAG_OF(resource_flags, __VA_ARGS__)
const struct flag resource_flags[] = {
	FLAG(blkio_weight, "blkio-weight", 0, FLAG_UINT,
	     "Block IO (relative weight), between 10 and 1000, or 0 to disable"),
	FLAG(cpu_period, "cpu-period", 0, FLAG_INT,
	     "Limit CPU CFS (Completely Fair Scheduler) period"),
	FLAG(cpu_quota, "cpu-quota", 0, FLAG_INT,
	     "Limit CPU CFS (Completely Fair Scheduler) quota"),
	FLAG(cpu_rt_period, "cpu-rt-period", 0, FLAG_INT,
	     "Limit CPU real-time period in microseconds"),
	FLAG(cpu_rt_runtime, "cpu-rt-runtime", 0, FLAG_INT,
	     "Limit CPU real-time runtime in microseconds"),
	FLAG(cpu_shares, "cpu-shares", 'c', FLAG_INT, "CPU shares (relative weight)"),
	FLAG(cpus, "cpus", 0, FLAG_PARSED, "Number of CPUs", .metavar = "decimal",
	     .parse = value_cpus),
	FLAG(cpuset_cpus, "cpuset-cpus", 0, FLAG_STRING,
	     "CPUs in which to allow execution (0-3, 0,1)"),
	FLAG(cpuset_mems, "cpuset-mems", 0, FLAG_STRING,
	     "MEMs in which to allow execution (0-3, 0,1)"),
	FLAG(kernel_memory, "kernel-memory", 0, FLAG_PARSED, "Kernel memory limit",
	     .metavar = "bytes", .parse = value_size, .flags = FLAG_HIDDEN),
	FLAG(memory, "memory", 'm', FLAG_PARSED, "Memory limit", .metavar = "bytes",
	     .parse = value_size),
	FLAG(memory_reservation, "memory-reservation", 0, FLAG_PARSED, "Memory soft limit",
	     .metavar = "bytes", .parse = value_size),
	FLAG(memory_swap, "memory-swap", 0, FLAG_PARSED,
	     "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
	     .metavar = "bytes", .parse = value_swap),
	FLAG(pids_limit, "pids-limit", 0, FLAG_OPT_INT,
	     "Tune container pids limit (set -1 for unlimited)"),
	FLAG(restart, "restart", 0, FLAG_STRING, "Restart policy to apply when a container exits",
	     .choices = "no|always|on-failure|unless-stopped"),
	{},
};

int resource_flags_apply(struct arena *a, const struct resource_flags *f,
			 struct container_resources *out, struct err *err)
{
	if (f->kernel_memory)
		return err_set(err, ERR_UNSUPPORTED,
			       "--kernel-memory: the kernel dropped this limit (it counts towards "
			       "--memory)");
	out->blkio_weight = (int64_t)f->blkio_weight;
	out->cpu_period = f->cpu_period;
	out->cpu_quota = f->cpu_quota;
	out->cpu_realtime_period = f->cpu_rt_period;
	out->cpu_realtime_runtime = f->cpu_rt_runtime;
	out->cpu_shares = f->cpu_shares;
	out->nano_cpus = f->cpus;
	out->memory = f->memory;
	out->memory_reservation = f->memory_reservation;
	out->memory_swap = f->memory_swap;
	out->pids_limit = f->pids_limit;
	out->cpuset_cpus = arena_strdup(a, f->cpuset_cpus);
	out->cpuset_mems = arena_strdup(a, f->cpuset_mems);
	return 0;
}

int restart_policy_parse(struct arena *a, const char *s, struct container_restart_policy *out,
			 struct err *err)
{
	static const char *const names[] = {"no", "always", "unless-stopped", "on-failure", NULL};
	const char *colon = strchr(s, ':');
	int64_t count = 0;

	*out = (struct container_restart_policy){};
	if (!*s)
		return 0;
	out->name = arena_strndup(a, s, colon ? (size_t)(colon - s) : strlen(s));
	if (!out->name)
		return err_oom(err);
	if (colon == s)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy format: no policy provided before colon");
	if (colon && flag_parse_int(colon + 1, &count) < 0)
		return err_set(
			err, ERR_INVALID,
			"invalid restart policy format: maximum retry count must be an integer");
	if (!strv_has((char *const *)names, out->name))
		return err_set(
			err, ERR_INVALID,
			"invalid restart policy: unknown policy '%s'; use one of 'no', 'always', "
			"'on-failure', or 'unless-stopped'",
			out->name);
	if (count < 0)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count cannot be negative");
	if (colon && !str_eq(out->name, "on-failure"))
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count can only be used with "
			       "'on-failure'");
	out->maximum_retry_count = count;
	return 0;
}
