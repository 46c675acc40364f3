// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/audit.h>
#include <stdio.h>

#include "sec/bpf.h"
#include "tests/unit/sec/emulate.h"

#define ALLOW      SECCOMP_RET_ALLOW
#define EPERM_RET  (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_RET (SECCOMP_RET_ERRNO | ENOSYS)
#define KILL       SECCOMP_RET_KILL_PROCESS

static struct sock_filter prog[BPF_INSNS_MAX];

static size_t build(const struct bpf_arch *arches, size_t n)
{
	struct bpf_policy p = {arches, n, EPERM_RET, ENOSYS_RET, KILL};
	struct err err = ERR_INIT;
	size_t len = 0;

	if (bpf_build(&p, prog, &len, &err) < 0)
		fail_msg("%s", err.msg);
	return len;
}

static uint32_t ask(size_t n, uint32_t token, uint32_t nr, const uint64_t args[6])
{
	struct seccomp_data d = {.nr = (int)nr, .arch = token};

	if (args)
		memcpy(d.args, args, sizeof(d.args));
	return emulate(prog, n, &d);
}

static void test_ranges(void **state)
{
	static const struct bpf_rule rules[] = {
		{.nr = 7, .verdict = ALLOW}, {.nr = 1, .verdict = ALLOW},
		{.nr = 2, .verdict = ALLOW}, {.nr = 9, .verdict = KILL},
		{.nr = 0, .verdict = ALLOW},
	};
	struct bpf_arch arch = {AUDIT_ARCH_X86_64, rules, ARRAY_SIZE(rules)};
	static const uint32_t want[] = {ALLOW,     ALLOW,     ALLOW,     EPERM_RET,
					EPERM_RET, EPERM_RET, EPERM_RET, ALLOW,
					EPERM_RET, KILL,      ENOSYS_RET};
	size_t n = build(&arch, 1);

	(void)state;
	for (uint32_t nr = 0; nr < ARRAY_SIZE(want); nr++)
		assert_int_equal(ask(n, AUDIT_ARCH_X86_64, nr, NULL), want[nr]);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0x40000001, NULL), ENOSYS_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, UINT32_MAX, NULL), ENOSYS_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_I386, 1, NULL), KILL);
}

static void test_x32_numbers_have_their_own_end(void **state)
{
	static const struct bpf_rule rules[] = {
		{.nr = 1, .verdict = ALLOW},
		{.nr = 3, .verdict = ALLOW},
		{.nr = 0x40000002, .verdict = ALLOW},
	};
	struct bpf_arch arch = {AUDIT_ARCH_X86_64, rules, ARRAY_SIZE(rules)};
	size_t n = build(&arch, 1);

	(void)state;
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 2, NULL), EPERM_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 4, NULL), ENOSYS_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0x3fffffff, NULL), ENOSYS_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0x40000000, NULL), EPERM_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0x40000002, NULL), ALLOW);
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0x40000003, NULL), ENOSYS_RET);
}

static bool compare(enum seccomp_op op, uint64_t arg, uint64_t v, uint64_t two)
{
	switch (op) {
	case SECCOMP_NE:
		return arg != v;
	case SECCOMP_LT:
		return arg < v;
	case SECCOMP_LE:
		return arg <= v;
	case SECCOMP_EQ:
		return arg == v;
	case SECCOMP_GE:
		return arg >= v;
	case SECCOMP_GT:
		return arg > v;
	case SECCOMP_MASKED_EQ:
		return (arg & v) == two;
	case _SECCOMP_OP_MAX:
		break;
	}
	return false;
}

static void test_comparisons(void **state)
{
	static const uint64_t edges[] = {
		0,
		1,
		38,
		39,
		0x7e020000,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x100000001,
		0x100000027,
		0x7e02000000000000,
		UINT64_MAX - 1,
		UINT64_MAX,
	};

	(void)state;
	for (unsigned op = 0; op < _SECCOMP_OP_MAX; op++) {
		for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
			for (size_t k = 0; k < ARRAY_SIZE(edges); k++) {
				uint64_t two = edges[i] & edges[(k + i) % ARRAY_SIZE(edges)];
				struct seccomp_arg arg = {3, (enum seccomp_op)op, edges[i], two};
				struct bpf_rule rule = {5, ALLOW, &arg, 1};
				struct bpf_arch arch = {AUDIT_ARCH_X86_64, &rule, 1};
				uint64_t args[6] = {9, 9, 9, edges[k], 9, 9};
				bool want = compare((enum seccomp_op)op, edges[k], edges[i], two);

				assert_int_equal(ask(build(&arch, 1), AUDIT_ARCH_X86_64, 5, args),
						 want ? ALLOW : EPERM_RET);
			}
		}
	}
}

