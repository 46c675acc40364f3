// SPDX-License-Identifier: Apache-2.0
/*
 * default - the default policy: its text, and its program for the usual sets of capabilities.
 *
 * Both come from default-profile.json at build time (embed.c). The text is linked into the worker
 * only, the programs into hoy and the monitor: a default container starts without a worker or a
 * file.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

/* Older kernels than this are not supported, so the default policy never asks for the kernel. */
#define SECCOMP_DEFAULT_KERNEL_MAJOR 5
#define SECCOMP_DEFAULT_KERNEL_MINOR 10

struct seccomp_builtin {
	uint64_t caps; /* the capabilities that the policy looks at, those that are given */
	const struct sock_filter *insns;
	size_t n;
};

/* default-text.c */
extern const char seccomp_default_text[];
extern const size_t seccomp_default_text_len;
/* default-bpf.c */
extern const uint64_t seccomp_default_caps; /* all capabilities that the policy looks at */
extern const struct seccomp_builtin seccomp_builtins[];
extern const size_t seccomp_n_builtins; /* 0 when the build could not run what it built */
