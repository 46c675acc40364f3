// SPDX-License-Identifier: Apache-2.0
/*
 * clock - time as nanoseconds since 1970 in UTC, and Docker's ways of writing it.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define NS_PER_SEC     INT64_C(1000000000)
#define NS_PER_MS      INT64_C(1000000)
#define CLOCK_TEXT_MAX 40

int64_t clock_now(void);       /* CLOCK_REALTIME */
int64_t clock_monotonic(void); /* CLOCK_MONOTONIC: for deadlines only */

/* RFC 3339 with nanoseconds in UTC, as Go's RFC3339Nano: trailing zeros cut. "0001-01-01T00:00:00Z"
 * for 0, which is how Docker prints "never". */
void clock_format(int64_t ns, char out[CLOCK_TEXT_MAX]);
/* The same with all nine digits, as the json-file log writes it ("…05.012345000Z"). */
void clock_format_fixed(int64_t ns, char out[CLOCK_TEXT_MAX]);
/* RFC 3339 with optional fraction and Z or ±hh:mm; "0001-01-01T00:00:00Z" gives 0. */
int clock_parse(const char *s, int64_t *ret);
