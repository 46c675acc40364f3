// SPDX-License-Identifier: Apache-2.0
/*
 * lab - what the tests of run/ share: a small root of busybox, configurations by parts, output
 * caught.
 *
 * Everything happens in a mount and network namespace of the test's own, below one temporary
 * directory, and in cgroups below /hoytest-PID. lab_start exits 77 when this host cannot do it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "run/run.h"

#define LAB_ENV "\"env\":[\"PATH=/nowhere:/bin\"]"
#define LAB_CAPS                                                                                   \
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"effective\":["              \
	"\"CAP_CHOWN\",\"CAP_KILL\"],\"permitted\":[\"CAP_CHOWN\",\"CAP_KILL\"]}"
#define LAB_MOUNTS                                                                                 \
	"{\"destination\":\"/"                                                                     \
	"proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"nosuid\","                    \
	"\"noexec\",\"nodev\"]},{\"destination\":\"/"                                              \
	"dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","                                           \
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},{\"destination\":" \
	"\"/dev/"                                                                                  \
	"pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"nosuid\",\"noexec\","      \
	"\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]},{\"destination\":\"/sys\",\"type\":"    \
	"\"sysfs\",\"source\":\"sysfs\",\"options\":[\"ro\",\"nosuid\"]}"
#define LAB_NS                                                                                     \
	"{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":" \
	"\"network\"}"

struct lab {
	char dir[64];
	int fd;
	int bundle;
	char cgroup[64];
	struct arena *arena;
	struct oci_spec spec;
	struct err err;
	char out[65536];
	int status;
};

/* Parts of a configuration; NULL: the default. */
struct lab_parts {
	const char *args;    /* JSON strings with commas */
	const char *process; /* further members of process, with a leading comma */
	const char *user;    /* the user object */
	const char *caps;
	const char *mounts; /* further mounts, with a leading comma */
	const char *ns;
	const char *linux_; /* further members of linux, with a leading comma */
	const char *top;    /* further members, with a leading comma */
};

static struct lab lab = {.fd = -EBADF, .bundle = -EBADF};

static inline void lab_skip(const char *why)
{
	(void)fprintf(stderr, "skipped: %s\n", why);
	exit(77);
}

static inline void lab_copy(const char *from, const char *to)
{
	cleanup(buf_done) struct buf b = BUF_INIT(32 << 20);
	int in = open(from, O_RDONLY | O_CLOEXEC);

	if (in < 0)
		lab_skip("no /bin/busybox");
	assert_int_equal(fd_read_all(in, &b, from, NULL), 0);
	assert_int_equal(file_write(lab.fd, to, b.data, b.len, 0755, 0, &lab.err), 0);
	fd_close(in);
}

