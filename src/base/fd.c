// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/id.h"

__attribute__((used, retain)) const char fd_version_mark[] = "hoy-version " HOY_VERSION;

ssize_t fd_read(int fd, void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, (char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fd_write(int fd, const void *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

/* size: of a regular file, which is read in one go: room for 64 KiB when 300 bytes are there costs
 * more page faults than reading them. 0: unknown, to the end. */
static int read_all(int fd, struct buf *b, size_t size, const char *what, struct err *err)
{
	for (;;) {
		size_t room = MIN_OF(size ? size + 1 : 65536, b->max - b->len);
		char probe, *p = room > 0 ? buf_room(b, room) : &probe;
		ssize_t n;

		if (!p)
			return buf_check(b, err);
		/* At the ceiling, one byte more tells whether the file ends there, too. */
		n = read(fd, p, MAX_OF(room, (size_t)1));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, errno, "read %s", what);
		if (n == 0)
			return 0;
		if (room == 0)
			return err_set(err, ERR_TOO_LARGE, "%s: larger than %zu bytes", what,
				       b->max);
		buf_grew(b, (size_t)n);
		if (size && (size_t)n < room)
			return 0;
		size = 0; /* it grew meanwhile */
	}
}

int fd_read_all(int fd, struct buf *b, const char *what, struct err *err)
{
	return read_all(fd, b, 0, what, err);
}

int file_read(int dirfd, const char *name, struct buf *b, struct err *err)
{
	cleanup_fd int fd =
		openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "open %s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "%s: not a regular file", name);
	return read_all(fd, b, st.st_size > 0 ? (size_t)st.st_size : 0, name, err);
}

static int write_temporary(int dirfd, const char *tmp, const void *data, size_t len, mode_t mode,
			   int flags, struct err *err)
{
	cleanup_fd int fd =
		openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "create %s", tmp);
	r = fd_write(fd, data, len);
	if (r < 0)
		return err_sys(err, r, "write %s", tmp);
	if (fchmod(fd, mode) < 0) /* whatever the umask is */
		return err_sys(err, errno, "chmod %s", tmp);
	if (flags & FILE_SYNC && fsync(fd) < 0)
		return err_sys(err, errno, "sync %s", tmp);
	return 0;
}

static int write_over(int dirfd, const char *name, const void *data, size_t len)
{
	cleanup_fd int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[4096];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > (off_t)sizeof(text) || len > sizeof(text))
		return -ENOSPC;
	memset(text, ' ', sizeof(text));
	memcpy(text, data, len);
	n = pwrite(fd, text, MAX_OF(len, (size_t)st.st_size), 0);
	return n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
}

int file_write(int dirfd, const char *name, const void *data, size_t len, mode_t mode, int flags,
	       struct err *err)
{
	char tmp[512], suffix[ID_SHORT + 1];
	int r;

	id_random(suffix, ID_SHORT);
	if (snprintf(tmp, sizeof(tmp), "%s.%s.tmp", name, suffix) >= (int)sizeof(tmp))
		return err_set(err, ERR_INVALID, "%s: name too long", name);
	r = write_temporary(dirfd, tmp, data, len, mode, flags, err);
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = err_sys(err, errno, "rename %s", name);
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		if (!(flags & FILE_EVEN_WHEN_FULL) || (r != -ENOSPC && r != -EDQUOT) ||
		    write_over(dirfd, name, data, len) < 0)
			return r;
	}
	if (flags & FILE_SYNC && dirfd >= 0 && fsync(dirfd) < 0)
		return err_sys(err, errno, "sync the directory of %s", name);
	return 0;
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int fd_guard_stdio(void)
{
	for (int fd = 0; fd <= 2; fd++)
		/* Children are meant to inherit it. NOLINTNEXTLINE(android-cloexec-open) */
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			return -EBADF;
	return 0;
}
