// SPDX-License-Identifier: Apache-2.0
#include "spec/template.h"

#include "../check.h"
#include "base/json.h"

static const char data[] =
	"{\"ID\":\"0123456789ab\",\"Name\":\"/"
	"web\",\"N\":3,\"Big\":1234567890123,\"F\":1.5,\"Neg\":-7,"
	"\"Yes\":true,\"No\":false,\"Nil\":null,\"Empty\":\"\",\"Text\":\"a,b,,c\",\"None\":[],"
	"\"State\":{\"Status\":\"running\",\"Pid\":42,\"Health\":{\"Log\":[{\"ExitCode\":1}]}},"
	"\"Labels\":{\"b.c\":\"2\",\"a\":\"1\"},\"Env\":[\"A=1\",\"B=2\"],"
	"\"Ports\":{\"80/tcp\":[{\"HostPort\":\"8080\"}],\"90/tcp\":null},\"Nested\":[[1,2],[3]],"
	"\"Html\":\"<a & b>\",\"Utf\":\"h\xc3\xa9llo\"}";

static const struct {
	const char *in, *want;
} good[] = {
	{"", ""},
	{"plain } text", "plain } text"},
	{"{{.ID}}", "0123456789ab"},
	{"{{ .ID }}\t{{.Name}}", "0123456789ab\t/web"},
	{"{{.State.Status}}", "running"},
	{"{{.State.Health.Log}}", "[map[ExitCode:1]]"},
	{"{{.N}} {{.F}} {{.Neg}} {{.Yes}} {{.No}} {{.Big}}", "3 1.5 -7 true false 1234567890123"},
	{"{{.Nil}} {{.Nope}} {{.State.Nope}}", "<no value> <no value> <no value>"},
	{"{{.Labels}}", "map[a:1 b.c:2]"},
	{"{{.Env}}", "[A=1 B=2]"},
	{"{{.Ports}}", "map[80/tcp:[map[HostPort:8080]] 90/tcp:<nil>]"},
	{"{{.Nested}}", "[[1 2] [3]]"},
	{"{{$.ID}}", "0123456789ab"},
	{"{{/* comment */}}x", "x"},
	{"{{- /* comment */ -}} x", "x"},
	{"a {{- .N -}} b", "a3b"},
	{"a {{ .N -}}\n b", "a 3b"},
	{"a\n {{- 3}}", "a3"},
	{"{{-3}}", "-3"},
	{"{{\"lit\"}} {{`raw\\n`}} {{'A'}} {{12}} {{1.50}} {{0x10}} {{true}}",
	 "lit raw\\n 65 12 1.5 16 true"},
	{"{{\"tab\\t\\\"q\\\" \\u00e9\\x41\"}}", "tab\t\"q\" \xc3\xa9"
						 "A"},
	{"{{index .Labels \"b.c\"}}|{{index .Labels \"zz\"}}|", "2||"},
	{"{{index .Env 1}} {{index .Nested 0 1}}", "B=2 2"},
	{"{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080"},
	{"{{with index .Ports \"80/tcp\"}}{{(index . 0).HostPort}}{{end}}", "8080"},
	{"{{json .Env}} {{json .Nil}} {{json .Nope}} {{json .Html}}",
	 "[\"A=1\",\"B=2\"] null null \"<a & b>\""},
	{"{{.State | json}}",
	 "{\"Status\":\"running\",\"Pid\":42,\"Health\":{\"Log\":[{\"ExitCode\":1}]}}"},
	{"{{join .Env \", \"}}|{{join .None \",\"}}", "A=1, B=2|"},
	{"{{lower \"AbC\"}} {{upper .State.Status}} {{title \"new york\"}}",
	 "abc RUNNING New York"},
	{"{{split .Text \",\"}} {{len (split .Text \",\")}}", "[a b  c] 4"},
	{"{{split .Utf \"\" | json}}", "[\"h\",\"\xc3\xa9\",\"l\",\"l\",\"o\"]"},
	{"{{truncate .ID 5}} {{truncate .ID 50}}", "01234 0123456789ab"},
	{"[{{pad .ID 1 2}}][{{pad .Empty 1 2}}]", "[ 0123456789ab  ][]"},
	{"{{println .N \"x\"}}", "3 x\n"},
	{"{{print 1 2 \"a\" \"b\" 3}}", "1 2ab3"},
	{"{{len .Env}} {{len .Labels}} {{len .ID}}", "2 2 12"},
	{"{{slice .ID 2 4}} {{slice .Env 1}} {{slice .Env 0 0}}", "23 [B=2] []"},
	{"{{eq .N 3}} {{eq .N 1 2 3}} {{ne .N 3}} {{eq .ID \"x\"}} {{eq .Nil nil}}",
	 "true true false false true"},
	{"{{lt 1 2}}{{le 2 2}}{{gt 1 2}}{{ge 1 2}} {{lt \"a\" \"b\"}} {{lt 1 1.5}}",
	 "truetruefalsefalse true true"},
	{"{{and 1 0 2}} {{and 1 2}} {{or 0 \"\" \"x\"}} {{or 0 0}} {{not 1}} {{not .Nil}}",
	 "0 2 x 0 false true"},
	{"{{and .Nil .Nil.X}}", "<no value>"},
	{"{{if .Yes}}y{{end}}{{if .No}}n{{end}}", "y"},
	{"{{if .No}}a{{else if .Yes}}b{{else}}c{{end}}", "b"},
	{"{{if .Empty}}a{{else if .None}}b{{else}}c{{end}}", "c"},
	{"{{range .Env}}[{{.}}]{{end}}", "[A=1][B=2]"},
	{"{{range $e := .Env}}{{$e}};{{end}}", "A=1;B=2;"},
	{"{{range $i, $e := .Env}}{{$i}}={{$e}} {{end}}", "0=A=1 1=B=2 "},
	{"{{range $k, $v := .Labels}}{{$k}}={{$v}},{{end}}", "a=1,b.c=2,"},
	{"{{range $p, $c := .Ports}}{{$p}} -> {{if $c}}{{(index $c "
	 "0).HostPort}}{{else}}none{{end}};{{end}}",
	 "80/tcp -> 8080;90/tcp -> none;"},
	{"{{range .None}}x{{else}}empty{{end}} {{range .Nil}}x{{else}}nil{{end}}", "empty nil"},
	{"{{range .Env}}{{if eq . \"B=2\"}}{{break}}{{end}}{{.}}{{end}}", "A=1"},
	{"{{range .Env}}{{if eq . \"A=1\"}}{{continue}}{{end}}{{.}}{{end}}", "B=2"},
	{"{{range .Nested}}{{range .}}{{.}}{{$.N}} {{end}}{{end}}", "13 23 33 "},
	{"{{with .State}}{{.Status}} {{$.ID}}{{end}}", "running 0123456789ab"},
	{"{{with .Nil}}x{{else}}none{{end}}{{with $x := .N}}{{$x}}{{end}}", "none3"},
	{"{{with .Nil}}x{{else with .N}}{{.}}{{end}}", "3"},
	{"{{$x := .N}}{{$x}}{{$x = 4}}{{$x}}", "34"},
	{"{{$x := 1}}{{range .Env}}{{$x = .}}{{end}}{{$x}}", "B=2"},
	{"{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"},
	{"{{$s := .State}}{{$s.Pid}}", "42"},
	{"{{(.State).Pid}} {{(index .Env 0) | lower}}", "42 a=1"},
	{"{{.Env | len | printf \"%03d\"}}", "002"},
	{"{{printf \"%s|%d|%v|%q|%x\" .Name .N .Env \"a\\\"b\" 255}}",
	 "/web|3|[A=1 B=2]|\"a\\\"b\"|ff"},
	{"{{printf \"%-10s|%10s|%.3s|%5.1f|%+d|%05d|%t|%%\" .Name .Name .ID .F .N .Neg .Yes}}",
	 "/web      |      /web|012|  1.5|+3|-0007|true|%"},
	{"{{printf \"%-7s|%7s|\" .Utf .Utf}}", "h\xc3\xa9llo  |  h\xc3\xa9llo|"},
	{"{{printf \"%*d|%-*d|\" 5 .N 4 .N}}", "    3|3   |"},
	{"{{printf \"%x %X %#x\" \"hi\" \"hi\" 255}}", "6869 6869 0xff"},
	{"{{printf \"%d\" \"x\"}} {{printf \"%s\" 5}} {{printf \"%d\"}} {{printf \"a\" 1}}",
	 "%!d(string=x) %!s(int=5) %!d(MISSING) a%!(EXTRA int=1)"},
	{"{{printf \"%s\" .Env}} {{printf \"%v\" .Nil}} {{printf \"%\"}} {{printf \"%z\" 1}}",
	 "[A=1 B=2] <nil> %!(NOVERB) %!z(int=1)"},
	{"{{printf \"%v %v %v %v\" 0.1 1e6 1e21 1e-7}}", "0.1 1e+06 1e+21 1e-07"},
	{"{{printf \"%c %U %o %b %q\" 65 65 8 5 65}}", "A U+0041 10 101 'A'"},
};

