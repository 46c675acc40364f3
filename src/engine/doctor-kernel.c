// SPDX-License-Identifier: Apache-2.0
/* The kernel: what it can do at all, and what its settings let this user do. */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/doctor.h"
#include "run/cgroup.h"
#include "run/spawn.h"

#define SMALL_FILE ((size_t)4 << 20)

/* Up to the first newline; "" when it cannot be read. */
static char *setting(struct arena *a, const char *path)
{
	cleanup(buf_done) struct buf b = BUF_INIT(SMALL_FILE);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fd_read_all(fd, &b, path, NULL) < 0 || !b.data)
		return arena_strdup(a, "");
	b.data[strcspn(b.data, "\n")] = '\0';
	return arena_strdup(a, b.data);
}

static void check_version(struct doctor *d)
{
	struct utsname u;
	unsigned major = 0, minor = 0;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return;
	if (major > 6 || (major == 6 && minor >= 1))
		doctor_say(d, DOCTOR_OK, "kernel", u.release, NULL);
	else if (major < 5 || (major == 5 && minor < 12))
		doctor_say(d, DOCTOR_FAIL, "kernel", u.release,
			   "5.12 is the oldest that works, 6.1 the oldest that is tested");
	else
		doctor_say(d, DOCTOR_WARN, "kernel", u.release, "6.1 is the oldest that is tested");
}

static void check_calls(struct doctor *d)
{
	uint32_t action = SECCOMP_RET_ERRNO;
	int fd = proc_pidfd_open(getpid()), fs;

	doctor_say(d, fd >= 0 ? DOCTOR_OK : DOCTOR_FAIL, "pidfd", fd >= 0 ? "there" : "missing",
		   "a kernel of 5.12 or later, and no outer seccomp filter without pidfd_open");
	fd_close(fd);
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	/* The right to use it comes with the user namespace. */
	doctor_say(d, fs >= 0 || errno != ENOSYS ? DOCTOR_OK : DOCTOR_FAIL, "mount API",
		   fs >= 0 || errno != ENOSYS ? "there" : "missing",
		   "a kernel of 5.12 or later, and no outer seccomp filter without fsopen");
	fd_close(fs);
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		doctor_say(d, DOCTOR_OK, "seccomp", "filters", NULL);
	else
		doctor_say(d, DOCTOR_FAIL, "seccomp", "no filters",
			   "a kernel with CONFIG_SECCOMP_FILTER");
}

static void check_namespaces(struct doctor *d)
{
	static const char *const kinds[] = {"mnt", "pid", "net", "ipc", "uts", "user", "cgroup"};
	char missing[128] = "", path[32];
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i]);
		if (access(path, F_OK) < 0)
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, " %s",
						kinds[i]);
	}
	if (len)
		doctor_say(d, DOCTOR_FAIL, "namespaces", arena_printf(d->a, "without%s", missing),
			   "a kernel with CONFIG_NAMESPACES and all its kinds, and /proc mounted");
	else
		doctor_say(d, DOCTOR_OK, "namespaces", "all kinds", NULL);
}

/* ---- tried in a child ---- */

enum tried {
	TRIED_ALL,
	TRIED_NO_OVERLAY,
	TRIED_NO_MOUNT,
	TRIED_NO_MAP,
	TRIED_NO_NAMESPACE,
};

static int write_file(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* An overlay as a container's root has it, on a tmpfs that nobody else sees. */
static enum tried try_overlay(void)
{
	static const char *const dirs[] = {"/tmp/l", "/tmp/u", "/tmp/w", "/tmp/m"};

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") < 0)
		return TRIED_NO_MOUNT;
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdir(dirs[i], 0755) < 0)
			return TRIED_NO_MOUNT;
	return mount("overlay", "/tmp/m", "overlay", 0,
		     "userxattr,lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w") < 0
		       ? TRIED_NO_OVERLAY
		       : TRIED_ALL;
}

NORETURN static void child(bool rootless, uid_t uid, gid_t gid)
{
	char text[32];

	if (rootless) {
		(void)write_file("/proc/self/setgroups", "deny");
		(void)snprintf(text, sizeof(text), "0 %u 1", uid);
		if (write_file("/proc/self/uid_map", text) < 0)
			_exit(TRIED_NO_MAP);
		(void)snprintf(text, sizeof(text), "0 %u 1", gid);
		if (write_file("/proc/self/gid_map", text) < 0)
			_exit(TRIED_NO_MAP);
	}
	_exit(try_overlay());
}

static enum tried try_it(bool rootless)
{
	uint64_t flags = CLONE_NEWNS | (rootless ? CLONE_NEWUSER : 0);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int status;
	pid_t pid = spawn_clone(flags, -EBADF, NULL);

	if (pid == 0)
		child(rootless, uid, gid);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return TRIED_NO_NAMESPACE;
	return (enum tried)WEXITSTATUS(status);
}

