// SPDX-License-Identifier: Apache-2.0
/* version, info, system check, and the hidden __reap. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/values.h"
#include "engine/container.h"
#include "engine/system.h"
#include "spec/units.h"

struct show_options {
	char *format;
};
static const struct flag show_flags[] = {
	FLAG_OF(show_options, format, "format", 'f', FLAG_STRING, VALUE_FORMAT_HELP_INSPECT),
	{},
};

static const char *text(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s ? s : "";
}

static long long number(const json_t *j, const char *key)
{
	return json_integer_value(json_object_get(j, key));
}

static void print_version(const json_t *v)
{
	printf(" Version:           %s\n", text(v, "Version"));
	printf(" API version:       %s\n", text(v, "ApiVersion"));
	printf(" Git commit:        %s\n", text(v, "GitCommit"));
	printf(" Built:             %s\n", text(v, "BuildTime"));
	printf(" OS/Arch:           %s/%s\n", text(v, "Os"), text(v, "Arch"));
	printf(" Kernel:            %s\n", text(v, "KernelVersion"));
}

/* One program is Docker's client and its server: templates find both. */
static int run_version(struct command_line *c, struct err *err)
{
	const struct show_options *o = c->options;
	struct engine *e = cli_engine(c, err);
	cleanup(json_unref) json_t *server = e ? system_version(e, err) : NULL, *both = NULL;

	if (!server)
		return err->code;
	both = json_pack("{s:O,s:O}", "Client", server, "Server", server);
	if (!both)
		return err_oom(err);
	if (!str_empty(o->format))
		return format_document(c, o->format, both, err);
	printf("hoy, a container platform without a daemon\n");
	print_version(server);
	return 0;
}

static void print_list(const char *title, const json_t *list)
{
	json_t *item;
	size_t i;

	printf(" %s:", title);
	json_array_foreach (list, i, item)
		printf(" %s", json_string_value(item) ? json_string_value(item) : "?");
	putchar('\n');
}

static void print_info(const json_t *j)
{
	char memory[UNITS_TEXT_MAX];
	json_t *pair, *warning;
	size_t i;

	units_format_size_binary(number(j, "MemTotal"), memory);
	printf(" Containers: %lld\n", number(j, "Containers"));
	printf("  Running: %lld\n", number(j, "ContainersRunning"));
	printf("  Paused: %lld\n", number(j, "ContainersPaused"));
	printf("  Stopped: %lld\n", number(j, "ContainersStopped"));
	printf(" Images: %lld\n", number(j, "Images"));
	printf(" Server Version: %s\n", text(j, "ServerVersion"));
	printf(" Storage Driver: %s\n", text(j, "Driver"));
	json_array_foreach (json_object_get(j, "DriverStatus"), i, pair)
		printf("  %s: %s\n", json_string_value(json_array_get(pair, 0)),
		       json_string_value(json_array_get(pair, 1)));
	printf(" Logging Driver: %s\n", text(j, "LoggingDriver"));
	printf(" Cgroup Driver: %s\n", text(j, "CgroupDriver"));
	printf(" Cgroup Version: %s\n", text(j, "CgroupVersion"));
	print_list("Security Options", json_object_get(j, "SecurityOptions"));
	printf(" Kernel Version: %s\n", text(j, "KernelVersion"));
	printf(" Operating System: %s\n", text(j, "OperatingSystem"));
	printf(" OSType: %s\n", text(j, "OSType"));
	printf(" Architecture: %s\n", text(j, "Architecture"));
	printf(" CPUs: %lld\n", number(j, "NCPU"));
	printf(" Total Memory: %s\n", memory);
	printf(" Name: %s\n", text(j, "Name"));
	printf(" ID: %s\n", text(j, "ID"));
	printf(" Root Dir: %s\n", text(j, "DockerRootDir"));
	json_array_foreach (json_object_get(j, "Warnings"), i, warning)
		command_warn("%s", json_string_value(warning));
}

static int run_info(struct command_line *c, struct err *err)
{
	const struct show_options *o = c->options;
	struct engine *e = cli_engine(c, err);
	cleanup(json_unref) json_t *info = e ? system_info(e, err) : NULL;

	if (!info)
		return err->code;
	if (!str_empty(o->format))
		return format_document(c, o->format, info, err);
	print_info(info);
	return 0;
}

struct check_options {
	bool repair;
};
static const struct flag check_flags[] = {
	FLAG_OF(check_options, repair, "repair", 0, FLAG_BOOL, "Mend what can be mended"),
	{},
};

static void found(const char *problem, bool repaired, void *data)
{
	size_t *n = data;

	++*n;
	printf("%s%s\n", problem, repaired ? " (repaired)" : "");
}

static int run_check(struct command_line *c, struct err *err)
{
	const struct check_options *o = c->options;
	struct engine *e = cli_engine(c, err);
	size_t n = 0;
	int left = 0, r;

	if (!e)
		return err->code;
	r = system_check(e, o->repair, found, &n, &left, err);
	if (r < 0)
		return r;
	if (n == 0)
		puts("clean");
	else
		printf("%zu problems found, %d left\n", n, left);
	return left ? 1 : 0;
}

static int run_reap(struct command_line *c, struct err *err)
{
	struct engine *e = cli_engine(c, err);

	return e ? container_reap(e, c->args[0], err) : err->code;
}

const struct command cmd_version = {
	.paths = "version",
	.usage = "[OPTIONS]",
	.summary = "Show the version information",
	.traits = COMMAND_COMMON,
	.flags = show_flags,
	.options_size = sizeof(struct show_options),
	.run = run_version,
};

const struct command cmd_info = {
	.paths = "system info|info",
	.usage = "[OPTIONS]",
	.summary = "Display system-wide information",
	.traits = COMMAND_COMMON,
	.flags = show_flags,
	.options_size = sizeof(struct show_options),
	.run = run_info,
};

const struct command cmd_system_check = {
	.paths = "system check",
	.usage = "[OPTIONS]",
	.summary =
		"Find what crashes left behind: blobs, layers, rows, directories, mounts, cgroups",
	.exit_status = "0 when all is well (or was mended), 1 when a problem is left.",
	.flags = check_flags,
	.options_size = sizeof(struct check_options),
	.run = run_check,
};

const struct command cmd_reap = {
	.paths = "__reap",
	.usage = "ID",
	.summary = "Remove what is left of a container",
	.min_args = 1,
	.max_args = 1,
	.traits = COMMAND_HIDDEN,
	.run = run_reap,
};
