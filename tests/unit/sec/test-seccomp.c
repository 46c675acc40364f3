// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "sec/default.h"
#include "sec/seccomp.h"
#include "spec/caps.h"

static const char profile[] = "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\":"
			      " [\"mkdir\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 17}]}";

struct fixture {
	char path[64];
	int dir;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/hoy-test-seccomp-XXXXXX");
	if (!mkdtemp(f->path))
		return -1;
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return f->dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	(void)close(f->dir);
	(void)path_remove_tree(AT_FDCWD, f->path, NULL);
	free(f);
	return 0;
}

static void prepare(const struct fixture *f, const char *text, uint64_t caps, char *name)
{
	struct seccomp_policy p = {text, text ? strlen(text) : 0, caps};
	struct err err = ERR_INIT;

	if (seccomp_prepare(f->dir, &p, name, SECCOMP_NAME_MAX, &err) < 0)
		fail_msg("%s", err.msg);
}

static size_t load(const struct fixture *f, const char *name)
{
	struct err err = ERR_INIT;
	void *insns = NULL;
	size_t len = 0;

	if (seccomp_load(f->dir, name, &insns, &len, &err) < 0)
		fail_msg("%s", err.msg);
	free(insns);
	return len;
}

static void test_default_is_built_in(void **state)
{
	uint64_t usual = 0xa80425fb; /* Docker's fourteen */
	struct seccomp_policy p = {.caps = usual};
	char name[SECCOMP_NAME_MAX];
	int64_t start;
	void *insns;
	size_t len;

	(void)state;
	assert_int_equal(seccomp_prepare(-EBADF, &p, name, sizeof(name), NULL), 0);
	assert_string_equal(name, "builtin-40000");
	assert_int_equal(seccomp_load(-EBADF, name, &insns, &len, NULL), 0);
	assert_true(len > 100 * sizeof(struct sock_filter));
	assert_int_equal(len % sizeof(struct sock_filter), 0);
	free(insns);
	p.caps = 0;
	assert_int_equal(seccomp_prepare(-EBADF, &p, name, sizeof(name), NULL), 0);
	assert_string_equal(name, "builtin-0");
	start = clock_monotonic();
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(seccomp_prepare(-EBADF, &p, name, sizeof(name), NULL), 0);
		assert_int_equal(seccomp_load(-EBADF, name, &insns, &len, NULL), 0);
		free(insns);
	}
	print_message("default policy, prepare and load: %lld ns\n",
		      (long long)(clock_monotonic() - start) / 1000);
}

static void test_other_caps_are_compiled_once(void **state)
{
	const struct fixture *f = *state;
	char name[SECCOMP_NAME_MAX], again[SECCOMP_NAME_MAX];
	struct stat before, after;
	int64_t start = clock_monotonic();

	prepare(f, NULL, CAPS_ALL, name);
	print_message("worker: %lld us\n", (long long)(clock_monotonic() - start) / 1000);
	assert_true(str_ends(name, ".bpf"));
	assert_true(load(f, name) > 0);
	assert_int_equal(fstatat(f->dir, name, &before, 0), 0);
	assert_int_equal(before.st_mode & 07777, 0600);
	start = clock_monotonic();
	prepare(f, NULL, CAPS_ALL, again);
	print_message("cached: %lld us\n", (long long)(clock_monotonic() - start) / 1000);
	assert_string_equal(name, again);
	assert_int_equal(fstatat(f->dir, name, &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	/* The default policy does not look at CAP_CHOWN: the same program. */
	prepare(f, NULL, CAPS_ALL & ~UINT64_C(1), again);
	assert_string_equal(name, again);
	prepare(f, NULL, CAPS_ALL & ~CAPS_BIT(21), again);
	assert_string_not_equal(name, again);
}

static void test_custom_profiles(void **state)
{
	const struct fixture *f = *state;
	char one[SECCOMP_NAME_MAX], two[SECCOMP_NAME_MAX];

	prepare(f, profile, 0, one);
	assert_true(load(f, one) > 0);
	prepare(f, profile, 1, two);
	assert_string_not_equal(one, two);
	prepare(f, "{}", 0, two);
	assert_int_equal(load(f, two), 0);
	/* A text equal to the default one is still not "the default". */
	prepare(f, seccomp_default_text, 0, two);
	assert_true(str_ends(two, ".bpf"));
	assert_int_equal(load(f, two), load(f, "builtin-0"));
}

static void test_refused_profiles(void **state)
{
	const struct fixture *f = *state;
	static const struct {
		const char *text, *message;
		enum err_kind kind;
	} rows[] = {
		{"{", "seccomp profile: ", ERR_INVALID},
		{"{\"defaultAction\": \"x\"}",
		 "seccomp profile: defaultAction: unknown action \"x\"", ERR_INVALID},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}",
		 "seccomp profile: defaultAction: SCMP_ACT_NOTIFY cannot be the default",
		 ERR_INVALID},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct seccomp_policy p = {rows[i].text, strlen(rows[i].text), 0};
		char name[SECCOMP_NAME_MAX];
		struct err err = ERR_INIT;

		assert_true(seccomp_prepare(f->dir, &p, name, sizeof(name), &err) < 0);
		assert_non_null(str_after(err.msg, rows[i].message));
		assert_int_equal(err.kind, rows[i].kind);
		assert_int_equal(faccessat(f->dir, name, F_OK, 0), -1);
	}
}

static void damage(const struct fixture *f, const char *name, off_t at)
{
	int fd = openat(f->dir, name, O_RDWR | O_CLOEXEC);
	char c;

	assert_int_equal(pread(fd, &c, 1, at), 1);
	c ^= 1;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	(void)close(fd);
}

static void refuse(const struct fixture *f, const char *name, const char *why)
{
	struct err err = ERR_INIT;
	void *insns;
	size_t len;

	assert_true(seccomp_load(f->dir, name, &insns, &len, &err) < 0);
	assert_non_null(strstr(err.msg, why));
}

static void test_spoiled_files_are_made_again(void **state)
{
	const struct fixture *f = *state;
	static const off_t places[] = {0, 8, 12, 20, 60, 200};
	char name[SECCOMP_NAME_MAX];
	size_t len;

	prepare(f, profile, 0, name);
	len = load(f, name);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		off_t at = MIN_OF(places[i], (off_t)(48 + len - 1));

		damage(f, name, at);
		refuse(f, name, at < 16 ? "not whole" : "digest does not match");
		prepare(f, profile, 0, name);
		assert_int_equal(load(f, name), len);
	}
	assert_int_equal(fchmodat(f->dir, name, 0620, 0), 0);
	refuse(f, name, "others may write it");
	prepare(f, profile, 0, name);
	assert_int_equal(load(f, name), len);
	assert_int_equal(unlinkat(f->dir, name, 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", f->dir, name), 0);
	refuse(f, name, "open");
	prepare(f, profile, 0, name);
	assert_int_equal(load(f, name), len);
	refuse(f, "../x", "not a file name");
	refuse(f, "builtin-7", "not part of this version");
	refuse(f, "builtin-0 ", "not part of this version");
	if (geteuid() == 0) {
		assert_int_equal(fchownat(f->dir, name, 65534, 65534, 0), 0);
		refuse(f, name, "others may write it");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_default_is_built_in, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_caps_are_compiled_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_custom_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused_profiles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_spoiled_files_are_made_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
