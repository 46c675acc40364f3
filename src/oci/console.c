// SPDX-License-Identifier: Apache-2.0
#include "oci/console.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/sock.h"
#include "base/str.h"

#define FDS_MAX 1024

int console_check(bool terminal, bool detached, const char *path, struct err *err)
{
	if (detached && terminal && str_empty(path))
		return err_set(err, ERR_INVALID,
			       "cannot allocate tty if hoy-oci will detach without setting console "
			       "socket");
	if ((!detached || !terminal) && !str_empty(path))
		return err_set(err, ERR_INVALID,
			       "cannot use console socket if hoy-oci will not detach or allocate "
			       "tty");
	return 0;
}

/* The directory part opened, so that the length of the path is no limit. */
static int open_parent(const char *path, char *name, size_t size)
{
	char copy[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	if (strlen(path) >= sizeof(copy) ||
	    snprintf(name, size, "%s", slash ? slash + 1 : path) >= (int)size)
		return -ENAMETOOLONG;
	(void)snprintf(copy, sizeof(copy), "%.*s", slash ? (int)(slash - path) : 1,
		       slash ? path : ".");
	fd = open(slash == path ? "/" : copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int console_connect(const char *path, struct err *err)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), parent = -EBADF;
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	char name[64];

	parent = open_parent(path, name, sizeof(name));
	if (fd < 0 || parent < 0)
		return err_sys(err, fd < 0 ? errno : parent, "console socket %s", path);
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", parent, name);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(err, errno, "connect to console socket %s", path);
	return TAKE_FD(fd);
}

int console_send(int conn, int master, struct err *err)
{
	char name[32];
	int n = 0, r;

	(void)ioctl(master, TIOCGPTN, &n);
	(void)snprintf(name, sizeof(name), "/dev/pts/%d", n);
	r = sock_send(conn, name, strlen(name), &master, 1);
	return r < 0 ? err_sys(err, r, "send the terminal to the console socket") : 0;
}

int pid_file_write(const char *path, pid_t pid, struct err *err)
{
	cleanup_fd int parent = -EBADF;
	char text[16], name[256];

	if (str_empty(path))
		return 0;
	parent = open_parent(path, name, sizeof(name));
	if (parent < 0)
		return err_sys(err, parent, "pid file %s", path);
	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	return file_write(parent, name, text, strlen(text), 0644, 0, err);
}

int preserved_fds(int64_t wanted, unsigned *ret, unsigned *ret_listen, struct err *err)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t listen = 0;

	if (text && (str_to_u64(text, &listen) < 0 || listen > FDS_MAX))
		listen = 0;
	if (wanted < 0 || wanted > FDS_MAX)
		return err_set(err, ERR_INVALID, "--preserve-fds: %lld is not in 0..%d",
			       (long long)wanted, FDS_MAX);
	for (int fd = 3; fd < 3 + (int)listen + (int)wanted; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			return err_sys(err, errno, "preserved file descriptor %d of %lld", fd - 3,
				       (long long)wanted);
	*ret = (unsigned)listen + (unsigned)wanted;
	*ret_listen = (unsigned)listen;
	return 0;
}
