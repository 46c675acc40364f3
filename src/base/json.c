// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/json-plain.h"
#include "base/str.h"

#define DEPTH_MAX 128

/* Where we are in the document, for messages: a chain on the stack, written out only on failure. */
struct where {
	const struct where *up;
	const char *name; /* member name, or NULL for an index */
	size_t index;
};

struct decoder {
	struct arena *arena;
	const char *what;
	struct err *err;
};

static void path_write(struct buf *b, const struct where *w)
{
	if (!w)
		return;
	path_write(b, w->up);
	if (w->name)
		buf_printf(b, "%s%s", b->len ? "." : "", w->name);
	else
		buf_printf(b, "[%zu]", w->index);
}

static int bad(struct decoder *d, const struct where *w, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int bad(struct decoder *d, const struct where *w, const char *fmt, ...)
{
	cleanup(buf_done) struct buf path = BUF_INIT(512);
	char why[256];
	va_list ap;

	path_write(&path, w);
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(d->err, ERR_INVALID, "%s: %s%s%s", d->what, path.len ? path.data : "",
		       path.len ? ": " : "", why);
}

static const char *type_name(const json_t *j)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "object",   [JSON_ARRAY] = "array", [JSON_STRING] = "string",
		[JSON_INTEGER] = "integer", [JSON_REAL] = "number", [JSON_TRUE] = "boolean",
		[JSON_FALSE] = "boolean",   [JSON_NULL] = "null",
	};

	return names[json_typeof(j)];
}

static int wrong(struct decoder *d, const struct where *w, const char *want, const json_t *j)
{
	return bad(d, w, "expected %s, got %s", want, type_name(j));
}

static int get_string(struct decoder *d, const struct where *w, json_t *j, char **ret)
{
	if (!json_is_string(j))
		return wrong(d, w, "string", j);
	/* An embedded NUL would make C see another string than the document says. */
	if (strlen(json_string_value(j)) != json_string_length(j))
		return bad(d, w, "string contains a NUL character");
	*ret = arena_strdup(d->arena, json_string_value(j));
	return *ret ? 0 : err_oom(d->err);
}

static int get_i64(struct decoder *d, const struct where *w, json_t *j, int64_t *ret)
{
	double real;

	if (json_is_integer(j)) {
		*ret = json_integer_value(j);
		return 0;
	}
	if (!json_is_real(j))
		return wrong(d, w, "integer", j);
	real = json_real_value(j);
	if (real != floor(real) || fabs(real) >= 0x1p63)
		return bad(d, w, "not an integer in range");
	*ret = (int64_t)real;
	return 0;
}

static int get_u64(struct decoder *d, const struct where *w, json_t *j, uint64_t *ret)
{
	double real;

	if (json_is_integer(j)) {
		if (json_integer_value(j) < 0)
			return bad(d, w, "expected a number that is not negative");
		*ret = (uint64_t)json_integer_value(j);
		return 0;
	}
	if (!json_is_real(j))
		return wrong(d, w, "integer", j);
	/* widen() made reals of what does not fit int64. */
	real = json_real_value(j);
	if (real < 0 || real != floor(real) || real > 0x1p64)
		return bad(d, w, "not an integer in range");
	*ret = real >= 0x1p64 ? UINT64_MAX : (uint64_t)real;
	return 0;
}

static int get_strv(struct decoder *d, const struct where *w, json_t *j, char ***ret)
{
	size_t n = json_array_size(j);
	char **v;

	if (!json_is_array(j))
		return wrong(d, w, "array of strings", j);
	v = arena_calloc(d->arena, n + 1, sizeof(*v));
	if (!v)
		return err_oom(d->err);
	for (size_t i = 0; i < n; i++) {
		struct where at = {.up = w, .index = i};
		int r = get_string(d, &at, json_array_get(j, i), &v[i]);

		if (r < 0)
			return r;
	}
	*ret = v;
	return 0;
}

