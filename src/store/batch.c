// SPDX-License-Identifier: Apache-2.0
/*
 * Order of a commit, and why a kill or a power cut at any point leaves nothing wrong:
 *
 *   1. blobs lie as files in the batch's directory in tmp/; layers are unpacked there, too;
 *   2. the blobs are synced (they began to go to the disk while they were written);
 *   3. in one transaction, whose lock is also the lock of all names in blobs/ and layers/, files
 * and directories are renamed to their places and the rows are written. Dying here leaves names
 * without rows, which anybody may move away inside a transaction of his own;
 *   4. the directories and the log are synced: now the image is there for good.
 *
 * The layers' files are not synced: that would take longer than all the rest. They can be made
 * again from the blobs. A layer's row therefore names the boot that unpacked it, until the keeper
 * has synced the file system and clears it; a layer of an earlier boot is unpacked again when it is
 * asked for (rebuild.c).
 */
#include "store/batch.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/image.h"
#include "store/layer.h"

int batch_begin(struct batch *b, struct store *s, struct arena *a, struct err *err)
{
	*b = (struct batch){.s = s, .a = a, .tmp = TMP_DIR_INIT};
	for (size_t i = 0; i < BATCH_LOCKS; i++)
		b->locks[i] = -EBADF;
	return tmp_make(s, &b->tmp, err);
}

void batch_done(struct batch *b)
{
	if (!b->s)
		return;
	tmp_done(b->s, &b->tmp);
	for (size_t i = 0; i < BATCH_LOCKS; i++)
		fd_close(TAKE_FD(b->locks[i]));
	b->s = NULL;
}

int batch_dir(struct batch *b, struct err *err)
{
	int fd = openat(b->tmp.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, errno, "open %s/tmp/%s", b->s->root, b->tmp.name) : fd;
}

struct batch_blob *batch_find_blob(struct batch *b, const char *digest)
{
	for (size_t i = 0; i < b->blobs.n; i++)
		if (str_eq(JSON_AT(struct batch_blob, &b->blobs, i)->digest, digest))
			return JSON_AT(struct batch_blob, &b->blobs, i);
	return NULL;
}

int batch_blob(struct batch *b, const char *digest, int64_t size, const char *file, struct err *err)
{
	struct batch_blob *blob;

	if (batch_find_blob(b, digest))
		return 0;
	blob = json_list_add(b->a, &b->blobs, sizeof(*blob));
	if (!blob)
		return err_oom(err);
	*blob = (struct batch_blob){.digest = arena_strdup(b->a, digest),
				    .size = size,
				    .file = arena_strdup(b->a, file)};
	return !blob->digest || (file && !blob->file) ? err_oom(err) : 0;
}

