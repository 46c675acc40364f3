// SPDX-License-Identifier: Apache-2.0
/*
 * envfile - the lines of --env-file and --label-file, and one -e argument, by Docker's rules.
 *
 * KEY=VALUE as it stands: no quotes are stripped, no variables expanded, nothing is trimmed behind
 * the key. Lines that begin with # and blank ones are skipped. A bare KEY takes its value from the
 * environment given, and is dropped when it has none there. Text is UTF-8, maybe with a BOM.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define ENVFILE_MAX ((size_t)4 << 20) /* bytes of a file */

/* The assignments, in order. `name` is for messages. environment NULL (labels): a bare KEY is
 * dropped, as Docker does. */
int envfile_parse(struct arena *a, const char *name, const char *text, size_t len,
		  char *const *environment, char ***ret, struct err *err);
/* -e KEY=VALUE, or -e KEY: with the environment's value. A KEY that is not there stays bare, which
 * means: take it out of what the image sets. */
int envfile_argument(struct arena *a, const char *s, char *const *environment, char **ret,
		     struct err *err);