static void test_big_endian(void **state)
{
	struct seccomp_arg arg = {0, SECCOMP_EQ, 5, 0};
	struct bpf_rule rule = {5, ALLOW, &arg, 1};
	struct bpf_arch arch = {AUDIT_ARCH_S390X, &rule, 1};
	/* As memory of that machine holds it: the low word last. */
	uint64_t args[6] = {(uint64_t)5 << 32};

	(void)state;
	assert_int_equal(ask(build(&arch, 1), AUDIT_ARCH_S390X, 5, args), ALLOW);
}

static void test_several_rules_of_one_number(void **state)
{
	static const struct seccomp_arg one = {0, SECCOMP_EQ, 1, 0}, two = {0, SECCOMP_EQ, 2, 0};
	static const struct seccomp_arg both[] = {{0, SECCOMP_GE, 1, 0}, {1, SECCOMP_EQ, 4, 0}};
	static const struct bpf_rule rules[] = {
		{5, ALLOW, &one, 1},      {6, KILL, &one, 1},  {5, KILL, &two, 1},
		{5, ENOSYS_RET, both, 2}, {6, ALLOW, NULL, 0}, {6, KILL, NULL, 0},
	};
	struct bpf_arch arch = {AUDIT_ARCH_X86_64, rules, ARRAY_SIZE(rules)};
	size_t n = build(&arch, 1);
	static const struct {
		uint32_t nr;
		uint64_t args[6];
		uint32_t want;
	} rows[] = {
		{5, {1, 4}, ALLOW},
		{5, {2, 4}, KILL},
		{5, {3, 4}, ENOSYS_RET},
		{5, {3, 5}, EPERM_RET},
		{5, {0, 4}, EPERM_RET},
		{6, {1}, ALLOW}, /* the rule without arguments wins, the first of them */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ask(n, AUDIT_ARCH_X86_64, rows[i].nr, rows[i].args), rows[i].want);
}

/* Many verdicts and many chains: jumps farther than 255 instructions in every place. */
static void test_far_jumps(void **state)
{
	enum { N = 300 };
	static struct bpf_rule rules[N];
	static struct seccomp_arg args[N];
	struct bpf_arch arch[] = {{AUDIT_ARCH_X86_64, rules, N}, {AUDIT_ARCH_I386, rules, N}};
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		args[i] = (struct seccomp_arg){i % 6, SECCOMP_EQ, i, 0};
		rules[i] = (struct bpf_rule){i * 2, SECCOMP_RET_ERRNO | i, &args[i], i % 3 == 0};
	}
	n = build(arch, 2);
	assert_true(n > 1500);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t right[6] = {i, i, i, i, i, i}, wrong[6] = {N, N, N, N, N, N};
		uint32_t otherwise = i % 3 == 0 ? EPERM_RET : SECCOMP_RET_ERRNO | i;

		for (size_t k = 0; k < ARRAY_SIZE(arch); k++) {
			uint32_t token = arch[k].token;

			assert_int_equal(ask(n, token, i * 2, right), SECCOMP_RET_ERRNO | i);
			assert_int_equal(ask(n, token, i * 2, wrong), otherwise);
			assert_int_equal(ask(n, token, i * 2 + 1, right),
					 i == N - 1 ? ENOSYS_RET : EPERM_RET);
		}
	}
}

static void test_too_large(void **state)
{
	enum { N = 3000 };
	static struct bpf_rule rules[N];
	struct bpf_arch arch = {AUDIT_ARCH_X86_64, rules, N};
	struct bpf_policy p = {&arch, 1, EPERM_RET, ENOSYS_RET, KILL};
	struct err err = ERR_INIT;
	size_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++)
		rules[i] = (struct bpf_rule){.nr = i, .verdict = SECCOMP_RET_ERRNO | i};
	assert_true(bpf_build(&p, prog, &n, &err) < 0);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
}

static void test_no_rules(void **state)
{
	struct bpf_arch arch = {.token = AUDIT_ARCH_X86_64};
	size_t n = build(&arch, 1);

	(void)state;
	assert_int_equal(ask(n, AUDIT_ARCH_X86_64, 0, NULL), EPERM_RET);
	assert_int_equal(ask(n, AUDIT_ARCH_I386, 0, NULL), KILL);
	assert_int_equal(ask(build(NULL, 0), AUDIT_ARCH_I386, 0, NULL), KILL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_x32_numbers_have_their_own_end),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_several_rules_of_one_number),
		cmocka_unit_test(test_far_jumps),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_no_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
