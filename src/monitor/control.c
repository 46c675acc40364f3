// SPDX-License-Identifier: Apache-2.0
/*
 * Clients of the control socket. Only root and our own uid get in (sock_accept; the socket's mode
 * and the run folder's say the same). Whatever such a client sends, it can make us do only what is
 * in the table below, only in the lives named there.
 *
 * Nothing here blocks. A packet that the client's socket has no room for is queued; a client with a
 * queue is "full": attach.c stops reading the container's output until every queue is empty, so a
 * queue holds at most what one round produced, or the last words after the exit (QUEUE_MAX bounds
 * it all the same). A client whose connection ends is dropped with everything that was meant for
 * it.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sock.h"
#include "monitor/monitor.h"

#define CLIENTS_MAX 1000
#define QUEUE_MAX   ((size_t)4 << 20)

struct packet {
	const char *body;
	size_t len;
	int fds[SOCK_FDS_MAX]; /* closed when the handler left them */
	size_t n_fds;
};

#define ALIVE   (LIFE_BIT(LIFE_RUNNING) | LIFE_BIT(LIFE_PAUSED))
#define STARTED (ALIVE | LIFE_BIT(LIFE_DRAINING) | LIFE_BIT(LIFE_EXITED))
#define LATER   1 /* the handler answers by itself */

static int do_go(struct client *c, struct packet *p, struct err *err)
{
	struct body_streams b;

	if (!c->starter)
		return err_set(err, ERR_INVALID, "only the starter says go");
	body_take(&b, sizeof(b), p->body, p->len);
	return monitor_let_go(c->m, c, &b, err);
}

static int do_attach(struct client *c, struct packet *p, struct err *err)
{
	struct body_streams b;

	(void)err;
	body_take(&b, sizeof(b), p->body, p->len);
	c->streams = b.flags & (STREAM_IN | STREAM_OUT | STREAM_ERR);
	c->waiting = true;
	return 0;
}

static int do_kill(struct client *c, struct packet *p, struct err *err)
{
	struct body_kill b;

	body_take(&b, sizeof(b), p->body, p->len);
	if (b.sig < 0 || b.sig > 64)
		return err_set(err, ERR_INVALID, "Invalid signal: %d", b.sig);
	return monitor_signal(c->m, b.sig, b.by_user != 0, err);
}

static int do_pause(struct client *c, struct packet *p, struct err *err)
{
	(void)p;
	return monitor_freeze(c->m, true, err);
}

static int do_unpause(struct client *c, struct packet *p, struct err *err)
{
	(void)p;
	return monitor_freeze(c->m, false, err);
}

static int do_update(struct client *c, struct packet *p, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct oci_resources res;
	bool begun;
	int r;

	if (!a)
		return err_oom(err);
	r = json_decode_text(a, p->body, p->len, &oci_resources_object, &res, "resources", err);
	if (r < 0)
		return r;
	begun = privilege_section_begin(c->m);
	r = cgroup_update(run_cgroup(c->m->container), &res, err);
	privilege_section_end(c->m, begun);
	return r;
}

static int do_resize(struct client *c, struct packet *p, struct err *err)
{
	struct body_size b;
	int r;

	body_take(&b, sizeof(b), p->body, p->len);
	r = streams_resize(c->m, b.rows, b.cols);
	return r < 0 ? err_sys(err, r, "resize the terminal") : 0;
}

static int do_wait(struct client *c, struct packet *p, struct err *err)
{
	(void)p;
	(void)err;
	c->waiting = true;
	return 0;
}

static int exec_packet(struct client *c, struct packet *p, bool like, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(EXEC_TEXT_MAX);
	int r;

	if (p->n_fds < 3 || c->exec)
		return err_set(err, ERR_INVALID, "exec: malformed request");
	if (p->n_fds > 3) {
		r = fd_read_all(p->fds[3], &b, "the process to execute", err);
		if (r < 0)
			return r;
	}
	r = exec_start(c, like, p->n_fds > 3 ? b.data : p->body, p->n_fds > 3 ? b.len : p->len,
		       p->fds, err);
	return r < 0 ? r : LATER;
}

static int do_exec(struct client *c, struct packet *p, struct err *err)
{
	return exec_packet(c, p, false, err);
}

