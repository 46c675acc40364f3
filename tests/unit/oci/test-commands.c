// SPDX-License-Identifier: Apache-2.0
/* The table is well-formed, and its defaults parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "command/help.h"
#include "command/parse.h"
#include "oci/record.h"

static void check_row(const struct command *cmd)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf man = BUF_INIT(HELP_MAX);
	struct command_line c = {.program = &oci_program, .command = cmd, .arena = a, .path = ""};
	struct flag flags[FLAGS_MAX];
	size_t n = command_flags(cmd, flags);
	struct err err = ERR_INIT;
	bool help = false;

	if (str_empty(cmd->summary) || (!cmd->run && !(cmd->traits & COMMAND_GROUP)))
		fail_msg("%s: no text or no function", cmd->paths);
	for (size_t i = 0; i < n; i++) {
		if (str_empty(flags[i].help) || flags[i].at >= cmd->options_size)
			fail_msg("%s --%s: no help, or outside the options", cmd->paths,
				 flags[i].name);
		if (i && strcmp(flags[i - 1].name, flags[i].name) >= 0)
			fail_msg("%s --%s: not sorted", cmd->paths, flags[i].name);
		for (size_t k = 0; k < i; k++)
			if (flags[i].letter && flags[i].letter == flags[k].letter)
				fail_msg("%s --%s: letter is taken", cmd->paths, flags[i].name);
	}
	if (command_parse(&c, NULL, 0, &help, &err) < 0)
		fail_msg("%s: %s", cmd->paths, err.msg);
	help_man(&man, &oci_program, cmd);
	assert_int_equal(man.failed, 0);
}

static void rows_are_sound(void **state UNUSED)
{
	check_row(oci_program.root);
	for (size_t i = 0; oci_program.commands[i]; i++) {
		check_row(oci_program.commands[i]);
		assert_ptr_equal(command_find(&oci_program, oci_program.commands[i]->paths),
				 oci_program.commands[i]);
	}
}

static void cgroup_paths(void **state UNUSED)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);

	assert_string_equal(record_cgroup_path(a, "/a//b/../c/", "id"), "/a/c");
	assert_true(str_ends(record_cgroup_path(a, "x/y", "id"), "/x/y"));
	assert_true(str_ends(record_cgroup_path(a, NULL, "id"), "/id"));
	assert_int_equal(*record_cgroup_path(a, NULL, "id"), '/');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sound),
		cmocka_unit_test(cgroup_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
