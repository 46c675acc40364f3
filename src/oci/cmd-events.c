// SPDX-License-Identifier: Apache-2.0
/*
 * events: lines of JSON, statistics every interval and one for each time that the OOM killer struck,
 * until the container ends. The kernel's notification of the killer differs between the versions; its
 * counter does not, and looking at that a few times a second costs nothing.
 */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"
#include "oci/record.h"
#include "oci/stats.h"
#include "spec/units.h"

#define LOOK_MS 200

struct events_options {
	int64_t interval; /* ns */
	bool stats;
};

static int parse_interval(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	return units_parse_duration(value, dest, err);
}

static int print_event(struct record *rec, const char *type, json_t *data, struct err *err)
{
	cleanup(json_unref) json_t *j = json_pack("{s:s,s:s}", "type", type, "id", rec->state.id);
	int r;

	if (data && (!j || json_object_set_new(j, "data", data) < 0))
		return err_oom(err);
	r = j ? oci_print(j, 0, err) : err_oom(err);
	if (r == 0 && fflush(stdout) != 0)
		r = err_sys(err, errno, "write standard output");
	return r;
}

static int print_stats(struct record *rec, struct err *err)
{
	json_t *data = stats_json(rec->cgroup);

	return data ? print_event(rec, "stats", data, err) : err_oom(err);
}

static int watch(struct record *rec, int64_t interval, struct err *err)
{
	int64_t next = clock_monotonic() + interval;
	uint64_t kills = 0, now;
	struct pollfd p = {.fd = rec->pidfd, .events = POLLIN};
	bool ended = false;
	int r = cgroup_oom_kills(rec->cgroup, &kills);

	while (r >= 0 && !ended) {
		ended = poll(&p, 1, (int)MIN_OF(interval / NS_PER_MS + 1, LOOK_MS)) > 0;
		if (cgroup_oom_kills(rec->cgroup, &now) == 0)
			for (r = 0; r == 0 && kills < now; kills++)
				r = print_event(rec, "oom", NULL, err);
		if (r >= 0 && !ended && clock_monotonic() >= next) {
			r = print_stats(rec, err);
			next += interval;
		}
	}
	return r;
}

static int run_events(struct command_line *c, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	const struct events_options *o = c->options;
	int r = record_open(c, c->args[0], &rec, err);

	if (r < 0)
		return r;
	if (o->interval <= 0)
		return err_set(err, ERR_INVALID, "duration interval must be greater than 0");
	if (record_status(&rec) == STATUS_STOPPED)
		return err_set(err, ERR_CONFLICT, "container with id %s is not running",
			       c->args[0]);
	r = record_cgroup(&rec, err);
	if (r < 0)
		return r;
	return o->stats ? print_stats(&rec, err) : watch(&rec, o->interval, err);
}

#define FLAG(...) FLAG_OF(events_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(interval, "interval", 0, FLAG_PARSED, "Time between two statistics", .def = "5s",
	     .metavar = "duration", .parse = parse_interval),
	FLAG(stats, "stats", 0, FLAG_BOOL, "Print statistics once"),
	{},
};
#undef FLAG

const struct command cmd_events = {
	.paths = "events",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Print statistics and out-of-memory events of a container",
	.min_args = 1,
	.max_args = 1,
	.noun = NOUN_CONTAINER,
	.flags = flags,
	.options_size = sizeof(struct events_options),
	.run = run_events,
};
