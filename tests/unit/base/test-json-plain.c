// SPDX-License-Identifier: Apache-2.0
#include "base/json-plain.h"

#include "../check.h"

static const char *const kinds[] = {"one", "two", NULL};

struct inner {
	char *name;
	int64_t n;
};
struct outer {
	char *text;
	bool flag;
	int64_t i;
	uint64_t u;
	struct opt_flag of;
	struct opt_i64 oi;
	struct opt_u64 ou;
	char **list, **words, **keys;
	struct json_map map;
	struct inner sub, *subp, inlined;
	struct json_list subs, numbers;
	json_t *raw;
	int kind;
};

#define ROW(n, m, type)                                                                            \
	{                                                                                          \
		n, type, JSON_OMIT, offsetof(struct outer, m)                                      \
	}
static const struct json_field inner_fields[] = {
	{"name", JSON_STR, JSON_REQUIRED, offsetof(struct inner, name)},
	{"n", JSON_I64, JSON_OMIT, offsetof(struct inner, n)},
	{},
};
static const struct json_object inner_object = {"inner", sizeof(struct inner), inner_fields};
static const struct json_field inlined_fields[] = {
	{"iname", JSON_STR, JSON_OMIT, offsetof(struct inner, name)},
	{"in", JSON_I64, JSON_OMIT, offsetof(struct inner, n)},
	{},
};
static const struct json_object inlined_object = {"inlined", sizeof(struct inner), inlined_fields};
static const struct json_field outer_fields[] = {
	ROW("text", text, JSON_STR),
	ROW("flag", flag, JSON_FLAG),
	ROW("i", i, JSON_I64),
	ROW("u", u, JSON_U64),
	ROW("of", of, JSON_OPT_FLAG),
	ROW("oi", oi, JSON_OPT_I64),
	ROW("ou", ou, JSON_OPT_U64),
	{"inlined", JSON_MEMBERS, 0, offsetof(struct outer, inlined), &inlined_object},
	ROW("list", list, JSON_STRV),
	ROW("words", words, JSON_WORDS),
	ROW("keys", keys, JSON_KEYS),
	ROW("map", map, JSON_MAP),
	{"sub", JSON_SUB, JSON_OMIT, offsetof(struct outer, sub), &inner_object},
	{"subp", JSON_SUBP, JSON_OMIT, offsetof(struct outer, subp), &inner_object},
	{"subs", JSON_LIST, JSON_OMIT, offsetof(struct outer, subs), &inner_object},
	ROW("numbers", numbers, JSON_I64_LIST),
	ROW("raw", raw, JSON_RAW),
	{"kind", JSON_ENUM, JSON_REQUIRED, offsetof(struct outer, kind), NULL, kinds},
	{},
};
static const struct json_object outer_object = {"outer", sizeof(struct outer), outer_fields};

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(64 << 20);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

/* Written out again: what the struct holds. */
static char *hold(const struct outer *o)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 16);

	assert_int_equal(json_encode_text(&b, &outer_object, o, NULL), 0);
	return arena_strdup(arena, b.data);
}

/* true: the short way took it, and the long way agrees. */
static bool taken(const char *text, size_t len)
{
	struct outer o = {}, long_way;
	json_t *j;

	if (!json_plain_decode(arena, text, len, &outer_object, &o))
		return false;
	j = json_parse(text, len, "text", NULL);
	if (!j || json_decode(arena, j, &outer_object, &long_way, "text", NULL) < 0)
		fail_msg("taken, but wrong: %.*s", (int)len, text);
	json_decref(j);
	assert_string_equal(hold(&o), hold(&long_way));
	return true;
}

#define SUB  "\"sub\":{\"name\":\"s\"}"
#define KIND "\"kind\":\"two\"}"

static const char *const good[] = {
	"{" SUB "," KIND,
	"{" SUB "," KIND "\n",
	"{\"text\":\"\",\"flag\":true,\"i\":-9223372036854775807,\"u\":9223372036854775807,\"of\":"
	"false,"
	"\"oi\":0,\"ou\":12,\"iname\":\"q\",\"in\":1795366709363774937,\"list\":[],\"words\":"
	"\"one\","
	"\"keys\":{\"80/"
	"tcp\":{},\"b\":{}},\"map\":{\"z\":\"1\",\"a\":\"\"},\"sub\":{\"name\":\"s\",\"n\":4},"
	"\"subp\":{\"name\":\"p\"},\"subs\":[{\"name\":\"1\"},{\"name\":\"2\",\"n\":2},{\"name\":"
	"\"3\"}],"
	"\"numbers\":[1,-2,0]," KIND,
	"{\"text\":null,\"list\":[\"a\",\"b\",\"c\"],\"words\":[\"x\"],\"keys\":{},\"map\":{}," SUB
	",\"subs\":[],\"numbers\":[],\"raw\":null," KIND,
};

static const char *const left[] = {
	"",
	"{}",
	"{" SUB "}",                                    /* a required one is missing */
	"{\"kind\":\"two\"," SUB "}",                   /* another order */
	"{\"text\":\"a\",\"text\":\"b\"," SUB "," KIND, /* twice */
	"{ " SUB "," KIND,
	"{" SUB "," KIND "\n\n",
	"{" SUB "," KIND "x",
	"{\"text\":\"a\\n\"," SUB "," KIND,
	"{\"text\":\"\xc3\xa9\"," SUB "," KIND,
	"{\"i\":9223372036854775808," SUB "," KIND,
	"{\"i\":1.0," SUB "," KIND,
	"{\"i\":01," SUB "," KIND,
	"{\"i\":-0," SUB "," KIND,
	"{\"u\":-1," SUB "," KIND,
	"{\"map\":{\"a\":\"1\",\"a\":\"2\"}," SUB "," KIND,
	"{\"keys\":{\"a\":{\"b\":1}}," SUB "," KIND,
	"{\"list\":[\"a\",]," SUB "," KIND,
	"{\"unknown\":1," SUB "," KIND,
	"{" SUB ",\"raw\":{}," KIND,
	"{" SUB ",\"kind\":\"three\"}",
	"{" SUB ",\"kind\":null}",
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!taken(good[i], strlen(good[i])))
			fail_msg("not taken: %s", good[i]);
}

static void test_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(left); i++)
		if (taken(left[i], strlen(left[i])))
			fail_msg("taken: %s", left[i]);
}

/* Every byte left out, doubled and replaced, every end: what is still taken is right. */
static void test_mutations(void **state)
{
	static const char other[] = "{}[]\":,\\ \n0-9.eanu\x80";
	size_t n_taken = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		for (size_t at = 0, len = strlen(good[i]); at < len; at++) {
			cleanup_free char *t = malloc(len + 2);

			n_taken += taken(good[i], at);
			memcpy(t, good[i], at);
			memcpy(t + at, good[i] + at + 1, len - at - 1);
			n_taken += taken(t, len - 1);
			memcpy(t + at + 1, good[i] + at, len - at);
			t[at] = good[i][at];
			n_taken += taken(t, len + 1);
			memcpy(t, good[i], len);
			for (size_t k = 0; k < sizeof(other); k++) {
				t[at] = other[k];
				n_taken += taken(t, len);
			}
		}
	assert_true(n_taken > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_left),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
