// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"

struct follow {
	struct engine *e;
	const char *id;
	log_record_fn *fn;
	void *data;
};

static int pass_on(const struct log_record *r, void *data)
{
	struct follow *f = data;

	return f->fn(r, f->data);
}

static bool alive(void *data)
{
	struct follow *f = data;

	return container_is_alive(f->e, f->id);
}

int container_logs(struct engine *e, const char *key, const struct log_read *what,
		   log_record_fn *fn, void *data, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(16 << 20);
	cleanup_fd int dir = -EBADF;
	struct container_info c;
	struct follow follow;
	const char *driver;
	int r;

	if (!a)
		return err_oom(err);
	if (!what->stdout_wanted && !what->stderr_wanted)
		return err_set(err, ERR_INVALID,
			       "Bad parameters: you must choose at least one stream");
	r = container_brief(e, a, key, &c, err);
	if (r < 0)
		return r;
	driver = c.config->host_config.log_config.type;
	if (str_eq(driver, "none"))
		return err_set(err, ERR_UNSUPPORTED,
			       "configured logging driver does not support reading");
	dir = container_open_dir(e, c.row.id, err);
	if (dir < 0)
		return dir;
	follow = (struct follow){e, c.row.id, fn, data};
	return log_read_all(driver, dir, what, pass_on, alive, &follow, err);
}
