// SPDX-License-Identifier: Apache-2.0
/*
 * Most of what a command reads, this program wrote: states, rows, bundles. Building jansson's tree of it and then
 * the struct from the tree was a third of `ps` with 200 containers, 5 µs a small object.
 *
 * Members come in the table's order, so one pointer moves forward through the table, and no name can come twice.
 * Where names are free (maps), they are compared with each other, and there may be few. Nothing is read
 * twice and the depth is the tables', so hostile text costs no more than its length.
 */
#include "base/json-plain.h"

#include <string.h>

#include "base/str.h"

#define LEN_MAX  ((size_t)1 << 20)
#define KEYS_MAX 32
#define DEPTH    4 /* of JSON_MEMBERS */

struct text {
	const char *at, *end;
	struct arena *arena;
};

static bool take(struct text *t, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0)
		return false;
	t->at += n;
	return true;
}

/* The inside of a string, in place. */
static bool take_raw(struct text *t, const char **ret, size_t *len)
{
	const char *p = t->at + 1;

	if (t->at == t->end || *t->at != '"')
		return false;
	while (p < t->end && *p != '"' && *p != '\\' && *p >= 0x20 && *p < 0x7f)
		p++;
	if (p == t->end || *p != '"')
		return false;
	*ret = t->at + 1;
	*len = (size_t)(p - *ret);
	t->at = p + 1;
	return true;
}

static bool take_string(struct text *t, char **ret)
{
	const char *s;
	size_t n;

	if (!take_raw(t, &s, &n))
		return false;
	*ret = arena_strndup(t->arena, s, n);
	return *ret != NULL;
}

static bool take_u64(struct text *t, uint64_t *ret)
{
	const char *from = t->at;
	uint64_t n = 0;

	for (; t->at < t->end && *t->at >= '0' && *t->at <= '9'; t->at++) {
		if (t->at - from == 19)
			return false;
		n = n * 10 + (uint64_t)(*t->at - '0');
	}
	if (t->at == from || (*from == '0' && t->at - from > 1) || n > INT64_MAX)
		return false;
	*ret = n;
	return t->at < t->end && *t->at != '.' && *t->at != 'e' && *t->at != 'E';
}

static bool take_i64(struct text *t, int64_t *ret)
{
	bool minus = take(t, "-");
	uint64_t n;

	if (!take_u64(t, &n) || (minus && n == 0))
		return false;
	*ret = minus ? -(int64_t)n : (int64_t)n;
	return true;
}

static bool take_flag(struct text *t, bool *ret)
{
	*ret = take(t, "true");
	return *ret || take(t, "false");
}