static int do_exec_like(struct client *c, struct packet *p, struct err *err)
{
	return exec_packet(c, p, true, err);
}

/* Frames: no answer, and ignored where they have no meaning. */
static int do_removed(struct client *c, struct packet *p, struct err *err)
{
	(void)p;
	(void)err;
	monitor_row_removed(c->m);
	return LATER;
}

static int do_cancel(struct client *c, struct packet *p, struct err *err)
{
	(void)p;
	(void)err;
	if (c->starter)
		monitor_cancelled(c->m);
	return LATER;
}

static int do_stdin(struct client *c, struct packet *p, struct err *err)
{
	(void)err;
	if (!(c->streams & STREAM_IN))
		return LATER;
	if (p->len)
		streams_input(c->m, p->body, p->len);
	else if (c->m->config.stdin_once)
		streams_input_end(c->m);
	return LATER;
}

static int do_size_frame(struct client *c, struct packet *p, struct err *err)
{
	if (c->streams)
		(void)do_resize(c, p, err);
	return LATER;
}

static const struct request {
	char kind;
	bool frame;
	unsigned lives;
	int (*run)(struct client *c, struct packet *p, struct err *err);
} requests[] = {
	{PACKET_GO, false, LIFE_BIT(LIFE_PREPARED), do_go},
	{PACKET_CANCEL, true, LIFE_BIT(LIFE_PREPARED), do_cancel},
	{PACKET_ATTACH, false, STARTED, do_attach},
	{PACKET_KILL, false, ALIVE, do_kill},
	{PACKET_PAUSE, false, LIFE_BIT(LIFE_RUNNING), do_pause},
	{PACKET_UNPAUSE, false, LIFE_BIT(LIFE_PAUSED), do_unpause},
	{PACKET_UPDATE, false, ALIVE, do_update},
	{PACKET_RESIZE, false, ALIVE, do_resize},
	{PACKET_WAIT, false, STARTED, do_wait},
	{PACKET_EXEC, false, LIFE_BIT(LIFE_RUNNING), do_exec},
	{PACKET_EXEC_LIKE, false, LIFE_BIT(LIFE_RUNNING), do_exec_like},
	{PACKET_REMOVED, true, LIFE_BIT(LIFE_EXITED), do_removed},
	{MONITOR_STDIN, true, ALIVE, do_stdin},
	{MONITOR_RESIZE, true, ALIVE, do_size_frame},
};

static int refuse(const struct monitor *m, char kind, struct err *err)
{
	const char *id = m->config.id;

	if (m->life == LIFE_PAUSED && kind == PACKET_PAUSE)
		return err_set(err, ERR_CONFLICT, "Container %s is already paused", id);
	if (m->life == LIFE_PAUSED)
		return err_set(err, ERR_CONFLICT,
			       "Container %s is paused, unpause the container before exec", id);
	if (m->life == LIFE_RUNNING && kind == PACKET_UNPAUSE)
		return err_set(err, ERR_CONFLICT, "Container %s is not paused", id);
	return err_set(err, ERR_CONFLICT, "Container %s is not running", id);
}

/* ---- sending ---- */

static void drop(struct client *c)
{
	struct monitor *m = c->m;

	if (c->gone)
		return;
	c->gone = true;
	loop_remove(TAKE_PTR(c->source));
	fd_close(TAKE_FD(c->fd));
	if (c->exec)
		exec_client_gone(c->exec);
	c->exec = NULL;
	if (c->queue.len && --m->io.full_clients == 0)
		streams_block(m, false);
	buf_done(&c->queue);
	if (c->starter)
		monitor_starter_gone(m);
	if (c->streams & STREAM_IN && m->config.stdin_once && m->life <= LIFE_PAUSED)
		streams_input_end(m);
	monitor_client_gone(m);
}

/* Frees what drop() left: not in drop, whose caller may stand in the middle of the list. */
static void sweep(struct monitor *m)
{
	for (struct client **at = &m->clients; *at;) {
		struct client *c = *at;

		if (!c->gone) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		m->n_clients--;
		free(c);
	}
}