int batch_open_blob(struct batch *b, const char *digest, struct err *err)
{
	const struct batch_blob *blob = batch_find_blob(b, digest);
	char path[128];
	int fd;

	if (blob && blob->file) {
		fd = openat(b->tmp.fd, blob->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	} else {
		(void)snprintf(path, sizeof(path), "blobs/sha256/%.64s", digest_hex(digest));
		fd = path_open_beneath(b->s->dirfd, path, O_RDONLY, 0);
	}
	return fd < 0 ? err_sys(err, fd == -1 ? errno : fd, "open blob %s", digest) : fd;
}

int batch_text(struct batch *b, const char *text, size_t len, char **ret, struct err *err)
{
	cleanup_fd int in = memfd_create("document", MFD_CLOEXEC), dir = batch_dir(b, err);
	struct worker_request req = {.job = WORKER_BLOB,
				     .index = WORKER_MEMBERS_MAX + b->n_texts++};
	struct worker_reply reply;
	char file[32];
	int r;

	if (in < 0)
		return err_sys(err, errno, "memfd_create");
	if (dir < 0)
		return dir;
	r = fd_write(in, text, len);
	if (r < 0 || lseek(in, 0, SEEK_SET) < 0)
		return err_sys(err, r < 0 ? r : errno, "write a document");
	r = worker_run(&req, in, dir, &reply, err);
	if (r < 0)
		return r;
	if (!digest_is_sha256(reply.digest))
		return err_set(err, ERR_SYSTEM, "the archive worker gave no digest");
	(void)snprintf(file, sizeof(file), "m%u", req.index);
	*ret = arena_strdup(b->a, reply.digest);
	return *ret ? batch_blob(b, *ret, (int64_t)len, file, err) : err_oom(err);
}

struct batch_image *batch_image(struct batch *b)
{
	return json_list_add(b->a, &b->images, sizeof(struct batch_image));
}

/* ---- publishing ---- */

static int row_exists(struct store *s, sqlite3_stmt *q, struct err *err)
{
	int r = db_step(s, q, err);

	db_end(q);
	return r;
}

static int sync_blobs(struct batch *b, struct err *err)
{
	for (size_t i = 0; i < b->blobs.n; i++) {
		const struct batch_blob *blob = JSON_AT(struct batch_blob, &b->blobs, i);
		cleanup_fd int fd = -EBADF;

		if (!blob->file)
			continue;
		fd = batch_open_blob(b, blob->digest, err);
		if (fd < 0)
			return fd;
		if (fdatasync(fd) < 0)
			return err_sys(err, errno, "sync blob %s", blob->digest);
	}
	return 0;
}

static int publish_blob(struct batch *b, const struct batch_blob *blob, int dirfd, struct err *err)
{
	struct store *s = b->s;
	int r = row_exists(
		s, db_query(s, err, "SELECT 1 FROM blob WHERE digest = ?", "s", blob->digest), err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!blob->file)
		return err_set(err, ERR_CONFLICT, "blob %s was removed meanwhile", blob->digest);
	if (renameat(b->tmp.fd, blob->file, dirfd, digest_hex(blob->digest)) < 0)
		return err_sys(err, errno, "store blob %s", blob->digest);
	return db_exec(s, err, "INSERT INTO blob (digest, size) VALUES (?, ?)", "si", blob->digest,
		       blob->size);
}

static int publish_layer(struct batch *b, const struct batch_work *w, const char *boot, int layers,
			 int names, struct err *err)
{
	const char *hex = digest_hex(w->layer->diff_id);
	char id[LAYER_SHORT_LEN + 1], target[128];
	int r;

	if (!w->needed)
		return 0;
	/* Somebody died between rename and commit. */
	r = tmp_bury(b->s, layers, hex, err);
	if (r < 0)
		return r;
	if (renameat(b->tmp.fd, w->dir, layers, hex) < 0)
		return err_sys(err, errno, "store layer %s", w->layer->diff_id);
	id_random(id, LAYER_SHORT_LEN);
	(void)snprintf(target, sizeof(target), "../layers/%.64s", hex);
	if (symlinkat(target, names, id) < 0)
		return err_sys(err, errno, "name layer %s", w->layer->diff_id);
	return db_exec(b->s, err,
		       "INSERT INTO layer (diff_id, short, size, boot) VALUES (?, ?, ?, ?)", "ssis",
		       w->layer->diff_id, id, w->size, boot);
}

static int publish_parts(struct batch *b, struct err *err)
{
	cleanup_fd int blobs =
		path_open_beneath(b->s->dirfd, "blobs/sha256", O_RDONLY | O_DIRECTORY, 0);
	cleanup_fd int layers = path_open_beneath(b->s->dirfd, "layers", O_RDONLY | O_DIRECTORY, 0);
	cleanup_fd int names = path_open_beneath(b->s->dirfd, "l", O_RDONLY | O_DIRECTORY, 0);
	char boot[40];
	int r = boot_id(boot, err);

	if (blobs < 0 || layers < 0 || names < 0)
		return err_sys(err, MIN_OF(blobs, MIN_OF(layers, names)),
			       "open the directories of %s", b->s->root);
	for (size_t i = 0; r == 0 && i < b->blobs.n; i++)
		r = publish_blob(b, JSON_AT(struct batch_blob, &b->blobs, i), blobs, err);
	for (size_t i = 0; r == 0 && i < b->work.n; i++)
		r = publish_layer(b, JSON_AT(struct batch_work, &b->work, i), boot, layers, names,
				  err);
	if (r == 0 && (fsync(blobs) < 0 || fsync(layers) < 0 || fsync(names) < 0))
		r = err_sys(err, errno, "sync the directories of %s", b->s->root);
	return r;
}

static int publish_new_image(struct batch *b, const struct batch_image *img, struct err *err)
{
	struct store *s = b->s;
	int r = db_exec(
		s, err,
		"INSERT INTO image (id, manifest, manifest_type, manifest_size, config, created, "
		"size, tagged) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
		"sssisi", img->id, img->manifest, img->manifest_type, img->manifest_size,
		img->config, img->created);

	for (size_t i = 0; r == 0 && i < img->layers.n; i++) {
		const struct batch_layer *l = JSON_AT(struct batch_layer, &img->layers, i);

		r = db_exec(s, err,
			    "INSERT INTO image_layer (image, pos, layer, blob, media_type) VALUES "
			    "(?, ?, "
			    "?, ?, ?)",
			    "sisss", img->id, (int64_t)i, l->diff_id, l->blob, l->media_type);
	}
	if (r == 0)
		r = db_exec(s, err,
			    "INSERT INTO image_blob (image, blob) VALUES (?1, ?1), (?1, ?2)", "ss",
			    img->id, img->manifest);
	if (r == 0)
		r = db_exec(s, err,
			    "UPDATE image SET size = (SELECT coalesce(sum(layer.size), 0) FROM "
			    "image_layer JOIN layer ON diff_id = layer WHERE image = image.id) "
			    "WHERE id = ?",
			    "s", img->id);
	return r;
}

static int publish_image(struct batch *b, const struct batch_image *img, struct err *err)
{
	struct store *s = b->s;
	int r = row_exists(s, db_query(s, err, "SELECT 1 FROM image WHERE id = ?", "s", img->id),
			   err);

	if (r == 0)
		r = publish_new_image(b, img, err);
	if (r < 0)
		return r;
	r = db_exec(s, err, "UPDATE image SET tagged = ? WHERE id = ?", "is", clock_now(), img->id);
	for (char **n = img->names; r == 0 && n && *n; n++)
		r = image_set_name(s, img->id, *n, err);
	for (char **d = img->digests; r == 0 && d && *d; d++)
		r = db_exec(s, err,
			    "INSERT INTO digest (name, image) VALUES (?, ?) ON CONFLICT (name) DO "
			    "UPDATE "
			    "SET image = excluded.image",
			    "ss", *d, img->id);
	return r;
}

static int publish(struct batch *b, struct err *err)
{
	int r = db_begin(b->s, err);

	if (r < 0)
		return r;
	r = publish_parts(b, err);
	for (size_t i = 0; r == 0 && i < b->images.n; i++)
		r = publish_image(b, JSON_AT(struct batch_image, &b->images, i), err);
	if (r == 0) /* from here on the images hold them */
		r = db_exec(b->s, err, "DELETE FROM pin WHERE job = ?", "s", b->tmp.name);
	if (r == 0) /* a blob that only an image known before came with once more */
		r = layer_collect_rows(b->s, err);
	return db_finish(b->s, r, true, err);
}

int batch_commit(struct batch *b, struct err *err)
{
	int r = batch_unpack(b, err);

	if (r == 0)
		r = sync_blobs(b, err);
	if (r < 0)
		return r;
	r = publish(b, err);
	/* After a failure: what was renamed already has no row. */
	(void)layer_collect_files(b->s, NULL);
	if (r < 0)
		return r;
	b->s->keeper_wanted = true;
	return image_write_index(b->s, err);
}
