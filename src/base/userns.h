// SPDX-License-Identifier: Apache-2.0
/*
 * userns - the user namespace that we are in, and who else lives in one.
 *
 * A map says which ids of the namespace stand for which ids outside. Root of the host has the
 * whole range; a normal user's namespace has the user as 0 and the ranges of /etc/subuid after
 * that; one without ranges has the one id.
 *
 * The roster is a file of a run folder (0700, the owner's), one line "PID START" for each process
 * of ours that entered the user namespace which all processes of that run folder share. START is
 * the process's start time, so that a number used again is not taken for it. Whoever is
 * going to enter holds the file's lock while he looks and adds himself, and so nobody makes a
 * second namespace meanwhile. Lines of the dead are dropped now and then; a torn or lost line
 * costs no more than that.
 *
 * user_namespaces(7).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define USERNS_RANGES_MAX 64
#define USERNS_ROSTER     "userns"

struct userns_range {
	uint32_t inside, outside, count;
};
struct userns_map {
	struct userns_range range[USERNS_RANGES_MAX];
	size_t n;
};

/* True in the namespace of the host: every id stands for itself. */
bool userns_is_initial(void);
/* "/proc/PID/uid_map" or gid_map; -E2BIG: more ranges than we look at. */
int userns_map_read(const char *path, struct userns_map *ret, struct err *err);
/* Has the id `inside` a meaning outside? */
bool userns_map_has(const struct userns_map *m, uint32_t inside);
/* Is everything that `part` says also said by `m`? */
bool userns_map_covers(const struct userns_map *m, const struct userns_map *part);
/* Lines "INSIDE OUTSIDE COUNT", as the kernel wants and prints them. */
void userns_map_print(const struct userns_map *m, struct buf *b);
int userns_map_parse(const char *text, struct userns_map *ret);

/* Opens (making it when missing) and locks the roster of a run folder: the fd is the lock. */
int roster_open(int run_root_fd, struct err *err);
/* Adds a process. A roster that is not there (root has none) is no error. */
int roster_add_to(int run_root_fd, pid_t pid, struct err *err);
int roster_add(int roster_fd, pid_t pid, struct err *err);
/* Calls fn for each living process until it returns other than 0, which is returned: 0 at the end.
 * The pidfd is fn's to close. */
int roster_each(int roster_fd, int (*fn)(int pidfd, pid_t pid, void *data), void *data,
		struct err *err);
