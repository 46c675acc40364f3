// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"
#include "spec/template-tree.h"

#define PAD_MAX   4096
#define VALUE_MAX ((size_t)16 << 20)

bool template_truth(const json_t *j)
{
	if (!j)
		return false;
	switch (json_typeof(j)) {
	case JSON_NULL:
	case JSON_FALSE:
		return false;
	case JSON_TRUE:
		break;
	case JSON_INTEGER:
		return json_integer_value(j) != 0;
	case JSON_REAL:
		return json_real_value(j) != 0;
	case JSON_STRING:
		return json_string_length(j) > 0;
	case JSON_ARRAY:
		return json_array_size(j) > 0;
	case JSON_OBJECT:
		return json_object_size(j) > 0;
	}
	return true;
}

static struct buf value_buf(void)
{
	struct buf b = BUF_INIT(VALUE_MAX);

	buf_puts(&b, "");
	return b;
}

/* A string made of the buffer; NULL sets the error. */
static int give_text(struct template_run *run, struct buf *b, json_t **ret)
{
	int r = buf_check(b, run->err);

	if (r < 0)
		return r;
	*ret = template_own(run, json_stringn_nocheck(b->data, b->len));
	return *ret ? 0 : err_oom(run->err);
}

static int give(struct template_run *run, json_t *j, json_t **ret)
{
	*ret = template_own(run, j);
	return *ret ? 0 : err_oom(run->err);
}

static int wrong_args(struct template_run *run, const char *name, const char *want, size_t got)
{
	return err_set(run->err, ERR_INVALID, "wrong number of args for %s: want %s got %zu", name,
		       want, got);
}

static int bad_call(struct template_run *run, const char *name, const char *why)
{
	return err_set(run->err, ERR_INVALID, "error calling %s: %s", name, why);
}

static const char *type_name(const json_t *j)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "map[string]interface {}",
		[JSON_ARRAY] = "[]interface {}",
		[JSON_STRING] = "string",
		[JSON_INTEGER] = "int",
		[JSON_REAL] = "float64",
		[JSON_TRUE] = "bool",
		[JSON_FALSE] = "bool",
		[JSON_NULL] = "<nil>",
	};

	return j ? names[json_typeof(j)] : "<nil>";
}

/* ---- functions; args[n] are never checked for number here unless the row allows several ---- */

typedef int function(struct template_run *run, const char *name, json_t **args, size_t n,
		     json_t **ret);

static int want_string(struct template_run *run, const char *name, const json_t *j)
{
	if (json_is_string(j))
		return 0;
	return err_set(run->err, ERR_INVALID,
		       "wrong type for value; expected string; got %s (calling %s)", type_name(j),
		       name);
}

static int f_json(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	cleanup(json_unref) json_t *copy = NULL;
	json_t *j = args[0];
	const char *key;
	void *next;
	json_t *value;
	int r;

	(void)name;
	(void)n;
	if (!j) {
		buf_puts(&b, "null");
		return give_text(run, &b, ret);
	}
	if (j == run->root && run->flags & TEMPLATE_ROW) {
		/* Docker's rows are marshalled as a map: sorted, and without what needs an
		 * argument. */
		char *text;

		copy = json_copy(j);
		json_object_foreach_safe (copy, next, key, value)
			if (json_is_object(value))
				(void)json_object_del(copy, key);
		text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
		if (!text)
			return err_oom(run->err);
		buf_puts(&b, text);
		free(text);
		return give_text(run, &b, ret);
	}
	r = json_write(&b, j, 0, run->err);
	return r < 0 ? r : give_text(run, &b, ret);
}

static int f_join(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	json_t *item;
	size_t i;
	int r;

	(void)n;
	r = want_string(run, name, args[1]);
	if (r < 0)
		return r;
	if (args[0] && !json_is_null(args[0]) && !json_is_array(args[0]))
		return err_set(run->err, ERR_INVALID,
			       "wrong type for value; expected []string; got %s (calling %s)",
			       type_name(args[0]), name);
	json_array_foreach (args[0], i, item) {
		if (i)
			buf_add(&b, json_string_value(args[1]), json_string_length(args[1]));
		template_print(&b, item, true);
	}
	return give_text(run, &b, ret);
}

