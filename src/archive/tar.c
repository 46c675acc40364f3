// SPDX-License-Identifier: Apache-2.0
#include "archive/tar.h"

struct tar {
	struct archive *a;
	struct pump *pump;
	struct err err; /* why the pump failed: libarchive only knows that it did */
	bool failed;
};

static la_ssize_t read_block(struct archive *a, void *data, const void **block)
{
	struct tar *t = data;
	ssize_t n = pump_next(t->pump, block, &t->err);

	if (n < 0) {
		t->failed = true;
		archive_set_error(a, EIO, "%s", t->err.msg);
		return -1;
	}
	return n;
}

/* Takes the meaning of a return code: a warning is no failure (it tells of charsets and the like).
 */
static int check(struct tar *t, int rc, struct err *err)
{
	const char *msg = archive_error_string(t->a);

	if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN || rc == ARCHIVE_EOF)
		return 0;
	if (t->failed)
		return err_copy(err, t->err.kind, t->err.code, t->err.msg);
	if (archive_errno(t->a) == ENOMEM)
		return err_oom(err);
	return err_set(err, ERR_CORRUPT, "not a valid tar archive: %s", msg ?: "unknown error");
}

struct tar *tar_new(struct pump *p, struct err *err)
{
	cleanup(tar_free) struct tar *t = calloc(1, sizeof(*t));
	int rc;

	if (!t || !(t->a = archive_read_new())) {
		(void)err_oom(err);
		return NULL;
	}
	t->pump = p;
	rc = archive_read_support_format_tar(t->a);
	if (rc == ARCHIVE_OK)
		rc = archive_read_support_format_empty(t->a);
	if (rc == ARCHIVE_OK)
		rc = archive_read_open(t->a, t, NULL, read_block, NULL);
	if (check(t, rc, err) < 0)
		return NULL;
	return TAKE_PTR(t);
}

void tar_free(struct tar *t)
{
	if (t && t->a)
		(void)archive_read_free(t->a);
	free(t);
}

int tar_next(struct tar *t, struct archive_entry **ret, struct err *err)
{
	int rc, r;

	do
		rc = archive_read_next_header(t->a, ret);
	while (rc == ARCHIVE_RETRY);
	r = check(t, rc, err);
	if (r < 0)
		return r;
	return rc != ARCHIVE_EOF;
}

int tar_data(struct tar *t, const void **data, size_t *len, int64_t *offset, struct err *err)
{
	la_int64_t off = 0;
	int rc, r;

	do
		rc = archive_read_data_block(t->a, data, len, &off);
	while (rc == ARCHIVE_RETRY);
	r = check(t, rc, err);
	*offset = off;
	if (r < 0)
		return r;
	return rc != ARCHIVE_EOF;
}
