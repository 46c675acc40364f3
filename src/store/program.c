// SPDX-License-Identifier: Apache-2.0
#include "store/program.h"

#include <stdio.h>
#include <stdlib.h>

int program_path(const char *name, char *out, size_t size, struct err *err)
{
	/* secure_getenv: a program with more rights than its caller takes no path from it. */
	const char *dir = secure_getenv("HOY_LIBEXECDIR");

	if (!dir || dir[0] != '/')
		dir = HOY_LIBEXECDIR;
	if (snprintf(out, size, "%s/%s", dir, name) >= (int)size)
		return err_sys(err, ENAMETOOLONG, "%s/%s", dir, name);
	return 0;
}