static int f_split(struct template_run *run, const char *name, json_t **args, size_t n,
		   json_t **ret)
{
	json_t *list = template_own(run, json_array());
	const char *s, *sep, *at;
	int r = want_string(run, name, args[0]);

	(void)n;
	r = r < 0 ? r : want_string(run, name, args[1]);
	if (r < 0)
		return r;
	s = json_string_value(args[0]);
	sep = json_string_value(args[1]);
	while (list && (at = *sep ? strstr(s, sep) : NULL)) {
		if (json_array_append_new(list, json_stringn_nocheck(s, (size_t)(at - s))) < 0)
			list = NULL;
		s = at + strlen(sep);
	}
	/* An empty separator splits at every byte that begins a character. */
	while (list && !*sep && s[0] && s[1]) {
		size_t len = 1;

		while ((s[len] & 0xc0) == 0x80)
			len++;
		if (!s[len])
			break;
		if (json_array_append_new(list, json_stringn_nocheck(s, len)) < 0)
			list = NULL;
		s += len;
	}
	if (!list || json_array_append_new(list, json_string_nocheck(s)) < 0)
		return err_oom(run->err);
	*ret = list;
	return 0;
}

static int f_case(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	bool start = true;
	int r = want_string(run, name, args[0]);

	(void)n;
	if (r < 0)
		return r;
	for (const char *s = json_string_value(args[0]); *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (name[0] == 'l')
			c = (unsigned char)tolower(c);
		else if (name[0] == 'u' || start)
			c = (unsigned char)toupper(c);
		start = !isalnum(c) && c < 0x80 && c != '_' && c != '\'';
		buf_putc(&b, (char)c);
	}
	return give_text(run, &b, ret);
}

static int f_truncate(struct template_run *run, const char *name, json_t **args, size_t n,
		      json_t **ret)
{
	size_t len, max;
	int r = want_string(run, name, args[0]);

	(void)n;
	if (r < 0)
		return r;
	if (!json_is_integer(args[1]) || json_integer_value(args[1]) < 0)
		return bad_call(run, name, "expected a length");
	len = json_string_length(args[0]);
	max = (size_t)json_integer_value(args[1]);
	if (len <= max)
		*ret = args[0];
	else
		return give(run, json_stringn_nocheck(json_string_value(args[0]), max), ret);
	return 0;
}

static int f_pad(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	json_int_t before, after;
	int r = want_string(run, name, args[0]);

	(void)n;
	if (r < 0)
		return r;
	before = json_integer_value(args[1]);
	after = json_integer_value(args[2]);
	if (!json_is_integer(args[1]) || !json_is_integer(args[2]) || before < 0 || after < 0 ||
	    before > PAD_MAX || after > PAD_MAX)
		return bad_call(run, name, "expected two paddings of up to 4096");
	if (json_string_length(args[0]) == 0)
		before = after = 0;
	buf_printf(&b, "%*s%s%*s", (int)before, "", json_string_value(args[0]), (int)after, "");
	return give_text(run, &b, ret);
}

/* In the titles of a table the functions that shape a value leave the title alone. */
static int f_same(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	(void)run;
	(void)name;
	(void)n;
	*ret = args[0];
	return 0;
}

static int f_print(struct template_run *run, const char *name, json_t **args, size_t n,
		   json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	bool line = strcmp(name, "println") == 0;

	for (size_t i = 0; i < n; i++) {
		/* Go's Print puts spaces between operands when neither is a string. */
		if (i && (line || (!json_is_string(args[i]) && !json_is_string(args[i - 1]))))
			buf_putc(&b, ' ');
		template_print(&b, args[i], true);
	}
	if (line)
		buf_putc(&b, '\n');
	return give_text(run, &b, ret);
}

static int f_printf(struct template_run *run, const char *name, json_t **args, size_t n,
		    json_t **ret)
{
	cleanup(buf_done) struct buf b = value_buf();
	int r = want_string(run, name, args[0]);

	if (r < 0)
		return r;
	template_printf(&b, json_string_value(args[0]), args + 1, n - 1);
	return give_text(run, &b, ret);
}

