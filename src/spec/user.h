// SPDX-License-Identifier: Apache-2.0
/*
 * user - "name|uid[:name|gid]" looked up in a container's own passwd and group files.
 *
 * The caller reads the two files out of the container's root (they are the container's and hostile;
 * never the host's) and passes their text. Rules as Docker's (moby/sys/user):
 *   - "" is root; else the first entry whose name or uid is the one written;
 *   - a uid without an entry is allowed (gid 0, home "/"); a name without one is an error;
 *   - without a group part: the entry's gid, and the groups that list the user's name;
 *   - with one: that gid and no supplementary groups.
 * Lines that are not well formed are skipped. Numbers above 2147483647 are refused.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define USER_FILE_MAX   ((size_t)8 << 20) /* bytes of a file that are read */
#define USER_GROUPS_MAX 65536             /* the kernel's NGROUPS_MAX */

struct user_files { /* texts, not NUL-terminated; NULL: there is no such file */
	const char *passwd;
	size_t passwd_len;
	const char *group;
	size_t group_len;
};

struct user {
	uint32_t uid, gid;
	uint32_t *groups; /* supplementary */
	size_t n_groups;
	char *name; /* "" when there is no entry */
	char *home; /* "/" when there is no entry */
};

int user_resolve(struct arena *a, const char *spec, const struct user_files *files,
		 struct user *out, struct err *err);
/* --group-add: appends the gids of names or numbers to out's groups. */
int user_add_groups(struct arena *a, char *const *groups, const struct user_files *files,
		    struct user *out, struct err *err);
