// SPDX-License-Identifier: Apache-2.0
/*
 * Decoding is a table; everything a table cannot say (known words, ranges, both of two members) is
 * checked in seccomp_profile_resolve for every row, also for rows whose conditions do not hold
 * here: a profile must not turn out wrong only on another machine.
 */
#include "spec/seccomp.h"

#include <stdio.h>

#include "base/str.h"
#include "spec/caps.h"

#define ERRNO_MAX 4095 /* MAX_ERRNO of the kernel */
#define TRACE_MAX 0xffff

static const char *const action_names[_SECCOMP_ACTION_MAX] = {
	[SECCOMP_KILL_PROCESS] = "SCMP_ACT_KILL_PROCESS",
	[SECCOMP_KILL_THREAD] = "SCMP_ACT_KILL_THREAD",
	[SECCOMP_TRAP] = "SCMP_ACT_TRAP",
	[SECCOMP_ERRNO] = "SCMP_ACT_ERRNO",
	[SECCOMP_TRACE] = "SCMP_ACT_TRACE",
	[SECCOMP_LOG] = "SCMP_ACT_LOG",
	[SECCOMP_ALLOW] = "SCMP_ACT_ALLOW",
	[SECCOMP_NOTIFY] = "SCMP_ACT_NOTIFY",
};

