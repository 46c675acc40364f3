// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <math.h>

#include "../check.h"

struct inner {
	char *name;
	int64_t n;
};
struct outer {
	char *text;
	bool flag;
	int64_t i;
	uint64_t u;
	double f;
	struct opt_flag of;
	struct opt_i64 oi;
	struct opt_u64 ou;
	char **list, **words, **keys;
	struct json_map map;
	struct inner sub, *subp;
	struct json_list subs, numbers;
	json_t *raw;
	int kind;
	struct inner inlined;
};

#define ROW(n, f, t, flags)                                                                        \
	{                                                                                          \
		n, t, flags, offsetof(struct outer, f)                                             \
	}
static const char *const kinds[] = {"one", "two", NULL};
static const struct json_field inner_fields[] = {
	{"name", JSON_STR, JSON_REQUIRED, offsetof(struct inner, name)},
	{"n", JSON_I64, JSON_OMIT, offsetof(struct inner, n)},
	{},
};
static const struct json_object inner_object = {"inner", sizeof(struct inner), inner_fields};
static const struct json_field inlined_fields[] = {
	{"iname", JSON_STR, JSON_OMIT, offsetof(struct inner, name)},
	{},
};
static const struct json_object inlined_object = {"inlined", sizeof(struct inner), inlined_fields};
static const struct json_field outer_fields[] = {
	ROW("text", text, JSON_STR, JSON_OMIT),
	ROW("flag", flag, JSON_FLAG, JSON_OMIT),
	ROW("i", i, JSON_I64, JSON_OMIT),
	ROW("u", u, JSON_U64, JSON_OMIT),
	ROW("f", f, JSON_F64, JSON_OMIT),
	ROW("of", of, JSON_OPT_FLAG, JSON_OMIT),
	ROW("oi", oi, JSON_OPT_I64, JSON_OMIT),
	ROW("ou", ou, JSON_OPT_U64, JSON_OMIT),
	ROW("list", list, JSON_STRV, JSON_OMIT),
	ROW("words", words, JSON_WORDS, JSON_OMIT),
	ROW("keys", keys, JSON_KEYS, JSON_OMIT),
	ROW("map", map, JSON_MAP, JSON_OMIT),
	{"sub", JSON_SUB, JSON_OMIT, offsetof(struct outer, sub), &inner_object},
	{"subp", JSON_SUBP, JSON_OMIT, offsetof(struct outer, subp), &inner_object},
	{"subs", JSON_LIST, JSON_OMIT, offsetof(struct outer, subs), &inner_object},
	ROW("numbers", numbers, JSON_I64_LIST, JSON_OMIT),
	ROW("raw", raw, JSON_RAW, JSON_OMIT),
	{"kind", JSON_ENUM, 0, offsetof(struct outer, kind), NULL, kinds},
	{"inlined", JSON_MEMBERS, 0, offsetof(struct outer, inlined), &inlined_object},
	{},
};
static const struct json_object outer_object = {"outer", sizeof(struct outer), outer_fields};

#define SUB "\"sub\":{\"name\":\"s\"}"

static const char *const trips[] = {
	"{" SUB ",\"kind\":\"one\"}",
	"{\"text\":\"a\\n\xc3\xa9\",\"flag\":true,\"i\":-5,\"u\":"
	"18446744073709551615,\"f\":1.5,"
	"\"of\":false,\"oi\":0,\"ou\":0,\"list\":[\"a\",\"\"],\"words\":[\"w\"],"
	"\"keys\":{\"k\":{}},"
	"\"map\":{\"z\":\"1\",\"a\":\"2\"}," SUB
	",\"subp\":{\"name\":\"p\",\"n\":9223372036854775807},"
	"\"subs\":[{\"name\":\"x\"},{\"name\":\"y\",\"n\":-1}],\"numbers\":[1,-2],"
	"\"raw\":{\"any\":[1,null]},\"kind\":\"two\",\"iname\":\"in\"}",
};

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(trips); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		cleanup(buf_done) struct buf b = BUF_INIT(1 << 16);
		struct err err = ERR_INIT;
		struct outer o;

		check_ok(trips[i],
			 json_decode_text(a, trips[i], strlen(trips[i]), &outer_object, &o, "t",
					  &err),
			 &err);
		check_ok(trips[i], json_encode_text(&b, &outer_object, &o, &err), &err);
		check_text(trips[i], b.data, trips[i]);
	}
}

