// SPDX-License-Identifier: Apache-2.0
/*
 * Images made here: import (a root's tar) and commit (a container's upper directory). Both bring
 * one blob, whose uncompressed digest the unpacking tells, a configuration around it, and a
 * manifest.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "spec/digest.h"
#include "spec/image.h"
#include "spec/platform.h"
#include "spec/reference.h"
#include "store/image.h"
#include "store/manifest.h"

#define CONFIG_TEXT_MAX IMAGE_CONFIG_MAX

struct made {
	struct batch *b;
	char *blob, *diff_id; /* of the new layer */
	json_t *document;     /* the configuration: ours */
};

static int run_job(struct made *m, uint32_t job, int stream, int dir, struct worker_reply *reply,
		   struct err *err)
{
	struct worker_request req = {.job = job};
	int r = worker_run(&req, stream, dir, reply, err);

	if (r < 0)
		return r;
	if (!digest_is_sha256(reply->digest))
		return err_set(err, ERR_SYSTEM, "the archive worker gave no digest");
	return batch_blob(m->b, reply->digest, (int64_t)reply->size, "m0", err);
}

static int take_blob(struct made *m, const struct worker_reply *reply, struct err *err)
{
	m->blob = arena_strdup(m->b->a, reply->digest);
	return m->blob ? 0 : err_oom(err);
}

/* The digest of what a compressed blob contains. */
static int hash_content(struct made *m, struct err *err)
{
	cleanup_fd int in = batch_open_blob(m->b, m->blob, err);
	struct worker_request req = {.job = WORKER_HASH, .flags = WORKER_INFLATE};
	cleanup_fd int dir = batch_dir(m->b, err);
	struct worker_reply reply;
	int r = in < 0 ? in : dir < 0 ? dir : worker_run(&req, in, dir, &reply, err);

	if (r < 0)
		return r;
	m->diff_id = arena_strdup(m->b->a, reply.digest);
	return m->diff_id ? 0 : err_oom(err);
}

static int set(json_t *object, const char *key, json_t *value, struct err *err)
{
	return json_object_set_new(object, key, value) < 0 ? err_oom(err) : 0;
}

static int add_history(json_t *document, const char *created, const struct store_commit *c,
		       struct err *err)
{
	json_t *history = json_object_get(document, "history"), *h = json_object();
	int r = h ? set(h, "created", json_string(created), err) : err_oom(err);

	if (r == 0 && !json_is_array(history)) {
		history = json_array();
		r = set(document, "history", history, err);
	}
	if (r == 0 && !str_empty(c->author))
		r = set(h, "author", json_string(c->author), err);
	if (r == 0 && !str_empty(c->created_by))
		r = set(h, "created_by", json_string(c->created_by), err);
	if (r == 0 && !str_empty(c->comment))
		r = set(h, "comment", json_string(c->comment), err);
	if (r < 0) {
		json_decref(h);
		return r;
	}
	return json_array_append_new(history, h) < 0 ? err_oom(err) : 0;
}

/* The parent's document, or a new one, with the new layer on top. */
static int make_document(struct made *m, const char *parent_config, const struct store_commit *c,
			 struct err *err)
{
	char created[CLOCK_TEXT_MAX];
	json_t *rootfs, *diffs;
	int r = 0;

	clock_format(clock_now(), created);
	m->document = parent_config ? json_parse(parent_config, strlen(parent_config),
						 "configuration", err)
				    : json_pack("{s:s, s:s}", "architecture",
						platform_host().architecture, "os", "linux");
	if (!m->document)
		return parent_config ? -EINVAL : err_oom(err);
	/* What was true of the parent's making alone. */
	(void)json_object_del(m->document, "container");
	(void)json_object_del(m->document, "container_config");
	(void)json_object_del(m->document, "id");
	(void)json_object_del(m->document, "parent");
	rootfs = json_object_get(m->document, "rootfs");
	if (!json_is_object(rootfs)) {
		rootfs = json_pack("{s:s, s:[]}", "type", "layers", "diff_ids");
		r = set(m->document, "rootfs", rootfs, err);
	}
	diffs = r == 0 ? json_object_get(rootfs, "diff_ids") : NULL;
	if (r == 0 && json_array_append_new(diffs, json_string(m->diff_id)) < 0)
		r = err_oom(err);
	if (r == 0)
		r = set(m->document, "created", json_string(created), err);
	if (r == 0 && c->config)
		r = set(m->document, "config", json_incref(c->config), err);
	if (r == 0 && !str_empty(c->author))
		r = set(m->document, "author", json_string(c->author), err);
	if (r == 0 && !str_empty(c->comment))
		r = set(m->document, "comment", json_string(c->comment), err);
	return r < 0 ? r : add_history(m->document, created, c, err);
}

static int add_layer(struct made *m, struct batch_image *img, const char *diff_id, const char *blob,
		     const char *type, struct err *err)
{
	struct batch_layer *l = json_list_add(m->b->a, &img->layers, sizeof(*l));

	if (!l)
		return err_oom(err);
	*l = (struct batch_layer){arena_strdup(m->b->a, diff_id), arena_strdup(m->b->a, blob),
				  arena_strdup(m->b->a, type)};
	return l->diff_id && l->blob && l->media_type ? 0 : err_oom(err);
}

