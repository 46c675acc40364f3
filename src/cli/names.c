// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "cli/names.h"

#include "engine/container.h"
#include "engine/image.h"
#include "engine/volume.h"
#include "spec/reference.h"

typedef void name_fn(const char *name, void *data);

static void containers(struct command_line *c, struct engine *e, bool all, name_fn *fn, void *data)
{
	const struct container_list_options o = {.all = all};
	struct json_list rows = {};

	if (container_list(e, c->arena, &o, &rows, NULL) == 0)
		for (size_t i = 0; i < rows.n; i++)
			fn(JSON_AT(struct container_info, &rows, i)->row.name, data);
}

static void images(struct command_line *c, struct engine *e, name_fn *fn, void *data)
{
	const struct image_list_options o = {};
	struct json_list rows = {};
	struct reference ref;

	if (image_list(e, c->arena, &o, &rows, NULL) < 0)
		return;
	for (size_t i = 0; i < rows.n; i++)
		for (char **n = JSON_AT(struct image_info, &rows, i)->image.names; n && *n; n++)
			if (reference_parse(c->arena, *n, &ref, NULL) == 0)
				fn(reference_familiar(c->arena, &ref), data);
}

static void volumes(struct command_line *c, struct engine *e, name_fn *fn, void *data)
{
	struct json_list rows = {};

	if (volume_list(e, c->arena, &(struct filters){}, &rows, NULL) == 0)
		for (size_t i = 0; i < rows.n; i++)
			fn(JSON_AT(struct volume_info, &rows, i)->row.name, data);
}

void names_list(struct command_line *c, enum noun noun, void (*fn)(const char *name, void *data),
		void *data)
{
	struct err ignored = ERR_INIT;
	struct engine *e = cli_engine(c, &ignored);

	if (!e)
		return;
	switch (noun) {
	case NOUN_CONTAINER:
	case NOUN_RUNNING:
		containers(c, e, noun == NOUN_CONTAINER, fn, data);
		break;
	case NOUN_IMAGE:
		images(c, e, fn, data);
		break;
	case NOUN_VOLUME:
		volumes(c, e, fn, data);
		break;
	case NOUN_NOTHING:
	case NOUN_FILE:
		break;
	}
}
