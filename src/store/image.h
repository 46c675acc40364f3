// SPDX-License-Identifier: Apache-2.0
/*
 * image - rows of images and the OCI index beside them. Private to store/ (store.h is the public
 * part).
 */
#pragma once

#include "store/db.h"

/* By exact id; 1: found, 0: none. */
int image_by_id(struct store *s, struct arena *a, const char *id, struct store_image *out,
		struct err *err);
/* Writes index.json from the rows. After each commit that changed images or names. */
int image_write_index(struct store *s, struct err *err);
/* Inside a transaction: the name now means this image. */
int image_set_name(struct store *s, const char *id, const char *name, struct err *err);
