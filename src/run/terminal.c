// SPDX-License-Identifier: Apache-2.0
/*
 * The pty lives in the container's own devpts, so that ttyname(3) works inside. Its slave comes
 * from the master by TIOCGPTPEER: no path in between that an image could lead elsewhere.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base/path.h"
#include "run/child.h"
#include "run/message.h"
#include "run/mountfd.h"

static int open_master(int root, int devpts, struct err *err)
{
	int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
	cleanup_fd int fd = -EBADF;
	struct statfs fs;
	struct stat st;

	if (devpts >= 0) {
		fd = openat(devpts, "ptmx", flags | O_NOFOLLOW);
		return fd < 0 ? err_sys(err, errno, "open a terminal") : TAKE_FD(fd);
	}
	fd = path_open_in_root(root, "/dev/pts/ptmx", O_PATH, 0);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, fd < 0 ? fd : errno, "open /dev/pts/ptmx of the container");
	if (fs.f_type != DEVPTS_SUPER_MAGIC || st.st_rdev != makedev(5, 2))
		return err_set(err, ERR_INVALID, "/dev/pts of the container is not a devpts");
	fd_close(TAKE_FD(fd));
	fd = path_open_in_root(root, "/dev/pts/ptmx", flags, 0);
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return err_sys(err, fd < 0 ? fd : ENODEV, "open a terminal");
	return TAKE_FD(fd);
}

int terminal_open(int sock, int root, int devpts, const struct oci_process *p, int *ret_slave,
		  struct err *err)
{
	cleanup_fd int master = open_master(root, devpts, err), slave = -EBADF;
	int lock = 0, r;

	if (master < 0)
		return master;
	if (ioctl(master, TIOCSPTLCK, &lock) < 0)
		return err_sys(err, errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(err, errno, "open the terminal's slave");
	if (p->console_size) {
		struct winsize ws = {.ws_row = (unsigned short)p->console_size->height,
				     .ws_col = (unsigned short)p->console_size->width};

		(void)ioctl(master, TIOCSWINSZ, &ws);
	}
	if (p->user.uid && fchown(slave, (uid_t)p->user.uid, (gid_t)-1) < 0)
		return err_sys(err, errno, "give the terminal to user %u", (unsigned)p->user.uid);
	r = message_send(sock, MESSAGE_TERMINAL, 0, master);
	if (r < 0)
		return err_sys(err, r, "hand over the terminal");
	*ret_slave = TAKE_FD(slave);
	return 0;
}

int terminal_bind_console(struct child *c, struct err *err)
{
	cleanup_fd int source = -EBADF, target = -EBADF;

	if (c->dev < 0)
		return 0;
	target = openat(c->dev, "console",
			O_CREAT | O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (target < 0)
		return err_sys(err, errno, "create /dev/console");
	fd_close(target);
	target = openat(c->dev, "console", O_PATH | O_CLOEXEC | O_NOFOLLOW);
	source = mountfd_clone(c->terminal_slave, "", false, err);
	return source < 0 ? source : mountfd_attach(source, target, "/dev/console", err);
}
