// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "command/terminal.h"
#include "engine/copy.h"
#include "spec/units.h"

struct cp_options {
	bool archive, follow_link, quiet;
};

#define FLAG(...) FLAG_OF(cp_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(archive, "archive", 'a', FLAG_BOOL, "Archive mode (copy all uid/gid information)"),
	FLAG(follow_link, "follow-link", 'L', FLAG_BOOL, "Always follow symbol link in SRC_PATH"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL,
	     "Suppress progress output during copy. Progress output is automatically suppressed if "
	     "no "
	     "terminal is attached"),
	{},
};

/* CONTAINER:PATH is split at the first colon; what starts with / or . is a path here. */
static const char *split(struct command_line *c, const char *arg, char **container)
{
	const char *colon = strchr(arg, ':');

	*container = NULL;
	if (*arg == '/' || *arg == '.' || !colon)
		return arg;
	*container = arena_strndup(c->arena, arg, (size_t)(colon - arg));
	return colon + 1;
}

static void tell(const struct cp_options *o, int64_t bytes, const char *to)
{
	char size[UNITS_TEXT_MAX];

	if (o->quiet || !terminal_is(STDOUT_FILENO))
		return;
	units_format_size(bytes, 4, size);
	fprintf(stderr, "Successfully copied %s to %s\n", size, to);
}

static int from_container(struct command_line *c, struct engine *e, const char *key,
			  const char *path, const char *dst, struct err *err)
{
	const struct cp_options *o = c->options;
	int64_t bytes = 0;
	int r;

	if (str_eq(dst, "-")) {
		if (terminal_is(STDOUT_FILENO))
			return err_set(err, ERR_INVALID,
				       "cowardly refusing to write a tar archive to a terminal");
		return copy_from(e, key, path, o->follow_link, STDOUT_FILENO, err);
	}
	r = copy_to_host(e, key, path, dst, o->archive, o->follow_link, &bytes, err);
	if (r == 0)
		tell(o, bytes, dst);
	return r;
}

static int to_container(struct command_line *c, struct engine *e, const char *src, const char *key,
			const char *path, const char *dst, struct err *err)
{
	const struct cp_options *o = c->options;
	const struct copy_into_options into = {.keep_owner = o->archive,
					       .no_overwrite_dir_nondir = true};
	int64_t bytes = 0;
	int r;

	if (str_eq(src, "-"))
		return copy_into(e, key, path, &into, STDIN_FILENO, err);
	r = copy_from_host(e, src, key, path, o->archive, o->follow_link, &bytes, err);
	if (r == 0)
		tell(o, bytes, dst);
	return r;
}

static int run(struct command_line *c, struct err *err)
{
	char *from, *to;
	const char *src = split(c, c->args[0], &from), *dst = split(c, c->args[1], &to);
	struct engine *e;

	if (str_empty(c->args[0]))
		return err_set(err, ERR_INVALID, "source can not be empty");
	if (str_empty(c->args[1]))
		return err_set(err, ERR_INVALID, "destination can not be empty");
	if (from && to)
		return err_set(err, ERR_INVALID, "copying between containers is not supported");
	if (!from && !to)
		return err_set(err, ERR_INVALID, "must specify at least one container source");
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	return from ? from_container(c, e, from, src, dst, err)
		    : to_container(c, e, src, to, dst, c->args[1], err);
}

const struct command cmd_cp = {
	.paths = "container cp|cp",
	.usage = "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n[OPTIONS] SRC_PATH|- "
		 "CONTAINER:DEST_PATH",
	.summary = "Copy files/folders between a container and the local filesystem",
	.details = "Use '-' as the source to read a tar archive from stdin\n"
		   "and extract it to a directory destination in a container.\n"
		   "Use '-' as the destination to stream a tar archive of a\n"
		   "container source to stdout.",
	.min_args = 2,
	.max_args = 2,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct cp_options),
	.run = run,
};