static inline void lab_start(void)
{
	static const char *const dirs[] = {"b", "b/rootfs", "b/rootfs/bin", "b/rootfs/etc",
					   "b/rootfs/tmp"};
	static const char *const applets[] = {
		"sh",       "cat",      "id",   "ls",    "true", "sleep", "stat",  "grep",
		"echo",     "head",     "dd",   "umask", "pwd",  "tty",   "mount", "touch",
		"readlink", "hostname", "kill", "wc",    "rm",   "mkdir", "uname"};

	if (geteuid() != 0)
		lab_skip("needs root");
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		lab_skip("cannot make namespaces");
	strcpy(lab.dir, "/var/tmp/hoy-run-XXXXXX");
	assert_non_null(mkdtemp(lab.dir));
	assert_int_equal(chmod(lab.dir, 0755), 0);
	lab.fd = open(lab.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(mkdirat(lab.fd, dirs[i], 0755), 0);
	lab_copy("/bin/busybox", "b/rootfs/bin/busybox");
	for (size_t i = 0; i < ARRAY_SIZE(applets); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "b/rootfs/bin/%s", applets[i]);
		assert_int_equal(symlinkat("busybox", lab.fd, path), 0);
	}
	lab.bundle = openat(lab.fd, "b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(lab.cgroup, sizeof(lab.cgroup), "/hoytest-%d/c", getpid());
}

static inline void lab_stop(void)
{
	struct cgroup *cg = NULL;
	char parent[64];

	(void)snprintf(parent, sizeof(parent), "/hoytest-%d", getpid());
	if (cgroup_open(parent, NULL, 0, &cg, NULL) == 0) {
		(void)cgroup_kill(cg, NULL);
		(void)cgroup_remove(cg, NULL);
		cgroup_free(cg);
	}
	arena_free(lab.arena);
	(void)path_remove_tree(AT_FDCWD, lab.dir, NULL);
}

static inline void lab_spec(const struct lab_parts *p)
{
	const char *root =
		strstr(p->top ?: "", "\"root\"") ? "" : ",\"root\":{\"path\":\"rootfs\"}";
	char *text;

	arena_free(lab.arena);
	lab.arena = arena_new(ARENA_DEFAULT_MAX);
	lab.err = ERR_INIT;
	text = arena_printf(
		lab.arena,
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[%s],\"cwd\":\"/\"," LAB_ENV
		",\"user\":%s,%s%s},\"mounts\":[" LAB_MOUNTS "%s],\"linux\":{\"namespaces\":[%s],"
		"\"cgroupsPath\":\"%s\"%s}%s%s}",
		p->args ?: "\"true\"", p->user ?: "{}", p->caps ?: LAB_CAPS, p->process ?: "",
		p->mounts ?: "", p->ns ?: LAB_NS, lab.cgroup, p->linux_ ?: "", root, p->top ?: "");
	if (oci_spec_decode(lab.arena, text, strlen(text), &lab.spec, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
}

static inline void lab_read(int fd)
{
	ssize_t n = fd_read(fd, lab.out, sizeof(lab.out) - 1);

	lab.out[n > 0 ? n : 0] = '\0';
	close(fd);
}

/* Creates; the output pipe's read end in *out. */
static inline int lab_create(const struct run_options *more, struct run_container **c, int *out)
{
	struct run_options o = more ? *more : (struct run_options){.init_path = NULL};
	int p[2], r;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	o.id = "lab";
	o.spec = &lab.spec;
	o.bundle_fd = lab.bundle;
	o.stdin_fd = -EBADF;
	o.stdout_fd = o.stderr_fd = p[1];
	r = run_create(&o, c, &lab.err);
	close(p[1]);
	*out = p[0];
	return r;
}

/* The whole life; lab.out and lab.status. A failure's code. */
static inline int lab_run_with(const struct run_options *more)
{
	struct run_container *c = NULL;
	int out, r = lab_create(more, &c, &out);

	lab.out[0] = '\0';
	if (r == 0)
		r = run_start(c, &lab.err);
	if (r == 0) {
		lab_read(out);
		assert_int_equal(waitpid(run_pid(c), &lab.status, 0), run_pid(c));
	} else {
		close(out);
	}
	if (c)
		assert_int_equal(run_delete(c, NULL), 0);
	run_container_free(c);
	return r;
}

static inline void lab_ok(const struct lab_parts *p)
{
	lab_spec(p);
	if (lab_run_with(NULL) < 0)
		fail_msg("%s", lab.err.msg);
}

static inline void lab_shell(const char *script, struct lab_parts p)
{
	char args[4096];

	(void)snprintf(args, sizeof(args), "\"sh\",\"-c\",\"%s\"", script);
	p.args = args;
	lab_ok(&p);
}

/* Must fail with this message, and leave no child and no cgroup. */
static inline void lab_fails(const struct lab_parts *p, const char *msg)
{
	struct cgroup *cg = NULL;

	lab_spec(p);
	assert_true(lab_run_with(NULL) < 0);
	assert_string_equal(lab.err.msg, msg);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	assert_true(cgroup_open(lab.cgroup, NULL, 0, &cg, NULL) < 0);
}

static inline void says(const char *want)
{
	if (!strstr(lab.out, want))
		fail_msg("no \"%s\" in: %s", want, lab.out);
}

static inline void says_not(const char *bad)
{
	if (strstr(lab.out, bad))
		fail_msg("\"%s\" in: %s", bad, lab.out);
}

static inline int lab_exec(struct run_container *c, const char *args, const char *process,
			   struct run_process *rp)
{
	struct run_exec e = {
		.container_pidfd = run_pidfd(c),
		.container_pid = run_pid(c),
		.cgroup = run_cgroup(c),
		.stdin_fd = -EBADF,
	};
	struct oci_process p;
	char text[1024];
	int fds[2], r;

	(void)snprintf(text, sizeof(text),
		       "{\"args\":[%s],\"cwd\":\"/\"," LAB_ENV "," LAB_CAPS "%s}", args, process);
	assert_int_equal(oci_process_decode(lab.arena, text, strlen(text), &p, &lab.err), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	e.process = &p;
	e.stdout_fd = e.stderr_fd = fds[1];
	r = run_exec(&e, rp, &lab.err);
	close(fds[1]);
	if (r == 0)
		lab_read(fds[0]);
	else
		close(fds[0]);
	return r;
}
