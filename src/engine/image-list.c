// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <string.h>

#include "base/str.h"
#include "engine/filter.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "spec/reference.h"

int image_count_containers(struct engine *e, struct arena *a, const struct json_list *images,
			   int64_t *counts, struct err *err)
{
	struct json_list rows = {};
	int r = store_container_list(e->store, a, &rows, err);

	for (size_t i = 0; r == 0 && i < images->n; i++) {
		counts[i] = 0;
		for (size_t k = 0; k < rows.n; k++)
			counts[i] += str_eq(JSON_AT(struct store_container, &rows, k)->image,
					    JSON_AT(struct store_image, images, i)->id);
	}
	return r;
}

/* One name against one pattern of reference=: the whole familiar reference, or its name alone. Both
 * are Go's path.Match: a star does not cross a slash. */
static bool name_matches(struct arena *a, const char *name, const char *pattern)
{
	struct reference ref;
	char *whole, *bare;

	if (reference_parse(a, name, &ref, NULL) < 0)
		return false;
	whole = reference_familiar(a, &ref);
	bare = reference_familiar_name(a, &ref);
	return (whole && fnmatch(pattern, whole, FNM_PATHNAME) == 0) ||
	       (bare && fnmatch(pattern, bare, FNM_PATHNAME) == 0);
}

/* Keeps the names that one of the patterns takes. */
static int keep_names(struct arena *a, const struct filters *f, char ***names, struct err *err)
{
	char **kept = arena_alloc(a, sizeof(char *));

	for (char **n = *names; kept && n && *n; n++) {
		bool match = false;

		for (size_t i = 0; !match && i < f->n; i++)
			match = str_eq(f->items[i].key, "reference") &&
				name_matches(a, *n, f->items[i].value);
		if (match)
			kept = strv_append(a, kept, *n);
	}
	*names = kept;
	return kept ? 0 : err_oom(err);
}

struct bounds { /* on the time of creation, both exclusive */
	int64_t after, before;
};

static int find_bounds(struct engine *e, struct arena *a, const struct filters *f,
		       struct bounds *ret, struct err *err)
{
	struct store_image img;
	int r = filter_until(f, &ret->before, err);

	ret->after = INT64_MIN;
	for (size_t i = 0; r == 0 && f && i < f->n; i++) {
		bool before = str_eq(f->items[i].key, "before");

		if (!before && !str_eq(f->items[i].key, "since"))
			continue;
		r = image_find(e, a, f->items[i].value, &img, err);
		if (r == 0 && before)
			ret->before = MIN_OF(ret->before, img.created);
		else if (r == 0)
			ret->after = MAX_OF(ret->after, img.created);
	}
	return r;
}

struct listing {
	struct arena *arena;
	const struct filters *filters;
	struct opt_flag dangling;
	struct bounds bounds;
};

/* The labels of an image, owned by the arena. */
static int read_labels(struct arena *a, const struct store_image *img, json_t **ret,
		       struct err *err)
{
	cleanup(json_unref) json_t *config = image_config(img, err);
	json_t *labels;

	if (!config)
		return err ? err->code : -EINVAL;
	labels = image_config_labels(config);
	*ret = json_is_object(labels) ? json_incref(labels) : NULL;
	if (*ret && arena_defer(a, (void (*)(void *))json_unref, *ret) < 0)
		return err_oom(err);
	return 0;
}

/* 1: wanted, 0: not. */
static int wanted(const struct listing *l, struct image_info *info, struct err *err)
{
	struct store_image *img = &info->image;
	bool is_dangling = strv_len(img->names) == 0;
	int r;

	if (img->created <= l->bounds.after || img->created >= l->bounds.before ||
	    (l->dangling.set && l->dangling.value != is_dangling))
		return 0;
	r = read_labels(l->arena, img, &info->labels, err);
	if (r < 0)
		return r;
	if (!filter_json_labels(l->filters, info->labels))
		return 0;
	if (!filter_has(l->filters, "reference"))
		return 1;
	if ((r = keep_names(l->arena, l->filters, &img->names, err)) < 0 ||
	    (r = keep_names(l->arena, l->filters, &img->digests, err)) < 0)
		return r;
	return strv_len(img->names) + strv_len(img->digests) > 0;
}

int image_list(struct engine *e, struct arena *a, const struct image_list_options *o,
	       struct json_list *ret, struct err *err)
{
	static const char *const known[] = {"dangling", "label",     "label!", "before",
					    "since",    "reference", "until",  NULL};
	struct listing l = {.arena = a, .filters = &o->filters};
	struct json_list images = {};
	int64_t *counts;
	int r;

	*ret = (struct json_list){};
	if ((r = filter_check(l.filters, known, err)) < 0 ||
	    (r = filter_flag(l.filters, "dangling", &l.dangling, err)) < 0 ||
	    (r = find_bounds(e, a, l.filters, &l.bounds, err)) < 0 ||
	    (r = store_image_list(e->store, a, &images, err)) < 0)
		return r;
	counts = arena_calloc(a, images.n + 1, sizeof(*counts));
	if (!counts)
		return err_oom(err);
	r = image_count_containers(e, a, &images, counts, err);
	for (size_t i = 0; r >= 0 && i < images.n; i++) {
		struct image_info info = {.image = *JSON_AT(struct store_image, &images, i),
					  .containers = counts[i]};
		struct image_info *row;

		r = wanted(&l, &info, err);
		if (r <= 0)
			continue;
		row = json_list_add(a, ret, sizeof(*row));
		if (!row)
			return err_oom(err);
		*row = info;
	}
	return r < 0 ? r : 0;
}
