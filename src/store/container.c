// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/db.h"

#define COLUMNS                                                                                    \
	"SELECT id, name, coalesce(image, ''), image_ref, created, config, extra FROM container "

static int read_row(struct arena *a, sqlite3_stmt *q, struct store_container *c, struct err *err)
{
	*c = (struct store_container){
		.id = db_strdup(a, q, 0),
		.name = db_strdup(a, q, 1),
		.image = db_strdup(a, q, 2),
		.image_ref = db_strdup(a, q, 3),
		.created = db_int(q, 4),
		.config = db_strdup(a, q, 5),
		.extra = db_strdup(a, q, 6),
	};
	if (!c->id || !c->name || !c->image || !c->image_ref || !c->config || !c->extra)
		return err_oom(err);
	return 0;
}

/* Inside a write transaction: who, but `id` itself, has the name? */
static int check_name(struct store *s, const char *id, const char *name, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, "SELECT id FROM container WHERE name = ?", "s", name);
	int r = db_step(s, q, err);

	if (r <= 0)
		return r;
	if (!str_eq(db_text(q, 0), id))
		r = err_set(err, ERR_CONFLICT,
			    "Conflict. The container name \"/%s\" is already in use by container "
			    "\"%s\". You have to remove (or rename) that container to be able to "
			    "reuse that name.",
			    name, db_text(q, 0));
	else
		r = 0;
	db_end(q);
	return r;
}

/* The foreign key would say it, too, but not in the user's words. */
static int check_image(struct store *s, const char *image, struct err *err)
{
	sqlite3_stmt *q;
	int r;

	if (str_empty(image))
		return 0;
	q = db_query(s, err, "SELECT 1 FROM image WHERE id = ?", "s", image);
	r = db_step(s, q, err);
	db_end(q);
	if (r < 0)
		return r;
	return r > 0 ? 0 : err_set(err, ERR_NOT_FOUND, "No such image: %s", image);
}

static int check_there(struct store *s, const char *id, struct err *err)
{
	if (db_changes(s) > 0)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "No such container: %s", id);
}

int store_container_insert(struct store *s, const struct store_container *c, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = check_name(s, c->id, c->name, err);
	if (r == 0)
		r = check_image(s, c->image, err);
	if (r == 0)
		r = db_exec(s, err,
			    "INSERT INTO container (id, name, image, image_ref, created, config, "
			    "extra) VALUES (?, ?, nullif(?, ''), ?, ?, ?, ?)",
			    "ssssiss", c->id, c->name, c->image ?: "", c->image_ref ?: "",
			    c->created, c->config ?: "", c->extra ?: "");
	return db_finish(s, r, false, err);
}

int store_container_update(struct store *s, const struct store_container *c, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = check_name(s, c->id, c->name, err);
	if (r == 0)
		r = check_image(s, c->image, err);
	if (r == 0)
		r = db_exec(s, err,
			    "UPDATE container SET name = ?, image = nullif(?, ''), image_ref = ?, "
			    "created = ?, config = ?, extra = ? WHERE id = ?",
			    "sssisss", c->name, c->image ?: "", c->image_ref ?: "", c->created,
			    c->config ?: "", c->extra ?: "", c->id);
	if (r == 0)
		r = check_there(s, c->id, err);
	return db_finish(s, r, false, err);
}

int store_container_rename(struct store *s, const char *id, const char *name, struct err *err)
{
	int r = db_begin(s, err);

	if (r < 0)
		return r;
	r = check_name(s, id, name, err);
	if (r == 0)
		r = db_exec(s, err, "UPDATE container SET name = ? WHERE id = ?", "ss", name, id);
	if (r == 0)
		r = check_there(s, id, err);
	return db_finish(s, r, false, err);
}

int store_container_delete(struct store *s, const char *id, struct err *err)
{
	int r = db_exec(s, err, "DELETE FROM container WHERE id = ?", "s", id);

	return r < 0 ? r : check_there(s, id, err);
}

static int find_one(struct store *s, struct arena *a, sqlite3_stmt *q, struct store_container *out,
		    struct err *err)
{
	int r = db_step(s, q, err);

	if (r <= 0)
		return r;
	r = read_row(a, q, out, err);
	db_end(q);
	return r < 0 ? r : 1;
}

static int find_prefix(struct store *s, struct arena *a, const char *key,
		       struct store_container *out, struct err *err)
{
	char end[ID_PREFIX_MAX + 2];
	sqlite3_stmt *q;
	int r, more;

	/* 'g' sorts after every hex digit: a range, so that the index is used. */
	(void)snprintf(end, sizeof(end), "%sg", key);
	q = db_query(s, err, COLUMNS "WHERE id > ? AND id < ? LIMIT 2", "ss", key, end);
	r = db_step(s, q, err);
	if (r <= 0)
		return r;
	r = read_row(a, q, out, err);
	more = r < 0 ? r : db_step(s, q, err);
	db_end(q);
	if (more > 0)
		return err_set(err, ERR_INVALID, "Multiple IDs found with provided prefix: %s",
			       key);
	return more < 0 ? more : 1;
}

int store_container_find(struct store *s, struct arena *a, const char *key,
			 struct store_container *out, struct err *err)
{
	const char *name = key[0] == '/' ? key + 1 : key;
	size_t len = strlen(key);
	int r = 0;

	if (str_is_hex(key, ID_PREFIX_MAX))
		r = find_one(s, a, db_query(s, err, COLUMNS "WHERE id = ?", "s", key), out, err);
	if (r == 0)
		r = find_one(s, a, db_query(s, err, COLUMNS "WHERE name = ?", "s", name), out, err);
	if (r == 0 && len > 0 && len < ID_PREFIX_MAX && str_is_hex(key, len))
		r = find_prefix(s, a, key, out, err);
	if (r < 0)
		return r;
	return r > 0 ? 0 : err_set(err, ERR_NOT_FOUND, "No such container: %s", key);
}

int store_container_list(struct store *s, struct arena *a, struct json_list *out, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, COLUMNS "ORDER BY created DESC, id", "");
	int r;

	*out = (struct json_list){};
	while ((r = db_step(s, q, err)) > 0) {
		struct store_container *c = json_list_add(a, out, sizeof(*c));

		r = c ? read_row(a, q, c, err) : err_oom(err);
		if (r < 0)
			break;
	}
	db_end(q);
	return r;
}
