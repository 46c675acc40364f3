// SPDX-License-Identifier: Apache-2.0
/*
 * create and run: a bundle becomes a container.
 *
 * Order: everything that can be refused is refused first; then the record is made (creating), which
 * takes the id; then cgroup path and seccomp program; then the process; then its terminal is handed
 * over, the record completed and the pid file written, and only then the process is let go: killed at
 * any point before, it ends with us, and the record says what to sweep.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/sock.h"
#include "base/str.h"
#include "oci/console.h"
#include "oci/foreground.h"
#include "oci/record.h"
#include "run/run.h"

#define CONFIG_MAX ((size_t)16 << 20)

struct create_options {
	char *bundle, *console_socket, *pid_file;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring;
	bool detach, keep, no_subreaper; /* of run */
};

/* What create is made of: all of it goes away together. */
struct creation {
	struct command_line *c;
	const struct create_options *o;
	struct record rec;
	int bundle_fd, console, start_fd;
	void *seccomp;
	size_t seccomp_len;
	struct run_container *container;
	bool detached;
};

static void creation_done(struct creation *k)
{
	run_container_free(TAKE_PTR(k->container));
	free(TAKE_PTR(k->seccomp));
	fd_close(TAKE_FD(k->bundle_fd));
	fd_close(TAKE_FD(k->console));
	fd_close(TAKE_FD(k->start_fd));
	record_done(&k->rec);
}
DEFINE_CLEANUP_VALUE(struct creation, creation_done)

static int check_spec(struct arena *a, struct oci_spec *spec, struct err *err)
{
	if (!spec->process)
		return err_set(err, ERR_INVALID, "process property must not be empty");
	if (!spec->process->args || !spec->process->args[0])
		return err_set(err, ERR_INVALID, "args must not be empty");
	if (!spec->linux)
		spec->linux = arena_alloc(a, sizeof(*spec->linux));
	return spec->linux ? 0 : err_oom(err);
}

static int read_bundle(struct creation *k, struct buf *text, struct err *err)
{
	struct oci_spec *spec = &k->rec.spec;
	char dir[PATH_MAX], link[64];
	ssize_t n;
	int r;

	k->bundle_fd = open(str_empty(k->o->bundle) ? "." : k->o->bundle,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->bundle_fd < 0)
		return err_sys(err, errno, "open bundle %s", k->o->bundle ?: ".");
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", k->bundle_fd);
	n = readlink(link, dir, sizeof(dir) - 1);
	if (n < 0)
		return err_sys(err, errno, "find bundle %s", k->o->bundle ?: ".");
	dir[n] = '\0';
	r = file_read(k->bundle_fd, "config.json", text, err);
	if (r == -ENOENT)
		return err_set(err, ERR_NOT_FOUND,
			       "JSON specification file %s/config.json not found", dir);
	if (r == 0)
		r = oci_spec_decode(k->c->arena, text->data, text->len, spec, err);
	if (r == 0)
		r = check_spec(k->c->arena, spec, err);
	if (r < 0)
		return r;
	k->rec.has_spec = true;
	k->rec.arena = k->c->arena;
	k->rec.state.bundle = arena_strdup(k->c->arena, dir);
	k->rec.state.rootfs =
		path_join(k->c->arena, dir, spec->root && spec->root->path ? spec->root->path : "");
	return k->rec.state.bundle && k->rec.state.rootfs ? 0 : err_oom(err);
}

/* Those who share a group are frozen and limited together, which runc only warns of. */
static int check_cgroup(struct creation *k, struct err *err)
{
	struct cgroup *cg = NULL;
	pid_t pid;
	int r = cgroup_open(k->rec.state.cgroup, NULL, 0, &cg, NULL);

	if (r < 0)
		return 0;
	if (cgroup_is_frozen(cg)) {
		r = err_set(err, ERR_CONFLICT, "container's cgroup unexpectedly frozen");
	} else if (cgroup_pids(cg, &pid, 1) > 0) {
		k->rec.state.cgroup_shared = true;
		oci_log(k->c, "warning", "container's cgroup is not empty: %s",
			k->rec.state.cgroup);
	}
	cgroup_free(cg);
	return r;
}

