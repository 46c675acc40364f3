// SPDX-License-Identifier: Apache-2.0
/*
 * Everything that a crash, a full disk or a bad disk can have left: asked in the order in which one
 * fault explains the next. The housekeeping that any later command would do (keeper.c) is done
 * first: what dead processes left in tmp/, names without rows. So what is reported is what does not
 * go away by itself. Blobs are hashed by the worker, that is the slow part.
 *
 * Repair: a layer that is missing or of an unsynced earlier boot is unpacked again from its blob;
 * names without rows are collected; index.json is written again; tmp/ is swept. A blob that is gone
 * or wrong cannot be mended here: its image must be loaded again.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/image.h"
#include "store/keeper.h"
#include "store/layer.h"
#include "store/rebuild.h"
#include "store/tmp.h"
#include "store/worker.h"

struct check {
	struct store *s;
	bool repair;
	void (*found)(const char *problem, void *data);
	void *data;
};

static void PRINTF_LIKE(2, 3) report(struct check *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->found)
		c->found(text, c->data);
}

static int check_database(struct check *c, struct err *err)
{
	sqlite3_stmt *q = db_query(c->s, err, "PRAGMA integrity_check", "");
	int r;

	while ((r = db_step(c->s, q, err)) > 0)
		if (!str_eq(db_text(q, 0), "ok"))
			report(c, "database: %s", db_text(q, 0));
	if (r < 0)
		return r;
	q = db_query(c->s, err, "PRAGMA foreign_key_check", "");
	while ((r = db_step(c->s, q, err)) > 0)
		report(c, "database: a row of %s names one of %s that does not exist",
		       db_text(q, 0), db_text(q, 2));
	return r;
}

static int check_blob(struct check *c, const char *digest, int64_t size, struct err *err)
{
	struct worker_request req = {.job = WORKER_HASH};
	cleanup_fd int fd = -EBADF, dir = -EBADF;
	struct worker_reply reply;
	char path[128];
	struct stat st;
	int r;

	(void)snprintf(path, sizeof(path), "blobs/sha256/%.64s", digest_hex(digest));
	fd = path_open_beneath(c->s->dirfd, path, O_RDONLY, 0);
	if (fd < 0 || fstat(fd, &st) < 0) {
		report(c, "blob %s: missing", digest);
		return 0;
	}
	if (st.st_size != size) {
		report(c, "blob %s: %lld bytes instead of %lld", digest, (long long)st.st_size,
		       (long long)size);
		return 0;
	}
	dir = path_open_beneath(c->s->dirfd, "tmp", O_RDONLY | O_DIRECTORY, 0);
	if (dir < 0)
		return err_sys(err, dir, "open %s/tmp", c->s->root);
	r = worker_run(&req, fd, dir, &reply, err);
	if (r < 0)
		return r;
	if (!str_eq(reply.digest, digest))
		report(c, "blob %s: its bytes are %s", digest, reply.digest);
	return 0;
}

static int check_blobs(struct check *c, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct row {
		char *digest;
		int64_t size;
	};
	struct json_list rows = {};
	sqlite3_stmt *q;
	int r;

	if (!a)
		return err_oom(err);
	/* First the list, then the work: an open query would hold up the others' checkpoints. */
	q = db_query(c->s, err, "SELECT digest, size FROM blob ORDER BY digest", "");
	while ((r = db_step(c->s, q, err)) > 0) {
		struct row *row = json_list_add(a, &rows, sizeof(*row));

		if (!row || !(row->digest = db_strdup(a, q, 0))) {
			db_end(q);
			return err_oom(err);
		}
		row->size = db_int(q, 1);
	}
	for (size_t i = 0; r == 0 && i < rows.n; i++)
		r = check_blob(c, JSON_AT(struct row, &rows, i)->digest,
			       JSON_AT(struct row, &rows, i)->size, err);
	return r;
}

