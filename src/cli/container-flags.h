// SPDX-License-Identifier: Apache-2.0
/*
 * container-flags - what run and create have in common: the flags, and the request made of them.
 *
 * Each flag's own grammar is in spec/; contradictions between flags, and what needs this process
 * (its environment, files, working directory), are settled here. What the engine can check, it
 * checks.
 */
#pragma once

#include "cli/resource-flags.h"
#include "engine/container.h"

struct container_flags {
	char **add_host, **annotations, **attach;
	struct json_list blkio_weight_device;
	char **cap_add, **cap_drop, *cgroup_parent, *cgroupns, *cidfile;
	struct json_list devices, read_bps, read_iops, write_bps, write_iops;
	char **device_cgroup_rules, **dns, **dns_options, **dns_search, *domainname, *entrypoint;
	char **env, **env_file, **expose, **group_add, **gpus;
	char *health_cmd;
	int64_t health_interval, health_retries, health_start_interval, health_start_period,
		health_timeout;
	char *hostname;
	struct opt_flag init;
	bool interactive;
	char *ip, *ip6, *ipc, *isolation, **labels, **label_file, **links, **link_local_ip;
	char *log_driver, **log_opts, *mac_address;
	int64_t memory_swappiness;
	struct json_list mounts;
	char *name, **network, **network_alias;
	bool no_healthcheck;
	struct opt_flag oom_kill_disable;
	int64_t oom_score_adj;
	char *pid, *platform;
	bool privileged, publish_all, quiet, read_only, rm, content_trust;
	char **publish, *pull, *runtime, **security_opt;
	int64_t shm_size;
	char *stop_signal;
	struct opt_i64 stop_timeout;
	char **storage_opt, **sysctl, **tmpfs;
	bool tty;
	struct json_list ulimits;
	char *user, *userns, *uts, **volumes, *volume_driver, **volumes_from, *workdir;
};

extern const struct flag container_flags[];

/* The request for `hoy run FLAGS IMAGE COMMAND…` (c->args: image and command). attach_*: what -a
 * says; without -a all are false. */
int container_flags_apply(struct command_line *c, const struct container_flags *f,
			  const struct resource_flags *res, struct container_create *out,
			  struct err *err);
/* --env-file and -e: the files first. */
int container_environment(struct arena *a, char *const *files, char *const *assignments,
			  char ***out, struct err *err);
/* --cidfile: refused when it is there already; written after the create. */
int container_cidfile_check(const struct container_flags *f, struct err *err);
int container_cidfile_write(const struct container_flags *f, const char *id, struct err *err);
