// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-keeper ROOT [RUN_ROOT [CONFIG]]: the store's housekeeping (store/keeper.h); before that, what killed
 * commands left of containers. It says nothing: there is nobody to read it. It makes nothing either: a root
 * that was removed meanwhile stays removed.
 *
 * It deletes what anybody may have left, so it keeps the capabilities for that, from its first lines
 * on: to remove other users' files, also from sticky directories, and to kill what is left of a
 * container. It starts nothing and talks to nobody (sec/keeper-calls.json).
 */
#include <linux/capability.h>

#include "base/fd.h"
#include "engine/system.h"
#include "sec/stage.h"
#include "spec/caps.h"
#include "store/keeper.h"

static void sweep(const char *root, const char *run_root, const char *config)
{
	cleanup(engine_close) struct engine *e = NULL;
	const struct engine_options o = {
		.root = root, .run_root = run_root, .config_path = config, .existing = true};

	if (engine_open(&o, &e, NULL) == 0)
		system_sweep(e);
}

static int privilege_stage_keeping(void)
{
	const uint64_t keep =
		CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_KILL);
	int r = stage_filter(&stage_keeper_calls, true, NULL);

	return r < 0 ? r : stage_keep(keep, NULL);
}

int main(int argc, char **argv)
{
	cleanup(store_close) struct store *s = NULL;
	int lock;

	if (argc < 2 || argc > 4 || fd_guard_stdio() < 0 || privilege_stage_keeping() < 0 ||
	    store_open(argv[1], STORE_READ_ONLY, &s, NULL) < 0)
		return 125;
	lock = keeper_lock(s, false, NULL);
	if (lock < 0)
		return lock == -EWOULDBLOCK ? 0 : 125;
	if (argc > 2)
		sweep(argv[1], argv[2], argc > 3 ? argv[3] : NULL);
	return keeper_run(s, lock, NULL) < 0 ? 125 : 0;
}
