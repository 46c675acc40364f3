// SPDX-License-Identifier: Apache-2.0
/*
 * The real hoy-monitor (of this build, or of $HOY_LIBEXECDIR) around real containers: an empty root
 * with the host's /bin, /lib, … bound read-only, own pid, mount, ipc and uts namespaces, a cgroup
 * of our own. Needs root.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/sock.h"
#include "logs/log.h"
#include "monitor/client.h"
#include "monitor/protocol.h"
#include "spec/container.h"

struct box {
	char id[ID_LEN + 1];
	char root[64]; /* containers/ID and run/ID are below */
	int dir, run, conn;
	bool tty, open_stdin, stdin_once, auto_remove;
	const char *reaper;
	uint64_t max_size;
};

static const char *const shared[] = {"/bin", "/sbin", "/lib", "/lib64", "/usr", "/proc"};

static void box_config(struct box *b, const char *command)
{
	cleanup(buf_done) struct buf t = BUF_INIT(1 << 20);
	char quoted[8192], *q = quoted;

	for (const char *s = command; *s; s++) {
		if (*s == '"' || *s == '\\')
			*q++ = '\\';
		*q++ = *s;
	}
	*q = '\0';
	buf_printf(&t,
		   "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"hostname\":\"box\","
		   "\"process\":{\"terminal\":%s,\"user\":{\"uid\":0,\"gid\":0},\"cwd\":\"/\","
		   "\"env\":[\"PATH=/usr/bin:/bin\"],\"args\":[%s%s%s]},\"mounts\":[",
		   b->tty ? "true" : "false", *command == '/' ? "\"" : "\"/bin/sh\",\"-c\",\"",
		   quoted, "\"");
	buf_puts(&t, "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"}");
	if (b->tty)
		buf_puts(&t,
			 ",{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
			 "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
			 "\"options\":[\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"]}");
	for (size_t i = 0; i + 1 < ARRAY_SIZE(shared); i++)
		if (access(shared[i], F_OK) == 0)
			buf_printf(&t,
				   ",{\"destination\":\"%s\",\"type\":\"bind\",\"source\":\"%s\","
				   "\"options\":[\"rbind\",\"ro\"]}",
				   shared[i], shared[i]);
	buf_printf(&t,
		   "],\"linux\":{\"cgroupsPath\":\"/hoytest-monitor/"
		   "%s\",\"namespaces\":[{\"type\":\"pid\"},"
		   "{\"type\":\"mount\"},{\"type\":\"ipc\"},{\"type\":\"uts\"}],"
		   "\"resources\":{\"pids\":{\"limit\":100}}}}",
		   b->id);
	assert_int_equal(buf_check(&t, NULL), 0);
	assert_int_equal(file_write(b->dir, "config.json", t.data, t.len, 0600, 0, NULL), 0);
}

