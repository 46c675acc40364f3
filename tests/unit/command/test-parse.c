// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/str.h"
#include "command/help.h"
#include "command/parse.h"

struct shared {
	char **labels;
};
struct options {
	bool all, proxy;
	char *name;
	int64_t last;
	struct opt_i64 timeout;
	struct opt_flag init;
	uint64_t weight;
	char **env;
	struct shared shared;
	int parsed;
};

static int parse_even(struct arena *a UNUSED, const char *value, void *dest, struct err *err)
{
	if (strlen(value) % 2)
		return err_set(err, ERR_INVALID, "odd: '%s'", value);
	*(int *)dest = (int)strlen(value);
	return 0;
}

static const struct flag flags[] = {
	{"all", 'a', FLAG_BOOL, .help = "All", .at = offsetof(struct options, all)},
	{"env", 'e', FLAG_LIST, .help = "Environment", .at = offsetof(struct options, env)},
	{"even", 0, FLAG_PARSED, .metavar = "even", .parse = parse_even, .help = "Even",
	 .at = offsetof(struct options, parsed)},
	{"init", 0, FLAG_OPT_BOOL, .help = "Init", .at = offsetof(struct options, init)},
	{"last", 'n', FLAG_INT, .def = "-1", .help = "Last", .at = offsetof(struct options, last)},
	{"name", 'm', FLAG_STRING, .help = "Name", .at = offsetof(struct options, name)},
	{"proxy", 0, FLAG_BOOL, .def = "true", .help = "Proxy",
	 .at = offsetof(struct options, proxy)},
	{"timeout", 't', FLAG_OPT_INT, .help = "Timeout", .at = offsetof(struct options, timeout)},
	{"weight", 0, FLAG_UINT, .help = "Weight", .at = offsetof(struct options, weight)},
	{},
};
static const struct flag shared_flags[] = {
	{"label", 'l', FLAG_MAP, .help = "Label", .at = offsetof(struct shared, labels)},
	{},
};
static const struct command mixed = {
	.paths = "thing do|do",
	.usage = "[OPTIONS] A",
	.summary = "Do",
	.max_args = COMMAND_ANY_ARGS,
	.flags = flags,
	.shared = {{shared_flags, offsetof(struct options, shared)}},
	.options_size = sizeof(struct options),
};

struct result {
	struct arena *a;
	struct command_line c;
	struct options *o;
	struct err err;
	bool help;
	int r;
};

static struct result parse(const struct command *cmd, const char *line)
{
	struct result r = {.err = ERR_INIT};
	char **words;

	r.a = arena_new(ARENA_DEFAULT_MAX);
	words = strv_split(r.a, line, ' ', 0);
	r.c = (struct command_line){.command = cmd, .arena = r.a, .path = "do", .name = "hoy"};
	r.r = command_parse(&r.c, words, strv_len(words), &r.help, &r.err);
	r.o = r.c.options;
	return r;
}

static void defaults(void **state UNUSED)
{
	struct result r = parse(&mixed, "x");

	assert_int_equal(r.r, 0);
	assert_int_equal(r.o->last, -1);
	assert_true(r.o->proxy);
	assert_false(r.o->all);
	assert_false(r.o->timeout.set);
	assert_false(r.o->init.set);
	assert_null(r.o->env);
	assert_string_equal(r.c.args[0], "x");
	assert_int_equal(r.c.n_args, 1);
	arena_free(r.a);
}

static void every_form(void **state UNUSED)
{
	struct result r =
		parse(&mixed, "-ae A=1 x --env=B=2 -n5 -t=0 --name - --init=false --weight 0x10 "
			      "--proxy=0 -l k=v --even ab - -- --last");

	assert_int_equal(r.r, 0);
	assert_true(r.o->all);
	assert_int_equal(strv_len(r.o->env), 2);
	assert_string_equal(r.o->env[0], "A=1");
	assert_string_equal(r.o->env[1], "B=2");
	assert_int_equal(r.o->last, 5);
	assert_true(r.o->timeout.set);
	assert_int_equal(r.o->timeout.value, 0);
	assert_string_equal(r.o->name, "-");
	assert_true(r.o->init.set && !r.o->init.value);
	assert_int_equal(r.o->weight, 16);
	assert_false(r.o->proxy);
	assert_string_equal(r.o->shared.labels[0], "k=v");
	assert_int_equal(r.o->parsed, 2);
	assert_int_equal(r.c.n_args, 3);
	assert_string_equal(r.c.args[0], "x");
	assert_string_equal(r.c.args[1], "-");
	assert_string_equal(r.c.args[2], "--last");
	arena_free(r.a);
}

