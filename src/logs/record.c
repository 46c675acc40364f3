// SPDX-License-Identifier: Apache-2.0
/*
 * Both directions take eight bytes at a time and stop only where something must be looked at: a
 * quote, a backslash, a control character, or (writing) anything beyond ASCII, which must be proven
 * to be UTF-8. The reader knows its own writer's layout by heart and compares it as bytes; a line
 * that differs in anything goes to the slow parser, which takes every JSON object with the members
 * log, stream and time.
 *
 * Unescaping in place is safe since no escape is shorter than what it stands for.
 */
#include "logs/record.h"

#include <string.h>

#include "base/clock.h"

#define ONES           UINT64_C(0x0101010101010101)
#define HIGHS          UINT64_C(0x8080808080808080)
#define SKIP_DEPTH_MAX 32

static const char prefix[] = "{\"log\":\"";
#define PREFIX_LEN (sizeof(prefix) - 1)

/* Non-zero if any byte is below 0x20, a quote or a backslash (bit tricks by Mycroft). */
static inline uint64_t has_json_special(uint64_t v)
{
	uint64_t quote = v ^ ONES * '"', back = v ^ ONES * '\\';

	return (((v - ONES * 0x20) & ~v) | ((quote - ONES) & ~quote) | ((back - ONES) & ~back)) &
	       HIGHS;
}

void log_suffix_make(struct log_suffix *s, enum log_stream stream, int64_t time_ns)
{
	static const char out[] = "\",\"stream\":\"stdout\",\"time\":\"";
	static const char err[] = "\",\"stream\":\"stderr\",\"time\":\"";

	memcpy(s->text, stream == LOG_STDERR ? err : out, sizeof(out) - 1);
	s->len = sizeof(out) - 1;
	clock_format_fixed(time_ns, s->text + s->len);
	s->len += strlen(s->text + s->len);
	memcpy(s->text + s->len, "\"}\n", 3);
	s->len += 3;
}

/* Length of the UTF-8 character at s, or 0: not one. The rules of RFC 3629, as Go's. */
static size_t utf8_len(const unsigned char *s, size_t left)
{
	unsigned char c = s[0], low = 0x80, high = 0xbf;
	size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	if (c < 0xc2 || c > 0xf4 || left < n)
		return 0;
	if (c == 0xe0)
		low = 0xa0; /* overlong */
	else if (c == 0xed)
		high = 0x9f; /* surrogates */
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f; /* beyond U+10FFFF */
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static char *escape_ascii(char *out, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char two = c == '"' || c == '\\' ? (char)c
		   : c == '\n'           ? 'n'
		   : c == '\r'           ? 'r'
		   : c == '\t'           ? 't'
		   : c == '\b'           ? 'b'
		   : c == '\f'           ? 'f'
					 : '\0';

	*out++ = '\\';
	if (two) {
		*out++ = two;
		return out;
	}
	memcpy(out, "u00", 3);
	out[3] = hex[c >> 4];
	out[4] = hex[c & 15];
	return out + 5;
}

/* One character: plain, escaped, or replaced. Moves *in. */
static char *escape_one(char *out, const char **in, const char *end)
{
	unsigned char c = (unsigned char)**in;
	size_t n = 1;

	if (c >= 0x80) {
		n = utf8_len((const unsigned char *)*in, (size_t)(end - *in));
		if (n == 0) {
			memcpy(out, "\\ufffd", 6);
			*in += 1;
			return out + 6;
		}
	} else if (c < 0x20 || c == '"' || c == '\\') {
		*in += 1;
		return escape_ascii(out, c);
	}
	memcpy(out, *in, n);
	*in += n;
	return out + n;
}

char *log_record_write(char *out, const char *text, size_t len, bool newline,
		       const struct log_suffix *suffix)
{
	const char *end = text + len;

	memcpy(out, prefix, PREFIX_LEN);
	out += PREFIX_LEN;
	while (text < end) {
		uint64_t v;

		if (end - text >= 8) {
			memcpy(&v, text, 8);
			if (!(has_json_special(v) | (v & HIGHS))) {
				memcpy(out, &v, 8);
				out += 8;
				text += 8;
				continue;
			}
		}
		out = escape_one(out, &text, end);
	}
	if (newline) {
		memcpy(out, "\\n", 2);
		out += 2;
	}
	memcpy(out, suffix->text, suffix->len);
	return out + suffix->len;
}

size_t log_piece_len(const char *text, size_t len)
{
	/* Back to where the last character starts; if it is whole or no character, nothing is cut.
	 */
	for (size_t back = 1; back <= 3 && back < len; back++) {
		unsigned char c = (unsigned char)text[len - back];
		size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

		if (c < 0x80)
			return len;
		if (c >= 0xc0)
			return want > back ? len - back : len;
	}
	return len;
}

/* ---- reading ---- */

static int hex4(const char *s, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			return -EBADMSG;
		*ret = *ret << 4 | (unsigned)d;
	}
	return 0;
}