static void box_make(struct box *b, const char *command)
{
	cleanup(buf_done) struct buf t = BUF_INIT(1 << 16);
	struct monitor_config m = {
		.id = b->id,
		.log_driver = (char *)"json-file",
		.log_max_size = b->max_size,
		.log_max_files = 3,
		.open_stdin = b->open_stdin,
		.stdin_once = b->stdin_once,
		.tty = b->tty,
		.auto_remove = b->auto_remove,
		.reaper = (char *)b->reaper,
		.root = b->root,
		.run_root = b->root,
	};
	char path[256];

	id_random(b->id, ID_LEN);
	strcpy(b->root, "/tmp/hoy-test-monitor-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	(void)snprintf(path, sizeof(path), "%s/containers/%s/rootfs", b->root, b->id);
	assert_int_equal(path_mkdir_p(path, 0700, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		(void)snprintf(path, sizeof(path), "%s/containers/%s/rootfs%s", b->root, b->id,
			       shared[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/containers/%s/rootfs/dev", b->root, b->id);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/containers/%s", b->root, b->id);
	b->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/run/%s", b->root, b->id);
	assert_int_equal(path_mkdir_p(path, 0700, NULL), 0);
	b->run = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(b->dir >= 0 && b->run >= 0);
	box_config(b, command);
	assert_int_equal(json_encode_text(&t, &monitor_config_object, &m, NULL), 0);
	assert_int_equal(file_write(b->dir, "monitor.json", t.data, t.len, 0600, 0, NULL), 0);
	b->conn = -EBADF;
}

static int box_start_raw(struct box *b, bool attached, struct err *err)
{
	return monitor_start(
		&(struct monitor_start){
			.container_dirfd = b->dir,
			.run_dirfd = b->run,
			.attach_stdin = attached && b->open_stdin,
			.attach_stdout = attached,
			.attach_stderr = attached,
			.rows = 40,
			.cols = 100,
		},
		&b->conn, err);
}

static void box_start(struct box *b, const char *command, bool attached)
{
	struct err err = ERR_INIT;

	box_make(b, command);
	if (box_start_raw(b, attached, &err) < 0)
		fail_msg("%s", err.msg);
}

static void box_state(const struct box *b, struct arena *a, struct container_state *s)
{
	cleanup(buf_done) struct buf t = BUF_INIT(1 << 16);

	assert_int_equal(file_read(b->dir, "state", &t, NULL), 0);
	assert_int_equal(container_state_decode(a, t.data, t.len, s, NULL), 0);
}

static bool gone_soon(bool (*there)(const struct box *b), const struct box *b)
{
	for (int i = 0; i < 500; i++) {
		if (!there(b))
			return true;
		usleep(10000);
	}
	return false;
}

static bool monitor_lives(const struct box *b)
{
	return lock_is_held(b->run, "lock");
}

static bool cgroup_there(const struct box *b)
{
	static const char *const tops[] = {"",        "/unified", "/pids",
					   "/memory", "/freezer", "/devices"};
	char path[256];

	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/hoytest-monitor/%s", tops[i],
			       b->id);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void box_remove(struct box *b)
{
	fd_close(b->conn);
	assert_true(gone_soon(monitor_lives, b));
	assert_true(gone_soon(cgroup_there, b));
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	close(b->dir);
	close(b->run);
	assert_int_equal(path_remove_tree(AT_FDCWD, b->root, NULL), 0);
}

/* Frames up to the exit: output collected, the exit code returned; -1: the connection ended. */
static int read_frames(int conn, struct buf *out, struct buf *errs)
{
	struct monitor_frame *f = malloc(sizeof(*f));
	int32_t code = -1;

	for (;;) {
		int r = monitor_recv(conn, f, NULL);

		assert_true(r >= 0);
		if (r == 0)
			break;
		if (f->kind == MONITOR_STDOUT && out)
			buf_add(out, f->data, f->len);
		else if (f->kind == MONITOR_STDERR && errs)
			buf_add(errs, f->data, f->len);
		else if (f->kind == MONITOR_EXIT) {
			memcpy(&code, f->data, sizeof(code));
			break;
		}
	}
	free(f);
	return code;
}

static int request(const struct box *b)
{
	int c = monitor_connect(b->run, NULL);

	assert_true(c >= 0);
	return c;
}

static int kill_box(const struct box *b, int sig)
{
	int c = request(b), r = monitor_kill(c, sig, true, NULL);

	close(c);
	return r;
}

static int wait_box(const struct box *b)
{
	int c = request(b), code = -1;

	assert_int_equal(monitor_wait(c, &code, NULL), 0);
	close(c);
	return code;
}

static int collect(const struct log_record *r, void *data)
{
	buf_add(data, r->text, r->len);
	return 0;
}

static void box_log(const struct box *b, struct buf *t)
{
	struct log_read all = {.stdout_wanted = true, .stderr_wanted = true, .tail = -1};

	assert_int_equal(log_read_all("json-file", b->dir, &all, collect, NULL, t, NULL), 0);
	buf_puts(t, "");
}

/* ---- tests ---- */

static void test_run(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	cleanup(buf_done) struct buf out = BUF_INIT(1 << 20), errs = BUF_INIT(1 << 20),
				     log = BUF_INIT(1 << 20);
	struct container_state s;
	struct box b = {};

	(void)state;
	box_start(&b, "echo hello; echo oops >&2; exit 3", true);
	assert_int_equal(read_frames(b.conn, &out, &errs), 3);
	assert_string_equal(out.data, "hello\n");
	assert_string_equal(errs.data, "oops\n");
	box_state(&b, a, &s);
	assert_int_equal(s.status, CONTAINER_EXITED);
	assert_int_equal(s.exit_code, 3);
	assert_int_equal(s.pid, 0);
	assert_true(s.started_at > 0 && s.finished_at >= s.started_at);
	assert_false(s.oom_killed);
	box_log(&b, &log);
	assert_int_equal(log.len, strlen("hello\noops\n"));
	assert_int_equal(monitor_wait_gone(b.conn, NULL), 0);
	assert_int_equal(faccessat(b.run, "control", F_OK, 0), -1);
	/* And once more: the log goes on, the state is fresh. */
	fd_close(b.conn);
	assert_int_equal(box_start_raw(&b, true, NULL), 0);
	assert_int_equal(read_frames(b.conn, NULL, NULL), 3);
	buf_reset(&log);
	box_log(&b, &log);
	assert_int_equal(log.len, 2 * strlen("hello\noops\n"));
	box_remove(&b);
}

static void test_cannot_start(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_state s;
	struct err err = ERR_INIT;
	struct box b = {};

	(void)state;
	box_make(&b, "/nonexistent");
	assert_true(box_start_raw(&b, true, &err) < 0);
	assert_int_equal(err.kind, ERR_NO_COMMAND);
	assert_non_null(strstr(err.msg, "/nonexistent"));
	box_state(&b, a, &s);
	assert_int_equal(s.status, CONTAINER_CREATED);
	assert_int_equal(s.exit_code, 127);
	assert_string_equal(s.error, err.msg);
	box_remove(&b);
	b = (struct box){};
	box_make(&b, "/usr");
	assert_true(box_start_raw(&b, true, &err) < 0);
	assert_int_equal(err.kind, ERR_NOT_EXECUTABLE);
	box_state(&b, a, &s);
	assert_int_equal(s.exit_code, 126);
	assert_int_equal(unlinkat(b.dir, "config.json", 0), 0);
	err = ERR_INIT;
	assert_true(box_start_raw(&b, true, &err) < 0);
	assert_non_null(strstr(err.msg, "config.json"));
	box_remove(&b);
}

static void test_second_start_is_refused(void **state)
{
	struct err err = ERR_INIT;
	struct box b = {};
	int first;

	(void)state;
	box_start(&b, "sleep 100", false);
	first = b.conn;
	assert_true(box_start_raw(&b, false, &err) < 0);
	assert_int_equal(err.kind, ERR_CONFLICT);
	b.conn = first;
	assert_int_equal(kill_box(&b, SIGKILL), 0);
	box_remove(&b);
}

static void test_starter_hangs_up(void **state)
{
	struct monitor_start s;
	struct box b = {};

	(void)state;
	box_make(&b, "echo never");
	s = (struct monitor_start){.container_dirfd = b.dir, .run_dirfd = b.run};
	assert_int_equal(monitor_spawn(&s, &b.conn, NULL), 0);
	usleep(30000);
	fd_close(TAKE_FD(b.conn));
	assert_true(gone_soon(monitor_lives, &b));
	assert_int_equal(faccessat(b.dir, "state", F_OK, 0), -1);
	box_remove(&b);
}

static void test_stdin(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT(1 << 20);
	struct box b = {.open_stdin = true, .stdin_once = true};

	(void)state;
	box_start(&b, "cat; echo end", true);
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "one\n", 4), 0);
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "two\n", 4), 0);
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "", 0), 0);
	assert_int_equal(read_frames(b.conn, &out, NULL), 0);
	assert_string_equal(out.data, "one\ntwo\nend\n");
	box_remove(&b);
	/* Without -i: /dev/null. */
	b = (struct box){};
	box_start(&b, "cat; exit 7", true);
	assert_int_equal(read_frames(b.conn, NULL, NULL), 7);
	box_remove(&b);
}

