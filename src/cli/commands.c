// SPDX-License-Identifier: Apache-2.0
#include "cli/commands.h"

#include "cli/cli.h"
#include "cli/names.h"

#define FLAG(...) FLAG_OF(cli_globals, __VA_ARGS__)
static const struct flag root_flags[] = {
	FLAG(config, "config", 0, FLAG_STRING,
	     "Folder of the user's config.json (DOCKER_CONFIG; ~/.docker)", .noun = NOUN_FILE),
	FLAG(context, "context", 'c', FLAG_STRING, "Accepted for Docker's sake: only \"default\"",
	     .flags = FLAG_HIDDEN),
	FLAG(debug, "debug", 'D', FLAG_BOOL,
	     "Accepted for Docker's sake: without a daemon there is no log to say more in"),
	FLAG(hosts, "host", 'H', FLAG_LIST, "Daemon socket to connect to: there is no daemon",
	     .flags = FLAG_HIDDEN),
	FLAG(log_level, "log-level", 'l', FLAG_STRING,
	     "Accepted for Docker's sake; errors are always printed",
	     .choices = "debug|info|warn|error|fatal"),
	FLAG(root, "root", 0, FLAG_STRING,
	     "Folder of images, containers and volumes (HOY_ROOT; /var/lib/hoy)",
	     .noun = NOUN_FILE),
	FLAG(run_root, "run-root", 0, FLAG_STRING,
	     "Folder of what lives until the next boot (HOY_RUN_ROOT; /run/hoy)",
	     .noun = NOUN_FILE),
	FLAG(version, "version", 'v', FLAG_BOOL, "Print version information and quit"),
	{},
};
#undef FLAG

static const struct command root = {
	.usage = "[OPTIONS] COMMAND",
	.summary = "Containers without a daemon",
	.traits = COMMAND_GROUP | COMMAND_FIRST_ARG_ENDS_FLAGS,
	.max_args = COMMAND_ANY_ARGS,
	.flags = root_flags,
	.options_size = sizeof(struct cli_globals),
};

#define GROUP(name, what)                                                                          \
	&(const struct command)                                                                    \
	{                                                                                          \
		.paths = name, .usage = "COMMAND", .summary = what, .traits = COMMAND_GROUP,       \
		.max_args = COMMAND_ANY_ARGS                                                       \
	}

static const struct command *const commands[] = {
	GROUP("container", "Manage containers"),
	GROUP("image", "Manage images"),
	GROUP("system", "Manage hoy"),
	GROUP("volume", "Manage volumes"),
	&cmd_attach,
	&cmd_commit,
	&cmd_complete,
	&cmd_container_inspect,
	&cmd_container_prune,
	&cmd_cp,
	&cmd_create,
	&cmd_diff,
	&cmd_doctor,
	&cmd_exec,
	&cmd_export,
	&cmd_help,
	&cmd_history,
	&cmd_image_inspect,
	&cmd_image_prune,
	&cmd_images,
	&cmd_import,
	&cmd_info,
	&cmd_inspect,
	&cmd_kill,
	&cmd_load,
	&cmd_logs,
	&cmd_man,
	&cmd_oci,
	&cmd_pause,
	&cmd_port,
	&cmd_ps,
	&cmd_reap,
	&cmd_rename,
	&cmd_restart,
	&cmd_rm,
	&cmd_rmi,
	&cmd_run,
	&cmd_save,
	&cmd_start,
	&cmd_stop,
	&cmd_system_check,
	&cmd_system_prune,
	&cmd_tag,
	&cmd_top,
	&cmd_unpause,
	&cmd_update,
	&cmd_version,
	&cmd_volume_create,
	&cmd_volume_inspect,
	&cmd_volume_ls,
	&cmd_volume_prune,
	&cmd_volume_rm,
	&cmd_wait,
	NULL,
};

const struct command_program cli_program = {
	.name = "hoy",
	.root = &root,
	.commands = commands,
	.names = names_list,
};
