// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp - a policy becomes a BPF program, once.
 *
 * Building and compiling 360 rules costs milliseconds, so the program is compiled by the hoy-seccomp
 * worker and kept in cache/seccomp/HASH.bpf, where HASH covers the profile's text, the capabilities
 * that its conditions look at, the architecture and our version. A cache file is used only when it is
 * ours (owner, mode) and whole (its header holds length and SHA-256).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct seccomp_policy {
	const char *profile;  /* JSON text of Docker's profile format; NULL: the default policy */
	size_t profile_len;
	uint64_t caps;        /* the bounding set of the process, bit N = capability N */
};

/* The path of the BPF file, relative to cache_dirfd, written to `name` (at least 128 bytes). Compiles
 * it when it is missing. */
int seccomp_prepare(int cache_dirfd, const struct seccomp_policy *p, char *name, size_t size,
		    struct err *err);
/* Reads a prepared program: struct sock_filter[], malloc'd, the caller's. */
int seccomp_load(int dirfd, const char *name, void **ret, size_t *ret_len, struct err *err);
