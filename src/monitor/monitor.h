// SPDX-License-Identifier: Apache-2.0
/*
 * monitor - the pieces of hoy-monitor and what they share. Private to monitor/.
 *
 * monitor.c holds the life of the container, control.c the clients, attach.c the streams, exec.c
 * the further processes, state.c the record. One thread, one loop; every handler runs to its end,
 * so no piece ever sees another half-way.
 */
#pragma once

#include "base/arena.h"
#include "base/loop.h"
#include "logs/log.h"
#include "monitor/client.h"
#include "monitor/protocol.h"
#include "run/run.h"
#include "run/usernet.h"
#include "spec/container.h"

enum life {                /* monitor.c has the table of what is legal when */
	    LIFE_PREPARED, /* made, waiting for the starter's go */
	    LIFE_RUNNING,
	    LIFE_PAUSED,
	    LIFE_DRAINING, /* PID 1 is gone, its last output is not all read */
	    LIFE_EXITED,   /* recorded and told */
	    LIFE_OVER,     /* the loop ends */
};
#define LIFE_BIT(l) (1U << (l))

struct monitor;
struct client;
struct exec;

struct output {
	struct monitor *m;
	int fd; /* the reading end, or the terminal; -EBADF: ended */
	enum log_stream stream;
	struct loop_source *source; /* NULL while a client is full */
};

struct input { /* what a client typed and the container has not read yet */
	int fd;
	struct loop_source *source; /* while `data` waits */
	char *data;
	size_t at, len;
	bool close_after;
};

struct streams {
	struct output out[2];
	struct input in;
	unsigned full_clients; /* output is read only when 0 */
	char *buffer; /* PACKET_MAX bytes, mapped while busy; also for packets that come in */
	bool busy;
	struct loop_source *idle_timer;
	int64_t last_read; /* when, and how much: attach.c's let_fill */
	size_t last_len;
};

struct visit { /* visit.c: a container that is another monitor's */
	pid_t pid;
	int pidfd; /* -EBADF: it is ours */
	struct cgroup *cgroup;
};

struct monitor {
	int starter_fd, container_fd, run_fd, lock_fd;
	struct arena *arena; /* of config and spec */
	struct monitor_config config;
	struct oci_spec spec;
	void *seccomp;
	size_t seccomp_len;

	enum life life;
	struct container_state state;
	struct arena *state_arena;
	struct run_container *container;
	struct usernet usernet;
	bool stopping;
	bool guarded;      /* our oom_score_adj is lower than what our children are to have … */
	int64_t oom_score; /* … which is this */
	bool starter_gone, refused,
		cancelled; /* it was never started: what became of the starter */

	struct loop *loop;
	struct loop_source *timer; /* of the present life: stop, drain, remove, linger */
	int listen_fd;
	struct loop_source *listener;
	struct client *clients;
	size_t n_clients;
	struct exec *execs;
	struct log *log;
	struct streams io;
	struct visit visit;
	uint64_t kept; /* privilege.c */
	bool resting;
	bool reap; /* the last act: become `hoy __reap ID` */
};

struct client {
	struct monitor *m;
	struct client *next;
	int fd;
	struct loop_source *source;
	unsigned streams; /* STREAM_*: what it is attached to */
	bool starter, waiting, told, gone;
	struct exec *exec;
	struct buf queue; /* packets it had no room for: uint32 length, bytes */
};

struct exec {
	struct exec *next;
	struct client *client; /* NULL: it is gone, the process is not */
	struct run_process process;
};

/* ---- monitor.c ---- */
int monitor_run(struct monitor *m, struct err *err);
int monitor_attend(struct monitor *m, struct err *err); /* signals and clients, until it is over */
static inline bool monitor_is_visitor(const struct monitor *m)
{
	return m->visit.pidfd >= 0;
}
int monitor_let_go(struct monitor *m, struct client *c, const struct body_streams *b,
		   struct err *err);
