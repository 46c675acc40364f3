// SPDX-License-Identifier: Apache-2.0
#include "spec/user.h"

#include "../check.h"
#include "base/buf.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "# comment\n"
			     "\n"
			     "broken:x:abc:1::/:\n"
			     "huge:x:4294967295:0::/huge:\n"
			     "short:x\n"
			     "app:x:1000:1001:App:/home/app:/bin/sh\n"
			     "1000:x:2000:2001::/home/number:\n"
			     "nohome:x:1002:1002::\n"
			     "last:x:3000:3001::/last:/bin/sh";
static const char group[] = "root:x:0:\n"
			    "wheel:x:10:root,app\n"
			    "bad:x:x:app\n"
			    "app:x:1001:\n"
			    "audio:x:29:other,app\n"
			    "twice:x:29:app\n"
			    "apple:x:30:apple\n"
			    "77:x:88:\n";

static const struct user_files files = {passwd, sizeof(passwd) - 1, group, sizeof(group) - 1};

#define RANGE "uids and gids must be in range 0-2147483647"

static const struct {
	const char *in;
	uint32_t uid, gid;
	const char *groups, *home;
	const char *msg;
} rows[] = {
	{"", 0, 0, "10", "/root", NULL},
	{"root", 0, 0, "10", "/root", NULL},
	{"0", 0, 0, "10", "/root", NULL},
	{"app", 1000, 1001, "10,29", "/home/app", NULL},
	/* the entry called 1000 is further down, but the first that fits wins, as in Docker */
	{"1000", 1000, 1001, "10,29", "/home/app", NULL},
	{"2000", 2000, 2001, "", "/home/number", NULL},
	{"nohome", 1002, 1002, "", "/", NULL},
	{"last", 3000, 3001, "", "/last", NULL},
	{"4242", 4242, 0, "", "/", NULL},
	{"4242:4343", 4242, 4343, "", "/", NULL},
	{"app:wheel", 1000, 10, "", "/home/app", NULL},
	{"app:5", 1000, 5, "", "/home/app", NULL},
	{"app:77", 1000, 88, "", "/home/app", NULL},
	{"app:", 1000, 1001, "10,29", "/home/app", NULL},
	{":wheel", 0, 10, "", "/root", NULL},
	{"2147483647", 2147483647, 0, "", "/", NULL},
	{"nobody", 0, 0, NULL, NULL,
	 "unable to find user nobody: no matching entries in passwd file"},
	{"broken", 0, 0, NULL, NULL,
	 "unable to find user broken: no matching entries in passwd file"},
	{"huge", 0, 0, NULL, NULL, "unable to find user huge: no matching entries in passwd file"},
	{"short", 0, 0, NULL, NULL,
	 "unable to find user short: no matching entries in passwd file"},
	{"app:none", 0, 0, NULL, NULL,
	 "unable to find group none: no matching entries in group file"},
	{"-1", 0, 0, NULL, NULL, RANGE},
	{"2147483648", 0, 0, NULL, NULL, RANGE},
	{"99999999999999999999999", 0, 0, NULL, NULL, RANGE},
	{"1:-1", 0, 0, NULL, NULL, RANGE},
	{"1:2:3", 0, 0, NULL, NULL, "unable to find group 2:3: no matching entries in group file"},
};

static void groups_text(const struct user *u, struct buf *b)
{
	buf_puts(b, "");
	for (size_t i = 0; i < u->n_groups; i++)
		buf_printf(b, "%s%u", i ? "," : "", u->groups[i]);
}

static void test_resolve(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		cleanup(buf_done) struct buf b = BUF_INIT(4096);
		struct err err = ERR_INIT;
		struct user u;
		int r = user_resolve(a, rows[i].in, &files, &u, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		if (u.uid != rows[i].uid || u.gid != rows[i].gid)
			print_error("%s: %u:%u\n", rows[i].in, u.uid, u.gid);
		assert_int_equal(u.uid, rows[i].uid);
		assert_int_equal(u.gid, rows[i].gid);
		groups_text(&u, &b);
		check_text(rows[i].in, b.data, rows[i].groups);
		check_text(rows[i].in, u.home, rows[i].home);
	}
}

static void test_no_files(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	const struct user_files none = {};
	struct err err = ERR_INIT;
	struct user u;

	(void)state;
	check_ok("", user_resolve(a, "", &none, &u, &err), &err);
	assert_int_equal(u.uid, 0);
	check_ok("7:8", user_resolve(a, "7:8", &none, &u, &err), &err);
	assert_int_equal(u.gid, 8);
	check_error("root", user_resolve(a, "root", &none, &u, &err), &err,
		    "unable to find user root: no matching entries in passwd file");
}

static void test_add_groups(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	char *const add[] = {(char *)"audio", (char *)"5", (char *)"wheel", (char *)"5", NULL};
	char *const bad[] = {(char *)"none", NULL};
	struct err err = ERR_INIT;
	struct user u;

	(void)state;
	check_ok("app", user_resolve(a, "app", &files, &u, &err), &err);
	check_ok("add", user_add_groups(a, add, &files, &u, &err), &err);
	groups_text(&u, &b);
	check_text("add", b.data, "10,29,5");
	check_error("none", user_add_groups(a, bad, &files, &u, &err), &err,
		    "unable to find group none: no matching entries in group file");
}

/* A group file that makes the user a member of more groups than the kernel takes. */
static void test_hostile(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)16 << 20);
	struct user_files many = files;
	struct err err = ERR_INIT;
	struct user u;

	(void)state;
	for (int i = 0; i < 200000; i++)
		buf_puts(&b, "x:x:7:app\n:::::::::::\n\n");
	many.group = b.data;
	many.group_len = b.len;
	check_ok("same group", user_resolve(a, "app", &many, &u, &err), &err);
	assert_int_equal(u.n_groups, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_no_files),
		cmocka_unit_test(test_add_groups),
		cmocka_unit_test(test_hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
