// SPDX-License-Identifier: Apache-2.0
#include "run/namespace.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/str.h"

/* Joined in this order: the user namespace first, because it gives the rights over the others; the
 * mount namespace last, because paths change with it. */
static const struct {
	const char *name;
	uint64_t flag;
} kinds[NAMESPACE_KINDS] = {
	{"user", CLONE_NEWUSER}, {"pid", CLONE_NEWPID},  {"network", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},   {"uts", CLONE_NEWUTS},  {"cgroup", CLONE_NEWCGROUP},
	{"time", CLONE_NEWTIME}, {"mount", CLONE_NEWNS},
};

static int open_joined(const char *path, uint64_t flag, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	int type;

	if (fd < 0)
		return err_sys(err, errno, "open namespace %s", path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0 || (uint64_t)type != flag)
		return err_set(err, ERR_INVALID, "%s is not a namespace of the kind asked for",
			       path);
	return TAKE_FD(fd);
}

static int plan_one(const struct oci_namespace *n, struct namespaces *ns, struct err *err)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		if (!str_eq(n->type, kinds[i].name))
			continue;
		if ((ns->create | ns->join) & kinds[i].flag)
			return err_set(err, ERR_INVALID, "namespace \"%s\" is listed twice",
				       n->type);
		if (str_empty(n->path)) {
			ns->create |= kinds[i].flag;
			return 0;
		}
		ns->fds[i] = open_joined(n->path, kinds[i].flag, err);
		ns->join |= kinds[i].flag;
		return ns->fds[i] < 0 ? ns->fds[i] : 0;
	}
	return err_set(err, ERR_INVALID, "unknown namespace \"%s\"", n->type);
}

static int check(const struct oci_linux *l, const struct namespaces *ns, struct err *err)
{
	bool maps = l->uid_mappings.n && l->gid_mappings.n;

	if (!(ns->create & CLONE_NEWNS))
		return err_set(err, ERR_UNSUPPORTED,
			       "a container needs a mount namespace of its own");
	if (ns->create & CLONE_NEWUSER && !maps)
		return err_set(err, ERR_INVALID,
			       "a new user namespace needs uidMappings and gidMappings");
	if (!((ns->create | ns->join) & CLONE_NEWUSER) && (l->uid_mappings.n || l->gid_mappings.n))
		return err_set(err, ERR_INVALID, "uidMappings without a user namespace");
	if (l->time_offsets && !(ns->create & CLONE_NEWTIME))
		return err_set(err, ERR_INVALID, "timeOffsets without a new time namespace");
	return 0;
}

int namespaces_plan(const struct oci_linux *l, struct namespaces *ret, struct err *err)
{
	cleanup(namespaces_done) struct namespaces ns = {};
	int r = 0;

	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		ns.fds[i] = -EBADF;
	for (size_t i = 0; r == 0 && i < l->namespaces.n; i++)
		r = plan_one(JSON_AT(struct oci_namespace, &l->namespaces, i), &ns, err);
	if (r == 0)
		r = check(l, &ns, err);
	if (r < 0)
		return r;
	ns.has_offsets = l->time_offsets != NULL;
	*ret = ns;
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		ns.fds[i] = -EBADF;
	return 0;
}

void namespaces_done(struct namespaces *ns)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
		fd_close(ns->fds[i]);
		ns->fds[i] = -EBADF;
	}
}

int namespaces_fd(const struct namespaces *ns, uint64_t flag)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (kinds[i].flag == flag)
			return ns->fds[i];
	return -EBADF;
}

int namespaces_join(const struct namespaces *ns, struct err *err)
{
	for (size_t i = 0; i < NAMESPACE_KINDS; i++)
		if (ns->join & kinds[i].flag && setns(ns->fds[i], (int)kinds[i].flag) < 0)
			return err_sys(err, errno, "join the %s namespace", kinds[i].name);
	return 0;
}

static int write_proc(pid_t pid, const char *file, const char *text, size_t len, struct err *err)
{
	char path[64];
	cleanup_fd int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* A map is accepted in one write only. */
	if (fd < 0 || write(fd, text, len) < 0)
		return err_sys(err, errno, "write %s", path);
	return 0;
}

static int write_map(pid_t pid, const char *file, const struct json_list *list, struct err *err)
{
	char text[4096];
	size_t len = 0;

	for (size_t i = 0; i < list->n; i++) {
		const struct oci_id_mapping *m = JSON_AT(struct oci_id_mapping, list, i);
		int n = snprintf(text + len, sizeof(text) - len,
				 "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", m->container_id,
				 m->host_id, m->size);

		if (n < 0 || (size_t)n >= sizeof(text) - len)
			return err_set(err, ERR_TOO_LARGE, "too many id mappings");
		len += (size_t)n;
	}
	return write_proc(pid, file, text, len, err);
}

int idmap_write(pid_t pid, const struct oci_linux *l, struct err *err)
{
	int r = write_map(pid, "uid_map", &l->uid_mappings, err);

	return r < 0 ? r : write_map(pid, "gid_map", &l->gid_mappings, err);
}

static int write_offsets(const struct oci_time_offsets *o, struct err *err)
{
	char text[160];
	int n = 0;

	if (o->monotonic)
		n = snprintf(text, sizeof(text), "monotonic %" PRId64 " %" PRIu64 "\n",
			     o->monotonic->secs, o->monotonic->nanosecs);
	if (o->boottime)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
			      "boottime %" PRId64 " %" PRIu64 "\n", o->boottime->secs,
			      o->boottime->nanosecs);
	return n ? write_proc(getpid(), "timens_offsets", text, (size_t)n, err) : 0;
}

int netns_loopback_up(struct err *err)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return err_sys(err, errno, "bring the loopback device up");
	return 0;
}

int timens_prepare(const struct oci_time_offsets *o, int *ret_back, struct err *err)
{
	cleanup_fd int back = open("/proc/self/ns/time", O_RDONLY | O_CLOEXEC);
	int r;

	if (back < 0)
		return err_sys(err, errno, "open /proc/self/ns/time");
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(err, errno, "make a time namespace");
	r = write_offsets(o, err);
	if (r < 0) {
		(void)setns(back, CLONE_NEWTIME);
		return r;
	}
	*ret_back = TAKE_FD(back);
	return 0;
}

int timens_restore(int back, struct err *err)
{
	int r = setns(back, CLONE_NEWTIME) < 0 ? err_sys(err, errno, "leave the time namespace")
					       : 0;

	fd_close(back);
	return r;
}
