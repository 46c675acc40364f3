// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/container-flags.h"
#include "cli/stream.h"
#include "command/terminal.h"

struct exec_options {
	bool detach, interactive, privileged, tty;
	char *detach_keys, **env, **env_file, *user, *workdir;
};

#define FLAG(...) FLAG_OF(exec_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(detach, "detach", 'd', FLAG_BOOL, "Detached mode: run command in the background"),
	FLAG(detach_keys, "detach-keys", 0, FLAG_STRING,
	     "Override the key sequence for detaching a container"),
	FLAG(env, "env", 'e', FLAG_LIST, "Set environment variables"),
	FLAG(env_file, "env-file", 0, FLAG_LIST, "Read in a file of environment variables",
	     .noun = NOUN_FILE),
	FLAG(interactive, "interactive", 'i', FLAG_BOOL, "Keep STDIN open even if not attached"),
	FLAG(privileged, "privileged", 0, FLAG_BOOL, "Give extended privileges to the command"),
	FLAG(tty, "tty", 't', FLAG_BOOL, "Allocate a pseudo-TTY"),
	FLAG(user, "user", 'u', FLAG_STRING,
	     "Username or UID (format: \"<name|uid>[:<group|gid>]\")"),
	FLAG(workdir, "workdir", 'w', FLAG_STRING, "Working directory inside the container"),
	{},
};

static void set_size(int terminal)
{
	struct winsize w = {};

	terminal_size(STDOUT_FILENO, &w.ws_row, &w.ws_col);
	if (w.ws_row && w.ws_col)
		(void)ioctl(terminal, TIOCSWINSZ, &w);
}

static int run(struct command_line *c, struct err *err)
{
	const struct exec_options *o = c->options;
	struct exec_request req = {.cmd = c->args + 1,
				   .user = o->user,
				   .workdir = str_empty(o->workdir) ? NULL : o->workdir,
				   .privileged = o->privileged,
				   .tty = o->tty,
				   .in = o->interactive && !o->detach,
				   .out = !o->detach,
				   .err_stream = !o->detach && !o->tty};
	const struct stream stream = {.id = c->args[0],
				      .in = req.in,
				      .out = true,
				      .err = true,
				      .tty = o->tty,
				      .detach_keys = o->detach_keys};
	cleanup(exec_session_done) struct exec_session session = {-EBADF, -EBADF, -EBADF,
								  -EBADF, -EBADF, 0};
	enum stream_end how = STREAM_LOST;
	struct engine *e;
	int exit_code = 0, r = container_environment(c->arena, o->env_file, o->env, &req.env, err);

	if (r == 0)
		r = stream_check_keys(o->detach_keys, err);
	if (r == 0 && !o->detach)
		r = stream_check_tty(o->interactive, o->tty, err);
	if (r < 0)
		return r;
	e = cli_engine(c, err);
	if (!e)
		return err->code;
	r = exec_start(e, c->args[0], &req, &session, err);
	if (r < 0 || o->detach)
		return r;
	if (session.terminal >= 0)
		set_size(session.terminal);
	r = stream_exec(c, &stream, &session, &how, &exit_code, err);
	if (r < 0)
		return r;
	return how == STREAM_LOST ? 137 : exit_code;
}

const struct command cmd_exec = {
	.paths = "container exec|exec",
	.usage = "[OPTIONS] CONTAINER COMMAND [ARG...]",
	.summary = "Execute a command in a running container",
	.exit_status = "The exit status of the command; 128+N when signal N ended it; 126 when it "
		       "cannot be\n"
		       "executed, 127 when it was not found; 1 when something else failed.",
	.examples = "$ hoy exec -it web sh\n$ hoy exec -u 1000 -w /tmp web touch file",
	.min_args = 2,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_COMMON | COMMAND_FIRST_ARG_ENDS_FLAGS | COMMAND_RUNS_COMMAND,
	.noun = NOUN_RUNNING,
	.flags = flags,
	.options_size = sizeof(struct exec_options),
	.run = run,
};
