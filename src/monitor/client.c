// SPDX-License-Identifier: Apache-2.0
/*
 * A connection blocks: every call here is one packet out and, where that is said, one answer in.
 */
#include "monitor/client.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/id.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"
#include "monitor/protocol.h"
#include "run/run.h"

#define PROGRAM      "hoy-monitor"
#define ANSWER_MAX   2048
#define EXEC_IN_FILE ((size_t)32 << 10) /* longer ones would strain the socket's buffer */

static int send_packet(int conn, char kind, const void *body, size_t len, const int *fds,
		       size_t n_fds)
{
	char packet[EXEC_IN_FILE + 1];

	if (len > EXEC_IN_FILE)
		return -EMSGSIZE;
	packet[0] = kind;
	if (len)
		memcpy(packet + 1, body, len);
	return sock_send(conn, packet, len + 1, fds, n_fds);
}

/* A peer that closed with packets of ours unread is reported once as a reset, and before what it
 * had sent: the next call gets that. */
static bool interrupted(void)
{
	return errno == EINTR || errno == ECONNRESET;
}

static int lost(struct err *err)
{
	return err_sys(err, ECONNRESET, "the container's monitor is gone");
}

/* The answer to one request; its body is cut to `size`. */
static int answer(int conn, void *body, size_t size, int *ret_fd, struct err *err)
{
	char packet[ANSWER_MAX + 1];
	size_t n_fds = ret_fd ? 1 : 0;
	int fd = -EBADF;
	ssize_t n = sock_recv(conn, packet, sizeof(packet) - 1, &fd, &n_fds);

	if (n <= 0)
		return n == 0 ? lost(err) : err_sys(err, (int)n, "receive from the monitor");
	packet[n] = '\0';
	if (packet[0] == PACKET_OK) {
		if (size)
			body_take(body, size, packet + 1, (size_t)n - 1);
		if (ret_fd)
			*ret_fd = fd;
		return 0;
	}
	fd_close(fd);
	if (packet[0] == PACKET_FAIL && (size_t)n > sizeof(struct body_fail)) {
		struct body_fail f;
		enum err_kind kind;

		body_take(&f, sizeof(f), packet + 1, (size_t)n - 1);
		kind = f.kind >= 0 && f.kind < _ERR_KIND_MAX ? (enum err_kind)f.kind : ERR_SYSTEM;
		return err_copy(err, kind, f.code < 0 ? f.code : -EIO, packet + 1 + sizeof(f));
	}
	return err_set(err, ERR_CORRUPT, "the container's monitor answers nonsense");
}

