// SPDX-License-Identifier: Apache-2.0
/*
 * Who the process is, by the passwd and group files of the image.
 *
 * A container that does not run has no mounted root; its layers are asked from the top down instead,
 * which costs two opens a layer and no mount. The files are the image's: opened below the layer's
 * directory only, regular files only, bounded; and no name service of the host is ever asked.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"

static int open_regular(int dirfd, const char *path)
{
	cleanup_fd int fd = path_open_in_root(dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	return TAKE_FD(fd);
}

/* An empty buffer when the root has no such file. */
static int read_accounts(char *const *layers, int root_fd, const char *path, struct buf *b,
			 struct err *err)
{
	cleanup_fd int fd = -EBADF;

	if (root_fd >= 0)
		fd = open_regular(root_fd, path);
	for (; root_fd < 0 && layers && *layers; layers++) {
		cleanup_fd int dir = open(*layers, O_PATH | O_DIRECTORY | O_CLOEXEC);

		fd = dir < 0 ? -errno : open_regular(dir, path);
		if (fd != -ENOENT &&
		    fd != -ENOTDIR) /* a whiteout is a device: hidden from here down */
			break;
	}
	return fd < 0 ? 0 : fd_read_all(fd, b, path, err);
}

int bundle_user_lookup(struct arena *a, const char *user, char *const *group_add,
		       char *const *layers, int root_fd, struct user *out, struct err *err)
{
	cleanup(buf_done) struct buf passwd = BUF_INIT(USER_FILE_MAX),
				     group = BUF_INIT(USER_FILE_MAX);
	struct user_files files;
	int r = read_accounts(layers, root_fd, "etc/passwd", &passwd, err);

	if (r == 0)
		r = read_accounts(layers, root_fd, "etc/group", &group, err);
	if (r < 0)
		return r;
	files = (struct user_files){passwd.data, passwd.len, group.data, group.len};
	r = user_resolve(a, user ?: "", &files, out, err);
	return r < 0 ? r : user_add_groups(a, group_add, &files, out, err);
}

/* The primary group is one of the supplementary ones, too: a process that gives up its gid must not
 * escape what is denied to the group (CVE-2022-36109). */
int bundle_user_set(struct arena *a, const struct user *u, struct oci_user *out)
{
	int64_t *g = json_list_add(a, &out->additional_gids, sizeof(*g));

	if (!g)
		return -ENOMEM;
	*g = u->gid;
	out->uid = u->uid;
	out->gid = u->gid;
	for (size_t i = 0; i < u->n_groups; i++) {
		if (u->groups[i] == u->gid)
			continue;
		g = json_list_add(a, &out->additional_gids, sizeof(*g));
		if (!g)
			return -ENOMEM;
		*g = u->groups[i];
	}
	return 0;
}