static int try_send(struct client *c, const char *packet, size_t len, const int *fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = {.iov_base = (char *)packet, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd) {
		struct cmsghdr *h;

		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(h), fd, sizeof(*fd));
	}
	while (sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

static uint32_t events_of(const struct client *c)
{
	bool typed_ahead = c->streams & STREAM_IN && c->m->io.in.data;

	return (typed_ahead ? 0U : (uint32_t)EPOLLIN) | (c->queue.len ? (uint32_t)EPOLLOUT : 0U);
}

static int enqueue(struct client *c, const char *packet, size_t len)
{
	uint32_t n = (uint32_t)len;
	bool was_full = c->queue.len > 0;

	buf_add(&c->queue, &n, sizeof(n));
	buf_add(&c->queue, packet, len);
	if (buf_check(&c->queue, NULL) < 0) {
		drop(c);
		return -ENOBUFS;
	}
	if (!was_full) {
		(void)loop_set_events(c->source, events_of(c));
		if (c->m->io.full_clients++ == 0)
			streams_block(c->m, true);
	}
	return 0;
}

int client_send_packet(struct client *c, const char *packet, size_t len, const int *fd)
{
	int r;

	if (c->gone)
		return -EPIPE;
	if (c->queue.len)
		return fd ? -EAGAIN : enqueue(c, packet, len);
	r = try_send(c, packet, len, fd);
	if (r == -EAGAIN && !fd)
		return enqueue(c, packet, len);
	if (r < 0)
		drop(c);
	return r;
}

int client_send(struct client *c, char kind, const void *body, size_t len, const int *fd)
{
	char packet[2048];

	len = MIN_OF(len, sizeof(packet) - 1);
	packet[0] = kind;
	if (len)
		memcpy(packet + 1, body, len);
	return client_send_packet(c, packet, len + 1, fd);
}

void client_fail(struct client *c, const struct err *err, int code)
{
	char body[sizeof(struct body_fail) + sizeof(err->msg)];
	struct body_fail f = {.kind = (int32_t)err->kind, .code = code};
	size_t len = strlen(err->msg);

	memcpy(body, &f, sizeof(f));
	memcpy(body + sizeof(f), err->msg, len);
	(void)client_send(c, PACKET_FAIL, body, sizeof(f) + len, NULL);
}

/* The queue's packets as far as there is room. */
static void send_queue(struct client *c)
{
	size_t at = 0;
	uint32_t n;
	int r = 0;

	while (at < c->queue.len && r == 0) {
		memcpy(&n, c->queue.data + at, sizeof(n));
		r = try_send(c, c->queue.data + at + sizeof(n), n, NULL);
		if (r == 0)
			at += sizeof(n) + n;
	}
	if (r < 0 && r != -EAGAIN) {
		drop(c);
		return;
	}
	buf_eat(&c->queue, at);
	if (c->queue.len)
		return;
	buf_done(&c->queue);
	c->queue = BUF_INIT(QUEUE_MAX);
	(void)loop_set_events(c->source, events_of(c));
	if (--c->m->io.full_clients == 0)
		streams_block(c->m, false);
	monitor_client_gone(c->m); /* one that lingered for its last words has them */
}

/* ---- receiving ---- */

static void handle(struct client *c, char kind, struct packet *p)
{
	const struct request *q = NULL;
	struct err err = ERR_INIT;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (requests[i].kind == kind)
			q = &requests[i];
	if (!q)
		r = err_set(&err, ERR_UNSUPPORTED,
			    "the container's monitor does not know request '%c'",
			    kind > ' ' && kind < 127 ? kind : '?');
	else if (monitor_is_visitor(c->m) && kind != PACKET_EXEC)
		r = q->frame ? LATER : err_set(&err, ERR_INVALID, "a visitor only executes");
	else if (!(q->lives & LIFE_BIT(c->m->life)))
		r = q->frame ? LATER : refuse(c->m, kind, &err);
	else
		r = q->run(c, p, &err);
	if (r < 0)
		client_fail(c, &err, r);
	else if (r == 0)
		(void)client_send(c, PACKET_OK, NULL, 0, NULL);
	if (r == 0 && kind == PACKET_GO)
		monitor_settle(c->m);
	/* Who asks after the end is told at once, behind the answer. */
	if (r == 0 && c->waiting && c->m->life == LIFE_EXITED)
		control_tell_exit(c->m);
}

/* One packet; false: there is none now. */
static bool receive(struct client *c)
{
	struct packet p = {.n_fds = SOCK_FDS_MAX};
	char *buffer = streams_buffer(c->m);
	ssize_t n = buffer ? sock_recv(c->fd, buffer, PACKET_MAX, p.fds, &p.n_fds) : -ENOMEM;

	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		drop(c);
		return false;
	}
	p.body = buffer + 1;
	p.len = (size_t)n - 1;
	handle(c, buffer[0], &p);
	for (size_t i = 0; i < p.n_fds; i++)
		fd_close(p.fds[i]);
	return true;
}

