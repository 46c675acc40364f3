// SPDX-License-Identifier: Apache-2.0
/*
 * Removing: the rows go first, in one transaction that also collects the rows of layers and blobs
 * that nobody holds any more; when that is on disk the files are moved to tmp/ (one rename each),
 * and a detached keeper deletes them. A crash in between leaves files without rows, which the next
 * removal or check collects; never a row without its files.
 */
#include "store/image.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "spec/reference.h"
#include "store/layer.h"
#include "store/rebuild.h"

#define COLUMNS       "SELECT id, manifest, config, created, size, tagged FROM image "
#define DIGEST_PREFIX "sha256:"

static int read_strv(struct store *s, struct arena *a, sqlite3_stmt *q, char ***ret,
		     struct err *err)
{
	char **v = NULL;
	int r;

	while ((r = db_step(s, q, err)) > 0) {
		v = strv_append(a, v, db_text(q, 0));
		if (!v) {
			db_end(q);
			return err_oom(err);
		}
	}
	if (r == 0 && !v && !(v = arena_alloc(a, sizeof(*v))))
		return err_oom(err);
	*ret = v;
	return r;
}

static int read_lists(struct store *s, struct arena *a, struct store_image *img, struct err *err)
{
	int r = read_strv(s, a,
			  db_query(s, err, "SELECT name FROM name WHERE image = ? ORDER BY name",
				   "s", img->id),
			  &img->names, err);

	if (r == 0)
		r = read_strv(s, a,
			      db_query(s, err,
				       "SELECT name FROM digest WHERE image = ? "
				       "ORDER BY name",
				       "s", img->id),
			      &img->digests, err);
	if (r == 0)
		r = read_strv(s, a,
			      db_query(s, err,
				       "SELECT layer FROM image_layer WHERE image = ? "
				       "ORDER BY pos",
				       "s", img->id),
			      &img->layers, err);
	return r;
}

static int read_columns(struct arena *a, sqlite3_stmt *q, struct store_image *img, struct err *err)
{
	*img = (struct store_image){
		.id = db_strdup(a, q, 0),
		.manifest = db_strdup(a, q, 1),
		.config = db_strdup(a, q, 2),
		.created = db_int(q, 3),
		.size = db_int(q, 4),
		.tagged = db_int(q, 5),
	};
	return img->id && img->manifest && img->config ? 0 : err_oom(err);
}

/* The first row of q; 1: found, 0: none. */
static int read_image(struct store *s, struct arena *a, sqlite3_stmt *q, struct store_image *out,
		      struct err *err)
{
	int r = db_step(s, q, err);

	if (r <= 0)
		return r;
	r = read_columns(a, q, out, err);
	db_end(q);
	if (r == 0)
		r = read_lists(s, a, out, err);
	return r < 0 ? r : 1;
}

int image_by_id(struct store *s, struct arena *a, const char *id, struct store_image *out,
		struct err *err)
{
	return read_image(s, a, db_query(s, err, COLUMNS "WHERE id = ?", "s", id), out, err);
}

static int find_prefix(struct store *s, struct arena *a, const char *hex, struct store_image *out,
		       struct err *err)
{
	char from[128], to[128];
	sqlite3_stmt *q;
	int r, more;

	/* 'g' sorts after every hex digit: a range, so that the index is used. */
	(void)snprintf(from, sizeof(from), DIGEST_PREFIX "%s", hex);
	(void)snprintf(to, sizeof(to), DIGEST_PREFIX "%sg", hex);
	q = db_query(s, err, COLUMNS "WHERE id >= ? AND id < ? LIMIT 2", "ss", from, to);
	r = db_step(s, q, err);
	if (r <= 0)
		return r;
	r = read_columns(a, q, out, err);
	more = r < 0 ? r : db_step(s, q, err);
	db_end(q);
	if (more > 0)
		return err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s",
			       hex);
	if (more == 0)
		more = read_lists(s, a, out, err);
	return more < 0 ? more : 1;
}

