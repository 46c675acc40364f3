// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/str.h"
#include "spec/caps.h"
#include "spec/seccomp.h"

#define ENV(c, ar, ma, mi)                                                                         \
	(struct seccomp_env)                                                                       \
	{                                                                                          \
		.caps = (c), .arch = (ar), .kernel_major = (ma), .kernel_minor = (mi)              \
	}

static int resolve(struct arena *a, const char *text, struct seccomp_env env,
		   struct seccomp_filter *f, struct err *err)
{
	struct seccomp_profile p;
	int r = seccomp_profile_decode(a, text, strlen(text), "p.json", &p, err);

	return r < 0 ? r : seccomp_profile_resolve(a, &p, &env, f, err);
}

/* One rule for "read" with the members given: is it in force? */
static bool in_force(const char *members, struct seccomp_env env)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct seccomp_filter f;
	struct err err = ERR_INIT;
	char text[1024];

	(void)snprintf(
		text, sizeof(text),
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\"],"
		" \"action\": \"SCMP_ACT_ALLOW\", %s}]}",
		members);
	if (resolve(a, text, env, &f, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(f.n_rules <= 1);
	return f.n_rules == 1;
}

static void test_conditions(void **state)
{
	uint64_t admin = CAPS_BIT(21), ptrace = CAPS_BIT(19);
	static const char inc_caps[] =
		"\"includes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_SYS_PTRACE\"]}";
	static const char exc_caps[] =
		"\"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_SYS_PTRACE\"]}";
	static const char inc_arch[] = "\"includes\": {\"arches\": [\"arm\", \"arm64\"]}";
	static const char exc_arch[] = "\"excludes\": {\"arches\": [\"arm\", \"arm64\"]}";
	static const char inc_kernel[] = "\"includes\": {\"minKernel\": \"4.8\"}";
	static const char exc_kernel[] = "\"excludes\": {\"minKernel\": \"4.8\"}";

	(void)state;
	assert_true(in_force(inc_caps, ENV(admin | ptrace, "amd64", 6, 1)));
	assert_false(in_force(inc_caps, ENV(admin, "amd64", 6, 1)));
	assert_true(in_force(exc_caps, ENV(0, "amd64", 6, 1)));
	assert_false(in_force(exc_caps, ENV(ptrace, "amd64", 6, 1)));
	assert_true(in_force(inc_arch, ENV(0, "arm64", 6, 1)));
	assert_false(in_force(inc_arch, ENV(0, "amd64", 6, 1)));
	assert_false(in_force(exc_arch, ENV(0, "arm64", 6, 1)));
	assert_true(in_force(exc_arch, ENV(0, "amd64", 6, 1)));
	assert_true(in_force(inc_kernel, ENV(0, "amd64", 4, 8)));
	assert_true(in_force(inc_kernel, ENV(0, "amd64", 5, 0)));
	assert_false(in_force(inc_kernel, ENV(0, "amd64", 4, 7)));
	assert_false(in_force(inc_kernel, ENV(0, "amd64", 3, 19)));
	assert_false(in_force(exc_kernel, ENV(0, "amd64", 4, 8)));
	assert_true(in_force(exc_kernel, ENV(0, "amd64", 4, 7)));
	/* Not a capability's name: matches nothing, in either direction. */
	assert_false(in_force("\"includes\": {\"caps\": [\"SYS_ADMIN\"]}",
			      ENV(CAPS_ALL, "amd64", 6, 1)));
	assert_false(in_force("\"includes\": {\"caps\": [\"CAP_sys_admin\"]}",
			      ENV(CAPS_ALL, "amd64", 6, 1)));
	assert_true(
		in_force("\"excludes\": {\"caps\": [\"CAP_FLY\"]}", ENV(CAPS_ALL, "amd64", 6, 1)));
	assert_true(in_force("\"includes\": {}, \"excludes\": null", ENV(0, "amd64", 6, 1)));
	assert_true(in_force("\"includes\": {\"minKernel\": \"\"}", ENV(0, "amd64", 6, 1)));
}

static void test_rules(void **state)
{
	static const char text[] =
		"{\"defaultAction\": \"SCMP_ACT_KILL\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\"],"
		" \"listenerPath\": \"/x\", \"syscalls\": ["
		"{\"name\": \"open\", \"action\": \"SCMP_ACT_ERRNO\"},"
		"{\"names\": [\"a\", \"b\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0},"
		"{\"names\": [\"c\"], \"action\": \"SCMP_ACT_TRACE\", \"errnoRet\": 65535},"
		"{\"names\": [\"d\"], \"action\": \"SCMP_ACT_ALLOW\", \"errnoRet\": 9, \"args\": ["
		"{\"index\": 5, \"value\": 4294967296, \"valueTwo\": 3, \"op\":"
		" \"SCMP_CMP_MASKED_EQ\"}, {\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_NE\"}]},"
		"{\"names\": [\"e\"], \"action\": \"SCMP_ACT_LOG\", \"args\": ["
		"{\"index\": 1, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"},"
		"{\"index\": 1, \"value\": 2, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct err err = ERR_INIT;
	struct seccomp_filter f;

	(void)state;
	if (resolve(a, text, ENV(0, "amd64", 6, 1), &f, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(f.default_verdict.action, SECCOMP_KILL_THREAD);
	assert_int_equal(f.n_rules, 6);
	assert_string_equal(f.rules[0].names[0], "open");
	assert_int_equal(f.rules[0].verdict.data, EPERM);
	assert_int_equal(strv_len(f.rules[1].names), 2);
	assert_int_equal(f.rules[1].verdict.data, 0);
	assert_int_equal(f.rules[2].verdict.data, 65535);
	assert_int_equal(f.rules[3].n_args, 2);
	assert_int_equal(f.rules[3].verdict.data, 0);
	assert_int_equal(f.rules[3].args[0].index, 5);
	assert_int_equal(f.rules[3].args[0].op, SECCOMP_MASKED_EQ);
	assert_true(f.rules[3].args[0].value == 4294967296);
	assert_true(f.rules[3].args[0].value_two == 3);
	/* One index twice: two rules, either is enough. */
	assert_int_equal(f.rules[4].n_args, 1);
	assert_int_equal(f.rules[4].args[0].value, 1);
	assert_int_equal(f.rules[5].args[0].value, 2);
}

static void test_architectures(void **state)
{
	static const char map[] =
		"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": ["
		"{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": "
		"[\"SCMP_ARCH_X86\"]},"
		"{\"architecture\": \"SCMP_ARCH_RISCV64\", \"subArchitectures\": null}]}";
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct seccomp_filter f;

	(void)state;
	assert_int_equal(resolve(a, map, ENV(0, "amd64", 6, 1), &f, NULL), 0);
	assert_int_equal(strv_len(f.arches), 2);
	assert_string_equal(f.arches[0], "SCMP_ARCH_X86_64");
	assert_string_equal(f.arches[1], "SCMP_ARCH_X86");
	assert_int_equal(resolve(a, map, ENV(0, "riscv64", 6, 1), &f, NULL), 0);
	assert_int_equal(strv_len(f.arches), 1);
	assert_int_equal(resolve(a, map, ENV(0, "arm64", 6, 1), &f, NULL), 0);
	assert_int_equal(strv_len(f.arches), 0);
	assert_false(f.disabled);
	assert_int_equal(resolve(a, "{}", ENV(0, "arm64", 6, 1), &f, NULL), 0);
	assert_true(f.disabled);
}

#define RULE(members)  "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{" members "}]}"
#define ALLOW(members) RULE("\"names\": [\"x\"], \"action\": \"SCMP_ACT_ALLOW\", " members)

static void test_refused(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"{\"syscalls\": [{\"names\": [\"x\"], \"action\": \"SCMP_ACT_ALLOW\"}]}",
		 "defaultAction: missing"},
		{"{\"defaultAction\": 1}", "defaultAction: expected string, got integer"},
		{"{\"defaultAction\": \"ALLOW\"}", "defaultAction: unknown action \"ALLOW\""},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}",
		 "defaultErrnoRet: SCMP_ACT_ERRNO cannot carry 4096"},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"F\"]}",
		 "flags: unknown flag \"F\""},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"a\"], \"archMap\":"
		 " [{\"architecture\": \"b\"}]}",
		 "both 'architectures' and 'archMap' are specified"},
		{RULE("\"names\": [\"x\"]"), "syscalls[0].action: missing"},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
		 "defaultAction: SCMP_ACT_NOTIFY cannot be the default"},
		{RULE("\"names\": [\"x\", \"sendmsg\"], \"action\": \"SCMP_ACT_NOTIFY\""),
		 "syscalls[0]: SCMP_ACT_NOTIFY cannot be used for sendmsg"},
		{RULE("\"action\": \"SCMP_ACT_ALLOW\""), "syscalls[0].names: no system call"},
		{ALLOW("\"name\": \"y\""), "syscalls[0]: both 'name' and 'names' are specified"},
		{ALLOW("\"args\": [{\"index\": 6, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]"),
		 "syscalls[0].args[0].index: a system call has arguments 0 to 5"},
		{ALLOW("\"args\": [{\"index\": 0, \"value\": 1, \"op\": \"EQ\"}]"),
		 "syscalls[0].args[0].op: unknown operator \"EQ\""},
		{ALLOW("\"args\": [{\"index\": 0, \"value\": -1, \"op\": \"SCMP_CMP_EQ\"}]"),
		 "syscalls[0].args[0].value: expected a number that is not negative"},
		{ALLOW("\"includes\": {\"minKernel\": \"4\"}"),
		 "syscalls[0].includes.minKernel: invalid kernel version \"4\", expected "
		 "\"<kernel>.<major>\""},
		{ALLOW("\"excludes\": {\"minKernel\": \"4.8.1\"}"),
		 "syscalls[0].excludes.minKernel: invalid kernel version \"4.8.1\", expected "
		 "\"<kernel>.<major>\""},
		{ALLOW("\"excludes\": {\"caps\": \"CAP_CHOWN\"}"),
		 "syscalls[0].excludes.caps: expected array of strings, got string"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct seccomp_filter f;
		char want[256];

		assert_true(resolve(a, rows[i].text, ENV(0, "amd64", 6, 1), &f, &err) < 0);
		(void)snprintf(want, sizeof(want), "p.json: %s", rows[i].message);
		assert_string_equal(err.msg, want);
	}
}

