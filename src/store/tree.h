// SPDX-License-Identifier: Apache-2.0
/*
 * tree - tar streams of a directory tree, by the confined archive worker.
 *
 * For export, cp and the API's archive routes: the worker gets the root as a directory fd, pivots
 * into it, and never sees the host. Symbolic links inside resolve inside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct store;

struct tree_pack {
	int root_fd;              /* O_PATH directory */
	const char *path;         /* what to pack, as seen in the root; "/" for all of it */
	const char *rename;       /* the name of the top entry in the archive; NULL: its own */
	bool contents_only;       /* the children of `path`, not the directory itself */
	bool follow_link;         /* follow `path` when it is a symbolic link (cp -L) */
	bool numeric_owner_reset; /* owner 0:0 for every entry */
	/* Not 0: a user namespace's view is packed; its ids 0 to n_ids - 1 are these outside. */
	uint32_t n_ids, first_uid, first_gid;
	bool one_filesystem; /* leave out what is mounted below: export of a live root */
};
int tree_pack(struct store *s, const struct tree_pack *p, int out_fd, struct err *err);

struct tree_unpack {
	int root_fd;
	const char *path; /* an existing directory in the root */
	bool keep_owner;  /* uid and gid as archived (cp -a); else `uid:gid` below */
	uint32_t uid, gid;
	bool no_overwrite_dir_nondir; /* refuse to replace a directory by a file and the reverse */
};
int tree_unpack(struct store *s, const struct tree_unpack *u, int in_fd, struct err *err);
