// SPDX-License-Identifier: Apache-2.0
/*
 * Two judges: libseccomp builds the same policy, and both programs must agree on every number and
 * on arguments around the edges; and the kernel: a forked child loads the default policy and tries.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/str.h"
#include "sec/compile.h"
#include "sec/default.h"
#include "spec/caps.h"
#include "tests/unit/sec/emulate.h"

#define ALLOW              SECCOMP_RET_ALLOW
#define EPERM_RET          (SECCOMP_RET_ERRNO | EPERM)
#define ENOSYS_RET         (SECCOMP_RET_ERRNO | ENOSYS)
#define LAST_OF_LIBSECCOMP 450 /* set_mempolicy_home_node */
#define URETPROBE          335 /* newer than it, in a hole of x86-64 */

static struct sock_filter ours[BPF_INSNS_MAX];
static size_t n_ours;

static void compile_text(const char *text, uint64_t caps)
{
	struct seccomp_env env = {.caps = caps, .kernel_major = 5, .kernel_minor = 10};
	struct err err = ERR_INIT;

	if (compile_profile(text, strlen(text), "test", &env, ours, &n_ours, &err) < 0)
		fail_msg("%s", err.msg);
}

static uint32_t ask(uint32_t token, uint32_t nr, const uint64_t args[6])
{
	struct seccomp_data d = {.nr = (int)nr, .arch = token};

	if (args)
		memcpy(d.args, args, sizeof(d.args));
	return emulate(ours, n_ours, &d);
}

#if defined(__x86_64__)
static uint32_t scmp_action(struct seccomp_verdict v)
{
	return v.action == SECCOMP_ALLOW ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(v.data);
}

static const enum scmp_compare scmp_ops[_SECCOMP_OP_MAX] = {
	[SECCOMP_NE] = SCMP_CMP_NE,
	[SECCOMP_LT] = SCMP_CMP_LT,
	[SECCOMP_LE] = SCMP_CMP_LE,
	[SECCOMP_EQ] = SCMP_CMP_EQ,
	[SECCOMP_GE] = SCMP_CMP_GE,
	[SECCOMP_GT] = SCMP_CMP_GT,
	[SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

static void scmp_add(scmp_filter_ctx ctx, const struct seccomp_rule *rule)
{
	struct scmp_arg_cmp cmp[6];

	for (size_t i = 0; i < rule->n_args; i++)
		cmp[i] = (struct scmp_arg_cmp){rule->args[i].index, scmp_ops[rule->args[i].op],
					       rule->args[i].value, rule->args[i].value_two};
	for (char **name = rule->names; *name; name++) {
		int nr = seccomp_syscall_resolve_name(*name);
		uint32_t action = scmp_action(rule->verdict);

		if (nr != __NR_SCMP_ERROR && action != SCMP_ACT_ERRNO(EPERM))
			(void)seccomp_rule_add_array(ctx, action, nr, (unsigned)rule->n_args, cmp);
	}
}

/* libseccomp's program for the same resolved filter. */
static size_t scmp_build(const struct seccomp_filter *f, bool x86, struct sock_filter *out)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	ssize_t n;

	assert_non_null(ctx);
	assert_true(fd >= 0);
	if (x86)
		assert_int_equal(seccomp_arch_add(ctx, SCMP_ARCH_X86), 0);
	for (size_t i = 0; i < f->n_rules; i++)
		scmp_add(ctx, &f->rules[i]);
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	seccomp_release(ctx);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	n = fd_read(fd, out, BPF_INSNS_MAX * sizeof(*out));
	assert_true(n > 0);
	(void)close(fd);
	return (size_t)n / sizeof(*out);
}

static void agree(const struct sock_filter *theirs, size_t n, uint32_t token,
		  const uint64_t args[6])
{
	for (int nr = 0; nr <= LAST_OF_LIBSECCOMP; nr++) {
		struct seccomp_data d = {.nr = nr, .arch = token};
		uint32_t a, b;

		if (nr == URETPROBE && token == AUDIT_ARCH_X86_64)
			continue;
		memcpy(d.args, args, sizeof(d.args));
		a = emulate(ours, n_ours, &d);
		b = emulate(theirs, n, &d);
		if (a != b)
			fail_msg("arch %x, call %d, first argument %llx: ours %x, libseccomp's %x",
				 token, nr, (unsigned long long)args[0], a, b);
	}
}

static void test_default_agrees_with_libseccomp(void **state)
{
	static const uint64_t sets[] = {0, CAPS_BIT(18), CAPS_BIT(21), CAPS_ALL};
	static const uint64_t values[] = {
		0,          1,       8,          16,          37,          38,
		39,         40,      41,         42,          45,          46,
		0x20000,    0x20008, 0xffffffff, 0x100000000, 0x100000028, 0x7e020000,
		0x20000000, 0x10000, 0x80,       UINT64_MAX,
	};
	static struct sock_filter theirs[BPF_INSNS_MAX];
	size_t n = 0;

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sets); s++) {
		struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct seccomp_env env = {sets[s], "amd64", 5, 10};
		struct seccomp_profile p;
		struct seccomp_filter f;

		compile_text(seccomp_default_text, sets[s]);
		assert_int_equal(seccomp_profile_decode(a, seccomp_default_text,
							seccomp_default_text_len, "x", &p, NULL),
				 0);
		assert_int_equal(seccomp_profile_resolve(a, &p, &env, &f, NULL), 0);
		n = scmp_build(&f, true, theirs);
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			uint64_t args[6] = {values[i], values[i], 1, 2, 3, 4};

			agree(theirs, n, AUDIT_ARCH_X86_64, args);
			/* A 32-bit process has 32-bit arguments. */
			if (values[i] <= UINT32_MAX)
				agree(theirs, n, AUDIT_ARCH_I386, args);
		}
		arena_free(a);
	}
	print_message("default policy: %zu instructions, libseccomp's %zu\n", n_ours, n);
}

