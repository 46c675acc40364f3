// SPDX-License-Identifier: Apache-2.0
#include "oci/record.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/lock.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"

#define CONFIG_MAX ((size_t)16 << 20)
#define ID_MAX     1024
#define DEATH_MS   10000

#define ROW(name, kind, member)                                                                    \
	{                                                                                          \
		name, kind, JSON_OMIT, offsetof(struct record_state, member), NULL                 \
	}
static const struct json_field state_fields[] = {
	ROW("ociVersion", JSON_STR, oci_version),
	{"id", JSON_STR, JSON_REQUIRED, offsetof(struct record_state, id), NULL},
	ROW("init_process_pid", JSON_I64, pid),
	ROW("init_process_start", JSON_U64, start_time),
	ROW("created_ns", JSON_I64, created),
	ROW("creating", JSON_FLAG, creating),
	ROW("bundle", JSON_STR, bundle),
	ROW("rootfs", JSON_STR, rootfs),
	ROW("cgroup_path", JSON_STR, cgroup),
	ROW("cgroup_shared", JSON_FLAG, cgroup_shared),
	ROW("seccomp", JSON_STR, seccomp),
	ROW("no_new_keyring", JSON_FLAG, no_new_keyring),
	ROW("annotations", JSON_MAP, annotations),
	{},
};
#undef ROW
static const struct json_object state_object = {"state", sizeof(struct record_state), state_fields};

void record_done(struct record *rec)
{
	cgroup_free(TAKE_PTR(rec->cgroup));
	fd_close(TAKE_FD(rec->pidfd));
	fd_close(TAKE_FD(rec->lock_fd));
	fd_close(TAKE_FD(rec->dir_fd));
	fd_close(TAKE_FD(rec->root_fd));
}

static int check_id(const char *id, struct err *err)
{
	if (str_empty(id))
		return err_set(err, ERR_INVALID, "container id cannot be empty");
	if (strlen(id) > ID_MAX || !path_is_component(id))
		return err_set(err, ERR_INVALID, "invalid container ID format: %.64s", id);
	for (const char *s = id; *s; s++)
		if (!(*s >= 'a' && *s <= 'z') && !(*s >= 'A' && *s <= 'Z') &&
		    !(*s >= '0' && *s <= '9') && !strchr("_+-.", *s))
			return err_set(err, ERR_INVALID, "invalid container ID format: %s", id);
	return 0;
}

char *record_root(const struct command_line *c)
{
	const char *given = oci_globals(c)->root, *xdg = getenv("XDG_RUNTIME_DIR");
	char cwd[PATH_MAX];

	if (str_empty(given))
		return geteuid() != 0 && !str_empty(xdg) ? arena_printf(c->arena, "%s/hoy-oci", xdg)
							 : arena_strdup(c->arena, "/run/hoy-oci");
	return path_join(c->arena, getcwd(cwd, sizeof(cwd)) ?: "/", given);
}

int record_root_open(const struct command_line *c, struct err *err)
{
	char *root = record_root(c);
	int fd, r;

	if (!root)
		return err_oom(err);
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		r = path_mkdir_p(root, 0700, err);
		if (r < 0)
			return r;
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	return fd < 0 ? err_sys(err, errno, "open %s", root) : fd;
}

static int no_such(const char *id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "container \"%s\" does not exist", id);
}

/* The pidfd, when the process is still the one that was recorded. */
static void find_process(struct record *rec)
{
	fd_close(TAKE_FD(rec->pidfd));
	if (rec->state.pid <= 0)
		return;
	rec->pidfd = proc_pidfd_open((pid_t)rec->state.pid);
	/* In this order: what has the number now is held by the pidfd. */
	if (rec->pidfd >= 0 && !proc_is_alive((pid_t)rec->state.pid, rec->state.start_time))
		fd_close(TAKE_FD(rec->pidfd));
	if (rec->pidfd < 0)
		rec->pidfd = -EBADF;
}

static int read_state(struct record *rec, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	int r = file_read(rec->dir_fd, "state.json", &b, err);

	if (r == 0)
		r = json_decode_text(rec->arena, b.data, b.len, &state_object, &rec->state,
				     "state.json", err);
	if (r == 0)
		find_process(rec);
	return r;
}

/* What a killed create left. */
static bool is_abandoned(struct record *rec, int r)
{
	return (r == -ENOENT || (r == 0 && rec->state.creating)) &&
	       !lock_is_held(rec->dir_fd, "lock");
}

static void sweep(struct record *rec, const char *id)
{
	cleanup_fd int lock = lock_try(rec->dir_fd, "lock", LOCK_EXCLUSIVE, NULL);

	if (lock < 0)
		return;
	if (record_cgroup(rec, NULL) == 0 && rec->cgroup && !rec->state.cgroup_shared) {
		(void)cgroup_kill(rec->cgroup, NULL);
		(void)cgroup_remove(rec->cgroup, NULL);
	}
	(void)path_remove_tree(rec->root_fd, id, NULL);
}

