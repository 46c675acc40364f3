// SPDX-License-Identifier: Apache-2.0
/*
 * An image is one row for each of its names; "<none>" stands for what a nameless one lacks. With
 * --digests, a name that has a digest is shown with it, and a digest without a name has no tag.
 */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/cells.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/values.h"
#include "engine/image.h"
#include "spec/reference.h"

struct images_options {
	bool all, digests, no_trunc, quiet;
	struct filters filters;
	char *format;
};

#define FLAG(...) FLAG_OF(images_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(all, "all", 'a', FLAG_BOOL, "Show all images (default hides intermediate images)"),
	FLAG(digests, "digests", 0, FLAG_BOOL, "Show digests"),
	FLAG(filters, "filter", 'f', FLAG_PARSED, "Filter output based on conditions provided",
	     .metavar = "filter", .parse = value_filter),
	FLAG(format, "format", 0, FLAG_STRING, VALUE_FORMAT_HELP),
	FLAG(no_trunc, "no-trunc", 0, FLAG_BOOL, "Don't truncate output"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL, "Only show image IDs"),
	{},
};

enum {
	F_CONTAINERS,
	F_CREATED_AT,
	F_CREATED_SINCE,
	F_DIGEST,
	F_ID,
	F_REPOSITORY,
	F_SHARED_SIZE,
	F_SIZE,
	F_TAG,
	F_UNIQUE_SIZE,
	F_VIRTUAL_SIZE,
};
static const struct format_field fields[] = {
	[F_CONTAINERS] = {"Containers", "CONTAINERS"},
	[F_CREATED_AT] = {"CreatedAt", "CREATED AT"},
	[F_CREATED_SINCE] = {"CreatedSince", "CREATED"},
	[F_DIGEST] = {"Digest", "DIGEST"},
	[F_ID] = {"ID", "IMAGE ID"},
	[F_REPOSITORY] = {"Repository", "REPOSITORY"},
	[F_SHARED_SIZE] = {"SharedSize", "SHARED SIZE"},
	[F_SIZE] = {"Size", "SIZE"},
	[F_TAG] = {"Tag", "TAG"},
	[F_UNIQUE_SIZE] = {"UniqueSize", "UNIQUE SIZE"},
	[F_VIRTUAL_SIZE] = {"VirtualSize", "SIZE"},
	{},
};

struct row {
	const struct image_info *info;
	const char *repository, *tag, *digest;
};

struct context {
	int64_t now;
	bool no_trunc;
};

static void put(struct buf *b, size_t field, const void *data, const void *context)
{
	const struct row *row = data;
	const struct context *x = context;
	const struct store_image *image = &row->info->image;

	switch (field) {
	case F_CREATED_AT:
		cells_time(b, image->created);
		break;
	case F_CREATED_SINCE:
		cells_ago(b, x->now, image->created);
		break;
	case F_DIGEST:
		buf_puts(b, row->digest);
		break;
	case F_ID:
		cells_id(b, image->id, x->no_trunc);
		break;
	case F_REPOSITORY:
		buf_puts(b, row->repository);
		break;
	case F_SIZE:
	case F_VIRTUAL_SIZE:
		cells_size(b, image->size);
		break;
	case F_TAG:
		buf_puts(b, row->tag);
		break;
	default: /* not computed, as in Docker without a disk usage run */
		buf_puts(b, "N/A");
		break;
	}
}

static int add(struct command_line *c, struct json_list *rows, const struct image_info *info,
	       const char *repository, const char *tag, const char *digest, struct err *err)
{
	struct row *row = json_list_add(c->arena, rows, sizeof(*row));

	if (!row)
		return err_oom(err);
	*row = (struct row){info, repository, tag, digest};
	return 0;
}

/* The digest by which a repository knows this image, or NULL. */
static const char *digest_of(struct command_line *c, const struct store_image *image,
			     const char *repository)
{
	for (char **d = image->digests; d && *d; d++) {
		struct reference ref;

		if (reference_parse(c->arena, *d, &ref, NULL) == 0 &&
		    str_eq(reference_familiar_name(c->arena, &ref), repository))
			return ref.digest;
	}
	return NULL;
}

static int add_image(struct command_line *c, struct json_list *rows, const struct image_info *info,
		     bool digests, struct err *err)
{
	const struct store_image *image = &info->image;
	int r = 0;

	for (char **n = image->names; r == 0 && n && *n; n++) {
		struct reference ref;
		const char *name, *digest = NULL;

		if (reference_parse(c->arena, *n, &ref, err) < 0)
			return err->code;
		name = reference_familiar_name(c->arena, &ref);
		if (!name)
			return err_oom(err);
		if (digests)
			digest = digest_of(c, image, name);
		r = add(c, rows, info, name, ref.tag ? ref.tag : "<none>",
			digest ? digest : "<none>", err);
	}
	if (r == 0 && !(image->names && image->names[0])) {
		struct reference ref;
		bool known = image->digests && image->digests[0] &&
			     reference_parse(c->arena, image->digests[0], &ref, NULL) == 0;

		r = add(c, rows, info, known ? reference_familiar_name(c->arena, &ref) : "<none>",
			"<none>", known ? ref.digest : "<none>", err);
	}
	return r;
}

static int add_reference(struct command_line *c, struct filters *f, struct err *err)
{
	char *filter = arena_printf(c->arena, "reference=%s", c->args[0]);

	return filter ? value_filter(c->arena, filter, f, err) : err_oom(err);
}

static int run(struct command_line *c, struct err *err)
{
	const struct images_options *o = c->options;
	const struct format_list list = {fields,
					 o->digests ? "Repository Tag Digest ID CreatedSince Size"
						    : "Repository Tag ID CreatedSince Size",
					 "ID",
					 put,
					 "*formatter.imageContext",
					 NULL};
	struct image_list_options options = {
		.all = o->all, .digests = o->digests, .filters = o->filters};
	struct context x = {.now = clock_now(), .no_trunc = o->no_trunc};
	struct json_list images = {}, rows = {};
	struct engine *e = cli_engine(c, err);
	int r = e ? 0 : err->code;

	if (r == 0 && c->n_args)
		r = add_reference(c, &options.filters, err);
	if (r == 0)
		r = image_list(e, c->arena, &options, &images, err);
	for (size_t i = 0; r == 0 && i < images.n; i++) {
		const struct image_info *info = JSON_AT(struct image_info, &images, i);

		/* -q names an image once, however many names it has */
		r = o->quiet ? add(c, &rows, info, "", "", "", err)
			     : add_image(c, &rows, info, o->digests || o->format, err);
	}
	return r < 0 ? r
		     : format_rows(c, &list, o->format, o->quiet, rows.items, rows.n,
				   sizeof(struct row), &x, err);
}

const struct command cmd_images = {
	.paths = "image ls|image list|images",
	.usage = "[OPTIONS] [REPOSITORY[:TAG]]",
	.summary = "List images",
	.details = "Filters: dangling, label, before, since, reference, until.",
	.max_args = 1,
	.traits = COMMAND_COMMON,
	.noun = NOUN_IMAGE,
	.flags = flags,
	.options_size = sizeof(struct images_options),
	.run = run,
};
