// SPDX-License-Identifier: Apache-2.0
#include "cli/cells.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"
#include "spec/units.h"

void cells_id(struct buf *b, const char *id, bool whole)
{
	const char *hex = str_after(id, "sha256:");

	if (whole)
		buf_puts(b, id);
	else
		buf_printf(b, "%.*s", ID_SHORT, hex ? hex : id);
}

/* The bytes of the first n characters. */
static size_t first_runes(const char *s, size_t n)
{
	size_t i = 0;

	for (; s[i]; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80 && n-- == 0)
			break;
	return i;
}

void cells_cut(struct buf *b, const char *s, size_t width)
{
	if (width && s[first_runes(s, width)]) {
		buf_add(b, s, first_runes(s, width - 1));
		buf_puts(b, "\u2026");
	} else {
		buf_puts(b, s);
	}
}

void cells_quoted(struct buf *b, const char *s, size_t width)
{
	static const char letters[] = "abtnvfr"; /* of 7 to 13 */
	cleanup(buf_done) struct buf cut = BUF_INIT((size_t)1 << 24);

	cells_cut(&cut, s, width);
	buf_putc(b, '"');
	for (const char *t = cut.data ? cut.data : ""; *t; t++) {
		if (*t == '"' || *t == '\\')
			buf_printf(b, "\\%c", *t);
		else if (*t == '\a' || (*t >= '\b' && *t <= '\r'))
			buf_printf(b, "\\%c", letters[*t - '\a']);
		else if ((unsigned char)*t < 0x20 || *t == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)*t);
		else
			buf_putc(b, *t);
	}
	buf_putc(b, '"');
}

void cells_time(struct buf *b, int64_t ns)
{
	time_t seconds = ns / NS_PER_SEC;
	char text[64];
	struct tm tm;

	if (ns == 0 || !localtime_r(&seconds, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z %Z", &tm))
		buf_puts(b, "N/A");
	else
		buf_puts(b, text);
}

void cells_ago(struct buf *b, int64_t now, int64_t ns)
{
	char text[UNITS_TEXT_MAX];

	if (ns == 0) {
		buf_puts(b, "N/A");
		return;
	}
	units_format_human(now - ns, text);
	buf_printf(b, "%s ago", text);
}

void cells_size(struct buf *b, int64_t bytes)
{
	char text[UNITS_TEXT_MAX];

	units_format_size(bytes, 3, text);
	buf_puts(b, text);
}

static int by_key(const void *a, const void *b)
{
	return strcmp((*(const struct json_pair *const *)a)->key,
		      (*(const struct json_pair *const *)b)->key);
}

void cells_map(struct buf *b, const struct json_map *m)
{
	cleanup_free const struct json_pair **sorted = calloc(m->n + 1, sizeof(struct json_pair *));

	if (!sorted) {
		b->failed = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < m->n; i++)
		sorted[i] = &m->items[i];
	qsort(sorted, m->n, sizeof(struct json_pair *), by_key);
	for (size_t i = 0; i < m->n; i++)
		buf_printf(b, "%s%s=%s", i ? "," : "", sorted[i]->key, sorted[i]->value);
}

void cells_json_map(struct buf *b, const json_t *m)
{
	cleanup_free struct json_pair *items = calloc(json_object_size(m) + 1, sizeof(*items));
	struct json_map map = {.items = items};
	const char *key;
	json_t *value;

	if (!items) {
		b->failed = -ENOMEM;
		return;
	}
	json_object_foreach ((json_t *)(uintptr_t)m, key, value) {
		const char *text = json_string_value(value);

		items[map.n].key = (char *)(uintptr_t)key;
		items[map.n++].value = (char *)(uintptr_t)(text ? text : "");
	}
	cells_map(b, &map);
}
