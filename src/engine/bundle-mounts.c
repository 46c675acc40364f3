// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of a container, in the order in which they are made: the kernel's own file systems, the
 * user's by depth (a mount inside another one comes after it), the three files of /etc.
 *
 * An IPC that is shared needs a /dev/shm that is shared: a folder below run/ID, which lies on a tmpfs.
 * A private one is a tmpfs of the container's own, and gone with it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "run/run.h"

static int add(struct bundle *b, const char *destination, const char *type, const char *source,
	       char **options)
{
	struct oci_mount *m = json_list_add(b->arena, &b->spec.mounts, sizeof(*m));

	if (!m || !destination || !source || !options)
		return -ENOMEM;
	*m = (struct oci_mount){.destination = (char *)destination,
				.type = (char *)type,
				.source = (char *)source,
				.options = options};
	return 0;
}

static char **words(struct bundle *b, const char *list)
{
	return strv_split(b->arena, list, ',', 0);
}

static bool is_taken(const struct bundle *b, const char *destination)
{
	for (size_t i = 0; i < b->extra->mounts.n; i++) {
		if (str_eq(JSON_AT(struct container_mount_point, &b->extra->mounts, i)->destination,
			   destination))
			return true;
	}
	return false;
}

static int shared_shm(struct bundle *b, const char *id, struct err *err)
{
	cleanup_fd int run = container_open_run_dir(b->engine, id, true, err);
	char *source = arena_printf(b->arena, "%s/%s/shm", b->engine->run_root, id);

	if (run < 0)
		return run;
	if (mkdirat(run, "shm", 01777) < 0 ? errno != EEXIST
					   : fchmodat(run, "shm", 01777, 0) < 0) /* umask */
		return err_sys(err, errno, "make the shared memory folder of container %s", id);
	return add(b, "/dev/shm", "bind", source, words(b, "rbind,nosuid,nodev,noexec")) < 0
		       ? err_oom(err)
		       : 0;
}

static int add_shm(struct bundle *b, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	struct container_info other;
	int r;

	if (is_taken(b, "/dev/shm"))
		return 0;
	if (str_eq(h->ipc_mode, "host"))
		return add(b, "/dev/shm", "bind", "/dev/shm",
			   words(b, "rbind,nosuid,noexec,nodev")) < 0
			       ? err_oom(err)
			       : 0;
	if (str_eq(h->ipc_mode, "none"))
		return 0;
	if (str_eq(h->ipc_mode, "shareable"))
		return shared_shm(b, b->id, err);
	if (str_after(h->ipc_mode, "container:")) {
		r = bundle_other_container(b->engine, b->arena, h->ipc_mode, &other, err);
		if (r < 0)
			return r;
		if (!str_eq(other.config->host_config.ipc_mode, "shareable"))
			return err_set(err, ERR_CONFLICT,
				       "can't join IPC of container %s: non-shareable IPC "
				       "(hint: use IpcMode:shareable for the donor container)",
				       other.row.id);
		return shared_shm(b, other.row.id, err);
	}
	return add(b, "/dev/shm", "tmpfs", "shm",
		   words(b, arena_printf(b->arena, "nosuid,noexec,nodev,mode=1777,size=%" PRIi64,
					 h->shm_size)
				    ?: "")) < 0
		       ? err_oom(err)
		       : 0;
}

