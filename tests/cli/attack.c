// SPDX-License-Identifier: Apache-2.0
/*
 * attack - what runs in a container and attacks, where a shell is too slow or cannot ask at all. Static; made
 * by hostile.bash, no part of the build.
 *
 *   attack swap A B COUNT     exchanges two names for ever; the number of swaps is kept in the file COUNT
 *   attack exe STOP           opens /proc/PID/exe of everybody for writing, until the file STOP is there;
 *                             then "opens N, erofs N, wrote N"
 *   attack calls              one line a system call: NAME and what came of it (ok or the error's name)
 *   attack unix               the names of abstract sockets (of the network namespace), one a line
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int swap(const char *a, const char *b, const char *count)
{
	int fd = open(count, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	char text[32];

	for (unsigned long n = 0;; n++) {
		(void)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2 /* RENAME_EXCHANGE */);
		if (n % 1024 == 0 &&
		    pwrite(fd, text, (size_t)snprintf(text, sizeof(text), "%lu\n", n), 0) < 0)
			return 1;
	}
}

static unsigned long opens, erofs, wrote;

static void try_exe(const char *path)
{
	char again[64];
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC), hold;

	opens++;
	if (fd >= 0) {
		struct stat st, self;

		/* our own program may be written to, once it does not run: not what is meant */
		if (fstat(fd, &st) == 0 && stat("/proc/self/exe", &self) == 0 &&
		    st.st_ino != self.st_ino)
			wrote++;
		close(fd);
	} else if (errno == EROFS) {
		erofs++;
	}
	/* the file itself, held: writable once nobody runs it any more? */
	hold = open(path, O_PATH | O_CLOEXEC);
	if (hold < 0)
		return;
	(void)snprintf(again, sizeof(again), "/proc/self/fd/%d", hold);
	for (int i = 0; i < 3; i++) {
		fd = open(again, O_WRONLY | O_CLOEXEC);
		opens++;
		if (fd < 0 && errno == EROFS)
			erofs++;
		close(fd);
	}
	close(hold);
}

static int exe(const char *stop)
{
	while (access(stop, F_OK) < 0) {
		DIR *d = opendir("/proc");
		struct dirent *e;

		while (d && (e = readdir(d))) {
			char path[300];

			if (e->d_name[0] < '0' || e->d_name[0] > '9' || atoi(e->d_name) == getpid())
				continue;
			(void)snprintf(path, sizeof(path), "/proc/%s/exe", e->d_name);
			try_exe(path);
		}
		closedir(d);
	}
	printf("opens %lu, erofs %lu, wrote %lu\n", opens, erofs, wrote);
	return 0;
}

#define NEW_USER 0x10000000L

