// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "log-fixture.h"

static void write_lines(int dirfd, int from, int to, uint64_t max_size, unsigned max_files)
{
	struct log *l = open_log(dirfd, max_size, max_files);
	char line[32];

	for (int i = from; i < to; i++) {
		(void)snprintf(line, sizeof(line), "%06d\n", i);
		assert_int_equal(log_write(l, LOG_STDOUT, line, strlen(line), i * NS_PER_SEC, NULL),
				 0);
	}
	log_close(l);
}

static void check_range(const struct buf *b, int from, int to)
{
	cleanup(buf_done) struct buf want = BUF_INIT(1 << 20);

	buf_puts(&want, "");
	for (int i = from; i < to; i++)
		buf_printf(&want, "o:%06d\n", i);
	assert_string_equal(b->data, want.len ? want.data : "");
}

static void test_empty(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct log_read what = ALL;
	struct dir d;

	(void)state;
	dir_make(&d);
	read_log(d.fd, ALL, &b);
	assert_int_equal(b.len, 0);
	what.tail = 5;
	log_close(open_log(d.fd, 0, 1));
	read_log(d.fd, what, &b);
	assert_int_equal(b.len, 0);
	dir_remove(&d);
}

static void test_tail(void **state)
{
	static const int tails[] = {0, 1, 2, 10, 99, 100, 101, 200, 250, 299, 300, 1000};
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct dir d;

	(void)state;
	dir_make(&d);
	write_lines(d.fd, 0, 300, 10000, 20); /* four files */
	assert_int_equal(faccessat(d.fd, "log.json.2", F_OK, 0), 0);
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		struct log_read what = ALL;

		what.tail = tails[i];
		read_log(d.fd, what, &b);
		check_range(&b, MAX_OF(300 - tails[i], 0), 300);
	}
	dir_remove(&d);
}

/* More than a block, so that the search backwards crosses borders; a torn end does not count. */
static void test_tail_blocks(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct log_read what = ALL;
	struct dir d;
	int fd;

	(void)state;
	dir_make(&d);
	write_lines(d.fd, 0, 9000, 0, 1);
	fd = openat(d.fd, "log.json", O_WRONLY | O_APPEND);
	assert_int_equal(fd_write(fd, "{\"log\":\"to", 10), 0);
	close(fd);
	for (int n = 1; n < 9100; n = n * 2 + 1) {
		what.tail = n;
		read_log(d.fd, what, &b);
		check_range(&b, MAX_OF(9000 - n, 0), 9000);
	}
	dir_remove(&d);
}

static void test_since_until(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct log_read what = ALL;
	struct dir d;

	(void)state;
	dir_make(&d);
	write_lines(d.fd, 1, 300, 10000, 20);
	what.since = 50 * NS_PER_SEC;
	what.until = 120 * NS_PER_SEC;
	read_log(d.fd, what, &b);
	check_range(&b, 50, 121);
	what.stdout_wanted = false;
	read_log(d.fd, what, &b);
	assert_int_equal(b.len, 0);
	dir_remove(&d);
}

static void test_garbage_is_skipped(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	char *giant = malloc(1 << 20);
	struct dir d;
	int fd;

	(void)state;
	dir_make(&d);
	write_lines(d.fd, 0, 1, 0, 1);
	fd = openat(d.fd, "log.json", O_WRONLY | O_APPEND);
	memset(giant, 'z', 1 << 20);
	giant[(1 << 20) - 1] = '\n';
	assert_int_equal(fd_write(fd, giant, 1 << 20), 0);
	assert_int_equal(fd_write(fd, "{\"log\":\"torn{}\n\n\0\n", 18), 0);
	close(fd);
	write_lines(d.fd, 1, 2, 0, 1);
	read_log(d.fd, ALL, &b);
	check_range(&b, 0, 2);
	free(giant);
	dir_remove(&d);
}

static int stop_after(const struct log_record *r, void *data)
{
	int *left = data;

	(void)r;
	return --*left == 0;
}

static void test_stop(void **state)
{
	struct log_read what = ALL;
	int left = 3;
	struct dir d;

	(void)state;
	dir_make(&d);
	write_lines(d.fd, 0, 50, 2000, 20);
	assert_int_equal(log_read_all("json-file", d.fd, &what, stop_after, NULL, &left, NULL), 0);
	assert_int_equal(left, 0);
	dir_remove(&d);
}

/* ---- while a writer writes ---- */

