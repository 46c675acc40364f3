// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/macros.h"

static bool only_digits(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] > '9')
			return false;
	return true;
}

void id_random(char *out, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t raw[ID_LEN];

	len = MIN_OF(len, sizeof(raw));
	do {
		/* 64 bytes are never cut short by a signal; a kernel without getrandom is not ours.
		 */
		if (getrandom(raw, len, 0) != (ssize_t)len)
			abort();
		for (size_t i = 0; i < len; i++)
			out[i] = hex[raw[i] & 15];
		out[len] = '\0';
	} while (only_digits(out, MIN_OF(len, (size_t)ID_SHORT)));
}
