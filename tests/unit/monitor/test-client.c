// SPDX-License-Identifier: Apache-2.0
/*
 * Our side of the protocol against a peer played by the test.
 */
#include "monitor/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/sock.h"
#include "monitor/protocol.h"

static int ours, theirs;

static int make_pair(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(sock_pair(pair), 0);
	ours = pair[0];
	theirs = pair[1];
	return 0;
}

static int close_pair(void **state)
{
	(void)state;
	fd_close(ours);
	fd_close(theirs);
	return 0;
}

static void say(const char *packet, size_t len)
{
	assert_int_equal(sock_send(theirs, packet, len, NULL, 0), 0);
}

static void say_failure(enum err_kind kind, int code, const char *text)
{
	struct body_fail f = {.kind = (int32_t)kind, .code = code};
	char packet[256] = {PACKET_FAIL};

	memcpy(packet + 1, &f, sizeof(f));
	memcpy(packet + 1 + sizeof(f), text, strlen(text));
	say(packet, 1 + sizeof(f) + strlen(text));
}

static void test_request(void **state)
{
	char packet[64];
	struct body_kill b;

	(void)state;
	say("+", 1);
	assert_int_equal(monitor_kill(ours, 15, true, NULL), 0);
	assert_int_equal(sock_recv(theirs, packet, sizeof(packet), NULL, NULL), 1 + sizeof(b));
	assert_int_equal(packet[0], PACKET_KILL);
	memcpy(&b, packet + 1, sizeof(b));
	assert_int_equal(b.sig, 15);
	assert_int_equal(b.by_user, 1);
}

static void test_failure_is_carried(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	say_failure(ERR_NO_COMMAND, -2, "nosuch: not found");
	assert_int_equal(monitor_pause(ours, true, &err), -2);
	assert_int_equal(err.kind, ERR_NO_COMMAND);
	assert_string_equal(err.msg, "nosuch: not found");
	/* A kind that only a newer monitor knows, and a code that would look like success. */
	say_failure((enum err_kind)12345, 7, "x");
	assert_true(monitor_pause(ours, true, &err) < 0);
	assert_int_equal(err.kind, ERR_SYSTEM);
}

static void test_nonsense(void **state)
{
	struct err err = ERR_INIT;
	static const char *const rows[] = {"-", "-abc", "?", "x"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		say(rows[i], strlen(rows[i]));
		assert_true(monitor_pause(ours, true, &err) < 0);
		assert_int_equal(err.kind, ERR_CORRUPT);
	}
	fd_close(TAKE_FD(theirs));
	assert_true(monitor_pause(ours, true, &err) < 0);
	assert_non_null(strstr(err.msg, "gone"));
}

/* The peer closes with packets of ours unread: what it had said before still counts. */
static void test_last_words(void **state)
{
	const int32_t code = 42;
	char packet[1 + sizeof(code)] = {MONITOR_EXIT};
	struct monitor_frame *f = malloc(sizeof(*f));
	int got = 0;

	(void)state;
	memcpy(packet + 1, &code, sizeof(code));
	assert_int_equal(monitor_send(ours, MONITOR_STDIN, "unread", 6), 0);
	say(packet, sizeof(packet));
	fd_close(TAKE_FD(theirs));
	assert_int_equal(monitor_recv(ours, f, NULL), 1);
	assert_int_equal(f->kind, MONITOR_EXIT);
	memcpy(&got, f->data, sizeof(got));
	assert_int_equal(got, 42);
	assert_int_equal(monitor_recv(ours, f, NULL), 0);
	free(f);
}

static void test_wait_skips_output(void **state)
{
	const int32_t code = 3;
	char packet[1 + sizeof(code)] = {MONITOR_EXIT};
	int got = 0;

	(void)state;
	memcpy(packet + 1, &code, sizeof(code));
	say("+", 1);
	say("osome output", 12);
	say("x", 1);
	say(packet, sizeof(packet));
	assert_int_equal(monitor_wait(ours, &got, NULL), 0);
	assert_int_equal(got, 3);
}

static void test_exec(void **state)
{
	char *argv[] = {(char *)"true", NULL}, packet[4096];
	struct oci_process p = {.args = argv, .cwd = (char *)"/"};
	const struct body_exec body = {.pid = 77};
	char answer[1 + sizeof(body)] = {PACKET_OK};
	int fds[4], terminal = -EBADF;
	size_t n = 4;
	pid_t pid = 0;
	ssize_t len;

	(void)state;
	memcpy(answer + 1, &body, sizeof(body));
	assert_int_equal(sock_send(theirs, answer, sizeof(answer), &theirs, 1), 0);
	assert_int_equal(monitor_exec(ours, &p, NULL, &terminal, &pid, NULL), 0);
	assert_int_equal(pid, 77);
	assert_true(terminal >= 0);
	close(terminal);
	len = sock_recv(theirs, packet, sizeof(packet) - 1, fds, &n);
	assert_true(len > 1);
	packet[len] = '\0';
	assert_int_equal(n, 3);
	assert_non_null(strstr(packet, "\"args\":[\"true\"]"));
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void test_config(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 16);
	char *lower[] = {(char *)"/a", (char *)"/b", NULL};
	struct monitor_config in = {.id = (char *)"abc",
				    .lower = lower,
				    .log_max_size = 5,
				    .tty = true},
			      out;

	(void)state;
	assert_int_equal(json_encode_text(&b, &monitor_config_object, &in, NULL), 0);
	assert_int_equal(
		json_decode_text(a, b.data, b.len, &monitor_config_object, &out, "m", NULL), 0);
	assert_string_equal(out.id, "abc");
	assert_string_equal(out.lower[1], "/b");
	assert_null(out.lower[2]);
	assert_null(out.upper);
	assert_true(out.tty && !out.open_stdin);
	assert_int_equal(out.log_max_size, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request),    TEST(test_failure_is_carried), TEST(test_nonsense),
		TEST(test_last_words), TEST(test_wait_skips_output),  TEST(test_exec),
		TEST(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
