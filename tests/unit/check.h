// SPDX-License-Identifier: Apache-2.0
/*
 * check - what the unit tests share: cmocka with its includes, and failures that tell the row.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"

/* Fails with both texts and the input that led there. NULL equals only NULL. */
static inline void check_text_at(const char *input, const char *got, const char *want,
				 const char *file, int line)
{
	if (got == want || (got && want && strcmp(got, want) == 0))
		return;
	print_error("input: %s\n  got: %s\n want: %s\n", input ?: "(null)", got ?: "(null)",
		    want ?: "(null)");
	_fail(file, line);
}
#define check_text(input, got, want) check_text_at(input, got, want, __FILE__, __LINE__)

/* A call that must fail with exactly this message. */
static inline void check_error_at(const char *input, int r, const struct err *err, const char *want,
				  const char *file, int line)
{
	if (r >= 0) {
		print_error("input: %s: succeeded (%d), but should say: %s\n", input, r, want);
		_fail(file, line);
	}
	check_text_at(input, err->msg, want, file, line);
	if (err->code != r) {
		print_error("input: %s: returned %d, err.code is %d\n", input, r, err->code);
		_fail(file, line);
	}
}
#define check_error(input, r, err, want) check_error_at(input, r, err, want, __FILE__, __LINE__)

/* A call that must succeed. */
static inline void check_ok_at(const char *input, int r, const struct err *err, const char *file,
			       int line)
{
	if (r >= 0)
		return;
	print_error("input: %s: %d: %s\n", input, r, err ? err->msg : "");
	_fail(file, line);
}
#define check_ok(input, r, err) check_ok_at(input, r, err, __FILE__, __LINE__)
