// SPDX-License-Identifier: Apache-2.0
/*
 * copy - a container's files from outside: cp, diff, export, commit.
 *
 * Works on running and stopped containers alike. The container's root is one directory fd (the live
 * root, or a detached overlay mount that vanishes with the fd); tar streams are made and read by
 * the confined archive worker inside that root, so that a hostile root can redirect nothing.
 */
#pragma once

#include "engine/engine.h"

struct copy_stat { /* what HEAD /containers/ID/archive tells */
	char *name, *link_target;
	int64_t size;
	uint32_t mode; /* st_mode */
	int64_t mtime;
};
int copy_stat(struct engine *e, struct arena *a, const char *key, const char *path,
	      struct copy_stat *ret, struct err *err);
/* A tar of `path` (its top entry named by its base name) written to out_fd. */
int copy_from(struct engine *e, const char *key, const char *path, bool follow_link, int out_fd,
	      struct err *err);
/* A tar read from in_fd unpacked in the existing directory `path`. */
struct copy_into_options {
	bool keep_owner; /* cp -a; else files belong to root of the container */
	bool no_overwrite_dir_nondir;
};
int copy_into(struct engine *e, const char *key, const char *path,
	      const struct copy_into_options *o, int in_fd, struct err *err);
/* docker cp's own rules for HOST <-> CONTAINER, symbolic links, trailing "/.", names; built on the
 * above. */
int copy_to_host(struct engine *e, const char *key, const char *src, const char *host_dst,
		 bool archive, bool follow_link, int64_t *ret_bytes, struct err *err);
int copy_from_host(struct engine *e, const char *host_src, const char *key, const char *dst,
		   bool archive, bool follow_link, int64_t *ret_bytes, struct err *err);

struct change {
	char kind; /* A, C, D */
	char *path;
};
int container_diff(struct engine *e, struct arena *a, const char *key, struct json_list *ret,
		   struct err *err);
int container_export(struct engine *e, const char *key, int out_fd, struct err *err);

struct commit_request {
	const char *name; /* repo[:tag] or NULL */
	const char *author, *message;
	char **changes; /* Dockerfile instructions: CMD ENTRYPOINT ENV EXPOSE LABEL ONBUILD USER
			   VOLUME WORKDIR */
	bool pause;
};
int container_commit(struct engine *e, struct arena *a, const char *key,
		     const struct commit_request *req, char **ret_id, struct err *err);
