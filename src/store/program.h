// SPDX-License-Identifier: Apache-2.0
/*
 * program - where our own worker programs are. Private to store/.
 */
#pragma once

#include <limits.h>
#include <stddef.h>

#include "base/err.h"

/* $HOY_LIBEXECDIR/NAME, else the installed place. An absolute path, never looked up in PATH. */
int program_path(const char *name, char *out, size_t size, struct err *err);
