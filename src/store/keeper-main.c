// SPDX-License-Identifier: Apache-2.0
/* hoy-keeper ROOT: see keeper.h. It says nothing: there is nobody to read it. */
#include <unistd.h>

#include "base/fd.h"
#include "store/keeper.h"

int main(int argc, char **argv)
{
	cleanup(store_close) struct store *s = NULL;
	pid_t pid;

	if (argc != 2 || fd_guard_stdio() < 0)
		return 125;
	pid = fork();
	if (pid != 0)
		return pid < 0 ? 125 : 0;
	if (store_open(argv[1], STORE_READ_ONLY, &s, NULL) < 0)
		return 125;
	return keeper_run(s, NULL) < 0 ? 125 : 0;
}
