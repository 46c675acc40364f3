// SPDX-License-Identifier: Apache-2.0
/*
 * Memory limits. OCI counts memory and swap together, as v1 does; v2 counts swap alone. What v2
 * does not have at all (swappiness, an OOM killer that can be switched off) is refused there:
 * pretending would be worse.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"
#include "run/cgroup-impl.h"

static int64_t read_number(int dir, const char *file)
{
	char text[32];
	uint64_t v;
	ssize_t n = cgroup_read(dir, file, text, sizeof(text));

	if (n <= 0)
		return -1;
	text[n - (text[n - 1] == '\n')] = '\0';
	return str_to_u64(text, &v) < 0 || v > INT64_MAX ? -1 : (int64_t)v;
}

/* v1's kernel refuses a limit below what is used; v2's kills until it fits. */
static int check_usage(int dir, const struct oci_memory *m, struct err *err)
{
	int64_t used;

	if (!m->check_before_update.set || !m->check_before_update.value || !m->limit.set ||
	    m->limit.value <= 0)
		return 0;
	used = read_number(dir, "memory.current");
	if (used > m->limit.value)
		return err_set(err, ERR_CONFLICT,
			       "memory limit %" PRId64 " is below the %" PRId64 " bytes in use",
			       m->limit.value, used);
	return 0;
}

static int refuse_v1_only(const struct oci_memory *m, struct err *err)
{
	if (m->swappiness.set)
		return err_set(err, ERR_UNSUPPORTED,
			       "memory swappiness: cgroup v2 does not have it");
	if (m->disable_oom_killer.set && m->disable_oom_killer.value)
		return err_set(err, ERR_UNSUPPORTED,
			       "disableOOMKiller: cgroup v2 does not have it");
	return 0;
}

static int memory_v2(int dir, const struct oci_memory *m, struct err *err)
{
	char text[32];
	int r = refuse_v1_only(m, err);

	if (r == 0)
		r = check_usage(dir, m, err);
	if (r == 0 && m->limit.set && m->limit.value)
		r = cgroup_write(dir, "memory.max", cgroup_bytes(text, m->limit.value, "max"), err);
	if (r == 0 && m->reservation.set && m->reservation.value)
		r = cgroup_write(dir, "memory.low", cgroup_bytes(text, m->reservation.value, "max"),
				 err);
	/* v1 and OCI count memory and swap together, v2 swap alone. */
	if (r == 0 && m->swap.set && m->swap.value) {
		int64_t swap = m->swap.value;

		if (swap > 0 && m->limit.set && m->limit.value > 0)
			swap = swap > m->limit.value ? swap - m->limit.value : 0;
		else if (swap > 0 && !m->limit.set && read_number(dir, "memory.max") >= 0)
			swap = MAX_OF(swap - read_number(dir, "memory.max"), 0);
		else if (swap > 0)
			return err_set(err, ERR_INVALID, "a swap limit needs a memory limit");
		if (cgroup_write(dir, "memory.swap.max", cgroup_bytes(text, swap, "max"), NULL) <
			    0 &&
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
	if (cgroup_write(dir, "memory.memsw.limit_in_bytes", cgroup_bytes(text, swap, "-1"), NULL) <
		    0 &&
	    errno != ENOENT)
		return err_sys(err, errno, "set memory and swap limit %s", text);
	return 0;
}

static int memory_limit_v1(int dir, const struct oci_memory *m, struct err *err)
{
	bool limit = m->limit.set && m->limit.value, swap = m->swap.set && m->swap.value;
	char text[32];
	int r = 0;

	if (limit && cgroup_write(dir, "memory.limit_in_bytes",
				  cgroup_bytes(text, m->limit.value, "-1"), NULL) < 0) {
		/* The kernel keeps memory <= memory+swap at every moment: when the limit grows
		 * beyond the old sum, the sum goes first. */
		if (errno != EINVAL || !swap)
			return err_sys(err, errno, "set memory limit %s", text);
		r = memsw_v1(dir, m->swap.value, err);
		return r < 0 ? r : cgroup_write(dir, "memory.limit_in_bytes", text, err);
	}
	return swap ? memsw_v1(dir, m->swap.value, err) : r;
}

static int memory_v1(int dir, const struct oci_memory *m, bool live, struct err *err)
{
	char text[32];
	int r = memory_limit_v1(dir, m, err);

	if (r == 0 && m->reservation.set && m->reservation.value)
		r = cgroup_write(dir, "memory.soft_limit_in_bytes",
				 cgroup_bytes(text, m->reservation.value, "-1"), err);
	if (r == 0 && m->kernel_tcp.set && m->kernel_tcp.value)
		r = cgroup_write(dir, "memory.kmem.tcp.limit_in_bytes",
				 cgroup_bytes(text, m->kernel_tcp.value, "-1"), err);
	if (r == 0 && m->swappiness.set)
		r = cgroup_printf(dir, "memory.swappiness", err, "%" PRIu64, m->swappiness.value);
	if (r == 0 && m->disable_oom_killer.set && (m->disable_oom_killer.value || live))
		r = cgroup_write(dir, "memory.oom_control", m->disable_oom_killer.value ? "1" : "0",
				 err);
	return r;
}

int cgroup_limit_memory(struct cgroup *cg, const struct oci_memory *m, struct err *err)
{
	int r;

	if (m->swappiness.set && m->swappiness.value > 100)
		return err_set(err, ERR_INVALID, "memory swappiness %" PRIu64 " is not in 0..100",
			       m->swappiness.value);
	if (!m->limit.set && !m->reservation.set && !m->swap.set && !m->kernel_tcp.set &&
	    !m->swappiness.set &&
	    !(m->disable_oom_killer.set && (m->disable_oom_killer.value || cg->live)))
		return 0;
	r = cgroup_need(cg, CTL_MEMORY, "memory limit", err);
	if (r >= 0)
		r = r == 2 ? memory_v2(cg->v2, m, err)
			   : memory_v1(cg->v1[CTL_MEMORY], m, cg->live, err);
	return r;
}