static const struct {
	const char *in, *msg;
} bad[] = {
	{"", "t: line 1: '[' or '{' expected near end of file"},
	{"{" SUB ",\"kind\":\"three\"}", "t: kind: unknown value three"},
	{"{}", NULL},
	{"{\"sub\":{}}", "t: sub.name: missing"},
	{"{\"sub\":{\"name\":null}}", "t: sub.name: missing"},
	{"{\"subs\":[{\"name\":\"a\"},{\"name\":3}]}",
	 "t: subs[1].name: expected string, got integer"},
	{"{\"subs\":[{\"name\":\"a\",\"n\":1.5}]}", "t: subs[0].n: not an integer in range"},
	{"{\"map\":{\"k\":[]}}", "t: map.k: expected string, got array"},
	{"{\"numbers\":[1,\"2\"]}", "t: numbers[1]: expected integer, got string"},
	{"{\"u\":-1}", "t: u: expected a number that is not negative"},
	{"{\"i\":9223372036854775808}", "t: i: not an integer in range"},
	{"{\"text\":\"a\\u0000b\"}", "t: text: string contains a NUL character"},
	{"{\"flag\":\"true\"}", "t: flag: expected boolean, got string"},
	{"{\"a\":1,\"a\":2}", NULL},
	{"{\"text\":\"\xff\"}", NULL},
	{"{} x", NULL},
	{"{\"u\":18446744073709551616}", NULL},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct outer o;
		int r = json_decode_text(a, bad[i].in, strlen(bad[i].in), &outer_object, &o, "t",
					 &err);

		if (strcmp(bad[i].in, "{}") == 0) {
			check_ok(bad[i].in, r, &err);
			continue;
		}
		if (bad[i].msg && *bad[i].in)
			check_error(bad[i].in, r, &err, bad[i].msg);
		assert_true(r < 0);
		assert_int_equal(strncmp(err.msg, "t: ", 3), 0);
	}
}

static void test_big_numbers(void **state)
{
	static const struct {
		const char *in;
		uint64_t want;
	} rows[] = {
		{"{\"u\":9223372036854775807}", INT64_MAX},
		{"{\"u\":9223372036854775808}", UINT64_C(9223372036854775808)},
		{"{\"u\":18446744073709551615}", UINT64_MAX},
		{"{\"text\":\"18446744073709551615 \\\" "
		 "18446744073709551615\",\"u\":18446744073709551615}",
		 UINT64_MAX},
		{"{\"u\":1.8446744073709552e19}", UINT64_MAX},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct outer o;

		check_ok(rows[i].in,
			 json_decode_text(a, rows[i].in, strlen(rows[i].in), &outer_object, &o, "t",
					  &err),
			 &err);
		assert_true(o.u == rows[i].want);
		if (o.text)
			check_text(rows[i].in, o.text,
				   "18446744073709551615 \" 18446744073709551615");
	}
}

static void test_depth(void **state)
{
	char deep[2 * 200 + 1] = "";

	(void)state;
	memset(deep, '[', 200);
	memset(deep + 200, ']', 200);
	assert_null(json_parse(deep, 400, "t", NULL));
	assert_null(json_parse(deep, 199, "t", NULL));
}

/* Adding to a list that was decoded, at every length around the powers of two.
 */
static void test_list_add(void **state)
{
	(void)state;
	for (size_t n = 0; n < 20; n++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		cleanup(buf_done) struct buf b = BUF_INIT(4096);
		struct outer o;

		buf_puts(&b, "{\"subs\":[");
		for (size_t i = 0; i < n; i++)
			buf_printf(&b, "%s{\"name\":\"%zu\"}", i ? "," : "", i);
		buf_puts(&b, "]}");
		assert_int_equal(json_decode_text(a, b.data, b.len, &outer_object, &o, "t", NULL),
				 0);
		for (size_t i = 0; i < 20; i++) {
			struct inner *item = json_list_add(a, &o.subs, sizeof(*item));

			assert_null(item->name);
			item->name = arena_printf(a, "%zu", n + i);
		}
		assert_int_equal(o.subs.n, n + 20);
		for (size_t i = 0; i < n + 20; i++)
			check_text("list", JSON_AT(struct inner, &o.subs, i)->name,
				   arena_printf(a, "%zu", i));
	}
}

static void test_map(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct json_map m = {};

	(void)state;
	assert_int_equal(json_map_set(a, &m, "a", "1"), 0);
	assert_int_equal(json_map_set(a, &m, "b", "2"), 0);
	assert_int_equal(json_map_set(a, &m, "a", "3"), 0);
	assert_int_equal(m.n, 2);
	check_text("a", json_map_get(&m, "a"), "3");
	assert_null(json_map_get(&m, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_bad),
		cmocka_unit_test(test_big_numbers), cmocka_unit_test(test_depth),
		cmocka_unit_test(test_list_add),    cmocka_unit_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
