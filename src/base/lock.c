// SPDX-License-Identifier: Apache-2.0
#include "base/lock.h"

#include <fcntl.h>
#include <sys/file.h>

static int take(int dirfd, const char *name, int op, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, errno, "open lock %s", name);
	while (flock(fd, op) < 0) {
		if (errno == EWOULDBLOCK)
			return -EWOULDBLOCK;
		if (errno != EINTR)
			return err_sys(err, errno, "lock %s", name);
	}
	return TAKE_FD(fd);
}

static int operation(enum lock_mode mode)
{
	return mode == LOCK_SHARED ? LOCK_SH : LOCK_EX;
}

int lock_take(int dirfd, const char *name, enum lock_mode mode, struct err *err)
{
	return take(dirfd, name, operation(mode), err);
}

int lock_try(int dirfd, const char *name, enum lock_mode mode, struct err *err)
{
	return take(dirfd, name, operation(mode) | LOCK_NB, err);
}

bool lock_is_held(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
