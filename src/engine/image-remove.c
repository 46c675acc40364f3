// SPDX-License-Identifier: Apache-2.0
/*
 * Docker's rules of `rmi` and `image prune`, in its order and with its words:
 *
 *   by a name   The name goes, unless it is the last one and a container needs the image (not
 * forced). When no name is left the image goes too, silently staying if something runs from it. by
 * an id    Refused when names of several repositories mean it (unless forced), and when a container
 * uses it: a running one in any case, a stopped one unless forced.
 *
 * One thing is ours: an image that a stopped container was made from is never deleted, only
 * untagged, because the container's root stands on the image's layers. It goes with `image prune`
 * after the container. The store refuses the deletion in the transaction itself, so no race can get
 * past it.
 */
#include <string.h>

#include "base/str.h"
#include "engine/container-private.h"
#include "engine/filter.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "spec/reference.h"

struct removal {
	struct engine *engine;
	struct arena *arena;
	struct store_image image;
	char *running, *stopped; /* an id of a container that uses the image, or NULL */
	struct json_list *out;
};

/* ---- what is in the way ---- */

static int find_users(struct removal *r, struct err *err)
{
	struct json_list rows = {};
	int ret = store_container_list(r->engine->store, r->arena, &rows, err);

	r->running = r->stopped = NULL;
	for (size_t i = 0; ret == 0 && i < rows.n; i++) {
		struct store_container *row = JSON_AT(struct store_container, &rows, i);
		struct container_state state = {};

		if (!str_eq(row->image, r->image.id))
			continue;
		/* One that vanished meanwhile is in nobody's way. */
		if (container_read_state(r->engine, r->arena, row->id, &state, NULL) == 0 &&
		    container_status_is_live(state.status))
			r->running = row->id;
		else
			r->stopped = row->id;
	}
	return ret;
}

static int conflict(struct removal *r, bool hard, const char *what, const char *container,
		    struct err *err)
{
	return err_set(err, ERR_CONFLICT, "conflict: unable to delete %s (%s) - %s%.12s",
		       image_short_id(r->arena, r->image.id),
		       hard ? "cannot be forced" : "must be forced", what, container ?: "");
}

static int check_running(struct removal *r, struct err *err)
{
	return r->running ? conflict(r, true, "image is being used by running container ",
				     r->running, err)
			  : 0;
}

static int check_stopped(struct removal *r, bool force, struct err *err)
{
	return r->stopped && !force
		       ? conflict(r, false, "image is being used by stopped container ", r->stopped,
				  err)
		       : 0;
}

/* The name without tag and digest: what Docker calls a repository. */
static char *repository(struct arena *a, const char *name)
{
	struct reference ref;

	return reference_parse(a, name, &ref, NULL) < 0 ? arena_strdup(a, name)
							: reference_name(a, &ref);
}

/* At most one tag, and digests of that tag's repository only. */
static bool is_single_reference(struct removal *r)
{
	char **names = r->image.names, **digests = r->image.digests, *first;

	if (strv_len(names) + strv_len(digests) <= 1)
		return true;
	if (strv_len(names) > 1)
		return false;
	first = repository(r->arena, names && *names ? *names : *digests);
	for (; digests && *digests; digests++)
		if (!str_eq(repository(r->arena, *digests), first))
			return false;
	return true;
}

/* ---- taking away ---- */

static int record(struct removal *r, char *untagged, char *deleted, struct err *err)
{
	struct image_removed *row = json_list_add(r->arena, r->out, sizeof(*row));

	if (!row || (!untagged && !deleted))
		return err_oom(err);
	*row = (struct image_removed){.untagged = untagged, .deleted = deleted};
	return 0;
}

static int untag(struct removal *r, const char *name, struct err *err)
{
	struct err cause = ERR_INIT;
	int ret = store_image_untag(r->engine->store, name, &cause);

	if (ret < 0 && cause.kind != ERR_NOT_FOUND) /* gone meanwhile: what was wanted */
		return err_copy(err, cause.kind, cause.code, cause.msg);
	return record(r, image_familiar(r->arena, name), NULL, err);
}

