// SPDX-License-Identifier: Apache-2.0
/* load, save, import: images in and out of archives. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "command/terminal.h"
#include "engine/image.h"
#include "spec/reference.h"

struct load_options {
	char *input, *platform;
	bool quiet;
};
static const struct flag load_flags[] = {
	FLAG_OF(load_options, input, "input", 'i', FLAG_STRING,
		"Read from tar archive file or OCI layout directory, instead of STDIN",
		.noun = NOUN_FILE),
	FLAG_OF(load_options, platform, "platform", 0, FLAG_STRING,
		"Load only the given platform's images (\"os[/arch[/variant]]\")"),
	FLAG_OF(load_options, quiet, "quiet", 'q', FLAG_BOOL, "Suppress the load output"),
	{},
};

struct save_options {
	char *format, *output, *platform;
};
static const struct flag save_flags[] = {
	FLAG_OF(save_options, format, "format", 0, FLAG_STRING,
		"What the archive holds: \"oci\", \"docker\" or \"both\"", .def = "both",
		.choices = "oci|docker|both"),
	FLAG_OF(save_options, output, "output", 'o', FLAG_STRING,
		"Write to a file, instead of STDOUT", .noun = NOUN_FILE),
	FLAG_OF(save_options, platform, "platform", 0, FLAG_STRING,
		"Save only images for the given platform (\"os[/arch[/variant]]\")"),
	{},
};

struct import_options {
	char **changes, *message;
};
static const struct flag import_flags[] = {
	FLAG_OF(import_options, changes, "change", 'c', FLAG_LIST,
		"Apply Dockerfile instruction to the created image"),
	FLAG_OF(import_options, message, "message", 'm', FLAG_STRING,
		"Set commit message for imported image"),
	{},
};

static int print_loaded(struct command_line *c, const struct json_list *loaded, struct err *err)
{
	for (size_t i = 0; i < loaded->n; i++) {
		const struct image_loaded *l = JSON_AT(struct image_loaded, loaded, i);
		struct reference ref;

		if (!l->name)
			printf("Loaded image ID: %s\n", l->id);
		else if (reference_parse(c->arena, l->name, &ref, err) < 0)
			return err->code;
		else
			printf("Loaded image: %s\n", reference_familiar(c->arena, &ref));
	}
	return 0;
}

static int run_load(struct command_line *c, struct err *err)
{
	const struct load_options *o = c->options;
	struct json_list loaded = {};
	const char *dir = NULL;
	cleanup_fd int file = -EBADF;
	struct engine *e;
	struct stat st;
	int r;

	if (!str_empty(o->input)) {
		file = open(o->input, O_RDONLY | O_CLOEXEC);
		if (file < 0 || fstat(file, &st) < 0)
			return err_sys(err, errno, "open %s", o->input);
		if (S_ISDIR(st.st_mode))
			dir = o->input;
	} else if (terminal_is(STDIN_FILENO)) {
		return err_set(
			err, ERR_INVALID,
			"requested load from stdin, but stdin is a terminal: use -i or redirect");
	}
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	r = image_load(e, c->arena,
		       dir         ? -EBADF
		       : file >= 0 ? file
				   : STDIN_FILENO,
		       dir, o->platform, &loaded, err);
	return r < 0 || o->quiet ? r : print_loaded(c, &loaded, err);
}

static int run_save(struct command_line *c, struct err *err)
{
	const struct save_options *o = c->options;
	cleanup(output_done) struct output out = {.fd = -EBADF};
	enum store_save_format format = STORE_SAVE_BOTH;
	struct engine *e;
	int r;

	if (str_eq(o->format, "oci"))
		format = STORE_SAVE_OCI;
	else if (str_eq(o->format, "docker"))
		format = STORE_SAVE_DOCKER;
	else if (!str_eq(o->format, "both"))
		return err_set(err, ERR_INVALID,
			       "unknown format \"%s\": must be oci, docker or both", o->format);
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	for (size_t i = 0; i < c->n_args; i++) {
		r = image_check_platform(e, c->args[i], o->platform, err);
		if (r < 0)
			return r;
	}
	r = output_open(o->output, &out, err);
	if (r == 0)
		r = image_save(e, c->args, out.fd, format, err);
	return r == 0 ? output_commit(&out, err) : r;
}

static int run_import(struct command_line *c, struct err *err)
{
	const struct import_options *o = c->options;
	cleanup_fd int file = -EBADF;
	struct engine *e;
	char *id = NULL;
	int r;

	if (strstr(c->args[0], "://"))
		return err_set(err, ERR_UNSUPPORTED, "import of %s: this version cannot download",
			       c->args[0]);
	if (!str_eq(c->args[0], "-")) {
		file = open(c->args[0], O_RDONLY | O_CLOEXEC);
		if (file < 0)
			return err_sys(err, errno, "open %s", c->args[0]);
	}
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	r = image_import(e, c->arena, file >= 0 ? file : STDIN_FILENO, c->args[1], o->changes,
			 o->message, &id, err);
	if (r == 0)
		puts(id);
	return r;
}

const struct command cmd_load = {
	.paths = "image load|load",
	.usage = "[OPTIONS]",
	.summary = "Load an image from a tar archive or STDIN",
	.details = "Reads archives of docker, podman and skopeo (old and new layout, OCI), plain "
		   "or compressed\n"
		   "with gzip or zstd.",
	.flags = load_flags,
	.options_size = sizeof(struct load_options),
	.run = run_load,
};

const struct command cmd_save = {
	.paths = "image save|save",
	.usage = "[OPTIONS] IMAGE [IMAGE...]",
	.summary = "Save one or more images to a tar archive (streamed to STDOUT by default)",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_IMAGE,
	.flags = save_flags,
	.options_size = sizeof(struct save_options),
	.run = run_save,
};

const struct command cmd_import = {
	.paths = "image import|import",
	.usage = "[OPTIONS] file|- [REPOSITORY[:TAG]]",
	.summary = "Import the contents from a tarball to create a filesystem image",
	.min_args = 1,
	.max_args = 2,
	.noun = NOUN_FILE,
	.flags = import_flags,
	.options_size = sizeof(struct import_options),
	.run = run_import,
};