static uint32_t dice(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(*seed >> 8) * n >> 24);
}

static const uint64_t pool[] = {0,          1,           2,           5,          0x7fffffff,
				0xffffffff, 0x100000000, 0x100000005, UINT64_MAX, 0xff00000000};

static void random_rule(uint32_t *seed, struct seccomp_rule *r, char **names)
{
	*r = (struct seccomp_rule){
		.names = names, .verdict = {SECCOMP_ALLOW, 0}, .n_args = dice(seed, 4)};
	if (dice(seed, 3) == 0)
		r->verdict = (struct seccomp_verdict){SECCOMP_ERRNO, 2 + dice(seed, 50)};
	for (size_t i = 0; i < r->n_args; i++) {
		struct seccomp_arg *arg = &r->args[i];

		arg->index = (unsigned)i * 2;
		arg->op = (enum seccomp_op)dice(seed, _SECCOMP_OP_MAX);
		arg->value = pool[dice(seed, ARRAY_SIZE(pool))];
		arg->value_two = arg->value & pool[dice(seed, ARRAY_SIZE(pool))];
		/* libseccomp's own reading of a mask of nothing differs (it drops the test). */
		if (arg->op == SECCOMP_MASKED_EQ && arg->value == 0)
			arg->value = 1;
	}
}

static void test_random_agree_with_libseccomp(void **state)
{
	enum { RULES = 40 };
	static struct sock_filter theirs[BPF_INSNS_MAX];
	static char text[RULES][32];
	static char *names[RULES][2];
	static struct seccomp_rule rules[RULES];
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 12; round++) {
		struct seccomp_filter f = {.default_verdict = {SECCOMP_ERRNO, EPERM},
					   .rules = rules};
		struct err err = ERR_INIT;
		size_t n;

		for (int nr = 0; f.n_rules < RULES - 1;) {
			char *name;

			nr += 1 + (int)dice(&seed, 14);
			name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, nr);
			if (!name)
				continue;
			(void)snprintf(text[f.n_rules], sizeof(text[0]), "%s", name);
			free(name);
			names[f.n_rules][0] = text[f.n_rules];
			random_rule(&seed, &rules[f.n_rules], names[f.n_rules]);
			f.n_rules++;
		}
		/* So that both end at the same number. */
		names[RULES - 1][0] = (char *)"set_mempolicy_home_node";
		rules[RULES - 1] = (struct seccomp_rule){.names = names[RULES - 1],
							 .verdict = {SECCOMP_ALLOW, 0}};
		f.n_rules = RULES;
		if (compile_filter(&f, "random", ours, &n_ours, &err) < 0)
			fail_msg("%s", err.msg);
		n = scmp_build(&f, false, theirs);
		for (int i = 0; i < 6; i++) {
			uint64_t args[6];

			for (size_t k = 0; k < 6; k++)
				args[k] = pool[dice(&seed, ARRAY_SIZE(pool))] + dice(&seed, 3) - 1;
			agree(theirs, n, AUDIT_ARCH_X86_64, args);
		}
	}
}

