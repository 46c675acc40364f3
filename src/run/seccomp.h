// SPDX-License-Identifier: Apache-2.0
/*
 * seccomp - loads a program that was compiled before. Needs no_new_privs or CAP_SYS_ADMIN.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* program: struct sock_filter[], len in bytes. */
int seccomp_apply(const void *program, size_t len, struct err *err);
