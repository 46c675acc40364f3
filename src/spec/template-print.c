// SPDX-License-Identifier: Apache-2.0
/*
 * Go's fmt for JSON values: %v of maps, slices and floats, and the verbs of printf with their
 * flags, widths and the notes that Go writes in place of an error ("%!d(string=x)").
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "spec/template-tree.h"

#define WIDTH_MAX 4096

static void print_value(struct buf *b, const json_t *j, int depth);

/* The shortest text that reads back as the same number, in Go's choice of notation. */
static void print_float(struct buf *b, double d)
{
	char text[40];
	int precision = 1, exponent;

	do
		(void)snprintf(text, sizeof(text), "%.*e", precision - 1, d);
	while (strtod(text, NULL) != d && ++precision <= 17);
	exponent = atoi(strchrnul(text, 'e') + (strchr(text, 'e') ? 1 : 0));
	if (exponent < -4 || exponent >= 6)
		buf_puts(b, text);
	else
		buf_printf(b, "%.*f", MAX_OF(precision - 1 - exponent, 0), d);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_object(struct buf *b, const json_t *j, int depth)
{
	size_t n = json_object_size(j), i = 0;
	const char **keys = calloc(n + 1, sizeof(*keys));
	const char *key;
	json_t *value;

	if (!keys) {
		b->failed = b->failed ?: -ENOMEM;
		return;
	}
	json_object_foreach ((json_t *)j, key, value)
		keys[i++] = key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	buf_puts(b, "map[");
	for (i = 0; i < n; i++) {
		buf_printf(b, "%s%s:", i ? " " : "", keys[i]);
		print_value(b, json_object_get(j, keys[i]), depth + 1);
	}
	buf_putc(b, ']');
	free(keys);
}

static void print_value(struct buf *b, const json_t *j, int depth)
{
	json_t *item;
	size_t i;

	if (!j || depth > 128) {
		buf_puts(b, "<nil>");
		return;
	}
	switch (json_typeof(j)) {
	case JSON_NULL:
		buf_puts(b, "<nil>");
		break;
	case JSON_TRUE:
		buf_puts(b, "true");
		break;
	case JSON_FALSE:
		buf_puts(b, "false");
		break;
	case JSON_INTEGER:
		buf_printf(b, "%lld", (long long)json_integer_value(j));
		break;
	case JSON_REAL:
		print_float(b, json_real_value(j));
		break;
	case JSON_STRING:
		buf_add(b, json_string_value(j), json_string_length(j));
		break;
	case JSON_ARRAY:
		buf_putc(b, '[');
		json_array_foreach (j, i, item) {
			if (i)
				buf_putc(b, ' ');
			print_value(b, item, depth + 1);
		}
		buf_putc(b, ']');
		break;
	case JSON_OBJECT:
		print_object(b, j, depth);
		break;
	}
}

void template_print(struct buf *b, const json_t *j, bool nested)
{
	if (!nested && (!j || json_is_null(j)))
		buf_puts(b, "<no value>");
	else
		print_value(b, j, 0);
}

/* ---- printf ---- */

struct verb {
	bool minus, plus, sharp, space, zero;
	int width, precision; /* -1: none */
	char letter;
};

static void quote(struct buf *b, const char *s, size_t n)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";

	buf_putc(b, '"');
	for (size_t i = 0; i < n; i++) {
		const char *escape = s[i] ? strchr(from, s[i]) : NULL;

		if (escape)
			buf_printf(b, "\\%c", to[escape - from]);
		else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			buf_printf(b, "\\x%02x", (unsigned char)s[i]);
		else
			buf_putc(b, s[i]);
	}
	buf_putc(b, '"');
}

static const char *type_name(const json_t *j)
{
	return !j || json_is_null(j) ? "<nil>"
	       : json_is_string(j)   ? "string"
	       : json_is_integer(j)  ? "int"
	       : json_is_real(j)     ? "float64"
	       : json_is_boolean(j)  ? "bool"
	       : json_is_array(j)    ? "[]interface {}"
				     : "map[string]interface {}";
}

