// SPDX-License-Identifier: Apache-2.0
#include "run/hooks.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/str.h"

static json_t *annotations_json(const struct json_map *m)
{
	json_t *j = json_object();

	for (size_t i = 0; m && i < m->n; i++)
		(void)json_object_set_new(j, m->items[i].key, json_string(m->items[i].value));
	return j;
}

void hooks_bundle_path(int fd, char *out, size_t size)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = fd >= 0 ? readlink(link, out, size - 1) : 0;
	out[n > 0 ? n : 0] = '\0';
}

json_t *hooks_state_json(const struct hook_state *s)
{
	char bundle[PATH_MAX];
	json_t *j;

	if (s->bundle)
		(void)snprintf(bundle, sizeof(bundle), "%s", s->bundle);
	else
		hooks_bundle_path(s->bundle_fd, bundle, sizeof(bundle));
	j = json_pack("{s:s,s:s,s:s,s:s,s:o}", "ociVersion", "1.2.0", "id", s->id, "status",
		      s->status, "bundle", bundle, "annotations", annotations_json(s->annotations));
	if (j && s->pid && json_object_set_new(j, "pid", json_integer(s->pid)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int state_text(const struct hook_state *s, struct buf *b, struct err *err)
{
	cleanup(json_unref) json_t *j = hooks_state_json(s);

	return j ? json_write(b, j, 0, err) : err_oom(err);
}

/* A file in memory, not a pipe: a hook that does not read its stdin must not block us. */
static int state_file(const struct hook_state *s, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	cleanup_fd int fd = memfd_create("state", MFD_CLOEXEC);
	int r = fd < 0 ? err_sys(err, errno, "make the state for hooks") : state_text(s, &b, err);

	if (r == 0)
		r = fd_write(fd, b.data, b.len);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	return r < 0 ? r : TAKE_FD(fd);
}

/* What a hook wrote, on one line. */
static void output_of(int fd, char *out, size_t size)
{
	ssize_t n = lseek(fd, 0, SEEK_SET) < 0 ? 0 : fd_read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

static int explain(const struct oci_hook *h, int status, int out, struct err *err)
{
	char text[512];

	output_of(out, text, sizeof(text));
	return err_set(err, ERR_SYSTEM, "%s: %s %d%s%s", h->path,
		       WIFSIGNALED(status) ? "signal" : "exit status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
		       *text ? ", output: " : "", text);
}

/* Ends the hook when its time is up. */
static int wait_for(const struct oci_hook *h, struct proc *p, int out, struct err *err)
{
	struct pollfd pfd = {.fd = p->pidfd, .events = POLLIN};
	int r;

	if (h->timeout.set && poll(&pfd, 1, (int)MIN_OF(h->timeout.value, 1000000) * 1000) == 0) {
		(void)proc_pidfd_signal(p->pidfd, SIGKILL);
		(void)proc_wait(p);
		return err_set(err, ERR_SYSTEM, "%s: still running after %lld s", h->path,
			       (long long)h->timeout.value);
	}
	r = proc_wait(p);
	if (r < 0)
		return err_sys(err, r, "wait for %s", h->path);
	return r > 0 ? explain(h, r, out, err) : 0;
}

static int run_one(const struct oci_hook *h, int state, struct err *err)
{
	/* A file, not a pipe: what a hook leaves running may hold it for ever. */
	cleanup_fd int out = memfd_create("output", MFD_CLOEXEC);
	char *args[] = {h->path, NULL};
	struct proc_fd fds[] = {{state, 0}, {out, 1}, {out, 2}};
	struct proc_spawn spawn = {
		.path = h->path,
		.argv = h->args && h->args[0] ? h->args : args,
		.envp = h->env,
		.fds = fds,
		.n_fds = ARRAY_SIZE(fds),
	};
	struct proc p;
	int r;

	if (out < 0 || lseek(state, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "files for hook %s", h->path);
	r = proc_spawn(&spawn, &p, err);
	return r < 0 ? r : wait_for(h, &p, out, err);
}

int hooks_run(const struct json_list *hooks, const char *name, const struct hook_state *s,
	      struct err *err)
{
	bool all = str_eq(name, "poststop");
	cleanup_fd int state = -EBADF;
	int r = 0;

	if (!hooks->n)
		return 0;
	state = state_file(s, err);
	if (state < 0)
		return state;
	for (size_t i = 0; i < hooks->n && (r == 0 || all); i++) {
		struct err e = ERR_INIT;
		int one = run_one(JSON_AT(struct oci_hook, hooks, i), state, &e);

		if (one < 0 && r == 0)
			r = err_set(err, e.kind, "error running %s hook #%zu: %s", name, i, e.msg);
	}
	return r;
}