/* Which of the several settings it is. */
static const char *userns_advice(struct arena *a)
{
	if (str_eq(setting(a, "/proc/sys/user/max_user_namespaces"), "0"))
		return "sysctl -w user.max_user_namespaces=28633 (and in /etc/sysctl.d/)";
	if (str_eq(setting(a, "/proc/sys/kernel/unprivileged_userns_clone"), "0"))
		return "sysctl -w kernel.unprivileged_userns_clone=1 (and in /etc/sysctl.d/)";
	if (str_eq(setting(a, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"), "1"))
		return "an AppArmor profile with \"userns,\" for hoy in /etc/apparmor.d/, or "
		       "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
	return "a kernel with CONFIG_USER_NS, and no outer container, seccomp filter or security "
	       "module that forbids them";
}

static void check_tried(struct doctor *d)
{
	enum tried t = try_it(d->rootless);
	enum doctor_level users = d->rootless ? DOCTOR_FAIL : DOCTOR_WARN;

	if (d->rootless && (t == TRIED_NO_NAMESPACE || t == TRIED_NO_MAP || t == TRIED_NO_MOUNT)) {
		doctor_say(d, DOCTOR_FAIL, "user namespaces", "this user may not use them",
			   userns_advice(d->a));
		return;
	}
	if (d->rootless)
		doctor_say(d, DOCTOR_OK, "user namespaces", "made one", NULL);
	else if (str_eq(setting(d->a, "/proc/sys/user/max_user_namespaces"), "0"))
		doctor_say(d, users, "user namespaces", "none are allowed", userns_advice(d->a));
	else
		doctor_say(d, DOCTOR_OK, "user namespaces", "allowed", NULL);
	if (t == TRIED_ALL)
		doctor_say(d, DOCTOR_OK, "overlay", "mounted one with userxattr", NULL);
	else if (t == TRIED_NO_OVERLAY)
		doctor_say(d, DOCTOR_FAIL, "overlay", "it cannot be mounted",
			   d->rootless ? "modprobe overlay, as root (and a line in "
					 "/etc/modules-load.d/); a kernel of 5.11 or later"
				       : "modprobe overlay; a kernel with CONFIG_OVERLAY_FS");
	else
		doctor_say(d, DOCTOR_FAIL, "overlay", "mounting is not permitted",
			   "CAP_SYS_ADMIN: in an outer container, run that one with --privileged");
}

void doctor_kernel(struct doctor *d)
{
	check_version(d);
	check_namespaces(d);
	check_calls(d);
	check_tried(d);
}

/* ---- cgroups ---- */

#define DELEGATE                                                                                   \
	"[Service] Delegate=cpu cpuset io memory pids in "                                         \
	"/etc/systemd/system/user@.service.d/delegate.conf, and commands started by "              \
	"`systemd-run --user --scope hoy …`"

static void check_delegation(struct doctor *d, bool v2)
{
	struct cgroup_delegation g;
	char missing[64] = "";

	if (cgroup_delegated(&g) < 0) {
		doctor_say(d, DOCTOR_WARN, "cgroup delegation",
			   "none: no limits, no pause; limits asked for are discarded",
			   v2 ? DELEGATE
			      : "boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1), and "
				"then " DELEGATE);
		return;
	}
	(void)snprintf(missing, sizeof(missing), "%s%s%s%s%s", g.cpu ? "" : " cpu",
		       g.cpuset ? "" : " cpuset", g.memory ? "" : " memory", g.io ? "" : " io",
		       g.pids ? "" : " pids");
	if (*missing)
		doctor_say(d, DOCTOR_WARN, "cgroup delegation",
			   arena_printf(d->a, "%s, without%s", g.path, missing), DELEGATE);
	else
		doctor_say(d, DOCTOR_OK, "cgroup delegation", g.path, NULL);
}

void doctor_cgroups(struct doctor *d)
{
	static const char *const wanted[] = {"cpu", "cpuset", "io", "memory", "pids"};
	char *have = setting(d->a, "/sys/fs/cgroup/cgroup.controllers"), missing[64] = "";
	char **words = strv_split(d->a, have ?: "", ' ', 0);
	struct statfs fs;
	bool v2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const char *name = !v2 && str_eq(wanted[i], "io") ? "blkio" : wanted[i];
		char path[64];

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", name);
		if (v2 ? !strv_has(words, name) : access(path, F_OK) < 0)
			len += (size_t)snprintf(missing + len, sizeof(missing) - len, " %s", name);
	}
	if (len)
		doctor_say(d, DOCTOR_WARN, "cgroups",
			   arena_printf(d->a, "version %d, without%s", v2 ? 2 : 1, missing),
			   "mount /sys/fs/cgroup; cgroup_enable=memory on the kernel's command "
			   "line where the distribution turns it off");
	else
		doctor_say(d, DOCTOR_OK, "cgroups",
			   v2 ? "version 2, all controllers" : "version 1, all controllers", NULL);
	if (d->rootless)
		check_delegation(d, v2);
}
