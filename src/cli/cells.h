// SPDX-License-Identifier: Apache-2.0
/*
 * cells - what several lists write into their cells, as Docker writes it.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"

/* 12 digits, or all of it; "sha256:" stays only when not shortened. */
void cells_id(struct buf *b, const char *id, bool whole);
/* At most `width` characters, the last one then an ellipsis; 0: all. */
void cells_cut(struct buf *b, const char *s, size_t width);
/* The same in Go's quotes. */
void cells_quoted(struct buf *b, const char *s, size_t width);
/* "2026-01-02 15:04:05 +0000 UTC" in local time; "N/A" for 0. */
void cells_time(struct buf *b, int64_t ns);
/* "3 minutes ago"; "N/A" for 0. */
void cells_ago(struct buf *b, int64_t now, int64_t ns);
/* 1000-based, three digits: "4.26MB". */
void cells_size(struct buf *b, int64_t bytes);
/* "a=1,b=2", sorted. */
void cells_map(struct buf *b, const struct json_map *m);
void cells_json_map(struct buf *b, const json_t *m);
