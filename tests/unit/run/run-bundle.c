// SPDX-License-Identifier: Apache-2.0
/*
 * run-bundle - runs one OCI bundle with the library, for measurements and by hand. Not installed.
 *
 *   run-bundle [-n TIMES] [-x "CMD ARG…"] BUNDLE CGROUP-PATH
 *
 * -n repeats the whole life and prints the median of milliseconds; -x executes a second command
 * that many times in one container instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "run/run.h"

static int fail(const struct err *err)
{
	(void)fprintf(stderr, "run-bundle: %s\n", err->msg);
	return err->kind == ERR_NO_COMMAND ? 127 : err->kind == ERR_NOT_EXECUTABLE ? 126 : 125;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report(int64_t *t, size_t n)
{
	if (n < 2)
		return;
	qsort(t, n, sizeof(*t), by_value);
	(void)printf("median %.3f ms, min %.3f, max %.3f\n", (double)t[n / 2] / 1e6,
		     (double)t[0] / 1e6, (double)t[n - 1] / 1e6);
}

static int run_once(const struct run_options *o, int *status, struct err *err)
{
	cleanup(run_container_free) struct run_container *c = NULL;
	int r = run_create(o, &c, err);

	if (r < 0)
		return r;
	r = run_start(c, err);
	if (r == 0 && waitpid(run_pid(c), status, 0) < 0)
		r = -errno;
	return run_delete(c, r < 0 ? NULL : err) < 0 && r == 0 ? -1 : r;
}

static int exec_many(const struct run_options *o, char **argv, int64_t *times, size_t n,
		     struct err *err)
{
	cleanup(run_container_free) struct run_container *c = NULL;
	struct oci_process p = *o->spec->process;
	int r = run_create(o, &c, err), status;

	p.args = argv;
	p.terminal = false;
	if (r == 0)
		r = run_start(c, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct run_exec e = {.container_pidfd = run_pidfd(c),
				     .container_pid = run_pid(c),
				     .process = &p,
				     .cgroup = run_cgroup(c),
				     .stdin_fd = 0,
				     .stdout_fd = 1,
				     .stderr_fd = 2};
		struct run_process rp;
		int64_t t = clock_monotonic();

		r = run_exec(&e, &rp, err);
		if (r == 0 && waitpid(rp.pid, &status, 0) != rp.pid)
			r = err_sys(err, errno, "wait");
		if (r == 0)
			fd_close(rp.pidfd);
		times[i] = clock_monotonic() - t;
	}
	if (c)
		(void)run_delete(c, NULL);
	return r;
}

int main(int argc, char **argv)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct oci_spec spec;
	size_t n = 1;
	char *command = NULL;
	int opt, status = 0, dir;
	int64_t *times;

	while ((opt = getopt(argc, argv, "n:x:")) != -1)
		if (opt == 'n')
			n = (size_t)atoi(optarg);
		else if (opt == 'x')
			command = optarg;
		else
			return 125;
	if (argc - optind != 2 || n == 0)
		return 125;
	dir = open(argv[optind], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || file_read(dir, "config.json", &b, &err) < 0 ||
	    oci_spec_decode(a, b.data, b.len, &spec, &err) < 0)
		return fail(&err);
	if (spec.linux)
		spec.linux->cgroups_path = argv[optind + 1];
	times = calloc(n, sizeof(*times));
	struct run_options o = {.id = "bundle",
				.spec = &spec,
				.bundle_fd = dir,
				.stdin_fd = 0,
				.stdout_fd = 1,
				.stderr_fd = 2};
	if (command) {
		if (exec_many(&o, strv_split(a, command, ' ', 0), times, n, &err) < 0)
			return fail(&err);
		report(times, n);
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		int64_t t = clock_monotonic();

		if (run_once(&o, &status, &err) < 0)
			return fail(&err);
		times[i] = clock_monotonic() - t;
	}
	report(times, n);
	free(times);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