static int ask(int conn, char kind, const void *body, size_t len, struct err *err)
{
	int r = send_packet(conn, kind, body, len, NULL, 0);

	/* A monitor that refuses and ends at once has still left its answer in the socket. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_sys(err, r, "send to the monitor");
	return answer(conn, NULL, 0, NULL, err);
}

/* ---- start ---- */

static int spawn(const struct monitor_start *s, const char *arg, int *ret_conn, struct err *err)
{
	char *const argv[] = {(char *)PROGRAM, (char *)arg, NULL};
	const char *dir = secure_getenv("HOY_LIBEXECDIR");
	char path[PATH_MAX], env[PATH_MAX + 16];
	char *const envp[] = {dir ? env : NULL, NULL};
	cleanup_fd int exe = -EBADF;
	int pair[2];
	struct proc proc;
	int r = proc_program_path(PROGRAM, path, sizeof(path), err);

	if (r < 0)
		return r;
	(void)snprintf(env, sizeof(env), "HOY_LIBEXECDIR=%s", dir ? dir : "");
	/* It clones itself into containers: not from a file that can be written (run/run.h). It
	 * keeps the fd, because the last close of the mount waits 0.05 ms for all processors. */
	exe = run_exe_open(path, err);
	if (exe < 0)
		return exe;
	r = sock_pair(pair);
	if (r < 0)
		return err_sys(err, r, "create a socket pair");
	r = proc_spawn(
		&(struct proc_spawn){
			.path = path,
			.exe_fd = MONITOR_EXE_FD,
			.argv = argv,
			.envp = envp,
			.fds = (struct proc_fd[]){{pair[1], MONITOR_STARTER_FD},
						  {s->container_dirfd, MONITOR_CONTAINER_FD},
						  {s->run_dirfd, MONITOR_RUN_FD},
						  {exe, MONITOR_EXE_FD}},
			.n_fds = 4,
			.new_session = true,
		},
		&proc, err);
	fd_close(pair[1]);
	if (r < 0) {
		fd_close(pair[0]);
		return r;
	}
	proc_release(&proc);
	*ret_conn = pair[0];
	return 0;
}

int monitor_spawn(const struct monitor_start *s, int *ret_conn, struct err *err)
{
	return spawn(s, NULL, ret_conn, err);
}

int monitor_visit(const struct monitor_start *s, int *ret_conn, struct err *err)
{
	return spawn(s, "visit", ret_conn, err);
}

int monitor_go(const struct monitor_start *s, int conn, struct err *err)
{
	struct body_streams b = {
		.flags = (s->attach_stdin ? STREAM_IN : 0U) | (s->attach_stdout ? STREAM_OUT : 0U) |
			 (s->attach_stderr ? STREAM_ERR : 0U),
		.rows = s->rows,
		.cols = s->cols,
	};
	int r = ask(conn, PACKET_GO, &b, sizeof(b), err);

	if (r < 0)
		fd_close(conn);
	return r;
}

void monitor_cancel(int conn)
{
	if (conn < 0)
		return;
	(void)send_packet(conn, PACKET_CANCEL, NULL, 0, NULL, 0);
	(void)monitor_wait_gone(conn, NULL);
	fd_close(conn);
}

int monitor_start(const struct monitor_start *s, int *ret_conn, struct err *err)
{
	int conn, r = monitor_spawn(s, &conn, err);

	if (r < 0)
		return r;
	r = monitor_go(s, conn, err);
	if (r < 0)
		return r;
	*ret_conn = conn;
	return 0;
}

int monitor_connect(int run_dirfd, struct err *err)
{
	return sock_connect(run_dirfd, "control", err);
}

/* ---- requests ---- */

int monitor_kill(int conn, int sig, bool by_user, struct err *err)
{
	struct body_kill b = {.sig = sig, .by_user = by_user};

	return ask(conn, PACKET_KILL, &b, sizeof(b), err);
}

int monitor_pause(int conn, bool pause, struct err *err)
{
	return ask(conn, pause ? PACKET_PAUSE : PACKET_UNPAUSE, NULL, 0, err);
}

int monitor_update(int conn, const struct oci_resources *res, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(EXEC_IN_FILE);
	int r = json_encode_text(&b, &oci_resources_object, res, err);

	return r < 0 ? r : ask(conn, PACKET_UPDATE, b.data, b.len, err);
}

int monitor_resize(int conn, uint16_t rows, uint16_t cols, struct err *err)
{
	struct body_size b = {.rows = rows, .cols = cols};

	return ask(conn, PACKET_RESIZE, &b, sizeof(b), err);
}

int monitor_attach(int conn, bool in, bool out, bool err_stream, struct err *err)
{
	struct body_streams b = {
		.flags = (in ? STREAM_IN : 0U) | (out ? STREAM_OUT : 0U) |
			 (err_stream ? STREAM_ERR : 0U),
	};

	return ask(conn, PACKET_ATTACH, &b, sizeof(b), err);
}

int monitor_removed(int conn, struct err *err)
{
	int r = send_packet(conn, PACKET_REMOVED, NULL, 0, NULL, 0);

	return r < 0 ? err_sys(err, r, "send to the monitor") : 0;
}

/* Frames before the exit are thrown away: there are some when the connection is attached, too. */
static int read_exit(int conn, int *exit_code, struct err *err)
{
	char packet[1 + sizeof(int32_t)];
	int32_t code;
	ssize_t n;

	do {
		n = recv(conn, packet, sizeof(packet), MSG_TRUNC);
		if (n < 0 && interrupted())
			continue;
		if (n < 0)
			return err_sys(err, errno, "receive from the monitor");
		if (n == 0)
			return lost(err);
	} while (packet[0] != MONITOR_EXIT || n < (ssize_t)sizeof(packet));
	memcpy(&code, packet + 1, sizeof(code));
	*exit_code = code;
	return 0;
}

int monitor_wait(int conn, int *exit_code, struct err *err)
{
	int r = ask(conn, PACKET_WAIT, NULL, 0, err);

	return r < 0 ? r : read_exit(conn, exit_code, err);
}

int monitor_wait_gone(int conn, struct err *err)
{
	char byte;
	ssize_t n;

	do
		n = recv(conn, &byte, 1, MSG_TRUNC);
	while (n > 0 || (n < 0 && interrupted()));
	return n == 0 ? 0 : err_sys(err, errno, "receive from the monitor");
}

/* ---- exec ---- */

static int text_file(const struct buf *b, struct err *err)
{
	cleanup_fd int fd = memfd_create("process", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "create a memory file");
	r = fd_write(fd, b->data, b->len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "write a memory file") : TAKE_FD(fd);
}

/* Asks for one: `text` as `kind` says. */
static int exec_ask(int conn, char kind, const struct buf *text, const int fds[3],
		    int *ret_terminal, pid_t *ret_pid, struct err *err)
{
	cleanup_fd int file = -EBADF, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool in_file = text->len > EXEC_IN_FILE;
	int all[4], terminal, r;
	struct body_exec body;

	if (null < 0)
		return err_sys(err, errno, "open /dev/null");
	for (int i = 0; i < 3; i++)
		all[i] = fds && fds[i] >= 0 ? fds[i] : null;
	if (in_file) {
		all[3] = file = text_file(text, err);
		if (file < 0)
			return file;
	}
	r = send_packet(conn, kind, text->data, in_file ? 0 : text->len, all, in_file ? 4 : 3);
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_sys(err, r, "send to the monitor");
	r = answer(conn, &body, sizeof(body), &terminal, err);
	if (r < 0)
		return r;
	if (ret_terminal)
		*ret_terminal = terminal;
	else
		fd_close(terminal);
	if (ret_pid)
		*ret_pid = body.pid;
	return 0;
}

int monitor_exec(int conn, const struct oci_process *p, const int fds[3], int *ret_terminal,
		 pid_t *ret_pid, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(EXEC_TEXT_MAX);
	int r = json_encode_text(&b, &oci_process_object, p, err);

	return r < 0 ? r : exec_ask(conn, PACKET_EXEC, &b, fds, ret_terminal, ret_pid, err);
}

static void add_string(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s) + 1);
}

