// SPDX-License-Identifier: Apache-2.0
/*
 * index.json, so that the store is an OCI image layout for other tools. It is derived from the
 * rows: written after each commit, under a lock inside which the rows are read again, so that the
 * last writer always writes the newest state.
 */
#include <string.h>

#include "base/fd.h"
#include "base/lock.h"
#include "store/image.h"

#define INDEX_MAX ((size_t)64 << 20)
#define REF_NAME  "org.opencontainers.image.ref.name"

static int add_entry(json_t *manifests, sqlite3_stmt *q, struct err *err)
{
	json_t *entry = json_pack("{s:s, s:s, s:I}", "mediaType", db_text(q, 1), "digest",
				  db_text(q, 0), "size", (json_int_t)db_int(q, 2));

	if (!entry || json_array_append_new(manifests, entry) < 0)
		return err_oom(err);
	if (*db_text(q, 3) && json_object_set_new(entry, "annotations",
						  json_pack("{s:s}", REF_NAME, db_text(q, 3))) < 0)
		return err_oom(err);
	return 0;
}

static int read_rows(struct store *s, json_t *manifests, struct err *err)
{
	sqlite3_stmt *q =
		db_query(s, err,
			 "SELECT manifest, manifest_type, manifest_size, name.name FROM image "
			 "LEFT JOIN name ON name.image = image.id ORDER BY name.name, image.id",
			 "");
	int r;

	while ((r = db_step(s, q, err)) > 0) {
		r = add_entry(manifests, q, err);
		if (r < 0)
			break;
	}
	db_end(q);
	return r;
}

int image_write_index(struct store *s, struct err *err)
{
	cleanup_fd int lock = lock_take(s->dirfd, "index.lock", LOCK_EXCLUSIVE, err);
	cleanup(buf_done) struct buf b = BUF_INIT(INDEX_MAX);
	cleanup(json_unref) json_t *index = NULL;
	json_t *manifests;
	int r;

	if (lock < 0)
		return lock;
	index = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType",
			  "application/vnd.oci.image.index.v1+json", "manifests");
	manifests = index ? json_object_get(index, "manifests") : NULL;
	if (!manifests)
		return err_oom(err);
	r = read_rows(s, manifests, err);
	if (r == 0)
		r = json_write(&b, index, 0, err);
	if (r == 0)
		r = buf_check(&b, err);
	return r < 0 ? r : file_write(s->dirfd, "index.json", b.data, b.len, 0644, 0, err);
}
