// SPDX-License-Identifier: Apache-2.0
#include "engine/engine.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "base/userns.h"
#include "engine/config.h"
#include "engine/private.h"
#include "monitor/client.h"

static const char *choose(const char *option, const char *variable, const char *fallback)
{
	const char *v;

	if (!str_empty(option))
		return option;
	v = getenv(variable);
	return str_empty(v) ? fallback : v;
}

/* An absolute, clean path: it goes into rows, monitor.json and mount options. */
static int absolute(struct arena *a, const char *path, char **ret, struct err *err)
{
	cleanup_free char *cwd = NULL;

	if (path[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_sys(err, errno, "current directory");
	}
	*ret = path_join(a, cwd ?: "/", path);
	return *ret ? 0 : err_oom(err);
}

/* The directory is there at nearly every start: one open tells. */
static int open_dir(const char *path, mode_t mode, bool make, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd >= 0)
		return fd;
	if (errno != ENOENT || !make)
		return err_sys(err, errno, "open %s", path);
	r = path_mkdir_p(path, mode, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 ? fd : err_sys(err, errno, "open %s", path);
}

static int open_roots(struct engine *e, const struct engine_options *o, struct err *err)
{
	const char *config = choose(o->config_path, "HOY_CONFIG", NULL);
	int r;

	r = absolute(e->arena, choose(o->root, "HOY_ROOT", ENGINE_ROOT_DEFAULT), &e->root, err);
	if (r < 0)
		return r;
	r = absolute(e->arena, choose(o->run_root, "HOY_RUN_ROOT", ENGINE_RUN_ROOT_DEFAULT),
		     &e->run_root, err);
	if (r < 0)
		return r;
	r = config_load(e->arena, config ?: CONFIG_PATH_DEFAULT, config != NULL, &e->config, err);
	if (r < 0 || o->without_store)
		return r;
	e->run_fd = open_dir(e->run_root, 0700, !o->existing, err);
	if (e->run_fd < 0)
		return e->run_fd;
	e->root_fd = open_dir(e->root, 0710, !o->existing, err);
	if (e->root_fd < 0)
		return e->root_fd;
	e->containers_fd = path_open_dir(e->root_fd, "containers", 0710, err);
	if (e->containers_fd < 0)
		return e->containers_fd;
	r = store_open(e->root, o->existing ? STORE_READ_ONLY : 0, &e->store, err);
	return r < 0 ? r : store_set_keeper(e->store, e->run_root, config, err);
}

int engine_open(const struct engine_options *o, struct engine **ret, struct err *err)
{
	static const struct engine_options none;
	cleanup(engine_close) struct engine *e = calloc(1, sizeof(*e));
	int r;

	if (!e)
		return err_oom(err);
	e->root_fd = e->run_fd = e->containers_fd = -EBADF;
	e->fresh = (struct engine_fresh){.dirfd = -EBADF, .run_fd = -EBADF, .monitor = -EBADF};
	e->arena = arena_new(ARENA_DEFAULT_MAX);
	if (!e->arena)
		return err_oom(err);
	e->rootless = !userns_is_initial();
	r = open_roots(e, o ?: &none, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(e);
	return 0;
}

void engine_fresh_done(struct engine_fresh *f)
{
	monitor_cancel(f->monitor);
	fd_close(f->run_fd);
	fd_close(f->dirfd);
	*f = (struct engine_fresh){.dirfd = -EBADF, .run_fd = -EBADF, .monitor = -EBADF};
}

void engine_close(struct engine *e)
{
	if (!e)
		return;
	if (e->store)
		store_close(e->store);
	/* As if we had died: an auto-removed container that was not started goes. */
	fd_close(TAKE_FD(e->fresh.monitor));
	engine_fresh_done(&e->fresh);
	fd_close(e->containers_fd);
	fd_close(e->run_fd);
	fd_close(e->root_fd);
	arena_free(e->arena);
	free(e);
}

struct store *engine_store(struct engine *e)
{
	return e->store;
}

const struct engine_config *engine_config(const struct engine *e)
{
	return &e->config;
}

bool engine_once(struct engine *e, const char *what)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "cache/said-%s", what);
	if (faccessat(e->root_fd, path, F_OK, 0) == 0)
		return false;
	fd = openat(e->root_fd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	fd_close(fd);
	return fd >= 0;
}

const char *engine_root(const struct engine *e)
{
	return e->root;
}

const char *engine_run_root(const struct engine *e)
{
	return e->run_root;
}
