// SPDX-License-Identifier: Apache-2.0
/* What `image inspect` and `history` tell: Docker's GET /images/NAME/json and …/history, API 1.47.
 */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "engine/image-private.h"
#include "engine/members.h"
#include "engine/private.h"
#include "spec/container.h"

static json_t *familiar_list(struct arena *a, char *const *names)
{
	json_t *list = json_array();

	for (; names && *names; names++)
		if (json_array_append_new(list, json_string(image_familiar(a, *names))) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static const char *text(const json_t *config, const char *key)
{
	return json_string_value(json_object_get(config, key)) ?: "";
}

/* The configuration's `config` with all of Docker's members, null where it has none. */
static json_t *container_defaults(struct arena *a, json_t *config, struct err *err)
{
	cleanup(json_unref) json_t *empty = json_object();
	json_t *inner = json_object_get(config, "config"), *j;
	struct container_config c;

	if (json_decode(a, json_is_object(inner) ? inner : empty, &container_config_object, &c,
			"image configuration", err) < 0)
		return NULL;
	j = json_encode(&container_config_object, &c);
	if (!j)
		(void)err_oom(err);
	return j;
}

static json_t *graph_driver(struct engine *e, struct arena *a, const struct store_image *img,
			    struct err *err)
{
	json_t *data, *driver;
	char **lower, *joined;

	if (store_image_lower(e->store, a, img, &lower, err) < 0)
		return NULL;
	joined = strv_join(a, lower, ":");
	data = json_object();
	if (strv_len(lower) && joined)
		json_object_set_new(data, "LowerDir", json_string(joined));
	driver = json_pack("{so ss}", "Data", data, "Name", "overlay2");
	if (!driver)
		(void)err_oom(err);
	return driver;
}

static json_t *root_fs(const struct store_image *img)
{
	json_t *layers = json_array();

	for (char **l = img->layers; l && *l; l++)
		json_array_append_new(layers, json_string(*l));
	return json_pack("{ss so}", "Type", "layers", "Layers", layers);
}

static json_t *time_text(int64_t ns)
{
	char out[CLOCK_TEXT_MAX];

	clock_format(ns, out);
	return json_string(out);
}

static json_t *build_inspect(struct engine *e, struct arena *a, const struct store_image *img,
			     json_t *config, struct err *err)
{
	json_t *inner = container_defaults(a, config, err);
	json_t *driver = inner ? graph_driver(e, a, img, err) : NULL, *j;
	const struct member members[] = {
		{"Id", json_string(img->id)},
		{"RepoTags", familiar_list(a, img->names)},
		{"RepoDigests", familiar_list(a, img->digests)},
		{"Parent", json_string("")},
		{"Comment", json_string(text(config, "comment"))},
		{"Created", time_text(img->created)},
		{"DockerVersion", json_string(text(config, "docker_version"))},
		{"Author", json_string(text(config, "author"))},
		{"Config", inner},
		{"Architecture", json_string(text(config, "architecture"))},
		{"Variant", json_string(text(config, "variant"))},
		{"Os", json_string(text(config, "os"))},
		{"Size", json_integer(img->size)},
		{"GraphDriver", driver},
		{"RootFS", root_fs(img)},
		{"Metadata", json_pack("{so}", "LastTagTime", time_text(img->tagged))},
		{},
	};

	/* Where inner or driver failed, the message is made already. */
	j = members_object(members, inner && driver ? err : NULL);
	if (j && !*text(config, "variant"))
		json_object_del(j, "Variant");
	return j;
}

/* A comment of the last history entry stands for one of the image, as Docker reads it. */
static void adopt_comment(json_t *config)
{
	json_t *history = json_object_get(config, "history"), *last;

	if (*text(config, "comment") || !json_array_size(history))
		return;
	last = json_array_get(history, json_array_size(history) - 1);
	(void)json_object_set_new(config, "comment", json_string(text(last, "comment")));
}

json_t *image_inspect(struct engine *e, const char *ref, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(json_unref) json_t *config = NULL;
	struct store_image img;

	if (!a) {
		(void)err_oom(err);
		return NULL;
	}
	if (image_find(e, a, ref, &img, err) < 0)
		return NULL;
	config = image_config(&img, err);
	if (!config)
		return NULL;
	adopt_comment(config);
	return build_inspect(e, a, &img, config, err);
}

/* ---- history ---- */

static int history_row(struct engine *e, struct arena *a, const json_t *entry, const char *layer,
		       struct image_layer *row, struct err *err)
{
	const char *created = text(entry, "created");

	*row = (struct image_layer){
		.id = arena_strdup(a, "<missing>"),
		.created_by = arena_strdup(a, text(entry, "created_by")),
		.comment = arena_strdup(a, text(entry, "comment")),
	};
	if (!row->id || !row->created_by || !row->comment)
		return err_oom(err);
	if (*created && clock_parse(created, &row->created) < 0)
		row->created = 0;
	return layer ? store_layer_size(e->store, layer, &row->size, err) : 0;
}

int image_history(struct engine *e, struct arena *a, const char *ref, struct json_list *ret,
		  struct err *err)
{
	cleanup(json_unref) json_t *config = NULL;
	struct store_image img;
	struct image_layer *rows;
	json_t *history, *entry;
	size_t i, used = 0;
	int r = image_find(e, a, ref, &img, err);

	*ret = (struct json_list){};
	if (r < 0)
		return r;
	config = image_config(&img, err);
	if (!config)
		return err ? err->code : -EINVAL;
	history = json_object_get(config, "history");
	if (!json_array_size(history))
		return 0;
	rows = arena_calloc(a, json_array_size(history), sizeof(*rows));
	if (!rows)
		return err_oom(err);
	json_array_foreach (history, i, entry) {
		bool empty = json_is_true(json_object_get(entry, "empty_layer"));

		if (!empty && used >= strv_len(img.layers))
			return err_set(err, ERR_CORRUPT,
				       "too many non-empty layers in History section");
		r = history_row(e, a, entry, empty ? NULL : img.layers[used++],
				&rows[json_array_size(history) - 1 - i], err);
		if (r < 0)
			return r;
	}
	rows[0].id = img.id;
	rows[0].tags = arena_calloc(a, strv_len(img.names) + 1, sizeof(char *));
	for (i = 0; rows[0].tags && img.names && img.names[i]; i++)
		rows[0].tags[i] = image_familiar(a, img.names[i]);
	*ret = (struct json_list){.items = rows, .n = json_array_size(history)};
	return rows[0].tags ? 0 : err_oom(err);
}
