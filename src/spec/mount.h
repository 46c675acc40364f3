// SPDX-License-Identifier: Apache-2.0
/*
 * mount - the grammars of -v, --mount and --tmpfs.
 *
 *   mount_parse_volume(a, "data:/var/lib:ro", "/home/u", &v, err)        volume "data", read-only
 *   mount_parse_volume(a, "./src:/src", "/home/u", &v, err)              bind of /home/u/src
 *   mount_parse_mount(a, "type=tmpfs,target=/x,tmpfs-size=1m", cwd, &m, err)
 *   mount_parse_tmpfs(a, "/run:size=64m,noexec", &path, &options, err)
 *
 * Only text is looked at: whether a bind's source exists is the engine's question. Messages are
 * those of docker's client and of its daemon, whoever would have found the fault.
 */
#pragma once

#include "spec/container.h"

struct mount_volume {
	struct container_mount
		mount; /* bind_options->create_mountpoint: -v makes a missing source */
	char *mode;    /* the options as written: "ro,Z"; "" */
	bool relabel, relabel_shared; /* Z, z */
};

/* [NAME-OR-PATH:]CONTAINER-PATH[:OPTIONS]. A source that begins with "." is relative to `cwd`; one
 * without a leading slash is a volume's name; none is an anonymous volume (source NULL). */
int mount_parse_volume(struct arena *a, const char *s, const char *cwd, struct mount_volume *out,
		       struct err *err);
/* The comma-separated keys of --mount. */
int mount_parse_mount(struct arena *a, const char *s, const char *cwd, struct container_mount *out,
		      struct err *err);
/* PATH[:OPTIONS]; options "" when there are none. */
int mount_parse_tmpfs(struct arena *a, const char *s, char **path, char **options, struct err *err);
/* Options of a tmpfs as a strv for mount(8)-like options: Docker's defaults (noexec, nosuid,
 * nodev), changed by the user's; what is not an option of tmpfs is refused. */
int mount_tmpfs_options(struct arena *a, const char *options, char ***ret, struct err *err);
/* What the daemon checks of every mount, however it was written. */
int mount_check(const struct container_mount *m, struct err *err);
/* shared, rshared, slave, rslave, private, rprivate. */
bool mount_is_propagation(const char *s);
