// SPDX-License-Identifier: Apache-2.0
#include "store/keeper.h"

#include <string.h>

#include "base/lock.h"
#include "base/proc.h"
#include "store/db.h"
#include "store/layer.h"
#include "store/program.h"
#include "store/tmp.h"

void keeper_start(struct store *s)
{
	char path[PATH_MAX], *argv[] = {path, s->root, NULL};
	struct proc_spawn spawn = {.path = path, .argv = argv, .new_session = true};
	struct proc p;

	if (program_path("hoy-keeper", path, sizeof(path), NULL) < 0 ||
	    proc_spawn(&spawn, &p, NULL) < 0)
		return;
	/* It forks at once and its first process ends: no child of ours is left behind. */
	(void)proc_wait(&p);
}

int keeper_run(struct store *s, struct err *err)
{
	cleanup_fd int lock = lock_try(s->dirfd, "keeper.lock", LOCK_EXCLUSIVE, err);
	int r;

	if (lock < 0)
		return lock == -EWOULDBLOCK ? 0 : lock;
	r = layer_sync_all(s, err);
	if (r == 0)
		r = tmp_sweep(s, err);
	if (r == 0)
		r = db_checkpoint(s, err);
	s->keeper_wanted = false;
	s->wal_pages = 0;
	return r;
}