static int get_words(struct decoder *d, const struct where *w, json_t *j, char ***ret)
{
	char **v;
	int r;

	if (!json_is_string(j))
		return get_strv(d, w, j, ret);
	v = arena_calloc(d->arena, 2, sizeof(*v));
	if (!v)
		return err_oom(d->err);
	r = get_string(d, w, j, &v[0]);
	if (r == 0)
		*ret = v;
	return r;
}

static int get_keys(struct decoder *d, const struct where *w, json_t *j, char ***ret)
{
	const char *key;
	json_t *value;
	size_t i = 0;
	char **v;

	if (!json_is_object(j))
		return wrong(d, w, "object", j);
	v = arena_calloc(d->arena, json_object_size(j) + 1, sizeof(*v));
	if (!v)
		return err_oom(d->err);
	json_object_foreach (j, key, value) {
		v[i] = arena_strdup(d->arena, key);
		if (!v[i++])
			return err_oom(d->err);
	}
	*ret = v;
	return 0;
}

static int get_map(struct decoder *d, const struct where *w, json_t *j, struct json_map *ret)
{
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(j))
		return wrong(d, w, "object of strings", j);
	ret->items = arena_calloc(d->arena, json_object_size(j), sizeof(*ret->items));
	if (!ret->items)
		return err_oom(d->err);
	ret->n = 0;
	json_object_foreach (j, key, value) {
		struct where at = {.up = w, .name = key};
		struct json_pair *p = &ret->items[ret->n];

		p->key = arena_strdup(d->arena, key);
		if (!p->key)
			return err_oom(d->err);
		r = get_string(d, &at, value, &p->value);
		if (r < 0)
			return r;
		ret->n++;
	}
	return 0;
}

static int get_object(struct decoder *d, const struct where *w, json_t *j,
		      const struct json_object *object, void *out);

static size_t list_room(size_t n)
{
	size_t room = 1;

	while (room < n)
		room *= 2;
	return room;
}

static int get_list(struct decoder *d, const struct where *w, json_t *j,
		    const struct json_object *object, struct json_list *ret)
{
	size_t n = json_array_size(j);
	int r;

	if (!json_is_array(j))
		return wrong(d, w, "array", j);
	/* A full power of two, which is what json_list_add() goes by. */
	ret->items = arena_calloc(d->arena, list_room(n), object->size);
	if (!ret->items)
		return err_oom(d->err);
	for (size_t i = 0; i < n; i++) {
		struct where at = {.up = w, .index = i};

		r = get_object(d, &at, json_array_get(j, i), object,
			       (char *)ret->items + i * object->size);
		if (r < 0)
			return r;
	}
	ret->n = n;
	return 0;
}

static int get_i64_list(struct decoder *d, const struct where *w, json_t *j, struct json_list *ret)
{
	size_t n = json_array_size(j);
	int r;

	if (!json_is_array(j))
		return wrong(d, w, "array of integers", j);
	ret->items = arena_calloc(d->arena, list_room(n), sizeof(int64_t));
	if (!ret->items)
		return err_oom(d->err);
	for (size_t i = 0; i < n; i++) {
		struct where at = {.up = w, .index = i};

		r = get_i64(d, &at, json_array_get(j, i), JSON_AT(int64_t, ret, i));
		if (r < 0)
			return r;
	}
	ret->n = n;
	return 0;
}

static int get_flag(struct decoder *d, const struct where *w, json_t *j, bool *ret)
{
	if (!json_is_boolean(j))
		return wrong(d, w, "boolean", j);
	*ret = json_is_true(j);
	return 0;
}

static int get_f64(struct decoder *d, const struct where *w, json_t *j, double *ret)
{
	if (!json_is_number(j))
		return wrong(d, w, "number", j);
	*ret = json_number_value(j);
	return 0;
}

static int get_subp(struct decoder *d, const struct where *w, json_t *j,
		    const struct json_object *object, void **ret)
{
	void *sub = arena_alloc(d->arena, object->size);
	int r;

	if (!sub)
		return err_oom(d->err);
	r = get_object(d, w, j, object, sub);
	if (r == 0)
		*ret = sub;
	return r;
}

