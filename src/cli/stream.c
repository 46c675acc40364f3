// SPDX-License-Identifier: Apache-2.0
/*
 * One poll loop over: the user's stdin, the connection (or the exec's pipes), and signals.
 *
 * - stdin is read only when all that was read before is written, and written only where that does
 * not block: so the two directions cannot wait for each other.
 * - With a terminal, keys go through the detach filter; the size follows SIGWINCH; signals that end
 * us restore the terminal first (cli/terminal.c).
 * - Without one, and with sig_proxy, every signal that can be caught is forwarded to the container.
 * - A reader of ours that went away (EPIPE) ends us with SIGPIPE's code, as it ends Docker's
 * client.
 * - exec: the exit code comes on the connection; what the pipes still hold then is written, and no
 *   more is waited for: a background process that inherited them may live for ever.
 */
#include "cli/stream.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/detach.h"
#include "cli/user-config.h"
#include "command/terminal.h"
#include "engine/container.h"
#include "monitor/client.h"
#include "spec/signal.h"

#define CHUNK     16384
#define PIPE_EXIT (128 + SIGPIPE)

struct pump {
	struct command_line *c;
	const struct stream *s;
	struct exec_session *exec; /* NULL: attached */
	int conn, signals;
	int out, errout; /* of the exec, while they are open; else -EBADF */
	struct detach detach;
	bool in_open;
	char input[CHUNK + DETACH_KEYS_MAX]; /* read, not yet written */
	size_t in_at, in_len;
	bool detached;
	bool ended;
	enum stream_end how;
	int exit_code;
	struct err *err;
	struct monitor_frame *frame; /* from the first on; 64 KiB, which need not be zero */
};

static void finish(struct pump *p, enum stream_end how, int exit_code)
{
	p->ended = true;
	p->how = how;
	p->exit_code = exit_code;
}

static int put(struct pump *p, int fd, const void *data, size_t len)
{
	int r = fd_write(fd, data, len);

	if (r == -EPIPE) {
		finish(p, STREAM_DETACHED, PIPE_EXIT);
		return 0;
	}
	return r < 0 ? err_sys(p->err, r, "write standard %s",
			       fd == STDERR_FILENO ? "error" : "output")
		     : 0;
}

/* ---- the user's input ---- */

static int sink(const struct pump *p)
{
	if (!p->exec)
		return p->conn;
	return p->exec->terminal >= 0 ? p->exec->terminal : p->exec->stdin_fd;
}

static void end_input(struct pump *p)
{
	p->in_open = false;
	if (!p->exec)
		(void)monitor_send(p->conn, MONITOR_STDIN, "", 0);
	else if (p->exec->stdin_fd >= 0)
		fd_close(TAKE_FD(p->exec->stdin_fd));
}

static void read_input(struct pump *p)
{
	char typed[CHUNK];
	ssize_t n = read(STDIN_FILENO, typed, sizeof(typed));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		end_input(p);
		return;
	}
	p->in_at = 0;
	p->in_len = detach_feed(&p->detach, typed, (size_t)n, p->input, &p->detached);
	if (p->detached && p->in_len == 0)
		finish(p, STREAM_DETACHED, 0);
}

static void write_input(struct pump *p)
{
	const char *data = p->input + p->in_at;
	size_t len = p->in_len - p->in_at;
	ssize_t n;

	if (p->exec) {
		n = write(sink(p), data, len);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
	} else {
		n = monitor_send(p->conn, MONITOR_STDIN, data, len) < 0 ? -1 : (ssize_t)len;
	}
	if (n < 0) { /* nobody reads it any more; the exit code is still to come */
		p->in_open = false;
		p->in_len = p->in_at = 0;
		return;
	}
	p->in_at += (size_t)n;
	if (p->in_at < p->in_len)
		return;
	p->in_at = p->in_len = 0;
	if (p->detached)
		finish(p, STREAM_DETACHED, 0);
}

/* ---- the container's output ---- */

