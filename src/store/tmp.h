// SPDX-License-Identifier: Apache-2.0
/*
 * tmp - unfinished work: directories in tmp/ that belong to a living maker, or to nobody.
 *
 * The maker holds an flock on the directory itself, so the kernel tells whether it still lives.
 * What nobody holds is garbage: sweep deletes it and the pins made in its name.
 */
#pragma once

#include "base/err.h"
#include "base/id.h"
#include "store/store.h"

#define TMP_NAME_LEN 16

struct tmp_dir {
	char name[TMP_NAME_LEN + 1];
	int fd; /* holds the lock: never pass it to a child, openat(fd, ".") instead */
};
#define TMP_DIR_INIT                                                                               \
	(struct tmp_dir)                                                                           \
	{                                                                                          \
		.fd = -EBADF                                                                       \
	}

int tmp_make(struct store *s, struct tmp_dir *ret, struct err *err);
/* Lets go of it: pins in its name and (a small number of) files go now, whole trees by the keeper.
 */
void tmp_done(struct store *s, struct tmp_dir *t);
/* Moves a directory or file away so that it is dead at once; the keeper deletes it. */
int tmp_bury(struct store *s, int dirfd, const char *name, struct err *err);
/* Deletes what nobody holds. */
int tmp_sweep(struct store *s, struct err *err);
/* Calls fn for each entry that nobody holds. */
int tmp_each_dead(struct store *s,
		  int (*fn)(struct store *s, int tmpfd, const char *name, void *data,
			    struct err *err),
		  void *data, struct err *err);
