// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/str.h"
#include "store/db.h"

#define COLUMNS      "SELECT name, driver, created, labels, options, anonymous FROM volume "
#define MAP_TEXT_MAX ((size_t)4 << 20)

struct map_holder {
	struct json_map map;
};

static const struct json_field map_fields[] = {
	{"m", JSON_MAP, 0, offsetof(struct map_holder, map), NULL},
	{},
};
static const struct json_object map_object = {"map", sizeof(struct map_holder), map_fields};

static char *encode_map(const struct json_map *m, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(MAP_TEXT_MAX);
	struct map_holder h = {.map = *m};

	if (json_encode_text(&b, &map_object, &h, err) < 0)
		return NULL;
	return buf_take(&b);
}

static int decode_map(struct arena *a, const char *text, struct json_map *ret, struct err *err)
{
	struct map_holder h;
	int r = json_decode_text(a, text, strlen(text), &map_object, &h, "volume row", err);

	if (r == 0)
		*ret = h.map;
	return r;
}

static int read_row(struct arena *a, sqlite3_stmt *q, struct store_volume *v, struct err *err)
{
	int r;

	*v = (struct store_volume){
		.name = db_strdup(a, q, 0),
		.driver = db_strdup(a, q, 1),
		.created = db_int(q, 2),
		.anonymous = db_int(q, 5) != 0,
	};
	if (!v->name || !v->driver)
		return err_oom(err);
	r = decode_map(a, db_text(q, 3), &v->labels, err);
	return r < 0 ? r : decode_map(a, db_text(q, 4), &v->options, err);
}

int store_volume_insert(struct store *s, const struct store_volume *v, struct err *err)
{
	cleanup_free char *labels = encode_map(&v->labels, err);
	cleanup_free char *options = labels ? encode_map(&v->options, err) : NULL;
	int r;

	if (!labels || !options)
		return err && err->code ? err->code : -ENOMEM;
	r = db_exec(s, err,
		    "INSERT INTO volume (name, driver, created, labels, options, anonymous) "
		    "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		    "ssissi", v->name, v->driver ?: "local", v->created, labels, options,
		    (int64_t)v->anonymous);
	if (r < 0)
		return r;
	if (db_changes(s) == 0)
		return err_set(err, ERR_CONFLICT, "Conflict: volume name must be unique: %s",
			       v->name);
	return 0;
}

int store_volume_delete(struct store *s, const char *name, struct err *err)
{
	int r = db_exec(s, err, "DELETE FROM volume WHERE name = ?", "s", name);

	if (r < 0 || db_changes(s) > 0)
		return r;
	return err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);
}

int store_volume_find(struct store *s, struct arena *a, const char *name, struct store_volume *out,
		      struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, COLUMNS "WHERE name = ?", "s", name);
	int r = db_step(s, q, err);

	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "get %s: no such volume", name);
	if (r > 0)
		r = read_row(a, q, out, err);
	db_end(q);
	return r;
}

int store_volume_list(struct store *s, struct arena *a, struct json_list *out, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, COLUMNS "ORDER BY name", "");
	int r;

	*out = (struct json_list){};
	while ((r = db_step(s, q, err)) > 0) {
		struct store_volume *v = json_list_add(a, out, sizeof(*v));

		r = v ? read_row(a, q, v, err) : err_oom(err);
		if (r < 0)
			break;
	}
	db_end(q);
	return r;
}