static void on_client(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct client *c = data;
	struct monitor *m = c->m;

	(void)s;
	(void)fd;
	if (events & EPOLLOUT && c->queue.len)
		send_queue(c);
	if (!c->gone && events & EPOLLIN && events_of(c) & EPOLLIN)
		(void)receive(c);
	else if (!c->gone && events & (EPOLLHUP | EPOLLERR))
		drop(c); /* what it typed and nobody read goes with it */
	sweep(m);
}

static struct client *add_client(struct monitor *m, int fd, struct err *err)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		(void)err_oom(err);
		return NULL;
	}
	*c = (struct client){.m = m, .fd = fd, .queue = BUF_INIT(QUEUE_MAX)};
	c->source = loop_add_fd(m->loop, fd, EPOLLIN, on_client, c, err);
	if (!c->source) {
		free(c);
		return NULL;
	}
	(void)fd_set_nonblock(fd, true);
	c->next = m->clients;
	m->clients = c;
	m->n_clients++;
	return c;
}

static void on_listener(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct monitor *m = data;
	int client = sock_accept(fd);

	(void)s;
	(void)events;
	if (client < 0)
		return;
	if (m->n_clients >= CLIENTS_MAX || !add_client(m, client, NULL))
		fd_close(client);
}

int control_add_starter(struct monitor *m, struct err *err)
{
	struct client *c = add_client(m, m->starter_fd, err);

	if (!c)
		return -ENOMEM;
	m->starter_fd = -EBADF;
	c->starter = true;
	return 0;
}

void control_wait_starter(struct monitor *m)
{
	struct client *c = m->clients;
	char kind = 0;
	ssize_t n = 1;

	while (c && (!c->starter || c->gone))
		c = c->next;
	/* Nothing waits for us but the starter: the lock is free and the record written. */
	while (c && n > 0 && kind != PACKET_CANCEL) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return;
		n = recv(c->fd, &kind, 1, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			n = 1;
	}
	m->cancelled |= kind == PACKET_CANCEL;
}

int control_listen(struct monitor *m, struct err *err)
{
	m->listen_fd = sock_listen(m->run_fd, "control", err);
	if (m->listen_fd < 0)
		return m->listen_fd;
	(void)fd_set_nonblock(m->listen_fd, true);
	m->listener = loop_add_fd(m->loop, m->listen_fd, EPOLLIN, on_listener, m, err);
	return m->listener ? 0 : -EIO;
}

void control_close_listener(struct monitor *m)
{
	if (m->listen_fd < 0)
		return;
	(void)unlinkat(m->run_fd, "control", 0);
	loop_remove(TAKE_PTR(m->listener));
	fd_close(TAKE_FD(m->listen_fd));
}

void client_pause_input(struct monitor *m, bool paused)
{
	(void)paused; /* events_of() looks */
	for (struct client *c = m->clients; c; c = c->next)
		if (!c->gone && c->streams & STREAM_IN)
			(void)loop_set_events(c->source, events_of(c));
}

void control_tell_exit(struct monitor *m)
{
	int32_t code = (int32_t)m->state.exit_code;

	for (struct client *c = m->clients; c; c = c->next) {
		if (c->gone || c->told || !c->waiting)
			continue;
		c->told = true;
		(void)client_send(c, MONITOR_EXIT, &code, sizeof(code), NULL);
	}
}

bool control_has_attached(const struct monitor *m)
{
	for (const struct client *c = m->clients; c; c = c->next)
		if (!c->gone && c->streams)
			return true;
	return false;
}

bool control_has_queued(const struct monitor *m)
{
	return m->io.full_clients > 0;
}

void control_done(struct monitor *m)
{
	control_close_listener(m);
	for (struct client *c = m->clients; c; c = c->next)
		if (!c->gone) {
			c->starter = false;
			c->streams = 0;
			drop(c);
		}
	sweep(m);
}
