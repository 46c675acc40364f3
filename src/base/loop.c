// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <stdbool.h>
#include <sys/signalfd.h>

#include "base/clock.h"

#define EVENTS_PER_ROUND 64

struct loop_source {
	struct loop *loop;
	struct loop_source *next; /* in timers or in dead */
	int fd;                   /* -EBADF for a timer */
	bool dead;
	int64_t deadline;
	loop_fd_fn *on_fd;
	loop_timer_fn *on_timer;
	void *data;
};

struct loop {
	int epoll;
	int signals;
	bool stop;
	loop_signal_fn *on_signal;
	void *signal_data;
	struct loop_source *fds;    /* all fd sources, for loop_free */
	struct loop_source *timers; /* by deadline, earliest first: there are few */
	struct loop_source *dead;   /* removed in this round */
};

struct loop *loop_new(struct err *err)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		(void)err_oom(err);
		return NULL;
	}
	l->signals = -EBADF;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		(void)err_sys(err, errno, "create an epoll instance");
		loop_free(l);
		return NULL;
	}
	return l;
}

static void free_list(struct loop_source **list)
{
	while (*list) {
		struct loop_source *s = *list;

		*list = s->next;
		free(s);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	free_list(&l->fds);
	free_list(&l->timers);
	free_list(&l->dead);
	fd_close(l->signals);
	fd_close(l->epoll);
	free(l);
}

struct loop_source *loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *data,
				struct err *err)
{
	struct loop_source *s = calloc(1, sizeof(*s));
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (!s) {
		(void)err_oom(err);
		return NULL;
	}
	*s = (struct loop_source){.loop = l, .fd = fd, .on_fd = fn, .data = data, .next = l->fds};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		(void)err_sys(err, errno, "watch fd %d", fd);
		free(s);
		return NULL;
	}
	l->fds = s;
	return s;
}

int loop_set_events(struct loop_source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	return epoll_ctl(s->loop->epoll, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

struct loop_source *loop_add_timer(struct loop *l, int64_t deadline_ns, loop_timer_fn *fn,
				   void *data)
{
	struct loop_source *s = calloc(1, sizeof(*s)), **at = &l->timers;

	if (!s)
		return NULL;
	*s = (struct loop_source){
		.loop = l, .fd = -EBADF, .deadline = deadline_ns, .on_timer = fn, .data = data};
	while (*at && (*at)->deadline <= deadline_ns)
		at = &(*at)->next;
	s->next = *at;
	*at = s;
	return s;
}

static void on_signalfd(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct signalfd_siginfo info;
	struct loop *l = data;

	(void)s;
	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		l->on_signal((int)info.ssi_signo, l->signal_data);
}

int loop_add_signals(struct loop *l, const sigset_t *set, loop_signal_fn *fn, void *data,
		     struct err *err)
{
	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return err_sys(err, errno, "block signals");
	l->signals = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0)
		return err_sys(err, errno, "create a signalfd");
	l->on_signal = fn;
	l->signal_data = data;
	return loop_add_fd(l, l->signals, EPOLLIN, on_signalfd, l, err) ? 0 : -EIO;
}

static void unlink_source(struct loop_source **list, const struct loop_source *s)
{
	for (; *list; list = &(*list)->next)
		if (*list == s) {
			*list = s->next;
			return;
		}
}

void loop_remove(struct loop_source *s)
{
	if (!s || s->dead)
		return;
	if (s->fd >= 0) {
		(void)epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
		unlink_source(&s->loop->fds, s);
	} else {
		unlink_source(&s->loop->timers, s);
	}
	s->dead = true;
	s->next = s->loop->dead;
	s->loop->dead = s;
}

static int wait_ms(const struct loop *l, int timeout_ms)
{
	int64_t left;

	if (!l->timers)
		return timeout_ms;
	left = (l->timers->deadline - clock_monotonic() + NS_PER_MS - 1) / NS_PER_MS;
	left = MIN_OF(MAX_OF(left, (int64_t)0), (int64_t)3600000);
	return timeout_ms < 0 ? (int)left : MIN_OF((int)left, timeout_ms);
}

static void run_timers(struct loop *l)
{
	int64_t now = clock_monotonic();

	/* A handler that sets a new timer in the past runs in the next round: no starving of fds.
	 */
	for (struct loop_source *s; (s = l->timers) && s->deadline <= now;) {
		loop_timer_fn *fn = s->on_timer;

		loop_remove(s);
		fn(s, s->data);
	}
}

int loop_once(struct loop *l, int timeout_ms, struct err *err)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	int n = epoll_wait(l->epoll, events, EVENTS_PER_ROUND, wait_ms(l, timeout_ms));

	if (n < 0 && errno != EINTR)
		return err_sys(err, errno, "wait for events");
	for (int i = 0; i < n; i++) {
		struct loop_source *s = events[i].data.ptr;

		if (!s->dead)
			s->on_fd(s, s->fd, events[i].events, s->data);
	}
	run_timers(l);
	free_list(&l->dead);
	return 0;
}

int loop_run(struct loop *l, struct err *err)
{
	int r = 0;

	while (!l->stop && r == 0)
		r = loop_once(l, -1, err);
	l->stop = false;
	return r;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}
