// SPDX-License-Identifier: Apache-2.0
#include "cli/format.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "command/table.h"
#include "spec/template.h"

/* \t and \n as a shell passes them in single quotes. */
static char *unescape(struct arena *a, const char *s)
{
	char *out = arena_strdup(a, s), *to = out;

	for (const char *from = out; out && *from; from++) {
		bool special = from[0] == '\\' && (from[1] == 't' || from[1] == 'n');

		*to++ = special ? (from[1] == 't' ? '\t' : '\n') : *from;
		from += special;
	}
	if (out)
		*to = 0;
	return out;
}

static bool is_table(const char *format)
{
	return str_empty(format) || str_eq(format, "table") || str_after(format, "table ") != NULL;
}

static size_t field_index(const struct format_list *list, const char *name, size_t len)
{
	size_t i = 0;

	while (list->fields[i].name &&
	       (strncmp(list->fields[i].name, name, len) != 0 || list->fields[i].name[len]))
		i++;
	return i;
}

bool format_wants(const struct format_list *list, const char *format, const char *field)
{
	const char *in = str_empty(format) || str_eq(format, "table") ? list->columns : format;
	size_t len = strlen(field);

	for (const char *s = in; (s = strstr(s, field)); s++)
		if ((s == in || strchr(" .", s[-1])) &&
		    !strchr("abcdefghijklmnopqrstuvwxyz", s[len]))
			return true;
	return false;
}

/* Tabs and newlines inside a cell would break the table. */
static void put_cell(struct buf *b, const struct format_list *list, size_t field, const void *row,
		     const void *context)
{
	size_t before = b->len;

	list->put(b, field, row, context);
	for (size_t i = before; b->data && i < b->len; i++)
		if (b->data[i] == '\t' || b->data[i] == '\n')
			b->data[i] = ' ';
}

static void default_row(struct buf *b, const struct format_list *list, const void *row,
			const void *context)
{
	for (const char *s = list->columns; *s;) {
		size_t len = strcspn(s, " "), field = field_index(list, s, len);

		if (row)
			put_cell(b, list, field, row, context);
		else
			buf_puts(b, list->fields[field].header);
		s += len;
		buf_putc(b, *s ? '\t' : '\n');
		s += *s == ' ';
	}
}

/* A row as a JSON object of strings, of those fields that the template uses (NULL: of all). row
 * NULL: the headers. */
static json_t *row_object(const struct format_list *list, const struct template *t, const void *row,
			  const void *context)
{
	cleanup(buf_done) struct buf text = BUF_INIT(FORMAT_MAX);
	json_t *j = json_object();

	for (size_t i = 0; j && list->fields[i].name; i++) {
		buf_reset(&text);
		if (row)
			list->put(&text, i, row, context);
		else
			buf_puts(&text, list->fields[i].header);
		(void)json_object_set_new(j, list->fields[i].name,
					  json_stringn(text.data ? text.data : "", text.len));
	}
	if (j && t && row && list->labels && template_uses(t, "Label"))
		(void)json_object_set_new(j, "Label", list->labels(row, context));
	return j;
}

struct rows {
	const struct format_list *list;
	const char *rows;
	size_t n, size;
	const void *context;
};

static int template_rows(struct command_line *c, const struct rows *r, const char *text,
			 bool header, struct buf *out, struct err *err)
{
	struct template *t = NULL;
	char *plain = unescape(c->arena, text);
	int ret = plain ? template_parse(c->arena, plain, &t, err) : err_oom(err);

	for (size_t i = header ? 0 : 1; ret == 0 && i <= r->n; i++) {
		const void *row = i ? r->rows + (i - 1) * r->size : NULL;
		cleanup(json_unref) json_t *j = row_object(r->list, t, row, r->context);

		ret = j ? template_execute(t, j, row ? TEMPLATE_ROW : TEMPLATE_HEADER,
					   r->list->type, out, err)
			: err_oom(err);
		buf_putc(out, '\n');
	}
	return ret;
}

