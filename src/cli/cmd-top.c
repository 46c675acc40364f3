// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/cli.h"
#include "cli/commands.h"
#include "command/table.h"
#include "engine/container.h"

#define TOP_MAX ((size_t)16 << 20)

static void put_row(struct buf *b, char *const *cells)
{
	for (size_t i = 0; cells && cells[i]; i++)
		buf_printf(b, "%s%s", i ? "\t" : "", cells[i]);
	buf_putc(b, '\n');
}

static int run(struct command_line *c, struct err *err)
{
	cleanup(buf_done) struct buf rows = BUF_INIT(TOP_MAX), out = BUF_INIT(TOP_MAX);
	struct engine *e = cli_engine(c, err);
	char **titles, ***cells;
	size_t n = 0;
	int r;

	if (!e)
		return err->code;
	r = container_top(e, c->arena, c->args[0], c->args + 1, &titles, &cells, &n, err);
	if (r < 0)
		return r;
	put_row(&rows, titles);
	for (size_t i = 0; i < n; i++)
		put_row(&rows, cells[i]);
	r = buf_check(&rows, err);
	if (r < 0)
		return r;
	table_align(&out, rows.data, rows.len, TABLE_LEAST_TOP);
	r = buf_check(&out, err);
	if (r == 0)
		(void)fwrite(out.data, 1, out.len, stdout);
	return r;
}

const struct command cmd_top = {
	.paths = "container top|top",
	.usage = "CONTAINER [ps OPTIONS]",
	.summary = "Display the running processes of a container",
	.min_args = 1,
	.max_args = COMMAND_ANY_ARGS,
	.traits = COMMAND_FIRST_ARG_ENDS_FLAGS,
	.noun = NOUN_RUNNING,
	.run = run,
};
