// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation
 *
 * The layout is what Docker writes since version 25: an OCI layout (blobs by digest, index.json)
 * with a manifest.json beside it whose paths lead to the same blobs. Docker before that reads only
 * manifest.json and follows any path in it; skopeo and podman read either. Layers are written as
 * they are stored, so a gzipped layer stays gzipped and every digest stays what it was.
 *
 * Nothing depends on time or order of requests: members are sorted, times are zero, so the same
 * images give the same bytes. Blobs are copied from file to file without passing through our memory
 * where the kernel can.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "spec/reference.h"
#include "store/image.h"
#include "store/tarball.h"
#include "store/tmp.h"

#define JSON_MAX  ((size_t)64 << 20)
#define CHUNK     ((size_t)1 << 20)
#define BLOB_PATH "blobs/sha256/"

struct saved_blob {
	char *digest;
	int64_t size;
};

struct saved_image {
	struct store_image image;
	char *manifest_type;
	int64_t manifest_size;
	char **names; /* those that were asked for: canonical */
	char **blobs; /* of the layers, bottom first */
};

struct save {
	struct store *s;
	struct arena *a;
	int fd;
	struct json_list blobs;  /* struct saved_blob */
	struct json_list images; /* struct saved_image */
};

/* ---- what belongs to it ---- */

static int add_blob(struct save *v, const char *digest, int64_t size, struct err *err)
{
	struct saved_blob *b;

	for (size_t i = 0; i < v->blobs.n; i++)
		if (str_eq(JSON_AT(struct saved_blob, &v->blobs, i)->digest, digest))
			return 0;
	b = json_list_add(v->a, &v->blobs, sizeof(*b));
	if (!b || !(b->digest = arena_strdup(v->a, digest)))
		return err_oom(err);
	b->size = size;
	return 0;
}

static int add_blobs(struct save *v, const char *image, struct err *err)
{
	sqlite3_stmt *q =
		db_query(v->s, err,
			 "SELECT digest, size FROM blob WHERE digest IN (SELECT blob FROM "
			 "image_layer WHERE image = ?1 UNION SELECT blob FROM image_blob WHERE "
			 "image = ?1)",
			 "s", image);
	int r;

	while ((r = db_step(v->s, q, err)) > 0) {
		r = add_blob(v, db_text(q, 0), db_int(q, 1), err);
		if (r < 0)
			break;
	}
	db_end(q);
	return r;
}

static int read_details(struct save *v, struct saved_image *i, struct err *err)
{
	sqlite3_stmt *q =
		db_query(v->s, err, "SELECT manifest_type, manifest_size FROM image WHERE id = ?",
			 "s", i->image.id);
	int r = db_step(v->s, q, err);

	if (r > 0) {
		i->manifest_type = db_strdup(v->a, q, 0);
		i->manifest_size = db_int(q, 1);
	}
	db_end(q);
	if (r < 0)
		return r;
	if (!i->manifest_type)
		return err_oom(err);
	q = db_query(v->s, err, "SELECT blob FROM image_layer WHERE image = ? ORDER BY pos", "s",
		     i->image.id);
	while ((r = db_step(v->s, q, err)) > 0) {
		i->blobs = strv_append(v->a, i->blobs, db_text(q, 0));
		if (!i->blobs) {
			db_end(q);
			return err_oom(err);
		}
	}
	return r < 0 ? r : add_blobs(v, i->image.id, err);
}

static struct saved_image *find_saved(struct save *v, const char *id)
{
	for (size_t i = 0; i < v->images.n; i++)
		if (str_eq(JSON_AT(struct saved_image, &v->images, i)->image.id, id))
			return JSON_AT(struct saved_image, &v->images, i);
	return NULL;
}

/* A reference with a name carries that name; a name without a tag means all its tags, as Docker
 * does it; an id carries none. */
static int add_names(struct save *v, struct saved_image *i, const char *ref, struct err *err)
{
	struct reference parsed;
	char *name;

	if (reference_parse(v->a, ref, &parsed, NULL) < 0 || parsed.digest)
		return 0;
	if (reference_default_tag(v->a, &parsed) < 0 ||
	    !(name = reference_canonical(v->a, &parsed)))
		return err_oom(err);
	if (!strv_has(i->image.names, name) || strv_has(i->names, name))
		return 0;
	i->names = strv_append(v->a, i->names, name);
	return i->names ? 0 : err_oom(err);
}

