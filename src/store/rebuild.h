// SPDX-License-Identifier: Apache-2.0
/*
 * rebuild - a layer's directory made again from its blob. Private to store/.
 */
#pragma once

#include "store/db.h"

/* Under the layer's lock: does nothing if somebody else just did it. */
int layer_rebuild(struct store *s, const char *diff_id, struct err *err);
/* Those of an image's layers that were unpacked in an earlier boot and never synced. */
int layer_rebuild_stale(struct store *s, const char *image, struct err *err);
