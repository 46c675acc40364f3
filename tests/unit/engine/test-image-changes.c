// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "engine/image.h"

#define BEFORE "{\"Env\":[\"PATH=/bin\",\"V=old\"],\"Cmd\":[\"sh\"],\"WorkingDir\":\"/srv\"}"

/* Applies changes (separated by '|') to BEFORE; the result or the error as text. */
static char *apply(struct arena *a, const char *changes)
{
	cleanup(json_unref) json_t *config = json_loads(BEFORE, 0, NULL);
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;
	char **list = strv_split(a, changes, '|', 0);

	assert_non_null(config);
	if (image_apply_changes(a, config, list, &err) < 0) {
		assert_int_equal(err.kind, ERR_INVALID);
		return arena_strdup(a, err.msg);
	}
	json_object_del(config, "dummy");
	assert_int_equal(json_write(&b, config, 0, &err), 0);
	return arena_strdup(a, b.data);
}

static void test_results(void **state)
{
#define REST ",\"Cmd\":[\"sh\"],\"WorkingDir\":\"/srv\""
#define ENV  "{\"Env\":[\"PATH=/bin\",\"V=old\"]"
	static const char *const rows[][2] = {
		{"CMD [\"a\", \"b c\"]", ENV ",\"Cmd\":[\"a\",\"b c\"],\"WorkingDir\":\"/srv\"}"},
		{"cmd echo $V \"x\"", ENV
		 ",\"Cmd\":[\"/bin/sh\",\"-c\",\"echo $V \\\"x\\\"\"],\"WorkingDir\":\"/srv\"}"},
		/* An entrypoint takes the old command away, but not one that was set here. */
		{"ENTRYPOINT [\"e\"]", ENV ",\"WorkingDir\":\"/srv\",\"Entrypoint\":[\"e\"]}"},
		{"CMD c|ENTRYPOINT [\"e\"]",
		 ENV ",\"Cmd\":[\"/bin/sh\",\"-c\",\"c\"],\"WorkingDir\":\"/"
		     "srv\",\"Entrypoint\":[\"e\"]}"},
		{"ENV A=1 B='x y' V=\"$V-new\"",
		 "{\"Env\":[\"PATH=/bin\",\"V=old-new\",\"A=1\",\"B=x y\"]" REST "}"},
		{"ENV KEY some value",
		 "{\"Env\":[\"PATH=/bin\",\"V=old\",\"KEY=some value\"]" REST "}"},
		{"ENV A=${V:+set} B=${NONE:-${V}} C=\\$V D='$V'",
		 "{\"Env\":[\"PATH=/bin\",\"V=old\",\"A=set\",\"B=old\",\"C=$V\",\"D=$V\"]" REST
		 "}"},
		{"LABEL a=1 \"b c\"='d'", ENV REST ",\"Labels\":{\"a\":\"1\",\"b c\":\"d\"}}"},
		{"EXPOSE 80 53/UDP 8000-8002", ENV REST
		 ",\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{},\"8000/tcp\":{},\"8001/tcp\":{},"
		 "\"8002/tcp\":{}}}"},
		{"VOLUME [\"/a b\", \"/c\"]", ENV REST ",\"Volumes\":{\"/a b\":{},\"/c\":{}}}"},
		{"VOLUME /a /b", ENV REST ",\"Volumes\":{\"/a\":{},\"/b\":{}}}"},
		{"USER 1000:100", ENV REST ",\"User\":\"1000:100\"}"},
		{"WORKDIR sub", ENV ",\"Cmd\":[\"sh\"],\"WorkingDir\":\"/srv/sub\"}"},
		{"WORKDIR /x/../y", ENV ",\"Cmd\":[\"sh\"],\"WorkingDir\":\"/y\"}"},
		{"STOPSIGNAL SIGTERM", ENV REST ",\"StopSignal\":\"SIGTERM\"}"},
		{"ONBUILD RUN make all", ENV REST ",\"OnBuild\":[\"RUN make all\"]}"},
		{"HEALTHCHECK NONE", ENV REST ",\"Healthcheck\":{\"Test\":[\"NONE\"]}}"},
		{"HEALTHCHECK --interval=5s --retries=3 CMD curl -f http://x", ENV REST
		 ",\"Healthcheck\":{\"Interval\":5000000000,\"Retries\":3,\"Test\":[\"CMD-SHELL\","
		 "\"curl -f http://x\"]}}"},
		{"HEALTHCHECK CMD [\"a\"]",
		 ENV REST ",\"Healthcheck\":{\"Test\":[\"CMD\",\"a\"]}}"},
		{"# comment\n\nUSER u\\\nser  ", ENV REST ",\"User\":\"user\"}"},
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(apply(a, rows[i][0]), rows[i][1]);
}

static void test_errors(void **state)
{
	static const char *const rows[][2] = {
		{"RUN x", "RUN is not a valid change command"},
		{"USER", "USER requires at least one argument"},
		{"USER a b", "USER requires exactly one argument"},
		{"ENV A=1 B",
		 "Syntax error - can't find = in \"B\". Must be of the form: name=value"},
		{"ENV A", "ENV must have two arguments"},
		{"ENV =x", "ENV names can not be blank"},
		{"EXPOSE 70000", "invalid containerPort: 70000"},
		{"EXPOSE 9-8", "invalid containerPort: 9-8"},
		{"EXPOSE 80/icmp", "invalid proto: icmp"},
		{"ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"},
		{"ONBUILD from x", "from isn't allowed as an ONBUILD trigger"},
		{"VOLUME [\"\"]", "VOLUME specified can not be an empty string"},
		{"HEALTHCHECK FOO", "Unknown type \"FOO\" in HEALTHCHECK (try CMD)"},
		{"HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"},
		{"HEALTHCHECK --retries=x CMD y",
		 "--retries cannot be negative or not a number: x"},
		{"USER \"x", "unexpected end of statement while looking for matching double-quote"},
		{"USER ${V", "syntax error: unterminated or bad substitution: ${V"},
		{"USER ${V:?x}", "unsupported modifier in substitution: ${V:?x}"},
	};
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(apply(a, rows[i][0]), rows[i][1]);
}

/* Substitutions that nest without end fail and do not overflow the stack. */
static void test_bounds(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(64 << 20);
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);

	(void)state;
	buf_puts(&b, "USER ");
	for (int i = 0; i < 50000; i++)
		buf_puts(&b, "${NONE:-");
	for (int i = 0; i < 50000; i++)
		buf_putc(&b, '}');
	assert_string_equal(apply(a, b.data), "substitutions nest too deeply");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
