// SPDX-License-Identifier: Apache-2.0
/*
 * recover - a monitor was killed, or the host was: put the record straight.
 *
 * A state that claims a process while nobody holds run/ID/lock is a lie. Whoever notices takes the
 * lock (so that it happens once), kills what is left, removes the cgroup and records exit code 137.
 * An auto-removed container goes away altogether.
 */
#pragma once

#include "engine/container-private.h"

/* *state: what was read on entry, what is true on return. Where somebody else holds the lock by now,
 * the state is only read again. -ENOENT (No such container) when the container was auto-removed. */
int recover_container(struct engine *e, struct arena *a, const char *id,
		      struct container_state *state, struct err *err);

/* Kills what is left in the cgroup of a container whose monitor is gone, and removes it. */
void recover_cgroup(struct engine *e, struct arena *a, const char *id);