static int make_record(struct creation *k, const struct buf *config, struct err *err)
{
	const struct record_state bundle = k->rec.state;
	struct record_state *s = &k->rec.state;
	int r = record_make(k->c, k->c->args[0], &k->rec, err);

	if (r < 0)
		return r;
	s->bundle = bundle.bundle;
	s->rootfs = bundle.rootfs;
	s->annotations = k->rec.spec.annotations;
	s->no_new_keyring = k->o->no_new_keyring;
	s->cgroup = record_cgroup_path(k->c->arena, k->rec.spec.linux->cgroups_path, s->id);
	if (!s->cgroup)
		return err_oom(err);
	k->rec.spec.linux->cgroups_path = s->cgroup;
	r = check_cgroup(k, err);
	if (r == 0)
		r = file_write(k->rec.dir_fd, "config.json", config->data, config->len, 0600, 0,
			       err);
	return r < 0 ? r : record_write(&k->rec, err);
}

static int prepare(struct creation *k, struct err *err)
{
	int r = record_seccomp_prepare(&k->rec, err);

	if (r == 0)
		r = record_seccomp(&k->rec, &k->seccomp, &k->seccomp_len, err);
	if (r == 0 && !str_empty(k->o->console_socket)) {
		k->console = console_connect(k->o->console_socket, err);
		r = k->console < 0 ? k->console : 0;
	}
	if (r == 0) {
		k->start_fd = sock_listen(k->rec.dir_fd, "start", err);
		r = k->start_fd < 0 ? k->start_fd : 0;
	}
	return r;
}

/* Sockets that systemd gave us are the process's: it is told so. */
static int add_listen_env(struct creation *k, unsigned listen, struct err *err)
{
	struct oci_process *p = k->rec.spec.process;

	if (!listen)
		return 0;
	p->env = env_set(k->c->arena, p->env, arena_printf(k->c->arena, "LISTEN_FDS=%u", listen));
	p->env = env_set(k->c->arena, p->env, "LISTEN_PID=1");
	return p->env ? 0 : err_oom(err);
}

static int make_process(struct creation *k, unsigned preserve, struct err *err)
{
	struct run_options o = {
		.id = k->rec.state.id,
		.spec = &k->rec.spec,
		.bundle_fd = k->bundle_fd,
		.seccomp = k->seccomp,
		.seccomp_len = k->seccomp_len,
		.stdin_fd = STDIN_FILENO,
		.stdout_fd = STDOUT_FILENO,
		.stderr_fd = STDERR_FILENO,
		.start_fd = k->start_fd,
		.preserve_fds = preserve,
		.keep_keyring = k->o->no_new_keyring,
		.no_pivot = k->o->no_pivot,
		.cgroup_shared = true,
		.cgroup_kept = k->rec.state.cgroup_shared,
		.cgroup_all = true,
	};
	int r = run_create(&o, &k->container, err);

	if (r == 0 && k->console >= 0)
		r = console_send(k->console, run_terminal(k->container), err);
	return r;
}

static int complete_record(struct creation *k, struct err *err)
{
	struct record_state *s = &k->rec.state;
	int r;

	s->pid = run_pid(k->container);
	s->start_time = proc_start_time((pid_t)s->pid);
	s->creating = false;
	r = record_write(&k->rec, err);
	return r < 0 ? r : pid_file_write(k->o->pid_file, (pid_t)s->pid, err);
}

static int create(struct creation *k, bool detached, struct err *err)
{
	cleanup(buf_done) struct buf config = BUF_INIT(CONFIG_MAX);
	unsigned preserve = 0, listen = 0;
	int r = read_bundle(k, &config, err);

	if (r == 0)
		r = console_check(k->rec.spec.process->terminal, detached, k->o->console_socket,
				  err);
	if (r == 0)
		r = preserved_fds(k->o->preserve_fds, &preserve, &listen, err);
	if (r == 0)
		r = add_listen_env(k, listen, err);
	if (r == 0)
		r = make_record(k, &config, err);
	if (r < 0)
		return r;
	oci_log(k->c, "debug", "container %s: bundle %s, cgroup %s", k->rec.state.id,
		k->rec.state.bundle, k->rec.state.cgroup);
	r = prepare(k, err);
	if (r == 0)
		r = make_process(k, preserve, err);
	if (r == 0)
		r = complete_record(k, err);
	if (r == 0)
		oci_log(k->c, "debug", "container %s: process %d waits for its start",
			k->rec.state.id, (int)k->rec.state.pid);
	return r;
}

static void undo(struct creation *k)
{
	if (k->container)
		(void)run_delete(k->container, NULL);
	/* Without the lock the record is somebody else's: the id was taken. */
	if (k->rec.lock_fd >= 0)
		(void)path_remove_tree(k->rec.root_fd, k->rec.state.id, NULL);
}

static void creation_init(struct creation *k, struct command_line *c)
{
	*k = (struct creation){.c = c,
			       .o = c->options,
			       .rec = RECORD_INIT,
			       .bundle_fd = -EBADF,
			       .console = -EBADF,
			       .start_fd = -EBADF};
}

