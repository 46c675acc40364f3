// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/fd.h"
#include "log-fixture.h"

static void test_lines_and_streams(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct dir d;
	struct log *l;

	(void)state;
	dir_make(&d);
	l = open_log(d.fd, 0, 1);
	assert_int_equal(faccessat(d.fd, "log.json", F_OK, 0), -1);
	put(l, LOG_STDOUT, "one\ntw");
	put(l, LOG_STDERR, "err");
	put(l, LOG_STDOUT, "o\n\nthr");
	put(l, LOG_STDERR, "or\n");
	read_log(d.fd, ALL, &b); /* unfinished lines wait */
	assert_string_equal(b.data, "o:one\no:two\no:\ne:error\n");
	assert_int_equal(log_flush(l, NULL), 0);
	log_close(l);
	read_log(d.fd, ALL, &b);
	assert_string_equal(b.data, "o:one\no:two\no:\ne:error\no:thr|\n");
	dir_remove(&d);
}

/* Pieces of 16384 bytes without newline, the rest with; however the input is cut. */
static void check_long_line(size_t line_len, size_t step)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
	char *line = malloc(line_len + 1);
	struct dir d;
	struct log *l;

	dir_make(&d);
	for (size_t i = 0; i < line_len; i++)
		line[i] = (char)('a' + i % 26);
	line[line_len] = '\n';
	l = open_log(d.fd, 0, 1);
	for (size_t at = 0; at <= line_len; at += step)
		assert_int_equal(log_write(l, LOG_STDOUT, line + at,
					   MIN_OF(step, line_len + 1 - at), 1, NULL),
				 0);
	log_close(l);
	for (size_t at = 0; at <= line_len; at += 16384) {
		size_t n = MIN_OF((size_t)16384, line_len - at);

		buf_puts(&want, "o:");
		buf_add(&want, line + at, n);
		buf_puts(&want, n == 16384 ? "|\n" : "\n");
	}
	read_log(d.fd, ALL, &b);
	assert_string_equal(b.data, want.data);
	free(line);
	dir_remove(&d);
}

static void test_long_lines(void **state)
{
	static const size_t lens[] = {16383, 16384, 16385, 32768, 50000};
	static const size_t steps[] = {1000, 16384, 65536};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++)
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++)
			check_long_line(lens[i], steps[k]);
}

static void test_piece_keeps_characters(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct dir d;
	struct log *l;
	char *p, *out;

	(void)state;
	dir_make(&d);
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "\xe2\x82\xac");
	buf_puts(&text, "\n");
	l = open_log(d.fd, 0, 1);
	put(l, LOG_STDOUT, text.data);
	log_close(l);
	read_log(d.fd, ALL, &b);
	for (p = out = b.data; *p;) /* undo the cuts */
		if (strncmp(p, "o:", 2) == 0)
			p += 2;
		else if (strncmp(p, "|\n", 2) == 0)
			p += 2;
		else
			*out++ = *p++;
	*out = '\0';
	assert_string_equal(b.data, text.data);
	dir_remove(&d);
}

static off_t size_of(const struct dir *d, const char *name)
{
	struct stat st;

	return fstatat(d->fd, name, &st, 0) < 0 ? -1 : st.st_size;
}

static void test_rotation(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20), want = BUF_INIT(1 << 20);
	char line[32];
	struct dir d;
	struct log *l;

	(void)state;
	dir_make(&d);
	l = open_log(d.fd, 2000, 3);
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(line, sizeof(line), "line %04d\n", i);
		put(l, i % 2 ? LOG_STDERR : LOG_STDOUT, line);
	}
	log_close(l);
	assert_true(size_of(&d, "log.json") > 0 && size_of(&d, "log.json") <= 2000);
	assert_true(size_of(&d, "log.json.1") > 1800 && size_of(&d, "log.json.1") <= 2000);
	assert_true(size_of(&d, "log.json.2") > 1800 && size_of(&d, "log.json.2") <= 2000);
	assert_int_equal(size_of(&d, "log.json.3"), -1);
	read_log(d.fd, ALL, &b);
	assert_non_null(b.data);
	/* What is left is the end of it all, without a hole. */
	for (int i = 1000 - (int)(b.len / 12); i < 1000; i++)
		buf_printf(&want, "%c:line %04d\n", i % 2 ? 'e' : 'o', i);
	assert_true(b.len / 12 > 40);
	assert_string_equal(b.data, want.data);
	dir_remove(&d);
}