static void first_argument_ends_flags(void **state UNUSED)
{
	struct command cmd = mixed;
	struct result r;

	cmd.traits = COMMAND_FIRST_ARG_ENDS_FLAGS;
	r = parse(&cmd, "-a image -x --nope");
	assert_int_equal(r.r, 0);
	assert_int_equal(r.c.n_args, 3);
	assert_string_equal(r.c.args[2], "--nope");
	arena_free(r.a);
}

static void messages(void **state UNUSED)
{
	static const struct {
		const char *line, *message;
	} rows[] = {
		{"--nope", "unknown flag: --nope"},
		{"--nope=1", "unknown flag: --nope"},
		{"--al", "unknown flag: --al"},
		{"-z", "unknown shorthand flag: 'z' in -z"},
		{"-az", "unknown shorthand flag: 'z' in -az"},
		{"--name", "flag needs an argument: --name"},
		{"-am", "flag needs an argument: 'm' in -am"},
		{"--=x", "bad flag syntax: --=x"},
		{"--all=maybe", "invalid argument \"maybe\" for \"-a, --all\" flag: "
				"strconv.ParseBool: parsing \"maybe\": invalid syntax"},
		{"-t x", "invalid argument \"x\" for \"-t, --timeout\" flag: "
			 "strconv.ParseInt: parsing \"x\": invalid syntax"},
		{"-n 99999999999999999999",
		 "invalid argument \"99999999999999999999\" for \"-n, --last\" "
		 "flag: strconv.ParseInt: parsing \"99999999999999999999\": "
		 "value out of range"},
		{"--weight 65536", "invalid argument \"65536\" for \"--weight\" flag: "
				   "strconv.ParseUint: parsing \"65536\": value out of range"},
		{"--weight -1", "invalid argument \"-1\" for \"--weight\" flag: "
				"strconv.ParseUint: parsing \"-1\": invalid syntax"},
		{"-l k", "invalid argument \"k\" for \"-l, --label\" flag: k must be formatted as "
			 "key=value"},
		{"--even abc", "invalid argument \"abc\" for \"--even\" flag: odd: 'abc'"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct result r = parse(&mixed, rows[i].line);

		assert_int_equal(r.r, -EINVAL);
		assert_string_equal(r.err.msg, rows[i].message);
		arena_free(r.a);
	}
}

static void help_stops_at_once(void **state UNUSED)
{
	static const char *const lines[] = {"--help --nope", "-h --nope", "-ah --nope"};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct result r = parse(&mixed, lines[i]);

		assert_int_equal(r.r, 0);
		assert_true(r.help);
		arena_free(r.a);
	}
}

static void given(void **state UNUSED)
{
	struct result r = parse(&mixed, "-n -1 --label a=b");

	assert_true(command_given(&r.c, "last"));
	assert_true(command_given(&r.c, "label"));
	assert_false(command_given(&r.c, "name"));
	arena_free(r.a);
}

static void numbers(void **state UNUSED)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"-12", 0, -12},
		{"+3", 0, 3},
		{"010", 0, 8},
		{"0o10", 0, 8},
		{"0x1F", 0, 31},
		{"0b101", 0, 5},
		{"", -EINVAL, 0},
		{"-", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"09", -EINVAL, 0},
		{"0x", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 0},
		{"0x-1", -EINVAL, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int64_t n = 0;

		assert_int_equal(flag_parse_int(rows[i].text, &n), rows[i].r);
		if (rows[i].r == 0)
			assert_int_equal(n, rows[i].value);
	}
}

