// SPDX-License-Identifier: Apache-2.0
/* hoy-keeper ROOT: see keeper.h. It says nothing: there is nobody to read it. */
#include "base/fd.h"
#include "store/keeper.h"

int main(int argc, char **argv)
{
	cleanup(store_close) struct store *s = NULL;
	int lock;

	if (argc != 2 || fd_guard_stdio() < 0 || store_open(argv[1], STORE_READ_ONLY, &s, NULL) < 0)
		return 125;
	lock = keeper_lock(s, false, NULL);
	if (lock < 0)
		return lock == -EWOULDBLOCK ? 0 : 125;
	return keeper_run(s, lock, NULL) < 0 ? 125 : 0;
}
