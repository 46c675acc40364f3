// SPDX-License-Identifier: Apache-2.0
#include "spec/units.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/str.h"

#define NUMBER_MAX 64

/* A plain decimal number, the part of strconv.ParseFloat's grammar that means a size. */
static int parse_number(const char *s, size_t n, double *ret)
{
	char text[NUMBER_MAX];
	size_t i = 0, digits = 0;

	if (n == 0 || n >= sizeof(text))
		return -EINVAL;
	if (s[0] == '+' || s[0] == '-')
		i++;
	for (; i < n && isdigit((unsigned char)s[i]); i++)
		digits++;
	if (i < n && s[i] == '.')
		for (i++; i < n && isdigit((unsigned char)s[i]); i++)
			digits++;
	if (i != n || digits == 0)
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	*ret = strtod(text, NULL);
	return 0;
}

static int bad_size(const char *s, struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid size: '%.100s'", s);
}

/* The factor of a suffix; 0: there is no such suffix. */
static double size_factor(const char *suffix, double base)
{
	static const char letters[] = "kmgtp";
	size_t n = strlen(suffix);
	const char *letter;

	if (n == 0 || (n == 1 && tolower((unsigned char)suffix[0]) == 'b'))
		return 1;
	letter = strchr(letters, tolower((unsigned char)suffix[0]));
	if (!letter || n > 3)
		return 0;
	if (n == 2 && tolower((unsigned char)suffix[1]) != 'b')
		return 0;
	if (n == 3 && strcasecmp(suffix + 1, "ib") != 0)
		return 0;
	return pow(base, (double)(letter - letters + 1));
}

static int parse_size(const char *s, double base, int64_t *ret, struct err *err)
{
	size_t sep = strlen(s), number;
	double value, factor;

	while (sep > 0 && !strchr("0123456789. ", s[sep - 1]))
		sep--;
	if (sep == 0)
		return bad_size(s, err);
	number = s[sep - 1] == ' ' ? sep - 1 : sep;
	if (parse_number(s, number, &value) < 0)
		return err_set(err, ERR_INVALID,
			       "strconv.ParseFloat: parsing \"%.*s\": invalid syntax",
			       (int)MIN_OF(number, (size_t)100), s);
	if (value < 0)
		return bad_size(s, err);
	factor = size_factor(s + sep, base);
	if (factor == 0)
		return err_set(err, ERR_INVALID, "invalid suffix: '%.100s'", s + sep);
	if (value * factor >= 0x1p63)
		return bad_size(s, err);
	*ret = (int64_t)(value * factor);
	return 0;
}

int units_parse_size(const char *s, int64_t *ret, struct err *err)
{
	return parse_size(s, 1024, ret, err);
}

int units_parse_size_decimal(const char *s, int64_t *ret, struct err *err)
{
	return parse_size(s, 1000, ret, err);
}

static void format_size(int64_t bytes, double base, const char *const *names, size_t n, int digits,
			char out[UNITS_TEXT_MAX])
{
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= base && i + 1 < n; i++)
		value /= base;
	(void)snprintf(out, UNITS_TEXT_MAX, "%.*g%s", digits, value, names[i]);
}

void units_format_size(int64_t bytes, int digits, char out[UNITS_TEXT_MAX])
{
	static const char *const names[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

	format_size(bytes, 1000, names, ARRAY_SIZE(names), MIN_OF(digits, 17), out);
}

void units_format_size_binary(int64_t bytes, char out[UNITS_TEXT_MAX])
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

	format_size(bytes, 1024, names, ARRAY_SIZE(names), 4, out);
}

static const struct duration_unit {
	const char *name;
	int64_t ns;
} duration_units[] = {
	{"ns", 1},           {"us", 1000},      {"\xc2\xb5s", 1000}, /* micro sign */
	{"\xce\xbcs", 1000},                                         /* Greek mu */
	{"ms", NS_PER_MS},   {"s", NS_PER_SEC}, {"m", 60 * NS_PER_SEC}, {"h", 3600 * NS_PER_SEC},
};

static const struct duration_unit *duration_unit(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
		if (strlen(duration_units[i].name) == n &&
		    memcmp(duration_units[i].name, s, n) == 0)
			return &duration_units[i];
	return NULL;
}

static int bad_duration(const char *s, struct err *err)
{
	return err_set(err, ERR_INVALID, "time: invalid duration \"%.100s\"", s);
}