/* The same text in one write: cut at record borders inside one batch. */
static void test_rotation_in_batch(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20), text = BUF_INIT(1 << 20);
	struct dir d;
	struct log *l;

	(void)state;
	dir_make(&d);
	for (int i = 0; i < 2000; i++)
		buf_printf(&text, "line %04d\n", i);
	l = open_log(d.fd, 3000, 2);
	put(l, LOG_STDOUT, text.data);
	log_close(l);
	assert_true(size_of(&d, "log.json") <= 3000);
	assert_true(size_of(&d, "log.json.1") > 2800 && size_of(&d, "log.json.1") <= 3000);
	read_log(d.fd, ALL, &b);
	assert_true(b.len > 12 * 30);
	assert_string_equal(b.data + b.len - 12, "o:line 1999\n");
	dir_remove(&d);
}

static void test_single_file(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct dir d;
	struct log *l;

	(void)state;
	dir_make(&d);
	l = open_log(d.fd, 300, 1);
	for (int i = 0; i < 10; i++)
		put(l, LOG_STDOUT, i == 9 ? "last\n" : "line\n");
	log_close(l);
	assert_int_equal(size_of(&d, "log.json.1"), -1);
	read_log(d.fd, ALL, &b);
	assert_true(b.len > 0 && b.len <= 3 * 7);
	assert_string_equal(b.data + b.len - 7, "o:last\n");
	dir_remove(&d);
}

static void test_torn_end_is_mended(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct dir d;
	struct log *l;
	int fd;

	(void)state;
	dir_make(&d);
	l = open_log(d.fd, 0, 1);
	put(l, LOG_STDOUT, "whole\n");
	log_close(l);
	fd = openat(d.fd, "log.json", O_WRONLY | O_APPEND);
	assert_int_equal(fd_write(fd, "{\"log\":\"to", 10), 0);
	close(fd);
	read_log(d.fd, ALL, &b);
	assert_string_equal(b.data, "o:whole\n");
	l = open_log(d.fd, 0, 1);
	put(l, LOG_STDOUT, "next\n");
	log_close(l);
	read_log(d.fd, ALL, &b);
	assert_string_equal(b.data, "o:whole\no:next\n");
	dir_remove(&d);
}

/* A tmpfs of two pages: told once, whole records only, goes on when there is room. */
static void test_full_disk(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	struct dir d;
	struct log *l;
	int failures = 0, fd;
	char line[200];

	(void)state;
	dir_make(&d);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", d.path, "tmpfs", 0, "size=16k") < 0) {
		dir_remove(&d);
		skip();
	}
	close(d.fd);
	d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(d.fd, "ballast", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(fd_write(fd, (char[8192]){0}, 8192), 0);
	close(fd);
	l = open_log(d.fd, 0, 1);
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < 100; i++)
		failures += log_write(l, LOG_STDOUT, line, sizeof(line), 1, &err) < 0;
	assert_int_equal(failures, 1);
	assert_int_equal(err.code, -ENOSPC);
	assert_int_equal(unlinkat(d.fd, "ballast", 0), 0);
	put(l, LOG_STDOUT, "again\n");
	log_close(l);
	read_log(d.fd, ALL, &b);
	assert_true(b.len > 4000);
	assert_int_equal((b.len - 8) % 202, 0); /* whole records, then ours */
	assert_string_equal(b.data + b.len - 8, "o:again\n");
	close(d.fd);
	assert_int_equal(umount2(d.path, MNT_DETACH), 0);
	d.fd = open("/", O_RDONLY);
	dir_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_and_streams),      cmocka_unit_test(test_long_lines),
		cmocka_unit_test(test_piece_keeps_characters), cmocka_unit_test(test_rotation),
		cmocka_unit_test(test_rotation_in_batch),      cmocka_unit_test(test_single_file),
		cmocka_unit_test(test_torn_end_is_mended),     cmocka_unit_test(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
