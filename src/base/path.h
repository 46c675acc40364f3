// SPDX-License-Identifier: Apache-2.0
/*
 * path - names below a directory fd, never resolved twice.
 *
 * Everything hostile (a container's root, a layer, a volume) is walked with openat2(2):
 * RESOLVE_IN_ROOT makes absolute links and ".." stop at the directory given, RESOLVE_NO_MAGICLINKS
 * keeps /proc/PID/fd out. The fd that comes back is what is used; the path is not looked up again.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

/* Opens `path` as seen by a process chrooted to dirfd. O_CLOEXEC is added. fd or negative errno. */
int path_open_in_root(int dirfd, const char *path, int flags, mode_t mode);
/* Opens strictly below dirfd with no symbolic link on the way (trusted names of ours). */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/* mkdir -p inside a root: links are followed inside the root only, also those whose target is
 * missing (/var/run -> /run without /run): what they name is made. An O_PATH|O_DIRECTORY fd. */
int path_mkdir_in_root(int dirfd, const char *path, mode_t mode, struct err *err);
/* The same for an empty file and its parents; what is there is left as it is. O_PATH fd. */
int path_touch_in_root(int dirfd, const char *path, mode_t mode, struct err *err);
/* mkdir -p of a host path that we own; 0 or negative errno. */
int path_mkdir_p(const char *path, mode_t mode, struct err *err);
/* Opens (making it when missing) the directory `name` directly in dirfd. */
int path_open_dir(int dirfd, const char *name, mode_t mode, struct err *err);
/* Removes a tree without following links or crossing into what is not below it. Missing is fine. */
int path_remove_tree(int dirfd, const char *name, struct err *err);
/* Lexical clean-up as Go's path.Clean: "a//b/../c/." becomes "a/c"; "" becomes ".". */
char *path_clean(struct arena *a, const char *path);
/* dir + "/" + name, cleaned; an absolute name wins. */
char *path_join(struct arena *a, const char *dir, const char *name);
/* What follows `top` in `path`, both clean: "" when they are the same, "/…" when it is below it, else NULL. A
 * name that begins alike ("/a/box2" and "/a/box") is not below. */
const char *path_after(const char *path, const char *top);
/* One component that is safe to create: not empty, ".", "..", no slash, at most 255 bytes. */
bool path_is_component(const char *name);
