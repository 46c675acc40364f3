// SPDX-License-Identifier: Apache-2.0
/*
 * Devices: everything is denied but a short list; --device adds one, --privileged all.
 *
 * The nodes of the short list (null, zero, …) are made by run/, as the runtime specification asks;
 * here are the device cgroup's rules and the nodes on top of those. The last matching rule wins.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/str.h"
#include "engine/bundle.h"
#include "spec/device.h"

#define DEVICES_MAX 4096
#define DEPTH_MAX   8

static int add_rule(struct bundle *b, bool allow, const char *type, int64_t maj, int64_t min,
		    const char *access)
{
	struct oci_device_rule *r =
		json_list_add(b->arena, &b->spec.linux->resources->devices, sizeof(*r));

	if (!r)
		return -ENOMEM;
	*r = (struct oci_device_rule){.allow = allow,
				      .type = arena_strdup(b->arena, type),
				      .major = {maj >= 0, maj},
				      .minor = {min >= 0, min},
				      .access = arena_strdup(b->arena, access)};
	return !r->access || (type && !r->type) ? -ENOMEM : 0;
}

static int add_default_rules(struct bundle *b)
{
	static const struct {
		const char *type;
		int64_t major, minor;
		const char *access;
	} rules[] = {
		{"c", -1, -1, "m"},    {"b", -1, -1, "m"}, {"c", 1, 3, "rwm"}, {"c", 1, 8, "rwm"},
		{"c", 1, 7, "rwm"},    {"c", 5, 0, "rwm"}, {"c", 1, 5, "rwm"}, {"c", 1, 9, "rwm"},
		{"c", 136, -1, "rwm"}, {"c", 5, 2, "rwm"},
	};
	int r = add_rule(b, false, NULL, -1, -1, "rwm");

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rules); i++)
		r = add_rule(b, true, rules[i].type, rules[i].major, rules[i].minor,
			     rules[i].access);
	return r;
}

static int add_node(struct bundle *b, const char *path, const struct stat *st)
{
	struct oci_device *d = json_list_add(b->arena, &b->spec.linux->devices, sizeof(*d));

	if (!d)
		return -ENOMEM;
	*d = (struct oci_device){.path = arena_strdup(b->arena, path),
				 .type = arena_strdup(b->arena, S_ISBLK(st->st_mode) ? "b" : "c"),
				 .major = major(st->st_rdev),
				 .minor = minor(st->st_rdev),
				 .file_mode = {true, st->st_mode & 07777},
				 .uid = {true, st->st_uid},
				 .gid = {true, st->st_gid}};
	return d->path && d->type ? 0 : -ENOMEM;
}

int bundle_add_node(struct bundle *b, const char *path, const struct stat *st, const char *access)
{
	if (add_node(b, path, st) < 0)
		return -ENOMEM;
	return b->config->host_config.privileged
		       ? 0
		       : add_rule(b, true, S_ISBLK(st->st_mode) ? "b" : "c", major(st->st_rdev),
				  minor(st->st_rdev), access);
}

/* Every node below `dir` of the host; access NULL: the nodes alone, a rule covers them already. */
static int add_tree(struct bundle *b, int dirfd, const char *dir, const char *target,
		    const char *access, int depth)
{
	/* What containers get mounted or made afresh. */
	static const char *const skipped[] = {"pts",       "shm",   "fd",   "mqueue",
					      "console",   ".udev", ".lxc", ".lxd-mounts",
					      "hugepages", NULL};
	DIR *d = fdopendir(dirfd);
	struct dirent *ent;
	int r = 0;

	if (!d) {
		fd_close(dirfd);
		return 0;
	}
	while (r == 0 && (ent = readdir(d))) {
		char *path, *in;
		struct stat st;

		if (str_eq(ent->d_name, ".") || str_eq(ent->d_name, "..") ||
		    strv_has((char *const *)skipped, ent->d_name))
			continue;
		if (fstatat(dirfd, ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		path = arena_printf(b->arena, "%s/%s", dir, ent->d_name);
		in = arena_printf(b->arena, "%s/%s", target, ent->d_name);
		if (!path || !in) {
			r = -ENOMEM;
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			int sub = openat(dirfd, ent->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			r = sub < 0 ? 0 : add_tree(b, sub, path, in, access, depth + 1);
		} else if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
			   b->spec.linux->devices.n < DEVICES_MAX) {
			r = add_node(b, in, &st);
			if (r == 0 && access)
				r = add_rule(b, true, S_ISBLK(st.st_mode) ? "b" : "c",
					     major(st.st_rdev), minor(st.st_rdev), access);
		}
	}
	closedir(d);
	return r;
}

static int add_device(struct bundle *b, const struct container_device *d, struct err *err)
{
	const char *access = str_empty(d->cgroup_permissions) ? "rwm" : d->cgroup_permissions;
	const char *target =
		str_empty(d->path_in_container) ? d->path_on_host : d->path_in_container;
	struct stat st;
	int r = 0;

	if (!device_permissions_valid(access))
		return err_set(err, ERR_INVALID, "invalid device mode: %s", access);
	if (str_empty(d->path_on_host) || stat(d->path_on_host, &st) < 0)
		return err_set(
			err, ERR_INVALID,
			"error gathering device information while adding custom device \"%s\": "
			"no such file or directory",
			d->path_on_host ?: "");
	if (S_ISDIR(st.st_mode)) {
		size_t before = b->spec.linux->devices.n;
		int fd = open(d->path_on_host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			r = add_tree(b, fd, d->path_on_host, target, access, 0);
		if (r == 0 && b->spec.linux->devices.n > before)
			return 0;
	}
	if (r == 0 && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_set(
			err, ERR_INVALID,
			"error gathering device information while adding custom device \"%s\": "
			"not a device node",
			d->path_on_host);
	return r < 0 || bundle_add_node(b, target, &st, access) < 0 ? err_oom(err) : 0;
}

static int add_written_rule(struct bundle *b, const char *text, struct err *err)
{
	struct device_rule d;
	int r = device_rule_parse(text, &d, err);

	if (r < 0)
		return r;
	if (add_rule(b, true, (char[]){d.type, '\0'}, d.major, d.minor, d.access) < 0)
		return err_oom(err);
	return 0;
}

static int add_everything(struct bundle *b, struct err *err)
{
	int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "open /dev");
	if (add_rule(b, true, NULL, -1, -1, "rwm") < 0 ||
	    add_tree(b, fd, "/dev", "/dev", NULL, 0) < 0)
		return err_oom(err);
	return 0;
}

int bundle_devices(struct bundle *b, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	int r;

	if (h->privileged)
		return add_everything(b, err);
	if (add_default_rules(b) < 0)
		return err_oom(err);
	for (size_t i = 0; i < h->resources.devices.n; i++) {
		r = add_device(b, JSON_AT(struct container_device, &h->resources.devices, i), err);
		if (r < 0)
			return r;
	}
	for (char **rule = h->resources.device_cgroup_rules; rule && *rule; rule++) {
		r = add_written_rule(b, *rule, err);
		if (r < 0)
			return r;
	}
	return 0;
}
