// SPDX-License-Identifier: Apache-2.0
#include "base/sock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define TYPE (SOCK_SEQPACKET | SOCK_CLOEXEC)

static int address(int dirfd, const char *name, struct sockaddr_un *sa)
{
	int n;

	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(sa->sun_path, sizeof(sa->sun_path), "/proc/self/fd/%d/%s", dirfd, name);
	return n < (int)sizeof(sa->sun_path) ? 0 : -ENAMETOOLONG;
}

int sock_listen(int dirfd, const char *name, struct err *err)
{
	cleanup_fd int fd = socket(AF_UNIX, TYPE, 0);
	struct sockaddr_un sa;
	mode_t old;
	int r;

	if (fd < 0 || address(dirfd, name, &sa) < 0)
		return err_sys(err, fd < 0 ? errno : ENAMETOOLONG, "socket %s", name);
	(void)unlinkat(dirfd, name, 0);
	old = umask(0177); /* the mode at birth: no moment in which others could connect */
	r = bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
	(void)umask(old);
	if (r < 0)
		return err_sys(err, r, "bind socket %s", name);
	if (listen(fd, 128) < 0)
		return err_sys(err, errno, "listen on socket %s", name);
	return TAKE_FD(fd);
}

int sock_connect(int dirfd, const char *name, struct err *err)
{
	cleanup_fd int fd = socket(AF_UNIX, TYPE, 0);
	struct sockaddr_un sa;

	if (fd < 0 || address(dirfd, name, &sa) < 0)
		return err_sys(err, fd < 0 ? errno : ENAMETOOLONG, "socket %s", name);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(err, errno, "connect to socket %s", name);
	return TAKE_FD(fd);
}

int sock_accept(int fd)
{
	cleanup_fd int c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (c < 0)
		return -errno;
	if (getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return -errno;
	if (cred.uid != 0 && cred.uid != geteuid())
		return -EPERM;
	return TAKE_FD(c);
}

int sock_send(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * SOCK_FDS_MAX)];
	} control = {};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (n_fds > SOCK_FDS_MAX)
		return -E2BIG;
	if (n_fds) {
		struct cmsghdr *c;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
	}
	while (sendmsg(fd, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* Takes the fds out of a control message; those that the caller has no room for are closed. */
static void take_fds(struct msghdr *msg, int *fds, size_t room, size_t *n)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (*n < room)
				fds[(*n)++] = fd;
			else
				fd_close(fd);
		}
	}
}

ssize_t sock_recv(int fd, void *data, size_t size, int *fds, size_t *n_fds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int) * SOCK_FDS_MAX)];
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	size_t room = n_fds ? *n_fds : 0, n = 0;
	ssize_t len;

	for (size_t i = 0; i < room; i++)
		fds[i] = -EBADF;
	/* A peer that left with a packet of ours unread gives ECONNRESET, once, ahead of what it had
	 * sent before. */
	for (bool reset = false;; reset = true) {
		do
			len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
		while (len < 0 && errno == EINTR);
		if (len >= 0 || errno != ECONNRESET || reset)
			break;
	}
	if (len < 0)
		return errno == ECONNRESET ? 0 : -errno;
	take_fds(&msg, fds, room, &n);
	if (n_fds)
		*n_fds = n;
	if (msg.msg_flags & MSG_TRUNC) {
		for (size_t i = 0; i < n; i++)
			fd_close(fds[i]);
		return -EMSGSIZE;
	}
	return len;
}

int sock_pair(int ret[2])
{
	return socketpair(AF_UNIX, TYPE, 0, ret) < 0 ? -errno : 0;
}
