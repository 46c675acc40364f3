// SPDX-License-Identifier: Apache-2.0
/* A state that claims life without a monitor; a process that must die, and one that must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct fixture {
	char root[32];
	struct engine *e;
	struct arena *a;
	pid_t child;
	char boot_id[64];
};

static void make_row(struct fixture *f, bool auto_remove)
{
	struct store_container row = {.id = (char *)ID,
				      .name = (char *)"victim",
				      .image = (char *)"",
				      .image_ref = (char *)"busybox",
				      .created = 1,
				      .extra = (char *)"{\"path\":\"x\",\"args\":[],"
						       "\"cgroup\":\"/hoytest-none/" ID "\"}"};

	row.config = auto_remove ? (char *)"{\"HostConfig\":{\"AutoRemove\":true}}" : (char *)"{}";
	assert_int_equal(store_container_insert(f->e->store, &row, NULL), 0);
	assert_int_equal(mkdirat(f->e->containers_fd, ID, 0700), 0);
}

static void put_state(struct fixture *f, int64_t pid, int64_t start)
{
	struct container_state s = {.status = CONTAINER_RUNNING,
				    .pid = pid,
				    .pid_start = start,
				    .boot_id = f->boot_id,
				    .started_at = 5};
	cleanup(buf_done) struct buf text = BUF_INIT(4096);
	int dir = openat(f->e->containers_fd, ID, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(container_state_encode(&text, &s, NULL), 0);
	assert_int_equal(file_write(dir, "state", text.data, text.len, 0600, 0, NULL), 0);
	close(dir);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct engine_options o = {};
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	strcpy(f->root, "/tmp/hoy-recover-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->a = arena_new(8 << 20);
	o.root = arena_printf(f->a, "%s/lib", f->root);
	o.run_root = arena_printf(f->a, "%s/run", f->root);
	assert_int_equal(engine_open(&o, &f->e, NULL), 0);
	assert_int_equal(read(fd, f->boot_id, 36), 36);
	close(fd);
	f->child = fork();
	if (f->child == 0) {
		pause();
		_exit(0);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (f->child > 0) {
		kill(f->child, SIGKILL);
		waitpid(f->child, NULL, 0);
	}
	engine_close(f->e);
	(void)path_remove_tree(tmp, f->root + 5, NULL);
	close(tmp);
	arena_free(f->a);
	free(f);
	return 0;
}

static bool child_is_dead(struct fixture *f)
{
	int status;

	for (int i = 0; i < 50; i++) {
		if (waitpid(f->child, &status, WNOHANG) == f->child) {
			f->child = 0;
			return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		}
		usleep(2000);
	}
	return false;
}

static void test_killed(void **state)
{
	struct fixture *f = *state;
	struct container_state s;
	struct err err = ERR_INIT;

	make_row(f, false);
	put_state(f, f->child, (int64_t)proc_start_time(f->child));
	assert_int_equal(container_read_state(f->e, f->a, ID, &s, &err), 0);
	assert_int_equal(s.status, CONTAINER_EXITED);
	assert_int_equal(s.exit_code, 137);
	assert_int_equal(s.pid, 0);
	assert_int_equal(s.started_at, 5);
	assert_true(s.finished_at > 0);
	assert_true(child_is_dead(f));
	/* on record, and the run folder is gone */
	assert_int_equal(container_raw_state(f->e, f->a, ID, &s, &err), 0);
	assert_int_equal(s.status, CONTAINER_EXITED);
	assert_int_equal(faccessat(f->e->run_fd, ID, F_OK, 0), -1);
}

/* The number was given to somebody else meanwhile: hands off. */
static void test_other_process(void **state)
{
	struct fixture *f = *state;
	struct container_state s;

	make_row(f, false);
	put_state(f, f->child, (int64_t)proc_start_time(f->child) - 1);
	assert_int_equal(container_read_state(f->e, f->a, ID, &s, NULL), 0);
	assert_int_equal(s.status, CONTAINER_EXITED);
	assert_false(child_is_dead(f));
}

static void test_alive(void **state)
{
	struct fixture *f = *state;
	struct container_state s;
	int dir, lock;

	make_row(f, false);
	put_state(f, f->child, (int64_t)proc_start_time(f->child));
	dir = container_open_run_dir(f->e, ID, true, NULL);
	lock = lock_take(dir, "lock", LOCK_EXCLUSIVE, NULL);
	assert_int_equal(container_read_state(f->e, f->a, ID, &s, NULL), 0);
	assert_int_equal(s.status, CONTAINER_RUNNING);
	assert_false(child_is_dead(f));
	close(lock);
	close(dir);
}

static void test_auto_remove(void **state)
{
	struct fixture *f = *state;
	struct store_container row;
	struct container_state s;
	struct err err = ERR_INIT;

	make_row(f, true);
	put_state(f, f->child, (int64_t)proc_start_time(f->child));
	assert_int_equal(container_read_state(f->e, f->a, ID, &s, &err), -ENOENT);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_true(store_container_find(f->e->store, f->a, ID, &row, NULL) < 0);
	assert_int_equal(faccessat(f->e->containers_fd, ID, F_OK, 0), -1);
	assert_true(child_is_dead(f));
}

int main(void)
{
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_killed),
		ROW(test_other_process),
		ROW(test_alive),
		ROW(test_auto_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