static int read_frame(struct pump *p)
{
	int r;

	if (!p->frame)
		p->frame = malloc(sizeof(*p->frame));
	if (!p->frame)
		return err_oom(p->err);
	r = monitor_recv(p->conn, p->frame, p->err);
	int32_t code;

	if (r == 0)
		finish(p, STREAM_LOST, 0);
	if (r <= 0)
		return r;
	switch (p->frame->kind) {
	case MONITOR_STDOUT:
		return p->s->out ? put(p, STDOUT_FILENO, p->frame->data, p->frame->len) : 0;
	case MONITOR_STDERR:
		return p->s->err ? put(p, STDERR_FILENO, p->frame->data, p->frame->len) : 0;
	case MONITOR_EXIT:
		if (p->frame->len < sizeof(code))
			return err_set(p->err, ERR_CORRUPT, "exit frame of %zu bytes",
				       p->frame->len);
		memcpy(&code, p->frame->data, sizeof(code));
		finish(p, STREAM_EXITED, code);
		break;
	case MONITOR_STDIN:
	case MONITOR_RESIZE:
		break;
	}
	return 0;
}

/* One read from *from. 1: there was something; 0: nothing now, or the end, after which it is
 * -EBADF. */
static int copy_pipe(struct pump *p, int *from, int to)
{
	char data[CHUNK];
	ssize_t n = read(*from, data, sizeof(data));
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) { /* EIO: the other side of the terminal was closed */
		*from = -EBADF;
		return 0;
	}
	r = put(p, to, data, (size_t)n);
	return r < 0 ? r : !p->ended;
}

/* All that is there now. */
static int drain(struct pump *p, int *from, int to)
{
	int r = 1;

	while (r > 0 && *from >= 0 && !p->ended)
		r = copy_pipe(p, from, to);
	return r;
}

static int end_exec(struct pump *p)
{
	int code = 0, r = exec_wait(p->exec, &code, p->err);

	if (r == 0)
		r = drain(p, &p->out, STDOUT_FILENO);
	if (r >= 0)
		r = drain(p, &p->errout, STDERR_FILENO);
	if (r >= 0 && !p->ended)
		finish(p, STREAM_EXITED, code);
	return r;
}

/* ---- signals ---- */

static void resize(struct pump *p)
{
	uint16_t rows, cols;

	terminal_size(STDOUT_FILENO, &rows, &cols);
	if (!rows || !cols)
		return;
	if (p->exec) {
		struct winsize w = {.ws_row = rows, .ws_col = cols};

		(void)ioctl(p->exec->terminal, TIOCSWINSZ, &w);
	} else if (p->c->context) {
		(void)container_resize(p->c->context, p->s->id, rows, cols, NULL);
	}
}