int monitor_exec_like(int conn, const struct monitor_exec_like *l, const int fds[3],
		      int *ret_terminal, pid_t *ret_pid, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(EXEC_TEXT_MAX);
	const struct body_exec_like head = {
		.terminal = l->terminal,
		.n_args = (uint32_t)strv_len(l->args),
		.n_env = (uint32_t)strv_len(l->env),
	};
	int r;

	buf_add(&b, &head, sizeof(head));
	add_string(&b, l->cwd ?: "");
	for (char **v = l->args; v && *v; v++)
		add_string(&b, *v);
	for (char **v = l->env; v && *v; v++)
		add_string(&b, *v);
	r = buf_check(&b, err);
	return r < 0 ? r : exec_ask(conn, PACKET_EXEC_LIKE, &b, fds, ret_terminal, ret_pid, err);
}

int monitor_exec_wait(int conn, int *exit_code, struct err *err)
{
	return read_exit(conn, exit_code, err);
}

/* ---- frames ---- */

int monitor_recv(int conn, struct monitor_frame *f, struct err *err)
{
	char kind;
	struct iovec iov[] = {{&kind, 1}, {f->data, sizeof(f->data)}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov)};
	ssize_t n;

	do
		n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && interrupted());
	if (n == 0)
		return 0;
	if (n < 0)
		return err_sys(err, errno, "receive from the monitor");
	f->kind = (enum monitor_frame_kind)kind;
	f->len = (size_t)n - 1;
	return 1;
}

int monitor_send(int conn, enum monitor_frame_kind kind, const void *data, size_t len)
{
	char k = (char)kind;
	struct iovec iov[] = {{&k, 1}, {(void *)data, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = ARRAY_SIZE(iov)};

	if (len > MONITOR_FRAME_MAX)
		return -EMSGSIZE;
	while (sendmsg(conn, &msg, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

void monitor_remove_run_folder(int run_root_fd, const char *id)
{
	char gone[ID_LEN + sizeof(MONITOR_RUN_GONE)];

	(void)snprintf(gone, sizeof(gone), MONITOR_RUN_GONE "%s", id);
	if (renameat(run_root_fd, id, run_root_fd, gone) == 0 || errno != ENOENT)
		(void)path_remove_tree(run_root_fd, gone, NULL);
}
