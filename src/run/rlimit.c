// SPDX-License-Identifier: Apache-2.0
#include "run/rlimit.h"

#include <inttypes.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"

struct name {
	const char *name;
	int value;
};

static const struct name limits[] = {
	{"RLIMIT_AS", RLIMIT_AS},
	{"RLIMIT_CORE", RLIMIT_CORE},
	{"RLIMIT_CPU", RLIMIT_CPU},
	{"RLIMIT_DATA", RLIMIT_DATA},
	{"RLIMIT_FSIZE", RLIMIT_FSIZE},
	{"RLIMIT_LOCKS", RLIMIT_LOCKS},
	{"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
	{"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
	{"RLIMIT_NICE", RLIMIT_NICE},
	{"RLIMIT_NOFILE", RLIMIT_NOFILE},
	{"RLIMIT_NPROC", RLIMIT_NPROC},
	{"RLIMIT_RSS", RLIMIT_RSS},
	{"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
	{"RLIMIT_RTTIME", RLIMIT_RTTIME},
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK", RLIMIT_STACK},
};

static const struct name policies[] = {
	{"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},       {"SCHED_BATCH", 3},
	{"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6},
};

static const struct name policy_flags[] = {
	{"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},
	{"SCHED_FLAG_DL_OVERRUN", 0x04},     {"SCHED_FLAG_KEEP_POLICY", 0x08},
	{"SCHED_FLAG_KEEP_PARAMS", 0x10},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
};

static const struct name io_classes[] = {
	{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE},
};

static int find(const struct name *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i].name, name))
			return names[i].value;
	return -EINVAL;
}

int rlimit_all(const struct json_list *list, struct err *err)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_rlimit *l = JSON_AT(struct oci_rlimit, list, i);
		struct rlimit rl = {.rlim_cur = l->soft, .rlim_max = l->hard};
		int which = find(limits, ARRAY_SIZE(limits), l->type);

		if (which < 0)
			return err_set(err, ERR_INVALID, "unknown resource limit %s", l->type);
		for (size_t k = 0; k < i; k++)
			if (str_eq(JSON_AT(struct oci_rlimit, list, k)->type, l->type))
				return err_set(err, ERR_INVALID, "%s is given twice", l->type);
		if (setrlimit((__rlimit_resource_t)which, &rl) < 0)
			return err_sys(err, errno, "set %s to %" PRIu64 ":%" PRIu64, l->type,
				       l->soft, l->hard);
	}
	return 0;
}

struct sched_attributes { /* struct sched_attr of linux/sched/types.h, version 0 */
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct oci_scheduler *s, struct err *err)
{
	int policy = find(policies, ARRAY_SIZE(policies), s->policy);
	struct sched_attributes a = {
		.size = sizeof(a),
		.policy = (uint32_t)policy,
		.nice = (int32_t)s->nice,
		.priority = (uint32_t)s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};

	if (policy < 0)
		return err_set(err, ERR_INVALID, "unknown scheduler policy %s", s->policy);
	for (char **p = s->flags; p && *p; p++) {
		int flag = find(policy_flags, ARRAY_SIZE(policy_flags), *p);

		if (flag < 0)
			return err_set(err, ERR_INVALID, "unknown scheduler flag %s", *p);
		a.flags |= (uint64_t)flag;
	}
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? err_sys(err, errno, "set the scheduler")
							: 0;
}

static int parse_cpus(const char *text, cpu_set_t *set, struct err *err)
{
	const char *p = text;

	CPU_ZERO(set);
	while (*p) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;

		if (end == p)
			break;
		if (*end == '-') {
			p = end + 1;
			last = strtoul(p, &end, 10);
		}
		if (end == p || last >= CPU_SETSIZE || first > last)
			break;
		for (; first <= last; first++)
			CPU_SET(first, set);
		p = end + (*end == ',');
		if (*end && *end != ',')
			break;
	}
	return *p || !*text ? err_set(err, ERR_INVALID, "CPU list \"%s\"", text) : 0;
}

int rlimit_affinity(const char *cpus, struct err *err)
{
	cpu_set_t set;
	int r;

	if (str_empty(cpus))
		return 0;
	r = parse_cpus(cpus, &set, err);
	if (r == 0 && sched_setaffinity(0, sizeof(set), &set) < 0)
		r = err_sys(err, errno, "set CPU affinity %s", cpus);
	return r;
}

int rlimit_schedule(const struct oci_process *p, struct err *err)
{
	int r = p->scheduler ? set_scheduler(p->scheduler, err) : 0;

	if (r == 0 && p->io_priority) {
		int class = find(io_classes, ARRAY_SIZE(io_classes), p->io_priority->class);

		if (class < 0 || p->io_priority->priority < 0 || p->io_priority->priority > 7)
			return err_set(err, ERR_INVALID, "ioPriority %s %" PRId64,
				       p->io_priority->class, p->io_priority->priority);
		if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			    IOPRIO_PRIO_VALUE(class, (int)p->io_priority->priority)) < 0)
			return err_sys(err, errno, "set ioPriority");
	}
	return r;
}

int rlimit_personality(const struct oci_personality *p, struct err *err)
{
	unsigned long value = str_eq(p->domain, "LINUX32") ? PER_LINUX32 : PER_LINUX;

	if (!str_eq(p->domain, "LINUX32") && !str_eq(p->domain, "LINUX"))
		return err_set(err, ERR_INVALID, "unknown personality %s", p->domain);
	if (p->flags && p->flags[0])
		return err_set(err, ERR_INVALID, "unknown personality flag %s", p->flags[0]);
	return personality(value) < 0 ? err_sys(err, errno, "set personality %s", p->domain) : 0;
}
