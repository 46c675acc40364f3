// SPDX-License-Identifier: Apache-2.0
/*
 * macros - ownership you can see in a declaration.
 *
 *   cleanup_free char *name = NULL;        freed when it goes out of scope
 *   cleanup_fd int fd = -EBADF;            closed when it goes out of scope; "no fd" is -EBADF
 *   return TAKE_PTR(name);                 ownership moves to the caller
 *   ret_fd = TAKE_FD(fd);
 *
 * A type T of ours gets its own cleanup by DEFINE_CLEANUP(T *, T_free), used as cleanup(T_free).
 * Destructors take NULL and half-built objects.
 */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define MUST_CHECK                      __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args)          __attribute__((format(printf, fmt, args)))
#define UNUSED                          __attribute__((unused))
#define NORETURN                        __attribute__((noreturn))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))

#define TAKE(var, nothing)                                                                         \
	({                                                                                         \
		__auto_type take_ptr_ = &(var);                                                    \
		__auto_type take_val_ = *take_ptr_;                                                \
		*take_ptr_ = (nothing);                                                            \
		take_val_;                                                                         \
	})
#define TAKE_PTR(ptr) TAKE(ptr, NULL)
#define TAKE_FD(fd)   TAKE(fd, -EBADF)

#define cleanup(fn) __attribute__((__cleanup__(fn##_cleanup)))

/* DEFINE_CLEANUP(struct arena *, arena_free): makes cleanup(arena_free) usable. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void UNUSED fn##_cleanup(type *p)                                            \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}
/* The same for objects held by value whose destructor takes their address. */
#define DEFINE_CLEANUP_VALUE(type, fn)                                                             \
	static inline void UNUSED fn##_cleanup(type *p)                                            \
	{                                                                                          \
		fn(p);                                                                             \
	}

static inline void free_cleanup(void *p)
{
	int saved = errno;

	free(*(void **)p);
	errno = saved;
}
#define cleanup_free __attribute__((__cleanup__(free_cleanup)))

/* Closes and says nothing: for fds whose close cannot lose data, or on a path that failed already.
 */
static inline void fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

static inline void fd_cleanup(const int *fd)
{
	fd_close(*fd);
}
#define cleanup_fd __attribute__((__cleanup__(fd_cleanup)))