static const char *const op_names[_SECCOMP_OP_MAX] = {
	[SECCOMP_NE] = "SCMP_CMP_NE",
	[SECCOMP_LT] = "SCMP_CMP_LT",
	[SECCOMP_LE] = "SCMP_CMP_LE",
	[SECCOMP_EQ] = "SCMP_CMP_EQ",
	[SECCOMP_GE] = "SCMP_CMP_GE",
	[SECCOMP_GT] = "SCMP_CMP_GT",
	[SECCOMP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

static const char *const known_flags[] = {
	"SECCOMP_FILTER_FLAG_TSYNC",
	"SECCOMP_FILTER_FLAG_LOG",
	"SECCOMP_FILTER_FLAG_SPEC_ALLOW",
	"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
};

static const struct json_field condition_fields[] = {
	{"caps", JSON_STRV, 0, offsetof(struct seccomp_condition, caps)},
	{"arches", JSON_STRV, 0, offsetof(struct seccomp_condition, arches)},
	{"minKernel", JSON_STR, 0, offsetof(struct seccomp_condition, min_kernel)},
	{},
};
static const struct json_object condition_object = {"condition", sizeof(struct seccomp_condition),
						    condition_fields};

static const struct json_field arg_fields[] = {
	{"index", JSON_U64, JSON_REQUIRED, offsetof(struct seccomp_arg_row, index)},
	{"value", JSON_U64, JSON_REQUIRED, offsetof(struct seccomp_arg_row, value)},
	{"valueTwo", JSON_U64, 0, offsetof(struct seccomp_arg_row, value_two)},
	{"op", JSON_STR, JSON_REQUIRED, offsetof(struct seccomp_arg_row, op)},
	{},
};
static const struct json_object arg_object = {"arg", sizeof(struct seccomp_arg_row), arg_fields};

static const struct json_field syscall_fields[] = {
	{"names", JSON_STRV, 0, offsetof(struct seccomp_syscall_row, names)},
	{"name", JSON_STR, 0, offsetof(struct seccomp_syscall_row, name)},
	{"action", JSON_STR, JSON_REQUIRED, offsetof(struct seccomp_syscall_row, action)},
	{"errnoRet", JSON_OPT_U64, 0, offsetof(struct seccomp_syscall_row, errno_ret)},
	{"args", JSON_LIST, 0, offsetof(struct seccomp_syscall_row, args), &arg_object},
	{"includes", JSON_SUBP, 0, offsetof(struct seccomp_syscall_row, includes),
	 &condition_object},
	{"excludes", JSON_SUBP, 0, offsetof(struct seccomp_syscall_row, excludes),
	 &condition_object},
	{},
};
static const struct json_object syscall_object = {"syscall", sizeof(struct seccomp_syscall_row),
						  syscall_fields};

static const struct json_field arch_fields[] = {
	{"architecture", JSON_STR, JSON_REQUIRED, offsetof(struct seccomp_arch_row, architecture)},
	{"subArchitectures", JSON_STRV, 0, offsetof(struct seccomp_arch_row, sub_architectures)},
	{},
};
static const struct json_object arch_object = {"archMap", sizeof(struct seccomp_arch_row),
					       arch_fields};

static const struct json_field profile_fields[] = {
	{"defaultAction", JSON_STR, 0, offsetof(struct seccomp_profile, default_action)},
	{"defaultErrnoRet", JSON_OPT_U64, 0, offsetof(struct seccomp_profile, default_errno)},
	{"archMap", JSON_LIST, 0, offsetof(struct seccomp_profile, arch_map), &arch_object},
	{"architectures", JSON_STRV, 0, offsetof(struct seccomp_profile, architectures)},
	{"flags", JSON_STRV, 0, offsetof(struct seccomp_profile, flags)},
	{"listenerPath", JSON_STR, 0, offsetof(struct seccomp_profile, listener_path)},
	{"listenerMetadata", JSON_STR, 0, offsetof(struct seccomp_profile, listener_metadata)},
	{"syscalls", JSON_LIST, 0, offsetof(struct seccomp_profile, syscalls), &syscall_object},
	{},
};
static const struct json_object profile_object = {"seccomp", sizeof(struct seccomp_profile),
						  profile_fields};

/* Docker's names of architectures and the one of libseccomp that each stands for. */
static const struct {
	const char *arch, *scmp;
} arches[] = {
	{"x86", "SCMP_ARCH_X86"},
	{"amd64", "SCMP_ARCH_X86_64"},
	{"arm", "SCMP_ARCH_ARM"},
	{"arm64", "SCMP_ARCH_AARCH64"},
	{"loongarch64", "SCMP_ARCH_LOONGARCH64"},
	{"mips64", "SCMP_ARCH_MIPS64"},
	{"mips64n32", "SCMP_ARCH_MIPS64N32"},
	{"mipsel", "SCMP_ARCH_MIPSEL"},
	{"mipsel64", "SCMP_ARCH_MIPSEL64"},
	{"ppc64le", "SCMP_ARCH_PPC64LE"},
	{"riscv64", "SCMP_ARCH_RISCV64"},
	{"s390", "SCMP_ARCH_S390"},
	{"s390x", "SCMP_ARCH_S390X"},
};

const char *seccomp_action_name(enum seccomp_action a)
{
	return (unsigned)a < _SECCOMP_ACTION_MAX ? action_names[a] : NULL;
}

const char *seccomp_op_name(enum seccomp_op op)
{
	return (unsigned)op < _SECCOMP_OP_MAX ? op_names[op] : NULL;
}

static int index_of(const char *const *names, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], s) == 0)
			return (int)i;
	return -1;
}

int seccomp_profile_decode(struct arena *a, const char *text, size_t len, const char *what,
			   struct seccomp_profile *out, struct err *err)
{
	size_t names = 0;
	int r;

	if (len > SECCOMP_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: larger than %zu bytes", what,
			       SECCOMP_TEXT_MAX);
	r = json_decode_text(a, text, len, &profile_object, out, what, err);
	if (r < 0)
		return r;
	out->what = what;
	if (out->syscalls.n > SECCOMP_RULES_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: syscalls: more than %d rules", what,
			       SECCOMP_RULES_MAX);
	for (size_t i = 0; i < out->syscalls.n; i++)
		names += strv_len(JSON_AT(struct seccomp_syscall_row, &out->syscalls, i)->names);
	if (names > SECCOMP_NAMES_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: syscalls: more than %d names", what,
			       SECCOMP_NAMES_MAX);
	return 0;
}

