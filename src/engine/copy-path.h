// SPDX-License-Identifier: Apache-2.0
/*
 * copy-path - docker cp's arithmetic of paths: what "SRC/." and "DEST/" mean.
 *
 * Text only, nothing is looked up. A trailing "/" or "/." survives cleaning, because it changes
 * what is meant: "dir/." is the contents of dir, "link/" is what the link points to, "new/" must be
 * a directory. Source: moby archive/copy.go.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* One side of a copy, as moby's CopyInfo. */
struct copy_info {
	char *path;
	bool exists, is_dir;
	char *rebase; /* the name asked for, when following a link changed the last component; or
			 NULL */
};

/* What the archive must look like and where it is unpacked. */
struct copy_plan {
	char *dir;  /* unpack here */
	char *name; /* the top entry's name; "." : its contents go right into dir */
};

bool copy_path_is_current(const char *path); /* its last component is "." */
bool copy_path_ends_slash(const char *path);
/* Absolute in a container (relative ones start at "/"), cleaned, the trailing "/" or "/." kept. */
char *copy_path_in_container(struct arena *a, const char *path);
/* The same for a path of the host: relative ones start at `cwd`. */
char *copy_path_on_host(struct arena *a, const char *cwd, const char *path);
/* Directory and last component: "/a/b" -> "/a", "b"; "/a/b/." -> "/a/b", "."; "/" -> "/", "/". */
int copy_path_split(struct arena *a, const char *path, char **dir, char **base);
/* Go's filepath.Base. */
char *copy_path_base(struct arena *a, const char *path);
/* After `path` was found to mean `resolved`: gives that the trailing part of `path`, and the name
 * to use for it when the last components differ. */
int copy_path_rebase(struct arena *a, const char *path, char **resolved, char **rebase);
/* Errors: "cannot copy directory", "no such directory". */
int copy_plan(struct arena *a, const struct copy_info *src, const struct copy_info *dst,
	      struct copy_plan *ret, struct err *err);