static json_t *root(void)
{
	json_t *j = json_parse(data, strlen(data), "data", NULL);

	assert_non_null(j);
	return j;
}

static int run(const char *in, json_t *j, int flags, struct buf *out, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct template *t;
	int r = template_parse(a, in, &t, err);

	buf_puts(out, "");
	return r < 0 ? r
		     : template_execute(t, j, flags,
					flags & TEMPLATE_ROW ? "*formatter.ContainerContext" : NULL,
					out, err);
}

static void test_good(void **state)
{
	cleanup(json_unref) json_t *j = root();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT(1 << 20);
		struct err err = ERR_INIT;

		check_ok(good[i].in, run(good[i].in, j, 0, &out, &err), &err);
		check_text(good[i].in, out.data, good[i].want);
	}
}

static const struct {
	const char *in, *msg;
	int flags;
} bad[] = {
	{"{{.ID", "template: :1: unclosed action", 0},
	{"{{", "template: :1: unclosed action", 0},
	{"{{}}", "template: :1: missing value for command", 0},
	{"{{.A | }}", "template: :1: missing value for command", 0},
	{"{{foo}}", "template: :1: function \"foo\" not defined", 0},
	{"x\n{{foo .}}", "template: :2: function \"foo\" not defined", 0},
	{"{{$x}}", "template: :1: undefined variable \"$x\"", 0},
	{"{{if .A}}{{$x := 1}}{{end}}{{$x}}", "template: :1: undefined variable \"$x\"", 0},
	{"{{if .A}}x", "template: :1: unexpected EOF", 0},
	{"{{if .A}}x{{else}}y", "template: :1: unexpected EOF", 0},
	{"{{end}}", "template: :1: unexpected {{end}}", 0},
	{"{{else}}", "template: :1: unexpected {{else}}", 0},
	{"{{if .A}}{{else}}{{else}}{{end}}", "template: :1: unexpected {{else}}", 0},
	{"{{(.A}}", "template: :1: unclosed left paren", 0},
	{"{{.A)}}", "template: :1: unexpected right paren", 0},
	{"{{\"abc}}", "template: :1: unterminated quoted string", 0},
	{"{{`abc}}", "template: :1: unterminated raw quoted string", 0},
	{"{{\"\\z\"}}", "template: :1: invalid syntax", 0},
	{"{{/* abc}}", "template: :1: unclosed comment", 0},
	{"{{12abc}}", "template: :1: bad number syntax: \"12abc\"", 0},
	{"{{break}}", "template: :1: {{break}} outside {{range}}", 0},
	{"{{define \"x\"}}{{end}}", "template: :1: {{define}} is not supported", 0},
	{"{{1 2}}", "template: :1: can't give argument to non-function 1", 0},
	{"{{.ID.X}}",
	 "template: :1:5: executing \"\" at <.ID.X>: can't evaluate field X in type string", 0},
	{"{{.Nil.X}}",
	 "template: :1:6: executing \"\" at <.Nil.X>: nil pointer evaluating interface {}.X", 0},
	{"{{.Nope.X}}",
	 "template: :1:7: executing \"\" at <.Nope.X>: nil pointer evaluating interface {}.X", 0},
	{"{{.Nope}}",
	 "template: :1:2: executing \"\" at <.Nope>: can't evaluate field Nope in type "
	 "*formatter.ContainerContext",
	 TEMPLATE_ROW},
	{"{{.Nope}}",
	 "template: :1:2: executing \"\" at <.Nope>: map has no entry for key \"Nope\"",
	 TEMPLATE_MISSING},
	{"{{.State.Nope}}",
	 "template: :1:8: executing \"\" at <.State.Nope>: map has no entry for key \"Nope\"",
	 TEMPLATE_MISSING},
	{"a\n{{index .Env 7}}",
	 "template: :2:2: executing \"\" at <index .Env 7>: error calling index: index out of "
	 "range: 7",
	 0},
	{"{{index .Nil 0}}",
	 "template: :1:2: executing \"\" at <index .Nil 0>: error calling index: index of untyped "
	 "nil",
	 0},
	{"{{lt 1 \"a\"}}",
	 "template: :1:2: executing \"\" at <lt 1 \"a\">: error calling lt: incompatible types for "
	 "comparison",
	 0},
	{"{{eq .Env .Env}}",
	 "template: :1:2: executing \"\" at <eq .Env .Env>: error calling eq: non-comparable type",
	 0},
	{"{{len 3}}",
	 "template: :1:2: executing \"\" at <len 3>: error calling len: len of type int", 0},
	{"{{len}}",
	 "template: :1:2: executing \"\" at <len>: wrong number of args for len: want 1 got 0", 0},
	{"{{range .N}}{{end}}",
	 "template: :1:8: executing \"\" at <.N>: range can't iterate over 3", 0},
	{"{{.ID \"x\"}}",
	 "template: :1:2: executing \"\" at <.ID>: .ID has arguments but cannot be invoked as "
	 "function",
	 0},
	{"{{upper .N}}",
	 "template: :1:2: executing \"\" at <upper .N>: wrong type for value; expected string; got "
	 "int "
	 "(calling upper)",
	 0},
	{"{{pad .ID 99999 1}}",
	 "template: :1:2: executing \"\" at <pad .ID 99999 1>: error calling pad: expected two "
	 "paddings of "
	 "up to 4096",
	 0},
};