/* "4.8": two numbers, not both 0, each below 256 as Docker has it. */
static int parse_kernel(const char *s, unsigned *major, unsigned *minor)
{
	char head[4];
	const char *dot = strchr(s, '.');
	uint64_t a, b;

	if (!dot || (size_t)(dot - s) >= sizeof(head))
		return -EINVAL;
	memcpy(head, s, (size_t)(dot - s));
	head[dot - s] = '\0';
	if (str_to_u64(head, &a) < 0 || str_to_u64(dot + 1, &b) < 0 || a > 255 || b > 255 ||
	    (a == 0 && b == 0))
		return -EINVAL;
	*major = (unsigned)a;
	*minor = (unsigned)b;
	return 0;
}

static bool has_cap(const struct seccomp_env *env, const char *name)
{
	/* Exact names only, as Docker compares them: "sys_admin" in a profile is a mistake that
	 * must not grant anything. */
	int cap = str_after(name, "CAP_") ? cap_parse(name) : -EINVAL;

	return cap >= 0 && str_eq(cap_name(cap), name) && (env->caps & CAPS_BIT(cap));
}

/* Does a kernel condition hold? 1, 0 or a failure. An empty string counts as absent. */
static int kernel_holds(const struct seccomp_profile *p, size_t row, const char *side,
			const char *min, const struct seccomp_env *env, struct err *err)
{
	unsigned major, minor;

	if (parse_kernel(min, &major, &minor) < 0)
		return err_set(err, ERR_INVALID,
			       "%s: syscalls[%zu].%s.minKernel: invalid kernel version \"%s\", "
			       "expected \"<kernel>.<major>\"",
			       p->what, row, side, min);
	return env->kernel_major > major ||
	       (env->kernel_major == major && env->kernel_minor >= minor);
}

/* Is the rule in force here? Includes must all hold, excludes must none. 1, 0 or a failure. */
static int row_applies(const struct seccomp_profile *p, size_t row, const struct seccomp_env *env,
		       struct err *err)
{
	const struct seccomp_syscall_row *s =
		JSON_AT(struct seccomp_syscall_row, &p->syscalls, row);
	const struct seccomp_condition *in = s->includes, *ex = s->excludes;
	bool applies = true;
	int r;

	if (ex) {
		applies = !strv_has(ex->arches, env->arch);
		for (char **c = ex->caps; c && *c; c++)
			applies = applies && !has_cap(env, *c);
		if (!str_empty(ex->min_kernel)) {
			r = kernel_holds(p, row, "excludes", ex->min_kernel, env, err);
			if (r < 0)
				return r;
			applies = applies && !r;
		}
	}
	if (in) {
		if (strv_len(in->arches) > 0)
			applies = applies && strv_has(in->arches, env->arch);
		for (char **c = in->caps; c && *c; c++)
			applies = applies && has_cap(env, *c);
		if (!str_empty(in->min_kernel)) {
			r = kernel_holds(p, row, "includes", in->min_kernel, env, err);
			if (r < 0)
				return r;
			applies = applies && r;
		}
	}
	return applies;
}

/* `where` is the JSON path of the action's owner, with a final dot or empty. */
static int resolve_verdict(const struct seccomp_profile *p, const char *where, const char *member,
			   const char *errno_member, const char *action, struct opt_u64 data,
			   struct seccomp_verdict *out, struct err *err)
{
	uint64_t max = 0;
	int i;

	if (strcmp(action, "SCMP_ACT_KILL") == 0)
		action = action_names[SECCOMP_KILL_THREAD];
	i = index_of(action_names, ARRAY_SIZE(action_names), action);
	if (i < 0)
		return err_set(err, ERR_INVALID, "%s: %s%s: unknown action \"%.64s\"", p->what,
			       where, member, action);
	out->action = (enum seccomp_action)i;
	out->data = 0;
	if (out->action == SECCOMP_ERRNO)
		max = ERRNO_MAX;
	else if (out->action == SECCOMP_TRACE)
		max = TRACE_MAX;
	else
		return 0; /* carries nothing; runc ignores a number beside it, too */
	out->data = EPERM;
	if (!data.set)
		return 0;
	if (data.value > max)
		return err_set(err, ERR_INVALID, "%s: %s%s: %s cannot carry %llu", p->what, where,
			       errno_member, action, (unsigned long long)data.value);
	out->data = (unsigned)data.value;
	return 0;
}