static char *put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 63));
		*out++ = (char)(0x80 | (c >> 6 & 63));
		*out++ = (char)(0x80 | (c & 63));
	}
	return out;
}

/* \uXXXX after the u; a pair of surrogates is one character, half a pair is U+FFFD. */
static int unescape_unicode(const char **in, const char *end, char **out)
{
	unsigned c, low;

	if (end - *in < 4 || hex4(*in, &c) < 0)
		return -EBADMSG;
	*in += 4;
	if (c >= 0xd800 && c < 0xdc00 && end - *in >= 6 && (*in)[0] == '\\' && (*in)[1] == 'u' &&
	    hex4(*in + 2, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		*in += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	*out = put_utf8(*out, c);
	return 0;
}

static int unescape_one(const char **in, const char *end, char **out)
{
	static const char from[] = "nrt\"\\/bf", to[] = "\n\r\t\"\\/\b\f";
	const char *at;
	char c;

	(*in)++;
	if (*in >= end)
		return -EBADMSG;
	c = *(*in)++;
	if (c == 'u')
		return unescape_unicode(in, end, out);
	at = c ? strchr(from, c) : NULL;
	if (!at)
		return -EBADMSG;
	*(*out)++ = to[at - from];
	return 0;
}

/* A string whose opening quote is behind us: unescaped to where it stands, *text its start. Returns
 * what follows the closing quote, or NULL. */
static char *parse_string(char *s, char *end, size_t *ret_len)
{
	char *start = s, *out = s;
	const char *in = s;

	while (in < end) {
		uint64_t v;

		if (end - in >= 8) {
			memcpy(&v, in, 8);
			if (!has_json_special(v)) {
				memcpy(out, &v, 8);
				in += 8;
				out += 8;
				continue;
			}
		}
		if (*in == '"') {
			*ret_len = (size_t)(out - start);
			return s + (in - s) + 1;
		}
		if (*in == '\\') {
			if (unescape_one(&in, end, &out) < 0)
				return NULL;
		} else if ((unsigned char)*in < 0x20) {
			return NULL;
		} else {
			*out++ = *in++;
		}
	}
	return NULL;
}

static int parse_time(struct log_parser *p, const char *s, size_t len, int64_t *ret)
{
	char text[CLOCK_TEXT_MAX];
	int64_t frac = 0, unit = NS_PER_SEC / 10;
	size_t i = 20;

	if (len < 20 || len >= sizeof(text))
		return -EBADMSG;
	if (s[len - 1] != 'Z' || (s[19] != '.' && len > 20)) {
		memcpy(text, s, len);
		text[len] = '\0';
		return clock_parse(text, ret) < 0 ? -EBADMSG : 0;
	}
	if (memcmp(p->second, s, 19) != 0) {
		memcpy(text, s, 19);
		memcpy(text + 19, "Z", 2);
		if (clock_parse(text, &p->second_ns) < 0) {
			p->second[0] = '\0';
			return -EBADMSG;
		}
		memcpy(p->second, s, 19);
	}
	for (; i + 1 < len; i++, unit /= 10) {
		if (s[i] < '0' || s[i] > '9')
			return -EBADMSG;
		frac += (s[i] - '0') * unit;
	}
	*ret = p->second_ns + frac;
	return 0;
}

/* The members after log as our writer (and Docker's, without attrs) puts them. */
static int parse_tail(struct log_parser *p, const char *s, const char *end, struct log_record *out)
{
	static const char stream[] = ",\"stream\":\"std", time[] = "\",\"time\":\"";
	size_t left = (size_t)(end - s);

	if (left < 14 + 3 + 10 + 22 || memcmp(s, stream, 14) != 0 ||
	    memcmp(s + 17, time, 10) != 0 || end[-1] != '}' || end[-2] != '"')
		return -EBADMSG;
	if (memcmp(s + 14, "out", 3) == 0)
		out->stream = LOG_STDOUT;
	else if (memcmp(s + 14, "err", 3) == 0)
		out->stream = LOG_STDERR;
	else
		return -EBADMSG;
	return parse_time(p, s + 27, left - 29, &out->time);
}

static char *skip_space(char *s, const char *end)
{
	while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++;
	return s;
}

/* Any value that is not looked at (attrs): strings are stepped over, brackets are counted. */
static char *skip_value(char *s, char *end)
{
	unsigned depth = 0;
	size_t len;

	while (s < end) {
		char c = *s++;

		if (c == '"') {
			s = parse_string(s, end, &len);
			if (!s)
				return NULL;
		} else if (c == '{' || c == '[') {
			if (++depth > SKIP_DEPTH_MAX)
				return NULL;
		} else if (c == '}' || c == ']') {
			if (depth-- == 0)
				return s - 1; /* the end of the record itself */
		} else if (c == ',' && depth == 0) {
			return s - 1;
		}
	}
	return NULL;
}

struct member {
	const char *key, *value;
	size_t key_len, value_len;
	bool is_string;
};

/* `"key":value`; what follows it, or NULL. */
static char *parse_member(char *s, char *end, struct member *m)
{
	s = skip_space(s, end);
	if (s >= end || *s != '"')
		return NULL;
	m->key = ++s;
	s = parse_string(s, end, &m->key_len);
	s = s ? skip_space(s, end) : NULL;
	if (!s || s >= end || *s != ':')
		return NULL;
	s = skip_space(s + 1, end);
	m->value = s + 1;
	m->is_string = s < end && *s == '"';
	return m->is_string ? parse_string(s + 1, end, &m->value_len) : skip_value(s, end);
}

static bool is_key(const struct member *m, const char *key)
{
	return m->is_string && m->key_len == strlen(key) && memcmp(m->key, key, m->key_len) == 0;
}

static int take_member(struct log_parser *p, const struct member *m, struct log_record *out)
{
	if (is_key(m, "log")) {
		out->text = m->value;
		out->len = m->value_len;
	} else if (is_key(m, "stream")) {
		bool is_err = m->value_len == 6 && memcmp(m->value, "stderr", 6) == 0;

		out->stream = is_err ? LOG_STDERR : LOG_STDOUT;
	} else if (is_key(m, "time")) {
		return parse_time(p, m->value, m->value_len, &out->time);
	}
	return 0;
}

static int parse_any(struct log_parser *p, char *s, char *end, struct log_record *out)
{
	s = skip_space(s, end);
	if (s >= end || *s != '{')
		return -EBADMSG;
	do {
		struct member m = {};

		s = parse_member(s + 1, end, &m);
		if (!s || take_member(p, &m, out) < 0)
			return -EBADMSG;
		s = skip_space(s, end);
	} while (s < end && *s == ',');
	if (s >= end || *s != '}' || skip_space(s + 1, end) != end)
		return -EBADMSG;
	return out->text && out->time != INT64_MIN ? 0 : -EBADMSG;
}

int log_record_parse(struct log_parser *p, char *line, size_t len, struct log_record *out)
{
	char *end = line + len, *after;

	*out = (struct log_record){.stream = LOG_STDOUT, .time = INT64_MIN};
	/* Which layout it is must be known before the text is unescaped over itself: the end tells.
	 */
	if (len > PREFIX_LEN && memcmp(line, prefix, PREFIX_LEN) == 0) {
		after = parse_string(line + PREFIX_LEN, end, &out->len);
		if (!after)
			return -EBADMSG;
		out->text = line + PREFIX_LEN;
		if (parse_tail(p, after, end, out) == 0)
			return 0;
		/* The other members are still as they were: go on as an object without its log. */
		if (after >= end || *after != ',')
			return -EBADMSG;
		*after = '{';
		return parse_any(p, after, end, out);
	}
	return parse_any(p, line, end, out);
}
