// SPDX-License-Identifier: Apache-2.0
/* A store in a temporary directory, for each test a new one. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "../remove-store.h"
#include "base/path.h"
#include "store/store.h"

struct fixture {
	char dir[64];
	struct store *s;
	struct arena *a;
	struct err err;
};

#define assert_ok(f, call)                                                                         \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d %s", #call, r_, (f)->err.msg);                            \
	} while (0)

static inline int UNUSED fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/hoy-test-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->a = arena_new(ARENA_DEFAULT_MAX);
	*state = f;
	return store_open(f->dir, 0, &f->s, &f->err);
}

static inline int UNUSED fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->s);
	arena_free(f->a);
	store_remove_quiet(f->dir);
	free(f);
	return 0;
}

#define store_test(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
