// SPDX-License-Identifier: Apache-2.0
/*
 * bpf - rules on system call numbers become a seccomp program.
 *
 * Pure: numbers in, instructions out. The program looks the number up in a balanced tree of ranges
 * that share a verdict, so the default policy takes about 170 instructions (libseccomp: 1,300) and
 * nine comparisons. Numbers above the highest one that the rules name get `unknown`: a system call
 * newer than the policy should look missing (ENOSYS), so that a C library takes its older way,
 * instead of forbidden.
 *
 * For one number a rule without arguments beats those with; among equals the first wins. Several
 * arguments of a rule must all hold. Comparisons are unsigned and of 64 bits.
 */
#pragma once

#include <linux/filter.h>

#include "base/err.h"
#include "spec/seccomp.h"

#define BPF_INSNS_MAX 4096 /* BPF_MAXINSNS: what the kernel takes */

struct bpf_rule {
	uint32_t nr;
	uint32_t verdict; /* SECCOMP_RET_… with its data */
	const struct seccomp_arg *args;
	size_t n_args;
};

struct bpf_arch {
	uint32_t token; /* AUDIT_ARCH_…; x32 numbers (bit 30 set) belong to x86-64's */
	const struct bpf_rule *rules;
	size_t n_rules;
};

struct bpf_policy {
	const struct bpf_arch *arches; /* the most frequent first; each token once */
	size_t n_arches;
	uint32_t otherwise; /* numbers without a rule, up to the highest named */
	uint32_t unknown;   /* numbers above it */
	uint32_t foreign;   /* architectures not listed */
};

/* Writes at most BPF_INSNS_MAX instructions. ERR_TOO_LARGE when that is not enough. */
int bpf_build(const struct bpf_policy *p, struct sock_filter *out, size_t *ret_n, struct err *err);
