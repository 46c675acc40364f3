// SPDX-License-Identifier: Apache-2.0
/*
 * format - lists and documents as --format says: a table, lines of JSON, or a Go template.
 *
 * A kind of list is a table of fields with their column headers, the columns shown by default, and
 * one function that writes a field of a row as text. Only the fields that are asked for are made.
 *
 *   enum { F_ID, F_NAME };
 *   static const struct format_field fields[] = {[F_ID] = {"ID", "VOLUME ID"}, [F_NAME] = …, {}};
 *   static const struct format_list list = {.fields = fields, .columns = "ID Name", .quiet =
 * "Name", .put = put, .label = label}; r = format_rows(c, &list, o->format, o->quiet, rows, n,
 * sizeof(rows[0]), &context, err);
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "command/command.h"

#define FORMAT_MAX ((size_t)256 << 20)

struct format_field {
	const char *name, *header;
};

struct format_list {
	const struct format_field
		*fields;     /* in the order of an enum; JSON is written in this order */
	const char *columns; /* of the default table, separated by spaces */
	const char *quiet;   /* the field that -q prints */
	void (*put)(struct buf *b, size_t field, const void *row, const void *context);
	const char *type; /* what messages about templates call a row, as Docker's do */
	/* The labels of a row, a new reference, for {{.Label "KEY"}}; NULL: such rows have none. */
	json_t *(*labels)(const void *row, const void *context);
};

/* Prints on stdout. format NULL or "": the table. */
int format_rows(struct command_line *c, const struct format_list *list, const char *format,
		bool quiet, const void *rows, size_t n, size_t row_size, const void *context,
		struct err *err);
/* Does the template or table need this field? So that what is dear is made only then. */
bool format_wants(const struct format_list *list, const char *format, const char *field);

/* inspect: documents as one indented array, or each through a template. */
int format_documents(struct command_line *c, const char *format, json_t *array, struct err *err);
/* version and info: one document through a template or as JSON. */
int format_document(struct command_line *c, const char *format, json_t *doc, struct err *err);
