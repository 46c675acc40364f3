// SPDX-License-Identifier: Apache-2.0
#include "sec/seccomp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sha256.h"
#include "base/str.h"
#include "sec/bpf.h"
#include "sec/default.h"
#include "sec/worker.h"

#define FILE_MAGIC "HOYBPF\n"
/* Raise it with every change of what bpf.c, compile.c or default-profile.json produce. */
#define GENERATION 1

struct file_header {
	char magic[8];
	uint32_t generation;
	uint32_t len; /* bytes that follow */
	unsigned char sha256[SHA256_LEN];
};

static const struct seccomp_builtin *find_builtin(uint64_t caps)
{
	for (size_t i = 0; i < seccomp_n_builtins; i++)
		if (seccomp_builtins[i].caps == caps)
			return &seccomp_builtins[i];
	return NULL;
}

static void make_request(const struct seccomp_policy *p, struct seccomp_request *req)
{
	struct utsname host = {};
	unsigned major = 0, minor = 0;

	*req = (struct seccomp_request){.magic = SECCOMP_REQUEST_MAGIC};
	if (!p->profile) {
		req->builtin = 1;
		req->caps = p->caps & seccomp_default_caps;
		req->kernel_major = SECCOMP_DEFAULT_KERNEL_MAJOR;
		req->kernel_minor = SECCOMP_DEFAULT_KERNEL_MINOR;
		return;
	}
	(void)uname(&host);
	(void)sscanf(host.release, "%3u.%3u", &major, &minor);
	req->caps = p->caps;
	req->kernel_major = major;
	req->kernel_minor = minor;
}

static void cache_name(const struct seccomp_policy *p, const struct seccomp_request *req,
		       char *name, size_t size)
{
	static const char version[] = HOY_VERSION;
	unsigned char digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	uint32_t generation = GENERATION;
	struct sha256 h;

	/* Everything before the text has a fixed length or ends with NUL: no two policies meet. The
	 * cache may be carried to another machine: the architecture counts. */
	sha256_init(&h);
	sha256_add(&h, version, sizeof(version));
	sha256_add(&h, &generation, sizeof(generation));
	sha256_add(&h, SECCOMP_ARCH, sizeof(SECCOMP_ARCH));
	sha256_add(&h, req, sizeof(*req));
	sha256_add(&h, p->profile, p->profile ? p->profile_len : 0);
	sha256_finish(&h, digest);
	sha256_hex(digest, hex);
	(void)snprintf(name, size, "%s.bpf", hex);
}

/* A file that only root and we can have written, with exactly what its header says. */
static int read_program(int dirfd, const char *name, void **ret, size_t *ret_len, struct err *err)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	cleanup_free void *insns = NULL;
	unsigned char digest[SHA256_LEN];
	struct file_header head;
	struct sha256 h;
	struct stat st;

	if (fd < 0)
		return err_sys(err, errno, "open seccomp program %s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat seccomp program %s", name);
	if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != geteuid()) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)))
		return err_set(err, ERR_CORRUPT, "seccomp program %s: others may write it", name);
	if (fd_read(fd, &head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    memcmp(head.magic, FILE_MAGIC, sizeof(head.magic)) != 0 ||
	    head.generation != GENERATION || head.len % sizeof(struct sock_filter) != 0 ||
	    head.len > BPF_INSNS_MAX * sizeof(struct sock_filter) ||
	    st.st_size != (off_t)(sizeof(head) + head.len))
		return err_set(err, ERR_CORRUPT, "seccomp program %s: not whole", name);
	if (head.len > 0) {
		insns = malloc(head.len);
		if (!insns)
			return err_oom(err);
	}
	sha256_init(&h);
	if (fd_read(fd, insns, head.len) != (ssize_t)head.len)
		return err_set(err, ERR_CORRUPT, "seccomp program %s: not whole", name);
	sha256_add(&h, insns, head.len);
	sha256_finish(&h, digest);
	if (memcmp(digest, head.sha256, sizeof(digest)) != 0)
		return err_set(err, ERR_CORRUPT, "seccomp program %s: digest does not match", name);
	*ret = TAKE_PTR(insns);
	*ret_len = head.len;
	return 0;
}

int seccomp_load(int dirfd, const char *name, void **ret, size_t *ret_len, struct err *err)
{
	const char *caps = str_after(name, SECCOMP_BUILTIN);

	if (!path_is_component(name))
		return err_set(err, ERR_INVALID, "seccomp program %s: not a file name", name);
	if (!caps)
		return read_program(dirfd, name, ret, ret_len, err);
	for (size_t i = 0; i < seccomp_n_builtins; i++) {
		const struct seccomp_builtin *b = &seccomp_builtins[i];
		char own[SECCOMP_NAME_MAX];
		void *copy;

		(void)snprintf(own, sizeof(own), SECCOMP_BUILTIN "%llx",
			       (unsigned long long)b->caps);
		if (strcmp(own, name) != 0)
			continue;
		copy = malloc(b->n * sizeof(*b->insns));
		if (!copy)
			return err_oom(err);
		memcpy(copy, b->insns, b->n * sizeof(*b->insns));
		*ret = copy;
		*ret_len = b->n * sizeof(*b->insns);
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "seccomp program %s: not part of this version", name);
}

