// SPDX-License-Identifier: Apache-2.0
/*
 * export and commit: a container's files as one tar, or as an image.
 *
 * commit writes down what the container is: its writable layer on top of its image, and its
 * configuration as the new image's, changed as asked. A running container is paused meanwhile,
 * unless that is declined, so that the layer is one moment of it; it is let go again on every way
 * out.
 */
#include <fcntl.h>
#include <string.h>

#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/copy-private.h"
#include "engine/image-private.h"
#include "engine/private.h"
#include "engine/undo.h"
#include "spec/image.h"
#include "store/tree.h"

int container_export(struct engine *e, const char *key, int out_fd, struct err *err)
{
	cleanup(copy_root_done) struct copy_root root = COPY_ROOT_INIT;
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct tree_pack pack = {.path = "/", .contents_only = true};
	int r;

	if (!a)
		return err_oom(err);
	r = copy_root_open(e, a, key, COPY_ROOT_ALONE, &root, err);
	if (r < 0)
		return r;
	pack.root_fd = root.fd;
	copy_root_ids(&root, &pack);
	return tree_pack(e->store, &pack, out_fd, err);
}

/* What only a container has does not go into an image. */
static json_t *image_settings(struct arena *a, const struct container_create *create,
			      char *const *changes, struct err *err)
{
	struct container_config c = create->config;
	json_t *j;

	c.hostname = c.domainname = c.image = c.mac_address = NULL;
	c.attach_stdin = c.attach_stdout = c.attach_stderr = false;
	c.tty = c.open_stdin = c.stdin_once = false;
	c.stop_timeout = (struct opt_i64){};
	j = json_encode(&image_settings_object, &c);
	if (!j) {
		(void)err_oom(err);
		return NULL;
	}
	if (image_apply_changes(a, j, changes, err) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

struct pause {
	struct engine *engine;
	const char *id;
};

static void unpause(void *data)
{
	const struct pause *p = data;

	(void)container_pause(p->engine, p->id, false, NULL);
}

/* The command line of the container, as its layer's history entry. */
static char *created_by(struct arena *a, const struct container_extra *x)
{
	char *args = strv_join(a, x->args, " ");

	if (!args || !*args)
		return arena_strdup(a, x->path ?: "");
	return arena_printf(a, "%s %s", x->path ?: "", args);
}

static int commit(struct engine *e, struct arena *a, const struct container_info *info,
		  struct store_commit *c, char **ret_id, struct err *err)
{
	struct container_extra extra = {};
	struct run_overlay overlay = {};
	struct store_image img = {};
	cleanup_fd int upper = -EBADF;
	char *by;
	int r;

	if ((r = container_overlay(e, a, info->row.id, &overlay, err)) < 0 ||
	    (r = container_extra_decode(a, info->row.extra, &extra, err)) < 0)
		return r;
	by = created_by(a, &extra);
	upper = open(overlay.upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!by)
		return err_oom(err);
	if (upper < 0)
		return err_sys(err, errno, "open the writable layer of container %s",
			       info->row.name);
	c->parent = str_empty(info->row.image) ? NULL : info->row.image;
	c->upper_fd = upper;
	c->created_by = by;
	r = store_commit(e->store, a, c, &img, err);
	if (r == 0)
		*ret_id = img.id;
	return r;
}

int container_commit(struct engine *e, struct arena *a, const char *key,
		     const struct commit_request *req, char **ret_id, struct err *err)
{
	cleanup(json_unref) json_t *config = NULL;
	cleanup(undo_run) struct undo undo = {};
	cleanup_fd int lock = -EBADF;
	struct container_info info;
	struct pause pause = {.engine = e};
	struct store_commit c = {
		.author = req->author, .comment = req->message, .upper_fd = -EBADF};
	char *name = NULL;
	int r;

	if (!str_empty(req->name) && (r = image_parse_name(a, req->name, &name, err)) < 0)
		return r;
	r = container_brief(e, a, key, &info, err);
	if (r < 0)
		return r;
	config = image_settings(a, info.config, req->changes, err);
	if (!config)
		return err ? err->code : -EINVAL;
	pause.id = info.row.id;
	if (req->pause && info.state.status == CONTAINER_RUNNING) {
		r = container_pause(e, info.row.id, true, err);
		if (r < 0)
			return r;
		undo_push(&undo, unpause, &pause);
	} else if (!container_status_is_live(info.state.status)) {
		lock = container_lock(e, info.row.id, true, err);
		if (lock < 0)
			return lock;
	}
	c.config = config;
	c.name = name;
	return commit(e, a, &info, &c, ret_id, err);
}
