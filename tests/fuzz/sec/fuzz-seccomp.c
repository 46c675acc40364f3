// SPDX-License-Identifier: Apache-2.0
/* A profile's text all the way to a program; a program that comes out must end for every call. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "sec/compile.h"
#include "tests/unit/sec/emulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sock_filter insns[BPF_INSNS_MAX];
	struct seccomp_env env = {.caps = 0x40000, .kernel_major = 6, .kernel_minor = 1};
	struct err err = ERR_INIT;
	size_t n = 0;

	if (compile_profile((const char *)data, size, "fuzz", &env, insns, &n, &err) < 0) {
		if (!err.msg[0])
			abort();
		return 0;
	}
	for (uint32_t nr = 0; n > 0 && nr < 500; nr++) {
		struct seccomp_data d = {.nr = (int)nr, .arch = 0xc000003e, .args = {nr, size}};

		if (emulate(insns, n, &d) == EMULATE_BAD)
			abort();
	}
	return 0;
}
