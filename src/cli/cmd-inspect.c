// SPDX-License-Identifier: Apache-2.0
/*
 * inspect of anything, and of one kind. What is found is printed even when something else was not:
 * then the exit code is 1 and each missing one has its line.
 */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/values.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/volume.h"

struct inspect_options {
	char *format, *type, *platform;
	bool size;
};

#define FLAG(...) FLAG_OF(inspect_options, __VA_ARGS__)
static const struct flag any_flags[] = {
	FLAG(format, "format", 'f', FLAG_STRING, VALUE_FORMAT_HELP_INSPECT),
	FLAG(size, "size", 's', FLAG_BOOL, "Display total file sizes if the type is container"),
	FLAG(type, "type", 0, FLAG_STRING, "Only inspect objects of the given type",
	     .choices = "container|image|volume"),
	{},
};
static const struct flag container_flags[] = {
	FLAG(format, "format", 'f', FLAG_STRING, VALUE_FORMAT_HELP_INSPECT),
	FLAG(size, "size", 's', FLAG_BOOL, "Display total file sizes"),
	{},
};
static const struct flag image_flags[] = {
	FLAG(format, "format", 'f', FLAG_STRING, VALUE_FORMAT_HELP_INSPECT),
	FLAG(platform, "platform", 0, FLAG_STRING,
	     "Only if the image is for this platform (\"os[/arch[/variant]]\")"),
	{},
};
static const struct flag plain_flags[] = {
	FLAG(format, "format", 'f', FLAG_STRING, VALUE_FORMAT_HELP_INSPECT),
	{},
};

typedef json_t *find_fn(struct engine *e, const char *key, const struct inspect_options *o,
			struct err *err);

static json_t *find_container(struct engine *e, const char *key, const struct inspect_options *o,
			      struct err *err)
{
	return container_inspect(e, key, o->size, err);
}

static json_t *find_image(struct engine *e, const char *key, const struct inspect_options *o,
			  struct err *err)
{
	return image_check_platform(e, key, o->platform, err) < 0 ? NULL
								  : image_inspect(e, key, err);
}

static json_t *find_volume(struct engine *e, const char *key,
			   const struct inspect_options *o UNUSED, struct err *err)
{
	return volume_inspect(e, key, err);
}

static json_t *find_any(struct engine *e, const char *key, const struct inspect_options *o,
			struct err *err)
{
	static find_fn *const kinds[] = {find_container, find_image, find_volume};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		json_t *j;

		*err = ERR_INIT;
		j = kinds[i](e, key, o, err);
		if (j || (err->kind != ERR_NOT_FOUND && err->kind != ERR_INVALID))
			return j;
	}
	(void)err_set(err, ERR_NOT_FOUND, "No such object: %s", key);
	return NULL;
}

static int inspect(struct command_line *c, find_fn *find, struct err *err)
{
	const struct inspect_options *o = c->options;
	cleanup(json_unref) json_t *found = json_array();
	struct engine *e = cli_engine(c, err);
	struct err *missing = arena_calloc(c->arena, c->n_args, sizeof(*missing));
	int r;

	if (!e)
		return err->code;
	if (!found || !missing)
		return err_oom(err);
	for (size_t i = 0; i < c->n_args; i++) {
		json_t *j = find(e, c->args[i], o, &missing[i]);

		if (j && json_array_append_new(found, j) < 0)
			return err_oom(err);
	}
	r = format_documents(c, o->format, found, err);
	for (size_t i = 0; r >= 0 && i < c->n_args; i++) {
		if (missing[i].code == 0)
			continue;
		command_complain(c, "%s", missing[i].msg);
		r = 1;
	}
	return r;
}

static int run_inspect(struct command_line *c, struct err *err)
{
	const struct inspect_options *o = c->options;
	static const struct {
		const char *type;
		find_fn *find;
	} types[] = {{"container", find_container}, {"image", find_image}, {"volume", find_volume}};

	if (str_empty(o->type))
		return inspect(c, find_any, err);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eq(o->type, types[i].type))
			return inspect(c, types[i].find, err);
	return err_set(err, ERR_INVALID, "unknown type: \"%s\"", o->type);
}

static int run_container(struct command_line *c, struct err *err)
{
	return inspect(c, find_container, err);
}

static int run_image(struct command_line *c, struct err *err)
{
	return inspect(c, find_image, err);
}

static int run_volume(struct command_line *c, struct err *err)
{
	return inspect(c, find_volume, err);
}

const struct command cmd_inspect = {
	.paths = "inspect",
	.usage = "[OPTIONS] NAME|ID [NAME|ID...]",
	.summary = "Return low-level information on containers, images and volumes",
	.examples = "$ hoy inspect -f '{{.State.Status}}' web",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.flags = any_flags,
	.options_size = sizeof(struct inspect_options),
	.run = run_inspect,
};

const struct command cmd_container_inspect = {
	.paths = "container inspect",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Display detailed information on one or more containers",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.flags = container_flags,
	.options_size = sizeof(struct inspect_options),
	.run = run_container,
};

const struct command cmd_image_inspect = {
	.paths = "image inspect",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Display detailed information on one or more images",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_IMAGE,
	.flags = image_flags,
	.options_size = sizeof(struct inspect_options),
	.run = run_image,
};

const struct command cmd_volume_inspect = {
	.paths = "volume inspect",
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Display detailed information on one or more volumes",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_VOLUME,
	.flags = plain_flags,
	.options_size = sizeof(struct inspect_options),
	.run = run_volume,
};