static void wrong_verb(struct buf *b, const struct verb *v, const json_t *j)
{
	if (!j || json_is_null(j)) {
		buf_printf(b, "%%!%c(<nil>)", v->letter);
		return;
	}
	buf_printf(b, "%%!%c(%s=", v->letter, type_name(j));
	print_value(b, j, 0);
	buf_putc(b, ')');
}

static bool put_string(struct buf *b, const struct verb *v, const json_t *j)
{
	const char *s = json_string_value(j);
	size_t n = json_string_length(j);

	if (v->precision >= 0)
		n = MIN_OF(n, (size_t)v->precision);
	switch (v->letter) {
	case 'v':
	case 's':
		if (v->sharp && v->letter == 'v')
			quote(b, s, n);
		else
			buf_add(b, s, n);
		return true;
	case 'q':
		quote(b, s, n);
		return true;
	case 'x':
	case 'X':
		for (size_t i = 0; i < n; i++)
			buf_printf(b, v->letter == 'x' ? "%02x" : "%02X", (unsigned char)s[i]);
		return true;
	default:
		return false;
	}
}

static void put_binary(struct buf *b, unsigned long long u)
{
	bool on = false;

	for (int bit = 63; bit >= 0; bit--) {
		on |= u >> bit & 1 || bit == 0;
		if (on)
			buf_putc(b, u >> bit & 1 ? '1' : '0');
	}
}

static bool put_integer(struct buf *b, const struct verb *v, const json_t *j)
{
	long long i = json_integer_value(j);
	unsigned long long u = i < 0 ? 0 - (unsigned long long)i : (unsigned long long)i;

	if (!strchr("vdxXobcqU", v->letter))
		return false;
	if (v->letter == 'c' || v->letter == 'q') {
		if (i < 0x20 || i > 0x7e)
			return false;
		buf_printf(b, v->letter == 'c' ? "%c" : "'%c'", (int)i);
		return true;
	}
	if (i < 0)
		buf_putc(b, '-');
	else if (v->plus)
		buf_putc(b, '+');
	else if (v->space)
		buf_putc(b, ' ');
	if (v->letter == 'x')
		buf_printf(b, "%s%llx", v->sharp ? "0x" : "", u);
	else if (v->letter == 'X')
		buf_printf(b, "%s%llX", v->sharp ? "0X" : "", u);
	else if (v->letter == 'o')
		buf_printf(b, "%s%llo", v->sharp ? "0" : "", u);
	else if (v->letter == 'b')
		put_binary(b, u);
	else if (v->letter == 'U')
		buf_printf(b, "U+%04llX", u);
	else
		buf_printf(b, "%0*llu", MAX_OF(v->precision, 0), u);
	return true;
}

static bool put_float(struct buf *b, const struct verb *v, const json_t *j)
{
	double d = json_real_value(j);
	int precision = v->precision >= 0 ? v->precision : 6;

	if (!strchr("vgGeEfF", v->letter))
		return false;
	if (d >= 0 && v->plus)
		buf_putc(b, '+');
	if (strchr("vg", v->letter) && v->precision < 0)
		print_float(b, d);
	else if (strchr("vgG", v->letter))
		buf_printf(b, "%.*g", precision, d);
	else if (strchr("eE", v->letter))
		buf_printf(b, "%.*e", precision, d);
	else
		buf_printf(b, "%.*f", precision, d);
	return true;
}

