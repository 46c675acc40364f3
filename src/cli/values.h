// SPDX-License-Identifier: Apache-2.0
/*
 * values - the types of flag values that several commands share: .parse functions for FLAG_PARSED.
 *
 * `dest` is what the comment behind each says. Messages are Docker's.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

int value_filter(struct arena *a, const char *value, void *dest,
		 struct err *err); /* struct filters */
int value_size(struct arena *a, const char *value, void *dest, struct err *err); /* int64_t bytes */
int value_swap(struct arena *a, const char *value, void *dest, struct err *err); /* int64_t; -1 */
int value_cpus(struct arena *a, const char *value, void *dest,
	       struct err *err); /* int64_t 1e-9 CPU */
int value_duration(struct arena *a, const char *value, void *dest,
		   struct err *err); /* int64_t ns */

#define VALUE_FORMAT_HELP                                                                          \
	"Format output using a custom template:\n"                                                 \
	"'table':            Print output in table format with column headers (default)\n"         \
	"'table TEMPLATE':   Print output in table format using the given Go template\n"           \
	"'json':             Print in JSON format\n"                                               \
	"'TEMPLATE':         Print output using the given Go template"
#define VALUE_FORMAT_HELP_INSPECT                                                                  \
	"Format output using a custom template:\n"                                                 \
	"'json':             Print in JSON format\n"                                               \
	"'TEMPLATE':         Print output using the given Go template"
