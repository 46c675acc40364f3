// SPDX-License-Identifier: Apache-2.0
#include "store/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"

#define LINKS_MAX 8

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->name, ((const struct source_file *)b)->name);
}

/* Which of two different files of one name is meant would depend on the reader. */
static int check_doubles(struct source *src, struct err *err)
{
	for (size_t i = 1; i < src->files.n; i++) {
		const struct source_file *a = JSON_AT(struct source_file, &src->files, i - 1);
		const struct source_file *b = a + 1;

		if (str_eq(a->name, b->name) &&
		    !(str_eq(a->digest, b->digest) && str_eq(a->link, b->link)))
			return err_set(err, ERR_INVALID, "the archive has two different files %s",
				       a->name);
	}
	return 0;
}

static int add_member(struct source *src, const struct worker_reply *m, struct err *err)
{
	struct source_file *f = json_list_add(src->b->a, &src->files, sizeof(*f));
	bool is_file = !m->link[0];

	if (!f)
		return err_oom(err);
	if (is_file && !digest_is_sha256(m->digest))
		return err_set(err, ERR_SYSTEM, "the archive worker gave no digest");
	f->name = path_clean(src->b->a, m->name);
	f->link = is_file ? NULL : arena_strdup(src->b->a, m->link);
	f->digest = is_file ? arena_strdup(src->b->a, m->digest) : NULL;
	f->size = (int64_t)MIN_OF(m->size, (uint64_t)INT64_MAX);
	f->file = is_file ? arena_printf(src->b->a, "m%u", m->index) : NULL;
	return !f->name || (is_file ? !f->digest || !f->file : !f->link) ? err_oom(err) : 0;
}

