// SPDX-License-Identifier: Apache-2.0
/*
 * worker - what seccomp.c and the hoy-seccomp program say to each other.
 *
 * Request, on fd 0: a seccomp_request, then the profile's text up to the end of file. Answer, on fd
 * 1: one byte. 'B': the program (struct sock_filter[], possibly none) follows. 'E': one byte of
 * enum err_kind and the message follow. Exit code 0 in both cases. Both sides come from one build.
 */
#pragma once

#include <stdint.h>

#define SECCOMP_REQUEST_MAGIC UINT32_C(0x31534f48) /* "HOS1" */
#define SECCOMP_WORKER        "hoy-seccomp"

struct seccomp_request {
	uint32_t magic;
	uint32_t builtin; /* 1: the default policy, no text follows */
	uint64_t caps;
	uint32_t kernel_major, kernel_minor;
};
