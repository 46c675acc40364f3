// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "engine/container.h"
#include "spec/units.h"

#define OUT_BUFFER (64 << 10)

struct logs_options {
	bool details, follow, timestamps;
	char *since, *tail, *until;
};

#define FLAG(...) FLAG_OF(logs_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(details, "details", 0, FLAG_BOOL, "Show extra details provided to logs"),
	FLAG(follow, "follow", 'f', FLAG_BOOL, "Follow log output"),
	FLAG(since, "since", 0, FLAG_STRING,
	     "Show logs since timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. \"42m\" "
	     "for 42 "
	     "minutes)"),
	FLAG(tail, "tail", 'n', FLAG_STRING, "Number of lines to show from the end of the logs",
	     .def = "all"),
	FLAG(timestamps, "timestamps", 't', FLAG_BOOL, "Show timestamps"),
	FLAG(until, "until", 0, FLAG_STRING,
	     "Show logs before a timestamp (e.g. \"2013-01-02T13:23:37Z\") or relative (e.g. "
	     "\"42m\" for 42 "
	     "minutes)"),
	{},
};

struct writer {
	const struct logs_options *o;
	bool tty;
	FILE *last;
	int failed; /* errno of a write */
};

static int on_record(const struct log_record *r, void *data)
{
	struct writer *w = data;
	FILE *f = r->stream == LOG_STDERR && !w->tty ? stderr : stdout;
	char time[CLOCK_TEXT_MAX];

	/* Both may go to one terminal or file: what was written first must appear first. */
	if (w->last && w->last != f && fflush(w->last) != 0)
		w->failed = errno;
	w->last = f;
	if (w->o->timestamps) {
		clock_format_fixed(r->time, time);
		(void)fprintf(f, "%s ", time);
	}
	if (w->o->details)
		(void)fputc(' ', f);
	if (fwrite(r->text, 1, r->len, f) != r->len || (w->o->follow && fflush(f) != 0))
		w->failed = errno;
	return w->failed;
}

static int64_t zone_east(int64_t now)
{
	time_t seconds = now / NS_PER_SEC;
	struct tm tm;

	return localtime_r(&seconds, &tm) ? tm.tm_gmtoff : 0;
}

static int bounds(const struct logs_options *o, struct log_read *what, struct err *err)
{
	int64_t now = clock_now(), tail;
	int r = 0;

	if (!str_empty(o->since) &&
	    units_parse_time(o->since, now, zone_east(now), &what->since, err) < 0)
		r = err_prefix(err, "invalid value for \"since\"");
	if (r == 0 && !str_empty(o->until) &&
	    units_parse_time(o->until, now, zone_east(now), &what->until, err) < 0)
		r = err_prefix(err, "invalid value for \"until\"");
	/* As Docker: what is not a number means all. */
	what->tail = str_to_i64(o->tail, &tail) == 0 && tail >= 0 ? tail : -1;
	return r;
}

static int run(struct command_line *c, struct err *err)
{
	const struct logs_options *o = c->options;
	struct log_read what = {.stdout_wanted = true, .stderr_wanted = true, .follow = o->follow};
	struct engine *e = cli_engine(c, err);
	struct writer w = {.o = o};
	struct container_info info;
	int r = e ? bounds(o, &what, err) : err->code;

	if (r == 0)
		r = container_brief(e, c->arena, c->args[0], &info, err);
	if (r < 0)
		return r;
	w.tty = info.config->config.tty;
	(void)setvbuf(stdout, NULL, _IOFBF, OUT_BUFFER);
	(void)setvbuf(stderr, NULL, _IOFBF, OUT_BUFFER);
	r = container_logs(e, info.row.id, &what, on_record, &w, err);
	if (fflush(stderr) != 0 && !w.failed)
		w.failed = errno;
	(void)setvbuf(stderr, NULL, _IONBF, 0);
	if (fflush(stdout) != 0 && !w.failed)
		w.failed = errno;
	if (w.failed == EPIPE)
		return 128 + 13;
	if (r == 0 && w.failed)
		r = err_sys(err, w.failed, "write the log");
	return r;
}

const struct command cmd_logs = {
	.paths = "container logs|logs",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Fetch the logs of a container",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct logs_options),
	.run = run,
};