/* More than every pipe and socket on the way holds, while nothing is read until the reader sleeps
 * out. */
static void test_stdin_backpressure(void **state)
{
	const size_t total = 4 << 20, step = 50000;
	cleanup(buf_done) struct buf out = BUF_INIT(1 << 20);
	struct box b = {.open_stdin = true, .stdin_once = true};
	char *data = calloc(1, step), want[32];
	size_t sent = 0;

	(void)state;
	box_start(&b, "sleep 0.2; cat | wc -c", true);
	while (sent < total) {
		size_t n = MIN_OF(step, total - sent);

		assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, data, n), 0);
		sent += n;
	}
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "", 0), 0);
	assert_int_equal(read_frames(b.conn, &out, NULL), 0);
	(void)snprintf(want, sizeof(want), "%zu\n", total);
	assert_string_equal(out.data, want);
	free(data);
	box_remove(&b);
}

static void test_two_clients(void **state)
{
	cleanup(buf_done) struct buf one = BUF_INIT(1 << 20), two = BUF_INIT(1 << 20);
	struct box b = {.open_stdin = true};
	int second;

	(void)state;
	box_start(&b, "read x; echo $x; read x; echo $x; exit 5", true);
	second = request(&b);
	assert_int_equal(monitor_attach(second, true, true, true, NULL), 0);
	assert_int_equal(monitor_send(second, MONITOR_STDIN, "from two\n", 9), 0);
	usleep(20000);
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "from one\n", 9), 0);
	assert_int_equal(read_frames(b.conn, &one, NULL), 5);
	assert_int_equal(read_frames(second, &two, NULL), 5);
	assert_string_equal(one.data, "from two\nfrom one\n");
	assert_string_equal(two.data, one.data);
	close(second);
	box_remove(&b);
}

