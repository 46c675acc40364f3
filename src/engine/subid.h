// SPDX-License-Identifier: Apache-2.0
/*
 * subid - which further ids a normal user may use: /etc/subuid and /etc/subgid, subuid(5).
 *
 * Lines NAME:FIRST:COUNT or UID:FIRST:COUNT. The name is looked for in /etc/passwd, and in USER
 * when that has none (users of a directory service). Only a guess at what newuidmap(1) will allow:
 * it reads the files itself, and decides.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/userns.h"

#define SUBID_UID_FILE "/etc/subuid"
#define SUBID_GID_FILE "/etc/subgid"

/* The user's name, or NULL; *ret_home (may be NULL: not asked): the home folder, or NULL. */
char *subid_user(struct arena *a, uid_t uid, char **ret_home);
/* `own` as 0, then the ranges that `file` has for the user, one after the other: with none, n is 1.
 * A file that is not there has none. */
int subid_map(const char *file, const char *name, uid_t uid, uint32_t own, struct userns_map *ret,
	      struct err *err);
