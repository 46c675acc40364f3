// SPDX-License-Identifier: Apache-2.0
/*
 * A layer is reported as loaded when its blob is on the disk; its unpacked files follow later. If
 * the host goes down between the two, its row still names the boot that unpacked it. Such a layer
 * is not trusted: before its first use in this boot it is unpacked again and put in the place of
 * the old directory.
 */
#include "store/rebuild.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/layer.h"
#include "store/tmp.h"
#include "store/worker.h"

struct layer_row {
	char name[LAYER_SHORT_LEN + 1], boot[40], blob[80];
};

static int read_row(struct store *s, const char *diff_id, struct layer_row *row, struct err *err)
{
	sqlite3_stmt *q =
		db_query(s, err,
			 "SELECT short, boot, blob FROM layer JOIN image_layer ON layer = diff_id "
			 "WHERE diff_id = ? LIMIT 1",
			 "s", diff_id);
	int r = db_step(s, q, err);

	if (r > 0) {
		(void)snprintf(row->name, sizeof(row->name), "%s", db_text(q, 0));
		(void)snprintf(row->boot, sizeof(row->boot), "%s", db_text(q, 1));
		(void)snprintf(row->blob, sizeof(row->blob), "%s", db_text(q, 2));
	}
	db_end(q);
	return r == 0 ? err_set(err, ERR_NOT_FOUND, "layer %s: no image uses it", diff_id)
		      : MIN_OF(r, 0);
}

static int unpack(struct store *s, struct tmp_dir *tmp, const char *diff_id, const char *blob,
		  struct err *err)
{
	struct worker_request req = {.job = WORKER_LAYER};
	cleanup_fd int in = -EBADF, dir = -EBADF;
	struct worker_reply reply;
	char path[128];
	int r;

	(void)snprintf(path, sizeof(path), "blobs/sha256/%.64s", digest_hex(blob));
	in = path_open_beneath(s->dirfd, path, O_RDONLY, 0);
	if (in < 0)
		return err_sys(err, in, "open blob %s", blob);
	dir = path_open_dir(tmp->fd, "layer", 0755, err);
	if (dir < 0)
		return dir;
	if (fchmod(dir, 0755) < 0)
		return err_sys(err, errno, "chmod a layer");
	r = worker_run(&req, in, dir, &reply, err);
	if (r == 0 && !str_eq(reply.digest, diff_id))
		r = err_set(err, ERR_CORRUPT, "layer %s: its content is %s", diff_id, reply.digest);
	return r;
}

static int replace(struct store *s, struct tmp_dir *tmp, const char *diff_id, const char *name,
		   struct err *err)
{
	cleanup_fd int layers = path_open_beneath(s->dirfd, "layers", O_RDONLY | O_DIRECTORY, 0);
	char boot[40], link[64], target[128];
	int r = boot_id(boot, err);

	if (layers < 0)
		return err_sys(err, layers, "open %s/layers", s->root);
	if (r == 0)
		r = db_begin(s, err);
	if (r < 0)
		return r;
	r = tmp_bury(s, layers, digest_hex(diff_id), err);
	if (r == 0 && renameat(tmp->fd, "layer", layers, digest_hex(diff_id)) < 0)
		r = err_sys(err, errno, "store layer %s", diff_id);
	(void)snprintf(link, sizeof(link), "l/%s", name);
	(void)snprintf(target, sizeof(target), "../layers/%.64s", digest_hex(diff_id));
	(void)unlinkat(s->dirfd, link, 0);
	if (r == 0 && symlinkat(target, s->dirfd, link) < 0)
		r = err_sys(err, errno, "name layer %s", diff_id);
	if (r == 0)
		r = db_exec(s, err, "UPDATE layer SET boot = ? WHERE diff_id = ?", "ss", boot,
			    diff_id);
	s->keeper_wanted = true;
	return db_finish(s, r, false, err);
}

static int lock_layer(struct store *s, const char *diff_id, struct err *err)
{
	cleanup_fd int dir = path_open_dir(s->dirfd, "locks", 0700, err);
	char name[32];

	if (dir < 0)
		return dir;
	(void)snprintf(name, sizeof(name), "layer-%.2s", digest_hex(diff_id));
	return lock_take(dir, name, LOCK_EXCLUSIVE, err);
}

int layer_rebuild(struct store *s, const char *diff_id, struct err *err)
{
	cleanup_fd int lock = lock_layer(s, diff_id, err);
	struct tmp_dir tmp = TMP_DIR_INIT;
	struct layer_row row;
	char boot[40], path[128];
	struct stat st;
	int r = lock < 0 ? lock : read_row(s, diff_id, &row, err);

	if (r == 0)
		r = boot_id(boot, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "l/%s/.", row.name);
	if ((!row.boot[0] || str_eq(row.boot, boot)) && fstatat(s->dirfd, path, &st, 0) == 0)
		return 0;
	r = tmp_make(s, &tmp, err);
	if (r == 0)
		r = unpack(s, &tmp, diff_id, row.blob, err);
	if (r == 0)
		r = replace(s, &tmp, diff_id, row.name, err);
	tmp_done(s, &tmp);
	return r;
}

int layer_rebuild_stale(struct store *s, const char *image, struct err *err)
{
	char boot[40], diff_id[80];
	sqlite3_stmt *q;
	int r = boot_id(boot, err);

	while (r >= 0) {
		q = db_query(s, err,
			     "SELECT boot, diff_id FROM layer WHERE boot <> '' AND diff_id IN "
			     "(SELECT layer "
			     "FROM image_layer WHERE image = ?1) AND boot <> ?2 LIMIT 1",
			     "ss", image, boot);
		r = db_step(s, q, err);
		if (r <= 0)
			return r;
		(void)snprintf(diff_id, sizeof(diff_id), "%s", db_text(q, 1));
		db_end(q);
		r = layer_rebuild(s, diff_id, err);
	}
	return r;
}