static void raw_unref(void *j)
{
	json_decref(j);
}

static int get_raw(struct decoder *d, json_t *j, json_t **ret)
{
	if (arena_defer(d->arena, raw_unref, json_incref(j)) < 0)
		return err_oom(d->err);
	*ret = j;
	return 0;
}

static int get_enum(struct decoder *d, const struct where *w, json_t *j, const char *const *names,
		    int *ret)
{
	if (!json_is_string(j))
		return wrong(d, w, "string", j);
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], json_string_value(j)) == 0) {
			*ret = i;
			return 0;
		}
	return bad(d, w, "unknown value %.64s", json_string_value(j));
}

static int get_field(struct decoder *d, const struct where *w, json_t *j,
		     const struct json_field *f, void *at)
{
	switch (f->type) {
	case JSON_STR:
		return get_string(d, w, j, at);
	case JSON_FLAG:
		return get_flag(d, w, j, at);
	case JSON_I64:
		return get_i64(d, w, j, at);
	case JSON_U64:
		return get_u64(d, w, j, at);
	case JSON_F64:
		return get_f64(d, w, j, at);
	case JSON_OPT_FLAG:
		((struct opt_flag *)at)->set = true;
		return get_flag(d, w, j, &((struct opt_flag *)at)->value);
	case JSON_OPT_I64:
		((struct opt_i64 *)at)->set = true;
		return get_i64(d, w, j, &((struct opt_i64 *)at)->value);
	case JSON_OPT_U64:
		((struct opt_u64 *)at)->set = true;
		return get_u64(d, w, j, &((struct opt_u64 *)at)->value);
	case JSON_STRV:
		return get_strv(d, w, j, at);
	case JSON_WORDS:
		return get_words(d, w, j, at);
	case JSON_KEYS:
		return get_keys(d, w, j, at);
	case JSON_MAP:
		return get_map(d, w, j, at);
	case JSON_SUB:
		return get_object(d, w, j, f->sub, at);
	case JSON_SUBP:
		return get_subp(d, w, j, f->sub, at);
	case JSON_LIST:
		return get_list(d, w, j, f->sub, at);
	case JSON_I64_LIST:
		return get_i64_list(d, w, j, at);
	case JSON_RAW:
		return get_raw(d, j, at);
	case JSON_ENUM:
		return get_enum(d, w, j, f->names, at);
	case JSON_MEMBERS:
		break;
	}
	return err_set(d->err, ERR_SYSTEM, "%s: unknown field type %d", d->what, (int)f->type);
}