static int f_len(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	size_t len;

	(void)n;
	if (json_is_string(args[0]))
		len = json_string_length(args[0]);
	else if (json_is_array(args[0]))
		len = json_array_size(args[0]);
	else if (json_is_object(args[0]))
		len = json_object_size(args[0]);
	else if (!args[0] || json_is_null(args[0]))
		return bad_call(run, name, "len of nil pointer");
	else
		return err_set(run->err, ERR_INVALID, "error calling len: len of type %s",
			       type_name(args[0]));
	return give(run, json_integer((json_int_t)len), ret);
}

/* A key that a map of strings lacks gives "", as Go's zero value is. */
static json_t *missing_key(struct template_run *run, const json_t *map)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)map, key, value)
		if (!json_is_string(value))
			return NULL;
	return template_own(run, json_string(""));
}

static int index_one(struct template_run *run, const char *name, json_t *key, json_t **at)
{
	json_t *from = *at;
	json_int_t i;

	if (!from || json_is_null(from))
		return bad_call(run, name, "index of untyped nil");
	if (json_is_object(from)) {
		if (!json_is_string(key))
			return bad_call(run, name, "value has wrong type; should be string");
		*at = json_object_get(from, json_string_value(key)) ?: missing_key(run, from);
		return 0;
	}
	if (!json_is_array(from) && !json_is_string(from))
		return err_set(run->err, ERR_INVALID,
			       "error calling %s: can't index item of type %s", name,
			       type_name(from));
	if (!json_is_integer(key))
		return err_set(run->err, ERR_INVALID,
			       "error calling %s: cannot index slice/array with type %s", name,
			       type_name(key));
	i = json_integer_value(key);
	if (i < 0 ||
	    (size_t)i >= (json_is_array(from) ? json_array_size(from) : json_string_length(from)))
		return err_set(run->err, ERR_INVALID, "error calling %s: index out of range: %lld",
			       name, (long long)i);
	if (json_is_array(from)) {
		*at = json_array_get(from, (size_t)i);
		return 0;
	}
	return give(run, json_integer((unsigned char)json_string_value(from)[i]), at);
}

static int f_index(struct template_run *run, const char *name, json_t **args, size_t n,
		   json_t **ret)
{
	json_t *at = args[0];

	for (size_t i = 1; i < n; i++) {
		int r = index_one(run, name, args[i], &at);

		if (r < 0)
			return r;
	}
	*ret = at;
	return 0;
}

static int f_slice(struct template_run *run, const char *name, json_t **args, size_t n,
		   json_t **ret)
{
	bool text = json_is_string(args[0]);
	json_int_t len, from = 0, to;
	json_t *list;

	if (!text && !json_is_array(args[0]))
		return err_set(run->err, ERR_INVALID,
			       "error calling slice: can't slice item of type %s",
			       type_name(args[0]));
	len = (json_int_t)(text ? json_string_length(args[0]) : json_array_size(args[0]));
	to = len;
	for (size_t i = 1; i < n; i++) {
		if (!json_is_integer(args[i]))
			return bad_call(run, name, "cannot index slice/array with this type");
		*(i == 1 ? &from : &to) = json_integer_value(args[i]);
	}
	if (from < 0 || to < from || to > len)
		return err_set(run->err, ERR_INVALID,
			       "error calling slice: index out of range: %lld",
			       (long long)(from < 0 || from > len ? from : to));
	if (text)
		return give(run,
			    json_stringn_nocheck(json_string_value(args[0]) + from,
						 (size_t)(to - from)),
			    ret);
	list = template_own(run, json_array());
	for (json_int_t i = from; list && i < to; i++)
		if (json_array_append(list, json_array_get(args[0], (size_t)i)) < 0)
			return err_oom(run->err);
	*ret = list;
	return list ? 0 : err_oom(run->err);
}

static int f_not(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	(void)name;
	(void)n;
	return give(run, json_boolean(!template_truth(args[0])), ret);
}

