// SPDX-License-Identifier: Apache-2.0
/* start and attach: containers that exist already. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/attached.h"
#include "cli/commands.h"
#include "cli/targets.h"
#include "command/terminal.h"

struct start_options {
	bool attach, interactive;
	char *checkpoint, *detach_keys;
};

#define FLAG(...) FLAG_OF(start_options, __VA_ARGS__)
static const struct flag start_flags[] = {
	FLAG(attach, "attach", 'a', FLAG_BOOL, "Attach STDOUT/STDERR and forward signals"),
	FLAG(checkpoint, "checkpoint", 0, FLAG_STRING, "Restore from this checkpoint",
	     .flags = FLAG_HIDDEN),
	FLAG(detach_keys, "detach-keys", 0, FLAG_STRING,
	     "Override the key sequence for detaching a container"),
	FLAG(interactive, "interactive", 'i', FLAG_BOOL, "Attach container's STDIN"),
	{},
};
#undef FLAG

struct attach_options {
	char *detach_keys;
	bool no_stdin, sig_proxy;
};

#define FLAG(...) FLAG_OF(attach_options, __VA_ARGS__)
static const struct flag attach_flags[] = {
	FLAG(detach_keys, "detach-keys", 0, FLAG_STRING,
	     "Override the key sequence for detaching a container"),
	FLAG(no_stdin, "no-stdin", 0, FLAG_BOOL, "Do not attach STDIN"),
	FLAG(sig_proxy, "sig-proxy", 0, FLAG_BOOL, "Proxy all received signals to the process",
	     .def = "true"),
	{},
};

static int start_one(struct command_line *c UNUSED, struct engine *e, const char *target,
		     struct err *err)
{
	return container_start(e, target, NULL, NULL, err);
}

static struct attached describe(const struct container_info *info, bool in, const char *keys)
{
	const struct container_config *config = &info->config->config;

	return (struct attached){
		.stream = {.id = info->row.id,
			   .in = in && config->open_stdin,
			   .out = true,
			   .err = !config->tty,
			   .tty = config->tty,
			   .sig_proxy = true,
			   .detach_keys = keys},
		.auto_remove = info->config->host_config.auto_remove,
	};
}

static int start_attached(struct command_line *c, const struct start_options *o, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct container_streams streams;
	struct container_info info;
	struct attached a;
	int conn = -EBADF, r;

	if (!e)
		return err->code;
	if (c->n_args > 1)
		return err_set(err, ERR_INVALID,
			       "you cannot start and attach multiple containers at once");
	r = container_brief(e, c->arena, c->args[0], &info, err);
	if (r < 0)
		return r;
	a = describe(&info, o->interactive, o->detach_keys);
	r = stream_check_keys(o->detach_keys, err);
	if (r == 0)
		r = stream_check_tty(a.stream.in, a.stream.tty, err);
	if (r < 0)
		return r;
	streams = attached_streams(&a.stream);
	r = container_start(e, info.row.id, &streams, &conn, err);
	if (r == 0 && conn < 0) /* it runs already */
		r = container_attach(e, info.row.id, &streams, &conn, err);
	return r < 0 ? r : attached_run(c, &a, conn, err);
}

static int run_start_command(struct command_line *c, struct err *err)
{
	const struct start_options *o = c->options;

	if (o->checkpoint)
		return err_set(err, ERR_UNSUPPORTED,
			       "--checkpoint: this version has no checkpoints");
	return o->attach || o->interactive ? start_attached(c, o, err)
					   : targets_each(c, start_one, err);
}

static int run_attach(struct command_line *c, struct err *err)
{
	const struct attach_options *o = c->options;
	struct engine *e = cli_engine(c, err);
	struct container_streams streams;
	struct container_info info;
	struct attached a;
	int conn = -EBADF, r;

	if (!e)
		return err->code;
	r = container_brief(e, c->arena, c->args[0], &info, err);
	if (r < 0)
		return r;
	a = describe(&info, !o->no_stdin, o->detach_keys);
	a.stream.sig_proxy = o->sig_proxy;
	r = stream_check_keys(o->detach_keys, err);
	if (r == 0)
		r = stream_check_tty(!o->no_stdin, a.stream.tty, err);
	if (r < 0)
		return r;
	streams = attached_streams(&a.stream);
	r = container_attach(e, info.row.id, &streams, &conn, err);
	if (r == 0 && a.stream.tty && streams.rows) {
		/* A change of size makes full-screen programs draw themselves anew. */
		(void)container_resize(e, info.row.id, (uint16_t)(streams.rows + 1), streams.cols,
				       NULL);
		(void)container_resize(e, info.row.id, streams.rows, streams.cols, NULL);
	}
	return r < 0 ? r : attached_run(c, &a, conn, err);
}

const struct command cmd_start = {
	.paths = "container start|start",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Start one or more stopped containers",
	.exit_status =
		"0 on success, 1 when something failed. With --attach or --interactive, the exit\n"
		"status of the container's process.",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.noun = NOUN_CONTAINER,
	.flags = start_flags,
	.options_size = sizeof(struct start_options),
	.run = run_start_command,
};

const struct command cmd_attach = {
	.paths = "container attach|attach",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Attach local standard input, output, and error streams to a running container",
	.exit_status = "The exit status of the container's process; 0 when detached; 1 when it "
		       "could not be\n"
		       "attached to.",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_RUNNING,
	.flags = attach_flags,
	.options_size = sizeof(struct attach_options),
	.run = run_attach,
};