static int add_ref(struct save *v, const char *ref, struct err *err)
{
	struct store_image found;
	struct saved_image *i;
	int r = store_image_find(v->s, v->a, ref, &found, err);

	if (r < 0)
		return r;
	i = find_saved(v, found.id);
	if (!i) {
		i = json_list_add(v->a, &v->images, sizeof(*i));
		if (!i)
			return err_oom(err);
		i->image = found;
		r = read_details(v, i, err);
		if (r < 0)
			return r;
	}
	return add_names(v, i, ref, err);
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_blobs(const void *a, const void *b)
{
	return strcmp(((const struct saved_blob *)a)->digest,
		      ((const struct saved_blob *)b)->digest);
}

static int compare_images(const void *a, const void *b)
{
	return strcmp(((const struct saved_image *)a)->image.id,
		      ((const struct saved_image *)b)->image.id);
}

static void sort_all(struct save *v)
{
	if (v->blobs.n)
		qsort(v->blobs.items, v->blobs.n, sizeof(struct saved_blob), compare_blobs);
	if (v->images.n)
		qsort(v->images.items, v->images.n, sizeof(struct saved_image), compare_images);
	for (size_t i = 0; i < v->images.n; i++) {
		char **names = JSON_AT(struct saved_image, &v->images, i)->names;

		if (names)
			qsort(names, strv_len(names), sizeof(*names), compare_strings);
	}
}

/* ---- documents ---- */

static int index_entry(struct save *v, json_t *to, const struct saved_image *i, const char *name,
		       struct err *err)
{
	json_t *d = json_pack("{s:s, s:s, s:I}", "mediaType", i->manifest_type, "digest",
			      i->image.manifest, "size", (json_int_t)i->manifest_size);
	struct reference ref;

	if (!d || json_array_append_new(to, d) < 0)
		return err_oom(err);
	if (!name)
		return 0;
	if (reference_parse(v->a, name, &ref, err) < 0)
		return -EINVAL;
	/* As Docker and containerd: the whole name under their own key, OCI's has the tag. */
	if (json_object_set_new(d, "annotations",
				json_pack("{s:s, s:s}", ANNOTATION_CONTAINERD_NAME, name,
					  ANNOTATION_REF_NAME, ref.tag ?: "latest")) < 0)
		return err_oom(err);
	return 0;
}

static int write_index(struct save *v, struct buf *b, struct err *err)
{
	cleanup(json_unref) json_t *index = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2,
						      "mediaType", MEDIA_OCI_INDEX, "manifests");
	json_t *list = index ? json_object_get(index, "manifests") : NULL;
	int r = list ? 0 : err_oom(err);

	for (size_t k = 0; r == 0 && k < v->images.n; k++) {
		const struct saved_image *i = JSON_AT(struct saved_image, &v->images, k);

		if (!i->names)
			r = index_entry(v, list, i, NULL, err);
		for (char **n = i->names; r == 0 && n && *n; n++)
			r = index_entry(v, list, i, *n, err);
	}
	return r < 0 ? r : json_write(b, index, 0, err);
}

static char *blob_path(struct save *v, const char *digest)
{
	return arena_printf(v->a, BLOB_PATH "%s", digest_hex(digest));
}

static int archive_entry(struct save *v, const struct saved_image *i, struct image_archive_entry *e,
			 struct err *err)
{
	struct reference ref;

	e->config = blob_path(v, i->image.id);
	for (char **n = i->names; n && *n; n++) {
		char *familiar;

		if (reference_parse(v->a, *n, &ref, err) < 0)
			return -EINVAL;
		familiar = reference_familiar(v->a, &ref);
		e->repo_tags = familiar ? strv_append(v->a, e->repo_tags, familiar) : NULL;
		if (!e->repo_tags)
			return err_oom(err);
	}
	for (char **d = i->blobs; d && *d; d++) {
		char *path = blob_path(v, *d);

		e->layers = path ? strv_append(v->a, e->layers, path) : NULL;
		if (!e->layers)
			return err_oom(err);
	}
	return e->config ? 0 : err_oom(err);
}

static int write_manifest(struct save *v, struct buf *b, struct err *err)
{
	struct json_list entries = {};
	int r = 0;

	for (size_t k = 0; r == 0 && k < v->images.n; k++) {
		struct image_archive_entry *e = json_list_add(v->a, &entries, sizeof(*e));

		r = e ? archive_entry(v, JSON_AT(struct saved_image, &v->images, k), e, err)
		      : err_oom(err);
	}
	return r < 0 ? r : image_archive_encode(b, &entries, err);
}

/* ---- the archive ---- */

static int put(struct save *v, const void *data, size_t len, struct err *err)
{
	int r = fd_write(v->fd, data, len);

	return r < 0 ? err_sys(err, r, "write the archive") : 0;
}

static int put_header(struct save *v, const char *name, char type, uint32_t mode, uint64_t size,
		      struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)1 << 20);
	int r = tarball_header(
		&b, &(struct tarball_entry){.name = name, .type = type, .mode = mode, .size = size},
		err);

	return r < 0 ? r : put(v, b.data, b.len, err);
}

static int put_padding(struct save *v, uint64_t size, struct err *err)
{
	static const char zeros[TARBALL_BLOCK];

	return put(v, zeros, tarball_padding(size), err);
}

