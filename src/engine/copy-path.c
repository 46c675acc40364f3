// SPDX-License-Identifier: Apache-2.0
#include "engine/copy-path.h"

#include <string.h>

#include "base/path.h"
#include "base/str.h"

bool copy_path_is_current(const char *path)
{
	return str_eq(path, ".") || str_ends(path, "/.");
}

bool copy_path_ends_slash(const char *path)
{
	return str_ends(path, "/");
}

/* Gives the clean path the trailing "/." or "/" that the original had. */
static char *keep_trailing(struct arena *a, const char *clean, const char *original)
{
	if (!clean)
		return NULL;
	if (!copy_path_is_current(clean) && copy_path_is_current(original))
		return arena_printf(a, "%s%s.", clean, copy_path_ends_slash(clean) ? "" : "/");
	if (!copy_path_ends_slash(clean) && copy_path_ends_slash(original))
		return arena_printf(a, "%s/", clean);
	return arena_strdup(a, clean);
}

char *copy_path_in_container(struct arena *a, const char *path)
{
	char *rooted = arena_printf(a, "/%s", path);

	/* A leading slash first, so that ".." cannot climb out of the clean form. */
	return rooted ? keep_trailing(a, path_clean(a, rooted), path) : NULL;
}

char *copy_path_on_host(struct arena *a, const char *cwd, const char *path)
{
	return keep_trailing(a, path_join(a, cwd, path), path);
}

int copy_path_split(struct arena *a, const char *path, char **dir, char **base)
{
	char *clean = path_clean(a, path), *slash;

	if (!clean)
		return -ENOMEM;
	if (copy_path_is_current(path)) {
		*dir = clean;
		*base = arena_strdup(a, ".");
		return *base ? 0 : -ENOMEM;
	}
	slash = strrchr(clean, '/');
	if (slash && !slash[1]) { /* "/" alone */
		*dir = *base = clean;
		return 0;
	}
	*base = slash ? slash + 1 : clean;
	if (!slash)
		*dir = arena_strdup(a, ".");
	else if (slash == clean)
		*dir = arena_strdup(a, "/");
	else
		*dir = arena_strndup(a, clean, (size_t)(slash - clean));
	return *dir ? 0 : -ENOMEM;
}

char *copy_path_base(struct arena *a, const char *path)
{
	size_t end = strlen(path), start;

	if (end == 0)
		return arena_strdup(a, ".");
	while (end > 1 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	return start == end ? arena_strdup(a, "/") : arena_strndup(a, path + start, end - start);
}

int copy_path_rebase(struct arena *a, const char *path, char **resolved, char **rebase)
{
	char *asked = copy_path_base(a, path), *got;

	*resolved = keep_trailing(a, *resolved, path);
	got = *resolved ? copy_path_base(a, *resolved) : NULL;
	if (!asked || !got)
		return -ENOMEM;
	*rebase = str_eq(asked, got) ? NULL : asked;
	return 0;
}

int copy_plan(struct arena *a, const struct copy_info *src, const struct copy_info *dst,
	      struct copy_plan *ret, struct err *err)
{
	char *dst_dir, *dst_base, *src_dir, *src_base;

	if (copy_path_split(a, dst->path, &dst_dir, &dst_base) < 0 ||
	    copy_path_split(a, src->path, &src_dir, &src_base) < 0)
		return err_oom(err);
	if (src->rebase)
		src_base = src->rebase;
	if (dst->exists && dst->is_dir) {
		*ret = (struct copy_plan){.dir = dst->path, .name = src_base};
		return 0;
	}
	if (dst->exists && src->is_dir)
		return err_set(err, ERR_INVALID, "cannot copy directory");
	/* A directory that does not exist yet takes the source's place; a file does, unless a
	 * directory was plainly meant. */
	if (!dst->exists && !src->is_dir &&
	    (copy_path_ends_slash(dst->path) || copy_path_is_current(dst->path)))
		return err_set(err, ERR_INVALID, "no such directory");
	*ret = (struct copy_plan){.dir = dst_dir, .name = dst_base};
	return 0;
}