static void argument_counts(void **state UNUSED)
{
	static const struct {
		size_t min, max, n;
		const char *text;
	} rows[] = {
		{0, 0, 0, NULL},
		{0, 0, 1, "accepts no arguments."},
		{1, COMMAND_ANY_ARGS, 0, "requires at least 1 argument."},
		{2, COMMAND_ANY_ARGS, 1, "requires at least 2 arguments."},
		{2, 2, 3, "requires exactly 2 arguments."},
		{1, 1, 0, "requires exactly 1 argument."},
		{0, 1, 2, "requires at most 1 argument."},
		{1, 2, 3, "requires at least 1 and at most 2 arguments."},
		{1, 2, 2, NULL},
	};
	struct arena *a = arena_new(ARENA_DEFAULT_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct command cmd = {.min_args = rows[i].min, .max_args = rows[i].max};
		const char *text = command_check_args(a, &cmd, rows[i].n);

		if (rows[i].text)
			assert_string_equal(text, rows[i].text);
		else
			assert_null(text);
	}
	arena_free(a);
}

static void help_layout(void **state UNUSED)
{
	static const struct flag two[] = {
		{"a", 'x', FLAG_BOOL, .help = "Short"},
		{"longer-name", 0, FLAG_STRING, .def = "no",
		 .help = "A text that is long enough to be cut in two at this width"},
		{},
	};
	const struct command cmd = {.paths = "box do|do",
				    .usage = "[OPTIONS] A\n[OPTIONS] B",
				    .summary = "Do it",
				    .flags = two};
	cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);

	help_command(&b, &cmd, "hoy", "do", 60);
	assert_string_equal(b.data,
			    "Usage:  hoy do [OPTIONS] A\n"
			    "\thoy do [OPTIONS] B\n"
			    "\nDo it\n"
			    "\nAliases:\n  hoy box do, hoy do\n"
			    "\nOptions:\n"
			    "  -x, --a                    Short\n"
			    "      --longer-name string   A text that is long\n"
			    "                             enough to be cut in two\n"
			    "                             at this width (default \"no\")\n");
}

/* Go's flag package: no bundles, one hyphen or two. */
static void single_hyphen(void **state UNUSED)
{
	static const struct command_program go = {.name = "go", .single_hyphen = true};
	static const struct {
		char *words[4];
		const char *name, *error;
		int64_t last;
		bool all, help;
	} cases[] = {
		{{(char *)"-name", (char *)"x", (char *)"-all"}, "x", NULL, -1, true, false},
		{{(char *)"--name=x", (char *)"-n", (char *)"7"}, "x", NULL, 7, false, false},
		{{(char *)"-name=x", (char *)"--a"}, "x", NULL, -1, true, false},
		{{(char *)"-m=x"}, "x", NULL, -1, false, false},
		{{(char *)"-h"}, NULL, NULL, -1, false, true},
		{{(char *)"-am", (char *)"x"}, NULL, "unknown flag: --am", -1, false, false},
		{{(char *)"-name"}, NULL, "flag needs an argument: -name", -1, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct command_line c = {
			.program = &go, .command = &mixed, .arena = a, .path = "do", .name = "go"};
		struct err err = ERR_INIT;
		const struct options *o;
		bool help = false;
		int r = command_parse(&c, cases[i].words, strv_len(cases[i].words), &help, &err);

		assert_int_equal(r < 0, cases[i].error != NULL);
		if (cases[i].error)
			assert_string_equal(err.msg, cases[i].error);
		assert_int_equal(help, cases[i].help);
		o = c.options;
		if (r == 0 && !help) {
			assert_true(str_eq(o->name, cases[i].name));
			assert_int_equal(o->last, cases[i].last);
			assert_int_equal(o->all, cases[i].all);
		}
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_form),
		cmocka_unit_test(first_argument_ends_flags),
		cmocka_unit_test(messages),
		cmocka_unit_test(help_stops_at_once),
		cmocka_unit_test(given),
		cmocka_unit_test(numbers),
		cmocka_unit_test(argument_counts),
		cmocka_unit_test(help_layout),
		cmocka_unit_test(single_hyphen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