static int json_rows(const struct rows *r, struct buf *out, struct err *err)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < r->n; i++) {
		cleanup(json_unref) json_t *j =
			row_object(r->list, NULL, r->rows + i * r->size, r->context);

		ret = j ? json_write(out, j, 0, err) : err_oom(err);
		buf_putc(out, '\n');
	}
	return ret;
}

static void table_rows(const struct rows *r, struct buf *out)
{
	default_row(out, r->list, NULL, NULL);
	for (size_t i = 0; i < r->n; i++)
		default_row(out, r->list, r->rows + i * r->size, r->context);
}

static int print(const struct buf *b, struct err *err)
{
	int r = buf_check(b, err);

	if (r == 0 && b->len)
		(void)fwrite(b->data, 1, b->len, stdout);
	return r;
}

int format_rows(struct command_line *c, const struct format_list *list, const char *format,
		bool quiet, const void *rows, size_t n, size_t row_size, const void *context,
		struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT(FORMAT_MAX), aligned = BUF_INIT(FORMAT_MAX);
	const struct rows all = {list, rows, n, row_size, context};
	const char *custom = format ? str_after(format, "table ") : NULL;
	int r = 0;

	if (quiet) {
		size_t field = field_index(list, list->quiet, strlen(list->quiet));

		for (size_t i = 0; i < n; i++) {
			list->put(&text, field, all.rows + i * row_size, context);
			buf_putc(&text, '\n');
		}
		return print(&text, err);
	}
	if (custom)
		r = template_rows(c, &all, custom, true, &text, err);
	else if (is_table(format))
		table_rows(&all, &text);
	else if (str_eq(format, "json"))
		r = json_rows(&all, &text, err);
	else
		r = template_rows(c, &all, format, false, &text, err);
	if (r == 0)
		r = buf_check(&text, err);
	if (r < 0 || !is_table(format))
		return r < 0 ? r : print(&text, err);
	table_align(&aligned, text.data, text.len, TABLE_LEAST);
	return print(&aligned, err);
}

static void names_free_keys(const char *chain, void *data)
{
	static const char *const free_form[] = {"Labels.", "Annotations.", "Options.", "Sysctls."};

	for (size_t i = 0; i < ARRAY_SIZE(free_form); i++)
		if (strstr(chain, free_form[i]))
			*(bool *)data = true;
}

/* A member that does not exist is an error, as it is for Docker's typed documents; a key that a map
 * of the user's does not have is "<no value>". */
static int execute(const struct template *t, json_t *doc, struct buf *out, struct err *err)
{
	size_t before = out->len;
	bool lenient = false;
	int r = template_execute(t, doc, TEMPLATE_MISSING, NULL, out, err);

	if (r == 0)
		return 0;
	template_each_field(t, names_free_keys, &lenient);
	if (lenient) {
		out->len = before;
		r = template_execute(t, doc, 0, NULL, out, err);
	}
	return r;
}

int format_document(struct command_line *c, const char *format, json_t *doc, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT(FORMAT_MAX);
	struct template *t = NULL;
	char *plain;
	int r;

	if (str_eq(format, "json")) {
		r = json_write(&out, doc, 0, err);
	} else {
		plain = unescape(c->arena, format);
		r = plain ? template_parse(c->arena, plain, &t, err) : err_oom(err);
		if (r == 0)
			r = execute(t, doc, &out, err);
	}
	buf_putc(&out, '\n');
	return r < 0 ? r : print(&out, err);
}

int format_documents(struct command_line *c, const char *format, json_t *array, struct err *err)
{
	cleanup(buf_done) struct buf out = BUF_INIT(FORMAT_MAX);
	int r = 0;

	if (!str_empty(format)) {
		for (size_t i = 0; r == 0 && i < json_array_size(array); i++)
			r = format_document(c, format, json_array_get(array, i), err);
		return r;
	}
	r = json_write(&out, array, 4, err);
	buf_putc(&out, '\n');
	return r < 0 ? r : print(&out, err);
}
