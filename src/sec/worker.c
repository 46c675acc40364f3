// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-seccomp - compiles one profile (sec/worker.h) and ends.
 *
 * A profile is hostile text and this program may have been started by root, so before the first
 * byte is read it gives up everything: identity, new privileges, files, processes, memory beyond a
 * bound, and all system calls but those that reading, computing and answering take.
 */
#include "sec/worker.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/str.h"
#include "base/userns.h"
#include "sec/compile.h"
#include "sec/default.h"

#define NOBODY 65534

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What the rest of main takes: read, compute (memory that is not executable; qsort asks sysinfo how
 * much there is), write, end. */
static const char own_policy[] =
	"{\"defaultAction\": \"SCMP_ACT_KILL_PROCESS\", \"syscalls\": ["
	"{\"names\": [\"read\", \"write\", \"brk\", \"munmap\", \"mremap\", \"madvise\", "
	"\"futex\", \"sysinfo\","
	" \"exit\", \"exit_group\"], \"action\": \"SCMP_ACT_ALLOW\"},"
	"{\"names\": [\"mmap\"], \"action\": \"SCMP_ACT_ALLOW\", \"args\":"
	" [{\"index\": 2, \"op\": \"SCMP_CMP_MASKED_EQ\", \"value\": 4, \"valueTwo\": 0}]}]}";

static int limit(int what, rlim_t max)
{
	struct rlimit l = {max, max};

	return setrlimit(what, &l) < 0 ? -errno : 0;
}

static int filter_calls(struct sock_filter insns[BPF_INSNS_MAX], struct err *err)
{
	struct seccomp_env env = {};
	struct sock_fprog prog = {.filter = insns};
	size_t n;
	int r;

	r = compile_profile(own_policy, sizeof(own_policy) - 1, "own policy", &env, insns, &n, err);
	if (r < 0)
		return r;
	prog.len = (unsigned short)n;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(err, errno, "load own seccomp filter");
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {};

	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

static int confine(struct sock_filter insns[BPF_INSNS_MAX], struct err *err)
{
	/* jansson takes its hash seed from a file the first time it needs one. */
	json_object_seed(0);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0)) {
		/* A user namespace may not have that id: then nothing is left of its root but the
		 * number. */
		if ((errno != EINVAL && errno != EPERM) || userns_is_initial())
			return err_sys(err, errno, "give up root");
		if (drop_capabilities() < 0)
			return err_sys(err, errno, "drop capabilities");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_NPROC, 0) < 0 || limit(RLIMIT_CPU, 10) < 0 ||
	    limit(RLIMIT_FSIZE, 0) < 0 || limit(RLIMIT_NOFILE, 0) < 0)
		return err_sys(err, errno, "limit own process");
	if (SANITIZED) /* its shadow memory and reports need more than this */
		return 0;
	if (limit(RLIMIT_AS, (rlim_t)256 << 20) < 0)
		return err_sys(err, errno, "limit own memory");
	return filter_calls(insns, err);
}

static int serve(struct sock_filter insns[BPF_INSNS_MAX], size_t *n, struct err *err)
{
	cleanup(buf_done) struct buf in =
		BUF_INIT(SECCOMP_TEXT_MAX + sizeof(struct seccomp_request));
	struct seccomp_request req;
	struct seccomp_env env;
	const char *text = seccomp_default_text, *what = "default seccomp policy";
	size_t len = seccomp_default_text_len;
	int r;

	r = fd_read_all(STDIN_FILENO, &in, "seccomp profile", err);
	if (r < 0)
		return r;
	if (in.len < sizeof(req))
		return err_set(err, ERR_INVALID, SECCOMP_WORKER ": no request");
	memcpy(&req, in.data, sizeof(req));
	if (req.magic != SECCOMP_REQUEST_MAGIC)
		return err_set(err, ERR_INVALID, SECCOMP_WORKER ": not a request of this version");
	if (!req.builtin) {
		text = in.data + sizeof(req);
		len = in.len - sizeof(req);
		what = "seccomp profile";
	}
	env = (struct seccomp_env){
		.caps = req.caps,
		.kernel_major = req.kernel_major,
		.kernel_minor = req.kernel_minor,
	};
	return compile_profile(text, len, what, &env, insns, n, err);
}

int main(void)
{
	static struct sock_filter insns[BPF_INSNS_MAX];
	struct err err = ERR_INIT;
	size_t n = 0;
	int r;

	r = confine(insns, &err);
	if (r == 0)
		r = serve(insns, &n, &err);
	if (r < 0) {
		char head[2] = {'E', (char)err.kind};

		r = fd_write(STDOUT_FILENO, head, sizeof(head));
		if (r == 0)
			r = fd_write(STDOUT_FILENO, err.msg, strlen(err.msg));
	} else {
		r = fd_write(STDOUT_FILENO, "B", 1);
		if (r == 0)
			r = fd_write(STDOUT_FILENO, insns, n * sizeof(insns[0]));
	}
	_exit(r < 0 ? 1 : 0);
}
