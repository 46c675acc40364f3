// SPDX-License-Identifier: Apache-2.0
/*
 * Any line is parsed without harm. The first byte chooses: a raw line, or text that is written as a
 * record and must come back as it was (bytes that are no UTF-8 as U+FFFD, so: as long or longer).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "logs/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

static void round_trip(const char *text, size_t len)
{
	char *out = malloc(len * 6 + 2 * LOG_SUFFIX_MAX), *end;
	struct log_parser p = {};
	struct log_record rec;
	struct log_suffix s;

	log_suffix_make(&s, LOG_STDOUT, 1);
	end = log_record_write(out, text, len, true, &s);
	check(end[-1] == '\n' && !memchr(out, '\n', (size_t)(end - 1 - out)));
	check(log_record_parse(&p, out, (size_t)(end - 1 - out), &rec) == 0);
	check(rec.len >= len + 1 && rec.time == 1 && rec.stream == LOG_STDOUT);
	check(rec.len > len + 1 || memcmp(rec.text, text, len) == 0);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_parser p = {};
	struct log_record rec;
	char *line;

	if (size == 0)
		return 0;
	size = size > LOG_PIECE_MAX ? LOG_PIECE_MAX : size;
	line = malloc(size); /* exactly as long: the sanitizer sees every byte beyond */
	memcpy(line, data + 1, size - 1);
	if (data[0] & 1) {
		round_trip(line, size - 1);
	} else if (log_record_parse(&p, line, size - 1, &rec) == 0) {
		check(rec.text >= line && rec.text + rec.len <= line + size - 1);
		check(rec.time != INT64_MIN);
	}
	free(line);
	return 0;
}
