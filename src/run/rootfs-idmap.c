// SPDX-License-Identifier: Apache-2.0
/*
 * Layers whose owners are mapped, so that a container in a user namespace uses the same layers, byte
 * for byte, as any other: what belongs to root on disk belongs to the container's root inside, and
 * the other way round for what it writes. Nothing is ever chowned.
 *
 * In a mount namespace of our own an id-mapped clone of each layer is attached over the layer itself;
 * the overlay is then made of the same paths as ever. Upper and work directory must be one mount: it
 * is their parent's. The overlay makes files of its own there (work/work, whiteouts) as whoever
 * mounted it, and an id that the mapping does not have cannot own files: so the mounter's filesystem
 * ids are the container's root's. That takes the rights over files away from him, which are taken
 * back: nothing but the overlay ever acts with these credentials.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/str.h"
#include "run/child.h"
#include "run/mountfd.h"
#include "run/rootfs.h"

/* What the container's root is outside. */
static int outside(const struct json_list *map, uint64_t *ret, const char *what, struct err *err)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct oci_id_mapping *m = JSON_AT(struct oci_id_mapping, map, i);

		if (m->container_id == 0 && m->size) {
			*ret = m->host_id;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "%s: the container's root is not mapped", what);
}

int rootfs_idmap_plan(const struct oci_linux *l, struct rootfs_idmap *ret, struct err *err)
{
	uint64_t uid = 0, gid = 0;
	int r = outside(&l->uid_mappings, &uid, "uidMappings", err);

	if (r == 0)
		r = outside(&l->gid_mappings, &gid, "gidMappings", err);
	if (r < 0)
		return r;
	*ret = (struct rootfs_idmap){.uid = (uid_t)uid, .gid = (gid_t)gid};
	ret->userns = idmap_userns(&l->uid_mappings, &l->gid_mappings, err);
	return ret->userns < 0 ? ret->userns : 0;
}

/* The path may be a link (short names of layers): what it leads to is what is covered. */
static int map_in_place(const char *path, int userns, struct err *err)
{
	cleanup_fd int fd = mountfd_clone(AT_FDCWD, path, false, err);
	cleanup_fd int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 ? fd : idmap_mount(fd, userns, false, path, err);

	if (r == 0 && target < 0)
		r = err_sys(err, errno, "open layer %s", path);
	return r < 0 ? r : mountfd_attach(fd, target, path, err);
}

static int map_upper(const struct run_overlay *o, int userns, struct err *err)
{
	const char *end = strrchr(o->upper, '/'), *end_work = strrchr(o->work, '/');
	char parent[PATH_MAX];

	if (!end || !end_work || end - o->upper != end_work - o->work ||
	    strncmp(o->upper, o->work, (size_t)(end - o->upper)) != 0 ||
	    end - o->upper >= (int)sizeof(parent) || end == o->upper)
		return err_set(err, ERR_INVALID, "%s and %s are not in one directory", o->upper,
			       o->work);
	(void)snprintf(parent, sizeof(parent), "%.*s", (int)(end - o->upper), o->upper);
	return map_in_place(parent, userns, err);
}

static int act_as(const struct rootfs_idmap *m, struct err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	(void)setfsgid(m->gid);
	(void)setfsuid(m->uid);
	if (setfsuid((uid_t)-1) != (int)m->uid || syscall(SYS_capget, &head, data) < 0)
		return err_sys(err, EPERM, "act as the container's root");
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	return syscall(SYS_capset, &head, data) < 0
		       ? err_sys(err, errno, "act as the container's root")
		       : 0;
}

int rootfs_idmap_layers(const struct run_overlay *o, const struct rootfs_idmap *m, struct err *err)
{
	int r = 0;

	for (char **p = o->lower; r == 0 && *p; p++)
		r = map_in_place(*p, m->userns, err);
	if (r == 0 && o->upper)
		r = map_upper(o, m->userns, err);
	return r < 0 ? r : act_as(m, err);
}