static int open_in(struct record *rec, const char *id, struct err *err)
{
	int r;

	rec->dir_fd = openat(rec->root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (rec->dir_fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? no_such(id, err)
			       : err_sys(err, errno, "open the record of %s", id);
	r = read_state(rec, NULL);
	if (is_abandoned(rec, r)) {
		sweep(rec, id);
		return no_such(id, err);
	}
	if (r == -ENOENT)
		return err_set(err, ERR_CONFLICT, "container \"%s\" is being created", id);
	return r < 0 ? read_state(rec, err) : 0;
}

int record_open(struct command_line *c, const char *id, struct record *rec, struct err *err)
{
	int r = check_id(id, err);

	if (r < 0)
		return r;
	rec->arena = c->arena;
	rec->root_fd = record_root_open(c, err);
	return rec->root_fd < 0 ? rec->root_fd : open_in(rec, id, err);
}

int record_make(struct command_line *c, const char *id, struct record *rec, struct err *err)
{
	struct record old = RECORD_INIT;
	int r = check_id(id, err);

	if (r < 0)
		return r;
	rec->arena = c->arena;
	rec->root_fd = record_root_open(c, err);
	if (rec->root_fd < 0)
		return rec->root_fd;
	if (mkdirat(rec->root_fd, id, 0700) < 0 && errno == EEXIST) {
		r = record_open(c, id, &old, err);
		record_done(&old);
		if (r != -ENOENT || mkdirat(rec->root_fd, id, 0700) < 0)
			return err_set(err, ERR_CONFLICT,
				       "container with given ID already exists: %s", id);
		if (err)
			*err = ERR_INIT;
	}
	rec->dir_fd = openat(rec->root_fd, id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (rec->dir_fd < 0)
		return err_sys(err, errno, "create the record of %s", id);
	rec->lock_fd = lock_take(rec->dir_fd, "lock", LOCK_EXCLUSIVE, err);
	if (rec->lock_fd < 0)
		return rec->lock_fd;
	rec->state = (struct record_state){
		.oci_version = (char *)OCI_VERSION,
		.id = arena_strdup(c->arena, id),
		.creating = true,
		.created = clock_now(),
	};
	return rec->state.id ? 0 : err_oom(err);
}

int record_lock(struct record *rec, struct err *err)
{
	struct stat st;

	rec->lock_fd = lock_take(rec->dir_fd, "lock", LOCK_EXCLUSIVE, err);
	if (rec->lock_fd < 0)
		return rec->lock_fd;
	if (fstat(rec->lock_fd, &st) < 0 || st.st_nlink == 0 ||
	    faccessat(rec->dir_fd, "state.json", F_OK, 0) < 0)
		return no_such(rec->state.id, err);
	return read_state(rec, err);
}

int record_write(struct record *rec, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	int r = json_encode_text(&b, &state_object, &rec->state, err);

	return r < 0 ? r : file_write(rec->dir_fd, "state.json", b.data, b.len, 0600, 0, err);
}

int record_spec(struct record *rec, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	int r;

	if (rec->has_spec)
		return 0;
	r = file_read(rec->dir_fd, "config.json", &b, err);
	if (r == 0)
		r = oci_spec_decode(rec->arena, b.data, b.len, &rec->spec, err);
	rec->has_spec = r == 0;
	return r;
}

int record_cgroup(struct record *rec, struct err *err)
{
	int r;

	if (rec->has_cgroup || str_empty(rec->state.cgroup))
		return 0;
	r = cgroup_open(rec->state.cgroup, NULL, 0, &rec->cgroup, err);
	rec->has_cgroup = r == 0 || r == -ENOENT;
	return r == -ENOENT ? 0 : r;
}

enum status record_status(struct record *rec)
{
	if (rec->state.creating)
		return STATUS_CREATING;
	if (rec->pidfd < 0)
		return STATUS_STOPPED;
	if (faccessat(rec->dir_fd, "start", F_OK, 0) == 0)
		return STATUS_CREATED;
	if (record_cgroup(rec, NULL) == 0 && cgroup_is_frozen(rec->cgroup))
		return STATUS_PAUSED;
	return STATUS_RUNNING;
}

const char *status_name(enum status s)
{
	static const char *const names[] = {
		[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created",
		[STATUS_RUNNING] = "running",   [STATUS_PAUSED] = "paused",
		[STATUS_STOPPED] = "stopped",
	};

	return names[s];
}

/* The owner of the record by name, as far as the host's passwd has one. */
static json_t *owner(const struct record *rec)
{
	FILE *f = fopen("/etc/passwd", "re");
	json_t *found = NULL;
	char line[1024];
	struct stat st = {};

	(void)fstat(rec->dir_fd, &st);
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *name = line, *uid = strchr(line, ':');
		uint64_t n;

		uid = uid ? strchr(uid + 1, ':') : NULL;
		if (!uid)
			continue;
		*strchr(line, ':') = '\0';
		uid++;
		uid[strcspn(uid, ":\n")] = '\0';
		if (str_to_u64(uid, &n) == 0 && n == st.st_uid)
			found = json_string(name);
	}
	if (f)
		(void)fclose(f);
	return found ?: json_sprintf("#%u", (unsigned)st.st_uid);
}

json_t *record_json(struct record *rec)
{
	const struct record_state *s = &rec->state;
	enum status status = record_status(rec);
	char created[CLOCK_TEXT_MAX];
	json_t *notes = NULL, *j;

	clock_format(s->created, created);
	j = json_pack("{s:s,s:s,s:I,s:s,s:s,s:s,s:s}", "ociVersion", s->oci_version ?: OCI_VERSION,
		      "id", s->id, "pid", status == STATUS_STOPPED ? (json_int_t)0 : s->pid,
		      "status", status_name(status), "bundle", s->bundle ?: "", "rootfs",
		      s->rootfs ?: "", "created", created);
	if (s->annotations.n)
		notes = json_object();
	for (size_t i = 0; i < s->annotations.n; i++)
		(void)json_object_set_new(notes, s->annotations.items[i].key,
					  json_string(s->annotations.items[i].value));
	if (notes)
		(void)json_object_set_new(j, "annotations", notes);
	(void)json_object_set_new(j, "owner", owner(rec));
	return j;
}

/* SIGKILL to everything in it, and the end of the process awaited. */
static int end_processes(struct record *rec, struct err *err)
{
	struct pollfd p = {.fd = rec->pidfd, .events = POLLIN};

	if (rec->pidfd >= 0)
		(void)proc_pidfd_signal(rec->pidfd, SIGKILL);
	if (record_cgroup(rec, NULL) == 0 && rec->cgroup && !rec->state.cgroup_shared)
		(void)cgroup_kill(rec->cgroup, NULL);
	if (rec->pidfd >= 0 && poll(&p, 1, DEATH_MS) == 0)
		return err_sys(err, ETIMEDOUT, "end the process of container %s", rec->state.id);
	return 0;
}

static void poststop(struct command_line *c, struct record *rec)
{
	struct hook_state s = {.id = rec->state.id,
			       .status = "stopped",
			       .bundle_fd = -EBADF,
			       .annotations = &rec->state.annotations};
	struct err err = ERR_INIT;
	cleanup_fd int bundle = -EBADF;

	if (record_spec(rec, &err) < 0 || !rec->spec.hooks || !rec->spec.hooks->poststop.n)
		return;
	bundle = open(rec->state.bundle ?: "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s.bundle_fd = bundle;
	if (hooks_run(&rec->spec.hooks->poststop, "poststop", &s, &err) < 0)
		oci_log(c, "warning", "%s", err.msg);
}

int record_destroy(struct command_line *c, struct record *rec, struct err *err)
{
	int r = end_processes(rec, err), one;
	pid_t pid;

	if (r < 0)
		return r;
	/* The last one of those that share it takes it away. */
	if (rec->cgroup && (!rec->state.cgroup_shared || cgroup_pids(rec->cgroup, &pid, 1) == 0))
		r = cgroup_remove(rec->cgroup, err);
	if (!rec->state.creating)
		poststop(c, rec);
	one = path_remove_tree(rec->root_fd, rec->state.id, r < 0 ? NULL : err);
	if (r == 0 && one == 0)
		oci_log(c, "debug", "container %s: deleted", rec->state.id);
	return r < 0 ? r : one;
}

/* Our own place in the v2 tree, or in the first v1 hierarchy that has a controller; "" for the
 * root. */
static void own_cgroup(char *out, size_t size)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX + 128];

	out[0] = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		char *path = strchr(line, ':');

		path = path ? strchr(path + 1, ':') : NULL;
		if (!path)
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (str_after(line, "0::"))
			(void)snprintf(out, size, "%s", path + 1);
	}
	if (f)
		(void)fclose(f);
	if (str_eq(out, "/"))
		out[0] = '\0';
}

char *record_cgroup_path(struct arena *a, const char *path, const char *id)
{
	char own[PATH_MAX];

	if (!str_empty(path) && *path == '/')
		return path_clean(a, path);
	own_cgroup(own, sizeof(own));
	return path_clean(a, arena_printf(a, "%s/%s", own, str_empty(path) ? id : path) ?: "/");
}
