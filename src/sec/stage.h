// SPDX-License-Identifier: Apache-2.0
/*
 * stage - what a process of ours gives up once it needs it no more.
 *
 * A stage is a point in the life of a process after which some of its rights have no use; who calls
 * gives it a name (monitor/privilege.c, engine/keeper-main.c). SECURITY.md lists them. Nothing
 * given up by stage_keep comes back, not by exec either: the bounding set goes with it.
 *
 *   stage_keep(CAPS_BIT(CAP_KILL) | …, err);      at the stage
 *   stage_hold(0);                                 what is kept is not even in force …
 *   stage_hold(stage_kept()); …; stage_hold(0);    … but in the sections that need it
 *   stage_filter(&stage_keeper_calls, true, err);  last: it may forbid the others
 *
 * Filters are profiles beside this file, compiled at build time: default allow, and the calls that
 * are refused (EPERM), on every architecture that the kernel runs.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct stage_calls {
	const struct sock_filter *insns;
	size_t n;
};
/* Of a monitor, and of all that it executes in a container: nothing that the default policy allows
 * without special capabilities is refused. */
extern const struct stage_calls stage_monitor_calls;
/* Of hoy-keeper: starts nothing, talks to nobody. */
extern const struct stage_calls stage_keeper_calls;

/* Bounding and permitted sets become what they were and `keep` has (bit N: capability N), effective
 * as well; inheritable and ambient become empty. Without CAP_SETPCAP the bounding set stays. */
int stage_keep(uint64_t keep, struct err *err);
/* The effective set, of those that are permitted. */
void stage_hold(uint64_t effective);
/* What is permitted: 0 when it cannot be told. */
uint64_t stage_kept(void);
/* With no_new_privs or CAP_SYS_ADMIN in force. */
int stage_filter(const struct stage_calls *calls, bool no_new_privs, struct err *err);
