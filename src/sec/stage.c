// SPDX-License-Identifier: Apache-2.0
#include "sec/stage.h"

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec/caps.h"

static int cap_get(struct __user_cap_data_struct data[2])
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};

	return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

static int cap_set(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)effective, .permitted = (uint32_t)permitted},
		{.effective = (uint32_t)(effective >> 32),
		 .permitted = (uint32_t)(permitted >> 32)},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

uint64_t stage_kept(void)
{
	struct __user_cap_data_struct data[2] = {};

	return cap_get(data) < 0 ? 0 : data[0].permitted | (uint64_t)data[1].permitted << 32;
}

int stage_keep(uint64_t keep, struct err *err)
{
	uint64_t have = stage_kept();
	int r;

	/* Numbers behind the kernel's last one, and all of them without CAP_SETPCAP, fail. */
	if (have & CAPS_BIT(CAP_SETPCAP))
		for (int cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
			if (!(keep & CAPS_BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
				return err_sys(err, errno, "drop capability %d", cap);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	r = cap_set(have & keep, have & keep);
	return r < 0 ? err_sys(err, r, "give up capabilities") : 0;
}

void stage_hold(uint64_t effective)
{
	uint64_t kept = stage_kept();

	/* Cannot fail: it is a part of what is permitted. */
	(void)cap_set(effective & kept, kept);
}

int stage_filter(const struct stage_calls *calls, bool no_new_privs, struct err *err)
{
	struct sock_fprog prog = {.len = (unsigned short)calls->n,
				  .filter = (struct sock_filter *)calls->insns};

	if (no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "set no_new_privs");
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(err, errno, "restrict system calls");
	return 0;
}
