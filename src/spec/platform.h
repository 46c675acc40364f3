// SPDX-License-Identifier: Apache-2.0
/*
 * platform - OS/ARCHITECTURE[/VARIANT], normalised as containerd does: x86_64 is amd64, aarch64 is
 * arm64, armhf is arm/v7, and the variant that everybody has (amd64/v1, arm64/v8) is left out.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct platform { /* strings never NULL; "" when there is none */
	const char *os, *architecture, *variant;
};

/* The platform that this program was compiled for. */
struct platform platform_host(void);
/* "linux/arm64/v8", "arm64" or "linux": what is missing is the host's. */
int platform_parse(struct arena *a, const char *s, struct platform *out, struct err *err);
/* From the members of a document, any of which may be NULL. Strings are used, not copied. */
struct platform platform_normalise(const char *os, const char *architecture, const char *variant);
/* "linux/arm/v7"; NULL: no memory. */
char *platform_format(struct arena *a, const struct platform *p);
bool platform_equal(const struct platform *a, const struct platform *b);
/* Can an image for `image` run where `want` is asked for? 0: no; the higher the better: an equal
 * variant beats a lower one (arm/v6 on arm/v7, amd64 on amd64/v3). */
int platform_match(const struct platform *want, const struct platform *image);
