// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <sys/wait.h>

#include "base/clock.h"
#include "base/id.h"

static struct store_container make(const char *id, const char *name, int64_t created)
{
	return (struct store_container){.id = (char *)id,
					.name = (char *)name,
					.image = (char *)"",
					.image_ref = (char *)"busybox",
					.created = created,
					.config = (char *)"{}",
					.extra = (char *)"{\"a\":1}"};
}

#define ID_A "aa00000000000000000000000000000000000000000000000000000000000001"
#define ID_B "aa00000000000000000000000000000000000000000000000000000000000002"
#define ID_C "bb00000000000000000000000000000000000000000000000000000000000003"

static void test_rows(void **state)
{
	struct fixture *f = *state;
	struct store_container a = make(ID_A, "one", 1), b = make(ID_B, "two", 2), got;
	struct json_list list;

	assert_ok(f, store_container_insert(f->s, &a, &f->err));
	assert_ok(f, store_container_insert(f->s, &b, &f->err));
	assert_ok(f, store_container_find(f->s, f->a, "/one", &got, &f->err));
	assert_string_equal(got.id, ID_A);
	assert_string_equal(got.image, "");
	assert_string_equal(got.image_ref, "busybox");
	assert_string_equal(got.extra, "{\"a\":1}");
	assert_int_equal(got.created, 1);
	assert_ok(f, store_container_list(f->s, f->a, &list, &f->err));
	assert_int_equal(list.n, 2);
	assert_string_equal(JSON_AT(struct store_container, &list, 0)->id, ID_B);
	b.extra = (char *)"changed";
	assert_ok(f, store_container_update(f->s, &b, &f->err));
	assert_ok(f, store_container_find(f->s, f->a, ID_B, &got, &f->err));
	assert_string_equal(got.extra, "changed");
	assert_ok(f, store_container_delete(f->s, ID_A, &f->err));
	assert_int_equal(store_container_delete(f->s, ID_A, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, "No such container: " ID_A);
}

static void test_prefix(void **state)
{
	struct fixture *f = *state;
	struct store_container a = make(ID_A, "bb", 1), b = make(ID_B, "two", 2),
			       c = make(ID_C, "three", 3), got;

	assert_ok(f, store_container_insert(f->s, &a, &f->err));
	assert_ok(f, store_container_insert(f->s, &b, &f->err));
	assert_ok(f, store_container_insert(f->s, &c, &f->err));
	assert_int_equal(store_container_find(f->s, f->a, "aa", &got, &f->err), -EINVAL);
	assert_string_equal(f->err.msg, "Multiple IDs found with provided prefix: aa");
	/* A name wins over the beginning of an id. */
	assert_ok(f, store_container_find(f->s, f->a, "bb", &got, &f->err));
	assert_string_equal(got.id, ID_A);
	assert_ok(f, store_container_find(f->s, f->a, "bb0", &got, &f->err));
	assert_string_equal(got.id, ID_C);
	assert_int_equal(store_container_find(f->s, f->a, "", &got, &f->err), -ENOENT);
	assert_int_equal(store_container_find(f->s, f->a, "a%", &got, &f->err), -ENOENT);
}

static void test_conflict(void **state)
{
	struct fixture *f = *state;
	struct store_container a = make(ID_A, "one", 1), b = make(ID_B, "one", 2), got;

	assert_ok(f, store_container_insert(f->s, &a, &f->err));
	assert_int_equal(store_container_insert(f->s, &b, &f->err), -EEXIST);
	assert_int_equal(f->err.kind, ERR_CONFLICT);
	assert_string_equal(f->err.msg,
			    "Conflict. The container name \"/one\" is already in use by container "
			    "\"" ID_A
			    "\". You have to remove (or rename) that container to be able "
			    "to reuse that name.");
	b.name = (char *)"two";
	assert_ok(f, store_container_insert(f->s, &b, &f->err));
	assert_int_equal(store_container_rename(f->s, ID_B, "one", &f->err), -EEXIST);
	assert_ok(f, store_container_rename(f->s, ID_B, "three", &f->err));
	assert_ok(f, store_container_find(f->s, f->a, "three", &got, &f->err));
	assert_int_equal(store_container_rename(f->s, ID_C, "four", &f->err), -ENOENT);
}

static void test_image_must_exist(void **state)
{
	struct fixture *f = *state;
	struct store_container a = make(ID_A, "one", 1);

	a.image = (char *)"sha256:" ID_A;
	assert_int_equal(store_container_insert(f->s, &a, &f->err), -ENOENT);
	assert_string_equal(f->err.msg, "No such image: sha256:" ID_A);
}

static void insert_many(const char *dir, int n)
{
	struct store *s;
	char id[ID_LEN + 1];

	if (store_open(dir, 0, &s, NULL) < 0)
		_exit(1);
	for (int i = 0; i < n; i++) {
		struct store_container c;

		id_random(id, ID_LEN);
		c = make(id, id, clock_now());
		if (store_container_insert(s, &c, NULL) < 0)
			_exit(2);
	}
	store_close(s);
	_exit(0);
}

/* Many processes at once, the last one killed while it writes: every row is there or not at all. */
static void test_processes(void **state)
{
	struct fixture *f = *state;
	struct json_list list;
	pid_t pids[8];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			insert_many(f->dir, i == 7 ? 1000000 : 25);
	}
	for (size_t i = 0; i < 7; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	kill(pids[7], SIGKILL);
	(void)waitpid(pids[7], &status, 0);
	assert_ok(f, store_container_list(f->s, f->a, &list, &f->err));
	assert_true(list.n >= 7 * 25);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(strlen(JSON_AT(struct store_container, &list, i)->id), ID_LEN);
}

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	char none[128];

	snprintf(none, sizeof(none), "%s/none", f->dir);
	assert_int_equal(store_open(none, STORE_READ_ONLY, &s, &f->err), -ENOENT);
	assert_int_equal(mkdir(none, 0700), 0);
	assert_int_equal(store_open(none, STORE_READ_ONLY, &s, &f->err), -ENOENT);
	assert_null(s);
	assert_ok(f, store_open(f->dir, STORE_READ_ONLY, &s, &f->err));
	store_close(s);
}

static void test_damaged(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	char dir[128], path[160];
	FILE *file;

	snprintf(dir, sizeof(dir), "%s/bad", f->dir);
	snprintf(path, sizeof(path), "%s/db.sqlite", dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	file = fopen(path, "we");
	for (int i = 0; i < 500; i++)
		fputs("this is no database ", file);
	fclose(file);
	assert_int_equal(store_open(dir, 0, &s, &f->err), -EBADMSG);
	assert_int_equal(f->err.kind, ERR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_rows),      store_test(test_prefix),
		store_test(test_conflict),  store_test(test_image_must_exist),
		store_test(test_processes), store_test(test_read_only),
		store_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
