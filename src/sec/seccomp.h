// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp - a policy becomes a BPF program, once.
 *
 * The default policy's programs for the usual capabilities are part of the binary ("builtin-CAPS").
 * Any other policy is compiled by the hoy-seccomp worker (2-4 ms) and kept in
 * cache/seccomp/HASH.bpf, where HASH is the SHA-256 of everything that decides the result: the
 * profile's text, the capabilities, the kernel's version, the architecture and our version. A
 * cryptographic hash, because a profile that collides with another's name would be a container
 * without its policy. A cache file is used only when it is ours (owner, mode) and whole (its header
 * holds length and SHA-256); one that is not gets made again.
 *
 *   r = seccomp_prepare(cache_fd, &policy, name, sizeof(name), err);      the engine; name is
 * stored r = seccomp_load(cache_fd, name, &insns, &len, err);                  the monitor
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SECCOMP_NAME_MAX 128
#define SECCOMP_BUILTIN  "builtin-" /* how the names of the default policy's own programs begin */

struct seccomp_policy {
	const char *profile; /* JSON text of Docker's profile format; NULL: the default policy */
	size_t profile_len;
	uint64_t caps; /* the bounding set of the process, bit N = capability N */
};

/* The name of the program in cache_dirfd, written to `name` (at least SECCOMP_NAME_MAX bytes).
 * Compiles it when it is missing. A wrong profile is ERR_INVALID, its message "seccomp profile:
 * PATH: WHY". cache_dirfd may be -EBADF when the policy is the default one and its program is built
 * in. */
int seccomp_prepare(int cache_dirfd, const struct seccomp_policy *p, char *name, size_t size,
		    struct err *err);
/* Reads a prepared program: struct sock_filter[], malloc'd, the caller's. NULL and length 0: a
 * policy that filters nothing (Docker reads the profile "{}" so). */
int seccomp_load(int dirfd, const char *name, void **ret, size_t *ret_len, struct err *err);
