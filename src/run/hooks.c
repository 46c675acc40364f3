// SPDX-License-Identifier: Apache-2.0
#include "run/hooks.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"

static json_t *annotations_json(const struct json_map *m)
{
	json_t *j = json_object();

	for (size_t i = 0; m && i < m->n; i++)
		(void)json_object_set_new(j, m->items[i].key, json_string(m->items[i].value));
	return j;
}

static int state_text(const struct hook_state *s, struct buf *b, struct err *err)
{
	cleanup(json_unref) json_t *j = NULL;
	char link[64], bundle[PATH_MAX] = "";
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", s->bundle_fd);
	n = s->bundle_fd >= 0 ? readlink(link, bundle, sizeof(bundle) - 1) : 0;
	bundle[n > 0 ? n : 0] = '\0';
	j = json_pack("{s:s,s:s,s:s,s:s,s:o}", "ociVersion", "1.2.0", "id", s->id, "status",
		      s->status, "bundle", bundle, "annotations", annotations_json(s->annotations));
	if (!j || (s->pid && json_object_set_new(j, "pid", json_integer(s->pid)) < 0))
		return err_oom(err);
	return json_write(b, j, 0, err);
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

static int run_one(const struct oci_hook *h, const char *name, int state, struct err *err)
{
	char *args[] = {h->path, NULL};
	struct proc_fd fds[] = {{.from = state, .to = 0}};
	struct proc_spawn spawn = {
		.path = h->path,
		.argv = h->args ?: args,
		.envp = h->env,
		.fds = fds,
		.n_fds = ARRAY_SIZE(fds),
	};
	struct proc p;
	struct pollfd pfd;
	int r;

	if (lseek(state, 0, SEEK_SET) < 0)
		return err_sys(err, errno, "rewind the state for hooks");
	r = proc_spawn(&spawn, &p, err);
	if (r < 0)
		return err ? err_prefix(err, "%s hook %s", name, h->path) : r;
	pfd = (struct pollfd){.fd = p.pidfd, .events = POLLIN};
	if (h->timeout.set && poll(&pfd, 1, (int)MIN_OF(h->timeout.value, 1000000) * 1000) == 0) {
		(void)proc_pidfd_signal(p.pidfd, SIGKILL);
		(void)proc_wait(&p);
		return err_sys(err, ETIMEDOUT, "%s hook %s", name, h->path);
	}
	r = proc_wait(&p);
	if (r < 0)
		return err_sys(err, r, "wait for %s hook %s", name, h->path);
	if (r > 0)
		return err_set(err, ERR_SYSTEM, "%s hook %s failed with exit code %d", name,
			       h->path, proc_exit_code(r));
	return 0;
}

int hooks_run(const struct json_list *hooks, const char *name, const struct hook_state *s,
	      struct err *err)
{
	cleanup_fd int state = -EBADF;
	int r = 0;

	if (!hooks->n)
		return 0;
	state = state_file(s, err);
	for (size_t i = 0; state >= 0 && r == 0 && i < hooks->n; i++)
		r = run_one(JSON_AT(struct oci_hook, hooks, i), name, state, err);
	return state < 0 ? state : r;
}
