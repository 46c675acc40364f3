// SPDX-License-Identifier: Apache-2.0
/*
 * image-private - what the files image-*.c and commit.c share.
 */
#pragma once

#include "engine/image.h"

#define IMAGE_CONFIG_MAX ((size_t)8 << 20)

/* "sha256:0123…" or "0123…" to twelve digits. */
char *image_short_id(struct arena *a, const char *id);
/* A canonical name as users see it; the name itself when it does not parse. */
char *image_familiar(struct arena *a, const char *name);
/* Canonical NAME@sha256:… as opposed to NAME:TAG? */
bool image_name_is_digest(const char *name);
/* The stored configuration, parsed; the caller's. */
json_t *image_config(const struct store_image *img, struct err *err);
/* Its config.Labels; borrowed, may be NULL. */
json_t *image_config_labels(const json_t *config);
/* How many containers use each image: counts[i] for images[i] (struct store_image items). */
int image_count_containers(struct engine *e, struct arena *a, const struct json_list *images,
			   int64_t *counts, struct err *err);
/* Does the configuration of the image `ref` fit? */
int image_config_check_platform(struct arena *a, const char *ref, const json_t *config,
				const char *platform, struct err *err);
/* Go's name of the machine: "amd64". */
const char *image_host_architecture(void);
/* "Error parsing reference: …" unless the text is a reference that can be a name; the tag "latest"
 * is added to what has none. */
int image_parse_name(struct arena *a, const char *text, char **ret, struct err *err);
