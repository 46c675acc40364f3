// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "spec/signal.h"

static void test_accepted(void **state)
{
	static const struct {
		const char *text;
		int sig;
	} rows[] = {
		{"TERM", 15},  {"SIGTERM", 15},    {"sigterm", 15},  {"term", 15},
		{"Kill", 9},   {"15", 15},         {"1", 1},         {"64", 64},
		{"RTMIN", 34}, {"SIGRTMIN+3", 37}, {"rtmin+15", 49}, {"RTMIN+30", 64},
		{"RTMAX", 64}, {"sigrtmax-2", 62}, {"RTMAX-30", 34}, {"CLD", 17},
		{"IOT", 6},    {"POLL", 29},       {"SIGWINCH", 28}, {"SYS", 31},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(signal_parse(rows[i].text, &err), rows[i].sig);
		assert_string_equal(err.msg, "");
	}
}

static void test_refused(void **state)
{
	static const char *const rows[] = {
		"",           "0",
		"65",         "-1",
		"+9",         " 9",
		"9 ",         "SIG",
		"SIGSIGTERM", "TERMX",
		"RTMIN+",     "RTMIN-1",
		"RTMIN+31",   "RTMAX+1",
		"RTMAX-31",   "RTMIN+-1",
		"RT",         "SIGNONSENSEVERYLONG",
		"0x9",        "RTMIN+18446744073709551616",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct err err = ERR_INIT;
		char want[128];

		assert_int_equal(signal_parse(rows[i], &err), -EINVAL);
		(void)snprintf(want, sizeof(want), "invalid signal: %s", rows[i]);
		assert_string_equal(err.msg, want);
		assert_int_equal(err.kind, ERR_INVALID);
	}
	assert_int_equal(signal_parse("x", NULL), -EINVAL);
}

static void test_names_round_trip(void **state)
{
	int named = 0;

	(void)state;
	for (int sig = -1; sig <= SIGNAL_MAX + 1; sig++) {
		const char *name = signal_name(sig);

		if (!name)
			continue;
		named++;
		assert_int_equal(signal_parse(name, NULL), sig);
	}
	assert_int_equal(named, 31 + 31); /* all but the C library's 32 and 33 */
	assert_string_equal(signal_name(SIGTERM), "SIGTERM");
	assert_string_equal(signal_name(37), "SIGRTMIN+3");
	assert_string_equal(signal_name(64), "SIGRTMAX");
	assert_int_equal(SIGRTMIN, 34);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
