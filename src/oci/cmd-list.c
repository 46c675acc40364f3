// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/str.h"
#include "command/table.h"
#include "oci/record.h"

#define LIST_MAX ((size_t)64 << 20)
#define LEAST    12 /* runc's column width */

struct list_options {
	char *format;
	bool quiet;
};

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_record(const struct dirent *e)
{
	return e->d_type == DT_DIR && e->d_name[0] != '@' && !str_eq(e->d_name, ".") &&
	       !str_eq(e->d_name, "..");
}

static int add(struct command_line *c, const char *id, json_t *list, struct err *err)
{
	cleanup(record_done) struct record rec = RECORD_INIT;
	struct err one = ERR_INIT;
	json_t *j;

	if (record_open(c, id, &rec, &one) < 0) {
		/* Deleted, or never finished: not there. */
		if (one.kind != ERR_NOT_FOUND)
			oci_log(c, "warning", "load container %s: %s", id, one.msg);
		return 0;
	}
	j = record_json(&rec);
	return j && json_array_append_new(list, j) == 0 ? 0 : err_oom(err);
}

static int collect(struct command_line *c, json_t *list, struct err *err)
{
	cleanup_fd int root = record_root_open(c, err);
	struct dirent **names = NULL;
	int n, r = 0;

	if (root < 0)
		return root;
	n = scandirat(root, ".", &names, is_record, by_name);
	if (n < 0)
		return err_sys(err, errno, "list containers");
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = add(c, names[i]->d_name, list, err);
		free(names[i]);
	}
	free(names);
	return r;
}

static const char *text(json_t *j, const char *key)
{
	return json_string_value(json_object_get(j, key)) ?: "";
}

static int print_table(json_t *list, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(LIST_MAX), out = BUF_INIT(LIST_MAX);
	json_t *j;
	size_t i;
	int r;

	buf_puts(&b, "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
	json_array_foreach (list, i, j)
		buf_printf(&b, "%s\t%lld\t%s\t%s\t%s\t%s\n", text(j, "id"),
			   (long long)json_integer_value(json_object_get(j, "pid")),
			   text(j, "status"), text(j, "bundle"), text(j, "created"),
			   text(j, "owner"));
	r = buf_check(&b, err);
	if (r == 0) {
		table_align(&out, b.data, b.len, LEAST);
		r = buf_check(&out, err);
	}
	if (r == 0)
		(void)fputs(out.data, stdout);
	return r;
}

static int run_list(struct command_line *c, struct err *err)
{
	cleanup(json_unref) json_t *list = json_array();
	const struct list_options *o = c->options;
	json_t *j;
	size_t i;
	int r = list ? collect(c, list, err) : err_oom(err);

	if (r < 0)
		return r;
	if (o->quiet) {
		json_array_foreach (list, i, j)
			puts(text(j, "id"));
		return 0;
	}
	if (str_eq(o->format, "table"))
		return print_table(list, err);
	if (!str_eq(o->format, "json"))
		return err_set(err, ERR_INVALID, "invalid format option");
	/* As runc: the null of a Go slice that was never made. */
	if (json_array_size(list) == 0) {
		puts("null");
		return 0;
	}
	return oci_print(list, 0, err);
}

#define FLAG(...) FLAG_OF(list_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(format, "format", 'f', FLAG_STRING, "Output as a table or as JSON", .def = "table",
	     .choices = "table|json"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL, "Only print ids"),
	{},
};
#undef FLAG

const struct command cmd_list = {
	.paths = "list",
	.usage = "[OPTIONS]",
	.summary = "List the containers below the root folder",
	.flags = flags,
	.options_size = sizeof(struct list_options),
	.run = run_list,
};
