// SPDX-License-Identifier: Apache-2.0
/* Many at once, and killed in the middle: what is left is all or nothing. */
#include "archives.h"

#include <signal.h>

static int load_in_child(const char *dir, const char *tag)
{
	struct fixture f = {.a = arena_new(ARENA_DEFAULT_MAX)};
	struct store_image img;
	int r = store_open(dir, 0, &f.s, &f.err);

	if (r == 0)
		r = load_tag(&f, tag, &img);
	if (r < 0)
		print_error("%s\n", f.err.msg);
	store_close(f.s);
	return r < 0 ? 1 : 0;
}

static int remove_in_child(const char *dir, const char *tag)
{
	struct fixture f = {.a = arena_new(ARENA_DEFAULT_MAX)};
	struct store_image img;
	int r = store_open(dir, 0, &f.s, &f.err);

	if (r == 0)
		r = store_image_find(f.s, f.a, tag, &img, &f.err);
	if (r == 0)
		r = store_image_remove(f.s, img.id, &f.err);
	store_close(f.s);
	return r < 0 && r != -ENOENT ? 1 : 0;
}

static void test_together(void **state)
{
	struct fixture *f = *state;
	struct json_list list;
	pid_t pids[8];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(load_in_child(f->dir, i % 2 ? "odd" : "even"));
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_ok(f, store_image_list(f->s, f->a, &list, &f->err));
	assert_int_equal(list.n, 2);
	assert_int_equal(count_files(f, "l"), 3);
	assert_int_equal(count_problems(f, false), 0);
	assert_int_equal(count_files(f, "tmp"), 0);
}

/* Loading and removing what shares a layer, over and over: whoever loaded it has it whole. */
static void test_against_each_other(void **state)
{
	struct fixture *f = *state;
	struct json_list list;
	pid_t pids[4];
	int status;

	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			const char *tag = i % 2 ? "one" : "two";
			int r = 0;

			for (int k = 0; r == 0 && k < 4; k++)
				r = i < 2 ? load_in_child(f->dir, tag)
					  : remove_in_child(f->dir, tag);
			_exit(r);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_problems(f, false), 0);
	assert_ok(f, store_image_list(f->s, f->a, &list, &f->err));
	for (size_t i = 0; i < list.n; i++) {
		char **lower;

		assert_ok(f, store_image_lower(f->s, f->a, JSON_AT(struct store_image, &list, i),
					       &lower, &f->err));
		for (; *lower; lower++)
			assert_int_equal(access(*lower, F_OK), 0);
	}
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	struct store_image img;
	struct json_list list;
	int status, finished = 0, killed = 0;

	for (int i = 0; i < 24; i++) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(i % 3 == 2 ? remove_in_child(f->dir, "victim")
					 : load_in_child(f->dir, "victim"));
		usleep((useconds_t)(1000 + 2500 * (i % 12)));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		WIFSIGNALED(status) ? killed++ : finished++;
		assert_ok(f, store_image_list(f->s, f->a, &list, &f->err));
		assert_true(list.n <= 1);
		if (list.n == 1) { /* whatever is listed is whole */
			char **lower;

			assert_ok(f, store_image_lower(f->s, f->a,
						       JSON_AT(struct store_image, &list, 0),
						       &lower, &f->err));
			for (; *lower; lower++)
				assert_int_equal(access(*lower, F_OK), 0);
		}
	}
	print_message("%d killed, %d finished\n", killed, finished);
	assert_true(killed > 0);
	/* A killed job's worker dies with it, a moment later. */
	usleep(50000);
	assert_int_equal(count_problems(f, false), 0);
	assert_int_equal(count_files(f, "tmp"), 0);
	assert_ok(f, load_tag(f, "victim", &img));
	assert_int_equal(count_problems(f, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(test_together),
		store_test(test_against_each_other),
		store_test(test_killed),
	};
	int r;

	need_workers();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	forget_workers();
	return r;
}
