// SPDX-License-Identifier: Apache-2.0
/*
 * Work that comes while a keeper is at work: whoever has some leaves the file keeper.todo and
 * starts a keeper, which goes away when it finds the lock taken. The one at work takes the file
 * away before each round and looks for it after it let go of the lock, so nothing is left lying.
 */
#include "store/keeper.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/lock.h"
#include "base/proc.h"
#include "store/db.h"
#include "store/layer.h"
#include "store/tmp.h"

#define LOCK "keeper.lock"
#define TODO "keeper.todo"

void keeper_start(struct store *s)
{
	char path[PATH_MAX], *argv[] = {path, s->root, s->keeper_args[0], s->keeper_args[1], NULL};
	struct proc_spawn spawn = {.path = path, .argv = argv, .new_session = true};
	struct proc p;

	fd_close(openat(s->dirfd, TODO, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
	if (proc_program_path("hoy-keeper", path, sizeof(path), NULL) < 0 ||
	    proc_spawn(&spawn, &p, NULL) < 0)
		return;
	proc_release(&p); /* waiting for it to fork itself away cost our caller 3 ms */
}

int keeper_lock(struct store *s, bool wait, struct err *err)
{
	return wait ? lock_take(s->dirfd, LOCK, LOCK_EXCLUSIVE, err)
		    : lock_try(s->dirfd, LOCK, LOCK_EXCLUSIVE, err);
}

static int collect(struct store *s, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = db_finish(s, layer_collect_rows(s, err), true, err);
	return r < 0 ? r : layer_collect_files(s, err);
}

static int one_round(struct store *s, struct err *err)
{
	int r;

	(void)unlinkat(s->dirfd, TODO, 0);
	/* First the dead jobs' pins, then what those held, then the files of both. */
	r = tmp_sweep(s, err);
	if (r == 0)
		r = collect(s, err);
	if (r == 0)
		r = tmp_sweep(s, err);
	if (r == 0)
		r = layer_sync_all(s, err);
	return r < 0 ? r : db_checkpoint(s, err);
}

int keeper_run(struct store *s, int lock, struct err *err)
{
	int r;

	do {
		r = one_round(s, err);
		fd_close(lock);
		if (r < 0 || faccessat(s->dirfd, TODO, F_OK, 0) < 0)
			break;
		lock = keeper_lock(s, false, err);
	} while (lock >= 0);
	s->keeper_wanted = false;
	s->wal_pages = 0;
	return r;
}
