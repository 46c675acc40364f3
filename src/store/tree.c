// SPDX-License-Identifier: Apache-2.0
#include "store/tree.h"

#include <stdio.h>
#include <string.h>

#include "store/worker.h"

static int set_path(struct worker_request *req, const char *path, struct err *err)
{
	if (snprintf(req->path, sizeof(req->path), "%s", path) >= (int)sizeof(req->path))
		return err_sys(err, ENAMETOOLONG, "%.100s…", path);
	return 0;
}

int tree_pack(struct store *s UNUSED, const struct tree_pack *p, int out_fd, struct err *err)
{
	struct worker_request req = {
		.job = WORKER_PACK, .uid = p->first_uid, .gid = p->first_gid, .ids = p->n_ids};
	struct worker_reply reply;
	int r = set_path(&req, p->path, err);

	if (r < 0)
		return r;
	if (p->rename &&
	    snprintf(req.rename, sizeof(req.rename), "%s", p->rename) >= (int)sizeof(req.rename))
		return err_sys(err, ENAMETOOLONG, "%.100s…", p->rename);
	req.rename_set = p->rename != NULL;
	req.flags = (p->contents_only ? WORKER_CONTENTS_ONLY : 0u) |
		    (p->follow_link ? WORKER_FOLLOW : 0u) |
		    (p->numeric_owner_reset ? WORKER_RESET_OWNER : 0u) |
		    (p->one_filesystem ? WORKER_ONE_FILESYSTEM : 0u);
	return worker_run(&req, out_fd, p->root_fd, &reply, err);
}

int tree_unpack(struct store *s UNUSED, const struct tree_unpack *u, int in_fd, struct err *err)
{
	struct worker_request req = {.job = WORKER_UNPACK, .uid = u->uid, .gid = u->gid};
	struct worker_reply reply;
	int r = set_path(&req, u->path, err);

	if (r < 0)
		return r;
	req.flags = (u->keep_owner ? WORKER_KEEP_OWNER : 0u) |
		    (u->no_overwrite_dir_nondir ? WORKER_NO_OVERWRITE : 0u);
	return worker_run(&req, in_fd, u->root_fd, &reply, err);
}
