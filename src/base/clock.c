// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ZERO_TIME "0001-01-01T00:00:00Z"

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 to a civil date: the era is 400 years (146,097 days)
 * from March. */
static void civil(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

/* Writes up to the seconds; returns the fraction in nanoseconds. Not strftime:
 * that reads the time zone database and the locale. */
static int64_t format_seconds(int64_t ns, char out[CLOCK_TEXT_MAX])
{
	int64_t frac = ns % NS_PER_SEC, sec = ns / NS_PER_SEC, days, rest;
	int y, m, d;

	if (frac < 0) {
		frac += NS_PER_SEC;
		sec--;
	}
	days = sec / 86400;
	rest = sec % 86400;
	if (rest < 0) {
		rest += 86400;
		days--;
	}
	civil(days, &y, &m, &d);
	(void)snprintf(out, CLOCK_TEXT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d,
		       (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
	return frac;
}

void clock_format(int64_t ns, char out[CLOCK_TEXT_MAX])
{
	char digits[16];
	int64_t frac;
	size_t n;

	if (ns == 0) {
		memcpy(out, ZERO_TIME, sizeof(ZERO_TIME));
		return;
	}
	frac = format_seconds(ns, out);
	n = strlen(out);
	if (frac) {
		size_t last;

		(void)snprintf(digits, sizeof(digits), "%09d", (int)frac);
		for (last = 9; last > 1 && digits[last - 1] == '0'; last--)
			digits[last - 1] = '\0';
		n += (size_t)snprintf(out + n, CLOCK_TEXT_MAX - n, ".%s", digits);
	}
	(void)snprintf(out + n, CLOCK_TEXT_MAX - n, "Z");
}

void clock_format_fixed(int64_t ns, char out[CLOCK_TEXT_MAX])
{
	int64_t frac = format_seconds(ns, out);
	size_t n = strlen(out);

	(void)snprintf(out + n, CLOCK_TEXT_MAX - n, ".%09dZ", (int)frac);
}

static int digits(const char **s, int n, int *ret)
{
	*ret = 0;
	while (n-- > 0) {
		if (!isdigit((unsigned char)**s))
			return -EINVAL;
		*ret = *ret * 10 + (*(*s)++ - '0');
	}
	return 0;
}

static int expect(const char **s, char c)
{
	return *(*s)++ == c ? 0 : -EINVAL;
}

static int parse_zone(const char **s, int64_t *seconds)
{
	int h, m, sign = **s == '-' ? -1 : 1;

	*seconds = 0;
	if (**s == 'Z' || **s == 'z') {
		(*s)++;
		return 0;
	}
	if (**s != '+' && **s != '-')
		return -EINVAL;
	(*s)++;
	if (digits(s, 2, &h) < 0 || expect(s, ':') < 0 || digits(s, 2, &m) < 0 || h > 23 || m > 59)
		return -EINVAL;
	*seconds = sign * (h * 3600 + m * 60);
	return 0;
}

static int month_days(int y, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int clock_parse(const char *s, int64_t *ret)
{
	int y, mo, d, h, mi, sec;
	int64_t frac = 0, zone, total;

	if (strcmp(s, ZERO_TIME) == 0) {
		*ret = 0;
		return 0;
	}
	if (digits(&s, 4, &y) < 0 || expect(&s, '-') < 0 || digits(&s, 2, &mo) < 0 ||
	    expect(&s, '-') < 0 || digits(&s, 2, &d) < 0 || (*s != 'T' && *s != 't' && *s != ' '))
		return -EINVAL;
	s++;
	if (digits(&s, 2, &h) < 0 || expect(&s, ':') < 0 || digits(&s, 2, &mi) < 0 ||
	    expect(&s, ':') < 0 || digits(&s, 2, &sec) < 0)
		return -EINVAL;
	if (*s == '.') {
		int64_t unit = NS_PER_SEC / 10;

		if (!isdigit((unsigned char)*++s))
			return -EINVAL;
		for (; isdigit((unsigned char)*s); s++, unit /= 10)
			frac += (*s - '0') * unit;
	}
	if (mo < 1 || mo > 12 || d < 1 || d > month_days(y, mo) || h > 23 || mi > 59 || sec > 60)
		return -EINVAL;
	if (parse_zone(&s, &zone) < 0 || *s)
		return -EINVAL;
	total = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - zone;
	if (__builtin_mul_overflow(total, NS_PER_SEC, &total) ||
	    __builtin_add_overflow(total, frac, &total))
		return -ERANGE;
	*ret = total;
	return 0;
}
