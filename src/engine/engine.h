// SPDX-License-Identifier: Apache-2.0
/*
 * engine - what cli, api, compose and build call: requests in, results out.
 *
 * Nothing here prints or exits. Any number of engines, in any number of processes and threads (one
 * engine a thread), work on one root at once. A request that fails leaves nothing half-made: each step
 * that succeeded is on the undo stack until the last one did (engine/undo.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "store/store.h"

/* /etc/hoy/config.json: Docker's daemon.json names for what we share with it. */
struct engine_config {
	char *log_driver;                     /* "log-driver" */
	struct json_map log_opts;             /* "log-opts" */
	char *cgroup_parent;                  /* "cgroup-parent"; default /hoy */
	char *seccomp_profile;                /* "seccomp-profile": path, "builtin", "unconfined" */
	struct opt_i64 shutdown_timeout;      /* "default-stop-timeout": seconds; 10 */
	int64_t default_shm_size;             /* "default-shm-size": bytes; 64 MiB */
	struct json_map default_ulimits_text; /* "default-ulimits", NAME -> "soft:hard" */
	char *userns_remap;                   /* "userns-remap": "default" or a user; "": none */
	bool init;                            /* "init" */
	bool no_new_privileges;               /* "no-new-privileges" */
};

#define ENGINE_ROOT_DEFAULT     "/var/lib/hoy"
#define ENGINE_RUN_ROOT_DEFAULT "/run/hoy"

struct engine_options {
	const char *root, *run_root, *config_path; /* NULL: environment, then the defaults */
	bool existing;      /* -ENOENT when there is no store: nothing is made */
	bool without_store; /* configuration only: nothing is made, engine_store() is NULL */
};

struct engine;
int engine_open(const struct engine_options *o, struct engine **ret, struct err *err);
void engine_close(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_close)

struct store *engine_store(struct engine *e);
const struct engine_config *engine_config(const struct engine *e);
/* True for the one caller, of all processes ever on this root, that is the first to ask about `what`. */
bool engine_once(struct engine *e, const char *what);
const char *engine_root(const struct engine *e);
const char *engine_run_root(const struct engine *e);

/* A --filter list: key -> values, as Docker's API takes it. */
struct filter {
	char *key, *value;
};
struct filters {
	struct filter *items;
	size_t n;
};