static int untag_all(struct removal *r, struct err *err)
{
	int ret = 0;

	for (char **n = r->image.names; ret == 0 && n && *n; n++)
		ret = untag(r, *n, err);
	for (char **n = r->image.digests; ret == 0 && n && *n; n++)
		ret = untag(r, *n, err);
	r->image.names = r->image.digests = NULL;
	return ret;
}

static int delete_image(struct removal *r, struct err *err)
{
	struct err cause = ERR_INIT;
	int ret;

	ret = untag_all(r, err);
	if (ret < 0 || r->stopped || r->running)
		return ret;
	ret = store_image_remove(r->engine->store, r->image.id, &cause);
	if (ret < 0 && cause.kind == ERR_NOT_FOUND)
		return 0;
	if (ret < 0)
		return err_copy(err, cause.kind, cause.code, cause.msg);
	return record(r, NULL, r->image.id, err);
}

/* Docker's last step. quiet: a name went already, so that a conflict is only worth a word when the
 * image would be left without any name and unused. */
static int delete_unless_needed(struct removal *r, bool force, bool quiet, struct err *err)
{
	bool named = strv_len(r->image.names) + strv_len(r->image.digests) > 0;
	int ret;

	if (quiet && (r->running || (r->stopped && !force)))
		return 0;
	if ((ret = check_running(r, err)) < 0)
		return ret;
	if (!force && named)
		return conflict(r, false, "image is referenced in multiple repositories", NULL,
				err);
	if ((ret = check_stopped(r, force, err)) < 0)
		return ret;
	return delete_image(r, err);
}

/* After NAME:TAG went: digests of a repository that has no tag any more go with it. */
static int untag_orphan_digests(struct removal *r, const char *removed, struct err *err)
{
	char *repo = repository(r->arena, removed), **left = NULL;
	int ret = 0;

	if (image_name_is_digest(removed))
		return 0;
	for (char **n = r->image.names; n && *n; n++)
		if (str_eq(repository(r->arena, *n), repo))
			return 0;
	for (char **d = r->image.digests; ret == 0 && d && *d; d++) {
		if (str_eq(repository(r->arena, *d), repo))
			ret = untag(r, *d, err);
		else if (!(left = strv_append(r->arena, left, *d)))
			ret = err_oom(err);
	}
	r->image.digests = left;
	return ret;
}

static char **without(struct arena *a, char *const *list, const char *name)
{
	char **left = NULL;

	for (; list && *list; list++)
		if (strcmp(*list, name) != 0)
			left = strv_append(a, left, *list);
	return left;
}

static int remove_by_name(struct removal *r, const char *given, const char *name, bool force,
			  struct err *err)
{
	const char *user = r->running ?: r->stopped;
	int ret;

	if (!force && user && is_single_reference(r))
		return err_set(err, ERR_CONFLICT,
			       "conflict: unable to remove repository reference \"%s\" "
			       "(must force) - container %.12s is using its referenced image %s",
			       given, user, image_short_id(r->arena, r->image.id));
	ret = untag(r, name, err);
	if (ret < 0)
		return ret;
	r->image.names = without(r->arena, r->image.names, name);
	r->image.digests = without(r->arena, r->image.digests, name);
	ret = untag_orphan_digests(r, name, err);
	if (ret < 0 || strv_len(r->image.names) + strv_len(r->image.digests) > 0)
		return ret;
	return delete_unless_needed(r, force, true, err);
}

static int remove_by_id(struct removal *r, bool force, struct err *err)
{
	int ret;

	if (is_single_reference(r)) {
		if ((ret = check_running(r, err)) < 0 || (ret = check_stopped(r, force, err)) < 0)
			return ret;
		return delete_image(r, err);
	}
	return delete_unless_needed(r, force, false, err);
}

