// SPDX-License-Identifier: Apache-2.0
/*
 * name - names of containers and volumes: [a-zA-Z0-9][a-zA-Z0-9_.-]+, and names made up by us.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define NAME_MAX_LEN 255 /* a name becomes a directory entry or a host name somewhere */

/* A leading slash is not accepted here: callers that allow Docker's "/name" strip it first. */
int name_check_container(const char *s, struct err *err);
int name_check_volume(const char *s, struct err *err);
/* "adjective_surname"; equal numbers give equal names. Retry n > 0 appends a digit, as Docker does,
 * so that a crowded store still finds a free name. NULL: no memory. */
char *name_invent(struct arena *a, uint64_t random, unsigned retry);
