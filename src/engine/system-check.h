// SPDX-License-Identifier: Apache-2.0
/*
 * system-check - what the files system-check*.c share.
 *
 * Each check_*() looks at one kind of thing, reports what is wrong and, when asked, mends it. A thing that
 * a live command is just making or taking away is not wrong: who makes or removes a container holds
 * the lock of its directory, who makes a volume holds volume_hold(); what has no lock gets a moment of
 * grace before it counts. All of it may run beside anything else, and twice.
 */
#pragma once

#include "engine/container-private.h"
#include "engine/system.h"

struct check {
	struct engine *engine;
	bool repair;
	bool sweep; /* only what has no row, or waits for nothing but its removal */
	void (*found)(const char *problem, bool repaired, void *data);
	void *data;
	int left;
};

/* mended: 0 or the failure of the mending, which only counts with repair. */
void check_report(struct check *c, int mended, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Sleeps a little between two looks at the same thing; false when the grace is over. *turn starts at 0. */
bool check_grace(int *turn);
/* Has a container row of exactly this id? */
bool check_has_row(struct check *c, const char *id);

int check_containers(struct check *c, struct err *err); /* rows and directories */
int check_run_folders(struct check *c,
		      struct err *err); /* run/ID, and monitors without a container */
int check_volumes(struct check *c, struct err *err);
int check_cgroups(struct check *c, struct err *err);
int check_mounts(struct check *c, struct err *err);