struct following {
	int dirfd;
	int next, first;
	bool gap;
};

static int expect_next(const struct log_record *r, void *data)
{
	struct following *f = data;
	int n = atoi(r->text);

	if (f->first < 0)
		f->first = f->next = n;
	f->gap |= n != f->next || r->len != 7;
	f->next = n + 1;
	return 0;
}

static bool locked(void *data)
{
	return lock_is_held(((struct following *)data)->dirfd, "lock");
}

/* A writer in another process holds the lock as the monitor does. */
static pid_t start_writer(const struct dir *d, int lines, uint64_t max_size, unsigned max_files,
			  int pause_every, bool stay)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct log *l = open_log(d->fd, max_size, max_files);
		char line[32];

		if (lock_try(d->fd, "lock", LOCK_EXCLUSIVE, NULL) < 0)
			_exit(1);
		for (int i = 0; i < lines; i++) {
			(void)snprintf(line, sizeof(line), "%06d\n", i);
			(void)log_write(l, LOG_STDOUT, line, strlen(line), 1, NULL);
			if (i == 0)
				(void)!write(ready[1], "x", 1);
			if (pause_every && i % pause_every == 0)
				usleep(500);
		}
		if (stay)
			for (;;)
				pause();
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_follow_rotation(void **state)
{
	struct log_read what = ALL;
	struct following f = {.first = -1};
	struct dir d;
	pid_t pid;

	(void)state;
	dir_make(&d);
	f.dirfd = d.fd;
	what.follow = true;
	/* 25 records a file, many files: the reader is never rotated away, and must miss nothing.
	 */
	pid = start_writer(&d, 5000, 2500, 1000, 50, false);
	assert_int_equal(log_read_all("json-file", d.fd, &what, expect_next, locked, &f, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(f.first, 0);
	assert_int_equal(f.next, 5000);
	assert_false(f.gap);
	dir_remove(&d);
}

/* Nothing announces the writer's end but the kernel closing its files. */
static void test_follow_killed_writer(void **state)
{
	struct log_read what = ALL;
	struct following f = {.first = -1};
	struct dir d;
	pid_t pid, killer;

	(void)state;
	dir_make(&d);
	f.dirfd = d.fd;
	what.follow = true;
	pid = start_writer(&d, 100, 0, 1, 0, true);
	killer = fork();
	if (killer == 0) {
		usleep(100000);
		_exit(kill(pid, SIGKILL) < 0);
	}
	alarm(10);
	assert_int_equal(log_read_all("json-file", d.fd, &what, expect_next, locked, &f, NULL), 0);
	alarm(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_int_equal(f.next, 100);
	dir_remove(&d);
}

static bool stop_at_1000(const struct following *f)
{
	return f->next >= 1000;
}

static int until_1000(const struct log_record *r, void *data)
{
	(void)expect_next(r, data);
	return stop_at_1000(data);
}

/* Follow with tail 0 of a log that does not exist yet. */
static void test_follow_from_nothing(void **state)
{
	struct log_read what = ALL;
	struct following f = {.first = -1};
	struct dir d;
	pid_t pid;

	(void)state;
	dir_make(&d);
	what.follow = true;
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		write_lines(d.fd, 0, 2000, 5000, 3);
		_exit(0);
	}
	alarm(10);
	assert_int_equal(log_read_all("json-file", d.fd, &what, until_1000, NULL, &f, NULL), 0);
	alarm(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(f.next >= 1000);
	dir_remove(&d);
}

/* Plain reads beside a rotating writer: always one run of numbers without a hole inside. */
static void test_read_beside_writer(void **state)
{
	struct log_read what = ALL;
	struct dir d;
	pid_t pid;

	(void)state;
	dir_make(&d);
	pid = start_writer(&d, 20000, 20000, 1000, 100, false);
	for (int i = 0; i < 20; i++) {
		struct following f = {.first = -1};

		assert_int_equal(
			log_read_all("json-file", d.fd, &what, expect_next, NULL, &f, NULL), 0);
		assert_int_equal(f.first, 0);
		assert_false(f.gap);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	dir_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_tail),
		cmocka_unit_test(test_tail_blocks),
		cmocka_unit_test(test_since_until),
		cmocka_unit_test(test_garbage_is_skipped),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_follow_rotation),
		cmocka_unit_test(test_follow_killed_writer),
		cmocka_unit_test(test_follow_from_nothing),
		cmocka_unit_test(test_read_beside_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
