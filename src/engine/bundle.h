// SPDX-License-Identifier: Apache-2.0
/*
 * bundle - Docker's configuration becomes an OCI runtime configuration and the monitor's.
 *
 * Two halves. bundle_merge() and bundle_check() work on the request alone: the image's configuration
 * under the user's, and everything that can be refused before anything is made. bundle_build() turns
 * the merged configuration into `spec` and `monitor`, and writes what is bind-mounted from the
 * container's directory (hosts, hostname, resolv.conf); it runs again at every start, because files,
 * devices and other containers' namespaces change between two starts.
 *
 * Everything lives in the bundle's arena. Texts of refusals are Docker's.
 * Sources: moby daemon/oci_linux.go, daemon/daemon_unix.go, oci/defaults.go (29.0); runtime-spec 1.2.
 */
#pragma once

#include <sys/stat.h>

#include "engine/container-private.h"
#include "monitor/client.h"
#include "spec/runtime.h"
#include "spec/user.h"

struct bundle {
	struct engine *engine;
	struct arena *arena;
	const char *id;
	const struct container_create *config; /* merged and checked */
	const struct container_extra *extra;
	char **lower;    /* topmost first */
	const char *dir; /* containers/ID, absolute */
	int dirfd;
	struct oci_spec spec;
	struct monitor_config monitor;
	char **warnings;
};

/* The image's configuration (the OCI image configuration document; NULL: none) under the request's:
 * Docker's rules for each member. `config` is changed in place. */
int bundle_merge(struct arena *a, struct container_create *config, json_t *image, struct err *err);
/* Everything that is wrong with the request whatever the host looks like, plus what the host's CPUs,
 * nodes and files say. Fills defaults (shm size, swap, network mode, …) in place. */
int bundle_check(struct engine *e, struct arena *a, struct container_create *config,
		 char ***warnings, struct err *err);
int bundle_warn(struct arena *a, char ***warnings, const char *text, struct err *err);
int bundle_build(struct bundle *b, struct err *err);
/* The argument vector: entrypoint and command together; "no command specified" when empty. */
int bundle_args(struct arena *a, const struct container_config *c, char ***ret, struct err *err);

/* ---- parts, by topic ---- */

int bundle_check_resources(struct container_host_config *h, struct err *err); /* bundle-limits.c */
int bundle_check_restart(const struct container_host_config *h, struct err *err);
/* For update, too: only what is set in r. */
int bundle_resources(struct arena *a, const struct container_resources *r,
		     struct oci_resources *out, struct err *err);
int bundle_devices(struct bundle *b, struct err *err);
/* A node with its rule; of the stat, mode, owner and st_rdev count. 0 or -ENOMEM. */
int bundle_add_node(struct bundle *b, const char *path, const struct stat *st, const char *access);
/* What device requests ask for, into the finished process, mounts and hooks. */
int bundle_cdi(struct bundle *b, struct err *err);
int bundle_rlimits(struct bundle *b, struct err *err);
/* Capability sets of a process; caps in *ret. */
int bundle_capabilities(struct arena *a, const struct container_host_config *h, bool privileged,
			uint64_t *ret, struct err *err);
struct oci_capabilities *bundle_capability_sets(struct arena *a, uint64_t caps, bool root);
int bundle_security(struct bundle *b, struct err *err);
int bundle_check_security(struct container_host_config *h, struct err *err);
/* What the security-opt list says. */
struct bundle_security_opt {
	const char *seccomp;  /* NULL: the default; "unconfined", "builtin", JSON text or a path */
	const char *apparmor; /* the profile's name; NULL, "unconfined": none */
	struct opt_flag no_new_privileges;
	bool system_paths_unconfined;
	const char *mask[8], *unmask[8]; /* "PATH:PATH"; unmask also "ALL"; NULL-terminated */
};
int bundle_security_opt(char *const *opts, struct bundle_security_opt *out, struct err *err);
/* Hidden from containers that do not say otherwise; NULL-terminated. */
extern const char *const bundle_masked_paths[], *const bundle_readonly_paths[];
int bundle_seccomp(struct engine *e, struct arena *a, const struct container_host_config *h,
		   uint64_t caps, bool privileged, char **ret_path, json_t **ret_settings,
		   struct err *err);
int bundle_mounts(struct bundle *b, struct err *err);
int bundle_namespaces(struct bundle *b, struct err *err);
int bundle_check_namespaces(struct container_create *c, struct err *err);
/* ---- in a user namespace (bundle-rootless.c) ---- */

/* Limits that nothing here can keep are taken out of the request, with Docker's warnings. */
int bundle_rootless_check(struct arena *a, struct container_host_config *h, char ***warnings,
			  struct err *err);
/* The cgroup below which containers' groups go, "" when there is none. */
char *bundle_rootless_cgroup(struct arena *a);
/* What the kernel gives to the host's root only is replaced in the finished configuration. */
int bundle_rootless(struct bundle *b, struct err *err);

/* Network pasta or slirp4netns, and the ports that it publishes (bundle-usernet.c). */
int bundle_usernet(struct bundle *b, struct err *err);
int bundle_files(struct bundle *b, struct err *err);
/* User namespaces (bundle-userns.c): the mode alone, and Docker's conflicts; which ids, at create (the
 * lock that is taken for it is held until the row is there); the finished configuration changed. */
int bundle_userns_check(const struct engine *e, struct container_host_config *h, struct err *err);
int bundle_userns_choose(struct engine *e, struct arena *a, const struct container_host_config *h,
			 struct container_extra *x, int *ret_lock, struct err *err);
int bundle_userns(struct bundle *b, struct err *err);
int bundle_process(struct bundle *b, struct err *err);

/* A mode "container:KEY" names another container, which must run. Its pid, or 0. */
int bundle_other_container(struct engine *e, struct arena *a, const char *mode,
			   struct container_info *ret, struct err *err);

/* Who the process is: `user` as --user takes it, looked up in the passwd and group of the root whose
 * directories (topmost first) or fd are given. */
int bundle_user_lookup(struct arena *a, const char *user, char *const *group_add,
		       char *const *layers, int root_fd, struct user *out, struct err *err);
int bundle_user_set(struct arena *a, const struct user *u, struct oci_user *out);

/* Mounts: what the request means, decided once, at create (bundle-volumes.c). Makes the volumes that
 * are missing; the caller takes back those of out->mounts that are anonymous when it fails. */
int bundle_resolve_mounts(struct engine *e, struct arena *a, const char *id,
			  const struct container_create *c, struct container_extra *out,
			  struct err *err);
int bundle_copy_up(struct engine *e, char *const *lower, const struct container_extra *x,
		   struct err *err);