static void test_bounds(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(SECCOMP_TEXT_MAX * 2);
	struct err err = ERR_INIT;
	struct seccomp_filter f;

	(void)state;
	buf_puts(&b, "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"x\"");
	for (int i = 0; i < SECCOMP_NAMES_MAX; i++)
		buf_puts(&b, ",\"y\"");
	buf_puts(&b, "], \"action\": \"SCMP_ACT_ALLOW\"}]}");
	assert_true(resolve(a, b.data, ENV(0, "amd64", 6, 1), &f, &err) < 0);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	while (b.len <= SECCOMP_TEXT_MAX)
		buf_putc(&b, ' ');
	assert_true(resolve(a, b.data, ENV(0, "amd64", 6, 1), &f, &err) < 0);
	assert_string_equal(err.msg, "p.json: larger than 1048576 bytes");
}

static void test_caps_looked_at(void **state)
{
	static const char text[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": ["
		"{\"names\": [\"x\"], \"action\": \"SCMP_ACT_ALLOW\", \"includes\": {\"caps\":"
		" [\"CAP_CHOWN\", \"CAP_FLY\"]}, \"excludes\": {\"caps\": [\"CAP_BPF\"]}}]}";
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct seccomp_profile p;

	(void)state;
	assert_int_equal(seccomp_profile_decode(a, text, sizeof(text) - 1, "x", &p, NULL), 0);
	assert_true(seccomp_profile_caps(&p) == (CAPS_BIT(0) | CAPS_BIT(39)));
}

static void test_tables(void **state)
{
	(void)state;
	for (unsigned i = 0; i < _SECCOMP_ACTION_MAX; i++)
		assert_non_null(seccomp_action_name((enum seccomp_action)i));
	for (unsigned i = 0; i < _SECCOMP_OP_MAX; i++)
		assert_non_null(seccomp_op_name((enum seccomp_op)i));
	assert_null(seccomp_action_name(_SECCOMP_ACTION_MAX));
	assert_null(seccomp_op_name(_SECCOMP_OP_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conditions),    cmocka_unit_test(test_rules),
		cmocka_unit_test(test_architectures), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_bounds),        cmocka_unit_test(test_caps_looked_at),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
