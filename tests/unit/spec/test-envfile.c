// SPDX-License-Identifier: Apache-2.0
#include "spec/envfile.h"

#include "../check.h"
#include "base/str.h"

static char *environment[] = {(char *)"HOME=/root", (char *)"EMPTY=", (char *)"A=from env", NULL};

static const struct {
	const char *in, *want; /* joined with | */
	const char *msg;
} rows[] = {
	{"", "", NULL},
	{"A=1", "A=1", NULL},
	{"A=1\nB=2\n", "A=1|B=2", NULL},
	{"A=1\r\nB=2\r\n", "A=1|B=2", NULL},
	{"# comment\n  # another\n\n \t\nA=1", "A=1", NULL},
	{"A=\"quoted\"\nB='x'", "A=\"quoted\"|B='x'", NULL},
	{"A= spaces kept ", "A= spaces kept ", NULL},
	{"   A=1", "A=1", NULL},
	{"A=b=c#d", "A=b=c#d", NULL},
	{"A=", "A=", NULL},
	{"HOME", "HOME=/root", NULL},
	{"HOME  ", "HOME=/root", NULL},
	{"EMPTY", "EMPTY=", NULL},
	{"MISSING\nB=1", "B=1", NULL},
	{"\xef\xbb\xbf"
	 "A=1",
	 "A=1", NULL},
	{"A=\xc3\xa9", "A=\xc3\xa9", NULL},
	{"A.b-c=1", "A.b-c=1", NULL},
	{"A B=1", NULL, "poorly formatted environment: variable 'A B' contains whitespaces"},
	{"A\t=1", NULL, "poorly formatted environment: variable 'A ' contains whitespaces"},
	{"=x", NULL, "poorly formatted environment: no variable name on line '=x'"},
	{"A=1\nB=\xff", NULL, "env file f contains invalid utf8 bytes at line 2"},
	{"A=\xed\xa0\x80", NULL, "env file f contains invalid utf8 bytes at line 1"},
	{"A=\xc0\xaf", NULL, "env file f contains invalid utf8 bytes at line 1"},
	{"A=\xe2\x82", NULL, "env file f contains invalid utf8 bytes at line 1"},
};

static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		char **v = NULL;
		int r = envfile_parse(a, "f", rows[i].in, strlen(rows[i].in), environment, &v,
				      &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, strv_join(a, v, "|"), rows[i].want);
	}
}

static void test_bounds(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	static char big[ENVFILE_MAX + 1];
	struct err err = ERR_INIT;
	char **v;

	(void)state;
	memset(big, '\n', sizeof(big));
	check_error("big", envfile_parse(a, "f", big, sizeof(big), NULL, &v, &err), &err,
		    "env file f: more than 4194304 bytes");
	check_error("NUL", envfile_parse(a, "f", "A=\0B", 4, NULL, &v, &err), &err,
		    "env file f contains a NUL character");
	check_ok("labels", envfile_parse(a, "f", "bare\nk=v", 8, NULL, &v, &err), &err);
	check_text("labels", strv_join(a, v, "|"), "k=v");
}

static void test_arguments(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	static const char *const in[][2] = {
		{"A", "A=from env"}, {"A=", "A="},
		{"A=x=y", "A=x=y"},  {"NONE", "NONE"},
		{"EMPTY", "EMPTY="}, {"some space=before", "some space=before"},
	};
	struct err err = ERR_INIT;
	char *out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		check_ok(in[i][0], envfile_argument(a, in[i][0], environment, &out, &err), &err);
		check_text(in[i][0], out, in[i][1]);
	}
	check_error("", envfile_argument(a, "", environment, &out, &err), &err,
		    "invalid environment variable: ");
	check_error("=x", envfile_argument(a, "=x", environment, &out, &err), &err,
		    "invalid environment variable: =x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