static int resolve_args(const struct seccomp_profile *p, size_t row, struct seccomp_arg *out,
			struct err *err)
{
	const struct seccomp_syscall_row *s =
		JSON_AT(struct seccomp_syscall_row, &p->syscalls, row);

	if (s->args.n > SECCOMP_ARGS_MAX)
		return err_set(err, ERR_INVALID, "%s: syscalls[%zu].args: more than %d", p->what,
			       row, SECCOMP_ARGS_MAX);
	for (size_t i = 0; i < s->args.n; i++) {
		const struct seccomp_arg_row *arg = JSON_AT(struct seccomp_arg_row, &s->args, i);
		int op = index_of(op_names, ARRAY_SIZE(op_names), arg->op);

		if (arg->index >= SECCOMP_ARGS_MAX)
			return err_set(err, ERR_INVALID,
				       "%s: syscalls[%zu].args[%zu].index: a system call has "
				       "arguments 0 to 5",
				       p->what, row, i);
		if (op < 0)
			return err_set(err, ERR_INVALID,
				       "%s: syscalls[%zu].args[%zu].op: unknown operator \"%.64s\"",
				       p->what, row, i, arg->op);
		out[i] = (struct seccomp_arg){
			.index = (unsigned)arg->index,
			.op = (enum seccomp_op)op,
			.value = arg->value,
			.value_two = arg->value_two,
		};
	}
	return 0;
}

static int resolve_names(struct arena *a, const struct seccomp_profile *p, size_t row, char ***ret,
			 struct err *err)
{
	const struct seccomp_syscall_row *s =
		JSON_AT(struct seccomp_syscall_row, &p->syscalls, row);
	char **one;

	if (!str_empty(s->name) && strv_len(s->names) > 0)
		return err_set(err, ERR_INVALID,
			       "%s: syscalls[%zu]: both 'name' and 'names' are specified", p->what,
			       row);
	if (str_empty(s->name)) {
		if (strv_len(s->names) == 0)
			return err_set(err, ERR_INVALID, "%s: syscalls[%zu].names: no system call",
				       p->what, row);
		*ret = s->names;
		return 0;
	}
	one = arena_calloc(a, 2, sizeof(*one));
	if (!one)
		return err_oom(err);
	one[0] = s->name;
	*ret = one;
	return 0;
}

static bool same_index_twice(const struct seccomp_arg *args, size_t n)
{
	unsigned seen = 0;

	for (size_t i = 0; i < n; i++) {
		if (seen & (1U << args[i].index))
			return true;
		seen |= 1U << args[i].index;
	}
	return false;
}

static int resolve_row(struct arena *a, const struct seccomp_profile *p, size_t row,
		       const struct seccomp_env *env, struct seccomp_filter *out, struct err *err)
{
	const struct seccomp_syscall_row *s =
		JSON_AT(struct seccomp_syscall_row, &p->syscalls, row);
	struct seccomp_rule rule = {.n_args = s->args.n};
	char where[32];
	int r, applies;

	(void)snprintf(where, sizeof(where), "syscalls[%zu].", row);
	r = resolve_verdict(p, where, "action", "errnoRet", s->action, s->errno_ret, &rule.verdict,
			    err);
	if (r == 0)
		r = resolve_args(p, row, rule.args, err);
	if (r == 0)
		r = resolve_names(a, p, row, &rule.names, err);
	if (r == 0 && rule.verdict.action == SECCOMP_NOTIFY && strv_has(rule.names, "sendmsg"))
		r = err_set(err, ERR_INVALID,
			    "%s: syscalls[%zu]: SCMP_ACT_NOTIFY cannot be used for sendmsg",
			    p->what, row);
	if (r < 0)
		return r;
	applies = row_applies(p, row, env, err);
	if (applies <= 0)
		return applies;
	if (!same_index_twice(rule.args, rule.n_args)) {
		out->rules[out->n_rules++] = rule;
		return 0;
	}
	for (size_t i = 0; i < rule.n_args; i++) {
		struct seccomp_rule *each = &out->rules[out->n_rules++];

		*each = rule;
		each->args[0] = rule.args[i];
		each->n_args = 1;
	}
	return 0;
}

