// SPDX-License-Identifier: Apache-2.0
/*
 * A child is cloned into a new user namespace and waits; we, still outside, have its maps written,
 * join it, and let the child go. So the maps are there before anybody acts in the namespace, and no
 * program is started but the two set-uid helpers, by absolute path, with an empty environment.
 */
#include "engine/rootless.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/subid.h"
#include "run/spawn.h"

#define SAID_MAX 512

const char *rootless_helper(const char *name)
{
	static const char *const uid[] = {"/usr/bin/newuidmap", "/bin/newuidmap",
					  "/usr/local/bin/newuidmap", "/run/wrappers/bin/newuidmap",
					  NULL};
	static const char *const gid[] = {"/usr/bin/newgidmap", "/bin/newgidmap",
					  "/usr/local/bin/newgidmap", "/run/wrappers/bin/newgidmap",
					  NULL};

	for (const char *const *p = str_eq(name, "newuidmap") ? uid : gid; *p; p++) {
		struct stat st;

		if (stat(*p, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
		    !(st.st_mode & 022) &&
		    (st.st_mode & S_ISUID || getxattr(*p, "security.capability", NULL, 0) > 0))
			return *p;
	}
	return NULL;
}

int rootless_maps_want(struct arena *a, struct rootless_maps *ret, char **why, struct err *err)
{
	uid_t uid = geteuid();
	const char *name = subid_user(a, uid, NULL), *missing;
	int r = subid_map(SUBID_UID_FILE, name, uid, uid, &ret->uids, err);

	*why = NULL;
	if (r == 0)
		r = subid_map(SUBID_GID_FILE, name, uid, getegid(), &ret->gids, err);
	if (r < 0)
		return r;
	ret->ranges = true;
	missing = ret->uids.n == 1 ? SUBID_UID_FILE : ret->gids.n == 1 ? SUBID_GID_FILE : NULL;
	if (missing)
		*why = arena_printf(a, "%s has no range for %s", missing, name ?: "this user");
	missing = !rootless_helper("newuidmap")   ? "newuidmap"
		  : !rootless_helper("newgidmap") ? "newgidmap"
						  : NULL;
	if (!*why && missing)
		*why = arena_printf(a, "%s is not installed, or not set-uid root", missing);
	if (*why) {
		ret->ranges = false;
		ret->uids.n = ret->gids.n = 1;
	}
	return 0;
}

static int write_text(pid_t pid, const char *file, const char *text, struct err *err)
{
	char path[64];
	cleanup_fd int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, errno, "write %s of a user namespace", file);
	return 0;
}

static int write_own(pid_t pid, const struct rootless_maps *maps, struct err *err)
{
	char text[64];
	int r = write_text(pid, "setgroups", "deny", err);

	(void)snprintf(text, sizeof(text), "0 %" PRIu32 " 1\n", maps->uids.range[0].outside);
	if (r == 0)
		r = write_text(pid, "uid_map", text, err);
	(void)snprintf(text, sizeof(text), "0 %" PRIu32 " 1\n", maps->gids.range[0].outside);
	return r < 0 ? r : write_text(pid, "gid_map", text, err);
}

/* What the helper said, on one line. */
static int refused(const char *program, int said_fd, struct err *err)
{
	char said[SAID_MAX] = "";
	ssize_t n = pread(said_fd, said, sizeof(said) - 1, 0);

	said[MAX_OF(n, (ssize_t)0)] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return err_set(err, ERR_SYSTEM, "%s refused the ids of %s: %s", program,
		       strstr(program, "uid") ? SUBID_UID_FILE : SUBID_GID_FILE,
		       *said ? said : "it did not say why");
}

static int run_helper(const char *name, pid_t pid, const struct userns_map *m, struct err *err)
{
	char text[3 * USERNS_RANGES_MAX][12], number[12];
	char *argv[3 * USERNS_RANGES_MAX + 3];
	const char *program = rootless_helper(name);
	cleanup_fd int said = memfd_create("said", MFD_CLOEXEC);
	struct proc proc;
	size_t n = 0;
	int r;

	if (!program || said < 0)
		return err_sys(err, program ? errno : ENOENT, "start %s", name);
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	argv[n++] = (char *)program;
	argv[n++] = number;
	for (size_t i = 0; i < m->n; i++) {
		const uint32_t v[3] = {m->range[i].inside, m->range[i].outside, m->range[i].count};

		for (size_t k = 0; k < 3; k++) {
			(void)snprintf(text[3 * i + k], sizeof(text[0]), "%" PRIu32, v[k]);
			argv[n++] = text[3 * i + k];
		}
	}
	argv[n] = NULL;
	r = proc_spawn(
		&(struct proc_spawn){
			.path = program,
			.argv = argv,
			.fds = (struct proc_fd[]){{said, 1}, {said, 2}},
			.n_fds = 2,
		},
		&proc, err);
	if (r < 0)
		return r;
	r = proc_wait(&proc);
	return r == 0 ? 0 : refused(program, said, err);
}

static int no_namespace(int r, struct err *err)
{
	if (r == -EPERM || r == -EACCES)
		return err_set(err, ERR_UNSUPPORTED,
			       "this host does not let normal users make user namespaces: "
			       "`hoy doctor` says which setting it is");
	if (r == -ENOSPC || r == -EUSERS)
		return err_set(err, ERR_UNSUPPORTED,
			       "no further user namespace may be made: see "
			       "/proc/sys/user/max_user_namespaces");
	if (r == -EINVAL)
		return err_set(err, ERR_UNSUPPORTED, "this kernel has no user namespaces");
	return err_sys(err, r, "make a user namespace");
}

int rootless_make(const struct rootless_maps *maps, struct err *err)
{
	int pidfd = -EBADF, r;
	pid_t pid = spawn_clone(CLONE_NEWUSER, -EBADF, &pidfd);

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		for (;;)
			(void)pause();
	}
	if (pid < 0)
		return no_namespace(pid, err);
	if (maps->ranges) {
		r = run_helper("newuidmap", pid, &maps->uids, err);
		if (r == 0)
			r = run_helper("newgidmap", pid, &maps->gids, err);
	} else {
		r = write_own(pid, maps, err);
	}
	if (r == 0 && setns(pidfd, CLONE_NEWUSER) < 0)
		r = err_sys(err, errno, "enter the new user namespace");
	spawn_kill(pidfd);
	fd_close(pidfd);
	return r;
}