/* The canonical name that `given` stands for, or NULL when it is (a prefix of) the id. */
static char *name_meant(struct arena *a, const struct store_image *img, const char *given)
{
	const char *hex = str_after(img->id, "sha256:") ?: img->id;
	struct reference ref;
	char *name;

	if (str_after(img->id, given) || str_after(hex, given)) {
		/* A name that looks like the id's beginning still is a name. */
		if (reference_parse(a, given, &ref, NULL) < 0 || reference_default_tag(a, &ref) < 0)
			return NULL;
		name = reference_canonical(a, &ref);
		return name && strv_has(img->names, name) ? name : NULL;
	}
	if (reference_parse(a, given, &ref, NULL) < 0 || reference_default_tag(a, &ref) < 0)
		return NULL;
	if (ref.digest) /* NAME:TAG@DIGEST means the digest */
		return reference_with_digest(a, &ref, ref.digest, false);
	return reference_canonical(a, &ref);
}

int image_remove(struct engine *e, struct arena *a, const char *ref, bool force, bool no_prune,
		 struct json_list *ret, struct err *err)
{
	struct removal r = {.engine = e, .arena = a, .out = ret};
	char *name;
	int rc;

	(void)no_prune; /* images here have no parents that could be pruned */
	*ret = (struct json_list){};
	rc = image_find(e, a, ref, &r.image, err);
	if (rc == 0)
		rc = find_users(&r, err);
	if (rc < 0)
		return rc;
	name = name_meant(a, &r.image, ref);
	return name ? remove_by_name(&r, ref, name, force, err) : remove_by_id(&r, force, err);
}

/* ---- prune ---- */

/* Bytes of the layers that some image names. */
static int layer_bytes(struct engine *e, struct arena *a, int64_t *ret, struct err *err)
{
	struct json_list images = {};
	struct json_map seen = {};
	int64_t size;
	int r = store_image_list(e->store, a, &images, err);

	*ret = 0;
	for (size_t i = 0; r == 0 && i < images.n; i++) {
		char **l = JSON_AT(struct store_image, &images, i)->layers;

		for (; r == 0 && l && *l; l++) {
			if (json_map_get(&seen, *l))
				continue;
			if (json_map_set(a, &seen, *l, "") < 0)
				return err_oom(err);
			r = store_layer_size(e->store, *l, &size, err);
			if (r == 0)
				*ret += size;
		}
	}
	return r;
}

static bool prunable(const struct image_info *info, bool all, int64_t until)
{
	return info->containers == 0 && info->image.created < until &&
	       (all || strv_len(info->image.names) == 0);
}

int image_prune(struct engine *e, struct arena *a, bool all, const struct filters *f,
		struct json_list *ret, int64_t *bytes, struct err *err)
{
	static const char *const known[] = {"dangling", "label", "label!", "until", NULL};
	const struct image_list_options none = {};
	struct opt_flag dangling;
	struct json_list images;
	int64_t until, before, after;
	int r;

	*ret = (struct json_list){};
	if ((r = filter_check(f, known, err)) < 0 ||
	    (r = filter_flag(f, "dangling", &dangling, err)) < 0 ||
	    (r = filter_until(f, &until, err)) < 0 ||
	    (r = image_list(e, a, &none, &images, err)) < 0 ||
	    (r = layer_bytes(e, a, &before, err)) < 0)
		return r;
	all = all || (dangling.set && !dangling.value);
	for (size_t i = 0; r == 0 && i < images.n; i++) {
		struct image_info *info = JSON_AT(struct image_info, &images, i);
		struct removal one = {.engine = e, .arena = a, .image = info->image, .out = ret};

		if (!prunable(info, all, until) || !filter_json_labels(f, info->labels))
			continue;
		r = find_users(&one, err); /* a container may have come meanwhile */
		if (r == 0 && !one.running && !one.stopped)
			r = delete_image(&one, err);
	}
	if (r == 0)
		r = layer_bytes(e, a, &after, err);
	if (r == 0)
		*bytes = MAX_OF(before - after, 0);
	return r;
}
