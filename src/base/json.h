// SPDX-License-Identifier: Apache-2.0
/*
 * json - documents into structs and back, by tables.
 *
 * A JSON object of a spec is a C struct plus one table of its members. The same rows decode (with
 * the JSON path in every message), and encode. Unknown members are ignored, wrong types are
 * refused.
 *
 *   struct rlimit_row { char *type; uint64_t soft, hard; };
 *   static const struct json_field rlimit_fields[] = {
 *           {"type", JSON_STR, JSON_REQUIRED, offsetof(struct rlimit_row, type)},
 *           {"soft", JSON_U64, JSON_REQUIRED, offsetof(struct rlimit_row, soft)},
 *           {"hard", JSON_U64, JSON_REQUIRED, offsetof(struct rlimit_row, hard)},
 *           {},
 *   };
 *   const struct json_object rlimit_object = {"rlimit", sizeof(struct rlimit_row), rlimit_fields};
 *
 * Everything decoded lives in the arena given. "Absent" is the zero value, unless the row's type is
 * one of the OPT ones, which keep "absent" and "zero" apart. null counts as absent everywhere.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum json_field_type {
	JSON_STR,      /* char * */
	JSON_FLAG,     /* bool */
	JSON_I64,      /* int64_t */
	JSON_U64,      /* uint64_t (also accepts numbers above INT64_MAX written as reals) */
	JSON_F64,      /* double */
	JSON_OPT_FLAG, /* struct opt_flag */
	JSON_OPT_I64,  /* struct opt_i64 */
	JSON_OPT_U64,  /* struct opt_u64 */
	JSON_STRV,     /* char **: an array of strings; NULL when absent */
	JSON_WORDS, /* char **: an array of strings, or one string (Docker's Cmd and Entrypoint) */
	JSON_KEYS,  /* char **: the keys of an object of empty objects (ExposedPorts, Volumes) */
	JSON_MAP,   /* struct json_map: string to string */
	JSON_SUB,   /* a struct of table `sub`, embedded */
	JSON_SUBP,  /* pointer to a struct of table `sub`; NULL when absent */
	JSON_LIST,  /* struct json_list: an array of objects of table `sub` */
	JSON_I64_LIST, /* struct json_list of int64_t */
	JSON_RAW,      /* json_t *, owned by the arena */
	JSON_ENUM,     /* an enum: the string is one of `names`, the value its index there */
	JSON_MEMBERS, /* a struct of table `sub`, embedded, its members written beside the others */
};

enum json_field_flags {
	JSON_REQUIRED = 1 << 0, /* decode: absent is an error */
	JSON_OMIT = 1 << 1,     /* encode: left out when zero, empty or NULL */
	/* encode: [] or {} where the default for NULL is null; "" for strings, {} for JSON_RAW */
	JSON_EMPTY = 1 << 2,
};

struct json_object;

struct json_field {
	const char *name; /* NULL ends the table */
	enum json_field_type type;
	unsigned flags;
	size_t offset;
	const struct json_object *sub;
	const char *const *names; /* NULL-terminated */
};

struct json_object {
	const char *name;
	size_t size;
	const struct json_field *fields;
};

struct opt_flag {
	bool set, value;
};
struct opt_i64 {
	bool set;
	int64_t value;
};
struct opt_u64 {
	bool set;
	uint64_t value;
};
struct json_pair {
	char *key, *value;
};
struct json_map { /* in the document's order */
	struct json_pair *items;
	size_t n;
};
struct json_list {
	void *items;
	size_t n;
};

/* The i-th struct of a JSON_LIST: JSON_AT(struct rlimit_row, &process->rlimits, i)->soft */
#define JSON_AT(type, list, i) (&((type *)(list)->items)[i])

static inline void json_unref(json_t *j)
{
	json_decref(j);
}
DEFINE_CLEANUP(json_t *, json_unref)

/* Strict parse of one document: UTF-8, no duplicate keys, no trailing bytes, depth <= 128. `what`
 * names it in the message. The result is the caller's (json_unref). */
json_t *json_parse(const char *text, size_t len, const char *what, struct err *err);
/* Decodes into *out (object->size bytes, zeroed first). */
int json_decode(struct arena *a, json_t *j, const struct json_object *object, void *out,
		const char *what, struct err *err);
/* Both in one step. */
int json_decode_text(struct arena *a, const char *text, size_t len,
		     const struct json_object *object, void *out, const char *what,
		     struct err *err);
/* A new document; NULL when out of memory. */
json_t *json_encode(const struct json_object *object, const void *in);
/* Compact text (no newline) appended to the buffer; indent > 0 pretty-prints with that many spaces.
 */
int json_write(struct buf *b, json_t *j, int indent, struct err *err);
/* json_encode + json_write. */
int json_encode_text(struct buf *b, const struct json_object *object, const void *in,
		     struct err *err);

const char *json_map_get(const struct json_map *m, const char *key);
/* Replaces or appends; 0 or -ENOMEM. */
int json_map_set(struct arena *a, struct json_map *m, const char *key, const char *value);
/* Grows a JSON_LIST by one zeroed item of `size` bytes, which it returns (NULL: out of memory). */
void *json_list_add(struct arena *a, struct json_list *list, size_t size);
