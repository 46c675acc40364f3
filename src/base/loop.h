// SPDX-License-Identifier: Apache-2.0
/*
 * loop - one thread waiting for fds, signals and deadlines (epoll).
 *
 * A handler may add and remove any source, itself included: removed sources are freed only after
 * the round in which they were removed. Used by the monitor and by attached clients.
 *
 *   loop_add_fd(l, sock, EPOLLIN, on_client, m, err);
 *   loop_add_timer(l, clock_monotonic() + 10 * NS_PER_SEC, on_timeout, m);
 *   r = loop_run(l, err);        until loop_stop()
 */
#pragma once

#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct loop;
struct loop_source;

typedef void loop_fd_fn(struct loop_source *s, int fd, uint32_t events, void *data);
typedef void loop_timer_fn(struct loop_source *s, void *data);
typedef void loop_signal_fn(int sig, void *data);

struct loop *loop_new(struct err *err);
void loop_free(struct loop *l);
DEFINE_CLEANUP(struct loop *, loop_free)

/* The fd stays the caller's. NULL on failure. */
struct loop_source *loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn *fn, void *data,
				struct err *err);
int loop_set_events(struct loop_source *s, uint32_t events);
/* Once, at a CLOCK_MONOTONIC time; the source is freed after its handler ran. NULL: no memory. */
struct loop_source *loop_add_timer(struct loop *l, int64_t deadline_ns, loop_timer_fn *fn,
				   void *data);
/* Blocks the signals of the set in this thread and delivers them here. One set per loop. */
int loop_add_signals(struct loop *l, const sigset_t *set, loop_signal_fn *fn, void *data,
		     struct err *err);
void loop_remove(struct loop_source *s); /* NULL is fine */

int loop_run(struct loop *l, struct err *err);
/* One round, waiting at most timeout_ms (-1: until something happens). */
int loop_once(struct loop *l, int timeout_ms, struct err *err);
void loop_stop(struct loop *l);
