// SPDX-License-Identifier: Apache-2.0
/* Images in and out. The store's worker does the work; here are the words and the configuration. */
#include <string.h>
#include <sys/utsname.h>

#include "base/str.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "spec/platform.h"

int image_load(struct engine *e, struct arena *a, int fd, const char *dir, const char *platform,
	       struct json_list *ret, struct err *err)
{
	bool must = !str_empty(platform);
	struct json_list images = {};
	struct platform want;
	int r = must ? platform_parse(a, platform, &want, err) : 0;

	if (r == 0)
		r = store_load(e->store, a, fd, dir, must ? &want : NULL, &images, err);
	*ret = (struct json_list){};
	for (size_t i = 0; r == 0 && i < images.n; i++) {
		struct store_image *img = JSON_AT(struct store_image, &images, i);
		size_t n = strv_len(img->names);

		for (size_t k = 0; k < MAX_OF(n, (size_t)1); k++) {
			struct image_loaded *row = json_list_add(a, ret, sizeof(*row));

			if (!row)
				return err_oom(err);
			row->id = img->id;
			row->name = n ? image_familiar(a, img->names[k]) : NULL;
			if (n && !row->name)
				return err_oom(err);
		}
	}
	return r;
}

/* Everything is looked up before the first byte goes out: a stream cannot be taken back. */
int image_save(struct engine *e, char *const *refs, int fd, enum store_save_format format,
	       struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct store_image img;
	int r = a ? 0 : err_oom(err);

	for (char *const *ref = refs; r == 0 && ref && *ref; ref++)
		r = image_find(e, a, *ref, &img, err);
	return r < 0 ? r : store_save(e->store, refs, fd, format, err);
}

/* Go's name of the machine, as image configurations have it. */
const char *image_host_architecture(void)
{
	static const char *const names[][2] = {
		{"x86_64", "amd64"},    {"aarch64", "arm64"},   {"armv7l", "arm"},
		{"i686", "386"},        {"riscv64", "riscv64"}, {"s390x", "s390x"},
		{"ppc64le", "ppc64le"},
	};
	struct utsname u;

	if (uname(&u) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (strcmp(u.machine, names[i][0]) == 0)
				return names[i][1];
	return "amd64";
}

int image_import(struct engine *e, struct arena *a, int fd, const char *name, char *const *changes,
		 const char *message, char **ret_id, struct err *err)
{
	cleanup(json_unref) json_t *settings = json_object();
	struct store_image img = {};
	char *canonical = NULL;
	int r = settings ? 0 : err_oom(err);

	/* What can be refused is, before the stream is read. */
	if (r == 0 && !str_empty(name))
		r = image_parse_name(a, name, &canonical, err);
	if (r == 0)
		r = image_apply_changes(a, settings, changes, err);
	if (r == 0)
		r = store_import(e->store, a, fd, settings, canonical, message, &img, err);
	if (r == 0)
		*ret_id = img.id;
	return r;
}