/* It loses nothing, slows the container down meanwhile, and the log has everything, too. */
static void test_slow_client(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT(8 << 20), log = BUF_INIT(8 << 20);
	struct box b = {};

	(void)state;
	box_start(&b,
		  "head -c 3000000 /dev/zero 2>/dev/null | tr '\\0' x; i=0; "
		  "while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done",
		  true);
	usleep(300000);
	assert_int_equal(read_frames(b.conn, &out, NULL), 0);
	assert_string_equal(out.data + out.len - 11, "line 19999\n");
	box_log(&b, &log);
	assert_int_equal(log.len, out.len);
	assert_memory_equal(log.data, out.data, log.len);
	box_remove(&b);
}

/* One that never reads does not keep the end from being recorded; one that is gone stops nothing.
 */
static void test_stuck_and_dead_clients(void **state)
{
	struct box b = {};
	int stuck, dead;

	(void)state;
	box_start(&b, "sleep 0.2; head -c 200000 /usr/bin/env; exit 4", false);
	stuck = request(&b);
	dead = request(&b);
	assert_int_equal(monitor_attach(stuck, false, true, true, NULL), 0);
	assert_int_equal(monitor_attach(dead, false, true, true, NULL), 0);
	close(dead);
	assert_int_equal(wait_box(&b), 4);
	assert_int_equal(read_frames(stuck, NULL, NULL), 4);
	close(stuck);
	box_remove(&b);
}

static void test_kill_and_wait(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_state s;
	struct err err = ERR_INIT;
	struct box b = {};
	int c, code = -1;

	(void)state;
	box_start(&b, "trap 'exit 9' USR1; echo up; while :; do sleep 0.05; done", true);
	c = request(&b);
	assert_true(monitor_kill(c, 100, true, &err) < 0);
	assert_int_equal(err.kind, ERR_INVALID);
	close(c);
	usleep(50000);
	assert_int_equal(kill_box(&b, SIGUSR1), 0);
	assert_int_equal(read_frames(b.conn, NULL, NULL), 9);
	box_state(&b, a, &s);
	assert_true(s.stopped_by_user);
	box_remove(&b);
	b = (struct box){};
	box_start(&b, "sleep 100", false);
	c = request(&b);
	assert_int_equal(kill_box(&b, SIGKILL), 0);
	if (monitor_wait(c, &code, NULL) == 0)
		assert_int_equal(code, 137);
	close(c);
	box_remove(&b);
}

static void test_pause(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_state s;
	struct err err = ERR_INIT;
	struct box b = {};
	int c;

	(void)state;
	box_start(&b, "sleep 100", false);
	c = request(&b);
	assert_true(monitor_pause(c, false, &err) < 0);
	assert_int_equal(err.kind, ERR_CONFLICT);
	assert_int_equal(monitor_pause(c, true, NULL), 0);
	box_state(&b, a, &s);
	assert_int_equal(s.status, CONTAINER_PAUSED);
	assert_true(monitor_pause(c, true, &err) < 0);
	assert_non_null(strstr(err.msg, "already paused"));
	assert_int_equal(monitor_pause(c, false, NULL), 0);
	box_state(&b, a, &s);
	assert_int_equal(s.status, CONTAINER_RUNNING);
	assert_int_equal(monitor_pause(c, true, NULL), 0);
	close(c);
	assert_int_equal(kill_box(&b, SIGKILL), 0); /* thaws it */
	box_remove(&b);
}

