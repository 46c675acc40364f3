// SPDX-License-Identifier: Apache-2.0
/*
 * Order: folders (while we still are the user), the roster's lock, the namespace of somebody who
 * lives or a new one, our line in the roster, the lock's end. Dumpable again before that line is
 * written: a change of credentials takes it away, and others could not join us by our pidfd. Then
 * the mount namespace, which is our own because what we mount needs one whose owner is the user
 * namespace; the kernel makes all in it slaves of the host's. The store's map last, by its new
 * owner.
 */
#include "engine/rootless.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "engine/subid.h"

#define MAP_FILE     "idmap"
#define MAP_FILE_MAX ((size_t)64 << 10)

bool rootless_wanted(void)
{
	return geteuid() != 0;
}

/* ---- folders ---- */

/* A folder that is ours alone: made when it is missing. */
static int private_folder(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, errno, "create %s", path);
	if (lstat(path, &st) < 0)
		return err_sys(err, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 077)
		return err_set(err, ERR_INVALID,
			       "%s: not a folder that belongs to the user alone (mode 0700); "
			       "set XDG_RUNTIME_DIR or HOY_RUN_ROOT",
			       path);
	return 0;
}

static bool is_own_folder(const char *path)
{
	struct stat st;

	return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
	       st.st_uid == geteuid() && !(st.st_mode & 022);
}

static char *run_folder(struct arena *a, struct err *err)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	char *path;

	if (str_empty(xdg) || !is_own_folder(xdg))
		xdg = arena_printf(a, "/run/user/%u", geteuid());
	if (!xdg)
		goto no_memory;
	/* Where nobody logs in there is none: then /tmp, which is where others could put things. */
	path = is_own_folder(xdg) ? arena_printf(a, "%s/hoy", xdg)
				  : arena_printf(a, "/tmp/hoy-%u", geteuid());
	if (!path)
		goto no_memory;
	return private_folder(path, err) < 0 ? NULL : path;
no_memory:
	(void)err_oom(err);
	return NULL;
}

/* $VARIABLE/hoy, or HOME/fallback/hoy; NULL with a message when there is no home. */
static char *home_folder(struct arena *a, const char *variable, const char *fallback,
			 struct err *err)
{
	const char *dir = getenv(variable), *home = getenv("HOME");
	char *passwd_home = NULL, *path;

	if (!str_empty(dir) && dir[0] == '/') {
		path = arena_printf(a, "%s/hoy", dir);
	} else {
		if (str_empty(home) || home[0] != '/') {
			(void)subid_user(a, geteuid(), &passwd_home);
			home = passwd_home;
		}
		if (str_empty(home)) {
			(void)err_set(err, ERR_INVALID, "user %u has no home: set HOME or HOY_ROOT",
				      geteuid());
			return NULL;
		}
		path = arena_printf(a, "%s/%s/hoy", home, fallback);
	}
	if (!path)
		(void)err_oom(err);
	return path;
}

int rootless_folders(struct arena *a, struct engine_options *o, struct err *err)
{
	char *config;

	if (str_empty(o->root) && str_empty(getenv("HOY_ROOT"))) {
		o->root = home_folder(a, "XDG_DATA_HOME", ".local/share", err);
		if (!o->root)
			return err ? err->code : -EINVAL;
	}
	if (str_empty(o->run_root) && str_empty(getenv("HOY_RUN_ROOT"))) {
		o->run_root = run_folder(a, err);
		if (!o->run_root)
			return err ? err->code : -EINVAL;
	}
	if (!str_empty(o->config_path) || !str_empty(getenv("HOY_CONFIG")))
		return 0;
	config = home_folder(a, "XDG_CONFIG_HOME", ".config", NULL);
	config = config ? arena_printf(a, "%s/config.json", config) : NULL;
	if (config && access(config, F_OK) == 0)
		o->config_path = config;
	return 0;
}

