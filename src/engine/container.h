// SPDX-License-Identifier: Apache-2.0
/*
 * container - the noun: made, started, watched, stopped, removed.
 *
 * `key` is a name, a full id or a unique id prefix everywhere; "No such container: KEY" when there is
 * none (ERR_NOT_FOUND). Wrong states are ERR_CONFLICT with Docker's words.
 */
#pragma once

#include "engine/engine.h"
#include "logs/log.h"
#include "spec/container.h"

/* ---- make and start ---- */

struct container_create_request {
	const char *name;     /* NULL: one is invented */
	const char *platform; /* NULL: the host's */
	struct container_create *body;
	bool start_follows; /* container_start() of the same engine comes next (`run`): the monitor is
			       started already, beside the rest of the work */
};
/* Checks everything that can be checked before a start. Warnings are for the user's stderr. */
int container_create(struct engine *e, struct arena *a, const struct container_create_request *req,
		     char **ret_id, char ***ret_warnings, struct err *err);

struct container_streams {
	bool in, out, err;
	uint16_t rows, cols; /* of the user's terminal; 0: unknown */
};
/* Starts; with streams, *ret_conn is a connection (monitor/client.h) attached before the first byte, the
 * caller's. Starting a running container succeeds and does nothing (*ret_conn is -EBADF then). */
int container_start(struct engine *e, const char *key, const struct container_streams *streams,
		    int *ret_conn, struct err *err);
int container_attach(struct engine *e, const char *key, const struct container_streams *streams,
		     int *ret_conn, struct err *err);
/* Called by the client of an auto-removed container after MONITOR_EXIT: the row and the name go, the
 * monitor removes the rest after we answered. */
int container_auto_removed(struct engine *e, const char *id, int conn, struct err *err);

/* ---- change state ---- */

struct container_stop_options {
	struct opt_i64 timeout; /* seconds; -1: for ever; unset: the container's, then 10 */
	const char *signal;     /* NULL: the container's StopSignal, then SIGTERM */
};
int container_stop(struct engine *e, const char *key, const struct container_stop_options *o,
		   struct err *err);
int container_restart(struct engine *e, const char *key, const struct container_stop_options *o,
		      struct err *err);
int container_kill(struct engine *e, const char *key, const char *signal, struct err *err);
int container_pause(struct engine *e, const char *key, bool pause, struct err *err);
int container_rename(struct engine *e, const char *key, const char *name, struct err *err);
int container_resize(struct engine *e, const char *key, uint16_t rows, uint16_t cols,
		     struct err *err);
enum container_wait_condition { WAIT_NOT_RUNNING, WAIT_NEXT_EXIT, WAIT_REMOVED };
int container_wait(struct engine *e, const char *key, enum container_wait_condition c,
		   int *exit_code, struct err *err);
struct container_update_request {
	struct container_resources resources;           /* zero members are left as they are */
	struct container_restart_policy restart_policy; /* name NULL: left */
};
int container_update(struct engine *e, const char *key, const struct container_update_request *req,
		     struct err *err);

struct container_remove_options {
	bool force, volumes;
};
int container_remove(struct engine *e, const char *key, const struct container_remove_options *o,
		     struct err *err);
/* Many at once, in parallel where that pays: result[i] tells of keys[i]; 0 or the first failure. */
struct container_result {
	struct err err; /* err.code 0: done */
};
int container_remove_many(struct engine *e, char *const *keys, size_t n,
			  const struct container_remove_options *o,
			  struct container_result *results);
int container_stop_many(struct engine *e, char *const *keys, size_t n,
			const struct container_stop_options *o, struct container_result *results);
int container_prune(struct engine *e, struct arena *a, const struct filters *f, char ***ret_ids,
		    int64_t *ret_bytes, struct err *err);
/* `hoy __reap ID`: what is left of a removed container, or of one whose monitor died. */
int container_reap(struct engine *e, const char *id, struct err *err);

/* ---- look ---- */

struct container_info { /* one row of ps; also the API's GET /containers/json */
	struct store_container row;
	struct container_create *config;
	struct container_state state;
	int64_t size_rw, size_root_fs; /* -1 unless sizes were asked for */
};
struct container_list_options {
	bool all, size;
	int64_t limit; /* 0: no limit; the newest */
	struct filters
		filters; /* id name label exited status ancestor before since volume network */
};
int container_list(struct engine *e, struct arena *a, const struct container_list_options *o,
		   struct json_list *ret /* struct container_info */, struct err *err);
/* Docker's GET /containers/ID/json; the caller's (json_unref). */
json_t *container_inspect(struct engine *e, const char *key, bool size, struct err *err);
int container_logs(struct engine *e, const char *key, const struct log_read *what,
		   log_record_fn *fn, void *data, struct err *err);
/* Whether it has a terminal, and its id: what `logs`, `attach` and `start` ask first. */
int container_brief(struct engine *e, struct arena *a, const char *key, struct container_info *ret,
		    struct err *err);
/* What it publishes while it runs: "PROTOCOL/HOST-IP/HOST-PORT/PORT" each; NULL: nothing. */
int container_ports(struct engine *e, struct arena *a, const struct container_info *c, char ***ret,
		    struct err *err);
/* ps(1) columns of its processes: titles and rows of equal length (NULL-terminated strvs). */
int container_top(struct engine *e, struct arena *a, const char *key, char *const *ps_args,
		  char ***ret_titles, char ****ret_rows, size_t *n_rows, struct err *err);
