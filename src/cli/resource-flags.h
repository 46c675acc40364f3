// SPDX-License-Identifier: Apache-2.0
/*
 * resource-flags - limits as flags: shared by run, create and update.
 */
#pragma once

#include "base/json.h"
#include "command/command.h"
#include "cli/values.h"
#include "spec/container.h"

struct resource_flags {
	uint64_t blkio_weight;
	int64_t cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime, cpu_shares, cpus;
	char *cpuset_cpus, *cpuset_mems;
	int64_t kernel_memory, memory, memory_reservation, memory_swap;
	struct opt_i64 pids_limit;
	char *restart;
};

extern const struct flag resource_flags[];

/* Copies them; -EINVAL with Docker's words where they contradict each other. */
int resource_flags_apply(struct arena *a, const struct resource_flags *f,
			 struct container_resources *out, struct err *err);
/* "no", "always", "unless-stopped", "on-failure[:N]". */
int restart_policy_parse(struct arena *a, const char *s, struct container_restart_policy *out,
			 struct err *err);
