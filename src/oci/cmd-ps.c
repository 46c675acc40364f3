// SPDX-License-Identifier: Apache-2.0
/*
 * ps: as runc does it, ps(1) of the host prints, and we keep the lines of processes that are in the
 * container's cgroup. The only place where a program of the host is asked: its options are the
 * contract.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "oci/record.h"

#define PIDS_MAX   32768
#define OUTPUT_MAX ((size_t)64 << 20)

struct ps_options {
	char *format;
};

struct pids {
	pid_t *list;
	ssize_t n;
};

static bool has(const struct pids *p, const char *text)
{
	uint64_t pid;

	if (str_to_u64(text, &pid) < 0)
		return false;
	for (ssize_t i = 0; i < p->n; i++)
		if ((uint64_t)p->list[i] == pid)
			return true;
	return false;
}

/* The n-th word of a line, from 0. */
static bool word(const char *line, size_t len, size_t n, char *out, size_t size)
{
	size_t i = 0;

	for (;; n--) {
		size_t start;

		while (i < len && line[i] == ' ')
			i++;
		start = i;
		while (i < len && line[i] != ' ')
			i++;
		if (start == i)
			return false;
		if (n == 0) {
			(void)snprintf(out, size, "%.*s", (int)(i - start), line + start);
			return true;
		}
	}
}

static int print_lines(const struct pids *p, const char *s, struct err *err)
{
	size_t column = 0, len = strcspn(s, "\n");
	char text[32];

	while (word(s, len, column, text, sizeof(text)) && !str_eq(text, "PID"))
		column++;
	if (!word(s, len, column, text, sizeof(text)))
		return err_set(err, ERR_INVALID, "couldn't find PID field in ps output");
	for (bool title = true; *s; title = false) {
		len = strcspn(s, "\n");
		if (title || (word(s, len, column, text, sizeof(text)) && has(p, text)))
			printf("%.*s\n", (int)len, s);
		s += len + (s[len] == '\n');
	}
	return 0;
}

static int ask_ps(char **argv, struct buf *out, struct err *err)
{
	struct proc_fd fds[] = {{-EBADF, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
	static char *const envp[] = {(char *)"LC_ALL=C", NULL};
	struct proc_spawn s = {.path = access("/usr/bin/ps", X_OK) == 0 ? "/usr/bin/ps" : "/bin/ps",
			       .argv = argv,
			       .envp = envp,
			       .fds = fds,
			       .n_fds = ARRAY_SIZE(fds),
			       .die_with_parent = true};
	struct proc p;
	int pipe_fds[2], r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "make a pipe");
	fds[0].from = pipe_fds[1];
	r = proc_spawn(&s, &p, err);
	fd_close(pipe_fds[1]);
	if (r == 0) {
		int status;

		r = fd_read_all(pipe_fds[0], out, "ps", err);
		status = proc_wait(&p);
		if (r == 0 && status != 0)
			r = err_set(err, ERR_INVALID, "ps failed with exit code %d",
				    status < 0 ? 1 : proc_exit_code(status));
	}
	fd_close(pipe_fds[0]);
	return r;
}

static int print_table(struct command_line *c, const struct pids *p, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT(OUTPUT_MAX);
	char *plain[] = {(char *)"ps", (char *)"-ef", NULL}, *id = c->args[0];
	int r;

	c->args[0] = (char *)"ps";
	r = ask_ps(c->n_args > 1 ? c->args : plain, &out, err);
	c->args[0] = id;
	return r < 0 ? r : print_lines(p, out.data ?: "", err);
}

static int print_json(const struct pids *p, struct err *err)
{
	cleanup(json_unref) json_t *j = json_array();

	for (ssize_t i = 0; j && i < p->n; i++)
		if (json_array_append_new(j, json_integer(p->list[i])) < 0)
			return err_oom(err);
	return j ? oci_print(j, 0, err) : err_oom(err);
}

static int run_ps(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	cleanup_free pid_t *list = calloc(PIDS_MAX, sizeof(*list));
	const struct ps_options *o = c->options;
	struct pids p = {.list = list};
	int r = list ? record_open(c, c->args[0], &rec, err) : err_oom(err);

	if (r == 0)
		r = record_cgroup(&rec, err);
	if (r < 0)
		return r;
	p.n = rec.cgroup ? cgroup_pids(rec.cgroup, list, PIDS_MAX) : 0;
	if (p.n < 0)
		return err_sys(err, (int)p.n, "list the container's processes");
	if (str_eq(o->format, "json"))
		return print_json(&p, err);
	if (!str_eq(o->format, "table"))
		return err_set(err, ERR_INVALID, "invalid format option");
	return print_table(c, &p, err);
}

static const struct flag flags[] = {
	FLAG_OF(ps_options, format, "format", 'f', FLAG_STRING, "Output as a table or as JSON",
		.def = "table", .choices = "table|json"),
	{},
};

const struct command cmd_ps = {
	.paths = "ps",
	.usage = "[OPTIONS] CONTAINER [PS OPTIONS]",
	.summary = "List the processes of a container",
	.details = "The table is that of ps(1), -ef when no options of it are given.",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_FIRST_ARG_ENDS_FLAGS,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct ps_options),
	.run = run_ps,
};
