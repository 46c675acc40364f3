// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/cells.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "cli/values.h"
#include "engine/container.h"
#include "spec/units.h"

#define COMMAND_WIDTH 20
#define MOUNT_WIDTH   15

struct ps_options {
	bool all, latest, no_trunc, quiet, size;
	struct filters filters;
	char *format;
	int64_t last;
};

#define FLAG(...) FLAG_OF(ps_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(all, "all", 'a', FLAG_BOOL, "Show all containers (default shows just running)"),
	FLAG(filters, "filter", 'f', FLAG_PARSED, "Filter output based on conditions provided",
	     .metavar = "filter", .parse = value_filter),
	FLAG(format, "format", 0, FLAG_STRING, VALUE_FORMAT_HELP),
	FLAG(last, "last", 'n', FLAG_INT, "Show n last created containers (includes all states)",
	     .def = "-1"),
	FLAG(latest, "latest", 'l', FLAG_BOOL,
	     "Show the latest created container (includes all states)"),
	FLAG(no_trunc, "no-trunc", 0, FLAG_BOOL, "Don't truncate output"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL, "Only display container IDs"),
	FLAG(size, "size", 's', FLAG_BOOL, "Display total file sizes"),
	{},
};

enum {
	F_COMMAND,
	F_CREATED_AT,
	F_ID,
	F_IMAGE,
	F_LABELS,
	F_LOCAL_VOLUMES,
	F_MOUNTS,
	F_NAMES,
	F_NETWORKS,
	F_PORTS,
	F_RUNNING_FOR,
	F_SIZE,
	F_STATE,
	F_STATUS,
};
static const struct format_field fields[] = {
	[F_COMMAND] = {"Command", "COMMAND"},
	[F_CREATED_AT] = {"CreatedAt", "CREATED AT"},
	[F_ID] = {"ID", "CONTAINER ID"},
	[F_IMAGE] = {"Image", "IMAGE"},
	[F_LABELS] = {"Labels", "LABELS"},
	[F_LOCAL_VOLUMES] = {"LocalVolumes", "LOCAL VOLUMES"},
	[F_MOUNTS] = {"Mounts", "MOUNTS"},
	[F_NAMES] = {"Names", "NAMES"},
	[F_NETWORKS] = {"Networks", "NETWORKS"},
	[F_PORTS] = {"Ports", "PORTS"},
	[F_RUNNING_FOR] = {"RunningFor", "CREATED"},
	[F_SIZE] = {"Size", "SIZE"},
	[F_STATE] = {"State", "STATE"},
	[F_STATUS] = {"Status", "STATUS"},
	{},
};

struct context {
	int64_t now;
	bool no_trunc;
	struct engine *engine;
	struct arena *arena;
};

/* 0.0.0.0:8080->80/tcp, one after the other. */
static void put_ports(struct buf *b, const struct container_info *i, const struct context *x)
{
	char **ports = NULL;

	(void)container_ports(x->engine, x->arena, i, &ports, NULL);
	for (size_t n = 0; ports && ports[n]; n++) {
		char **f = strv_split(x->arena, ports[n], '/', 0);

		if (f && strv_len(f) == 4)
			buf_printf(b, "%s%s:%s->%s/%s", n ? ", " : "", *f[1] ? f[1] : "0.0.0.0",
				   f[2], f[3], f[0]);
	}
}

/* Words with a blank in them are quoted, as Docker does: for people, not for shells. */
static void put_command(struct buf *b, const struct container_info *i, const struct context *x)
{
	char *const *const parts[] = {i->config->config.entrypoint, i->config->config.cmd};
	cleanup(buf_done) struct buf text = BUF_INIT(FORMAT_MAX);

	for (size_t p = 0; p < ARRAY_SIZE(parts); p++)
		for (char *const *s = parts[p]; s && *s; s++)
			buf_printf(&text, text.len && strchr(*s, ' ') ? "%s'%s'" : "%s%s",
				   text.len ? " " : "", *s);
	cells_quoted(b, text.data ? text.data : "", x->no_trunc ? 0 : COMMAND_WIDTH);
}

static void put_status(struct buf *b, const struct container_state *s, int64_t now)
{
	char since[UNITS_TEXT_MAX];

	switch (s->status) {
	case CONTAINER_RUNNING:
	case CONTAINER_PAUSED:
		units_format_human(now - s->started_at, since);
		buf_printf(b, "Up %s%s", since, s->status == CONTAINER_PAUSED ? " (Paused)" : "");
		break;
	case CONTAINER_RESTARTING:
		units_format_human(now - s->finished_at, since);
		buf_printf(b, "Restarting (%" PRIi64 ") %s ago", s->exit_code, since);
		break;
	case CONTAINER_EXITED:
		units_format_human(now - s->finished_at, since);
		buf_printf(b, "Exited (%" PRIi64 ") %s ago", s->exit_code, since);
		break;
	case CONTAINER_REMOVING:
		buf_puts(b, "Removal In Progress");
		break;
	case CONTAINER_DEAD:
		buf_puts(b, "Dead");
		break;
	case CONTAINER_CREATED:
	case _CONTAINER_STATUS_MAX:
		buf_puts(b, "Created");
		break;
	}
}

