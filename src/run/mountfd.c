// SPDX-License-Identifier: Apache-2.0
#include "run/mountfd.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "base/str.h"

int mountfd_error(int fs_fd, int errnum, struct err *err, const char *fmt, ...)
{
	char what[512], log[256];
	ssize_t n = read(fs_fd, log, sizeof(log) - 1);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (n <= 0)
		return err_sys(err, errnum, "%s", what);
	log[n] = '\0';
	log[strcspn(log, "\n")] = '\0';
	/* A line is "e overlay: why": level, space, text. */
	return err_sys(err, errnum, "%s: %s", what, n > 2 ? log + 2 : log);
}

static int set_option(int fs, const char *option)
{
	const char *eq = strchr(option, '=');
	char key[64];

	if (!eq)
		return fsconfig(fs, FSCONFIG_SET_FLAG, option, NULL, 0) < 0 ? -errno : 0;
	if ((size_t)(eq - option) >= sizeof(key))
		return -EINVAL;
	memcpy(key, option, (size_t)(eq - option));
	key[eq - option] = '\0';
	return fsconfig(fs, FSCONFIG_SET_STRING, key, eq + 1, 0) < 0 ? -errno : 0;
}

int mountfd_configure(int fs_fd, char *const *data, struct err *err)
{
	for (; data && *data; data++) {
		int r = set_option(fs_fd, *data);

		if (r < 0)
			return mountfd_error(fs_fd, r, err, "option %s", *data);
	}
	return 0;
}

int mountfd_new(const char *type, const char *source, char *const *data, uint64_t attrs,
		struct err *err)
{
	cleanup_fd int fs = fsopen(type, FSOPEN_CLOEXEC);
	int fd, r;

	if (fs < 0)
		return err_sys(err, errno, "filesystem %s", type);
	if (!str_empty(source) && fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return mountfd_error(fs, errno, err, "mount of %s: source %s", type, source);
	r = mountfd_configure(fs, data, err);
	if (r < 0)
		return err ? err_prefix(err, "mount of %s", type) : r;
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mountfd_error(fs, errno, err, "mount of %s", type);
	fd = fsmount(fs, FSMOUNT_CLOEXEC, (unsigned)attrs);
	return fd < 0 ? err_sys(err, errno, "mount of %s", type) : fd;
}

int mountfd_clone(int dirfd, const char *path, bool recursive, struct err *err)
{
	int fd = open_tree(dirfd, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (*path ? 0 : AT_EMPTY_PATH) |
				   (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? err_sys(err, errno, "mount source %s", path) : fd;
}

int mountfd_setattr(int fd, uint64_t set, uint64_t clear, bool recursive, struct err *err)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear};

	if (set & MOUNT_ATTR__ATIME || clear & MOUNT_ATTR__ATIME)
		attr.attr_clr |= MOUNT_ATTR__ATIME;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) < 0)
		return err_sys(err, errno, "set mount options");
	return 0;
}

int mountfd_propagation(int fd, unsigned long type, bool recursive, struct err *err)
{
	struct mount_attr attr = {.propagation = type};

	if (mount_setattr(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) < 0)
		return err_sys(err, errno, "set mount propagation");
	return 0;
}

int mountfd_attach(int mount_fd, int target_fd, const char *what, struct err *err)
{
	if (move_mount(mount_fd, "", target_fd, "",
		       MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return err_sys(err, errno, "mount on %s", what);
	return 0;
}
