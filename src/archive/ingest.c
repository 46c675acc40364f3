// SPDX-License-Identifier: Apache-2.0
#include "archive/ingest.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "archive/hash.h"
#include "base/fd.h"

#define WRITEBACK ((uint64_t)8 << 20)

static int create(int dirfd, uint32_t index, struct err *err)
{
	char name[32];
	int fd;

	(void)snprintf(name, sizeof(name), "m%u", index);
	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	return fd < 0 ? err_sys(err, errno, "create %s", name) : fd;
}

/* Blobs are synced before an image is reported as loaded: let the disk begin while we go on. */
static void write_back(int fd, uint64_t from, uint64_t to)
{
	if (to / WRITEBACK > from / WRITEBACK)
		(void)sync_file_range(fd, (off_t)(from / WRITEBACK * WRITEBACK), (off_t)WRITEBACK,
				      SYNC_FILE_RANGE_WRITE);
}

static int write_piece(int fd, struct hash *h, const void *data, size_t len, uint64_t *at,
		       struct err *err)
{
	int r = fd_write(fd, data, len);

	if (r < 0)
		return err_sys(err, r, "write a blob");
	write_back(fd, *at, *at + len);
	*at += len;
	return h ? hash_add(h, data, len, err) : 0;
}

/* libarchive gives holes of sparse members as jumps. */
static int write_hole(int fd, struct hash *h, int64_t until, uint64_t *at, struct err *err)
{
	static const char zeros[65536];
	int r = 0;

	while (r == 0 && *at < (uint64_t)until)
		r = write_piece(fd, h, zeros, MIN_OF(sizeof(zeros), (uint64_t)until - *at), at,
				err);
	return r;
}

static int store_member(struct tar *t, struct archive_entry *e, int dirfd, struct worker_reply *m,
			struct err *err)
{
	cleanup_fd int fd = create(dirfd, m->index, err);
	cleanup(hash_free) struct hash *h = hash_new();
	const void *data;
	int64_t offset;
	size_t len;
	int r;

	if (fd < 0)
		return fd;
	if (!h)
		return err_oom(err);
	if (archive_entry_size(e) > 0) {
		if ((uint64_t)archive_entry_size(e) > WORKER_BYTES_MAX)
			return err_set(err, ERR_TOO_LARGE, "%s: too large", m->name);
		while ((r = tar_data(t, &data, &len, &offset, err)) > 0) {
			r = write_hole(fd, h, offset, &m->size, err);
			if (r == 0)
				r = write_piece(fd, h, data, len, &m->size, err);
			if (r < 0)
				break;
		}
		if (r == 0)
			r = write_hole(fd, h, archive_entry_size(e), &m->size, err);
		if (r < 0)
			return r;
	}
	return hash_text(h, m->digest, err);
}

static int copy_name(char *out, const char *in, const char *what, struct err *err)
{
	size_t n = strlen(in ?: "");

	if (n == 0 || n >= WORKER_NAME_MAX)
		return err_set(err, ERR_INVALID, "%s of an impossible length in the archive", what);
	memcpy(out, in, n + 1);
	return 0;
}

static int one_member(struct tar *t, struct archive_entry *e, int dirfd, struct worker_reply *m,
		      struct err *err)
{
	const char *hardlink = archive_entry_hardlink(e);
	int r = copy_name(m->name, archive_entry_pathname(e), "a name", err);

	if (r < 0)
		return r;
	if (hardlink)
		return copy_name(m->link, hardlink, "a link", err);
	if (archive_entry_filetype(e) == AE_IFLNK)
		return copy_name(m->link, archive_entry_symlink(e), "a link", err);
	return store_member(t, e, dirfd, m, err);
}

int ingest_archive(struct tar *t, int dirfd, ingest_member_fn *fn, void *data, struct err *err)
{
	struct archive_entry *e;
	uint32_t n = 0;
	int r;

	while ((r = tar_next(t, &e, err)) > 0) {
		struct worker_reply m = {.type = WORKER_MEMBER, .index = n};

		if (!archive_entry_hardlink(e) && archive_entry_filetype(e) != AE_IFREG &&
		    archive_entry_filetype(e) != AE_IFLNK)
			continue;
		if (n++ == WORKER_MEMBERS_MAX)
			return err_set(err, ERR_TOO_LARGE, "more than %d files in the archive",
				       WORKER_MEMBERS_MAX);
		r = one_member(t, e, dirfd, &m, err);
		if (r == 0)
			r = fn(data, &m, err);
		if (r < 0)
			break;
	}
	return r;
}

int ingest_blob(struct pump *p, int dirfd, uint32_t index, struct worker_reply *out,
		struct err *err)
{
	cleanup_fd int fd = create(dirfd, index, err);
	const void *block;
	int r = fd < 0 ? fd : 0;
	ssize_t n = 0;

	out->index = index;
	while (r == 0 && (n = pump_next(p, &block, err)) > 0)
		r = write_piece(fd, NULL, block, (size_t)n, &out->size, err);
	if (r < 0 || n < 0)
		return r < 0 ? r : (int)n;
	return pump_finish(p, out->digest, err);
}
