// SPDX-License-Identifier: Apache-2.0
/* An attached client against a monitor that is the other end of a socket pair. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/sock.h"
#include "cli/stream.h"
#include "monitor/client.h"

struct outcome {
	enum stream_end how;
	int r, exit_code;
	char out[256], err[256];
};

static FILE *redirect(int fd, int *saved)
{
	FILE *f = tmpfile();

	assert_non_null(f);
	fflush(NULL);
	*saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	assert_true(*saved >= 0 && dup2(fileno(f), fd) == fd);
	return f;
}

static void put_back(int fd, int saved, FILE *f, char *text, size_t size)
{
	size_t n;

	assert_true(dup2(saved, fd) == fd);
	close(saved);
	rewind(f);
	n = fread(text, 1, size - 1, f);
	text[n] = 0;
	fclose(f);
}

static struct outcome attach(const struct stream *s, int conn)
{
	struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct command_line c = {.arena = a, .name = "hoy"};
	struct outcome o = {.exit_code = -1};
	struct err err = ERR_INIT;
	int out, errout;
	FILE *f = redirect(STDOUT_FILENO, &out), *g = redirect(STDERR_FILENO, &errout);

	o.r = stream_attached(&c, s, conn, &o.how, &o.exit_code, &err);
	put_back(STDERR_FILENO, errout, g, o.err, sizeof(o.err));
	put_back(STDOUT_FILENO, out, f, o.out, sizeof(o.out));
	arena_free(a);
	return o;
}

static void frames_to_their_streams(void **state UNUSED)
{
	const struct stream s = {.id = "x", .out = true, .err = true};
	const int32_t code = 5;
	struct outcome o;
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDOUT, "one\n", 4), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDERR, "bad\n", 4), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDOUT, "two\n", 4), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_EXIT, &code, sizeof(code)), 0);
	o = attach(&s, pair[0]);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.how, STREAM_EXITED);
	assert_int_equal(o.exit_code, 5);
	assert_string_equal(o.out, "one\ntwo\n");
	assert_string_equal(o.err, "bad\n");
	close(pair[0]);
	close(pair[1]);
}

static void only_what_was_asked_for(void **state UNUSED)
{
	const struct stream s = {.id = "x", .err = true};
	const int32_t code = 0;
	struct outcome o;
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDOUT, "out", 3), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDERR, "err", 3), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_EXIT, &code, sizeof(code)), 0);
	o = attach(&s, pair[0]);
	assert_string_equal(o.out, "");
	assert_string_equal(o.err, "err");
	close(pair[0]);
	close(pair[1]);
}

static void a_killed_monitor_is_noticed(void **state UNUSED)
{
	const struct stream s = {.id = "x", .out = true, .err = true};
	struct outcome o;
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDOUT, "last", 4), 0);
	close(pair[1]);
	o = attach(&s, pair[0]);
	assert_int_equal(o.r, 0);
	assert_int_equal(o.how, STREAM_LOST);
	assert_string_equal(o.out, "last");
	close(pair[0]);
}

/* The other end, which waits for input before it exits with the number of bytes it got. */
static void fake_monitor(int conn)
{
	static struct monitor_frame f;
	int32_t got = 0;

	while (monitor_recv(conn, &f, NULL) == 1 && f.kind == MONITOR_STDIN && f.len > 0)
		got += (int32_t)f.len;
	if (f.len > 0)
		_exit(1);
	(void)monitor_send(conn, MONITOR_EXIT, &got, sizeof(got));
	_exit(0);
}

static void input_and_its_end(void **state UNUSED)
{
	const struct stream s = {.id = "x", .in = true, .out = true, .err = true};
	static char text[50000];
	int pair[2], saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 10);
	FILE *in = tmpfile();
	struct outcome o;
	pid_t pid;

	memset(text, 'x', sizeof(text));
	assert_non_null(in);
	assert_int_equal(fd_write(fileno(in), text, sizeof(text)), 0);
	rewind(in);
	assert_true(dup2(fileno(in), STDIN_FILENO) == STDIN_FILENO);
	assert_int_equal(sock_pair(pair), 0);
	pid = fork();
	if (pid == 0) {
		close(pair[0]);
		fake_monitor(pair[1]);
	}
	close(pair[1]);
	o = attach(&s, pair[0]);
	assert_int_equal(o.how, STREAM_EXITED);
	assert_int_equal(o.exit_code, sizeof(text));
	close(pair[0]);
	fclose(in);
	if (saved >= 0) {
		assert_true(dup2(saved, STDIN_FILENO) == STDIN_FILENO);
		close(saved);
	}
}

static void a_reader_that_went_away(void **state UNUSED)
{
	const struct stream s = {.id = "x", .out = true, .err = true};
	int pair[2], pipefd[2], saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct command_line c = {.arena = a, .name = "hoy"};
	enum stream_end how;
	int code = 0, r;

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(pipe2(pipefd, O_CLOEXEC), 0);
	close(pipefd[0]);
	fflush(stdout);
	assert_true(dup2(pipefd[1], STDOUT_FILENO) == STDOUT_FILENO);
	assert_int_equal(monitor_send(pair[1], MONITOR_STDOUT, "out", 3), 0);
	r = stream_attached(&c, &s, pair[0], &how, &code, NULL);
	assert_true(dup2(saved, STDOUT_FILENO) == STDOUT_FILENO);
	assert_int_equal(r, 0);
	assert_int_equal(how, STREAM_DETACHED); /* the container has not ended */
	assert_int_equal(code, 128 + SIGPIPE);
	close(saved);
	close(pipefd[1]);
	close(pair[0]);
	close(pair[1]);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_to_their_streams),
		cmocka_unit_test(only_what_was_asked_for),
		cmocka_unit_test(a_killed_monitor_is_noticed),
		cmocka_unit_test(input_and_its_end),
		cmocka_unit_test(a_reader_that_went_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
