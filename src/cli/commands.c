// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/command.h"
#include "cli/commands.h"

static const struct cli_flag root_flags[] = {
	{"config",					       0, CLI_STRING, .help = "Folder of the user's configuration (credentials)",
	 .at = offsetof(struct cli_globals, config), .noun = CLI_FILE},
	{"context",					    'c', CLI_STRING, .flags = CLI_HIDDEN,
	 .help = "Accepted for Docker's sake: only \"default\"",
	 .at = offsetof(struct cli_globals, context)},
	{"debug",		      'D', CLI_BOOL, .help = "Enable debug mode",
	 .at = offsetof(struct cli_globals, debug)},
	{"host",				      'H', CLI_LIST, .flags = CLI_HIDDEN,
	 .help = "Daemon socket to connect to: there is no daemon",
	 .at = offsetof(struct cli_globals, hosts)},
	{"log-level",					      'l', CLI_STRING,
	 .help = "Accepted for Docker's sake; errors are always printed",
	 .at = offsetof(struct cli_globals, log_level), .choices = "debug|info|warn|error|fatal"},
	{"root",					    0, CLI_STRING,
	 .help = "Folder of images, containers and volumes (HOY_ROOT; /var/lib/hoy)",
	 .at = offsetof(struct cli_globals, root), .noun = CLI_FILE},
	{"run-root", 0, CLI_STRING,
	 .help = "Folder of what lives until the next boot (HOY_RUN_ROOT; /run/hoy)",
	 .at = offsetof(struct cli_globals, run_root), .noun = CLI_FILE},
	{"version",					      'v', CLI_BOOL, .help = "Print version information and quit",
	 .at = offsetof(struct cli_globals, version)},
	{					     },
};

const struct cli_command cli_root = {
	.usage = "[OPTIONS] COMMAND",
	.summary = "Containers without a daemon",
	.flags_ = CLI_GROUP | CLI_FIRST_ARG_ENDS_FLAGS,
	.max_args = CLI_ANY_ARGS,
	.flags = root_flags,
	.options_size = sizeof(struct cli_globals),
};

#define GROUP(name, what)                                                                          \
	&(const struct cli_command)                                                                \
	{                                                                                          \
		.paths = name, .usage = "COMMAND", .summary = what, .flags_ = CLI_GROUP,           \
		.max_args = CLI_ANY_ARGS                                                           \
	}

const struct cli_command *const cli_commands[] = {
	GROUP("container", "Manage containers"),
	GROUP("image", "Manage images"),
	GROUP("system", "Manage hoy"),
	GROUP("volume", "Manage volumes"),
	&cmd_complete,
	&cmd_help,
	&cmd_man,
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
	const struct cli_flag *a = cmd->flags, *b = cmd->more_flags;
	size_t n = 0;

	while (n < CLI_FLAGS_MAX) {
		bool more_a = a && a->name, more_b = b && b->name;

		if (!more_a && !more_b)
			break;
		if (more_a && (!more_b || strcmp(a->name, b->name) < 0)) {
			out[n++] = *a++;
			continue;
		}
		out[n] = *b++;
		out[n++].at += cmd->more_at;
	}
	return n;
}
