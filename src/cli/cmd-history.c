// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/cells.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/values.h"
#include "engine/image.h"

#define CREATED_BY_WIDTH 45

struct history_options {
	char *format, *platform;
	bool human, no_trunc, quiet;
};

#define FLAG(...) FLAG_OF(history_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(format, "format", 0, FLAG_STRING, VALUE_FORMAT_HELP),
	FLAG(human, "human", 'H', FLAG_BOOL, "Print sizes and dates in human readable format",
	     .def = "true"),
	FLAG(no_trunc, "no-trunc", 0, FLAG_BOOL, "Don't truncate output"),
	FLAG(platform, "platform", 0, FLAG_STRING,
	     "Only if the image is for this platform (\"os[/arch[/variant]]\")"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL, "Only show image IDs"),
	{},
};

enum { F_COMMENT, F_CREATED_AT, F_CREATED_BY, F_CREATED_SINCE, F_ID, F_SIZE };
static const struct format_field fields[] = {
	[F_COMMENT] = {"Comment", "COMMENT"},
	[F_CREATED_AT] = {"CreatedAt", "CREATED AT"},
	[F_CREATED_BY] = {"CreatedBy", "CREATED BY"},
	[F_CREATED_SINCE] = {"CreatedSince", "CREATED"},
	[F_ID] = {"ID", "IMAGE"},
	[F_SIZE] = {"Size", "SIZE"},
	{},
};

struct context {
	int64_t now;
	bool no_trunc, human;
};

static void put_created_at(struct buf *b, int64_t ns)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(ns / NS_PER_SEC * NS_PER_SEC, text);
	buf_puts(b, text);
}

static void put(struct buf *b, size_t field, const void *data, const void *context)
{
	const struct image_layer *layer = data;
	const struct context *x = context;

	switch (field) {
	case F_COMMENT:
		buf_puts(b, layer->comment ? layer->comment : "");
		break;
	case F_CREATED_AT:
		put_created_at(b, layer->created);
		break;
	case F_CREATED_BY:
		cells_cut(b, layer->created_by ? layer->created_by : "",
			  x->no_trunc ? 0 : CREATED_BY_WIDTH);
		break;
	case F_CREATED_SINCE:
		if (x->human)
			cells_ago(b, x->now, layer->created);
		else
			put_created_at(b, layer->created);
		break;
	case F_ID:
		if (str_after(layer->id, "sha256:"))
			cells_id(b, layer->id, x->no_trunc);
		else
			buf_puts(b, layer->id);
		break;
	case F_SIZE:
		if (x->human)
			cells_size(b, layer->size);
		else
			buf_printf(b, "%lld", (long long)layer->size);
		break;
	default:
		break;
	}
}

static int run(struct command_line *c, struct err *err)
{
	static const struct format_list list = {fields,
						"ID CreatedSince CreatedBy Size Comment",
						"ID",
						put,
						"*formatter.historyContext",
						NULL};
	const struct history_options *o = c->options;
	struct context x = {.now = clock_now(), .no_trunc = o->no_trunc, .human = o->human};
	struct json_list layers = {};
	struct engine *e = cli_engine(c, err);
	int r;

	if (!e)
		return err->code;
	r = image_check_platform(e, c->args[0], o->platform, err);
	if (r == 0)
		r = image_history(e, c->arena, c->args[0], &layers, err);
	return r < 0 ? r
		     : format_rows(c, &list, o->format, o->quiet, layers.items, layers.n,
				   sizeof(struct image_layer), &x, err);
}

const struct command cmd_history = {
	.paths = "image history|history",
	.usage = "[OPTIONS] IMAGE",
	.summary = "Show the history of an image",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_IMAGE,
	.flags = flags,
	.options_size = sizeof(struct history_options),
	.run = run,
};
