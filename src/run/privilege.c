// SPDX-License-Identifier: Apache-2.0
/*
 * Order: bounding set first (it needs CAP_SETPCAP), groups before the user (that needs CAP_SETGID),
 * keep-caps so that the change to a user other than root keeps the permitted set for what follows,
 * then the final sets. Inheritable is what the configuration says and nothing by default: a
 * non-empty one lets files with inheritable capabilities grant them (CVE-2022-24769). A capability
 * that the kernel does not know (older than our table) is left out. Ambient holds only what is both
 * permitted and inheritable, which is all the kernel accepts.
 */
#include "run/privilege.h"

#include <grp.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spec/caps.h"

/* Names that nobody knows are passed over; run_create tells. */
static uint64_t parse_set(char *const *names)
{
	uint64_t set = 0;

	for (; names && *names; names++) {
		int cap = cap_parse(*names);

		set |= cap >= 0 ? CAPS_BIT(cap) : 0;
	}
	return set;
}

void privilege_parse(const struct oci_process *p, struct privileges *ret)
{
	const struct oci_capabilities *c = p->capabilities;

	*ret = (struct privileges){};
	if (!c)
		return;
	ret->bounding = parse_set(c->bounding);
	ret->effective = parse_set(c->effective);
	ret->permitted = parse_set(c->permitted);
	ret->inheritable = parse_set(c->inheritable);
	ret->ambient = parse_set(c->ambient) & ret->permitted & ret->inheritable;
}

static int cap_write(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		 (uint32_t)(inheritable >> 32)},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

static int cap_read(uint64_t *permitted)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return 0;
}

static int drop_bounding(uint64_t keep, struct err *err)
{
	for (int i = 0; i < CAPS_N; i++)
		if (!(keep & CAPS_BIT(i)) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 &&
		    errno != EINVAL)
			return err_sys(err, errno, "drop %s", cap_name(i));
	return 0;
}

static bool setgroups_denied(void)
{
	cleanup_fd int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);
	char c = 0;

	return fd >= 0 && read(fd, &c, 1) == 1 && c == 'd';
}

/* Exactly these supplementary groups: not the caller's (CVE-2022-36109 is about one too many). */
static int set_groups(const struct oci_user *u, struct err *err)
{
	gid_t gids[256] = {};
	size_t n = u->additional_gids.n;
	bool more = false;

	if (n > ARRAY_SIZE(gids))
		return err_set(err, ERR_TOO_LARGE, "more than %zu groups", ARRAY_SIZE(gids));
	for (size_t i = 0; i < n; i++)
		gids[i] = (gid_t)*JSON_AT(int64_t, &u->additional_gids, i);
	if (setgroups(n, gids) == 0)
		return 0;
	/* A user without ranges of ids may not change his groups, so that none of them is lost that
	 * takes rights away (user_namespaces(7)). */
	for (size_t i = 0; i < n; i++)
		more |= gids[i] != (gid_t)u->gid;
	if (errno == EPERM && !more && setgroups_denied())
		return 0;
	return err_sys(err, errno, "set the groups");
}

int privilege_user(const struct oci_process *p, const struct privileges *want, struct err *err)
{
	uid_t uid = (uid_t)p->user.uid;
	gid_t gid = (gid_t)p->user.gid;
	uint64_t permitted = 0;
	int r;

	if (p->user.uid >= UINT32_MAX || p->user.gid >= UINT32_MAX)
		return err_set(err, ERR_INVALID, "user or group number is too large");
	r = drop_bounding(want->bounding, err);
	if (r < 0)
		return r;
	if (uid && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(err, errno, "keep capabilities");
	r = set_groups(&p->user, err);
	if (r < 0)
		return r;
	/* glibc's wrappers signal every thread; there is one, and plain calls are what is meant. */
	if (syscall(SYS_setresgid, gid, gid, gid) < 0)
		return err_sys(err, errno, "change to group %u", gid);
	if (syscall(SYS_setresuid, uid, uid, uid) < 0)
		return err_sys(err, errno, "change to user %u", uid);
	if (!uid)
		return 0;
	r = cap_read(&permitted);
	if (r == 0)
		r = cap_write(permitted, permitted, 0);
	return r < 0 ? err_sys(err, r, "keep capabilities") : 0;
}

int privilege_caps(const struct privileges *want, struct err *err)
{
	uint64_t have = 0;
	int r = cap_read(&have);

	if (r == 0)
		r = cap_write(want->effective & have, want->permitted & have,
			      want->inheritable & have);
	if (r < 0)
		return err_sys(err, r, "set the capabilities");
	/* Changing the user cleared the ambient set; a caller that stayed root may have brought
	 * one. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(err, errno, "clear the ambient capabilities");
	for (int i = 0; i < CAPS_N; i++)
		if (want->ambient & have & CAPS_BIT(i) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return err_sys(err, errno, "raise ambient %s", cap_name(i));
	return 0;
}
