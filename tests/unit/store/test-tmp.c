// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "store/tmp.h"

/* What somebody holds stays; what nobody holds goes, trees and files and FIFOs alike. */
static void test_sweep(void **state)
{
	struct fixture *f = *state;
	struct tmp_dir held = TMP_DIR_INIT, dead = TMP_DIR_INIT;
	char path[256];

	assert_ok(f, tmp_make(f->s, &held, &f->err));
	assert_ok(f, tmp_make(f->s, &dead, &f->err));
	assert_int_equal(mkdirat(dead.fd, "d", 0700), 0);
	assert_int_equal(mkdirat(dead.fd, "d/e", 0700), 0);
	assert_int_equal(mkfifoat(store_dirfd(f->s), "tmp/fifo", 0600), 0);
	close(dead.fd);
	assert_ok(f, tmp_sweep(f->s, &f->err));
	snprintf(path, sizeof(path), "tmp/%s", held.name);
	assert_int_equal(faccessat(store_dirfd(f->s), path, F_OK, 0), 0);
	snprintf(path, sizeof(path), "tmp/%s", dead.name);
	assert_int_equal(faccessat(store_dirfd(f->s), path, F_OK, 0), -1);
	assert_int_equal(faccessat(store_dirfd(f->s), "tmp/fifo", F_OK, 0), -1);
	tmp_done(f->s, &held);
	assert_int_equal(held.fd, -EBADF);
	snprintf(path, sizeof(path), "tmp/%s", held.name);
	assert_int_equal(faccessat(store_dirfd(f->s), path, F_OK, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {store_test(test_sweep)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
