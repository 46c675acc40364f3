// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "base/proc.h"
#include "base/str.h"
#include "oci/record.h"
#include "spec/signal.h"

#define PIDS_MAX 32768

struct kill_options {
	bool all;
};

/* 0 is a signal here, too: it only asks. */
static int parse(const char *text, struct err *err)
{
	if (str_eq(text, "0"))
		return 0;
	if (signal_parse(text, NULL) < 0)
		return err_set(err, ERR_INVALID, "unknown signal \"%s\"", text);
	return signal_parse(text, err);
}

static bool shares_pids(struct record *rec)
{
	const struct json_list *list;

	if (record_spec(rec, NULL) < 0 || !rec->spec.linux)
		return true;
	list = &rec->spec.linux->namespaces;
	for (size_t i = 0; i < list->n; i++) {
		const struct oci_namespace *ns = JSON_AT(struct oci_namespace, list, i);

		if (str_eq(ns->type, "pid"))
			return !str_empty(ns->path);
	}
	return true;
}

/* Whoever forks meanwhile is met in the next round; SIGKILL is the kernel's affair. */
static int kill_all(struct record *rec, int sig, struct err *err)
{
	cleanup_free pid_t *pids = calloc(PIDS_MAX, sizeof(*pids));
	ssize_t n;
	int r = pids ? record_cgroup(rec, err) : err_oom(err);

	if (r < 0 || !rec->cgroup)
		return r;
	if (sig == SIGKILL)
		return cgroup_kill(rec->cgroup, err);
	n = cgroup_pids(rec->cgroup, pids, PIDS_MAX);
	for (ssize_t i = 0; i < n; i++)
		if (kill(pids[i], sig) < 0 && errno != ESRCH)
			return err_sys(err, errno, "signal process %d", (int)pids[i]);
	return n < 0 ? err_sys(err, (int)n, "list the container's processes") : 0;
}

static int run_kill(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	const struct kill_options *o = c->options;
	int sig = parse(c->n_args > 1 && *c->args[1] ? c->args[1] : "SIGTERM", err);
	int r = sig < 0 ? sig : record_open(c, c->args[0], &rec, err);

	if (r < 0)
		return r;
	/* Without a pid namespace of its own, the end of the first process is not the end of all. */
	if (o->all || (sig == SIGKILL && rec.pidfd >= 0 && shares_pids(&rec)))
		return kill_all(&rec, sig, err);
	if (rec.pidfd < 0)
		return err_set(err, ERR_CONFLICT, "container not running");
	oci_log(c, "debug", "container %s: signal %d to process %d", rec.state.id, sig,
		(int)rec.state.pid);
	r = proc_pidfd_signal(rec.pidfd, sig);
	if (r == -ESRCH)
		return err_set(err, ERR_CONFLICT, "container not running");
	return r < 0 ? err_sys(err, r, "signal container %s", c->args[0]) : 0;
}

static const struct flag flags[] = {
	FLAG_OF(kill_options, all, "all", 'a', FLAG_BOOL,
		"Send the signal to all processes of the container"),
	{},
};

const struct command cmd_kill = {
	.paths = "kill",
	.usage = "[OPTIONS] CONTAINER [SIGNAL]",
	.summary = "Send a signal to the container's first process",
	.details = "SIGNAL is a name with or without SIG, or a number; SIGTERM when it is missing.",
	.min_args = 1,
	.max_args = 2,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct kill_options),
	.run = run_kill,
};
