// SPDX-License-Identifier: Apache-2.0
#include "base/sock.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../check.h"
#include "base/fd.h"
#include "base/path.h"

static void test_packets(void **state)
{
	int s[2], fds[SOCK_FDS_MAX], file, pipes[2];
	size_t n = SOCK_FDS_MAX;
	char data[8] = "";
	struct stat a, b;

	(void)state;
	assert_int_equal(sock_pair(s), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(sock_send(s[0], "one", 3, (int[]){file, pipes[0]}, 2), 0);
	assert_int_equal(sock_send(s[0], "two", 3, NULL, 0), 0);
	assert_int_equal(sock_recv(s[1], data, sizeof(data), fds, &n), 3);
	assert_memory_equal(data, "one", 3);
	assert_int_equal(n, 2);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fstat(file, &a), 0);
	assert_int_equal(fstat(fds[0], &b), 0);
	assert_true(a.st_rdev == b.st_rdev && S_ISCHR(b.st_mode));
	assert_int_equal(fds[2], -EBADF);
	fd_close(fds[0]);
	fd_close(fds[1]);
	n = SOCK_FDS_MAX;
	assert_int_equal(sock_recv(s[1], data, sizeof(data), fds, &n), 3);
	assert_memory_equal(data, "two", 3);
	assert_int_equal(n, 0);
	assert_int_equal(sock_send(s[0], "too long for it", 15, NULL, 0), 0);
	n = 0;
	assert_int_equal(sock_recv(s[1], data, sizeof(data), fds, &n), -EMSGSIZE);
	fd_close(s[0]);
	n = 0;
	assert_int_equal(sock_recv(s[1], data, sizeof(data), fds, &n), 0);
	fd_close(s[1]);
	fd_close(file);
	fd_close(pipes[0]);
	fd_close(pipes[1]);
}

/* The last words of a peer that left without listening: an error message, or what killed it. */
static void test_last_words(void **state)
{
	size_t n = 0;
	char data[8];
	int s[2];

	(void)state;
	assert_int_equal(sock_pair(s), 0);
	assert_int_equal(sock_send(s[0], "unread", 6, NULL, 0), 0);
	assert_int_equal(sock_send(s[1], "why", 3, NULL, 0), 0);
	fd_close(s[1]);
	assert_int_equal(sock_recv(s[0], data, sizeof(data), NULL, &n), 3);
	assert_memory_equal(data, "why", 3);
	assert_int_equal(sock_recv(s[0], data, sizeof(data), NULL, &n), 0);
	fd_close(s[0]);
}

/* A directory whose path is far longer than sun_path. */
static void test_long_path(void **state)
{
	char dir[] = "/tmp/hoy-test-sock.XXXXXX", name[200];
	struct err err = ERR_INIT;
	struct stat st;
	int top, deep, listening, client, server;

	(void)state;
	assert_non_null(mkdtemp(dir));
	memset(name, 'd', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	top = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	deep = path_open_dir(top, name, 0700, &err);
	check_ok("dir", deep, &err);
	listening = sock_listen(deep, "control", &err);
	check_ok("listen", listening, &err);
	assert_int_equal(fstatat(deep, "control", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client = sock_connect(deep, "control", &err);
	check_ok("connect", client, &err);
	server = sock_accept(listening);
	assert_true(server >= 0);
	fd_close(listening);
	listening = sock_listen(deep, "control", &err);
	check_ok("again", listening, &err);
	fd_close(listening);
	assert_true(sock_connect(deep, "none", NULL) < 0);
	fd_close(client);
	fd_close(server);
	fd_close(deep);
	fd_close(top);
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_long_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
