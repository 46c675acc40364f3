// SPDX-License-Identifier: Apache-2.0
/* The expected texts are what Go's text/tabwriter writes with (10, 1, 3, ' ', 0). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "command/table.h"

static void aligned(void **state UNUSED)
{
	static const struct {
		size_t least;
		const char *in, *out;
	} rows[] = {
		{10, "CONTAINER ID\tIMAGE\tCOMMAND\tNAMES\n",
		 "CONTAINER ID   IMAGE     COMMAND   NAMES\n"},
		{10, "ID\tNAME\nabcdefghij\tx\n", "ID           NAME\nabcdefghij   x\n"},
		{10, "A\tB\n1\t\xe2\x80\xa6\n", "A         B\n1         \xe2\x80\xa6\n"},
		/* two bytes more than characters */
		{10, "IMAGE ID\tX\n1234567\xe2\x80\xa6\tX\n",
		 "IMAGE ID   X\n1234567\xe2\x80\xa6   X\n"},
		/* empty cells still take their column */
		{10, "A\t\tC\n1\t2\t3\n", "A                   C\n1         2         3\n"},
		{20, "PID\tCMD\n1\tsh\n", "PID                 CMD\n1                   sh\n"},
		/* a line without the column cuts the run of neighbours */
		{10, "long long cell\tx\nalone\na\tb\n",
		 "long long cell   x\nalone\na         b\n"},
		{10, "a\tb\tc\nwide wide wide\tb\na\tb\tc\n",
		 "a                b         c\nwide wide wide   b\na                b         "
		 "c\n"},
		{10, "", ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(buf_done) struct buf b = BUF_INIT(4096);

		table_align(&b, rows[i].in, strlen(rows[i].in), rows[i].least);
		assert_string_equal(b.data ? b.data : "", rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(aligned)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