/* One "NUMBER[.FRACTION]UNIT" at *p, added to *total. */
static int duration_part(const char *s, const char **p, int64_t *total, struct err *err)
{
	const struct duration_unit *unit;
	double fraction = 0, scale = 1;
	int64_t whole = 0, part;
	bool digits = false;
	size_t n;

	for (; isdigit((unsigned char)**p); (*p)++, digits = true)
		if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
		    __builtin_add_overflow(whole, (int64_t)(**p - '0'), &whole))
			return bad_duration(s, err);
	if (**p == '.')
		for ((*p)++; isdigit((unsigned char)**p); (*p)++, digits = true) {
			scale /= 10;
			fraction += (**p - '0') * scale;
		}
	if (!digits)
		return bad_duration(s, err);
	n = strcspn(*p, ".0123456789");
	if (n == 0)
		return err_set(err, ERR_INVALID, "time: missing unit in duration \"%.100s\"", s);
	unit = duration_unit(*p, n);
	if (!unit)
		return err_set(err, ERR_INVALID,
			       "time: unknown unit \"%.*s\" in duration \"%.100s\"",
			       (int)MIN_OF(n, (size_t)100), *p, s);
	*p += n;
	if (__builtin_mul_overflow(whole, unit->ns, &part) ||
	    __builtin_add_overflow(*total, part, total) ||
	    __builtin_add_overflow(*total, (int64_t)(fraction * (double)unit->ns + 1e-6), total))
		return bad_duration(s, err);
	return 0;
}

int units_parse_duration(const char *s, int64_t *ret, struct err *err)
{
	bool negative = *s == '-';
	const char *p = s + (*s == '-' || *s == '+');
	int64_t total = 0;

	if (strcmp(p, "0") == 0) {
		*ret = 0;
		return 0;
	}
	if (!*p)
		return bad_duration(s, err);
	while (*p) {
		int r = duration_part(s, &p, &total, err);

		if (r < 0)
			return r;
	}
	*ret = negative ? -total : total;
	return 0;
}

/* VALUE with up to `places` decimals of fraction / 10^places, trailing zeros cut. */
static size_t put_decimal(char *out, size_t size, uint64_t value, uint64_t fraction, int places,
			  const char *unit)
{
	char digits[24] = "";
	int n = 0;

	if (fraction) {
		n = snprintf(digits, sizeof(digits), ".%0*llu", places,
			     (unsigned long long)fraction);
		while (n > 0 && digits[n - 1] == '0')
			digits[--n] = '\0';
	}
	return (size_t)snprintf(out, size, "%llu%s%s", (unsigned long long)value, digits, unit);
}

void units_format_duration(int64_t ns, char out[UNITS_TEXT_MAX])
{
	const uint64_t sec = (uint64_t)NS_PER_SEC;
	uint64_t u = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	char *p = out, *end = out + UNITS_TEXT_MAX;

	if (ns < 0)
		*p++ = '-';
	if (u == 0)
		(void)snprintf(p, (size_t)(end - p), "0s");
	else if (u < 1000)
		(void)put_decimal(p, (size_t)(end - p), u, 0, 0, "ns");
	else if (u < 1000000)
		(void)put_decimal(p, (size_t)(end - p), u / 1000, u % 1000, 3, "\xc2\xb5s");
	else if (u < sec)
		(void)put_decimal(p, (size_t)(end - p), u / 1000000, u % 1000000, 6, "ms");
	else {
		if (u >= 3600 * sec)
			p += put_decimal(p, (size_t)(end - p), u / (3600 * sec), 0, 0, "h");
		if (u >= 60 * sec)
			p += put_decimal(p, (size_t)(end - p), u / (60 * sec) % 60, 0, 0, "m");
		(void)put_decimal(p, (size_t)(end - p), u / sec % 60, u % sec, 9, "s");
	}
}

void units_format_human(int64_t ns, char out[UNITS_TEXT_MAX])
{
	int64_t seconds = ns / NS_PER_SEC, minutes = seconds / 60;
	int64_t hours = (ns > INT64_MAX - 1800 * NS_PER_SEC ? ns : ns + 1800 * NS_PER_SEC) /
			(3600 * NS_PER_SEC);
	if (seconds < 1)
		(void)snprintf(out, UNITS_TEXT_MAX, "Less than a second");
	else if (seconds == 1)
		(void)snprintf(out, UNITS_TEXT_MAX, "1 second");
	else if (seconds < 60)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld seconds", (long long)seconds);
	else if (minutes == 1)
		(void)snprintf(out, UNITS_TEXT_MAX, "About a minute");
	else if (minutes < 60)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld minutes", (long long)minutes);
	else if (hours == 1)
		(void)snprintf(out, UNITS_TEXT_MAX, "About an hour");
	else if (hours < 48)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld hours", (long long)hours);
	else if (hours < 24 * 7 * 2)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld days", (long long)hours / 24);
	else if (hours < 24 * 30 * 2)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld weeks", (long long)hours / 24 / 7);
	else if (hours < 24 * 365 * 2)
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld months", (long long)hours / 24 / 30);
	else
		(void)snprintf(out, UNITS_TEXT_MAX, "%lld years",
			       (long long)(minutes / 60 / 24 / 365));
}

