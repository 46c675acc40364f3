// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/commands.h"

#define FLAG(...) CLI_FLAG(cli_globals, __VA_ARGS__)
static const struct cli_flag root_flags[] = {
	FLAG(config, "config", 0, CLI_STRING, "Folder of the user's configuration (credentials)",
	     .noun = CLI_FILE),
	FLAG(context, "context", 'c', CLI_STRING, "Accepted for Docker's sake: only \"default\"",
	     .flags = CLI_HIDDEN),
	FLAG(debug, "debug", 'D', CLI_BOOL, "Enable debug mode"),
	FLAG(hosts, "host", 'H', CLI_LIST, "Daemon socket to connect to: there is no daemon",
	     .flags = CLI_HIDDEN),
	FLAG(log_level, "log-level", 'l', CLI_STRING,
	     "Accepted for Docker's sake; errors are always printed",
	     .choices = "debug|info|warn|error|fatal"),
	FLAG(root, "root", 0, CLI_STRING,
	     "Folder of images, containers and volumes (HOY_ROOT; /var/lib/hoy)", .noun = CLI_FILE),
	FLAG(run_root, "run-root", 0, CLI_STRING,
	     "Folder of what lives until the next boot (HOY_RUN_ROOT; /run/hoy)", .noun = CLI_FILE),
	FLAG(version, "version", 'v', CLI_BOOL, "Print version information and quit"),
	{},
};
#undef FLAG

const struct cli_command cli_root = {
	.usage = "[OPTIONS] COMMAND",
	.summary = "Containers without a daemon",
	.traits = CLI_GROUP | CLI_FIRST_ARG_ENDS_FLAGS,
	.max_args = CLI_ANY_ARGS,
	.flags = root_flags,
	.options_size = sizeof(struct cli_globals),
};

#define GROUP(name, what)                                                                          \
	&(const struct cli_command)                                                                \
	{                                                                                          \
		.paths = name, .usage = "COMMAND", .summary = what, .traits = CLI_GROUP,           \
		.max_args = CLI_ANY_ARGS                                                           \
	}

const struct cli_command *const cli_commands[] = {
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

bool cli_path(const struct cli_command *cmd, size_t i, char *out, size_t size)
{
	const char *s = cmd->paths ? cmd->paths : "";

	for (; i > 0 && s; i--) {
		s = strchr(s, '|');
		s = s ? s + 1 : NULL;
	}
	if (!s)
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(s, "|"), s);
	return true;
}

void cli_page(const struct cli_command *cmd, char *out, size_t size)
{
	const char *s = cmd->paths ? strrchr(cmd->paths, '|') : NULL;

	snprintf(out, size, "%s", s ? s + 1 : cmd->paths ? cmd->paths : "");
}

const struct cli_command *cli_find(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; cli_commands[i]; i++) {
		const char *s = cli_commands[i]->paths;

		while (s) {
			if (strncmp(s, path, len) == 0 && (s[len] == '|' || !s[len]))
				return cli_commands[i];
			s = strchr(s, '|');
			s = s ? s + 1 : NULL;
		}
	}
	return NULL;
}

const char *cli_metavar(const struct cli_flag *f)
{
	if (f->metavar)
		return f->metavar;
	switch (f->type) {
	case CLI_BOOL:
	case CLI_OPT_BOOL:
		return "";
	case CLI_INT:
	case CLI_OPT_INT:
		return "int";
	case CLI_UINT:
		return "uint16";
	case CLI_LIST:
		return "list";
	case CLI_MAP:
		return "map";
	case CLI_STRING:
	case CLI_PARSED:
		break;
	}
	return "string";
}

size_t cli_flags(const struct cli_command *cmd, struct cli_flag out[CLI_FLAGS_MAX])
{
	const struct cli_flag *next[1 + CLI_SHARED_MAX] = {cmd->flags};
	size_t at[1 + CLI_SHARED_MAX] = {}, n = 0;

	for (size_t i = 0; i < CLI_SHARED_MAX; i++) {
		next[i + 1] = cmd->shared[i].flags;
		at[i + 1] = cmd->shared[i].at;
	}
	while (n < CLI_FLAGS_MAX) {
		size_t first = ARRAY_SIZE(next);

		for (size_t i = 0; i < ARRAY_SIZE(next); i++)
			if (next[i] && next[i]->name &&
			    (first == ARRAY_SIZE(next) ||
			     strcmp(next[i]->name, next[first]->name) < 0))
				first = i;
		if (first == ARRAY_SIZE(next))
			break;
		out[n] = *next[first]++;
		out[n++].at += at[first];
	}
	return n;
}