static void test_bad(void **state)
{
	cleanup(json_unref) json_t *j = root();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT(1 << 20);
		struct err err = ERR_INIT;

		check_error(bad[i].in, run(bad[i].in, j, bad[i].flags, &out, &err), &err,
			    bad[i].msg);
		assert_true(run(bad[i].in, j, bad[i].flags, &out, NULL) < 0);
	}
}

static void test_rows(void **state)
{
	static const char row[] = "{\"Names\":\"web\",\"ID\":\"1\",\"Label\":{\"a.b\":\"v\"}}";
	static const char titles[] = "{\"Names\":\"NAMES\",\"ID\":\"CONTAINER ID\",\"Label\":\"\"}";
	static const struct {
		const char *in, *row, *header;
	} rows[] = {
		{"{{.ID}}\t{{.Names}}", "1\tweb", "CONTAINER ID\tNAMES"},
		{"{{.Label \"a.b\"}}|{{.Label \"zz.y-z\"}}", "v|", "b|y z"},
		{"{{upper .Names}}", "WEB", "NAMES"},
		{"{{truncate .Names 1}}", "w", "NAMES"},
		{"{{json .ID}}", "\"1\"", "CONTAINER ID"},
		{"{{json .}}", "{\"ID\":\"1\",\"Names\":\"web\"}", NULL},
	};
	cleanup(json_unref) json_t *j = json_parse(row, strlen(row), "row", NULL);
	cleanup(json_unref) json_t *h = json_parse(titles, strlen(titles), "titles", NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(buf_done) struct buf out = BUF_INIT(4096);
		struct err err = ERR_INIT;

		check_ok(rows[i].in, run(rows[i].in, j, TEMPLATE_ROW, &out, &err), &err);
		check_text(rows[i].in, out.data, rows[i].row);
		buf_reset(&out);
		if (!rows[i].header)
			continue;
		check_ok(rows[i].in, run(rows[i].in, h, TEMPLATE_HEADER, &out, &err), &err);
		check_text(rows[i].in, out.data, rows[i].header);
	}
}

