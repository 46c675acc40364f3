// SPDX-License-Identifier: Apache-2.0
/* volume create, ls, rm. (inspect: cmd-inspect.c, prune: cmd-prune.c) */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/cells.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/targets.h"
#include "cli/values.h"
#include "engine/volume.h"

struct create_options {
	char *driver, *name, **labels, **options;
};
static const struct flag create_flags[] = {
	FLAG_OF(create_options, driver, "driver", 'd', FLAG_STRING, "Specify volume driver name",
		.def = "local", .choices = "local"),
	FLAG_OF(create_options, labels, "label", 0, FLAG_LIST, "Set metadata for a volume"),
	FLAG_OF(create_options, name, "name", 0, FLAG_STRING, "Specify volume name",
		.flags = FLAG_HIDDEN),
	FLAG_OF(create_options, options, "opt", 'o', FLAG_MAP, "Set driver specific options"),
	{},
};

static int fill_map(struct command_line *c, char *const *list, struct json_map *out,
		    struct err *err)
{
	for (; list && *list; list++) {
		const char *equals = strchr(*list, '=');
		char *key = arena_strndup(c->arena, *list,
					  equals ? (size_t)(equals - *list) : strlen(*list));

		if (!key || json_map_set(c->arena, out, key, equals ? equals + 1 : "") < 0)
			return err_oom(err);
	}
	return 0;
}

static int run_create(struct command_line *c, struct err *err)
{
	const struct create_options *o = c->options;
	struct store_volume v = {.name = c->n_args ? c->args[0] : o->name, .driver = o->driver};
	struct volume_info made;
	struct engine *e;
	int r = fill_map(c, o->labels, &v.labels, err);

	if (r == 0)
		r = fill_map(c, o->options, &v.options, err);
	if (r < 0)
		return r;
	if (c->n_args && o->name)
		return err_set(
			err, ERR_INVALID,
			"conflicting options: cannot specify a volume name through both --name and "
			"as a positional arg");
	if (str_empty(v.name))
		v.name = NULL;
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	r = volume_create(e, c->arena, &v, &made, err);
	if (r == 0)
		puts(made.row.name);
	return r;
}

struct ls_options {
	struct filters filters;
	char *format;
	bool quiet;
};
static const struct flag ls_flags[] = {
	FLAG_OF(ls_options, filters, "filter", 'f', FLAG_PARSED,
		"Provide filter values (e.g. \"dangling=true\")", .metavar = "filter",
		.parse = value_filter),
	FLAG_OF(ls_options, format, "format", 0, FLAG_STRING, VALUE_FORMAT_HELP),
	FLAG_OF(ls_options, quiet, "quiet", 'q', FLAG_BOOL, "Only display volume names"),
	{},
};

enum {
	F_AVAILABILITY,
	F_DRIVER,
	F_GROUP,
	F_LABELS,
	F_LINKS,
	F_MOUNTPOINT,
	F_NAME,
	F_SCOPE,
	F_SIZE,
	F_STATUS
};
static const struct format_field fields[] = {
	[F_AVAILABILITY] = {"Availability", "AVAILABILITY"},
	[F_DRIVER] = {"Driver", "DRIVER"},
	[F_GROUP] = {"Group", "GROUP"},
	[F_LABELS] = {"Labels", "LABELS"},
	[F_LINKS] = {"Links", "LINKS"},
	[F_MOUNTPOINT] = {"Mountpoint", "MOUNTPOINT"},
	[F_NAME] = {"Name", "VOLUME NAME"},
	[F_SCOPE] = {"Scope", "SCOPE"},
	[F_SIZE] = {"Size", "SIZE"},
	[F_STATUS] = {"Status", "STATUS"},
	{},
};

static void put(struct buf *b, size_t field, const void *row, const void *context UNUSED)
{
	const struct volume_info *v = row;

	switch (field) {
	case F_DRIVER:
		buf_puts(b, v->row.driver);
		break;
	case F_LABELS:
		cells_map(b, &v->row.labels);
		break;
	case F_MOUNTPOINT:
		buf_puts(b, v->mountpoint);
		break;
	case F_NAME:
		buf_puts(b, v->row.name);
		break;
	case F_SCOPE:
		buf_puts(b, "local");
		break;
	default: /* of clusters, or not computed */
		buf_puts(b, "N/A");
		break;
	}
}

static json_t *labels(const void *row, const void *context UNUSED)
{
	const struct volume_info *v = row;
	json_t *j = json_object();

	for (size_t k = 0; j && k < v->row.labels.n; k++)
		(void)json_object_set_new(j, v->row.labels.items[k].key,
					  json_string(v->row.labels.items[k].value));
	return j;
}

static int run_ls(struct command_line *c, struct err *err)
{
	static const struct format_list list = {
		fields, "Driver Name", "Name", put, "*formatter.volumeContext", labels};
	const struct ls_options *o = c->options;
	struct json_list volumes = {};
	struct engine *e = cli_engine(c, err);
	int r;

	if (!e)
		return err->code;
	r = volume_list(e, c->arena, &o->filters, &volumes, err);
	return r < 0 ? r
		     : format_rows(c, &list, o->format, o->quiet, volumes.items, volumes.n,
				   sizeof(struct volume_info), NULL, err);
}

struct rm_options {
	bool force;
};
static const struct flag rm_flags[] = {
	FLAG_OF(rm_options, force, "force", 'f', FLAG_BOOL,
		"Force the removal of one or more volumes"),
	{},
};

static int rm_one(struct command_line *c, struct engine *e, const char *target, struct err *err)
{
	const struct rm_options *o = c->options;

	return volume_remove(e, target, o->force, err);
}

static int run_rm(struct command_line *c, struct err *err)
{
	return targets_each(c, rm_one, err);
}

const struct command cmd_volume_create = {
	.paths = "volume create",
	.usage = "[OPTIONS] [VOLUME]",
	.summary = "Create a volume",
	.max_args = 1,
	.flags = create_flags,
	.options_size = sizeof(struct create_options),
	.run = run_create,
};

const struct command cmd_volume_ls = {
	.paths = "volume list|volume ls",
	.usage = "[OPTIONS]",
	.summary = "List volumes",
	.details = "Filters: dangling, driver, label, name.",
	.flags = ls_flags,
	.options_size = sizeof(struct ls_options),
	.run = run_ls,
};

const struct command cmd_volume_rm = {
	.paths = "volume remove|volume rm",
	.usage = "[OPTIONS] VOLUME [VOLUME...]",
	.summary = "Remove one or more volumes. You cannot remove a volume that is in use by a "
		   "container",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_VOLUME,
	.flags = rm_flags,
	.options_size = sizeof(struct rm_options),
	.run = run_rm,
};
