// SPDX-License-Identifier: Apache-2.0
/*
 * rootless - a normal user's hoy: where its things are, and the user namespace in which it is root.
 *
 * A process whose user is not root calls rootless_enter() once, first, while it has one thread. It
 * then is uid 0 in a user namespace (the user outside), in a mount namespace of its own, and
 * everything else here works as for root. All processes of one run folder share one user namespace,
 * because only there one's capabilities are good for another one's containers: cp, --network
 * container:X. Nobody is kept alive for it: it exists as long as a monitor (or a command) does, the
 * roster (base/userns.h) tells which, and with the last one its reason to exist ends. Files
 * belong to ids of the host, so the next namespace sees the same owners as long as it has the same
 * map; the store remembers its map, and another one is refused.
 *
 * Ids come from /etc/subuid and /etc/subgid by newuidmap(1) and newgidmap(1). Without them there is
 * the user's own id alone: containers work as far as they are root and nothing else.
 *
 *   struct engine_options o = {…};
 *   if (rootless_wanted())
 *           r = rootless_enter(arena, &o, &note, err);     fills in the folders that are not given
 *   r = engine_open(&o, …)
 *
 * user_namespaces(7), newuidmap(1); XDG base directory specification.
 */
#pragma once

#include "base/userns.h"
#include "engine/engine.h"

/* The caller is not root. */
bool rootless_wanted(void);
/* Fills what `o` and the environment leave open: $XDG_DATA_HOME/hoy, $XDG_RUNTIME_DIR/hoy (or
 * /run/user/UID/hoy, or /tmp/hoy-UID), $XDG_CONFIG_HOME/hoy/config.json where that exists. */
int rootless_folders(struct arena *a, struct engine_options *o, struct err *err);
/* *note: something that the user should know, or NULL. */
int rootless_enter(struct arena *a, struct engine_options *o, char **note, struct err *err);

/* ---- rootless-map.c: making one ---- */

struct rootless_maps {
	struct userns_map uids, gids;
	bool ranges; /* more than the user's own id */
};
/* What the files say, and whether the two helpers are there. *why: why there are no ranges. */
int rootless_maps_want(struct arena *a, struct rootless_maps *ret, char **why, struct err *err);
/* The absolute path of newuidmap or newgidmap, set-uid root or with the capability; or NULL. */
const char *rootless_helper(const char *name);
/* A new user namespace with these maps; the caller is in it afterwards. */
int rootless_make(const struct rootless_maps *maps, struct err *err);
