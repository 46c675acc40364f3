// SPDX-License-Identifier: Apache-2.0
/*
 * Labels of AppArmor and SELinux for the program that exec starts. Written through a procfs of
 * ours: an image that lays something over /proc/self/attr gets no say in it.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/str.h"
#include "run/child.h"

static int write_attr(int proc, const char *file, const char *value)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char path[64];
	int fd, r;

	(void)snprintf(path, sizeof(path), "%d/attr/%s", getpid(), file);
	fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	r = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	fd_close(fd);
	return r;
}

bool lsm_wanted(const struct oci_process *p)
{
	return !str_empty(p->selinux_label) ||
	       (!str_empty(p->apparmor_profile) && !str_eq(p->apparmor_profile, "unconfined"));
}

int lsm_set_exec_label(const struct oci_process *p, int proc, struct err *err)
{
	char value[512];
	int r;

	if (!str_empty(p->apparmor_profile) && !str_eq(p->apparmor_profile, "unconfined")) {
		(void)snprintf(value, sizeof(value), "exec %s", p->apparmor_profile);
		r = write_attr(proc, "apparmor/exec", value);
		/* Kernels before 5.8 have only the shared file, which may be another module's. */
		if (r == -ENOENT && access("/sys/kernel/security/apparmor", F_OK) == 0)
			r = write_attr(proc, "exec", value);
		if (r == -ENOENT)
			return err_set(err, ERR_UNSUPPORTED,
				       "AppArmor profile %s: this kernel has no AppArmor",
				       p->apparmor_profile);
		if (r < 0)
			return err_sys(err, r, "AppArmor profile %s", p->apparmor_profile);
	}
	if (!str_empty(p->selinux_label)) {
		r = write_attr(proc, "exec", p->selinux_label);
		if ((r == -EINVAL || r == -ENOENT) && access("/sys/fs/selinux/enforce", F_OK) < 0)
			return err_set(err, ERR_UNSUPPORTED,
				       "SELinux label %s: this kernel has no SELinux",
				       p->selinux_label);
		if (r < 0)
			return err_sys(err, r, "SELinux label %s", p->selinux_label);
	}
	return 0;
}
