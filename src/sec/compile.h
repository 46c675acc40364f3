// SPDX-License-Identifier: Apache-2.0
/*
 * compile - a profile's text becomes a program: names looked up for every architecture.
 *
 * Linked only into the worker, the build's embedding tool and the tests: it needs libseccomp (whose
 * tables of system calls it uses; the program itself is built by sec/bpf.h).
 *
 * Names that nobody knows are passed over, as runc does: a profile may be newer than we are.
 */
#pragma once

#include "sec/bpf.h"

/* How Docker names the architecture that this was built for: "amd64". */
extern const char *const compile_native_arch;

/* `text` and `what` as in seccomp_profile_decode; env->arch NULL means the native one. *ret_n 0:
 * the empty profile, which means no filter. */
int compile_profile(const char *text, size_t len, const char *what, const struct seccomp_env *env,
		    struct sock_filter out[BPF_INSNS_MAX], size_t *ret_n, struct err *err);
int compile_filter(const struct seccomp_filter *f, const char *what,
		   struct sock_filter out[BPF_INSNS_MAX], size_t *ret_n, struct err *err);
