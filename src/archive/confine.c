// SPDX-License-Identifier: Apache-2.0
/*
 * Order: namespaces and the root need CAP_SYS_ADMIN, so they come first; the bounding set needs
 * CAP_SETPCAP, so it comes before capset; the filter comes last, because it forbids all of these.
 */
#include "archive/confine.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#define MEMORY_MAX ((rlim_t)512 << 20) /* address space; what is really used stays far below */
#define FILES_MAX  64

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH is this?"
#endif

/* What libarchive, zlib-like decoders, OpenSSL's hashes, malloc, threads and our own code ask for.
 */
static const uint16_t allowed[] = {
	/* data */
	__NR_read,
	__NR_write,
	__NR_pread64,
	__NR_pwrite64,
	__NR_readv,
	__NR_writev,
	__NR_lseek,
	__NR_ftruncate,
	__NR_fallocate,
	__NR_sync_file_range,
	__NR_fadvise64,
	__NR_copy_file_range,
	__NR_close,
	__NR_fcntl,
	__NR_dup,
	__NR_fstat,
	__NR_fstatfs,
	__NR_newfstatat,
	__NR_statx,
	__NR_getdents64,
	/* names */
	__NR_openat,
	__NR_openat2,
	__NR_mkdirat,
	__NR_mknodat,
	__NR_linkat,
	__NR_symlinkat,
	__NR_unlinkat,
	__NR_renameat2,
	__NR_readlinkat,
	__NR_fchown,
	__NR_fchownat,
	__NR_fchmod,
	__NR_fchmodat,
	__NR_utimensat,
	__NR_fsetxattr,
	__NR_fgetxattr,
	__NR_flistxattr,
#ifdef __NR_renameat
	__NR_renameat,
#endif
	/* memory and threads; mmap and mprotect: see below */
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_brk,
	__NR_futex,
	__NR_set_robust_list,
	__NR_sched_yield,
	__NR_sched_getaffinity,
	__NR_gettid,
	__NR_getpid,
	__NR_tgkill,
	__NR_rt_sigaction,
	__NR_rt_sigprocmask,
	__NR_rt_sigreturn,
	__NR_exit,
	__NR_exit_group,
	__NR_clock_gettime,
	__NR_getrandom,
	__NR_restart_syscall,
	__NR_prlimit64,
#ifdef __NR_rseq
	__NR_rseq,
#endif
#ifdef SANITIZED
	__NR_sigaltstack, /* for every thread */
#endif
	/* the answer */
	__NR_sendmsg,
};

#define DATA(field) offsetof(struct seccomp_data, field)
#define N_ALLOWED   ARRAY_SIZE(allowed)

static int filter_calls(struct err *err)
{
	struct sock_filter f[N_ALLOWED + 24], *p = f;
	struct sock_fprog prog = {.filter = f};

	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(arch));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(nr));
	for (size_t i = 0; i < N_ALLOWED; i++) /* to the RET ALLOW that follows the list */
		*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i],
						    (uint8_t)(N_ALLOWED - i), 0);
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* No new code: whatever a library would load from here on comes from a hostile directory
	 * (CVE-2019-14271), and all that we need is loaded. */
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 1, 0);
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mprotect, 0, 4);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(args[2]));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	/* clone3's flags lie in memory; without it the C library uses clone, which we can look at.
	 */
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3);
	*p++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, DATA(args[0]));
	*p++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	*p++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	prog.len = (unsigned short)(p - f);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(err, errno, "restrict system calls");
	return 0;
}

static int drop_capabilities(struct err *err)
{
	const uint64_t keep = (UINT64_C(1) << CAP_CHOWN) | (UINT64_C(1) << CAP_DAC_OVERRIDE) |
			      (UINT64_C(1) << CAP_FOWNER) | (UINT64_C(1) << CAP_FSETID) |
			      (UINT64_C(1) << CAP_MKNOD) | (UINT64_C(1) << CAP_SETFCAP);
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2], have[2];

	for (int cap = 0; cap < 64; cap++)
		if (!(keep & (UINT64_C(1) << cap)))
			(void)prctl(PR_CAPBSET_DROP, cap, 0, 0,
				    0); /* those that do not exist fail */
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &head, have) < 0)
		return err_sys(err, errno, "read capabilities");
	for (int i = 0; i < 2; i++) {
		uint32_t set = (uint32_t)(keep >> (32 * i)) & have[i].permitted;

		data[i] = (struct __user_cap_data_struct){.effective = set, .permitted = set};
	}
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(err, errno, "drop capabilities");
	return 0;
}

static int limit(int what, rlim_t max, struct err *err)
{
	struct rlimit old, new;

	if (getrlimit((__rlimit_resource_t)what, &old) < 0)
		return err_sys(err, errno, "read a resource limit");
	new.rlim_cur = new.rlim_max = MIN_OF(max, old.rlim_max);
	if (setrlimit((__rlimit_resource_t)what, &new) < 0)
		return err_sys(err, errno, "set a resource limit");
	return 0;
}

static int limit_resources(struct err *err)
{
	int r = limit(RLIMIT_NOFILE, FILES_MAX, err);

	if (r == 0)
		r = limit(RLIMIT_CORE, 0, err);
#ifndef SANITIZED /* its shadow is terabytes of address space */
	if (r == 0)
		r = limit(RLIMIT_AS, MEMORY_MAX, err);
#endif
	return r;
}

/* The directory mounted on itself, restricted, becomes the root and everything else goes away.
 * False when it cannot be mounted here: it belongs to another mount namespace. */
static bool pivot(int dir_fd)
{
	struct mount_attr attr = {.attr_set =
					  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	cleanup_fd int tree = (int)syscall(SYS_open_tree, dir_fd, "",
					   AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 ||
	    syscall(SYS_move_mount, tree, "", dir_fd, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return false;
	return fchdir(tree) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
	       umount2(".", MNT_DETACH) == 0;
}

static int enter(int dir_fd, struct err *err)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC) < 0)
		return err_sys(err, errno, "unshare namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make mounts private");
	if (!pivot(dir_fd) && (fchdir(dir_fd) < 0 || chroot(".") < 0))
		return err_sys(err, errno, "enter the directory");
	if (chdir("/") < 0)
		return err_sys(err, errno, "enter the directory");
	return 0;
}

int confine(int dir_fd, struct err *err)
{
	int r = enter(dir_fd, err);

	if (r == 0)
		r = limit_resources(err);
	if (r == 0)
		r = drop_capabilities(err);
	return r < 0 ? r : filter_calls(err);
}
