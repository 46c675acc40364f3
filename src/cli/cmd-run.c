// SPDX-License-Identifier: Apache-2.0
/*
 * run and create: the same request; run starts it and stays in the foreground unless told
 * otherwise.
 *
 * The order after the create: attach before the start (no first byte is lost), then stream until
 * the exit frame; an auto-removed container's row goes before we exit, so that its name is free
 * when the user's next command runs. What is left of it, the monitor removes behind our back.
 */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/attached.h"
#include "cli/commands.h"
#include "cli/container-flags.h"

#define USAGE_EXIT 125

struct run_options {
	struct container_flags container;
	struct resource_flags resources;
	bool detach, sig_proxy;
	char *detach_keys;
};

#define FLAG(...) FLAG_OF(run_options, __VA_ARGS__)
static const struct flag run_flags[] = {
	FLAG(detach, "detach", 'd', FLAG_BOOL,
	     "Run container in background and print container ID"),
	FLAG(detach_keys, "detach-keys", 0, FLAG_STRING,
	     "Override the key sequence for detaching a container"),
	FLAG(sig_proxy, "sig-proxy", 0, FLAG_BOOL, "Proxy received signals to the process",
	     .def = "true"),
	{},
};

static void no_image(const struct container_flags *f, const char *image, struct err *err)
{
	/* Docker would pull it now; until there is a registry client, say what helps. */
	if (err->kind == ERR_NOT_FOUND && str_after(err->msg, "No such image"))
		(void)err_set(err, ERR_NOT_FOUND, "Unable to find image '%s' locally%s", image,
			      str_eq(f->pull, "never")
				      ? ""
				      : ", and this version cannot pull: `load` it");
}

static int create(struct command_line *c, const struct container_flags *f,
		  struct container_create *body, bool start_follows, char **id, struct err *err)
{
	const struct container_create_request req = {.name = f->name && *f->name ? f->name : NULL,
						     .platform = f->platform,
						     .body = body,
						     .start_follows = start_follows};
	struct engine *e = cli_engine(c, err);
	char **warnings = NULL;
	int r;

	if (!e)
		return err->code;
	r = container_create(e, c->arena, &req, id, &warnings, err);
	if (r < 0) {
		no_image(f, body->config.image, err);
		return r;
	}
	for (; warnings && *warnings; warnings++)
		command_warn("%s", *warnings);
	if (!f->network && engine_once(e, "network"))
		command_warn(
			"this version's default network is none (as if --network none were given); "
			"this is said only once");
	r = container_cidfile_write(f, *id, err);
	if (r < 0)
		(void)container_remove(e, *id, &(struct container_remove_options){.force = true},
				       NULL);
	return r;
}

static int run_create_command(struct command_line *c, struct err *err)
{
	const struct run_options *o = c->options;
	struct container_create body;
	char *id = NULL;
	int r = container_flags_apply(c, &o->container, &o->resources, &body, err);

	if (r < 0) {
		command_complain(c, "%s", err->msg);
		return USAGE_EXIT;
	}
	r = container_cidfile_check(&o->container, err);
	if (r == 0)
		r = create(c, &o->container, &body, false, &id, err);
	if (r == 0)
		puts(id);
	return r;
}

static int foreground(struct command_line *c, const struct run_options *o,
		      const struct container_config *config, const char *id, struct err *err)
{
	const struct attached a = {
		.stream = {.id = id,
			   .in = config->attach_stdin,
			   .out = config->attach_stdout,
			   .err = config->attach_stderr && !config->tty,
			   .tty = config->tty,
			   .sig_proxy = o->sig_proxy,
			   .detach_keys = o->detach_keys},
		.auto_remove = o->container.rm,
	};
	const struct container_streams streams = attached_streams(&a.stream);
	int conn = -EBADF, r = container_start(c->context, id, &streams, &conn, err);

	if (r < 0)
		return r;
	if (!config->attach_stdout && !config->attach_stderr) {
		puts(id);
		(void)fflush(stdout);
	}
	return attached_run(c, &a, conn, err);
}

static int run_run(struct command_line *c, struct err *err)
{
	const struct run_options *o = c->options;
	struct container_create body;
	struct container_config *config = &body.config;
	char *id = NULL;
	int r = container_flags_apply(c, &o->container, &o->resources, &body, err);

	if (r < 0)
		return r;
	if (o->detach && o->container.attach)
		return err_set(err, ERR_INVALID,
			       "conflicting options: cannot specify both --attach and --detach");
	if (o->detach)
		config->attach_stdin = config->attach_stdout = config->attach_stderr =
			config->stdin_once = false;
	if (!o->detach && stream_check_tty(config->attach_stdin, config->tty, err) < 0) {
		command_complain(c, "%s", err->msg);
		return 1;
	}
	r = stream_check_keys(o->detach_keys, err);
	if (r == 0)
		r = container_cidfile_check(&o->container, err);
	if (r == 0)
		r = create(c, &o->container, &body, true, &id, err);
	if (r < 0)
		return r;
	if (!o->detach)
		return foreground(c, o, config, id, err);
	r = container_start(c->context, id, NULL, NULL, err);
	if (r == 0)
		puts(id);
	return r;
}

const struct command cmd_run = {
	.paths = "container run|run",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create and run a new container from an image",
	.examples = "$ hoy run --rm busybox echo hello\n"
		    "$ hoy run -it --name box debian bash\n"
		    "$ hoy run -d --name web -v site:/www:ro busybox httpd -f -h /www",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_COMMON | COMMAND_FIRST_ARG_ENDS_FLAGS | COMMAND_FAILS_125 |
		  COMMAND_RUNS_COMMAND,
	.noun = NOUN_IMAGE,
	.flags = run_flags,
	.shared = {{container_flags, offsetof(struct run_options, container)},
		   {resource_flags, offsetof(struct run_options, resources)}},
	.options_size = sizeof(struct run_options),
	.run = run_run,
};

const struct command cmd_create = {
	.paths = "container create|create",
	.usage = "[OPTIONS] IMAGE [COMMAND] [ARG...]",
	.summary = "Create a new container",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_FIRST_ARG_ENDS_FLAGS,
	.noun = NOUN_IMAGE,
	.shared = {{container_flags, offsetof(struct run_options, container)},
		   {resource_flags, offsetof(struct run_options, resources)}},
	.options_size = sizeof(struct run_options),
	.run = run_create_command,
};
