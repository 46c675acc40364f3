// SPDX-License-Identifier: Apache-2.0
/*
 * keeper - housekeeping that nobody waits for. Private to store/.
 *
 * hoy-keeper is started detached by store_close() when there is something to do: deleting what was
 * moved to tmp/, sweeping what killed commands left, syncing layers that were unpacked, checkpointing the database. One at a time per
 * root (keeper.lock); if it is missing or killed nothing breaks, the next one finds the same work.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "store/store.h"

/* Pages of 4 KiB that a log may have before a keeper is started: the first one to open the database
 * after a pause reads all of it, about 0.25 ms for this many. */
#define KEEPER_WAL_PAGES 100

/* Starts one and does not wait; failing to do so is no failure of the caller. It is a child of the
 * caller: one that lives long must reap it some day. */
void keeper_start(struct store *s);
/* The lock, for keeper_run: an fd, -EWOULDBLOCK (no message) when one is at work and we do not
 * wait. */
int keeper_lock(struct store *s, bool wait, struct err *err);
/* The work itself, in this process. Closes the lock. */
int keeper_run(struct store *s, int lock, struct err *err);