static int find_name(struct store *s, struct arena *a, const struct reference *ref,
		     struct store_image *out, struct err *err)
{
	char *name = ref->digest ? reference_with_digest(a, ref, ref->digest, false)
				 : reference_canonical(a, ref);

	if (!name)
		return err_oom(err);
	if (ref->digest)
		return read_image(s, a,
				  db_query(s, err,
					   COLUMNS "WHERE id = (SELECT image FROM "
						   "digest WHERE name = ?)",
					   "s", name),
				  out, err);
	return read_image(s, a,
			  db_query(s, err,
				   COLUMNS "WHERE id = (SELECT image FROM name WHERE "
					   "name = ?)",
				   "s", name),
			  out, err);
}

/* Docker's order: a whole id, a name, an id's beginning. */
int store_image_find(struct store *s, struct arena *a, const char *ref, struct store_image *out,
		     struct err *err)
{
	const char *hex = str_after(ref, DIGEST_PREFIX) ?: ref;
	size_t len = strlen(hex);
	bool is_hex = len > 0 && len <= ID_PREFIX_MAX && str_is_hex(hex, len);
	struct reference parsed;
	struct err why = ERR_INIT;
	bool named = false;
	int r = 0;

	if (is_hex && len == ID_PREFIX_MAX)
		r = find_prefix(s, a, hex, out, err);
	if (r == 0 && hex == ref && len < ID_PREFIX_MAX) {
		named = reference_parse(a, ref, &parsed, &why) == 0;
		if (named)
			r = reference_default_tag(a, &parsed) < 0
				    ? err_oom(err)
				    : find_name(s, a, &parsed, out, err);
	} else if (r == 0 && !is_hex) {
		named = reference_parse(a, ref, &parsed, &why) == 0;
		if (named)
			r = reference_default_tag(a, &parsed) < 0
				    ? err_oom(err)
				    : find_name(s, a, &parsed, out, err);
	}
	if (r == 0 && is_hex && len < ID_PREFIX_MAX)
		r = find_prefix(s, a, hex, out, err);
	if (r < 0)
		return r;
	if (r > 0)
		return 0;
	if (!named && !is_hex)
		return err_copy(err, why.kind, why.code, why.msg);
	return err_set(err, ERR_NOT_FOUND, "No such image: %s",
		       named ? reference_familiar(a, &parsed) ?: ref : ref);
}

int store_image_list(struct store *s, struct arena *a, struct json_list *out, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, COLUMNS "ORDER BY created DESC, tagged DESC, id", "");
	struct store_image *img;
	int r;

	*out = (struct json_list){};
	while ((r = db_step(s, q, err)) > 0) {
		img = json_list_add(a, out, sizeof(*img));
		r = img ? read_columns(a, q, img, err) : err_oom(err);
		if (r < 0)
			break;
	}
	db_end(q);
	for (size_t i = 0; r == 0 && i < out->n; i++)
		r = read_lists(s, a, JSON_AT(struct store_image, out, i), err);
	return r;
}

int image_set_name(struct store *s, const char *id, const char *name, struct err *err)
{
	int r = db_exec(s, err,
			"INSERT INTO name (name, image) VALUES (?, ?) "
			"ON CONFLICT (name) DO UPDATE SET image = excluded.image",
			"ss", name, id);

	if (r == 0)
		r = db_exec(s, err, "UPDATE image SET tagged = ? WHERE id = ?", "is", clock_now(),
			    id);
	if (r == 0 && db_changes(s) == 0)
		r = err_set(err, ERR_NOT_FOUND, "No such image: %s", id);
	return r;
}

/* A canonical name with a tag, whatever form the caller had. */
static int tagged_name(struct arena *a, const char *name, char **ret, struct err *err)
{
	struct reference ref;
	int r = reference_parse(a, name, &ref, err);

	if (r < 0)
		return r;
	if (ref.digest)
		return err_set(err, ERR_INVALID,
			       "refusing to create a tag with a digest reference");
	if (reference_default_tag(a, &ref) < 0 || !(*ret = reference_canonical(a, &ref)))
		return err_oom(err);
	return 0;
}