/* What the engine noted of the mounts at create: names of volumes, sources of binds. */
static void put_mounts(struct buf *b, const struct container_info *i, const struct context *x,
		       bool count)
{
	cleanup(json_unref) json_t *extra =
		json_parse(i->row.extra, i->row.extra ? strlen(i->row.extra) : 0, "extra", NULL);
	json_t *mounts = json_object_get(extra, "mounts"), *m;
	size_t k, local = 0, before = b->len;

	json_array_foreach (mounts, k, m) {
		const char *name = json_string_value(json_object_get(m, "name"));
		const char *source = json_string_value(json_object_get(m, "source"));

		local += str_eq(json_string_value(json_object_get(m, "driver")), "local");
		if (count || (str_empty(name) && str_empty(source)))
			continue;
		if (b->len > before)
			buf_putc(b, ',');
		cells_cut(b, str_empty(name) ? source : name, x->no_trunc ? 0 : MOUNT_WIDTH);
	}
	if (count)
		buf_printf(b, "%zu", local);
}

static void put_size(struct buf *b, const struct container_info *i)
{
	char text[UNITS_TEXT_MAX];

	units_format_size(MAX_OF(i->size_rw, 0), 3, text);
	buf_puts(b, text);
	if (i->size_root_fs > 0) {
		units_format_size(i->size_root_fs, 3, text);
		buf_printf(b, " (virtual %s)", text);
	}
}

static void put_image(struct buf *b, const struct container_info *i, const struct context *x)
{
	const char *hex = str_after(i->row.image_ref, "sha256:");

	if (str_empty(i->row.image_ref))
		buf_puts(b, "<no image>");
	else if (hex && !x->no_trunc)
		cells_id(b, hex, false);
	else
		buf_puts(b, i->row.image_ref);
}

static void put_network(struct buf *b, const char *mode)
{
	if (!str_empty(mode) && !str_after(mode, "container:"))
		buf_puts(b, mode);
}

static void put(struct buf *b, size_t field, const void *row, const void *context)
{
	const struct container_info *i = row;
	const struct context *x = context;

	switch (field) {
	case F_COMMAND:
		put_command(b, i, x);
		break;
	case F_CREATED_AT:
		cells_time(b, i->row.created);
		break;
	case F_ID:
		cells_id(b, i->row.id, x->no_trunc);
		break;
	case F_IMAGE:
		put_image(b, i, x);
		break;
	case F_LABELS:
		cells_map(b, &i->config->config.labels);
		break;
	case F_LOCAL_VOLUMES:
		put_mounts(b, i, x, true);
		break;
	case F_MOUNTS:
		put_mounts(b, i, x, false);
		break;
	case F_NAMES:
		buf_puts(b, i->row.name);
		break;
	case F_NETWORKS:
		put_network(b, i->config->host_config.network_mode);
		break;
	case F_PORTS:
		put_ports(b, i, x);
		break;
	case F_RUNNING_FOR:
		cells_ago(b, x->now, i->row.created);
		break;
	case F_SIZE:
		put_size(b, i);
		break;
	case F_STATE:
		buf_puts(b, container_status_name(i->state.status));
		break;
	case F_STATUS:
		put_status(b, &i->state, x->now);
		break;
	default: /* no ports without a bridge network */
		break;
	}
}

static json_t *labels(const void *row, const void *context UNUSED)
{
	const struct container_info *i = row;
	const struct json_map *m = &i->config->config.labels;
	json_t *j = json_object();

	for (size_t k = 0; j && k < m->n; k++)
		(void)json_object_set_new(j, m->items[k].key, json_string(m->items[k].value));
	return j;
}

static const char plain_columns[] = "ID Image Command RunningFor Status Ports Names";
static const char size_columns[] = "ID Image Command RunningFor Status Ports Names Size";

static int run(struct command_line *c, struct err *err)
{
	const struct ps_options *o = c->options;
	const struct format_list list = {fields, o->size ? size_columns : plain_columns, "ID",
					 put,    "*formatter.ContainerContext",          labels};
	const struct container_list_options options = {
		.all = o->all || o->last > 0 || o->latest,
		.size = !o->quiet && format_wants(&list, o->format, "Size"),
		.limit = o->latest ? 1 : MAX_OF(o->last, 0),
		.filters = o->filters,
	};
	struct engine *e = cli_engine(c, err);
	struct context x = {
		.now = clock_now(), .no_trunc = o->no_trunc, .engine = e, .arena = c->arena};
	struct json_list rows = {};
	int r;

	if (!e)
		return err->code;
	r = container_list(e, c->arena, &options, &rows, err);
	return r < 0 ? r
		     : format_rows(c, &list, o->format, o->quiet, rows.items, rows.n,
				   sizeof(struct container_info), &x, err);
}

const struct command cmd_ps = {
	.paths = "container ls|container list|container ps|ps",
	.usage = "[OPTIONS]",
	.summary = "List containers",
	.details = "Filters: id, name, label, exited, status, ancestor, before, since, volume, "
		   "network.",
	.examples =
		"$ hoy ps -a --filter status=exited\n$ hoy ps --format '{{.Names}}\\t{{.Status}}'",
	.max_args = 0,
	.traits = COMMAND_COMMON,
	.flags = flags,
	.options_size = sizeof(struct ps_options),
	.run = run,
};
