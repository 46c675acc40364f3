// SPDX-License-Identifier: Apache-2.0
#include "run/spawn.h"

#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/proc.h"

#define WAIT_MS 10000

pid_t spawn_clone(uint64_t flags, int cgroup_fd, int *pidfd)
{
	int fd = -EBADF;
	struct clone_args args = {
		.flags = flags | CLONE_CLEAR_SIGHAND | (pidfd ? CLONE_PIDFD : 0) |
			 (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&fd,
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0)
		return -errno;
	if (pid > 0 && pidfd)
		*pidfd = fd;
	return (pid_t)pid;
}

void spawn_kill(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	siginfo_t info;

	if (pidfd < 0)
		return;
	(void)proc_pidfd_signal(pidfd, SIGKILL);
	/* PID 1 of a namespace ends after everybody in it was reaped; should our caller have
	 * forgotten an exec'd child, we must not hang for ever. */
	if (poll(&p, 1, WAIT_MS) == 0)
		return;
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
}