static int inherit_layers(struct made *m, struct batch_image *img, const char *parent,
			  struct err *err)
{
	sqlite3_stmt *q =
		db_query(m->b->s, err,
			 "SELECT layer, blob, media_type, size FROM image_layer JOIN blob ON "
			 "digest = blob WHERE image = ? ORDER BY pos",
			 "s", parent);
	int r;

	while ((r = db_step(m->b->s, q, err)) > 0) {
		r = batch_blob(m->b, db_text(q, 1), db_int(q, 3), NULL, err);
		if (r == 0)
			r = add_layer(m, img, db_text(q, 0), db_text(q, 1), db_text(q, 2), err);
		if (r < 0)
			break;
	}
	db_end(q);
	return r;
}

static int name_image(struct made *m, struct batch_image *img, const char *name, struct err *err)
{
	struct reference ref;
	char *canonical;
	int r;

	if (str_empty(name))
		return 0;
	r = reference_parse(m->b->a, name, &ref, err);
	if (r < 0)
		return r;
	if (ref.digest)
		return err_set(err, ERR_INVALID,
			       "refusing to create a tag with a digest reference");
	if (reference_default_tag(m->b->a, &ref) < 0 ||
	    !(canonical = reference_canonical(m->b->a, &ref)) ||
	    !(img->names = strv_append(m->b->a, NULL, canonical)))
		return err_oom(err);
	return 0;
}

static int make_image(struct made *m, const struct store_commit *c, const char *parent_config,
		      struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT(CONFIG_TEXT_MAX);
	struct batch_image *img = batch_image(m->b);
	const char *type;
	int r;

	if (!img)
		return err_oom(err);
	r = name_image(m, img, c->name, err);
	if (r == 0)
		r = make_document(m, parent_config, c, err);
	if (r == 0)
		r = json_write(&text, m->document, 0, err);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		r = batch_text(m->b, text.data, text.len, &img->id, err);
	if (r == 0 && c->parent)
		r = inherit_layers(m, img, c->parent, err);
	if (r == 0)
		r = manifest_layer_type(m->b, m->blob, &type, err);
	if (r == 0)
		r = add_layer(m, img, m->diff_id, m->blob, type, err);
	if (r < 0)
		return r;
	img->config = arena_strndup(m->b->a, text.data, text.len);
	img->created = clock_now();
	if (!img->config)
		return err_oom(err);
	r = manifest_make(m->b, img, err);
	return r < 0 ? r : batch_commit(m->b, err);
}

static int result(struct made *m, struct store_image *out, struct err *err)
{
	struct json_list list = {};
	int r = manifest_result(m->b, &list, err);

	if (r == 0 && list.n == 0)
		r = err_set(err, ERR_NOT_FOUND, "the new image was removed at once");
	if (r == 0)
		*out = *JSON_AT(struct store_image, &list, 0);
	return r;
}

int store_import(struct store *s, struct arena *a, int fd, json_t *config, const char *name,
		 const char *comment, struct store_image *out, struct err *err)
{
	struct store_commit c = {.config = config, .name = name, .comment = comment};
	cleanup(batch_done) struct batch b = {};
	struct made m = {.b = &b};
	struct worker_reply reply;
	cleanup_fd int dir = -EBADF;
	int r = batch_begin(&b, s, a, err);

	if (r < 0)
		return r;
	dir = batch_dir(&b, err);
	r = dir < 0 ? dir : run_job(&m, WORKER_BLOB, fd, dir, &reply, err);
	if (r == 0)
		r = take_blob(&m, &reply, err);
	if (r == 0)
		r = hash_content(&m, err);
	if (r == 0)
		r = make_image(&m, &c, NULL, err);
	if (r == 0)
		r = result(&m, out, err);
	json_decref(m.document);
	return r;
}

int store_commit(struct store *s, struct arena *a, const struct store_commit *c,
		 struct store_image *out, struct err *err)
{
	cleanup(batch_done) struct batch b = {};
	struct made m = {.b = &b};
	struct store_image parent = {};
	struct worker_reply reply;
	cleanup_fd int blob = -EBADF;
	int r = batch_begin(&b, s, a, err);

	if (r == 0 && c->parent)
		r = image_by_id(s, a, c->parent, &parent, err);
	if (r == 0 && c->parent)
		return err_set(err, ERR_NOT_FOUND, "No such image: %s", c->parent);
	if (r < 0)
		return r;
	blob = openat(b.tmp.fd, "m0", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (blob < 0)
		return err_sys(err, errno, "create a layer");
	r = run_job(&m, WORKER_DIFF, blob, c->upper_fd, &reply, err);
	if (r == 0)
		r = take_blob(&m, &reply, err);
	if (r == 0) {
		m.diff_id = m.blob; /* it is not compressed */
		r = make_image(&m, c, parent.config, err);
	}
	if (r == 0)
		r = result(&m, out, err);
	json_decref(m.document);
	return r;
}