static const struct call {
	const char *name;
	long nr, args[5];
} calls[] = {
	/* with arguments that do no harm, also where root itself asks */
	{"clone3", SYS_clone3, {0, 0}},
	{"unshare-user", SYS_unshare, {NEW_USER}},
	{"unshare-mount", SYS_unshare, {0x20000}},
	{"setns", SYS_setns, {-1, 0}},
	{"mount", SYS_mount, {0, 0, 0, 0, 0}},
	{"fsopen", SYS_fsopen, {0, 0}},
	{"open_tree", SYS_open_tree, {-1, 0, 0}},
	{"move_mount", SYS_move_mount, {-1, 0, -1, 0, 0}},
	{"mount_setattr", SYS_mount_setattr, {-1, 0, 0, 0, 0}},
	{"pivot_root", SYS_pivot_root, {0, 0}},
	{"io_uring_setup", SYS_io_uring_setup, {1, 0}},
	{"io_uring_enter", SYS_io_uring_enter, {-1, 0, 0, 0, 0}},
	{"io_uring_register", SYS_io_uring_register, {-1, 0, 0, 0}},
	{"bpf", SYS_bpf, {0, 0, 0}},
	{"perf_event_open", SYS_perf_event_open, {0, 0, -1, -1, 0}},
	{"userfaultfd", SYS_userfaultfd, {0}},
	{"fanotify_init", SYS_fanotify_init, {0, 0}},
	{"open_by_handle_at", SYS_open_by_handle_at, {-1, 0, 0}},
	{"keyctl", SYS_keyctl, {0, -3, 0}},
	{"add_key", SYS_add_key, {0, 0, 0, 0, -2}},
	{"request_key", SYS_request_key, {0, 0, 0, 0}},
	{"kexec_load", SYS_kexec_load, {0, 0, 0, 0}},
	{"kexec_file_load", SYS_kexec_file_load, {-1, -1, 0, 0, 0}},
	{"init_module", SYS_init_module, {0, 0, 0}},
	{"finit_module", SYS_finit_module, {-1, 0, 0}},
	{"delete_module", SYS_delete_module, {0, 0}},
	{"reboot", SYS_reboot, {0, 0, 0}},
	{"swapon", SYS_swapon, {0, 0}},
	{"swapoff", SYS_swapoff, {0}},
	{"acct", SYS_acct, {1}},
	{"quotactl", SYS_quotactl, {-1, 0, 0, 0}},
	{"settimeofday", SYS_settimeofday, {1, 1}},
	{"clock_settime", SYS_clock_settime, {0, 0}},
	{"syslog", SYS_syslog, {10, 0, 0}},
	{"sethostname", SYS_sethostname, {0, -1}},
	{"process_vm_readv", SYS_process_vm_readv, {-1, 0, 0, 0, 0}},
	{"kcmp", SYS_kcmp, {-1, -1, 0, 0, 0}},
	{"mbind", SYS_mbind, {0, 0, 0, 0, 0}},
	{"move_pages", SYS_move_pages, {-1, 0, 0, 0, 0}},
	{"lookup_dcookie", SYS_lookup_dcookie, {0, 0, 0}},
	{"nfsservctl", SYS_nfsservctl, {0}},
	{"personality-odd", SYS_personality, {0x0400000}},
	{"personality-query", SYS_personality, {0xffffffff}},
	{"socket-unix", SYS_socket, {AF_UNIX, SOCK_STREAM, 0}},
	{"socket-inet", SYS_socket, {AF_INET, SOCK_STREAM, 0}},
	{"socket-netlink", SYS_socket, {AF_NETLINK, SOCK_RAW, 0}},
	{"socket-alg", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}},
	{"socket-vsock", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
	{"socket-vsock-high", SYS_socket, {(1L << 32) + AF_VSOCK, SOCK_STREAM, 0}},
	{"unknown", 2000, {0}},
#ifdef __x86_64__
	{"iopl", SYS_iopl, {0}},
	{"ioperm", SYS_ioperm, {0, 1, 0}},
	{"modify_ldt", SYS_modify_ldt, {0, 0, 0}},
	{"uselib", SYS_uselib, {0}},
	{"ustat", SYS_ustat, {-1, 0}},
	{"sysfs", SYS_sysfs, {3}},
	{"_sysctl", SYS__sysctl, {0}},
	{"x32-getpid", 0x40000000L + SYS_getpid, {0}},
#endif
};

/* Each in a child: unshare and its like would change us. */
static int probe(void)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const struct call *c = &calls[i];
		pid_t pid;

		(void)fflush(stdout);
		pid = fork();
		if (pid == 0) {
			long r = syscall(c->nr, c->args[0], c->args[1], c->args[2], c->args[3],
					 c->args[4]);

			printf("%s %s\n", c->name, r < 0 ? strerrorname_np(errno) : "ok");
			(void)fflush(stdout);
			_exit(0);
		}
		(void)waitpid(pid, NULL, 0);
	}
	/* into a terminal, as if it were typed */
	{
		char c = 'x';
		int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);

		printf("TIOCSTI %s\n", ioctl(fd, TIOCSTI, &c) < 0 ? strerrorname_np(errno) : "ok");
	}
	return 0;
}

static int list_unix(void)
{
	char line[512];
	FILE *f = fopen("/proc/net/unix", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strchr(line, '@');

		if (at)
			fputs(at, stdout);
	}
	return f ? fclose(f) : 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "swap") && argc == 5)
		return swap(argv[2], argv[3], argv[4]);
	if (!strcmp(what, "exe") && argc == 3)
		return exe(argv[2]);
	if (!strcmp(what, "calls"))
		return probe();
	if (!strcmp(what, "unix"))
		return list_unix();
	fprintf(stderr, "attack: what?\n");
	return 2;
}
