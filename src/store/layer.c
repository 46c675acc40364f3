// SPDX-License-Identifier: Apache-2.0
#include "store/layer.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/db.h"
#include "store/tmp.h"

int boot_id(char out[40], struct err *err)
{
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : fd_read(fd, out, 36);

	if (n != 36)
		return err_sys(err, n < 0 ? (int)n : EIO, "read boot_id");
	out[36] = '\0';
	return 0;
}

int layer_collect_rows(struct store *s, struct err *err)
{
	int r = db_exec(
		s, err,
		"DELETE FROM layer WHERE NOT EXISTS (SELECT 1 FROM image_layer WHERE layer = "
		"diff_id) AND NOT EXISTS (SELECT 1 FROM pin WHERE digest = diff_id)",
		"");

	if (r < 0)
		return r;
	return db_exec(s, err,
		       "DELETE FROM blob WHERE NOT EXISTS (SELECT 1 FROM image_layer WHERE blob = "
		       "digest) AND NOT EXISTS (SELECT 1 FROM image_blob WHERE blob = digest) "
		       "AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.digest = blob.digest)",
		       "");
}

static int has_row(struct store *s, const char *hex, bool layer, struct err *err)
{
	char digest[DIGEST_TEXT_MAX];
	sqlite3_stmt *q;
	int r;

	(void)snprintf(digest, sizeof(digest), "sha256:%.64s", hex);
	q = layer ? db_query(s, err, "SELECT 1 FROM layer WHERE diff_id = ?", "s", digest)
		  : db_query(s, err, "SELECT 1 FROM blob WHERE digest = ?", "s", digest);
	r = db_step(s, q, err);
	db_end(q);
	return r;
}

static int each_orphan_in(struct store *s, const char *dir, bool layer, layer_orphan_fn *fn,
			  void *data, struct err *err)
{
	cleanup_fd int fd = path_open_beneath(s->dirfd, dir, O_RDONLY | O_DIRECTORY, 0);
	int copy = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	int r = 0;

	if (!d) {
		fd_close(copy);
		return err_sys(err, fd < 0 ? fd : errno, "open %s/%s", s->root, dir);
	}
	while (r >= 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = str_is_hex(e->d_name, 64) ? has_row(s, e->d_name, layer, err) : 0;
		if (r == 0)
			r = fn(s, fd, e->d_name, layer, data, err);
	}
	(void)closedir(d);
	return r < 0 ? r : 0;
}

int layer_each_orphan(struct store *s, layer_orphan_fn *fn, void *data, struct err *err)
{
	int r = each_orphan_in(s, "layers", true, fn, data, err);

	return r < 0 ? r : each_orphan_in(s, "blobs/sha256", false, fn, data, err);
}

/* Files as well as directories: a big one takes long to unlink. */
static int collect_one(struct store *s, int dirfd, const char *hex, bool layer UNUSED,
		       void *data UNUSED, struct err *err)
{
	return tmp_bury(s, dirfd, hex, err);
}

/* Short names whose layer is gone. */
static int collect_short(struct store *s, struct err *err)
{
	cleanup_fd int fd = path_open_dir(s->dirfd, "l", 0700, err);
	int copy = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!d) {
		fd_close(copy);
		return fd < 0 ? fd : err_sys(err, errno, "read %s/l", s->root);
	}
	while ((e = readdir(d)))
		if (e->d_type == DT_LNK && faccessat(fd, e->d_name, F_OK, 0) < 0 && errno == ENOENT)
			(void)unlinkat(fd, e->d_name, 0);
	(void)closedir(d);
	return 0;
}

int layer_collect_files(struct store *s, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = layer_each_orphan(s, collect_one, NULL, err);
	if (r == 0)
		r = collect_short(s, err);
	/* Nothing was written: the transaction was the lock. */
	db_rollback(s);
	return r;
}

int layer_sync_all(struct store *s, struct err *err)
{
	char boot[40];
	sqlite3_stmt *q;
	int r = boot_id(boot, err);

	if (r < 0)
		return r;
	q = db_query(s, err, "SELECT max(rowid) FROM layer WHERE boot = ?", "s", boot);
	r = db_step(s, q, err);
	if (r > 0) {
		/* Only rows that were there before the sync: their files were, too. */
		int64_t last = db_int(q, 0);

		db_end(q);
		if (last == 0)
			return 0;
		if (syncfs(s->dirfd) < 0)
			return err_sys(err, errno, "sync %s", s->root);
		r = db_exec(s, err, "UPDATE layer SET boot = '' WHERE boot = ? AND rowid <= ?",
			    "si", boot, last);
	}
	return r;
}
