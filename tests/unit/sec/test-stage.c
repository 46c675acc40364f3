// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "emulate.h"
#include "sec/default.h"
#include "sec/stage.h"
#include "spec/caps.h"

#define NUMBERS 600

/* What a monitor refuses, an exec in its container cannot get back: so it must be refused by every
 * policy that the filter is combined with, whatever the arguments. */
static void test_monitor_refuses_no_more_than_the_default_policy(UNUSED void **state)
{
	static const uint32_t archs[] = {AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64};
	size_t refused = 0;

	for (size_t k = 0; k < ARRAY_SIZE(archs); k++)
		for (int nr = 0; nr < NUMBERS; nr++) {
			struct seccomp_data d = {.nr = nr, .arch = archs[k]};

			if (emulate(stage_monitor_calls.insns, stage_monitor_calls.n, &d) ==
			    SECCOMP_RET_ALLOW)
				continue;
			for (size_t b = 0; b < seccomp_n_builtins; b++)
				if (emulate(seccomp_builtins[b].insns, seccomp_builtins[b].n, &d) ==
				    SECCOMP_RET_ALLOW)
					fail_msg("arch %x number %d: allowed in a container",
						 archs[k], nr);
			refused++;
		}
	assert_true(refused > 40);
}

static uint32_t keeper(int nr, uint64_t arg)
{
	struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64, .args = {arg}};

#ifdef __aarch64__
	d.arch = AUDIT_ARCH_AARCH64;
#endif
	return emulate(stage_keeper_calls.insns, stage_keeper_calls.n, &d);
}

static void test_keeper_starts_nothing(UNUSED void **state)
{
	static const int refused[] = {SYS_execve, SYS_execveat, SYS_clone,  SYS_clone3,
				      SYS_socket, SYS_connect,  SYS_ptrace, SYS_setns,
				      SYS_mount,  SYS_bpf,      SYS_seccomp};
	static const int allowed[] = {SYS_openat, SYS_unlinkat, SYS_fsync, SYS_fcntl,
				      SYS_mmap,   SYS_capset,   SYS_prctl, SYS_exit_group};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_int_equal(keeper(refused[i], 0), SECCOMP_RET_ERRNO | EPERM);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(keeper(allowed[i], 0), SECCOMP_RET_ALLOW);
}

static uint64_t read_status(const char *field)
{
	char line[128], want[32];
	unsigned long long value = ~0ULL;
	FILE *f = fopen("/proc/self/status", "re");

	(void)snprintf(want, sizeof(want), "%s:", field);
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, want, strlen(want)) == 0)
			value = strtoull(line + strlen(want), NULL,
					 strncmp(field, "Cap", 3) == 0 ? 16 : 10);
	if (f)
		(void)fclose(f);
	return value;
}

static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn());
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int keep_and_hold(void)
{
	const uint64_t keep = CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_CHOWN);
	struct err err = ERR_INIT;

	if (stage_keep(keep, &err) < 0 || stage_kept() != keep || read_status("CapBnd") != keep ||
	    read_status("CapPrm") != keep || read_status("CapEff") != keep ||
	    read_status("CapInh") || read_status("CapAmb"))
		return 1;
	stage_hold(0);
	if (read_status("CapEff") || read_status("CapPrm") != keep)
		return 2;
	stage_hold(CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_SYS_ADMIN));
	if (read_status("CapEff") != CAPS_BIT(CAP_KILL))
		return 3;
	return 0;
}

static int filter_keeper(void)
{
	struct err err = ERR_INIT;

	if (stage_filter(&stage_keeper_calls, true, &err) < 0 || stage_keep(0, &err) < 0)
		return 1;
	if (read_status("NoNewPrivs") != 1 || read_status("Seccomp") != 2)
		return 2;
	return fork() != -1 || errno != EPERM ||
	       socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) != -1;
}

static void test_stages(UNUSED void **state)
{
	if (geteuid() != 0 || !(stage_kept() & CAPS_BIT(CAP_SETPCAP)))
		exit(77); /* only root has something to give up */
	assert_int_equal(in_child(keep_and_hold), 0);
	assert_int_equal(in_child(filter_keeper), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_monitor_refuses_no_more_than_the_default_policy),
		cmocka_unit_test(test_keeper_starts_nothing),
		cmocka_unit_test(test_stages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