static void collect(const char *chain, void *data_)
{
	buf_printf(data_, "%s;", chain);
}

static void test_fields(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct err err = ERR_INIT;
	struct template *t;

	(void)state;
	check_ok("fields",
		 template_parse(
			 a,
			 "{{.ID}} {{if .State.Pid}}{{json .A | upper}}{{else}}{{(index .B 0).C}}"
			 "{{end}}{{range .D}}{{$.E}}{{.}}{{end}}",
			 &t, &err),
		 &err);
	template_each_field(t, collect, &b);
	check_text("fields", b.data, "ID;State.Pid;A;B;C;D;E;");
	assert_true(template_uses(t, "State"));
	assert_true(template_uses(t, "E"));
	assert_false(template_uses(t, "Pid"));
	assert_false(template_uses(t, "I"));
}

/* What a template must not be able to do to us. */
static void test_bounds(void **state)
{
	cleanup(json_unref) json_t *j = root();
	cleanup(json_unref) json_t *big = json_object();
	cleanup(buf_done) struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(64 << 10);
	struct err err = ERR_INIT;
	json_t *list = json_array();

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_puts(&in, "{{if 1}}");
	check_error("deep", run(in.data, j, 0, &out, &err), &err,
		    "template: :1: nested deeper than 64");
	buf_reset(&in);
	buf_puts(&in, "{{");
	for (int i = 0; i < 1000; i++)
		buf_puts(&in, "(");
	check_error("parens", run(in.data, j, 0, &out, &err), &err,
		    "template: :1: nested deeper than 64");
	buf_reset(&in);
	for (int i = 0; i < 70000; i++)
		buf_putc(&in, 'x');
	check_error("long", run(in.data, j, 0, &out, &err), &err,
		    "template: more than 65536 bytes");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(json_array_append_new(list, json_integer(i)), 0);
	assert_int_equal(json_object_set_new(big, "L", list), 0);
	check_error(
		"steps",
		run("{{range .L}}{{range $.L}}{{range $.L}}{{if .}}{{end}}{{end}}{{end}}{{end}}",
		    big, 0, &out, &err),
		&err, "template: more than 4000000 steps");
	check_error("output",
		    run("{{range .L}}{{range $.L}}xxxxxxxxxx{{end}}{{end}}", big, 0, &out, &err),
		    &err, "more than 65536 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),   cmocka_unit_test(test_bad),
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_fields),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
