// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/detach.h"

static void parse(void **state UNUSED)
{
	static const struct {
		const char *text;
		int r;
		const char *keys;
	} rows[] = {
		{"ctrl-p,ctrl-q", 0, "\x10\x11"},  {"a", 0, "a"},          {"", 0, ""},
		{"ctrl-a,b,ctrl-z", 0, "\1b\x1a"}, {"ctrl-[", 0, "\x1b"},  {"ctrl-_", 0, "\x1f"},
		{"ctrl-P", -EINVAL, ""},           {"ctrl-", -EINVAL, ""}, {"ab", -EINVAL, ""},
		{"ctrl-1", -EINVAL, ""},           {"a,,b", 0, "a,b"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		struct detach d;

		assert_int_equal(detach_parse(rows[i].text, &d, &err), rows[i].r);
		if (rows[i].r < 0)
			continue;
		assert_int_equal(d.n, strlen(rows[i].keys));
		assert_memory_equal(d.keys, rows[i].keys, d.n);
	}
}

/* Feeds the pieces one after the other; what passed is in `out`. */
static bool feed(const char *keys, const char *const *pieces, char *out)
{
	struct detach d;
	size_t n = 0;
	bool detached = false;

	assert_int_equal(detach_parse(keys, &d, NULL), 0);
	for (; *pieces && !detached; pieces++)
		n += detach_feed(&d, *pieces, strlen(*pieces), out + n, &detached);
	out[n] = 0;
	return detached;
}

static void sequences(void **state UNUSED)
{
	static const struct {
		const char *keys, *pieces[5];
		bool detached;
		const char *passed;
	} rows[] = {
		{"ctrl-p,ctrl-q", {"ls\n\x10\x11tail"}, true, "ls\n"},
		{"ctrl-p,ctrl-q", {"\x10", "\x11"}, true, ""},
		{"ctrl-p,ctrl-q", {"\x10", "x", "\x11"}, false, "\x10x\x11"},
		{"ctrl-p,ctrl-q", {"\x10\x10\x11"}, true, "\x10"},
		{"ctrl-p,ctrl-q", {"\x11\x10"}, false, "\x11"},
		{"q", {"abq"}, true, "ab"},
		{"a,b,c", {"ab", "abc"}, true, "ab"},
		{"a,b,c", {"abx"}, false, "abx"},
		{"", {"\x10\x11"}, false, "\x10\x11"},
	};
	char out[64];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(feed(rows[i].keys, rows[i].pieces, out), rows[i].detached);
		assert_string_equal(out, rows[i].passed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),
		cmocka_unit_test(sequences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
