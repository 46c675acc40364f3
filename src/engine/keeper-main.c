// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-keeper ROOT [RUN_ROOT [CONFIG]]: the store's housekeeping (store/keeper.h); before that, what killed
 * commands left of containers. It says nothing: there is nobody to read it. It makes nothing either: a root
 * that was removed meanwhile stays removed.
 */
#include "base/fd.h"
#include "engine/system.h"
#include "store/keeper.h"

static void sweep(const char *root, const char *run_root, const char *config)
{
	cleanup(engine_close) struct engine *e = NULL;
	const struct engine_options o = {
		.root = root, .run_root = run_root, .config_path = config, .existing = true};

	if (engine_open(&o, &e, NULL) == 0)
		system_sweep(e);
}

int main(int argc, char **argv)
{
	cleanup(store_close) struct store *s = NULL;
	int lock;

	if (argc < 2 || argc > 4 || fd_guard_stdio() < 0 ||
	    store_open(argv[1], STORE_READ_ONLY, &s, NULL) < 0)
		return 125;
	lock = keeper_lock(s, false, NULL);
	if (lock < 0)
		return lock == -EWOULDBLOCK ? 0 : 125;
	if (argc > 2)
		sweep(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	return keeper_run(s, lock, NULL) < 0 ? 125 : 0;
}
