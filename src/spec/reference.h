// SPDX-License-Identifier: Apache-2.0
/*
 * reference - names of images: [DOMAIN/]PATH[:TAG][@DIGEST], as Docker reads and writes them.
 *
 * Parsing normalises: "busybox" is docker.io/library/busybox. The first component is a domain when
 * it contains a dot, a colon or an upper-case letter, or is "localhost". No tag is added by
 * parsing; reference_default_tag() does that. Source: distribution/reference (grammar and
 * messages).
 *
 *   struct reference ref;
 *   r = reference_parse(a, "busybox:1", &ref, err);
 *   reference_canonical(a, &ref)      "docker.io/library/busybox:1"
 *   reference_familiar(a, &ref)       "busybox:1"
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

#define REFERENCE_NAME_MAX 255
#define REFERENCE_TAG_MAX  128
/* Anything longer is refused before it is looked at. */
#define REFERENCE_TEXT_MAX 1024

struct reference {    /* all in the arena given to reference_parse */
	char *domain; /* docker.io */
	char *path;   /* library/busybox */
	char *tag;    /* NULL: none */
	char *digest; /* sha256:…; NULL: none */
};

/* ERR_INVALID with Docker's words ("invalid reference format", "… must be lowercase", …). A bare id
 * of 64 hex digits is no name, and refused. */
int reference_parse(struct arena *a, const char *s, struct reference *out, struct err *err);
/* Gives it the tag "latest" when it has neither tag nor digest. 0 or -ENOMEM. */
int reference_default_tag(struct arena *a, struct reference *ref);
bool reference_tag_is_valid(const char *tag);

/* All return text in the arena, NULL when out of memory. */
char *reference_canonical(struct arena *a, const struct reference *ref); /* with what it has */
char *reference_familiar(struct arena *a, const struct reference *ref);  /* what users see */
char *reference_name(struct arena *a, const struct reference *ref); /* docker.io/library/busybox */
char *reference_familiar_name(struct arena *a, const struct reference *ref); /* busybox */
/* NAME@DIGEST with another digest and without the tag; canonical or familiar name. */
char *reference_with_digest(struct arena *a, const struct reference *ref, const char *digest,
			    bool familiar);
