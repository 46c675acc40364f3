// SPDX-License-Identifier: Apache-2.0
/*
 * copy-private - what copy.c, copy-host.c and commit.c share.
 */
#pragma once

#include "engine/copy-path.h"
#include "engine/copy-root.h"
#include "engine/copy.h"

/* "Could not find the file PATH in container KEY" */
int copy_not_found(const char *key, const char *path, struct err *err);
/* copy_stat() in a root that is open already. */
int copy_stat_at(const struct copy_root *root, struct arena *a, const char *key, const char *path,
		 struct copy_stat *ret, struct err *err);
/* What `path` means as a source. */
int copy_source(const struct copy_root *root, struct arena *a, const char *key, const char *path,
		bool follow_link, struct copy_info *ret, struct err *err);
/* The same for the worker. */
int copy_pack_path(const struct copy_root *root, struct arena *a, const struct copy_info *src,
		   const char **ret, struct err *err);
/* The directory to unpack in: there, a directory, writable. An O_PATH fd. */
int copy_open_target(const struct copy_root *root, const char *key, const char *path,
		     struct err *err);
