// SPDX-License-Identifier: Apache-2.0
/*
 * libseccomp 2.5 knows the system calls up to Linux 5.17. Numbers from 424 on are the same for
 * every architecture (plus its base), so the newer ones are a short table here; without it a
 * container's C library would see "forbidden" where it expects to see "missing" or success.
 *
 * 32-bit x86 reaches sockets and System V IPC by two roads: socketcall(2) and ipc(2) with a call
 * number in the first argument, and direct calls since 4.3. A rule without arguments covers both;
 * arguments of the multiplexed form lie in memory, where a filter cannot look.
 */
#include "sec/compile.h"

#include <ctype.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>

#include "base/str.h"

#define X32_BASE       0x40000000
#define X86_SOCKETCALL 102
#define X86_IPC        117
#define RULES_MAX      (SECCOMP_NAMES_MAX * 2) /* numeric rules of one architecture */

#if defined(__x86_64__)
const char *const compile_native_arch = "amd64";
#elif defined(__aarch64__)
const char *const compile_native_arch = "arm64";
#elif defined(__riscv) && __riscv_xlen == 64
const char *const compile_native_arch = "riscv64";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
const char *const compile_native_arch = "ppc64le";
#elif defined(__s390x__)
const char *const compile_native_arch = "s390x";
#else
#error "name this architecture here"
#endif