static void read_signal(struct pump *p)
{
	struct signalfd_siginfo info;
	const char *name;

	if (read(p->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGWINCH) {
		if (p->s->tty)
			resize(p);
		return;
	}
	name = signal_name((int)info.ssi_signo);
	/* A container that has ended meanwhile says so by its exit frame. */
	if (name && p->c->context)
		(void)container_kill(p->c->context, p->s->id, name, NULL);
}

static int watch_signals(struct pump *p)
{
	static const int never[] = {SIGCHLD, SIGPIPE, SIGURG,  SIGSEGV, SIGBUS,  SIGFPE,
				    SIGILL,  SIGABRT, SIGTRAP, SIGTTIN, SIGTTOU, SIGTSTP};
	sigset_t set;

	(void)sigemptyset(&set);
	if (p->s->sig_proxy && !p->s->tty) {
		(void)sigfillset(&set);
		for (size_t i = 0; i < ARRAY_SIZE(never); i++)
			(void)sigdelset(&set, never[i]);
	} else if (p->s->tty) {
		(void)sigaddset(&set, SIGWINCH);
	} else {
		return 0;
	}
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return err_sys(p->err, errno, "block signals");
	p->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signals < 0 ? err_sys(p->err, errno, "create a signalfd") : 0;
}

/* ---- both ---- */

/* The container runs already: wrong keys of the configuration do not keep anyone from it. */
static int choose_keys(struct pump *p)
{
	struct user_config config;
	struct err why = ERR_INIT;

	if (p->s->detach_keys)
		return detach_parse(p->s->detach_keys, &p->detach, p->err);
	user_config_read(p->c, &config);
	if (!str_empty(config.detach_keys)) {
		if (detach_parse(config.detach_keys, &p->detach, &why) == 0)
			return 0;
		command_warn("config.json: %s", why.msg);
	}
	return detach_parse(DETACH_DEFAULT, &p->detach, p->err);
}

static int prepare(struct pump *p)
{
	int r = 0;

	if (p->s->tty && p->s->in)
		r = choose_keys(p);
	if (r == 0)
		r = watch_signals(p);
	if (r == 0 && p->s->tty && p->s->in)
		r = terminal_raw(STDIN_FILENO, p->err);
	p->in_open = p->s->in;
	if (p->exec) {
		const int fds[] = {p->exec->stdin_fd, p->exec->stdout_fd, p->exec->stderr_fd,
				   p->exec->terminal};

		for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
			if (fds[i] >= 0)
				(void)fd_set_nonblock(fds[i], true);
		p->out = p->exec->terminal >= 0 ? p->exec->terminal : p->exec->stdout_fd;
		p->errout = p->exec->stderr_fd;
	}
	return r;
}

static int one_round(struct pump *p)
{
	enum { IN, SINK, CONN, OUT, ERROUT, SIGNALS, N };
	bool holding = p->in_len > p->in_at;
	struct pollfd w[N] = {
		[IN] = {.fd = p->in_open && !holding ? STDIN_FILENO : -1, .events = POLLIN},
		[SINK] = {.fd = holding ? sink(p) : -1, .events = POLLOUT},
		[CONN] = {.fd = p->conn, .events = POLLIN},
		[OUT] = {.fd = p->out >= 0 ? p->out : -1, .events = POLLIN},
		[ERROUT] = {.fd = p->errout >= 0 ? p->errout : -1, .events = POLLIN},
		[SIGNALS] = {.fd = p->signals >= 0 ? p->signals : -1, .events = POLLIN},
	};
	int r = 0;

	if (poll(w, N, -1) < 0)
		return errno == EINTR ? 0 : err_sys(p->err, errno, "poll");
	if (w[SIGNALS].revents)
		read_signal(p);
	if (w[OUT].revents)
		r = copy_pipe(p, &p->out, STDOUT_FILENO);
	if (r >= 0 && w[ERROUT].revents && !p->ended)
		r = copy_pipe(p, &p->errout, STDERR_FILENO);
	if (r >= 0 && w[CONN].revents && !p->ended)
		r = p->exec ? end_exec(p) : read_frame(p);
	if (r >= 0 && w[SINK].revents && !p->ended)
		write_input(p);
	if (r >= 0 && w[IN].revents && !p->ended)
		read_input(p);
	return MIN_OF(r, 0);
}

static int pump(struct pump *p, enum stream_end *how, int *exit_code)
{
	int r = prepare(p);

	while (r == 0 && !p->ended)
		r = one_round(p);
	fd_close(p->signals);
	terminal_restore();
	*how = p->how;
	*exit_code = p->exit_code;
	return r;
}

int stream_attached(struct command_line *c, const struct stream *s, int conn, enum stream_end *how,
		    int *exit_code, struct err *err)
{
	struct pump *p = arena_alloc(c->arena, sizeof(*p));
	int r;

	if (!p)
		return err_oom(err);
	p->c = c, p->s = s, p->conn = conn, p->err = err;
	p->signals = p->out = p->errout = -EBADF;
	r = pump(p, how, exit_code);
	free(p->frame);
	return r;
}

int stream_exec(struct command_line *c, const struct stream *s, struct exec_session *x,
		enum stream_end *how, int *exit_code, struct err *err)
{
	struct pump *p = arena_alloc(c->arena, sizeof(*p));
	int r;

	if (!p)
		return err_oom(err);
	p->c = c, p->s = s, p->conn = x->conn, p->exec = x, p->err = err;
	p->signals = p->out = p->errout = -EBADF;
	r = pump(p, how, exit_code);
	free(p->frame);
	return r;
}

int stream_check_keys(const char *keys, struct err *err)
{
	struct detach d;

	return keys ? detach_parse(keys, &d, err) : 0;
}

int stream_check_tty(bool in, bool tty, struct err *err)
{
	if (in && tty && !terminal_is(STDIN_FILENO))
		return err_set(err, ERR_INVALID, "the input device is not a TTY");
	return 0;
}