static bool take_enum(struct text *t, const char *const *names, int *ret)
{
	const char *s;
	size_t n;

	if (!take_raw(t, &s, &n))
		return false;
	for (int i = 0; names[i]; i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

static bool take_strv(struct text *t, char ***ret)
{
	struct json_list list = {};
	char **slot;

	if (!take(t, "["))
		return false;
	if (!take(t, "]"))
		do {
			slot = json_list_add(t->arena, &list, sizeof(*slot));
			if (!slot || !take_string(t, slot))
				return false;
		} while (take(t, ","));
	if (list.n && !take(t, "]"))
		return false;
	/* the NULL at the end */
	if (!json_list_add(t->arena, &list, sizeof(*slot)))
		return false;
	*ret = list.items;
	return true;
}

static bool take_words(struct text *t, char ***ret)
{
	if (t->at == t->end || *t->at != '"')
		return take_strv(t, ret);
	*ret = arena_calloc(t->arena, 2, sizeof(**ret));
	return *ret && take_string(t, &(*ret)[0]);
}

/* The members of a map (values: strings) or of a set (keys: values are {}). */
static bool take_map(struct text *t, bool set, struct json_map *ret)
{
	size_t n = 0;

	ret->items = arena_calloc(t->arena, KEYS_MAX, sizeof(*ret->items));
	if (!ret->items || !take(t, "{"))
		return false;
	if (take(t, "}"))
		return true;
	do {
		struct json_pair *p = &ret->items[n];

		if (n == KEYS_MAX || !take_string(t, &p->key) || !take(t, ":"))
			return false;
		for (size_t i = 0; i < n; i++)
			if (str_eq(ret->items[i].key, p->key))
				return false;
		if (set ? !take(t, "{}") : !take_string(t, &p->value))
			return false;
		ret->n = ++n;
	} while (take(t, ","));
	return take(t, "}");
}

static bool take_keys(struct text *t, char ***ret)
{
	struct json_map m = {};

	if (!take_map(t, true, &m))
		return false;
	*ret = arena_calloc(t->arena, m.n + 1, sizeof(**ret));
	for (size_t i = 0; *ret && i < m.n; i++)
		(*ret)[i] = m.items[i].key;
	return *ret != NULL;
}

static bool take_object(struct text *t, const struct json_object *object, void *out);

/* Of integers without a table. */
static bool take_list(struct text *t, const struct json_object *object, struct json_list *ret)
{
	size_t size = object ? object->size : sizeof(int64_t);

	if (!take(t, "["))
		return false;
	/* As the long way, which leaves a pointer behind also when the list is empty. */
	ret->items = arena_calloc(t->arena, 1, size);
	if (!ret->items)
		return false;
	if (take(t, "]"))
		return true;
	do {
		void *item = json_list_add(t->arena, ret, size);

		if (!item || !(object ? take_object(t, object, item) : take_i64(t, item)))
			return false;
	} while (take(t, ","));
	return take(t, "]");
}

static bool take_subp(struct text *t, const struct json_object *object, void **ret)
{
	*ret = arena_alloc(t->arena, object->size);
	return *ret && take_object(t, object, *ret);
}

static bool take_field(struct text *t, const struct json_field *f, void *at)
{
	switch (f->type) {
	case JSON_STR:
		return take_string(t, at);
	case JSON_FLAG:
		return take_flag(t, at);
	case JSON_I64:
		return take_i64(t, at);
	case JSON_U64:
		return take_u64(t, at);
	case JSON_OPT_FLAG:
		((struct opt_flag *)at)->set = true;
		return take_flag(t, &((struct opt_flag *)at)->value);
	case JSON_OPT_I64:
		((struct opt_i64 *)at)->set = true;
		return take_i64(t, &((struct opt_i64 *)at)->value);
	case JSON_OPT_U64:
		((struct opt_u64 *)at)->set = true;
		return take_u64(t, &((struct opt_u64 *)at)->value);
	case JSON_STRV:
		return take_strv(t, at);
	case JSON_WORDS:
		return take_words(t, at);
	case JSON_KEYS:
		return take_keys(t, at);
	case JSON_MAP:
		return take_map(t, false, at);
	case JSON_SUB:
		return take_object(t, f->sub, at);
	case JSON_SUBP:
		return take_subp(t, f->sub, at);
	case JSON_LIST:
		return take_list(t, f->sub, at);
	case JSON_I64_LIST:
		return take_list(t, NULL, at);
	case JSON_ENUM:
		return take_enum(t, f->names, at);
	case JSON_F64:
	case JSON_RAW:
	case JSON_MEMBERS:
		break;
	}
	return false;
}

/* Goes through a table and the tables in it (JSON_MEMBERS). */
struct walk {
	const struct json_field *next[DEPTH];
	char *out[DEPTH];
	size_t depth; /* 0: at the end */
};

/* The next row; NULL: there is none, or the tables are too deep. */
static const struct json_field *walk_next(struct walk *w, void **ret_at)
{
	while (w->depth > 0 && w->depth <= DEPTH) {
		size_t top = w->depth - 1;
		const struct json_field *f = w->next[top];

		if (!f->name) {
			w->depth--;
			continue;
		}
		w->next[top]++;
		*ret_at = w->out[top] + f->offset;
		if (f->type != JSON_MEMBERS)
			return f;
		if (++w->depth <= DEPTH) {
			w->next[top + 1] = f->sub->fields;
			w->out[top + 1] = *ret_at;
		}
	}
	return NULL;
}

static bool take_member(struct text *t, struct walk *w)
{
	const struct json_field *f;
	const char *name;
	void *at;
	size_t n;

	if (!take_raw(t, &name, &n) || !take(t, ":"))
		return false;
	while ((f = walk_next(w, &at))) {
		if (strncmp(f->name, name, n) == 0 && !f->name[n]) {
			/* null is "absent" */
			return take(t, "null") ? !(f->flags & JSON_REQUIRED) : take_field(t, f, at);
		}
		if (f->flags & JSON_REQUIRED)
			return false;
	}
	return false;
}

static bool take_object(struct text *t, const struct json_object *object, void *out)
{
	struct walk w = {.next = {object->fields}, .out = {out}, .depth = 1};
	const struct json_field *f;
	void *at;

	if (!take(t, "{"))
		return false;
	if (!take(t, "}")) {
		do {
			if (!take_member(t, &w))
				return false;
		} while (take(t, ","));
		if (!take(t, "}"))
			return false;
	}
	while ((f = walk_next(&w, &at)))
		if (f->flags & JSON_REQUIRED)
			return false;
	return w.depth == 0;
}

bool json_plain_decode(struct arena *a, const char *text, size_t len,
		       const struct json_object *object, void *out)
{
	struct text t = {.at = text, .end = text + len, .arena = a};

	if (len > LEN_MAX || !take_object(&t, object, out))
		return false;
	(void)take(&t, "\n");
	return t.at == t.end;
}