static int run_create_command(struct command_line *c, struct err *err)
{
	cleanup(creation_done) struct creation k;
	int r;

	creation_init(&k, c);
	r = create(&k, true, err);
	if (r == 0)
		r = run_stay(k.container, err);
	if (r < 0)
		undo(&k);
	return r;
}

/* The process goes on when the socket is gone: from here on it is running. */
static int go(struct creation *k, struct err *err)
{
	int r;

	(void)unlinkat(k->rec.dir_fd, "start", 0);
	r = run_start(k->container, err);
	if (r == 0)
		oci_log(k->c, "debug", "container %s: process %d runs", k->rec.state.id,
			(int)k->rec.state.pid);
	fd_close(TAKE_FD(k->start_fd));
	fd_close(TAKE_FD(k->console));
	return r;
}

static int wait_for(struct creation *k, struct err *err)
{
	int exit_code = 0, r;

	/* Others may want to look, pause or delete meanwhile. */
	fd_close(TAKE_FD(k->rec.lock_fd));
	r = foreground_wait(run_pid(k->container), run_pidfd(k->container),
			    run_terminal(k->container), &exit_code, err);
	if (r < 0 || k->o->keep)
		return r < 0 ? r : exit_code;
	if (record_lock(&k->rec, NULL) == 0)
		r = record_destroy(k->c, &k->rec, err);
	return r < 0 ? r : exit_code;
}

static int run_run_command(struct command_line *c, struct err *err)
{
	cleanup(creation_done) struct creation k;
	bool detach = ((const struct create_options *)c->options)->detach;
	int r;

	creation_init(&k, c);
	if (!detach) {
		foreground_prepare();
		if (!k.o->no_subreaper)
			(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	}
	r = create(&k, detach, err);
	if (r == 0)
		r = go(&k, err);
	if (r < 0) {
		undo(&k);
		return r;
	}
	return detach ? 0 : wait_for(&k, err);
}

#define FLAG(...) FLAG_OF(create_options, __VA_ARGS__)
#define BUNDLE                                                                                     \
	FLAG(bundle, "bundle", 'b', FLAG_STRING,                                                   \
	     "Folder with config.json and the root file system; the current one by default",       \
	     .noun = NOUN_FILE)
#define CONSOLE                                                                                    \
	FLAG(console_socket, "console-socket", 0, FLAG_STRING,                                     \
	     "Unix socket that gets the terminal's file descriptor", .noun = NOUN_FILE)
#define NO_KEYRING                                                                                 \
	FLAG(no_new_keyring, "no-new-keyring", 0, FLAG_BOOL, "Keep the caller's session keyring")
#define NO_PIVOT                                                                                   \
	FLAG(no_pivot, "no-pivot", 0, FLAG_BOOL,                                                   \
	     "Change the root by chroot: for hosts that run from a ramdisk")
#define PID_FILE                                                                                   \
	FLAG(pid_file, "pid-file", 0, FLAG_STRING, "File to write the process id to",              \
	     .noun = NOUN_FILE)
#define PRESERVE                                                                                   \
	FLAG(preserve_fds, "preserve-fds", 0, FLAG_INT,                                            \
	     "Pass that many more file descriptors on: 3 and the following")

static const struct flag create_flags[] = {
	BUNDLE, CONSOLE, NO_KEYRING, NO_PIVOT, PID_FILE, PRESERVE, {},
};

static const struct flag run_flags[] = {
	BUNDLE,
	CONSOLE,
	FLAG(detach, "detach", 'd', FLAG_BOOL, "Do not wait for the process"),
	FLAG(keep, "keep", 0, FLAG_BOOL, "Do not delete the container when it has ended"),
	NO_KEYRING,
	NO_PIVOT,
	FLAG(no_subreaper, "no-subreaper", 0, FLAG_BOOL,
	     "Leave orphans of the container to the system"),
	PID_FILE,
	PRESERVE,
	{},
};
#undef FLAG

const struct command cmd_create = {
	.paths = "create",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Create a container",
	.details = "The container's process is made and waits: start lets it execute its command.",
	.min_args = 1,
	.max_args = 1,
	.flags = create_flags,
	.options_size = sizeof(struct create_options),
	.run = run_create_command,
};

const struct command cmd_run = {
	.paths = "run",
	.usage = "[OPTIONS] CONTAINER",
	.summary = "Create and start a container",
	.details = "Without --detach it waits for the process, passes signals and the terminal on, "
		   "deletes the container and exits as the process did.",
	.min_args = 1,
	.max_args = 1,
	.flags = run_flags,
	.options_size = sizeof(struct create_options),
	.run = run_run_command,
};