/* The request as a file, so that neither side waits for the other while it is written. */
static int request_file(const struct seccomp_policy *p, const struct seccomp_request *req,
			int *ret_fd, struct err *err)
{
	cleanup_fd int fd = memfd_create("seccomp-request", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "memfd_create");
	r = fd_write(fd, req, sizeof(*req));
	if (r == 0 && p->profile)
		r = fd_write(fd, p->profile, p->profile_len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "write seccomp request");
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int run_worker(int request_fd, struct buf *answer, struct err *err)
{
	static char *const argv[] = {(char *)SECCOMP_WORKER, NULL};
	cleanup_fd int in = -EBADF, out = -EBADF;
	struct proc_fd fds[2] = {{request_fd, STDIN_FILENO}, {-EBADF, STDOUT_FILENO}};
	struct proc_spawn spawn = {
		.path = HOY_LIBEXECDIR "/" SECCOMP_WORKER,
		.argv = argv,
		.fds = fds,
		.n_fds = ARRAY_SIZE(fds),
		.die_with_parent = true,
	};
	struct proc proc;
	int pipe_fds[2], r, status;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	in = pipe_fds[0];
	out = pipe_fds[1];
	fds[1].from = out;
	r = proc_spawn(&spawn, &proc, err);
	if (r < 0)
		return r;
	fd_close(TAKE_FD(out));
	r = fd_read_all(in, answer, SECCOMP_WORKER, err);
	if (r < 0)
		(void)proc_pidfd_signal(proc.pidfd, SIGKILL);
	status = proc_wait(&proc);
	if (r < 0)
		return r;
	if (status < 0)
		return err_sys(err, status, "wait for " SECCOMP_WORKER);
	if (status != 0)
		return err_set(err, ERR_CORRUPT, SECCOMP_WORKER " ended with %s %d",
			       WIFSIGNALED(status) ? "signal" : "exit code",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static int compile(const struct seccomp_policy *p, const struct seccomp_request *req,
		   struct buf *answer, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	unsigned kind;
	int r;

	r = request_file(p, req, &fd, err);
	if (r == 0)
		r = run_worker(fd, answer, err);
	if (r < 0)
		return r;
	if (answer->len >= 1 && answer->data[0] == 'B' &&
	    (answer->len - 1) % sizeof(struct sock_filter) == 0)
		return 0;
	if (answer->len < 3 || answer->data[0] != 'E')
		return err_set(err, ERR_CORRUPT, SECCOMP_WORKER ": no answer");
	kind = (unsigned char)answer->data[1];
	return err_set(err, kind < _ERR_KIND_MAX ? (enum err_kind)kind : ERR_CORRUPT, "%s",
		       answer->data + 2);
}

static int store(int dirfd, const char *name, const char *insns, size_t len, struct err *err)
{
	cleanup(buf_done) struct buf file =
		BUF_INIT(sizeof(struct file_header) + BPF_INSNS_MAX * sizeof(struct sock_filter));
	struct file_header head = {
		.magic = FILE_MAGIC,
		.generation = GENERATION,
		.len = (uint32_t)len,
	};
	struct sha256 h;
	int r;

	sha256_init(&h);
	sha256_add(&h, insns, len);
	sha256_finish(&h, head.sha256);
	buf_add(&file, &head, sizeof(head));
	buf_add(&file, insns, len);
	r = buf_check(&file, err);
	/* Not synced: a file that a power cut spoils fails its digest and is made again. */
	return r < 0 ? r : file_write(dirfd, name, file.data, file.len, 0600, 0, err);
}

int seccomp_prepare(int cache_dirfd, const struct seccomp_policy *p, char *name, size_t size,
		    struct err *err)
{
	cleanup(buf_done) struct buf answer =
		BUF_INIT(1 + BPF_INSNS_MAX * sizeof(struct sock_filter));
	cleanup_free void *cached = NULL;
	struct seccomp_request req;
	size_t len;
	int r;

	if (size < SECCOMP_NAME_MAX)
		return err_set(err, ERR_INVALID, "seccomp: no room for a name");
	if (p->profile && p->profile_len > SECCOMP_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "seccomp profile: larger than %zu bytes",
			       SECCOMP_TEXT_MAX);
	make_request(p, &req);
	if (!p->profile && find_builtin(req.caps)) {
		(void)snprintf(name, size, SECCOMP_BUILTIN "%llx", (unsigned long long)req.caps);
		return 0;
	}
	cache_name(p, &req, name, size);
	if (read_program(cache_dirfd, name, &cached, &len, NULL) == 0)
		return 0;
	r = compile(p, &req, &answer, err);
	if (r < 0)
		return r;
	return store(cache_dirfd, name, answer.data + 1, answer.len - 1, err);
}
