// SPDX-License-Identifier: Apache-2.0
/*
 * table - columns as Go's text/tabwriter aligns them with Docker's parameters (10 or 20, 1, 3, ' ',
 * 0).
 *
 * Cells end in a tab, lines in a newline; the last cell of a line is never padded. A column is at
 * least `least` wide and 3 wider than its widest cell, counted over neighbouring lines that have
 * it.
 *
 *   table_align(&out, "ID\tNAME\n1\tbox\n", len, TABLE_LEAST);
 */
#pragma once

#include "base/buf.h"

#define TABLE_LEAST     10
#define TABLE_LEAST_TOP 20 /* top, and lists of key and value */

void table_align(struct buf *out, const char *text, size_t len, size_t least);