int source_archive(struct source *src, struct batch *b, int fd, struct err *err)
{
	struct worker_request req = {.job = WORKER_INGEST};
	cleanup(worker_done) struct worker w = WORKER_INIT;
	cleanup_fd int dir = batch_dir(b, err);
	struct worker_reply m;
	int r;

	*src = (struct source){.b = b, .layout = -EBADF};
	if (dir < 0)
		return dir;
	r = worker_start(&w, &req, fd, dir, err);
	if (r < 0)
		return r;
	while ((r = worker_next(&w, &m, err)) > 0) {
		r = src->files.n < WORKER_MEMBERS_MAX ? add_member(src, &m, err) : -E2BIG;
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	if (src->files.n > 0)
		qsort(src->files.items, src->files.n, sizeof(struct source_file), compare);
	return check_doubles(src, err);
}

void source_layout(struct source *src, struct batch *b, int dirfd)
{
	*src = (struct source){.b = b, .layout = dirfd};
}

const struct source_file *source_find(struct source *src, const char *name)
{
	struct source_file key = {.name = path_clean(src->b->a, name)};

	for (int i = 0; key.name && src->files.n > 0 && i < LINKS_MAX; i++) {
		const struct source_file *f =
			bsearch(&key, src->files.items, src->files.n, sizeof(key), compare);
		const char *slash;

		if (!f || !f->link)
			return f;
		/* A symbolic link's target starts from its directory. */
		slash = strrchr(f->name, '/');
		key.name = slash ? arena_printf(src->b->a, "%.*s/%s", (int)(slash - f->name),
						f->name, f->link)
				 : arena_strdup(src->b->a, f->link);
		key.name = key.name ? path_clean(src->b->a, key.name) : NULL;
		/* A hard link's from the top. */
		if (key.name &&
		    !bsearch(&key, src->files.items, src->files.n, sizeof(key), compare))
			key.name = path_clean(src->b->a, f->link);
	}
	return NULL;
}

/* A blob of a layout directory is copied, and hashed on the way, by a worker. */
static int copy_from_layout(struct source *src, const char *digest, const char *path, int64_t size,
			    struct err *err)
{
	cleanup_fd int in =
		path_open_in_root(src->layout, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	cleanup_fd int dir = batch_dir(src->b, err);
	struct worker_request req = {.job = WORKER_BLOB, .index = (uint32_t)src->b->blobs.n};
	struct worker_reply reply;
	char file[32];
	int r;

	if (in < 0)
		return in == -ENOENT ? err_set(err, ERR_CORRUPT, "blob %s is missing", digest)
				     : err_sys(err, in, "open blob %s", digest);
	if (dir < 0)
		return dir;
	r = worker_run(&req, in, dir, &reply, err);
	if (r < 0)
		return r;
	if (!str_eq(reply.digest, digest))
		return err_set(err, ERR_CORRUPT, "blob %s: its bytes are %s", digest, reply.digest);
	if (size >= 0 && (uint64_t)size != reply.size)
		return err_set(err, ERR_CORRUPT, "blob %s: %llu bytes, not %lld", digest,
			       (unsigned long long)reply.size, (long long)size);
	(void)snprintf(file, sizeof(file), "m%u", req.index);
	return batch_blob(src->b, digest, (int64_t)reply.size, file, err);
}

int source_blob(struct source *src, const char *digest, int64_t size, struct err *err)
{
	const struct source_file *f;
	char path[128];

	if (batch_find_blob(src->b, digest))
		return 0;
	if (!digest_is_sha256(digest))
		return err_set(err, ERR_UNSUPPORTED, "blob %s: only sha256 digests are supported",
			       digest);
	(void)snprintf(path, sizeof(path), "blobs/sha256/%.64s", digest_hex(digest));
	if (src->layout >= 0)
		return copy_from_layout(src, digest, path, size, err);
	f = source_find(src, path);
	if (f && !str_eq(f->digest, digest))
		return err_set(err, ERR_CORRUPT, "blob %s: its bytes are %s", digest, f->digest);
	for (size_t i = 0; !f && i < src->files.n; i++)
		if (str_eq(JSON_AT(struct source_file, &src->files, i)->digest, digest))
			f = JSON_AT(struct source_file, &src->files, i);
	if (!f)
		return err_set(err, ERR_CORRUPT, "blob %s is missing in the archive", digest);
	if (size >= 0 && size != f->size)
		return err_set(err, ERR_CORRUPT, "blob %s: %lld bytes, not %lld", digest,
			       (long long)f->size, (long long)size);
	return batch_blob(src->b, digest, f->size, f->file, err);
}

static int read_text(struct source *src, int fd, const char *what, size_t max, char **text,
		     size_t *len, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(max);
	int r = fd_read_all(fd, &b, what, err);

	if (r < 0)
		return r;
	*text = arena_strndup(src->b->a, b.data ?: "", b.len);
	*len = b.len;
	return *text ? 0 : err_oom(err);
}

int source_blob_text(struct source *src, const char *digest, int64_t size, size_t max, char **text,
		     size_t *len, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (size > (int64_t)max)
		return err_set(err, ERR_TOO_LARGE, "blob %s: larger than %zu bytes", digest, max);
	r = source_blob(src, digest, size, err);
	if (r < 0)
		return r;
	fd = batch_open_blob(src->b, digest, err);
	return fd < 0 ? fd : read_text(src, fd, digest, max, text, len, err);
}

int source_text(struct source *src, const char *name, size_t max, char **text, size_t *len,
		struct err *err)
{
	const struct source_file *f;
	cleanup_fd int fd = -EBADF;
	int r;

	if (src->layout >= 0) {
		fd = path_open_in_root(src->layout, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		if (fd == -ENOENT)
			return 0;
	} else {
		f = source_find(src, name);
		if (!f)
			return 0;
		fd = openat(src->b->tmp.fd, f->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0)
		return err_sys(err, fd == -1 ? errno : fd, "open %s", name);
	r = read_text(src, fd, name, max, text, len, err);
	return r < 0 ? r : 1;
}
