// SPDX-License-Identifier: Apache-2.0
/*
 * Kernel settings of the container: only those that belong to one of its own namespaces, written
 * through a procfs of ours in which no link is followed and no mount crossed. Everything else would
 * be the host's setting.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "run/child.h"

static const struct {
	const char *name; /* ending in a slash: everything below */
	uint64_t ns;
} allowed[] = {
	{"net/", CLONE_NEWNET},
	{"fs/mqueue/", CLONE_NEWIPC},
	{"kernel/msgmax", CLONE_NEWIPC},
	{"kernel/msgmnb", CLONE_NEWIPC},
	{"kernel/msgmni", CLONE_NEWIPC},
	{"kernel/sem", CLONE_NEWIPC},
	{"kernel/shmall", CLONE_NEWIPC},
	{"kernel/shmmax", CLONE_NEWIPC},
	{"kernel/shmmni", CLONE_NEWIPC},
	{"kernel/shm_rmid_forced", CLONE_NEWIPC},
	{"kernel/domainname", CLONE_NEWUTS},
};

/* "net.core.somaxconn" or "net/ipv4/conf/eth0.1/forwarding" to a path below /proc/sys. */
static bool to_path(const char *name, char *out, size_t size)
{
	size_t len = strlen(name);

	if (len >= size || strstr(name, ".."))
		return false;
	memcpy(out, name, len + 1);
	if (!strchr(name, '/'))
		for (char *p = out; (p = strchr(p, '.')); p++)
			*p = '/';
	return out[0] != '/';
}

static int check(const struct child *c, const char *name, const char *path, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++) {
		bool below = str_ends(allowed[i].name, "/");

		if (below ? !str_after(path, allowed[i].name) : !str_eq(path, allowed[i].name))
			continue;
		if ((c->ns->create | c->ns->join) & allowed[i].ns)
			return 0;
		return err_set(err, ERR_INVALID,
			       "sysctl %s: the container shares that namespace with the host",
			       name);
	}
	return err_set(err, ERR_INVALID, "sysctl %s is not a setting of one container", name);
}

static int write_one(struct child *c, const struct json_pair *s, struct err *err)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char path[256] = "sys/";
	cleanup_fd int fd = -EBADF;
	int r;

	if (!to_path(s->key, path + 4, sizeof(path) - 4))
		return err_set(err, ERR_INVALID, "sysctl name \"%s\"", s->key);
	r = check(c, s->key, path + 4, err);
	if (r < 0)
		return r;
	fd = (int)syscall(SYS_openat2, c->proc, path, &how, sizeof(how));
	if (fd < 0)
		return err_sys(err, errno, "sysctl %s", s->key);
	r = fd_write(fd, s->value, strlen(s->value));
	return r < 0 ? err_sys(err, r, "set sysctl %s to \"%s\"", s->key, s->value) : 0;
}

int sysctl_all(struct child *c, struct err *err)
{
	const struct json_map *m = &c->spec->linux->sysctl;
	int r = m->n ? child_procfs(c, err) : 0;

	for (size_t i = 0; r == 0 && i < m->n; i++)
		r = write_one(c, &m->items[i], err);
	return r;
}
