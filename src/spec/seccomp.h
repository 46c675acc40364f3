// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp - system call policies as Docker and the OCI write them.
 *
 * A profile is decoded once and then resolved for one container: conditions on capabilities,
 * architecture and kernel fall away and a flat list of rules by name remains. Both forms are read:
 *
 *   Docker   {"defaultAction": …, "archMap": [{"architecture": …, "subArchitectures": […]}],
 *             "syscalls": [{"names": […], "action": …, "errnoRet": N, "args": […],
 *                           "includes": {"caps": […], "arches": […], "minKernel": "4.8"},
 *                           "excludes": {…}, "comment": …}]}
 *   OCI      linux.seccomp: "architectures": […] instead of archMap, no conditions
 *
 * Meaning of several rules for one name: a rule without arguments beats rules with arguments; among
 * equals the first in the document wins. Several arguments of one rule must all hold, unless they
 * name one index twice: then each is a rule of its own (what runc and crun do).
 *
 * SCMP_ACT_NOTIFY has a second process answer, the one at listenerPath; not as the default action
 * and not for sendmsg(2), by which the process that loads the program gives the listener away.
 * Without it listenerPath and listenerMetadata mean nothing. Messages name the JSON path. Profiles
 * are hostile input: all counts are bounded. Source: runtime-spec config-linux.md, moby
 * profiles/seccomp.
 *
 *   struct seccomp_profile p;
 *   struct seccomp_filter f;
 *   r = seccomp_profile_decode(a, text, len, "profile.json", &p, err);
 *   r = r < 0 ? r : seccomp_profile_resolve(a, &p, &env, &f, err);
 */
#pragma once

#include "base/json.h"

#define SECCOMP_TEXT_MAX   ((size_t)1 << 20) /* bytes of a profile */
#define SECCOMP_RULES_MAX  4096
#define SECCOMP_NAMES_MAX  32768 /* names of all rules together */
#define SECCOMP_ARCHES_MAX 24
#define SECCOMP_ARGS_MAX   6

enum seccomp_action {
	SECCOMP_KILL_PROCESS,
	SECCOMP_KILL_THREAD, /* also SCMP_ACT_KILL */
	SECCOMP_TRAP,
	SECCOMP_ERRNO,
	SECCOMP_TRACE,
	SECCOMP_LOG,
	SECCOMP_ALLOW,
	SECCOMP_NOTIFY,
	_SECCOMP_ACTION_MAX,
};
const char *seccomp_action_name(enum seccomp_action a); /* "SCMP_ACT_ALLOW", … */

enum seccomp_op {
	SECCOMP_NE,
	SECCOMP_LT,
	SECCOMP_LE,
	SECCOMP_EQ,
	SECCOMP_GE,
	SECCOMP_GT,
	SECCOMP_MASKED_EQ, /* (argument & value) == value_two */
	_SECCOMP_OP_MAX,
};
const char *seccomp_op_name(enum seccomp_op op); /* "SCMP_CMP_EQ", … */

/* ---- as decoded ---- */

struct seccomp_condition { /* includes or excludes */
	char **caps, **arches;
	char *min_kernel;
};
struct seccomp_arg_row {
	uint64_t index, value, value_two;
	char *op;
};
struct seccomp_syscall_row {
	char **names;
	char *name; /* the form of Docker before 1.12 */
	char *action;
	struct opt_u64 errno_ret;
	struct json_list args; /* struct seccomp_arg_row */
	struct seccomp_condition *includes, *excludes;
};
struct seccomp_arch_row {
	char *architecture;
	char **sub_architectures;
};
struct seccomp_profile {
	const char *what; /* names the document in messages */
	char *default_action;
	struct opt_u64 default_errno;
	struct json_list arch_map; /* struct seccomp_arch_row */
	char **architectures;
	char **flags;
	char *listener_path, *listener_metadata;
	struct json_list syscalls; /* struct seccomp_syscall_row */
};

/* ---- as resolved ---- */

struct seccomp_env {
	uint64_t caps;    /* the bounding set */
	const char *arch; /* the host, as Go and Docker name it: "amd64", "arm64" */
	unsigned kernel_major, kernel_minor;
};

struct seccomp_arg {
	unsigned index; /* 0 to 5 */
	enum seccomp_op op;
	uint64_t value, value_two;
};
struct seccomp_verdict {
	enum seccomp_action action;
	unsigned data; /* errno of SECCOMP_ERRNO, message of SECCOMP_TRACE */
};
struct seccomp_rule {
	char **names; /* at least one */
	struct seccomp_verdict verdict;
	struct seccomp_arg args[SECCOMP_ARGS_MAX];
	size_t n_args;
};
struct seccomp_filter {
	bool disabled; /* the empty profile: no filter at all, as Docker reads it */
	struct seccomp_verdict default_verdict;
	char **arches; /* "SCMP_ARCH_X86_64", …; empty: the native one */
	struct seccomp_rule *rules;
	size_t n_rules;
};

int seccomp_profile_decode(struct arena *a, const char *text, size_t len, const char *what,
			   struct seccomp_profile *out, struct err *err);
int seccomp_profile_resolve(struct arena *a, const struct seccomp_profile *p,
			    const struct seccomp_env *env, struct seccomp_filter *out,
			    struct err *err);
/* Every capability that any condition looks at: policies that agree in these are equal. Unknown
 * names match no capability. */
uint64_t seccomp_profile_caps(const struct seccomp_profile *p);
