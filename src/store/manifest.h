// SPDX-License-Identifier: Apache-2.0
/*
 * manifest - an OCI manifest for an image that came without one. Private to store/.
 */
#pragma once

#include "store/batch.h"

/* Makes it from img's id and layers: a blob of the batch, and img's manifest. */
int manifest_make(struct batch *b, struct batch_image *img, struct err *err);
/* The media type of a layer, by the first bytes of its blob. */
int manifest_layer_type(struct batch *b, const char *digest, const char **ret, struct err *err);
/* What a commit of the batch brought: struct store_image, in its order. */
int manifest_result(struct batch *b, struct json_list *out, struct err *err);
