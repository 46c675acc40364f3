// SPDX-License-Identifier: Apache-2.0
/* Each thing that a crash can leave behind is found, mended, and not found again; what lives is let be. */
#include "engine-fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/lock.h"
#include "engine/system.h"
#include "engine/volume.h"

struct findings {
	struct fixture *f;
	char *text;
	int n, repaired;
};

static void found(const char *problem, bool repaired, void *data)
{
	struct findings *x = data;

	x->text = arena_printf(x->f->a, "%s%s\n", x->text, problem);
	x->n++;
	x->repaired += repaired;
}

/* The findings as lines; *left as system_check tells it. */
static char *check(struct fixture *f, bool repair, int *left)
{
	struct findings x = {.f = f, .text = (char *)""};

	assert_ok(f, system_check(f->e, repair, found, &x, left, &f->err));
	assert_int_equal(*left, x.n - x.repaired);
	return x.text;
}

static void assert_clean(struct fixture *f)
{
	int left = -1;

	assert_string_equal(check(f, false, &left), "");
	assert_int_equal(left, 0);
}

/* Found, then found and mended, then not found. */
static void assert_mends(struct fixture *f, const char *text)
{
	int left = -1;

	assert_string_equal(check(f, false, &left), text);
	assert_int_equal(left, 1);
	assert_string_equal(check(f, true, &left), text);
	assert_int_equal(left, 0);
	assert_clean(f);
}

static void test_clean(void **state)
{
	struct fixture *f = *state;
	struct store_volume v = {.name = (char *)"data"};
	struct volume_info info;

	assert_clean(f);
	put_container(f, ID_A, "one", NULL, NULL);
	assert_ok(f, volume_create(f->e, f->a, &v, &info, &f->err));
	assert_clean(f);
}

static void test_row_without_directory(void **state)
{
	struct fixture *f = *state;
	struct store_container row;

	put_container(f, ID_A, "one", NULL, NULL);
	assert_ok(f, path_remove_tree(f->e->containers_fd, ID_A, &f->err));
	assert_mends(f, "container aaaaaaaaaaaa (one) has no directory\n");
	assert_int_equal(store_container_find(f->e->store, f->a, "one", &row, NULL), -ENOENT);
}

static void test_directory_without_row(void **state)
{
	struct fixture *f = *state;

	put_container(f, ID_A, "one", NULL, NULL);
	assert_ok(f, store_container_delete(f->e->store, ID_A, &f->err));
	assert_mends(f, "directory of container aaaaaaaaaaaa belongs to no container\n");
	assert_int_equal(access(in_dir(f, "lib/containers/" ID_A), F_OK), -1);
}

/* Whoever makes a container holds the lock of its directory. */
static void test_directory_in_the_making(void **state)
{
	struct fixture *f = *state;
	int lock, left;

	put_container(f, ID_A, "one", NULL, NULL);
	assert_ok(f, store_container_delete(f->e->store, ID_A, &f->err));
	lock = container_lock(f->e, ID_A, true, &f->err);
	assert_true(lock >= 0);
	assert_string_equal(check(f, true, &left), "");
	assert_int_equal(access(in_dir(f, "lib/containers/" ID_A), F_OK), 0);
	close(lock);
	assert_mends(f, "directory of container aaaaaaaaaaaa belongs to no container\n");
}

static void test_lying_state(void **state)
{
	struct fixture *f = *state;
	struct container_state s;

	put_container(f, ID_A, "one", NULL, NULL);
	put_file(f, "lib/containers/" ID_A "/state", "{\"Status\":\"running\",\"Pid\":999999}");
	assert_mends(f, "container aaaaaaaaaaaa (one) is running without a monitor\n");
	assert_ok(f, container_raw_state(f->e, f->a, ID_A, &s, &f->err));
	assert_int_equal(s.status, CONTAINER_EXITED);
	assert_int_equal(s.exit_code, 137);
}

/* No state yet is a state. No directory is none. */
static void test_no_state(void **state)
{
	struct fixture *f = *state;
	struct container_state s;

	put_container(f, ID_A, "one", NULL, NULL);
	(void)unlink(in_dir(f, "lib/containers/" ID_A "/state"));
	assert_clean(f);
	assert_ok(f, container_raw_state(f->e, f->a, ID_A, &s, &f->err));
	assert_int_equal(s.status, CONTAINER_CREATED);
	assert_int_equal(container_raw_state(f->e, f->a, ID_B, &s, NULL), -ENOENT);
}

