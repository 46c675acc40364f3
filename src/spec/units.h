// SPDX-License-Identifier: Apache-2.0
/*
 * units - sizes, durations, points in time and CPU shares as users write and read them.
 *
 * Sizes are bytes, durations and times nanoseconds (times since 1970 in UTC). Messages are those of
 * the Go packages that Docker uses (docker/go-units, time, strconv), because users know them.
 *
 *   units_parse_size("1.5g", &bytes, err)          1610612736: flags count in 1024
 *   units_format_size(4262000, 3, text)            "4.26MB": tables count in 1000
 *   units_parse_duration("1h2m3.5s", &ns, err)
 *   units_format_human(90 * NS_PER_SEC, text)      "About a minute"
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define UNITS_TEXT_MAX 48

/* "64m", "1.5g", "10KiB", "100": base 1024, never negative. */
int units_parse_size(const char *s, int64_t *ret, struct err *err);
/* The same grammar with base 1000 ("10MB" of log options and filters in some of Docker's places).
 */
int units_parse_size_decimal(const char *s, int64_t *ret, struct err *err);
/* Base 1000 with that many significant digits: Docker shows images and layers with 3, others
 * with 4. */
void units_format_size(int64_t bytes, int digits, char out[UNITS_TEXT_MAX]);
/* Base 1024 with four significant digits: "1.953GiB" (stats, update). */
void units_format_size_binary(int64_t bytes, char out[UNITS_TEXT_MAX]);

/* Go's duration: "300ms", "-1.5h", "2h45m"; "0" needs no unit. */
int units_parse_duration(const char *s, int64_t *ret, struct err *err);
/* As Go prints it: "1h2m3.5s", "1m0s", "1.5ms", "0s". */
void units_format_duration(int64_t ns, char out[UNITS_TEXT_MAX]);
/* "Less than a second", "2 minutes", "About an hour", "3 weeks". */
void units_format_human(int64_t ns, char out[UNITS_TEXT_MAX]);

/* --since and --until: a duration before `now`, Unix seconds with an optional fraction, or RFC 3339
 * whose time, seconds, fraction and zone may be missing; without a zone it is local time, which is
 * `zone` seconds east of UTC. */
int units_parse_time(const char *s, int64_t now, int64_t zone, int64_t *ret, struct err *err);

/* --cpus: "1.5" becomes 1500000000. */
int units_parse_cpus(const char *s, int64_t *nano_cpus, struct err *err);
