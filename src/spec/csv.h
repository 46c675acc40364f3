// SPDX-License-Identifier: Apache-2.0
/*
 * csv - one record of comma-separated values, as Go's encoding/csv reads it: a field may stand in
 * double quotes to contain commas, "" inside quotes is one quote.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* The fields; a strv. Messages are Go's ("parse error on line 1, column 5: bare \" in …"). */
int csv_parse(struct arena *a, const char *s, char ***ret, struct err *err);