static void test_exec(void **state)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo in; exit 6", NULL},
	     *env[] = {(char *)"PATH=/bin:/usr/bin", NULL};
	struct oci_process p = {.args = argv, .env = env, .cwd = (char *)"/"};
	struct box b = {};
	int c, pipes[2], code = -1;
	char text[16] = "";
	pid_t pid = 0;

	(void)state;
	box_start(&b, "sleep 100", false);
	for (int i = 0; i < 2; i++) { /* the second one with a process that does not fit a packet */
		cleanup_free char *big = calloc(1, 100001);

		memset(big, 'x', 100000);
		memcpy(big, "BIG=", 4);
		env[0] = i ? big : env[0];
		c = request(&b);
		assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
		assert_int_equal(
			monitor_exec(c, &p, (int[]){-1, pipes[1], pipes[1]}, NULL, &pid, NULL), 0);
		assert_true(pid > 0);
		close(pipes[1]);
		assert_int_equal(monitor_exec_wait(c, &code, NULL), 0);
		assert_int_equal(code, 6);
		assert_int_equal(read(pipes[0], text, sizeof(text)), 3);
		assert_memory_equal(text, "in\n", 3);
		close(pipes[0]);
		close(c);
	}
	/* One that is running when the container ends, and one whose client went away. */
	argv[2] = (char *)"exec sleep 100";
	env[0] = (char *)"PATH=/bin:/usr/bin";
	c = request(&b);
	assert_int_equal(monitor_exec(c, &p, NULL, NULL, &pid, NULL), 0);
	close(c);
	c = request(&b);
	assert_int_equal(monitor_exec(c, &p, NULL, NULL, NULL, NULL), 0);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(kill_box(&b, SIGKILL), 0);
	assert_int_equal(monitor_exec_wait(c, &code, NULL), 0);
	assert_int_equal(code, 137);
	close(c);
	box_remove(&b);
	assert_int_equal(kill(pid, 0), -1);
}