static const struct {
	const char *name;
	int nr;
} newer[] = {
	{"cachestat", 451},         {"fchmodat2", 452},        {"map_shadow_stack", 453},
	{"futex_wake", 454},        {"futex_wait", 455},       {"futex_requeue", 456},
	{"statmount", 457},         {"listmount", 458},        {"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463},        {"getxattrat", 464},       {"listxattrat", 465},
	{"removexattrat", 466},     {"open_tree_attr", 467},   {"file_getattr", 468},
	{"file_setattr", 469},      {"listns", 470},
};

/* Newer ones of one architecture only. */
static const struct {
	uint32_t arch;
	const char *name;
	int nr;
} newer_of_arch[] = {
	{SCMP_ARCH_X86_64, "uretprobe", 335},
	{SCMP_ARCH_RISCV64, "riscv_hwprobe", 258},
};

/* linux/net.h and linux/ipc.h: the call numbers; asm/unistd_32.h: the direct ones (0: none). */
static const struct {
	const char *name;
	int direct, via, call;
} multiplexed[] = {
	{"socket", 359, X86_SOCKETCALL, 1},
	{"bind", 361, X86_SOCKETCALL, 2},
	{"connect", 362, X86_SOCKETCALL, 3},
	{"listen", 363, X86_SOCKETCALL, 4},
	{"accept", 0, X86_SOCKETCALL, 5},
	{"getsockname", 367, X86_SOCKETCALL, 6},
	{"getpeername", 368, X86_SOCKETCALL, 7},
	{"socketpair", 360, X86_SOCKETCALL, 8},
	{"send", 0, X86_SOCKETCALL, 9},
	{"recv", 0, X86_SOCKETCALL, 10},
	{"sendto", 369, X86_SOCKETCALL, 11},
	{"recvfrom", 371, X86_SOCKETCALL, 12},
	{"shutdown", 373, X86_SOCKETCALL, 13},
	{"setsockopt", 366, X86_SOCKETCALL, 14},
	{"getsockopt", 365, X86_SOCKETCALL, 15},
	{"sendmsg", 370, X86_SOCKETCALL, 16},
	{"recvmsg", 372, X86_SOCKETCALL, 17},
	{"accept4", 364, X86_SOCKETCALL, 18},
	{"recvmmsg", 337, X86_SOCKETCALL, 19},
	{"sendmmsg", 345, X86_SOCKETCALL, 20},
	{"semop", 0, X86_IPC, 1},
	{"semget", 393, X86_IPC, 2},
	{"semctl", 394, X86_IPC, 3},
	{"semtimedop", 0, X86_IPC, 4},
	{"msgsnd", 400, X86_IPC, 11},
	{"msgrcv", 401, X86_IPC, 12},
	{"msgget", 399, X86_IPC, 13},
	{"msgctl", 402, X86_IPC, 14},
	{"shmat", 397, X86_IPC, 21},
	{"shmdt", 398, X86_IPC, 22},
	{"shmget", 395, X86_IPC, 23},
	{"shmctl", 396, X86_IPC, 24},
};

/* The first argument of socketcall and ipc, by call number. */
#define CALL_EQ(n)                                                                                 \
	{                                                                                          \
		.index = 0, .op = SECCOMP_EQ, .value = (n)                                         \
	}
static const struct seccomp_arg call_args[] = {
	CALL_EQ(0),  CALL_EQ(1),  CALL_EQ(2),  CALL_EQ(3),  CALL_EQ(4),  CALL_EQ(5),  CALL_EQ(6),
	CALL_EQ(7),  CALL_EQ(8),  CALL_EQ(9),  CALL_EQ(10), CALL_EQ(11), CALL_EQ(12), CALL_EQ(13),
	CALL_EQ(14), CALL_EQ(15), CALL_EQ(16), CALL_EQ(17), CALL_EQ(18), CALL_EQ(19), CALL_EQ(20),
	CALL_EQ(21), CALL_EQ(22), CALL_EQ(23), CALL_EQ(24),
};

struct arch_rules {
	uint32_t scmp; /* libseccomp's token */
	uint32_t token;
	struct bpf_rule *rules;
	size_t n, alloc;
};

/* mips counts each of its ABIs from a thousand of its own. */
static int number_base(uint32_t scmp)
{
	switch (scmp) {
	case SCMP_ARCH_X32:
		return X32_BASE;
	case SCMP_ARCH_MIPS:
	case SCMP_ARCH_MIPSEL:
		return 4000;
	case SCMP_ARCH_MIPS64:
	case SCMP_ARCH_MIPSEL64:
		return 5000;
	case SCMP_ARCH_MIPS64N32:
	case SCMP_ARCH_MIPSEL64N32:
		return 6000;
	default:
		return 0;
	}
}

/* The number, or negative when the architecture has no such call. */
static int resolve_name(uint32_t scmp, const char *name)
{
	int nr = seccomp_syscall_resolve_name_arch(scmp, name);

	if (nr != __NR_SCMP_ERROR)
		return nr;
	for (size_t i = 0; i < ARRAY_SIZE(newer); i++)
		if (strcmp(newer[i].name, name) == 0)
			return number_base(scmp) + newer[i].nr;
	for (size_t i = 0; i < ARRAY_SIZE(newer_of_arch); i++)
		if (newer_of_arch[i].arch == scmp && strcmp(newer_of_arch[i].name, name) == 0)
			return newer_of_arch[i].nr;
	return -1;
}

static uint32_t verdict_value(struct seccomp_verdict v)
{
	static const uint32_t values[_SECCOMP_ACTION_MAX] = {
		[SECCOMP_KILL_PROCESS] = SECCOMP_RET_KILL_PROCESS,
		[SECCOMP_KILL_THREAD] = SECCOMP_RET_KILL_THREAD,
		[SECCOMP_TRAP] = SECCOMP_RET_TRAP,
		[SECCOMP_ERRNO] = SECCOMP_RET_ERRNO,
		[SECCOMP_TRACE] = SECCOMP_RET_TRACE,
		[SECCOMP_LOG] = SECCOMP_RET_LOG,
		[SECCOMP_ALLOW] = SECCOMP_RET_ALLOW,
		[SECCOMP_NOTIFY] = SECCOMP_RET_USER_NOTIF,
	};

	return values[v.action] | (v.data & SECCOMP_RET_DATA);
}

static int add_rule(struct arch_rules *a, struct bpf_rule rule, struct err *err)
{
	if (a->n >= RULES_MAX)
		return err_set(err, ERR_TOO_LARGE, "seccomp profile: too many rules");
	if (a->n == a->alloc) {
		size_t want = a->alloc ? a->alloc * 2 : 512;
		struct bpf_rule *more = reallocarray(a->rules, want, sizeof(*more));

		if (!more)
			return err_oom(err);
		a->rules = more;
		a->alloc = want;
	}
	a->rules[a->n++] = rule;
	return 0;
}

/* Both roads to a call of 32-bit x86; 0 also when it is no such call. */
static int add_multiplexed(struct arch_rules *a, const char *name, struct bpf_rule rule,
			   struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(multiplexed); i++) {
		if (strcmp(multiplexed[i].name, name) != 0)
			continue;
		rule.nr = (uint32_t)multiplexed[i].direct;
		if (rule.nr > 0)
			r = add_rule(a, rule, err);
		if (r == 0 && rule.n_args == 0) {
			rule.nr = (uint32_t)multiplexed[i].via;
			rule.args = &call_args[multiplexed[i].call];
			rule.n_args = 1;
			r = add_rule(a, rule, err);
		}
		return r < 0 ? r : 1;
	}
	return 0;
}

