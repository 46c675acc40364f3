// SPDX-License-Identifier: Apache-2.0
#include "oci/oci.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "command/help.h"
#include "command/parse.h"

#define FAILED    1
#define LINE_MAX_ ((size_t)16 << 10)

#define FLAG(...) FLAG_OF(oci_globals, __VA_ARGS__)
static const struct flag root_flags[] = {
	FLAG(criu, "criu", 0, FLAG_STRING, "Accepted for runc's sake", .flags = FLAG_HIDDEN),
	FLAG(debug, "debug", 0, FLAG_BOOL, "Write what is done into the log"),
	FLAG(log, "log", 0, FLAG_STRING, "File that errors are appended to, beside stderr",
	     .noun = NOUN_FILE),
	FLAG(log_format, "log-format", 0, FLAG_STRING, "Format of the log", .def = "text",
	     .choices = "text|json"),
	FLAG(root, "root", 0, FLAG_STRING,
	     "Folder of the containers' records, on a tmpfs (/run/hoy-oci; for normal users "
	     "$XDG_RUNTIME_DIR/hoy-oci)",
	     .noun = NOUN_FILE),
	FLAG(rootless, "rootless", 0, FLAG_STRING,
	     "Ignore what a normal user may not do with cgroups", .def = "auto",
	     .choices = "true|false|auto"),
	FLAG(systemd_cgroup, "systemd-cgroup", 0, FLAG_BOOL,
	     "Refused: cgroups are made directly, not by systemd"),
	FLAG(version, "version", 'v', FLAG_BOOL, "Print version information and quit"),
	{},
};
#undef FLAG

static const struct command root = {
	.usage = "[OPTIONS] COMMAND",
	.summary = "OCI runtime with the command line of runc",
	.details = "For podman, containerd, Kubernetes and others that call an OCI runtime: give "
		   "them the path of this program.\n\nA container is made of a bundle, which is a "
		   "directory with config.json and a root file system. create, start, kill and "
		   "delete are the steps of its life; run does them all.\n\nOptions may be written "
		   "with one or two hyphens.",
	.examples = "$ podman --runtime /usr/local/bin/hoy-oci run --rm alpine true\n"
		    "$ hoy-oci spec && hoy-oci run box",
	.exit_status =
		"0 on success, 1 when something failed. run and exec exit with the status of "
		"the process, 128+N when signal N ended it; exec with 255 when it failed "
		"itself.",
	.traits = COMMAND_GROUP | COMMAND_FIRST_ARG_ENDS_FLAGS,
	.max_args = COMMAND_ANY_ARGS,
	.flags = root_flags,
	.options_size = sizeof(struct oci_globals),
};

static const struct command *const commands[] = {
	&cmd_checkpoint, &cmd_create,  &cmd_delete, &cmd_events, &cmd_exec,
	&cmd_features,   &cmd_kill,    &cmd_list,   &cmd_man,    &cmd_pause,
	&cmd_ps,         &cmd_restore, &cmd_resume, &cmd_run,    &cmd_spec,
	&cmd_start,      &cmd_state,   &cmd_update, NULL,
};

static void failed(const struct command_line *c, const struct err *err)
{
	oci_log(c, "error", "%s", err->msg);
}

const struct command_program oci_program = {
	.name = "hoy-oci",
	.root = &root,
	.commands = commands,
	.failed = failed,
	.single_hyphen = true,
	.usage_exit = FAILED,
};

/* A JSON string's inside is also what logrus' %q is for everything that occurs in messages. */
static void quoted(struct buf *b, const char *s)
{
	cleanup(json_unref) json_t *j = json_string(s) ?: json_string("(not UTF-8)");
	char *text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;

	buf_puts(b, text ?: "\"\"");
	free(text);
}

static void format_line(struct buf *b, bool json, const char *level, const char *msg)
{
	char when[CLOCK_TEXT_MAX];

	clock_format(clock_now() / NS_PER_SEC * NS_PER_SEC, when);
	if (json) {
		buf_printf(b, "{\"level\":\"%s\",\"msg\":", level);
		quoted(b, msg);
		buf_printf(b, ",\"time\":\"%s\"}\n", when);
	} else {
		buf_printf(b, "time=\"%s\" level=%s msg=", when, level);
		quoted(b, msg);
		buf_putc(b, '\n');
	}
}

void oci_log(const struct command_line *c, const char *level, const char *fmt, ...)
{
	const struct oci_globals *g = oci_globals(c);
	cleanup(buf_done) struct buf line = BUF_INIT(LINE_MAX_);
	bool to_file = g && !str_empty(g->log), debug = str_eq(level, "debug");
	char msg[2048];
	va_list ap;

	if (debug && !(g && g->debug))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	format_line(&line, g && str_eq(g->log_format, "json"), level, msg);
	if (to_file && line.data) {
		cleanup_fd int fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

		if (fd >= 0)
			(void)fd_write(fd, line.data, line.len);
	}
	(void)fflush(stdout);
	if (!to_file && line.data && (debug || str_eq(g ? g->log_format : NULL, "json")))
		(void)fputs(line.data, stderr);
	else if (!debug)
		(void)fprintf(stderr, "%s: %s%s\n", c->name,
			      str_eq(level, "error") ? "" : "warning: ", msg);
}

int oci_print(json_t *j, int indent, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)16 << 20);
	int r = json_write(&b, j, indent, err);

	if (r == 0 && !indent)
		buf_putc(&b, '\n');
	r = r < 0 ? r : buf_check(&b, err);
	if (r == 0 && fputs(b.data, stdout) == EOF)
		r = err_sys(err, errno, "write standard output");
	return r;
}

static int check_globals(const struct command_line *c, const struct oci_globals *g)
{
	struct stat st;

	if (!str_eq(g->log_format, "text") && !str_eq(g->log_format, "json")) {
		oci_log(c, "error", "invalid log-format: %s", g->log_format);
		return FAILED;
	}
	if (g->systemd_cgroup) {
		oci_log(c, "error",
			stat("/run/systemd/system", &st) < 0
				? "--systemd-cgroup: systemd does not run on this host"
				: "--systemd-cgroup: cgroups are made directly: give a cgroupsPath "
				  "that is a path");
		return FAILED;
	}
	return 0;
}

static int run(struct command_line *c, const struct command_line *parsed)
{
	const struct oci_globals *g = parsed->options;
	int r = check_globals(c, g);

	if (r != 0)
		return r;
	if (g->version) {
		printf("hoy-oci version %s\ncommit: %s\nspec: %s\n", HOY_VERSION, HOY_VERSION,
		       OCI_VERSION);
		return 0;
	}
	if (parsed->n_args == 0)
		return help_print(parsed, &root, "");
	return command_run(c, parsed->args, parsed->n_args);
}

int oci_main(int argc, char **argv)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct command_line first = {.program = &oci_program,
				     .command = &root,
				     .name = oci_program.name,
				     .path = "",
				     .arena = a},
			    c = first;
	struct err err = ERR_INIT;
	bool help = false;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	if (!a || argc < 1)
		return FAILED;
	if (command_parse(&first, argv + 1, (size_t)argc - 1, &help, &err) < 0)
		return command_usage_error(&first, err.msg);
	c.globals = first.globals = first.options;
	r = help ? help_print(&first, &root, "") : run(&c, &first);
	if (fflush(stdout) != 0 && r == 0) {
		oci_log(&c, "error", "write standard output: %m");
		r = FAILED;
	}
	return r;
}
