// SPDX-License-Identifier: Apache-2.0
/*
 * prune of containers, images, volumes, and of all of them. Asked for before, reported after; what
 * nothing was removed of has no heading.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/confirm.h"
#include "cli/values.h"
#include "engine/container.h"
#include "engine/image.h"
#include "engine/volume.h"

struct prune_options {
	bool all, force, volumes;
	struct filters filters;
};

#define FLAG(...) FLAG_OF(prune_options, __VA_ARGS__)
#define FILTER_FLAG(example)                                                                       \
	FLAG(filters, "filter", 0, FLAG_PARSED, "Provide filter values (e.g. \"" example "\")",    \
	     .metavar = "filter", .parse = value_filter)
#define FORCE_FLAG FLAG(force, "force", 'f', FLAG_BOOL, "Do not prompt for confirmation")
static const struct flag container_flags[] = {
	FILTER_FLAG("until=<timestamp>"),
	FORCE_FLAG,
	{},
};
static const struct flag image_flags[] = {
	FLAG(all, "all", 'a', FLAG_BOOL, "Remove all unused images, not just dangling ones"),
	FILTER_FLAG("until=<timestamp>"),
	FORCE_FLAG,
	{},
};
static const struct flag volume_flags[] = {
	FLAG(all, "all", 'a', FLAG_BOOL, "Remove all unused volumes, not just anonymous ones"),
	FILTER_FLAG("label=<label>"),
	FORCE_FLAG,
	{},
};
static const struct flag system_flags[] = {
	FLAG(all, "all", 'a', FLAG_BOOL, "Remove all unused images not just dangling ones"),
	FILTER_FLAG("label=<key>=<value>"),
	FORCE_FLAG,
	FLAG(volumes, "volumes", 0, FLAG_BOOL, "Prune anonymous volumes"),
	{},
};

static void list(const char *title, char *const *names)
{
	if (!names || !*names)
		return;
	printf("%s:\n", title);
	for (; *names; names++)
		puts(*names);
	putchar('\n');
}

static int prune_containers(struct command_line *c, struct engine *e, int64_t *bytes,
			    struct err *err)
{
	const struct prune_options *o = c->options;
	char **ids = NULL;
	int64_t more = 0;
	int r = container_prune(e, c->arena, &o->filters, &ids, &more, err);

	*bytes += more;
	if (r == 0)
		list("Deleted Containers", ids);
	return r;
}

static int prune_volumes(struct command_line *c, struct engine *e, bool all, int64_t *bytes,
			 struct err *err)
{
	const struct prune_options *o = c->options;
	char **names = NULL;
	int64_t more = 0;
	int r = volume_prune(e, c->arena, all, &o->filters, &names, &more, err);

	*bytes += more;
	if (r == 0)
		list("Deleted Volumes", names);
	return r;
}

static int prune_images(struct command_line *c, struct engine *e, int64_t *bytes, struct err *err)
{
	const struct prune_options *o = c->options;
	struct json_list removed = {};
	int64_t more = 0;
	int r = image_prune(e, c->arena, o->all, &o->filters, &removed, &more, err);

	*bytes += more;
	if (r < 0 || removed.n == 0)
		return r;
	puts("Deleted Images:");
	for (size_t i = 0; i < removed.n; i++) {
		const struct image_removed *x = JSON_AT(struct image_removed, &removed, i);

		printf("%s: %s\n", x->deleted ? "deleted" : "untagged",
		       x->deleted ? x->deleted : x->untagged);
	}
	putchar('\n');
	return 0;
}

enum { CONTAINERS = 1, IMAGES = 2, VOLUMES = 4, ALL_VOLUMES = 8 };

static int prune(struct command_line *c, unsigned what, const char *warning, struct err *err)
{
	const struct prune_options *o = c->options;
	struct engine *e;
	int64_t bytes = 0;
	int r = 0;

	if (!o->force && !confirm(warning))
		return 0;
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	if (what & CONTAINERS)
		r = prune_containers(c, e, &bytes, err);
	if (r == 0 && what & VOLUMES)
		r = prune_volumes(c, e, what & ALL_VOLUMES, &bytes, err);
	if (r == 0 && what & IMAGES)
		r = prune_images(c, e, &bytes, err);
	if (r == 0)
		confirm_reclaimed(bytes);
	return r;
}

static int run_containers(struct command_line *c, struct err *err)
{
	return prune(c, CONTAINERS, "This will remove all stopped containers.", err);
}

static int run_images(struct command_line *c, struct err *err)
{
	const struct prune_options *o = c->options;

	return prune(
		c, IMAGES,
		o->all ? "This will remove all images without at least one container associated to "
			 "them."
		       : "This will remove all dangling images.",
		err);
}

static int run_volumes(struct command_line *c, struct err *err)
{
	const struct prune_options *o = c->options;

	return prune(
		c, VOLUMES | (o->all ? ALL_VOLUMES : 0),
		o->all ? "This will remove all local volumes not used by at least one container."
		       : "This will remove anonymous local volumes not used by at least one "
			 "container.",
		err);
}

static int run_system(struct command_line *c, struct err *err)
{
	const struct prune_options *o = c->options;
	char *warning = arena_printf(
		c->arena, "This will remove:\n  - all stopped containers\n%s%s",
		o->volumes ? "  - all anonymous volumes not used by at least one container\n" : "",
		o->all ? "  - all images without at least one container associated to them\n"
		       : "  - all dangling images\n");

	if (!warning)
		return err_oom(err);
	return prune(c, CONTAINERS | IMAGES | (o->volumes ? VOLUMES : 0), warning, err);
}

#define PRUNE(var, path, text, table, fn)                                                          \
	const struct command var = {                                                               \
		.paths = path,                                                                     \
		.usage = "[OPTIONS]",                                                              \
		.summary = text,                                                                   \
		.flags = table,                                                                    \
		.options_size = sizeof(struct prune_options),                                      \
		.run = fn,                                                                         \
	}
PRUNE(cmd_container_prune, "container prune", "Remove all stopped containers", container_flags,
      run_containers);
PRUNE(cmd_image_prune, "image prune", "Remove unused images", image_flags, run_images);
PRUNE(cmd_volume_prune, "volume prune", "Remove unused local volumes", volume_flags, run_volumes);
PRUNE(cmd_system_prune, "system prune", "Remove unused data", system_flags, run_system);
