// SPDX-License-Identifier: Apache-2.0
/*
 * No program of ours loads code while it runs. SQLite can load extensions, and its dlopen() in a
 * static program makes ld warn: it calls this instead (ld's --wrap). --no-warnings is no way out:
 * it hides undefined references, too, and makes programs that crash at the call.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);

void *__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}