void monitor_settle(struct monitor *m); /* it runs, and the starter knows */
int monitor_signal(struct monitor *m, int sig, bool by_user, struct err *err);
int monitor_freeze(struct monitor *m, bool frozen, struct err *err);
void monitor_starter_gone(struct monitor *m);
void monitor_cancelled(struct monitor *m);
void monitor_client_gone(struct monitor *m);
void monitor_drained(struct monitor *m); /* all output is read and logged */
void monitor_row_removed(struct monitor *m);

/* ---- oom.c ---- */
void oom_guard(struct monitor *m);
void oom_unguard(struct monitor *m);
void oom_of_exec(const struct monitor *m, struct oci_process *p);

/* ---- bundle.c ---- */
int bundle_read_config(struct monitor *m, struct err *err);
int bundle_read_spec(struct monitor *m, struct err *err);
int bundle_read_seccomp(struct monitor *m, struct err *err);

/* ---- privilege.c: the stages are told there ---- */
int privilege_stage_running(struct monitor *m, struct err *err);
bool privilege_section_begin(struct monitor *m);
void privilege_section_end(struct monitor *m, bool begun); /* what begin returned */
void privilege_stage_ending(struct monitor *m);
int privilege_stage_visiting(struct err *err);

/* ---- visit.c ---- */
int visit_prepare(struct monitor *m, struct err *err);
int visit_run(struct monitor *m, struct err *err);

/* ---- main.c ---- */
int monitor_join_roster(const struct monitor *m, pid_t pid, struct err *err);

/* ---- state.c ---- */
int state_load(struct monitor *m, struct err *err); /* the previous one; fresh if there is none */
int state_write(struct monitor *m, struct err *err);
/* A failure that does not end the container, said once. */
void state_tell(struct monitor *m, const struct err *err);

/* ---- control.c ---- */
int control_add_starter(struct monitor *m, struct err *err);
/* Of one that was refused: until it hung up, or took the rest upon itself. */
void control_wait_starter(struct monitor *m);
int control_listen(struct monitor *m, struct err *err);
void control_close_listener(struct monitor *m);
void control_done(struct monitor *m);
/* Sends or queues a packet; -EPIPE and the like: the client was dropped. `body` may be NULL. */
int client_send(struct client *c, char kind, const void *body, size_t len, const int *fd);
/* The same for a whole packet. May leave the client full (io.full_clients). */
int client_send_packet(struct client *c, const char *packet, size_t len, const int *fd);
void client_fail(struct client *c, const struct err *err, int code);
void client_pause_input(struct monitor *m, bool paused); /* of those attached to stdin */
void control_tell_exit(struct monitor *m);
bool control_has_attached(const struct monitor *m);
bool control_has_queued(const struct monitor *m);

/* ---- attach.c ---- */
/* Makes the pipes; the container's ends go to child[], the caller closes them. */
int streams_open(struct monitor *m, int child[3], struct err *err);
int streams_take_terminal(struct monitor *m, int fd, struct err *err);
int streams_watch(struct monitor *m, struct err *err); /* begins to read the output */
void streams_block(struct monitor *m, bool blocked);
void streams_input(struct monitor *m, const char *data, size_t len);
void streams_input_end(struct monitor *m);
void streams_drain(struct monitor *m); /* PID 1 is gone: reads what is there */
bool streams_ended(const struct monitor *m);
char *streams_buffer(struct monitor *m); /* PACKET_MAX bytes; NULL: no memory */
int streams_resize(struct monitor *m, uint16_t rows, uint16_t cols);
void streams_done(struct monitor *m);

/* ---- exec.c ---- */
/* The text of a PACKET_EXEC, or of a PACKET_EXEC_LIKE. Answers by itself when it succeeds. */
int exec_start(struct client *c, bool like, const char *text, size_t len, const int fds[3],
	       struct err *err);
bool exec_reaped(struct monitor *m, pid_t pid, int status);
void exec_client_gone(struct exec *x);
void exec_done(struct monitor *m);