static int add_kernel_mounts(struct bundle *b, struct err *err)
{
	static const struct {
		const char *destination, *type, *source, *options;
		bool writable_if_privileged;
	} mounts[] = {
		{"/proc", "proc", "proc", "nosuid,noexec,nodev", false},
		{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k", false},
		{"/dev/pts", "devpts", "devpts",
		 "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5", false},
		{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro", true},
		{"/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev", true},
		{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev", false},
	};
	const struct container_host_config *h = &b->config->host_config;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		char *options = arena_strdup(b->arena, mounts[i].options), *ro;

		if (!options)
			return err_oom(err);
		if (is_taken(b, mounts[i].destination))
			continue;
		if (str_eq(mounts[i].type, "mqueue") && str_eq(h->ipc_mode, "host")) {
			if (access("/dev/mqueue", F_OK) == 0 && /* not every host mounts it */
			    add(b, "/dev/mqueue", "bind", "/dev/mqueue",
				words(b, "rbind,nosuid,noexec,nodev")) < 0)
				return err_oom(err);
			continue;
		}
		ro = h->privileged && mounts[i].writable_if_privileged ? strstr(options, "ro")
								       : NULL;
		if (ro)
			memcpy(ro, "rw", 2);
		if (add(b, mounts[i].destination, mounts[i].type, mounts[i].source,
			words(b, options)) < 0)
			return err_oom(err);
	}
	return add_shm(b, err);
}

static size_t depth_of(const char *path)
{
	size_t n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}

static char **bind_options(struct bundle *b, const struct container_mount_point *m,
			   const struct container_mount *asked)
{
	const struct container_bind_options *o = asked ? asked->bind_options : NULL;
	const char *ro = m->rw ? "" : o && o->read_only_force_recursive ? ",rro" : ",ro";

	return words(b, arena_printf(b->arena, "%s%s,%s", o && o->non_recursive ? "bind" : "rbind",
				     ro, str_empty(m->propagation) ? "rprivate" : m->propagation)
				?: "");
}

static const struct container_mount *asked_mount(const struct bundle *b, const char *destination)
{
	const struct json_list *l = &b->config->host_config.mounts;

	for (size_t i = 0; i < l->n; i++) {
		if (str_eq(JSON_AT(struct container_mount, l, i)->target, destination))
			return JSON_AT(struct container_mount, l, i);
	}
	return NULL;
}

/* Names of a host path that vanished since create: -v makes it again, as Docker does. */
static int make_source(struct bundle *b, const struct container_mount_point *m, struct err *err)
{
	struct stat st;

	if (!str_eq(m->type, "bind") || stat(m->source, &st) == 0)
		return 0;
	if (asked_mount(b, m->destination))
		return err_set(err, ERR_INVALID,
			       "invalid mount config for type \"bind\": bind source path does not "
			       "exist: %s",
			       m->source);
	return path_mkdir_p(m->source, 0755, err);
}

static int add_mount_point(struct bundle *b, const struct container_mount_point *m, struct err *err)
{
	const struct container_mount *asked = asked_mount(b, m->destination);
	char **options;
	int r;

	if (str_eq(m->type, "tmpfs"))
		return add(b, m->destination, "tmpfs", "tmpfs", words(b, m->mode ?: "")) < 0
			       ? err_oom(err)
			       : 0;
	r = make_source(b, m, err);
	if (r < 0)
		return r;
	options = bind_options(b, m, asked);
	if (!str_empty(m->subpath)) {
		char *subpath = arena_printf(b->arena, RUN_MOUNT_SUBPATH "%s", m->subpath);

		if (strstr(m->subpath, "..") || m->subpath[0] == '/')
			return err_set(err, ERR_INVALID, "invalid volume subpath: %s", m->subpath);
		/* Who writes to the volume may have put links there: looked up inside it, at start. */
		options = options && subpath ? strv_append(b->arena, options, subpath) : NULL;
	}
	return !options || add(b, m->destination, "bind", m->source, options) < 0 ? err_oom(err)
										  : 0;
}

int bundle_mounts(struct bundle *b, struct err *err)
{
	const struct json_list *l = &b->extra->mounts;
	size_t deepest = 0;
	int r = add_kernel_mounts(b, err);

	for (size_t i = 0; i < l->n; i++)
		deepest =
			MAX_OF(deepest,
			       depth_of(JSON_AT(struct container_mount_point, l, i)->destination));
	for (size_t depth = 0; depth <= deepest; depth++) {
		for (size_t i = 0; r == 0 && i < l->n; i++) {
			struct container_mount_point *m =
				JSON_AT(struct container_mount_point, l, i);

			if (depth_of(m->destination) == depth)
				r = add_mount_point(b, m, err);
		}
	}
	return r < 0 ? r : bundle_files(b, err);
}