/* What is not said is as with the container's first process. */
static void test_exec_like(void **state)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", NULL, NULL};
	char *env[] = {(char *)"ADDED=a b", (char *)"PATH=/bin", (char *)"ADDED=last", NULL};
	struct monitor_exec_like l = {.args = argv, .env = env, .cwd = "/proc"};
	struct box b = {.tty = true};
	int c, pipes[2], code = -1, terminal = -EBADF;
	char text[256] = "";

	(void)state;
	box_start(&b, "sleep 100", false);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	argv[2] = (char *)"echo \"$PWD $ADDED $PATH\"; test -z \"$TERM\" -a ! -t 1 && exit 9";
	c = request(&b);
	assert_int_equal(monitor_exec_like(c, &l, (int[]){-1, pipes[1], -1}, NULL, NULL, NULL), 0);
	assert_int_equal(monitor_exec_wait(c, &code, NULL), 0);
	assert_int_equal(code, 9);
	close(c);
	assert_true(read(pipes[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "/proc last /bin\n");
	/* with a terminal, and nothing else */
	l = (struct monitor_exec_like){.args = argv, .terminal = true};
	argv[2] = (char *)"test -t 1 -a \"$TERM\" = xterm -a \"$PWD\" = / && exit 8";
	c = request(&b);
	assert_int_equal(monitor_exec_like(c, &l, NULL, &terminal, NULL, NULL), 0);
	assert_int_equal(monitor_exec_wait(c, &code, NULL), 0);
	assert_int_equal(code, 8);
	close(c);
	close(terminal);
	/* no command, or a body that says more than it holds */
	argv[0] = NULL;
	c = request(&b);
	assert_true(monitor_exec_like(c, &l, NULL, NULL, NULL, NULL) < 0);
	close(c);
	for (uint32_t i = 0; i < 3; i++) {
		struct {
			char kind;
			struct body_exec_like head;
			char text[6];
		} __attribute__((packed)) p = {PACKET_EXEC_LIKE,
					       {.n_args = i == 0   ? 3
							  : i == 1 ? UINT32_MAX
								   : 1},
					       {'/', 0, 'x', 0, 'y', i == 2 ? 'z' : 0}};
		char answer[2048] = "";
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		const int fds[] = {null, null, null};
		size_t n = 0;

		c = request(&b);
		assert_int_equal(sock_send(c, (char *)&p, sizeof(p), fds, 3), 0);
		assert_true(sock_recv(c, answer, sizeof(answer) - 1, NULL, &n) > 9);
		assert_int_equal(answer[0], PACKET_FAIL);
		assert_string_equal(answer + 1 + sizeof(struct body_fail),
				    "exec: malformed request");
		close(null);
		close(c);
	}
	close(pipes[0]);
	close(pipes[1]);
	assert_int_equal(kill_box(&b, SIGKILL), 0);
	box_remove(&b);
}

/* The database's index is held open, if a connection lives when we start: byte 128 of its file. */
static void test_holds_index(void **state)
{
	(void)state;
	for (int lives = 0; lives < 2; lives++) {
		struct flock l = {.l_type = F_RDLCK, .l_start = 128, .l_len = 1};
		struct box b = {};
		char path[128];
		int fd;

		box_make(&b, "sleep 100");
		(void)snprintf(path, sizeof(path), "%s/db.sqlite-shm", b.root);
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
		if (lives)
			assert_int_equal(fcntl(fd, F_SETLK, &l), 0);
		assert_int_equal(box_start_raw(&b, false, NULL), 0);
		l.l_type = F_WRLCK;
		assert_int_equal(fcntl(fd, F_GETLK, &l), 0);
		assert_int_equal(l.l_type, lives ? F_RDLCK : F_UNLCK);
		close(fd);
		assert_int_equal(kill_box(&b, SIGKILL), 0);
		box_remove(&b);
	}
}

static void test_terminal(void **state)
{
	cleanup(buf_done) struct buf out = BUF_INIT(1 << 20);
	struct box b = {.tty = true, .open_stdin = true, .stdin_once = true};
	char log[256] = "";
	int c;

	(void)state;
	box_start(&b, "stty size; read x; stty size; test -t 1 && echo tty; exit 2", true);
	for (int i = 0; i < 500 && !strstr(log, "40 100"); i++) {
		int fd = openat(b.dir, "log", O_RDONLY | O_CLOEXEC);

		usleep(10000);
		(void)!read(fd, log, sizeof(log) - 1);
		close(fd);
	}
	c = request(&b);
	assert_int_equal(monitor_resize(c, 33, 77, NULL), 0);
	close(c);
	assert_int_equal(monitor_send(b.conn, MONITOR_STDIN, "go\n", 3), 0);
	assert_int_equal(read_frames(b.conn, &out, NULL), 2);
	assert_non_null(strstr(out.data, "40 100\r\n"));
	assert_non_null(strstr(out.data, "33 77\r\n"));
	assert_non_null(strstr(out.data, "tty\r\n"));
	box_remove(&b);
}

static void test_client_killed(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	cleanup(buf_done) struct buf log = BUF_INIT(1 << 20);
	struct container_state s;
	struct box b = {};
	pid_t pid;

	(void)state;
	box_make(&b, "for i in 1 2 3 4 5; do echo $i; sleep 0.05; done; exit 8");
	pid = fork();
	if (pid == 0) {
		struct monitor_frame *f = malloc(sizeof(*f));

		if (box_start_raw(&b, true, NULL) == 0 && monitor_recv(b.conn, f, NULL) == 1)
			(void)raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(wait_box(&b), 8);
	box_state(&b, a, &s);
	assert_int_equal(s.exit_code, 8);
	box_log(&b, &log);
	assert_string_equal(log.data, "1\n2\n3\n4\n5\n");
	box_remove(&b);
}

static void test_monitor_killed(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_state s;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct box b = {};
	int c;

	(void)state;
	box_start(&b, "sleep 100", true);
	c = request(&b);
	assert_int_equal(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	box_state(&b, a, &s);
	assert_int_equal(kill(cred.pid, SIGKILL), 0);
	assert_int_equal(read_frames(b.conn, NULL, NULL), -1);
	close(c);
	for (int i = 0; i < 200 && kill((pid_t)s.pid, 0) == 0; i++)
		usleep(10000);
	assert_int_equal(kill((pid_t)s.pid, 0), -1); /* the container dies with its monitor */
	assert_true(monitor_connect(b.run, NULL) == -ECONNREFUSED);
	/* Its cgroup is for recovery to remove. */
	for (int i = 0; i < 5; i++) {
		static const char *const tops[] = {"", "/unified", "/pids", "/memory", "/freezer"};
		char path[256];

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/hoytest-monitor/%s", tops[i],
			       b.id);
		(void)rmdir(path);
	}
	fd_close(TAKE_FD(b.conn));
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	close(b.dir);
	close(b.run);
	assert_int_equal(path_remove_tree(AT_FDCWD, b.root, NULL), 0);
}

static void test_sigterm(void **state)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct box b = {};
	int c;

	(void)state;
	box_start(&b, "trap 'exit 33' TERM; echo up; while :; do sleep 0.05; done", true);
	c = request(&b);
	assert_int_equal(getsockopt(c, SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
	usleep(50000);
	assert_int_equal(kill(cred.pid, SIGTERM), 0);
	assert_int_equal(read_frames(b.conn, NULL, NULL), 33);
	close(c);
	box_remove(&b);
}

static bool folder_there(const struct box *b)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/containers/%s", b->root, b->id);
	return access(path, F_OK) == 0;
}

static void test_auto_remove(void **state)
{
	struct box b = {.auto_remove = true, .reaper = "/nonexistent"};

	(void)state;
	box_start(&b, "exit 1", true);
	assert_int_equal(read_frames(b.conn, NULL, NULL), 1);
	assert_true(folder_there(&b));
	assert_int_equal(monitor_removed(b.conn, NULL), 0);
	assert_true(gone_soon(folder_there, &b));
	box_remove(&b);
}

/* Nobody there to delete the row: the reaper is started, after the lock is free. */
static void test_reaper(void **state)
{
	cleanup(buf_done) struct buf t = BUF_INIT(1 << 16);
	char script[128], text[512], want[512];
	struct box b = {.auto_remove = true, .reaper = script};
	int fd;

	(void)state;
	(void)snprintf(script, sizeof(script), "/tmp/hoy-test-reaper-%d", (int)getpid());
	fd = open(script, O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	/* $4 is the run root; the lock can be had at once. */
	(void)snprintf(text, sizeof(text),
		       "#!/bin/sh\nflock -n $4/run/$6/lock -c 'echo free' > $2/reaped\necho \"$@\" "
		       ">> $2/reaped\n");
	assert_int_equal(fd_write(fd, text, strlen(text)), 0);
	close(fd);
	box_start(&b, "exit 1", false);
	fd_close(TAKE_FD(b.conn));
	assert_true(gone_soon(monitor_lives, &b));
	fd = open(b.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(want, sizeof(want), "free\n--root %s --run-root %s __reap %s\n", b.root,
		       b.root, b.id);
	for (int i = 0; i < 200 && t.len < strlen(want); i++) {
		usleep(10000);
		buf_reset(&t);
		(void)file_read(fd, "reaped", &t, NULL);
	}
	assert_non_null(t.data);
	assert_string_equal(t.data, want);
	close(fd);
	(void)unlink(script);
	box_remove(&b);
}

static int remove_parent(void **state)
{
	static const char *const tops[] = {"",         "/unified", "/pids", "/memory",
					   "/freezer", "/devices", "/cpu",  "/cpuset"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tops); i++) {
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/hoytest-monitor", tops[i]);
		(void)rmdir(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_cannot_start),
		cmocka_unit_test(test_second_start_is_refused),
		cmocka_unit_test(test_starter_hangs_up),
		cmocka_unit_test(test_stdin),
		cmocka_unit_test(test_stdin_backpressure),
		cmocka_unit_test(test_two_clients),
		cmocka_unit_test(test_slow_client),
		cmocka_unit_test(test_stuck_and_dead_clients),
		cmocka_unit_test(test_kill_and_wait),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_exec_like),
		cmocka_unit_test(test_holds_index),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_client_killed),
		cmocka_unit_test(test_monitor_killed),
		cmocka_unit_test(test_sigterm),
		cmocka_unit_test(test_auto_remove),
		cmocka_unit_test(test_reaper),
	};
	char program[512] = "", *slash;
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 64);

	/* BUILD/tests/unit/test-… and BUILD/src/monitor/hoy-monitor */
	for (int i = 0; n > 0 && i < 3; i++) {
		slash = strrchr(program, '/');
		if (slash)
			*slash = '\0';
	}
	strcat(program, "/src/monitor");
	(void)setenv("HOY_LIBEXECDIR", program, 0);
	(void)snprintf(program, sizeof(program), "%.400s/hoy-monitor", getenv("HOY_LIBEXECDIR"));
	if (geteuid() != 0 || access(program, X_OK) < 0) {
		(void)printf("SKIP: needs root and %s\n", program);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, remove_parent);
}