static const char *layer_fault(struct check *c, const char *diff_id, const char *name,
			       const char *boot, const char *this_boot)
{
	char path[128], target[256], want[128];
	struct stat st;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "layers/%.64s", digest_hex(diff_id));
	if (fstatat(c->s->dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
		return "its directory is missing";
	if (*boot && !str_eq(boot, this_boot))
		return "it was not on the disk yet when the host went down";
	(void)snprintf(path, sizeof(path), "l/%s", name);
	(void)snprintf(want, sizeof(want), "../layers/%.64s", digest_hex(diff_id));
	n = readlinkat(c->s->dirfd, path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return str_eq(target, want) ? NULL : "its short name is missing";
}

static int check_layers(struct check *c, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char boot[40], **broken = NULL;
	sqlite3_stmt *q;
	int r = a ? boot_id(boot, err) : err_oom(err);

	if (r < 0)
		return r;
	q = db_query(c->s, err, "SELECT diff_id, short, boot FROM layer ORDER BY diff_id", "");
	while ((r = db_step(c->s, q, err)) > 0) {
		const char *fault =
			layer_fault(c, db_text(q, 0), db_text(q, 1), db_text(q, 2), boot);

		if (!fault)
			continue;
		report(c, "layer %s: %s", db_text(q, 0), fault);
		broken = strv_append(a, broken, db_text(q, 0));
		if (!broken) {
			db_end(q);
			return err_oom(err);
		}
	}
	for (char **d = broken; r == 0 && c->repair && d && *d; d++)
		if (layer_rebuild(c->s, *d, err) < 0)
			report(c, "layer %s: cannot be repaired: %s", *d, err ? err->msg : "");
	return r;
}

static int report_orphan(struct store *s UNUSED, int dirfd UNUSED, const char *hex, bool layer,
			 void *data, struct err *err UNUSED)
{
	report(data, "%s %s: nobody names it", layer ? "layer" : "blob", hex);
	return 0;
}

static int check_orphans(struct check *c, struct err *err)
{
	int r = db_begin(c->s, err);

	if (r < 0)
		return r;
	r = layer_each_orphan(c->s, report_orphan, c, err);
	db_rollback(c->s);
	return r < 0 || !c->repair ? r : layer_collect_files(c->s, err);
}

/* Rows that no image holds and no living job has pinned. */
static int check_unheld(struct check *c, struct err *err)
{
	sqlite3_stmt *q = db_query(
		c->s, err,
		"SELECT diff_id FROM layer WHERE NOT EXISTS (SELECT 1 FROM image_layer "
		"WHERE layer = diff_id) AND NOT EXISTS (SELECT 1 FROM pin WHERE digest = "
		"diff_id) UNION ALL SELECT digest FROM blob WHERE NOT EXISTS (SELECT 1 FROM "
		"image_layer WHERE blob = digest) AND NOT EXISTS (SELECT 1 FROM image_blob "
		"WHERE blob = digest) AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.digest = "
		"blob.digest)",
		"");
	int r;

	while ((r = db_step(c->s, q, err)) > 0)
		report(c, "%s: no image uses it", db_text(q, 0));
	if (r < 0 || !c->repair)
		return r;
	r = db_begin(c->s, err);
	if (r < 0)
		return r;
	r = db_finish(c->s, layer_collect_rows(c->s, err), true, err);
	return r < 0 ? r : layer_collect_files(c->s, err);
}

static int report_dead(struct store *s UNUSED, int tmpfd UNUSED, const char *name, void *data,
		       struct err *err UNUSED)
{
	report(data, "tmp/%s: unfinished, and nobody works on it", name);
	return 0;
}

static int check_tmp(struct check *c, struct err *err)
{
	int r = tmp_each_dead(c->s, report_dead, c, err);

	return r < 0 || !c->repair ? r : tmp_sweep(c->s, err);
}

int store_check(struct store *s, bool repair, void (*found)(const char *problem, void *data),
		void *data, struct err *err)
{
	struct check c = {s, repair, found, data};
	int lock, r = check_database(&c, err);

	if (r < 0)
		return r;
	lock = keeper_lock(s, true, err);
	r = lock < 0 ? lock : keeper_run(s, lock, err);
	if (r == 0)
		r = check_tmp(&c, err);
	if (r == 0)
		r = check_unheld(&c, err);
	if (r == 0)
		r = check_orphans(&c, err);
	if (r == 0)
		r = check_blobs(&c, err);
	if (r == 0)
		r = check_layers(&c, err);
	if (r == 0 && repair)
		r = image_write_index(s, err);
	/* What repairing moved away is garbage by our own hand: it goes now. */
	return r < 0 || !repair ? r : tmp_sweep(s, err);
}