/* <0, 0, >0; 2 when the two cannot be compared. */
static int compare(const json_t *a, const json_t *b)
{
	double x, y;

	if (json_is_string(a) && json_is_string(b)) {
		int c = strcmp(json_string_value(a), json_string_value(b));

		return (c > 0) - (c < 0);
	}
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t i = json_integer_value(a), j = json_integer_value(b);

		return (i > j) - (i < j);
	}
	if (!json_is_number(a) || !json_is_number(b))
		return 2;
	x = json_number_value(a);
	y = json_number_value(b);
	return (x > y) - (x < y);
}

static int equal(struct template_run *run, const char *name, const json_t *a, const json_t *b,
		 bool *ret)
{
	bool no_a = !a || json_is_null(a), no_b = !b || json_is_null(b);
	int c;

	*ret = false;
	if (no_a || no_b) {
		*ret = no_a && no_b;
		return 0;
	}
	if (json_is_boolean(a) && json_is_boolean(b)) {
		*ret = json_is_true(a) == json_is_true(b);
		return 0;
	}
	if (json_is_array(a) || json_is_object(a) || json_is_array(b) || json_is_object(b))
		return bad_call(run, name, "non-comparable type");
	c = compare(a, b);
	if (c == 2)
		return bad_call(run, name, "incompatible types for comparison");
	*ret = c == 0;
	return 0;
}

static int f_eq(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	bool yes = false;

	for (size_t i = 1; i < n && !yes; i++) {
		int r = equal(run, name, args[0], args[i], &yes);

		if (r < 0)
			return r;
	}
	return give(run, json_boolean(yes == (name[0] == 'e')), ret);
}

static int f_order(struct template_run *run, const char *name, json_t **args, size_t n,
		   json_t **ret)
{
	int c = compare(args[0], args[1]);

	(void)n;
	if (c == 2)
		return bad_call(run, name, "incompatible types for comparison");
	if (name[0] == 'g')
		c = -c;
	return give(run, json_boolean(c < 0 || (c == 0 && name[1] == 'e')), ret);
}

#define MANY 1000

static const struct row {
	const char *name;
	function *fn;
	size_t min, max;
	const char *want;
	bool shapes; /* gives its argument back in a header */
} rows[] = {
	{"and", NULL, 1, MANY, "at least 1", false},
	{"eq", f_eq, 2, MANY, "at least 2", false},
	{"ge", f_order, 2, 2, "2", false},
	{"gt", f_order, 2, 2, "2", false},
	{"index", f_index, 1, MANY, "at least 1", false},
	{"join", f_join, 2, 2, "2", true},
	{"json", f_json, 1, 1, "1", true},
	{"le", f_order, 2, 2, "2", false},
	{"len", f_len, 1, 1, "1", false},
	{"lower", f_case, 1, 1, "1", true},
	{"lt", f_order, 2, 2, "2", false},
	{"ne", f_eq, 2, 2, "2", false},
	{"not", f_not, 1, 1, "1", false},
	{"or", NULL, 1, MANY, "at least 1", false},
	{"pad", f_pad, 3, 3, "3", false},
	{"print", f_print, 0, MANY, "any", false},
	{"printf", f_printf, 1, MANY, "at least 1", false},
	{"println", f_print, 0, MANY, "any", false},
	{"slice", f_slice, 1, 3, "1 to 3", true},
	{"split", f_split, 2, 2, "2", true},
	{"title", f_case, 1, 1, "1", true},
	{"truncate", f_truncate, 2, 2, "2", true},
	{"upper", f_case, 1, 1, "1", true},
};

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool template_is_function(const char *name)
{
	return find(name) != NULL;
}

int template_call(struct template_run *run, const char *name, json_t **args, size_t n, json_t **ret)
{
	const struct row *row = find(name);

	if (!row || !row->fn)
		return bad_call(run, name, "not a function");
	if (n < row->min || n > row->max)
		return wrong_args(run, name, row->want, n);
	if (row->shapes && run->flags & TEMPLATE_HEADER)
		return f_same(run, name, args, n, ret);
	return row->fn(run, name, args, n, ret);
}
