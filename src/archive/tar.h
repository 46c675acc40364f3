// SPDX-License-Identifier: Apache-2.0
/*
 * tar - reading: libarchive over a pump, with its failures in our words.
 *
 * setlocale(LC_CTYPE, "C.UTF-8") must have run: names in PAX headers are UTF-8, and libarchive
 * gives none that the locale cannot say.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "archive/pump.h"

struct tar;

/* The pump must outlive it. */
struct tar *tar_new(struct pump *p, struct err *err);
void tar_free(struct tar *t);
DEFINE_CLEANUP(struct tar *, tar_free)
/* 1 and the next entry (valid until the next call), 0 at the end, negative errno. */
int tar_next(struct tar *t, struct archive_entry **ret, struct err *err);
/* 1 and the next piece of the entry's data at `offset` (between pieces: holes), 0 at its end. */
int tar_data(struct tar *t, const void **data, size_t *len, int64_t *offset, struct err *err);