static void test_x86_multiplexed(void **state)
{
	static const char profile[] =
		"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"architectures\": [\"SCMP_ARCH_X86\"],"
		"\"syscalls\": [{\"names\": [\"connect\", \"semop\"], \"action\": "
		"\"SCMP_ACT_ALLOW\"},"
		"{\"names\": [\"socket\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\":"
		"[{\"index\": 0, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}]}]}";
	uint64_t call_socket[6] = {1}, call_connect[6] = {3}, call_semop[6] = {1};

	(void)state;
	compile_text(profile, 0);
	assert_int_equal(ask(AUDIT_ARCH_I386, 362, NULL), ALLOW);
	assert_int_equal(ask(AUDIT_ARCH_I386, 102, call_connect), ALLOW);
	assert_int_equal(ask(AUDIT_ARCH_I386, 117, call_semop), ALLOW);
	assert_int_equal(ask(AUDIT_ARCH_I386, 359, call_socket), ALLOW);
	/* Its arguments are out of sight there. */
	assert_int_equal(ask(AUDIT_ARCH_I386, 102, call_socket), EPERM_RET);
	assert_int_equal(ask(AUDIT_ARCH_X86_64, SYS_connect, NULL), ALLOW);
}
#endif

static void test_default_decisions(void **state)
{
	static const int refused[] = {
		SYS_mount,          SYS_unshare,      SYS_bpf,
		SYS_keyctl,         SYS_add_key,      SYS_setns,
		SYS_io_uring_setup, SYS_kexec_load,   SYS_umount2,
		SYS_request_key,    SYS_reboot,       SYS_init_module,
		SYS_swapon,         SYS_quotactl,     SYS_perf_event_open,
		SYS_acct,           SYS_fsopen,       SYS_move_mount,
		SYS_kcmp,           SYS_userfaultfd,  SYS_chroot,
		SYS_pivot_root,     SYS_move_pages,   SYS_nfsservctl,
		SYS_io_uring_enter, SYS_settimeofday, SYS_open_by_handle_at,
		SYS_clock_settime,  SYS_mbind,        SYS_syslog,
	};
	static const int allowed[] = {
		SYS_read,
		SYS_execve,
		SYS_openat,
		SYS_mmap,
		SYS_futex,
		SYS_ptrace,
		SYS_bind,
		SYS_kill,
		SYS_io_setup,
		SYS_statx,
		SYS_rseq,
		SYS_memfd_create,
		452 /* fchmodat2 */,
		462 /* mseal */,
		463 /* setxattrat */,
	};
	static const uint64_t vsock[6] = {40}, alg[6] = {38}, hidden[6] = {0x100000028},
			      unix_[6] = {1}, newns[6] = {CLONE_NEWNS},
			      newuser[6] = {CLONE_NEWUSER}, thread[6] = {CLONE_VM | CLONE_FILES};

	(void)state;
	compile_text(seccomp_default_text, 0);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (ask((uint32_t)seccomp_arch_native(), (uint32_t)refused[i], NULL) != EPERM_RET)
			fail_msg("call %d is not refused", refused[i]);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (ask((uint32_t)seccomp_arch_native(), (uint32_t)allowed[i], NULL) != ALLOW)
			fail_msg("call %d is not allowed", allowed[i]);
#define ASK(nr, args) ask(seccomp_arch_native(), (uint32_t)(nr), args)
	assert_int_equal(ASK(SYS_socket, vsock), EPERM_RET);
	assert_int_equal(ASK(SYS_socket, alg), EPERM_RET);
	assert_int_equal(ASK(SYS_socket, hidden), EPERM_RET);
	assert_int_equal(ASK(SYS_socket, unix_), ALLOW);
	assert_int_equal(ASK(SYS_clone, newns), EPERM_RET);
	assert_int_equal(ASK(SYS_clone, newuser), EPERM_RET);
	assert_int_equal(ASK(SYS_clone, thread), ALLOW);
	assert_int_equal(ASK(SYS_clone3, NULL), ENOSYS_RET);
	assert_int_equal(ASK(999, NULL), ENOSYS_RET);
	compile_text(seccomp_default_text, CAPS_BIT(21)); /* CAP_SYS_ADMIN */
	assert_int_equal(ASK(SYS_mount, NULL), ALLOW);
	assert_int_equal(ASK(SYS_clone3, NULL), ALLOW);
	assert_int_equal(ASK(SYS_clone, newns), ALLOW);
	assert_int_equal(ASK(SYS_kexec_load, NULL), EPERM_RET);
	assert_int_equal(ASK(SYS_io_uring_setup, NULL), EPERM_RET);
	compile_text(seccomp_default_text, CAPS_BIT(18)); /* CAP_SYS_CHROOT */
	assert_int_equal(ASK(SYS_chroot, NULL), ALLOW);
}