static int open_folder(const char *path, mode_t mode, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : err_sys(err, errno, "open %s", path);
	r = path_mkdir_p(path, mode, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : err_sys(err, errno, "open %s", path);
}

static int open_run_root(const struct engine_options *o, struct err *err)
{
	const char *path = str_empty(o->run_root) ? getenv("HOY_RUN_ROOT") : o->run_root;
	cleanup_fd int fd = open_folder(path, 0700, err);
	struct stat st;

	if (fd < 0)
		return fd;
	/* The roster in it says whose namespace we join. */
	if (fstat(fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 022)
		return err_set(err, ERR_INVALID,
			       "run folder %s: it must belong to the user, and nobody else may "
			       "write to it",
			       path);
	return TAKE_FD(fd);
}

/* ---- the namespace ---- */

/* Made by this user from where we are. A container's PID 1 may have gone into one that it made, in
 * which it has rights over whoever comes. */
static bool is_ours(int ns)
{
	cleanup_fd int parent = ioctl(ns, NS_GET_PARENT);
	struct stat a, b;
	uid_t owner;

	return parent >= 0 && fstat(parent, &a) == 0 && stat("/proc/self/ns/user", &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev &&
	       ioctl(ns, NS_GET_OWNER_UID, &owner) == 0 && owner == geteuid();
}

static int try_join(int pidfd, pid_t pid, void *data)
{
	char path[64];
	int ns, r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	/* It lives still: so that was it. */
	r = ns >= 0 && proc_pidfd_signal(pidfd, 0) != -ESRCH && is_ours(ns) &&
	    setns(ns, CLONE_NEWUSER) == 0;
	(void)data;
	fd_close(ns);
	fd_close(pidfd);
	return r;
}

static int join_or_make(struct arena *a, int run_fd, char **note, struct err *err)
{
	cleanup_fd int roster = roster_open(run_fd, err);
	struct rootless_maps maps;
	char *why = NULL;
	int r = roster < 0 ? roster : roster_each(roster, try_join, NULL, err);

	if (r == 0) {
		r = rootless_maps_want(a, &maps, &why, err);
		if (r == 0)
			r = rootless_make(&maps, err);
		if (r == 0 && ftruncate(roster, 0) < 0)
			r = err_sys(err, errno, "empty the roster");
		if (why)
			*note = arena_printf(a,
					     "%s: containers get one user id, so that programs "
					     "that change theirs and images with files of other "
					     "owners fail (`hoy doctor` helps)",
					     why);
	}
	if (r < 0)
		return r;
	(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return roster_add(roster, getpid(), err);
}

/* ---- the store's map ---- */

/* Two maps in one text, the groups' behind an empty line. */
static int maps_parse(char *text, struct userns_map *uids, struct userns_map *gids)
{
	char *mid = strstr(text, "\n\n");
	int r;

	if (!mid)
		return -EINVAL;
	mid[1] = '\0';
	r = userns_map_parse(text, uids);
	return r < 0 ? r : userns_map_parse(mid + 2, gids);
}

static int maps_now(struct userns_map *uids, struct userns_map *gids, struct err *err)
{
	int r = userns_map_read("/proc/self/uid_map", uids, err);

	return r < 0 ? r : userns_map_read("/proc/self/gid_map", gids, err);
}

static int other_map(const char *root, const struct userns_map *was, const char *file,
		     struct err *err)
{
	const struct userns_range *r = &was->range[was->n - 1];

	return err_set(err, ERR_CONFLICT,
		       "the files of %s belong to other ids than this user has now: %s must give "
		       "the range %u:%u again (or set HOY_ROOT to another folder)",
		       root, file, r->outside, r->count);
}

static int check_store(const struct engine_options *o, struct err *err)
{
	const char *root = str_empty(o->root) ? getenv("HOY_ROOT") : o->root;
	cleanup(buf_done) struct buf b = BUF_INIT(MAP_FILE_MAX), text = BUF_INIT(MAP_FILE_MAX);
	struct userns_map uids, gids, old_uids, old_gids;
	cleanup_fd int fd = -EBADF;
	int r;

	if (o->existing && access(root, F_OK) < 0)
		return 0;
	fd = open_folder(root, 0710, err);
	r = fd < 0 ? fd : maps_now(&uids, &gids, err);
	if (r < 0)
		return r;
	userns_map_print(&uids, &text);
	buf_putc(&text, '\n');
	userns_map_print(&gids, &text);
	r = buf_check(&text, err);
	if (r < 0)
		return r;
	if (file_read(fd, MAP_FILE, &b, NULL) == 0) {
		if (b.len == text.len && memcmp(b.data, text.data, b.len) == 0)
			return 0;
		if (!b.data || maps_parse(b.data, &old_uids, &old_gids) < 0)
			return err_set(err, ERR_CORRUPT, "%s/" MAP_FILE " is damaged", root);
		if (!userns_map_covers(&uids, &old_uids))
			return other_map(root, &old_uids, SUBID_UID_FILE, err);
		if (!userns_map_covers(&gids, &old_gids))
			return other_map(root, &old_gids, SUBID_GID_FILE, err);
	}
	return file_write(fd, MAP_FILE, text.data, text.len, 0600, FILE_SYNC, err);
}

int rootless_enter(struct arena *a, struct engine_options *o, char **note, struct err *err)
{
	cleanup_fd int run = -EBADF;
	char path[PATH_MAX];
	int r;

	*note = NULL;
	/* Once in the namespace, we cannot tell root's files from other users' any more. */
	r = proc_program_path("hoy-monitor", path, sizeof(path), err);
	if (r == 0)
		r = rootless_folders(a, o, err);
	if (r < 0)
		return r;
	run = open_run_root(o, err);
	r = run < 0 ? run : join_or_make(a, run, note, err);
	if (r < 0)
		return r;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, errno, "make a mount namespace");
	return check_store(o, err);
}
