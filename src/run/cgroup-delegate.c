// SPDX-License-Identifier: Apache-2.0
/*
 * Delegation (cgroup-v2.rst): a group belongs to a user when its directory, cgroup.procs and
 * cgroup.subtree_control do. Only v2 can be given away safely, so v1 hierarchies are not looked at.
 * The topmost group that is ours is where our containers' groups belong: it is the same for all of
 * the user's sessions (systemd: user@UID.service), and it has no processes itself, so that
 * controllers may be passed on below it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/path.h"
#include "base/str.h"
#include "run/cgroup-impl.h"

/* "0::/a/b" of /proc/self/cgroup, without the slash at its beginning. */
static int own_group(char *out, size_t size)
{
	char text[4096], *p;
	ssize_t n = cgroup_read(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));

	if (n < 0)
		return (int)n;
	p = strncmp(text, "0::/", 4) == 0 ? text + 4 : strstr(text, "\n0::/");
	if (!p)
		return -ENOENT;
	p += p == text + 4 ? 0 : 5;
	p[strcspn(p, "\n")] = '\0';
	if (strlen(p) >= size)
		return -ENAMETOOLONG;
	memcpy(out, p, strlen(p) + 1);
	return 0;
}

static bool is_ours(int base, const char *path)
{
	static const char *const files[] = {".", "cgroup.procs", "cgroup.subtree_control"};
	cleanup_fd int dir = path_open_beneath(base, path, O_PATH | O_DIRECTORY, 0);

	if (dir < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (faccessat(dir, files[i], W_OK, AT_EACCESS) < 0)
			return false;
	return true;
}

static void learn(int base, struct cgroup_delegation *d)
{
	cleanup_fd int dir = path_open_beneath(base, d->path + 1, O_PATH | O_DIRECTORY, 0);
	char text[512] = " ", procs[16];
	ssize_t n;

	if (dir < 0)
		return;
	/* A group with processes cannot pass controllers on: what it does already is all. */
	n = cgroup_read(dir, "cgroup.procs", procs, sizeof(procs));
	n = cgroup_read(dir, n == 0 ? "cgroup.controllers" : "cgroup.subtree_control", text + 1,
			sizeof(text) - 2);
	if (n < 0)
		return;
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	(void)strncat(text, " ", sizeof(text) - strlen(text) - 1);
	d->cpu = strstr(text, " cpu ");
	d->cpuset = strstr(text, " cpuset ");
	d->memory = strstr(text, " memory ");
	d->io = strstr(text, " io ");
	d->pids = strstr(text, " pids ");
}

int cgroup_delegated(struct cgroup_delegation *ret)
{
	cleanup_fd int base = cgroup_v2_base();
	char path[sizeof(ret->path)];
	int r = base < 0 ? base : own_group(path, sizeof(path) - 1);

	*ret = (struct cgroup_delegation){};
	while (r == 0 && *path && is_ours(base, path)) {
		char *slash = strrchr(path, '/');

		(void)snprintf(ret->path, sizeof(ret->path), "/%.*s", (int)sizeof(path) - 2, path);
		*(slash ?: path) = '\0';
	}
	if (r < 0 || !ret->path[0])
		return r < 0 ? r : -ENOENT;
	learn(base, ret);
	return 0;
}