/* In the child: 0 when everything is as it should be, else the line that was not. */
static int try_in_child(void)
{
	struct sock_fprog prog = {.len = (unsigned short)n_ours, .filter = ours};
	int fds[2], status;
	pid_t pid;

#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond))                                                                       \
			return __LINE__;                                                           \
	} while (0)
#define REFUSED(call) EXPECT((call) == -1 && errno == EPERM)
	EXPECT(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	EXPECT(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0);
	REFUSED(syscall(SYS_mount, 0, 0, 0, 0, 0));
	REFUSED(syscall(SYS_unshare, CLONE_NEWUSER));
	REFUSED(syscall(SYS_bpf, 0, 0, 0));
	REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	REFUSED(syscall(SYS_add_key, 0, 0, 0, 0, 0));
	REFUSED(syscall(SYS_io_uring_setup, 0, 0));
	REFUSED(syscall(SYS_kexec_load, 0, 0, 0, 0));
	REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0));
	REFUSED(syscall(SYS_socket, 0x100000028L, SOCK_STREAM, 0));
	REFUSED(syscall(SYS_personality, 0x0040000)); /* ADDR_NO_RANDOMIZE */
	EXPECT(syscall(SYS_clone3, 0, 0) == -1 && errno == ENOSYS);
	EXPECT(syscall(999) == -1 && errno == ENOSYS);
	EXPECT(syscall(SYS_personality, 0xffffffffUL) >= 0);
	EXPECT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && write(fds[0], "x", 1) == 1);
	EXPECT(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
	pid = fork();
	if (pid == 0)
		_exit(7);
	EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	return 0;
}

static void test_kernel_takes_it(void **state)
{
	int fds[2], line = -1, status;
	pid_t pid;

	(void)state;
	compile_text(seccomp_default_text, 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		line = try_in_child();
		_exit(write(fds[1], &line, sizeof(line)) == sizeof(line) ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], &line, sizeof(line)), sizeof(line));
	if (line != 0)
		fail_msg("in the child: line %d of this file", line);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void test_words(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_Z80\"]}",
		 "test: unknown architecture \"SCMP_ARCH_Z80\""},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"x86\"]}",
		 "test: unknown architecture \"x86\""},
		{"[]", "test: expected object, got array"},
	};
	struct seccomp_env env = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_true(compile_profile(rows[i].text, strlen(rows[i].text), "test", &env, ours,
					    &n_ours, &err) < 0);
		assert_string_equal(err.msg, rows[i].message);
	}
	/* Unknown calls are passed over, newer architectures too, and {} means no filter. */
	compile_text("{\"defaultAction\": \"SCMP_ACT_KILL\", \"architectures\":"
		     " [\"SCMP_ARCH_LOONGARCH64\"], \"syscalls\": [{\"names\": [\"no_such_call\","
		     " \"read\"], \"action\": \"SCMP_ACT_LOG\"}]}",
		     0);
	assert_int_equal(ask(seccomp_arch_native(), SYS_read, NULL), SECCOMP_RET_LOG);
	compile_text("{}", 0);
	assert_int_equal(n_ours, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_default_agrees_with_libseccomp),
		cmocka_unit_test(test_random_agree_with_libseccomp),
		cmocka_unit_test(test_x86_multiplexed),
#endif
		cmocka_unit_test(test_default_decisions),
		cmocka_unit_test(test_kernel_takes_it),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