static int add_names(struct arch_rules *a, const struct seccomp_rule *rule, struct err *err)
{
	struct bpf_rule each = {.verdict = verdict_value(rule->verdict),
				.args = rule->args,
				.n_args = rule->n_args};
	int r;

	for (char **name = rule->names; *name; name++) {
		int nr;

		if (a->scmp == SCMP_ARCH_X86) {
			r = add_multiplexed(a, *name, each, err);
			if (r < 0)
				return r;
			if (r > 0)
				continue;
		}
		nr = resolve_name(a->scmp, *name);
		if (nr < 0)
			continue;
		each.nr = (uint32_t)nr;
		r = add_rule(a, each, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* libseccomp's token for "SCMP_ARCH_X86_64"; 0: an architecture that only others know. */
static int parse_arch(const char *name, const char *what, uint32_t *ret, struct err *err)
{
	static const char *const foreign[] = {"loongarch64", "m68k", "sh", "sheb"};
	const char *rest = str_after(name, "SCMP_ARCH_");
	char lower[32];
	size_t n = rest ? strlen(rest) : 0;

	*ret = 0;
	if (rest && n < sizeof(lower)) {
		for (size_t i = 0; i <= n; i++)
			lower[i] = (char)tolower((unsigned char)rest[i]);
		*ret = strcmp(lower, "native") == 0 ? seccomp_arch_native()
						    : seccomp_arch_resolve_name(lower);
		for (size_t i = 0; *ret == 0 && i < ARRAY_SIZE(foreign); i++)
			if (strcmp(foreign[i], lower) == 0)
				return 0;
	}
	if (*ret == 0)
		return err_set(err, ERR_INVALID, "%s: unknown architecture \"%.64s\"", what, name);
	return 0;
}

/* The rules of x32 are part of x86-64's: one token, numbers apart. */
static uint32_t audit_token(uint32_t scmp)
{
	return scmp == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : scmp;
}

static struct arch_rules *find_arch(struct arch_rules *arches, size_t *n, uint32_t scmp)
{
	for (size_t i = 0; i < *n; i++)
		if (arches[i].token == audit_token(scmp))
			return &arches[i];
	arches[*n] = (struct arch_rules){.token = audit_token(scmp)};
	return &arches[(*n)++];
}

static int collect(const struct seccomp_filter *f, const char *what, struct arch_rules *arches,
		   size_t *n, struct err *err)
{
	uint32_t seen[SECCOMP_ARCHES_MAX + 1] = {seccomp_arch_native()};
	size_t n_seen = 1;
	int r = 0;

	for (char **name = f->arches; name && *name; name++) {
		uint32_t scmp;
		bool twice = false;

		r = parse_arch(*name, what, &scmp, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n_seen; i++)
			twice |= seen[i] == scmp;
		if (scmp && !twice && n_seen < ARRAY_SIZE(seen))
			seen[n_seen++] = scmp;
	}
	for (size_t i = 0; r == 0 && i < n_seen; i++) {
		struct arch_rules *a = find_arch(arches, n, seen[i]);

		a->scmp = seen[i];
		for (size_t k = 0; r == 0 && k < f->n_rules; k++)
			r = add_names(a, &f->rules[k], err);
	}
	return r;
}

/* Newer calls than the profile knows look missing, unless it lets everything pass by default. */
static uint32_t unknown_verdict(const struct seccomp_filter *f)
{
	switch (f->default_verdict.action) {
	case SECCOMP_KILL_PROCESS:
	case SECCOMP_KILL_THREAD:
	case SECCOMP_TRAP:
	case SECCOMP_ERRNO:
		return SECCOMP_RET_ERRNO | ENOSYS;
	case SECCOMP_TRACE:
	case SECCOMP_LOG:
	case SECCOMP_ALLOW:
	case SECCOMP_NOTIFY:
	case _SECCOMP_ACTION_MAX:
		break;
	}
	return verdict_value(f->default_verdict);
}

int compile_filter(const struct seccomp_filter *f, const char *what,
		   struct sock_filter out[BPF_INSNS_MAX], size_t *ret_n, struct err *err)
{
	struct arch_rules arches[SECCOMP_ARCHES_MAX + 1] = {};
	struct bpf_arch input[SECCOMP_ARCHES_MAX + 1];
	struct bpf_policy p = {
		.arches = input,
		.otherwise = verdict_value(f->default_verdict),
		.unknown = unknown_verdict(f),
		.foreign = SECCOMP_RET_KILL_PROCESS,
	};
	size_t n = 0;
	int r;

	r = collect(f, what, arches, &n, err);
	for (size_t i = 0; i < n; i++)
		input[i] = (struct bpf_arch){arches[i].token, arches[i].rules, arches[i].n};
	p.n_arches = n;
	if (r == 0)
		r = bpf_build(&p, out, ret_n, err);
	for (size_t i = 0; i < n; i++)
		free(arches[i].rules);
	return r;
}

int compile_profile(const char *text, size_t len, const char *what, const struct seccomp_env *env,
		    struct sock_filter out[BPF_INSNS_MAX], size_t *ret_n, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct seccomp_env here = *env;
	struct seccomp_profile p;
	struct seccomp_filter f;
	int r;

	if (!a)
		return err_oom(err);
	if (!here.arch)
		here.arch = compile_native_arch;
	r = seccomp_profile_decode(a, text, len, what, &p, err);
	if (r == 0)
		r = seccomp_profile_resolve(a, &p, &here, &f, err);
	if (r < 0)
		return r;
	*ret_n = 0;
	return f.disabled ? 0 : compile_filter(&f, what, out, ret_n, err);
}
