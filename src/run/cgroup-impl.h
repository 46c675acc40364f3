// SPDX-License-Identifier: Apache-2.0
/*
 * cgroup-impl - what the cgroup*.c files share. Not for others.
 */
#pragma once

#include "run/cgroup.h"

enum cgroup_ctl {
	CTL_CPU,
	CTL_CPUSET,
	CTL_MEMORY,
	CTL_IO, /* blkio on v1 */
	CTL_PIDS,
	CTL_HUGETLB,
	CTL_RDMA,
	CTL_DEVICES, /* v1 only, as the following */
	CTL_FREEZER,
	CTL_NET_CLS,
	CTL_NET_PRIO,
	CTL_CPUACCT,
	CTL_PERF_EVENT,
	CTL_SYSTEMD, /* name=systemd: no controller at all */
	_CTL_MAX,
};

struct cgroup {
	char *path; /* relative, without a leading slash */
	int v2;     /* the group's directory in the v2 tree; -EBADF: no v2 here */
	int v1[_CTL_MAX];
	unsigned v2_controllers; /* bit per enum cgroup_ctl; valid when v2_known */
	unsigned v2_enabled;
	bool v2_known;
	bool all;  /* CGROUP_ALL */
	bool live; /* it may hold processes: a hierarchy made now must get them, too */
};

/* Makes the controller usable for the group. 2: on v2, 1: on v1 (cg->v1[ctl]), or an error that
 * names what it was needed for. */
int cgroup_need(struct cgroup *cg, enum cgroup_ctl ctl, const char *what, struct err *err);
/* Writes one value; the message names file and value. */
int cgroup_write(int dirfd, const char *file, const char *value, struct err *err);
int cgroup_printf(int dirfd, const char *file, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
/* A small file whole; its length, or a negative errno without a message. */
ssize_t cgroup_read(int dirfd, const char *file, char *buf, size_t size);

/* cgroup-v1.c */
int cgroup_v1_open(enum cgroup_ctl ctl, const char *path, bool create);
/* cgroup-v2.c */
int cgroup_v2_base(void); /* the v2 mount's directory, or a negative errno */
/* 0: enabled; -ENODEV (without a message): v2 does not have it here. */
int cgroup_v2_enable(struct cgroup *cg, enum cgroup_ctl ctl, struct err *err);
/* The same by name, also for controllers that have no number here; "cgroup" is always there. */
int cgroup_v2_enable_name(struct cgroup *cg, const char *name, struct err *err);
/* cgroup-limit.c */
int cgroup_limits(struct cgroup *cg, const struct oci_resources *res, struct err *err);
/* A number, or for a negative one the word. Returns out. */
const char *cgroup_bytes(char out[32], int64_t v, const char *unlimited);
/* cgroup-memory.c, cgroup-io.c */
int cgroup_limit_memory(struct cgroup *cg, const struct oci_memory *m, struct err *err);
int cgroup_limit_io(struct cgroup *cg, const struct oci_block_io *b, struct err *err);
/* cgroup-device.c */
int cgroup_devices(struct cgroup *cg, const struct json_list *list, struct err *err);
extern const char *const cgroup_v1_names[_CTL_MAX];