static void put_plain(struct buf *b, const struct verb *v, const json_t *j)
{
	bool done = false;
	json_t *item;
	size_t i;

	if (v->letter == 'T') {
		buf_puts(b, type_name(j));
		return;
	}
	if (json_is_string(j))
		done = put_string(b, v, j);
	else if (json_is_integer(j))
		done = put_integer(b, v, j);
	else if (json_is_real(j))
		done = put_float(b, v, j);
	else if (json_is_array(j) && v->letter != 'v') {
		/* A verb of a list is the verb of each of its items. */
		buf_putc(b, '[');
		json_array_foreach (j, i, item) {
			if (i)
				buf_putc(b, ' ');
			if (json_is_array(item))
				print_value(b, item, 0);
			else
				put_plain(b, v, item);
		}
		buf_putc(b, ']');
		done = true;
	} else if (v->letter == 'v' || (json_is_boolean(j) && v->letter == 't') ||
		   (json_is_object(j) && v->letter == 's')) {
		print_value(b, j, 0);
		done = true;
	}
	if (!done)
		wrong_verb(b, v, j);
}

/* Characters, not bytes: Go pads by runes. */
static size_t runes(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += (s[i] & 0xc0) != 0x80;
	return count;
}

static void put_padded(struct buf *b, const struct verb *v, const json_t *j)
{
	cleanup(buf_done) struct buf text = BUF_INIT(b->max);
	size_t width, sign = 0;

	buf_puts(&text, "");
	put_plain(&text, v, j);
	if (text.failed) {
		b->failed = b->failed ?: text.failed;
		return;
	}
	width = runes(text.data, text.len);
	width = v->width > 0 && (size_t)v->width > width ? (size_t)v->width - width : 0;
	if (v->minus) {
		buf_add(b, text.data, text.len);
		buf_printf(b, "%*s", (int)width, "");
		return;
	}
	if (v->zero && width && text.len && strchr("+-", text.data[0]) && !json_is_string(j))
		sign = 1;
	buf_add(b, text.data, sign);
	for (; width; width--)
		buf_putc(b, v->zero ? '0' : ' ');
	buf_add(b, text.data + sign, text.len - sign);
}

/* A width or precision: digits or '*'. */
static int number(const char **p, json_t **args, size_t n, size_t *used)
{
	long v = 0;

	if (**p == '*') {
		(*p)++;
		if (*used < n && json_is_integer(args[*used]))
			v = (long)json_integer_value(args[*used]);
		*used += *used < n;
		return v < 0 || v > WIDTH_MAX ? 0 : (int)v;
	}
	for (; isdigit((unsigned char)**p); (*p)++)
		v = MIN_OF(v * 10 + (**p - '0'), (long)WIDTH_MAX);
	return (int)v;
}

static struct verb parse_verb(const char **p, json_t **args, size_t n, size_t *used)
{
	struct verb v = {.width = -1, .precision = -1};

	for (; **p && strchr("-+# 0", **p); (*p)++) {
		v.minus |= **p == '-';
		v.plus |= **p == '+';
		v.sharp |= **p == '#';
		v.space |= **p == ' ';
		v.zero |= **p == '0';
	}
	if (isdigit((unsigned char)**p) || **p == '*')
		v.width = number(p, args, n, used);
	if (**p == '.') {
		(*p)++;
		v.precision = number(p, args, n, used);
	}
	v.zero &= !v.minus;
	v.letter = **p;
	*p += **p != '\0';
	return v;
}

void template_printf(struct buf *b, const char *format, json_t **args, size_t n)
{
	size_t used = 0;

	for (const char *p = format; *p && !b->failed;) {
		struct verb v;

		if (*p != '%') {
			size_t plain = strcspn(p, "%");

			buf_add(b, p, plain);
			p += plain;
			continue;
		}
		p++;
		v = parse_verb(&p, args, n, &used);
		if (v.letter == '%')
			buf_putc(b, '%');
		else if (!v.letter)
			buf_puts(b, "%!(NOVERB)");
		else if (used >= n)
			buf_printf(b, "%%!%c(MISSING)", v.letter);
		else
			put_padded(b, &v, args[used++]);
	}
	if (used >= n)
		return;
	buf_puts(b, "%!(EXTRA ");
	for (size_t i = used; i < n; i++) {
		buf_printf(b, "%s%s=", i > used ? ", " : "", type_name(args[i]));
		print_value(b, args[i], 0);
	}
	buf_putc(b, ')');
}