static int check_image(struct store *s, const char *id, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, "SELECT 1 FROM image WHERE id = ?", "s", id);
	int r = db_step(s, q, err);

	db_end(q);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "No such image: %s", id);
	return r < 0 ? r : 0;
}

int store_image_tag(struct store *s, const char *id, const char *name, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *canonical;
	int r = a ? tagged_name(a, name, &canonical, err) : err_oom(err);

	if (r == 0)
		r = db_begin(s, err);
	if (r < 0)
		return r;
	r = check_image(s, id, err);
	if (r == 0)
		r = image_set_name(s, id, canonical, err);
	r = db_finish(s, r, true, err);
	return r < 0 ? r : image_write_index(s, err);
}

int store_image_untag(struct store *s, const char *name, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct reference ref;
	char *canonical;
	int r, changes;

	if (!a)
		return err_oom(err);
	r = reference_parse(a, name, &ref, err);
	if (r < 0)
		return r;
	if (reference_default_tag(a, &ref) < 0)
		return err_oom(err);
	canonical = ref.digest ? reference_with_digest(a, &ref, ref.digest, false)
			       : reference_canonical(a, &ref);
	if (!canonical)
		return err_oom(err);
	r = db_begin(s, err);
	if (r < 0)
		return r;
	r = db_exec(s, err, "DELETE FROM name WHERE name = ?", "s", canonical);
	changes = db_changes(s);
	if (r == 0)
		r = db_exec(s, err, "DELETE FROM digest WHERE name = ?", "s", canonical);
	if (r == 0 && changes + db_changes(s) == 0)
		r = err_set(err, ERR_NOT_FOUND, "No such image: %s",
			    reference_familiar(a, &ref) ?: name);
	r = db_finish(s, r, true, err);
	return r < 0 ? r : image_write_index(s, err);
}

static int check_unused(struct store *s, const char *id, struct err *err)
{
	sqlite3_stmt *q =
		db_query(s, err, "SELECT id FROM container WHERE image = ? LIMIT 1", "s", id);
	int r = db_step(s, q, err);

	if (r <= 0)
		return r;
	r = err_set(err, ERR_CONFLICT,
		    "conflict: unable to delete %.12s (cannot be forced) - image is being used by "
		    "container %.12s",
		    str_after(id, DIGEST_PREFIX) ?: id, db_text(q, 0));
	db_end(q);
	return r;
}

int store_image_remove(struct store *s, const char *id, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = check_image(s, id, err);
	if (r == 0)
		r = check_unused(s, id, err);
	if (r == 0) /* names, digests and what holds layers and blobs go with it */
		r = db_exec(s, err, "DELETE FROM image WHERE id = ?", "s", id);
	if (r == 0)
		r = layer_collect_rows(s, err);
	r = db_finish(s, r, true, err);
	if (r == 0)
		r = image_write_index(s, err);
	return r < 0 ? r : layer_collect_files(s, err);
}

int store_image_lower(struct store *s, struct arena *a, const struct store_image *img, char ***ret,
		      struct err *err)
{
	sqlite3_stmt *q =
		db_query(s, err,
			 "SELECT short, boot FROM layer JOIN (SELECT layer, max(pos) AS top FROM "
			 "image_layer WHERE image = ? GROUP BY layer) ON diff_id = layer "
			 "ORDER BY top DESC",
			 "s", img->id);
	char **v = NULL, *path;
	bool unsynced = false;
	int r;

	/* A layer that occurs twice is listed once, at its topmost place: overlay refuses it twice,
	 * and all that the lower one says is said again by the upper. */
	while ((r = db_step(s, q, err)) > 0) {
		unsynced |= *db_text(q, 1) != '\0';
		path = arena_printf(a, "%s/l/%s", s->root, db_text(q, 0));
		v = path ? strv_append(a, v, path) : NULL;
		if (!v) {
			db_end(q);
			return err_oom(err);
		}
	}
	if (r == 0 && !v)
		return err_set(err, ERR_CORRUPT, "image %s has no layers here", img->id);
	if (r == 0 && unsynced)
		r = layer_rebuild_stale(s, img->id, err);
	*ret = v;
	return r;
}
