// SPDX-License-Identifier: Apache-2.0
/*
 * arena - memory that lives as long as one request.
 *
 * A decoded document, a command line, a container's configuration: many small allocations with one
 * owner and one end. All is freed by arena_free(); nothing inside is freed alone. Each arena has a
 * ceiling, given at birth: a hostile document fails with NULL instead of taking the host's memory.
 *
 *   cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
 *   char *s = arena_printf(a, "%s/%s", dir, name);
 *   if (!s)
 *           return err_oom(err);
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "base/macros.h"

#define ARENA_DEFAULT_MAX ((size_t)64 << 20)

struct arena;

struct arena *arena_new(size_t max_bytes);
void arena_free(struct arena *a);
DEFINE_CLEANUP(struct arena *, arena_free)

/* Zeroed memory aligned for any type, or NULL. A size of 0 yields a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* n * size, overflow checked. */
void *arena_calloc(struct arena *a, size_t n, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
/* Calls fn(ptr) when the arena is freed (latest first): for what malloc does not own. 0 or -ENOMEM;
 * on failure fn(ptr) has been called at once, so that nothing leaks. */
int arena_defer(struct arena *a, void (*fn)(void *), void *ptr);