static void test_living_monitor(void **state)
{
	struct fixture *f = *state;
	int run, lock;

	put_container(f, ID_A, "one", NULL, NULL);
	put_file(f, "lib/containers/" ID_A "/state", "{\"Status\":\"running\",\"Pid\":999999}");
	run = container_open_run_dir(f->e, ID_A, true, &f->err);
	lock = lock_take(run, "lock", LOCK_EXCLUSIVE, &f->err);
	assert_true(run >= 0 && lock >= 0);
	assert_clean(f);
	close(lock);
	close(run);
}

static void test_broken_state(void **state)
{
	struct fixture *f = *state;

	put_container(f, ID_A, "one", NULL, NULL);
	put_file(f, "lib/containers/" ID_A "/state", "{\"Status\":");
	assert_mends(f, "container aaaaaaaaaaaa (one) has no readable state\n");
}

static void test_run_folder(void **state)
{
	struct fixture *f = *state;

	put_file(f, "run/" ID_B "/lock", "");
	put_dir(f, "run/" ID_B "/shm");
	assert_int_equal(symlink(f->e->root, in_dir(f, "run/" ID_B "/root")), 0);
	assert_mends(f, "run folder of container bbbbbbbbbbbb belongs to no container\n");
	assert_int_equal(access(in_dir(f, "run/" ID_B), F_OK), -1);
}

/* Roots may share a run root: what another one made is none of our business, nor what was made right now. */
static void test_run_folder_of_another_root(void **state)
{
	struct fixture *f = *state;

	put_dir(f, "run/" ID_A);
	assert_int_equal(symlink("/another/root", in_dir(f, "run/" ID_A "/root")), 0);
	put_dir(f, "run/" ID_B);
	system_sweep(f->e);
	assert_int_equal(access(in_dir(f, "run/" ID_A), F_OK), 0);
	assert_int_equal(access(in_dir(f, "run/" ID_B), F_OK), 0);
}

/* Killed in the middle of removing one: its name says that the rest may go. */
static void test_run_folder_half_removed(void **state)
{
	struct fixture *f = *state;

	put_file(f, "run/gone-" ID_B "/lock", "");
	system_sweep(f->e);
	assert_int_equal(access(in_dir(f, "run/gone-" ID_B), F_OK), -1);
}

static void test_volumes(void **state)
{
	struct fixture *f = *state;
	struct store_volume v = {.name = (char *)"data"};
	struct volume_info info;

	assert_ok(f, volume_create(f->e, f->a, &v, &info, &f->err));
	assert_ok(f, path_remove_tree(f->e->root_fd, "volumes/data", &f->err));
	assert_mends(f, "volume data has no directory\n");
	/* Data is given its row back, never deleted. */
	put_file(f, "lib/volumes/lost/_data/file", "precious");
	assert_mends(f, "directory of volume lost belongs to no volume\n");
	assert_ok(f, volume_find(f->e, f->a, "lost", &info, &f->err));
	assert_string_equal(get_file(f, "lib/volumes/lost/_data/file"), "precious");
}

static void test_mount(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t child;

	if (getuid() != 0)
		skip();
	put_dir(f, "lib/containers/" ID_A "/merged");
	child = fork();
	if (child == 0) {
		struct findings x = {.f = f, .text = (char *)""};
		int left = -1;

		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("none", in_dir(f, "lib/containers/" ID_A "/merged"), "tmpfs", 0, NULL) <
			    0)
			_exit(77);
		_exit(system_check(f->e, true, found, &x, &left, NULL) == 0 &&
				      strstr(x.text, "/merged is mounted on the host\n")
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(test_clean),
		engine_test(test_row_without_directory),
		engine_test(test_directory_without_row),
		engine_test(test_directory_in_the_making),
		engine_test(test_lying_state),
		engine_test(test_no_state),
		engine_test(test_living_monitor),
		engine_test(test_broken_state),
		engine_test(test_run_folder),
		engine_test(test_run_folder_of_another_root),
		engine_test(test_run_folder_half_removed),
		engine_test(test_volumes),
		engine_test(test_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
