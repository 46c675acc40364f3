// SPDX-License-Identifier: Apache-2.0
/* stop and restart: the same flags. --time is the name that --timeout had before Docker 28. */
#include "cli/commands.h"
#include "cli/targets.h"

struct stop_options {
	char *signal;
	struct opt_i64 time, timeout;
};

static const struct cli_flag flags[] = {
	CLI_FLAG(stop_options, signal, "signal", 's', CLI_STRING,
		 "Signal to send to the container"),
	CLI_FLAG(stop_options, time, "time", 0, CLI_OPT_INT, "The older name of --timeout",
		 .flags = CLI_HIDDEN),
	CLI_FLAG(stop_options, timeout, "timeout", 't', CLI_OPT_INT,
		 "Seconds to wait before killing the container"),
	{},
};

static int engine_options(const struct cli *c, struct container_stop_options *ret, struct err *err)
{
	const struct stop_options *o = c->options;

	if (o->time.set && o->timeout.set)
		return err_set(err, ERR_INVALID,
			       "conflicting options: cannot specify both --timeout and --time");
	*ret = (struct container_stop_options){.timeout = o->time.set ? o->time : o->timeout,
					       .signal = o->signal};
	return 0;
}

static int run_stop(struct cli *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);
	struct container_result *results;
	struct container_stop_options o;
	int r;

	if (!e)
		return err->code;
	r = engine_options(c, &o, err);
	if (r < 0)
		return r;
	results = arena_calloc(c->arena, c->n_args, sizeof(*results));
	if (!results)
		return err_oom(err);
	(void)container_stop_many(e, c->args, c->n_args, &o, results);
	return targets_report(c, results);
}

static int restart_one(struct cli *c, struct engine *e, const char *target, struct err *err)
{
	struct container_stop_options o;
	int r = engine_options(c, &o, err);

	return r < 0 ? r : container_restart(e, target, &o, err);
}

static int run_restart(struct cli *c, struct err *err)
{
	return targets_each(c, restart_one, err);
}

const struct cli_command cmd_stop = {
	.paths = "container stop|stop",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Stop one or more running containers",
	.details = "The container's process gets its stop signal (SIGTERM unless the image or "
		   "--stop-signal\n"
		   "says otherwise), and SIGKILL when it is still there after the timeout.",
	.min_args = 1,
	.max_args = CLI_ANY_ARGS,
	.noun = CLI_RUNNING,
	.flags = flags,
	.options_size = sizeof(struct stop_options),
	.run = run_stop,
};

const struct cli_command cmd_restart = {
	.paths = "container restart|restart",
	.usage = "[OPTIONS] CONTAINER [CONTAINER...]",
	.summary = "Restart one or more containers",
	.min_args = 1,
	.max_args = CLI_ANY_ARGS,
	.noun = CLI_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct stop_options),
	.run = run_restart,
};
