// SPDX-License-Identifier: Apache-2.0
/*
 * record - one line of a json-file log, written and read by hand.
 *
 * 500 MiB of short lines are 13 million records: a JSON library costs microseconds for each. What
 * is written is plain JSON for everybody; what is read may come from Docker too (other escapes,
 * times with fewer digits, an "attrs" member, any order).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "logs/log.h"

#define LOG_PIECE_MAX  16384 /* text bytes of one record, Docker's cut */
#define LOG_SUFFIX_MAX 96
/* A record at its longest: each byte as \ufffd. */
#define LOG_RECORD_MAX ((size_t)LOG_PIECE_MAX * 6 + 2 * LOG_SUFFIX_MAX)

/* What follows the text in every record of one stream and one moment. */
struct log_suffix {
	size_t len;
	char text[LOG_SUFFIX_MAX];
};
void log_suffix_make(struct log_suffix *s, enum log_stream stream, int64_t time_ns);
/* A whole record, its newline included, of at most LOG_PIECE_MAX bytes of text; `newline` adds one
 * to the text. Returns the end. There must be room for 6 * len + 2 * LOG_SUFFIX_MAX bytes. */
char *log_record_write(char *out, const char *text, size_t len, bool newline,
		       const struct log_suffix *suffix);
/* How much of a long text one record takes: len, or less so that no character is cut in two. */
size_t log_piece_len(const char *text, size_t len);

/* Remembers the last second seen: neighbours mostly share it. Start with {}. */
struct log_parser {
	char second[20];
	int64_t second_ns;
};
/* One line without its newline. The text is unescaped in place. 0, or -EBADMSG: not a record. */
int log_record_parse(struct log_parser *p, char *line, size_t len, struct log_record *out);