static int resolve_arches(struct arena *a, const struct seccomp_profile *p,
			  const struct seccomp_env *env, struct seccomp_filter *out,
			  struct err *err)
{
	const char *native = NULL;

	if (strv_len(p->architectures) > 0 && p->arch_map.n > 0)
		return err_set(err, ERR_INVALID,
			       "%s: both 'architectures' and 'archMap' are specified", p->what);
	out->arches = p->architectures;
	for (size_t i = 0; i < ARRAY_SIZE(arches); i++)
		if (strcmp(arches[i].arch, env->arch) == 0)
			native = arches[i].scmp;
	for (size_t i = 0; native && i < p->arch_map.n; i++) {
		const struct seccomp_arch_row *m =
			JSON_AT(struct seccomp_arch_row, &p->arch_map, i);
		char **sub = m->sub_architectures;

		if (strcmp(m->architecture, native) != 0)
			continue;
		out->arches = strv_append(a, NULL, m->architecture);
		if (strv_len(sub) >= SECCOMP_ARCHES_MAX)
			return err_set(err, ERR_TOO_LARGE,
				       "%s: archMap[%zu].subArchitectures: more than %d", p->what,
				       i, SECCOMP_ARCHES_MAX);
		for (; out->arches && sub && *sub; sub++)
			out->arches = strv_append(a, out->arches, *sub);
		if (!out->arches)
			return err_oom(err);
		break;
	}
	if (strv_len(out->arches) > SECCOMP_ARCHES_MAX)
		return err_set(err, ERR_TOO_LARGE, "%s: architectures: more than %d", p->what,
			       SECCOMP_ARCHES_MAX);
	return 0;
}

int seccomp_profile_resolve(struct arena *a, const struct seccomp_profile *p,
			    const struct seccomp_env *env, struct seccomp_filter *out,
			    struct err *err)
{
	size_t max = 0;
	int r;

	*out = (struct seccomp_filter){};
	if (str_empty(p->default_action)) {
		out->disabled = p->syscalls.n == 0;
		return out->disabled
			       ? 0
			       : err_set(err, ERR_INVALID, "%s: defaultAction: missing", p->what);
	}
	r = resolve_verdict(p, "", "defaultAction", "defaultErrnoRet", p->default_action,
			    p->default_errno, &out->default_verdict, err);
	if (r == 0 && out->default_verdict.action == SECCOMP_NOTIFY)
		return err_set(err, ERR_INVALID,
			       "%s: defaultAction: SCMP_ACT_NOTIFY cannot be the default", p->what);
	if (r == 0)
		r = resolve_arches(a, p, env, out, err);
	for (char **f = p->flags; r == 0 && f && *f; f++)
		if (index_of(known_flags, ARRAY_SIZE(known_flags), *f) < 0)
			r = err_set(err, ERR_INVALID, "%s: flags: unknown flag \"%.64s\"", p->what,
				    *f);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->syscalls.n; i++) {
		size_t n = JSON_AT(struct seccomp_syscall_row, &p->syscalls, i)->args.n;

		max += MAX_OF(n, (size_t)1);
	}
	out->rules = arena_calloc(a, max, sizeof(*out->rules));
	if (!out->rules)
		return err_oom(err);
	for (size_t i = 0; r == 0 && i < p->syscalls.n; i++)
		r = resolve_row(a, p, i, env, out, err);
	return r;
}

static uint64_t condition_caps(const struct seccomp_condition *c)
{
	uint64_t caps = 0;

	for (char **name = c ? c->caps : NULL; name && *name; name++) {
		int cap = cap_parse(*name);

		if (cap >= 0)
			caps |= CAPS_BIT(cap);
	}
	return caps;
}

uint64_t seccomp_profile_caps(const struct seccomp_profile *p)
{
	uint64_t caps = 0;

	for (size_t i = 0; i < p->syscalls.n; i++) {
		const struct seccomp_syscall_row *s =
			JSON_AT(struct seccomp_syscall_row, &p->syscalls, i);

		caps |= condition_caps(s->includes) | condition_caps(s->excludes);
	}
	return caps;
}
