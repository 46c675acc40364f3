// SPDX-License-Identifier: Apache-2.0
/*
 * Mounts whose owners are mapped, and what else of the bind sources only the parent can open.
 *
 * The kernel takes a mapping as a user namespace, and only for a mount that is attached nowhere yet
 * and by somebody with rights over its filesystem: so the parent clones such sources before the
 * child exists. A user namespace is made by a process that does nothing but live until its maps are
 * written and it is opened; mounts that share the container's mapping share one.
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/path.h"
#include "base/str.h"
#include "run/child.h"
#include "run/mount-options.h"
#include "run/mountfd.h"
#include "run/spawn.h"

int idmap_userns(const struct json_list *uids, const struct json_list *gids, struct err *err)
{
	struct oci_linux maps = {.uid_mappings = *uids, .gid_mappings = *gids};
	pid_t pid = spawn_clone(CLONE_NEWUSER, -EBADF, NULL);
	char path[64];
	int r, fd = -EBADF;

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			(void)pause();
	}
	if (pid < 0)
		return err_sys(err, pid, "make a user namespace for mounts");
	r = idmap_write(pid, &maps, err);
	if (r == 0) {
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		r = fd < 0 ? err_sys(err, errno, "open %s", path) : 0;
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, __WALL);
	return r < 0 ? r : fd;
}

int idmap_mount(int mount_fd, int userns, bool recursive, const char *what, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns};

	if (mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), &attr,
			  sizeof(attr)) == 0)
		return 0;
	if (errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s: this kernel or its file system cannot map ids", what);
	return err_sys(err, errno, "map the ids of %s", what);
}

/* The container's own mapping, as a namespace; made once. */
static int container_userns(const struct child *c, int *made, struct err *err)
{
	const struct oci_linux *l = c->spec->linux;

	if (c->ns->join & CLONE_NEWUSER)
		return namespaces_fd(c->ns, CLONE_NEWUSER);
	if (!(c->ns->create & CLONE_NEWUSER))
		return err_set(err, ERR_INVALID, "idmap without mappings needs a user namespace");
	if (*made < 0)
		*made = idmap_userns(&l->uid_mappings, &l->gid_mappings, err);
	return *made;
}

static int map_source(const struct child *c, const struct oci_mount *m,
		      const struct mount_options *o, int fd, int *made, struct err *err)
{
	cleanup_fd int own = -EBADF;
	int userns, r;

	if (m->uid_mappings.n)
		userns = own = idmap_userns(&m->uid_mappings, &m->gid_mappings, err);
	else
		userns = container_userns(c, made, err);
	r = userns < 0 ? userns
		       : idmap_mount(fd, userns, o->idmap == MOUNT_IDMAP_TREE, m->source, err);
	return r < 0 && err ? err_prefix(err, "mount on %s", m->destination) : r;
}

/* One source, or -EBADF when the child can open it as well. */
static int open_source(const struct child *c, const struct oci_mount *m, int *made, int *ret,
		       struct err *err)
{
	bool relative = !str_empty(m->source) && m->source[0] != '/';
	cleanup_fd int fd = -EBADF;
	struct mount_options o;
	int r = mount_options_parse(m, &o, err);

	if (r < 0 || !o.bind || (!c->userns && !relative && o.idmap == MOUNT_IDMAP_NONE))
		return r;
	fd = mount_open_source(relative && c->o->bundle_fd >= 0 ? c->o->bundle_fd : AT_FDCWD, m, &o,
			       err);
	if (fd < 0)
		return fd;
	if (o.idmap != MOUNT_IDMAP_NONE)
		r = map_source(c, m, &o, fd, made, err);
	/* It is still its original's peer: what the container mounts there would appear on the
	 * host. */
	if (r == 0 && o.propagation != MS_SHARED)
		r = mountfd_propagation(fd, MS_SLAVE, true, err);
	*ret = r < 0 ? -EBADF : TAKE_FD(fd);
	return r;
}

static bool needs_parent(const struct child *c, const struct oci_mount *m)
{
	return c->userns || m->uid_mappings.n || (m->source && m->source[0] != '/') ||
	       strv_has(m->options, "idmap") || strv_has(m->options, "ridmap");
}

int mount_sources(struct child *c, struct err *err)
{
	const struct json_list *l = &c->spec->mounts;
	cleanup_fd int made = -EBADF;
	bool any = false;
	int r = 0;

	for (size_t i = 0; !any && i < l->n; i++)
		any = needs_parent(c, JSON_AT(struct oci_mount, l, i));
	if (!any)
		return 0;
	c->sources = calloc(l->n, sizeof(*c->sources));
	if (!c->sources)
		return err_oom(err);
	for (size_t i = 0; i < l->n; i++)
		c->sources[i] = -EBADF;
	for (size_t i = 0; r == 0 && i < l->n; i++)
		r = open_source(c, JSON_AT(struct oci_mount, l, i), &made, &c->sources[i], err);
	return r;
}