/* "1700000000" or "1700000000.123456789". */
static int parse_unix(const char *s, int64_t *ret)
{
	int64_t seconds = 0, frac = 0, unit = NS_PER_SEC / 10;
	bool negative = *s == '-';

	s += negative;
	if (!isdigit((unsigned char)*s))
		return -EINVAL;
	for (; isdigit((unsigned char)*s); s++)
		if (__builtin_mul_overflow(seconds, (int64_t)10, &seconds) ||
		    __builtin_add_overflow(seconds, (int64_t)(*s - '0'), &seconds))
			return -ERANGE;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++, unit /= 10)
			frac += (*s - '0') * unit;
	if (*s || __builtin_mul_overflow(seconds, NS_PER_SEC, &seconds) ||
	    __builtin_add_overflow(seconds, frac, &seconds))
		return -EINVAL;
	*ret = negative ? -seconds : seconds;
	return 0;
}

static bool like(const char *s, size_t n, const char *pattern)
{
	if (strlen(pattern) != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (pattern[i] == '0' ? !isdigit((unsigned char)s[i]) : s[i] != pattern[i])
			return false;
	return true;
}

/* Fills in what may be missing of RFC 3339, then reads it as that. */
static int parse_rfc3339(const char *s, int64_t zone, int64_t *ret)
{
	size_t n = strcspn(s, "zZ+"), fraction;
	const char *t = strchr(s, 'T'), *minus = t ? strrchr(t, '-') : NULL;
	const char *missing;
	char full[CLOCK_TEXT_MAX + NUMBER_MAX];
	bool local;
	int r;

	/* Without a time, a third dash begins the zone: "2006-01-02-07:00". */
	if (!t && n == strlen(s) && n > 10 && s[10] == '-')
		minus = s + 10;
	if (minus && (size_t)(minus - s) < n)
		n = (size_t)(minus - s);
	local = s[n] == '\0';
	fraction = MIN_OF(strcspn(s, "."), n);
	if (like(s, fraction, "0000-00-00T00:00:00"))
		missing = "";
	else if (like(s, n, "0000-00-00T00:00"))
		missing = ":00";
	else if (like(s, n, "0000-00-00T00"))
		missing = ":00:00";
	else if (like(s, n, "0000-00-00"))
		missing = "T00:00:00";
	else
		return -EINVAL;
	if (snprintf(full, sizeof(full), "%.*s%s%s", (int)MIN_OF(n, (size_t)200), s, missing,
		     local ? "Z" : s + n) >= (int)sizeof(full))
		return -EINVAL;
	r = clock_parse(full, ret);
	if (r < 0 || !local)
		return r;
	return __builtin_sub_overflow(*ret, zone * NS_PER_SEC, ret) ? -ERANGE : 0;
}

int units_parse_time(const char *s, int64_t now, int64_t zone, int64_t *ret, struct err *err)
{
	int64_t before;

	if (strcmp(s, "0") != 0 && units_parse_duration(s, &before, NULL) == 0)
		return __builtin_sub_overflow(now, before, ret)
			       ? err_set(err, ERR_INVALID, "time out of range: \"%.100s\"", s)
			       : 0;
	if (parse_rfc3339(s, zone, ret) == 0 || parse_unix(s, ret) == 0)
		return 0;
	return err_set(err, ERR_INVALID, "failed to parse value as time or duration: \"%.100s\"",
		       s);
}

int units_parse_cpus(const char *s, int64_t *nano_cpus, struct err *err)
{
	const char *dot = strchrnul(s, '.');
	int64_t whole = 0, nano = 0, unit = NS_PER_SEC / 10;
	double value;

	if (parse_number(s, strlen(s), &value) < 0)
		return err_set(err, ERR_INVALID, "failed to parse %.100s as a rational number", s);
	if (value < 0)
		return err_set(err, ERR_INVALID,
			       "Range of CPUs is from 0.01 upwards, %.100s is negative", s);
	if (value > 1e6)
		return err_set(err, ERR_INVALID, "%.100s is more CPUs than there can be", s);
	for (const char *p = s + (*s == '+' || *s == '-'); p < dot; p++)
		whole = whole * 10 + (*p - '0');
	for (const char *p = dot + (*dot == '.'); *p; p++, unit /= 10) {
		if (unit == 0 && *p != '0')
			return err_set(err, ERR_INVALID, "value is too precise");
		nano += (*p - '0') * unit;
	}
	*nano_cpus = whole * NS_PER_SEC + nano;
	return 0;
}
