// SPDX-License-Identifier: Apache-2.0
/* Found and named. The other verbs have files of their own: image-list, -inspect, -remove,
 * -transfer. */
#include "engine/image.h"

#include <string.h>

#include "base/id.h"
#include "base/str.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "spec/digest.h"
#include "spec/platform.h"
#include "spec/reference.h"

char *image_short_id(struct arena *a, const char *id)
{
	const char *hex = str_after(id, "sha256:");

	return arena_strndup(a, hex ?: id, ID_SHORT);
}

char *image_familiar(struct arena *a, const char *name)
{
	struct reference ref;

	if (reference_parse(a, name, &ref, NULL) < 0)
		return arena_strdup(a, name);
	return reference_familiar(a, &ref);
}

bool image_name_is_digest(const char *name)
{
	return strchr(name, '@') != NULL;
}

json_t *image_config(const struct store_image *img, struct err *err)
{
	json_t *j = json_parse(img->config, strlen(img->config), "image configuration", err);

	if (j && !json_is_object(j)) {
		json_decref(j);
		(void)err_set(err, ERR_CORRUPT, "configuration of image %s is not an object",
			      img->id);
		return NULL;
	}
	return j;
}

json_t *image_config_labels(const json_t *config)
{
	return json_object_get(json_object_get(config, "config"), "Labels");
}

/* Docker's words: the familiar form, with the tag that was meant. */
static int no_such_image(struct arena *a, const char *text, struct err *err)
{
	struct reference ref;
	char *shown = NULL;

	if (reference_parse(a, text, &ref, NULL) == 0 && reference_default_tag(a, &ref) == 0)
		shown = reference_familiar(a, &ref);
	return err_set(err, ERR_NOT_FOUND, "No such image: %s", shown ?: text);
}

/* A 64-digit id is no reference; everything else that does not parse is refused as such. */
static int refuse(struct arena *a, const char *text, struct err *err)
{
	struct reference ref;
	struct err cause = ERR_INIT;

	if (str_is_hex(text, ID_LEN) || digest_is_sha256(text))
		return err_set(err, ERR_NOT_FOUND, "No such image: %s", text);
	if (reference_parse(a, text, &ref, &cause) < 0)
		return err_copy(err, cause.kind, cause.code, cause.msg);
	return no_such_image(a, text, err);
}

int image_find(struct engine *e, struct arena *a, const char *ref, struct store_image *ret,
	       struct err *err)
{
	struct err cause = ERR_INIT;
	int r = store_image_find(e->store, a, ref, ret, &cause);

	if (r == 0)
		return 0;
	if (cause.kind == ERR_NOT_FOUND || cause.kind == ERR_INVALID)
		return refuse(a, ref, err);
	return err_copy(err, cause.kind, cause.code, cause.msg);
}

int image_config_check_platform(struct arena *a, const char *ref, const json_t *config,
				const char *platform, struct err *err)
{
	struct platform want, image;
	int r;

	if (str_empty(platform))
		return 0;
	r = platform_parse(a, platform, &want, err);
	if (r < 0)
		return r;
	image = platform_normalise(json_string_value(json_object_get(config, "os")),
				   json_string_value(json_object_get(config, "architecture")),
				   json_string_value(json_object_get(config, "variant")));
	if (platform_match(&want, &image) > 0)
		return 0;
	return err_set(
		err, ERR_NOT_FOUND,
		"image with reference %s was found but does not match the specified platform: "
		"wanted %s, actual: %s",
		ref, platform_format(a, &want) ?: platform, platform_format(a, &image) ?: "?");
}

int image_check_platform(struct engine *e, const char *ref, const char *platform, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(json_unref) json_t *config = NULL;
	struct store_image img;
	int r;

	if (str_empty(platform))
		return 0;
	r = a ? image_find(e, a, ref, &img, err) : err_oom(err);
	if (r < 0)
		return r;
	config = image_config(&img, err);
	return config ? image_config_check_platform(a, ref, config, platform, err)
		      : (err ? err->code : -EINVAL);
}

int image_parse_name(struct arena *a, const char *text, char **ret, struct err *err)
{
	struct reference ref;
	struct err cause = ERR_INIT;

	if (reference_parse(a, text, &ref, &cause) < 0)
		return err_set(err, ERR_INVALID,
			       "Error parsing reference: \"%.300s\" is not a valid "
			       "repository/tag: %.500s",
			       text, cause.msg);
	if (ref.digest)
		return err_set(err, ERR_INVALID,
			       "refusing to create a tag with a digest reference");
	if (reference_default_tag(a, &ref) < 0)
		return err_oom(err);
	*ret = reference_canonical(a, &ref);
	return *ret ? 0 : err_oom(err);
}

int image_tag(struct engine *e, const char *source, const char *target, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct store_image img;
	char *name;
	int r;

	if (!a)
		return err_oom(err);
	r = image_parse_name(a, target, &name, err);
	if (r == 0)
		r = image_find(e, a, source, &img, err);
	return r < 0 ? r : store_image_tag(e->store, img.id, name, err);
}
