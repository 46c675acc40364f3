// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/format.h"
#include "engine/doctor.h"

struct doctor_options {
	char *format;
};
static const struct flag flags[] = {
	FLAG_OF(doctor_options, format, "format", 'f', FLAG_STRING,
		"Format the output: \"json\", or a Go template for each finding"),
	{},
};

enum {
	F_STATUS,
	F_NAME,
	F_FOUND,
	F_ADVICE,
};
static const struct format_field fields[] = {
	[F_STATUS] = {"Status", "STATUS"},
	[F_NAME] = {"Name", "NAME"},
	[F_FOUND] = {"Found", "FOUND"},
	[F_ADVICE] = {"Advice", "ADVICE"},
	{},
};

static void put(struct buf *b, size_t field, const void *row, const void *context)
{
	const struct doctor_finding *f = row;
	const char *const texts[] = {
		[F_STATUS] = f->status,
		[F_NAME] = f->name,
		[F_FOUND] = f->found,
		[F_ADVICE] = f->advice,
	};

	(void)context;
	buf_puts(b, texts[field] ?: "");
}

static const struct format_list list = {
	.fields = fields,
	.columns = "Status Name Found",
	.quiet = "Name",
	.put = put,
	.type = "finding",
};

static void print(const struct json_list *l)
{
	size_t worst[DOCTOR_FAIL + 1] = {};

	for (size_t i = 0; i < l->n; i++) {
		const struct doctor_finding *f = JSON_AT(struct doctor_finding, l, i);

		worst[f->level]++;
		printf("%-4s  %s: %s\n", f->status, f->name, f->found);
		if (f->advice)
			printf("      -> %s\n", f->advice);
	}
	printf("%zu ok, %zu to be aware of, %zu missing\n", worst[DOCTOR_OK], worst[DOCTOR_WARN],
	       worst[DOCTOR_FAIL]);
}

static int run(struct command_line *c, struct err *err)
{
	const struct doctor_options *o = c->options;
	const struct cli_globals *g = c->globals;
	const struct engine_options e = {.root = g->root, .run_root = g->run_root};
	struct json_list findings;
	bool failed = false;
	int r = doctor_run(c->arena, &e, &findings, err);

	if (r < 0)
		return r;
	if (str_empty(o->format))
		print(&findings);
	else
		r = format_rows(c, &list, o->format, false, findings.items, findings.n,
				sizeof(struct doctor_finding), NULL, err);
	for (size_t i = 0; i < findings.n; i++)
		failed |= JSON_AT(struct doctor_finding, &findings, i)->level == DOCTOR_FAIL;
	return r < 0 ? r : failed;
}

const struct command cmd_doctor = {
	.paths = "system doctor|doctor",
	.usage = "[OPTIONS]",
	.summary = "Say what this host and this user lack for containers, and how to get it",
	.details =
		"Nothing is changed. Each line is one thing that was looked at: ok, warn (works, "
		"but something else will not) or FAIL (containers will not run), and what to "
		"install or to set. For a normal user it looks at what only such a one needs, "
		"too.",
	.exit_status = "0, or 1 when something is missing without which containers do not run.",
	.flags = flags,
	.options_size = sizeof(struct doctor_options),
	.run = run,
};
