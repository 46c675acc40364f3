// SPDX-License-Identifier: Apache-2.0
/*
 * Masked and read-only paths.
 *
 * A masked file gets the null device over it, a masked directory an empty read-only tmpfs: one for
 * all, its clones cost a third of a new one. The null device is the host's, verified to be char 1:3
 * when it was opened, before anything of the image was reachable: an image that swaps its own
 * /dev/null (CVE-2025-31133) changes nothing here.
 */
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/path.h"
#include "run/child.h"
#include "run/mountfd.h"

static int empty_dir(int *tmpfs, struct err *err)
{
	char *data[] = {(char *)"size=0", (char *)"nr_inodes=1", (char *)"mode=755", NULL};

	if (*tmpfs >= 0)
		return mountfd_clone(*tmpfs, "", false, err);
	return mountfd_new(
		"tmpfs", "tmpfs", data,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

static int mask_one(struct child *c, const char *path, int *tmpfs, struct err *err)
{
	cleanup_fd int target = path_open_in_root(c->root, path, O_PATH, 0), cover = -EBADF;
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0 || fstat(target, &st) < 0)
		return err_sys(err, target < 0 ? target : errno, "mask %s", path);
	if (!S_ISDIR(st.st_mode)) {
		cover = mountfd_clone(c->null_host, "", false, err);
		return cover < 0 ? cover : mountfd_attach(cover, target, path, err);
	}
	cover = empty_dir(tmpfs, err);
	if (cover < 0)
		return cover;
	r = mountfd_attach(cover, target, path, err);
	if (*tmpfs < 0)
		*tmpfs = TAKE_FD(cover);
	return r;
}

static int read_only_one(struct child *c, const char *path, struct err *err)
{
	cleanup_fd int target = path_open_in_root(c->root, path, O_PATH, 0), clone = -EBADF;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0)
		return err_sys(err, target, "make %s read-only", path);
	clone = mountfd_clone(target, "", true, err);
	if (clone < 0)
		return clone;
	r = mountfd_setattr(clone, MOUNT_ATTR_RDONLY, 0, true, err);
	return r < 0 ? r : mountfd_attach(clone, target, path, err);
}

int mask_all(struct child *c, struct err *err)
{
	const struct oci_linux *l = c->spec->linux;
	cleanup_fd int tmpfs = -EBADF;
	int r = 0;

	for (char **p = l->readonly_paths; r == 0 && p && *p; p++)
		r = read_only_one(c, *p, err);
	for (char **p = l->masked_paths; r == 0 && p && *p; p++)
		r = mask_one(c, *p, &tmpfs, err);
	return r;
}
