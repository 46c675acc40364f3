// SPDX-License-Identifier: Apache-2.0
/*
 * The container's streams: out of its pipes (or its terminal) into the log and to the clients that
 * are attached, and from those clients in.
 *
 * Output: one read of at most a frame, then the log, then every client. The log gets all of it in
 * any case. A client whose socket is full gets its copy queued (control.c), and no output is read
 * until it has caught up: so a slow client slows the container down, as a slow reader of a pipe
 * does, and costs one frame of memory. Watching ends by taking the fd out of the loop, not by
 * asking for no events: the kernel reports a hang-up in any case, which would spin.
 *
 * When PID 1 is gone this turns round: what is left in the pipes (their size bounds it) is read and
 * queued at once, since the end must be recorded whatever the clients do.
 *
 * Input: what the container does not take at once is kept, and no client that is attached to stdin
 * is read until it has been taken. An end of input closes the pipe behind it. A terminal has no
 * end.
 *
 * The buffer is mapped while there is traffic and given back after a second without.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "monitor/monitor.h"

#define IDLE_NS        NS_PER_SEC
#define PIPE_SIZE      (512 << 10)
#define SMALL_READ_MIN 512
#define FULL_READ_MIN  (32 << 10)
#define CLOSE_NS       (NS_PER_MS / 2)
#define FILL_NS        (NS_PER_MS * 2 / 5)

/* ---- the buffer ---- */

static void on_idle(struct loop_source *s, void *data)
{
	struct monitor *m = data;
	struct streams *io = &m->io;

	(void)s;
	io->idle_timer = NULL;
	if (io->busy) {
		io->busy = false;
		io->idle_timer = loop_add_timer(m->loop, clock_monotonic() + IDLE_NS, on_idle, m);
		return;
	}
	(void)munmap(io->buffer, PACKET_MAX);
	io->buffer = NULL;
	if (m->log)
		log_idle(m->log);
}

