// SPDX-License-Identifier: Apache-2.0
#include "command/table.h"

#include <stdbool.h>

#define PADDING    3
#define WIDTHS_MAX 32 /* widths remembered from line to line; further columns are measured anew */

struct cell {
	const char *text;
	size_t len, runes;
};

/* Characters, not bytes: continuation bytes of UTF-8 are not counted. */
static size_t count_runes(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)s[i] & 0xc0) != 0x80;
	return n;
}

/* The widest cell of `column` in the run of lines around `line` that have that column padded. */
static size_t column_width(const struct cell *cells, const size_t *first, size_t n_lines,
			   size_t line, size_t column, size_t least)
{
	size_t from = line, to = line, widest = 0;

#define PADDED(l) (first[(l) + 1] - first[l] > column + 1)
	while (from > 0 && PADDED(from - 1))
		from--;
	while (to + 1 < n_lines && PADDED(to + 1))
		to++;
#undef PADDED
	for (size_t l = from; l <= to; l++)
		widest = MAX_OF(widest, cells[first[l] + column].runes);
	return MAX_OF(widest + PADDING, least);
}

static void put_line(struct buf *out, const struct cell *cells, const size_t *first, size_t n_lines,
		     size_t line, size_t *widths, size_t least)
{
	size_t n = first[line + 1] - first[line];
	bool same = line > 0 && first[line] - first[line - 1] == n;

	for (size_t i = 0; i < n; i++) {
		const struct cell *cell = &cells[first[line] + i];
		size_t width;

		buf_add(out, cell->text, cell->len);
		if (i + 1 == n)
			break;
		/* As many cells as the line before: the same columns, whose widths are known. */
		width = same && i < WIDTHS_MAX
				? widths[i]
				: column_width(cells, first, n_lines, line, i, least);
		if (i < WIDTHS_MAX)
			widths[i] = width;
		buf_printf(out, "%*s", (int)(width - cell->runes), "");
	}
	buf_putc(out, '\n');
}

void table_align(struct buf *out, const char *text, size_t len, size_t least)
{
	size_t n_cells = 0, n_lines = 0, cell = 0, line = 0, widths[WIDTHS_MAX] = {};
	cleanup_free struct cell *cells = NULL;
	cleanup_free size_t *first = NULL;

	for (size_t i = 0; i < len; i++) {
		n_cells += text[i] == '\t' || text[i] == '\n';
		n_lines += text[i] == '\n';
	}
	cells = calloc(n_cells + 1, sizeof(*cells));
	first = calloc(n_lines + 2, sizeof(*first));
	if (!cells || !first) {
		out->failed = -ENOMEM;
		return;
	}
	for (size_t i = 0, start = 0; i < len; i++) {
		if (text[i] != '\t' && text[i] != '\n')
			continue;
		cells[cell++] = (struct cell){text + start, i - start,
					      count_runes(text + start, i - start)};
		start = i + 1;
		if (text[i] == '\n')
			first[++line] = cell;
	}
	for (size_t l = 0; l < n_lines; l++)
		put_line(out, cells, first, n_lines, l, widths, least);
}