static int put_text(struct save *v, const char *name, const struct buf *text, struct err *err)
{
	int r = put_header(v, name, '0', 0644, text->len, err);

	if (r == 0)
		r = put(v, text->data, text->len, err);
	return r < 0 ? r : put_padding(v, text->len, err);
}

/* sendfile, or through memory where the target cannot do that (a file opened for appending). */
static int put_bytes(struct save *v, int from, uint64_t size, struct err *err)
{
	bool direct = true;
	cleanup_free char *chunk = NULL;

	while (size > 0) {
		ssize_t n;

		if (direct) {
			n = sendfile(v->fd, from, NULL, MIN_OF(size, CHUNK));
			if (n < 0 && (errno == EINVAL || errno == ENOSYS)) {
				direct = false;
				chunk = malloc(CHUNK);
				if (!chunk)
					return err_oom(err);
				continue;
			}
			if (n < 0 && errno != EINTR)
				return err_sys(err, errno, "write the archive");
		} else {
			n = fd_read(from, chunk, MIN_OF(size, CHUNK));
			if (n < 0)
				return err_sys(err, (int)n, "read a blob");
			if (put(v, chunk, (size_t)n, err) < 0)
				return -EIO;
		}
		if (n == 0)
			return err_set(err, ERR_CORRUPT, "a blob is shorter than recorded");
		size -= n > 0 ? (uint64_t)n : 0;
	}
	return 0;
}

static int put_blob(struct save *v, const struct saved_blob *b, struct err *err)
{
	char *path = blob_path(v, b->digest);
	cleanup_fd int fd = path ? path_open_beneath(v->s->dirfd, path, O_RDONLY, 0) : -ENOMEM;
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(err, fd, "open blob %s", b->digest);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat blob %s", b->digest);
	if (st.st_size != b->size)
		return err_set(err, ERR_CORRUPT, "blob %s: %lld bytes instead of %lld", b->digest,
			       (long long)st.st_size, (long long)b->size);
	r = put_header(v, path, '0', 0644, (uint64_t)b->size, err);
	if (r == 0)
		r = put_bytes(v, fd, (uint64_t)b->size, err);
	return r < 0 ? r : put_padding(v, (uint64_t)b->size, err);
}

static int write_archive(struct save *v, enum store_save_format format, struct err *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}", end[TARBALL_END];
	cleanup(buf_done) struct buf index = BUF_INIT(JSON_MAX), manifest = BUF_INIT(JSON_MAX),
				     oci = BUF_INIT(1024);
	int r = write_index(v, &index, err);

	if (r == 0)
		r = write_manifest(v, &manifest, err);
	if (r < 0)
		return r;
	buf_puts(&oci, layout);
	r = put_header(v, "blobs/", '5', 0755, 0, err);
	if (r == 0)
		r = put_header(v, BLOB_PATH, '5', 0755, 0, err);
	for (size_t i = 0; r == 0 && i < v->blobs.n; i++)
		r = put_blob(v, JSON_AT(struct saved_blob, &v->blobs, i), err);
	if (r == 0 && format != STORE_SAVE_DOCKER)
		r = put_text(v, "index.json", &index, err);
	if (r == 0 && format != STORE_SAVE_OCI)
		r = put_text(v, "manifest.json", &manifest, err);
	if (r == 0 && format != STORE_SAVE_DOCKER)
		r = put_text(v, "oci-layout", &oci, err);
	return r < 0 ? r : put(v, end, sizeof(end), err);
}

static int pin_all(struct save *v, const char *job, struct err *err)
{
	int r = db_begin(v->s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < v->blobs.n; i++)
		r = db_exec(v->s, err,
			    "INSERT OR IGNORE INTO pin (digest, job) SELECT digest, ? FROM blob "
			    "WHERE digest = ?",
			    "ss", job, JSON_AT(struct saved_blob, &v->blobs, i)->digest);
	return db_finish(v->s, r, false, err);
}

int store_save(struct store *s, char *const *refs, int fd, enum store_save_format format,
	       struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct save v = {.s = s, .a = a, .fd = fd};
	struct tmp_dir tmp = TMP_DIR_INIT;
	int r = a ? 0 : err_oom(err);

	for (char *const *ref = refs; r == 0 && ref && *ref; ref++)
		r = add_ref(&v, *ref, err);
	if (r == 0 && v.images.n == 0)
		r = err_set(err, ERR_INVALID, "no image to save");
	if (r < 0)
		return r;
	sort_all(&v);
	/* A blob that is being written out must not be removed under our hands. */
	r = tmp_make(s, &tmp, err);
	if (r == 0)
		r = pin_all(&v, tmp.name, err);
	if (r == 0)
		r = write_archive(&v, format, err);
	tmp_done(s, &tmp);
	return r;
}