char *streams_buffer(struct monitor *m)
{
	struct streams *io = &m->io;

	io->busy = true;
	if (io->buffer)
		return io->buffer;
	io->buffer =
		mmap(NULL, PACKET_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (io->buffer == MAP_FAILED) {
		io->buffer = NULL;
		return NULL;
	}
	io->idle_timer = loop_add_timer(m->loop, clock_monotonic() + IDLE_NS, on_idle, m);
	return io->buffer;
}

/* ---- output ---- */

static void on_output(struct loop_source *s, int fd, uint32_t events, void *data);

static void end_output(struct output *o)
{
	loop_remove(TAKE_PTR(o->source));
	fd_close(TAKE_FD(o->fd));
}

static void fan_out(struct output *o, char *packet, size_t len)
{
	bool is_err = o->stream == LOG_STDERR;
	unsigned want = is_err ? STREAM_ERR : STREAM_OUT;

	packet[0] = is_err ? MONITOR_STDERR : MONITOR_STDOUT;
	for (struct client *c = o->m->clients, *next; c; c = next) {
		next = c->next;
		if (!c->gone && c->streams & want)
			(void)client_send_packet(c, packet, 1 + len, NULL);
	}
}

/* A program that writes line by line without end would wake us for each line. When reads follow one
 * another closely and nobody is typing, the pipe gets a moment to fill: it holds PIPE_SIZE, so that
 * its writer is not held up meanwhile. Half of the CPU time of a log-bound container was such
 * wake-ups. */
static void let_fill(struct streams *io, int64_t now)
{
	const struct timespec pause = {.tv_nsec = FILL_NS};

	if (io->last_len >= SMALL_READ_MIN && io->last_len < FULL_READ_MIN &&
	    now - io->last_read < CLOSE_NS)
		(void)nanosleep(&pause, NULL);
}

/* One read. False: nothing there, or the end. */
static bool read_output(struct output *o)
{
	struct monitor *m = o->m;
	char *packet = streams_buffer(m);
	struct err why = ERR_INIT;
	ssize_t n;

	if (!packet || o->fd < 0)
		return false;
	let_fill(&m->io, clock_now());
	n = read(o->fd, packet + 1, MONITOR_FRAME_MAX);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (n <= 0) { /* a terminal nobody has open any more says EIO */
		end_output(o);
		return false;
	}
	m->io.last_read = clock_now();
	m->io.last_len = (size_t)n;
	/* The log complains once and goes on. */
	if (m->log &&
	    log_write(m->log, o->stream, packet + 1, (size_t)n, m->io.last_read, &why) < 0)
		state_tell(m, &why);
	fan_out(o, packet, (size_t)n);
	return true;
}

static void on_output(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct output *o = data;
	struct monitor *m = o->m;

	(void)s;
	(void)fd;
	(void)events;
	/* The other stream filled a client in this very round. */
	if (m->io.full_clients && m->life < LIFE_DRAINING)
		return;
	(void)read_output(o);
	if (m->life == LIFE_DRAINING && streams_ended(m))
		monitor_drained(m);
}

static int watch_output(struct output *o, struct err *err)
{
	if (o->fd < 0 || o->source)
		return 0;
	o->source = loop_add_fd(o->m->loop, o->fd, EPOLLIN, on_output, o, err);
	return o->source ? 0 : -EIO;
}

int streams_watch(struct monitor *m, struct err *err)
{
	int r = watch_output(&m->io.out[0], err);

	return r < 0 ? r : watch_output(&m->io.out[1], err);
}

void streams_block(struct monitor *m, bool blocked)
{
	if (m->life == LIFE_PREPARED || m->life >= LIFE_DRAINING)
		return;
	for (int i = 0; i < 2; i++) {
		struct output *o = &m->io.out[i];

		if (blocked)
			loop_remove(TAKE_PTR(o->source));
		else if (watch_output(o, NULL) <
			 0) /* no memory: better an end than a silent stop */
			end_output(o);
	}
}

void streams_drain(struct monitor *m)
{
	for (int i = 0; i < 2; i++)
		while (read_output(&m->io.out[i]))
			;
	(void)streams_watch(m, NULL);
}

bool streams_ended(const struct monitor *m)
{
	return m->io.out[0].fd < 0 && m->io.out[1].fd < 0;
}

/* ---- input ---- */

static void close_input(struct monitor *m)
{
	struct input *in = &m->io.in;

	loop_remove(TAKE_PTR(in->source));
	fd_close(TAKE_FD(in->fd));
	free(TAKE_PTR(in->data));
	in->at = in->len = 0;
	client_pause_input(m, false);
}

/* Writes what there is; the count, or a negative errno. SIGPIPE is blocked (monitor.c). */
static ssize_t write_input(const struct input *in, const char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(in->fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static void on_input(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct monitor *m = data;
	struct input *in = &m->io.in;
	ssize_t n = write_input(in, in->data + in->at, in->len - in->at);

	(void)s;
	(void)fd;
	(void)events;
	if (n < 0) {
		close_input(m);
		return;
	}
	in->at += (size_t)n;
	if (in->at < in->len)
		return;
	if (in->close_after) {
		close_input(m);
		return;
	}
	loop_remove(TAKE_PTR(in->source));
	free(TAKE_PTR(in->data));
	client_pause_input(m, false);
}

void streams_input(struct monitor *m, const char *data, size_t len)
{
	struct input *in = &m->io.in;
	ssize_t n;

	m->io.last_len = 0; /* a dialogue */
	if (in->fd < 0 || in->data || in->close_after)
		return;
	n = write_input(in, data, len);
	if (n < 0) { /* the container closed it: what follows is nobody's */
		close_input(m);
		return;
	}
	if ((size_t)n == len)
		return;
	in->data = malloc(len - (size_t)n);
	in->source = in->data ? loop_add_fd(m->loop, in->fd, EPOLLOUT, on_input, m, NULL) : NULL;
	if (!in->source) {
		close_input(m);
		return;
	}
	in->at = 0;
	in->len = len - (size_t)n;
	memcpy(in->data, data + n, in->len);
	client_pause_input(m, true);
}

void streams_input_end(struct monitor *m)
{
	struct input *in = &m->io.in;

	if (in->fd < 0 || m->config.tty)
		return;
	if (in->data)
		in->close_after = true;
	else
		close_input(m);
}

/* ---- making them ---- */

static int make_pipe(int ends[2], int ours, uid_t uid, struct err *err)
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "create a pipe");
	/* A matter of speed only: a limit for the user may forbid it, ignoring. */
	if (ours == 0)
		(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	/* The user's process may open /dev/stdout: the pipe must be its own. */
	if (uid && fchown(ends[!ours], uid, (gid_t)-1) < 0)
		return err_sys(err, errno, "change the owner of a pipe");
	return fd_set_nonblock(ends[ours], true);
}

/* The process's uid as the host sees it. */
static uid_t host_uid(const struct oci_spec *spec)
{
	uint64_t uid = spec->process ? spec->process->user.uid : 0;

	for (size_t i = 0; spec->linux && i < spec->linux->uid_mappings.n; i++) {
		const struct oci_id_mapping *map =
			JSON_AT(struct oci_id_mapping, &spec->linux->uid_mappings, i);

		if (uid >= map->container_id && uid - map->container_id < map->size)
			return (uid_t)(map->host_id + (uid - map->container_id));
	}
	return (uid_t)uid;
}

int streams_open(struct monitor *m, int child[3], struct err *err)
{
	uid_t uid = host_uid(&m->spec);
	int ends[2], r;

	for (int i = 0; i < 3; i++)
		child[i] = -EBADF;
	if (m->config.tty)
		return 0;
	for (int i = 0; i < 2; i++) {
		r = make_pipe(ends, 0, uid, err);
		if (r < 0)
			return r;
		m->io.out[i].fd = ends[0];
		child[1 + i] = ends[1];
	}
	if (!m->config.open_stdin)
		return 0;
	r = make_pipe(ends, 1, uid, err);
	if (r < 0)
		return r;
	child[0] = ends[0];
	m->io.in.fd = ends[1];
	return 0;
}

int streams_take_terminal(struct monitor *m, int fd, struct err *err)
{
	/* Duplicates: the terminal itself stays the container's, and the loop wants one fd a
	 * source. */
	m->io.out[0].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (m->config.open_stdin)
		m->io.in.fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (m->io.out[0].fd < 0 || (m->config.open_stdin && m->io.in.fd < 0))
		return err_sys(err, errno, "duplicate the terminal");
	return fd_set_nonblock(m->io.out[0].fd, true);
}

int streams_resize(struct monitor *m, uint16_t rows, uint16_t cols)
{
	struct winsize size = {.ws_row = rows, .ws_col = cols};

	if (!m->config.tty || m->io.out[0].fd < 0 || (rows == 0 && cols == 0))
		return 0;
	return ioctl(m->io.out[0].fd, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

void streams_done(struct monitor *m)
{
	end_output(&m->io.out[0]);
	end_output(&m->io.out[1]);
	loop_remove(TAKE_PTR(m->io.in.source));
	fd_close(TAKE_FD(m->io.in.fd));
	free(TAKE_PTR(m->io.in.data));
	loop_remove(TAKE_PTR(m->io.idle_timer));
	if (m->io.buffer)
		(void)munmap(TAKE_PTR(m->io.buffer), PACKET_MAX);
}