static int get_object(struct decoder *d, const struct where *w, json_t *j,
		      const struct json_object *object, void *out)
{
	memset(out, 0, object->size);
	if (!json_is_object(j))
		return wrong(d, w, "object", j);
	for (const struct json_field *f = object->fields; f->name; f++) {
		struct where at = {.up = w, .name = f->name};
		json_t *value = json_object_get(j, f->name);
		int r;

		if (f->type == JSON_MEMBERS) {
			r = get_object(d, w, j, f->sub, (char *)out + f->offset);
			if (r < 0)
				return r;
			continue;
		}
		if (!value || json_is_null(value)) {
			if (f->flags & JSON_REQUIRED)
				return bad(d, &at, "missing");
			continue;
		}
		r = get_field(d, &at, value, f, (char *)out + f->offset);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool too_deep(json_t *j, int depth)
{
	const char *key;
	json_t *value;
	size_t i;

	if (depth > DEPTH_MAX)
		return true;
	if (json_is_object(j)) {
		json_object_foreach (j, key, value)
			if (too_deep(value, depth + 1))
				return true;
	} else if (json_is_array(j)) {
		json_array_foreach (j, i, value)
			if (too_deep(value, depth + 1))
				return true;
	}
	return false;
}

/* Copies the text with "e0" behind each integer that fits 64 bits only without a sign, so that
 * jansson reads it as a real. */
static void widen(struct buf *b, const char *text, size_t len)
{
	bool quoted = false;
	size_t from = 0;

	for (size_t i = 0; i < len; i++) {
		size_t n = 0;

		if (text[i] == '\\' && quoted) {
			i++;
			continue;
		}
		if (text[i] == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		while (i + n < len && text[i + n] >= '0' && text[i + n] <= '9')
			n++;
		if (n == 0)
			continue;
		i += n - 1;
		if ((n != 19 && n != 20) || (i + 1 < len && strchr(".eE", text[i + 1])))
			continue;
		/* A lower bound of what overflows is enough: 19 digits from 9223372036854775808 on.
		 */
		if (n == 19 && memcmp(text + i - 18, "9223372036854775808", 19) < 0)
			continue;
		if (n == 20 && memcmp(text + i - 19, "18446744073709551615", 20) > 0)
			continue;
		buf_add(b, text + from, i + 1 - from);
		buf_puts(b, "e0");
		from = i + 1;
	}
	buf_add(b, text + from, len - from);
}

/* What scatters the keys of objects; without one jansson opens /dev/urandom, in each of our short
 * processes. The kernel left 16 random bytes with each. Only the first call counts. */
static void seed(void)
{
	const char *random =
		(const char *)getauxval(AT_RANDOM); // NOLINT(performance-no-int-to-ptr)
	uint64_t n = 0;

	if (random)
		memcpy(&n, random + 8, sizeof(n));
	json_object_seed(n * 0x9e3779b97f4a7c15U >> 32 | 1);
}

static json_t *load(const char *text, size_t len, json_error_t *e)
{
	const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
	cleanup(buf_done) struct buf wide =
		BUF_INIT(len < SIZE_MAX / 2 ? len * 2 + 16 : SIZE_MAX - 1);
	json_t *j = json_loadb(text, len, flags, e);

	if (j || json_error_code(e) != json_error_numeric_overflow)
		return j;
	widen(&wide, text, len);
	return wide.failed ? NULL : json_loadb(wide.data, wide.len, flags, e);
}

json_t *json_parse(const char *text, size_t len, const char *what, struct err *err)
{
	json_error_t e;
	json_t *j;

	seed();
	j = load(text, len, &e);

	if (!j) {
		(void)err_set(err, ERR_INVALID, "%s: line %d: %s", what, e.line, e.text);
		return NULL;
	}
	if (too_deep(j, 0)) {
		json_decref(j);
		(void)err_set(err, ERR_INVALID, "%s: nested deeper than %d", what, DEPTH_MAX);
		return NULL;
	}
	return j;
}

int json_decode(struct arena *a, json_t *j, const struct json_object *object, void *out,
		const char *what, struct err *err)
{
	struct decoder d = {.arena = a, .what = what, .err = err};

	return get_object(&d, NULL, j, object, out);
}

int json_decode_text(struct arena *a, const char *text, size_t len,
		     const struct json_object *object, void *out, const char *what, struct err *err)
{
	cleanup(json_unref) json_t *j = NULL;

	memset(out, 0, object->size);
	if (json_plain_decode(a, text, len, object, out))
		return 0;
	j = json_parse(text, len, what, err);
	return j ? json_decode(a, j, object, out, what, err) : -EINVAL;
}

static json_t *put_strv(char *const *v, unsigned flags)
{
	json_t *j;

	if (!v && !(flags & JSON_EMPTY))
		return json_null();
	j = json_array();
	for (; v && *v; v++)
		if (json_array_append_new(j, json_string(*v)) < 0) {
			json_decref(j);
			return NULL;
		}
	return j;
}

static json_t *put_keys(char *const *v, unsigned flags)
{
	json_t *j;

	if (!v && !(flags & JSON_EMPTY))
		return json_null();
	j = json_object();
	for (; v && *v; v++)
		if (json_object_set_new(j, *v, json_object()) < 0) {
			json_decref(j);
			return NULL;
		}
	return j;
}

static json_t *put_map(const struct json_map *m, unsigned flags)
{
	json_t *j;

	if (!m->items && !(flags & JSON_EMPTY))
		return json_null();
	j = json_object();
	for (size_t i = 0; i < m->n; i++)
		if (json_object_set_new(j, m->items[i].key, json_string(m->items[i].value)) < 0) {
			json_decref(j);
			return NULL;
		}
	return j;
}

static json_t *put_list(const struct json_object *object, const struct json_list *list,
			unsigned flags)
{
	json_t *j;

	if (!list->items && !(flags & JSON_EMPTY))
		return json_null();
	j = json_array();
	for (size_t i = 0; i < list->n; i++) {
		json_t *item =
			object ? json_encode(object, (const char *)list->items + i * object->size)
			       : json_integer(*JSON_AT(const int64_t, list, i));

		if (json_array_append_new(j, item) < 0) {
			json_decref(j);
			return NULL;
		}
	}
	return j;
}

/* jansson holds int64; what lies above is written as a real with no fraction. */
static json_t *put_u64(uint64_t v)
{
	return v > INT64_MAX ? json_real((double)v) : json_integer((json_int_t)v);
}

static json_t *put_string(const char *s, unsigned flags)
{
	return s ? json_string(s) : flags & JSON_EMPTY ? json_string("") : json_null();
}

static json_t *put_field(const struct json_field *f, const void *at)
{
	switch (f->type) {
	case JSON_STR:
		return put_string(*(char *const *)at, f->flags);
	case JSON_FLAG:
		return json_boolean(*(const bool *)at);
	case JSON_I64:
		return json_integer(*(const int64_t *)at);
	case JSON_U64:
		return put_u64(*(const uint64_t *)at);
	case JSON_F64:
		return json_real(*(const double *)at);
	case JSON_OPT_FLAG:
		return ((const struct opt_flag *)at)->set
			       ? json_boolean(((const struct opt_flag *)at)->value)
			       : json_null();
	case JSON_OPT_I64:
		return ((const struct opt_i64 *)at)->set
			       ? json_integer(((const struct opt_i64 *)at)->value)
			       : json_null();
	case JSON_OPT_U64:
		return ((const struct opt_u64 *)at)->set
			       ? put_u64(((const struct opt_u64 *)at)->value)
			       : json_null();
	case JSON_STRV:
	case JSON_WORDS:
		return put_strv(*(char **const *)at, f->flags);
	case JSON_KEYS:
		return put_keys(*(char **const *)at, f->flags);
	case JSON_MAP:
		return put_map(at, f->flags);
	case JSON_SUB:
		return json_encode(f->sub, at);
	case JSON_SUBP:
		return *(void *const *)at ? json_encode(f->sub, *(void *const *)at) : json_null();
	case JSON_LIST:
		return put_list(f->sub, at, f->flags);
	case JSON_I64_LIST:
		return put_list(NULL, at, f->flags);
	case JSON_RAW:
		return *(json_t *const *)at    ? json_incref(*(json_t *const *)at)
		       : f->flags & JSON_EMPTY ? json_object()
					       : json_null();
	case JSON_ENUM:
		return json_string(f->names[*(const int *)at]);
	case JSON_MEMBERS:
		break;
	}
	return NULL;
}

/* "Empty" in the sense of Go's omitempty. */
static bool is_empty(const json_t *j)
{
	switch (json_typeof(j)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_INTEGER:
		return json_integer_value(j) == 0;
	case JSON_REAL:
		return json_real_value(j) == 0;
	case JSON_STRING:
		return json_string_length(j) == 0;
	case JSON_ARRAY:
		return json_array_size(j) == 0;
	case JSON_OBJECT:
		return json_object_size(j) == 0;
	case JSON_TRUE:
		break;
	}
	return false;
}

static bool is_optional(enum json_field_type t)
{
	return t == JSON_OPT_FLAG || t == JSON_OPT_I64 || t == JSON_OPT_U64 || t == JSON_SUBP ||
	       t == JSON_RAW;
}

static int encode_members(json_t *j, const struct json_object *object, const void *in)
{
	for (const struct json_field *f = object->fields; f->name; f++) {
		const char *at = (const char *)in + f->offset;
		json_t *value;

		if (f->type == JSON_MEMBERS) {
			if (encode_members(j, f->sub, at) < 0)
				return -ENOMEM;
			continue;
		}
		value = put_field(f, at);
		if (!value)
			return -ENOMEM;
		/* A value that is there on purpose (an OPT that is set) is written even when zero.
		 */
		if (f->flags & JSON_OMIT &&
		    (is_optional(f->type) ? json_is_null(value) : is_empty(value))) {
			json_decref(value);
			continue;
		}
		if (json_object_set_new(j, f->name, value) < 0)
			return -ENOMEM;
	}
	return 0;
}

json_t *json_encode(const struct json_object *object, const void *in)
{
	cleanup(json_unref) json_t *j = json_object();

	if (!j || encode_members(j, object, in) < 0)
		return NULL;
	return TAKE_PTR(j);
}

/* UINT64_MAX (an unlimited rlimit) is a real for jansson, but readers in other languages want all
 * its digits. A number comes as one piece, and after one of these; a piece of a string never does.
 */
static bool is_u64_max(const struct buf *b, const char *text, size_t len)
{
	static const char real[] = "1.8446744073709552e19";

	return len == sizeof(real) - 1 && memcmp(text, real, len) == 0 &&
	       (b->len == 0 || strchr(":[, \n", b->data[b->len - 1]));
}

static int dump_to_buf(const char *text, size_t len, void *data)
{
	struct buf *b = data;

	if (is_u64_max(b, text, len))
		buf_puts(b, "18446744073709551615");
	else
		buf_add(b, text, len);
	return b->failed ? -1 : 0;
}

int json_write(struct buf *b, json_t *j, int indent, struct err *err)
{
	size_t flags = JSON_ENCODE_ANY | (indent > 0 ? JSON_INDENT((size_t)indent) : JSON_COMPACT);

	if (json_dump_callback(j, dump_to_buf, b, flags) < 0 && !b->failed)
		return err_set(err, ERR_INVALID, "cannot write JSON");
	return buf_check(b, err);
}

int json_encode_text(struct buf *b, const struct json_object *object, const void *in,
		     struct err *err)
{
	cleanup(json_unref) json_t *j = json_encode(object, in);

	return j ? json_write(b, j, 0, err) : err_oom(err);
}

const char *json_map_get(const struct json_map *m, const char *key)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->items[i].key, key) == 0)
			return m->items[i].value;
	return NULL;
}

int json_map_set(struct arena *a, struct json_map *m, const char *key, const char *value)
{
	struct json_pair *items;
	char *copy = arena_strdup(a, value);

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->items[i].key, key) == 0) {
			m->items[i].value = copy;
			return 0;
		}
	items = arena_calloc(a, m->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	if (m->n)
		memcpy(items, m->items, m->n * sizeof(*items));
	items[m->n] = (struct json_pair){.key = arena_strdup(a, key), .value = copy};
	if (!items[m->n].key)
		return -ENOMEM;
	m->items = items;
	m->n++;
	return 0;
}

void *json_list_add(struct arena *a, struct json_list *list, size_t size)
{
	char *items;

	/* Grown at powers of two: list lengths of 0, 1, 2, 4, 8 … are the full ones. */
	if ((list->n & (list->n - 1)) == 0) {
		items = arena_calloc(a, list->n ? list->n * 2 : 1, size);
		if (!items)
			return NULL;
		if (list->n)
			memcpy(items, list->items, list->n * size);
		list->items = items;
	}
	return (char *)list->items + list->n++ * size;
}
