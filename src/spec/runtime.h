// SPDX-License-Identifier: Apache-2.0
/*
 * runtime - the OCI runtime configuration (config.json of a bundle), version 1.2.
 *
 * One struct per JSON object and one table each (base/json.h). Names are the specification's in
 * snake case; units are its units: bytes, microseconds for cpu periods, seconds for timeouts.
 * Members whose absence means "leave it alone" are opt_ types. What is decoded lives in the arena
 * given; a struct filled by hand may point at anything that outlives it.
 *
 *   struct oci_spec spec;
 *   r = oci_spec_decode(arena, text, len, &spec, err);
 *
 * Decoding checks types and names of enumerations that are needed everywhere (ociVersion 1.x, a
 * process when there is one has args and an absolute cwd); whether this host can do what is asked is
 * for run/ to find out. Windows, Solaris, VM and z/OS members are ignored.
 * Source: opencontainers/runtime-spec, config.md and config-linux.md.
 */
#pragma once

#include "base/json.h"

#undef linux /* gnu17 predefines it as 1; the specification has a member of that name */

struct oci_box {
	uint64_t height, width;
};

struct oci_user {
	uint64_t uid, gid;
	struct opt_u64 umask;
	struct json_list additional_gids; /* int64_t */
};

struct oci_capabilities { /* names: "CAP_CHOWN" (spec/caps.h) */
	char **bounding, **effective, **inheritable, **permitted, **ambient;
};

struct oci_rlimit {
	char *type;          /* RLIMIT_NOFILE … */
	uint64_t soft, hard; /* UINT64_MAX: unlimited */
};

struct oci_scheduler {
	char *policy; /* SCHED_OTHER … */
	int64_t nice, priority;
	char **flags;                       /* SCHED_FLAG_… */
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct oci_io_priority {
	char *class; /* IOPRIO_CLASS_RT, _BE, _IDLE */
	int64_t priority;
};

struct oci_cpu_affinity { /* CPU lists as in cpuset.cpus: "0-3,7" */
	char *initial, *final;
};

struct oci_process {
	bool terminal;
	struct oci_box *console_size;
	struct oci_user user;
	char **args;
	char **env;
	char *cwd;
	struct oci_capabilities *capabilities;
	struct json_list rlimits; /* struct oci_rlimit */
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	struct opt_i64 oom_score_adj;
	struct oci_scheduler *scheduler;
	struct oci_io_priority *io_priority;
	struct oci_cpu_affinity *exec_cpu_affinity;
};

struct oci_root {
	char *path;
	bool readonly;
};

struct oci_id_mapping {
	uint64_t container_id, host_id, size;
};

struct oci_mount {
	char *destination;
	char *type; /* NULL: a bind when the options say so */
	char *source;
	char **options;
	struct json_list uid_mappings, gid_mappings; /* struct oci_id_mapping */
};

struct oci_namespace {
	char *type; /* pid, network, mount, ipc, uts, user, cgroup, time */
	char *path; /* NULL: a new one */
};

struct oci_device { /* a node to be made in the container */
	char *path;
	char *type; /* c, u, b, p */
	int64_t major, minor;
	struct opt_u64 file_mode;
	struct opt_u64 uid, gid;
};

struct oci_device_rule { /* of the device cgroup; the last rule that matches wins */
	bool allow;
	char *type;                  /* a, c, b; NULL: a */
	struct opt_i64 major, minor; /* absent or -1: all */
	char *access;                /* of "rwm"; NULL: all */
};

struct oci_memory {                              /* bytes; -1: unlimited */
	struct opt_i64 limit, reservation, swap; /* swap: memory and swap together */
	struct opt_i64 kernel, kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_flag disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu { /* microseconds */
	struct opt_u64 shares;
	struct opt_i64 quota; /* -1: unlimited */
	struct opt_u64 burst, period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	char *cpus, *mems;
	struct opt_i64 idle;
};

struct oci_pids {
	struct opt_i64 limit; /* 0 or less: unlimited */
};

struct oci_weight_device {
	int64_t major, minor;
	struct opt_u64 weight, leaf_weight;
};

struct oci_throttle_device {
	int64_t major, minor;
	uint64_t rate; /* bytes or operations per second; 0: unlimited */
};

struct oci_block_io {
	struct opt_u64 weight, leaf_weight; /* 10..1000 */
	struct json_list weight_device;     /* struct oci_weight_device */
	struct json_list throttle_read_bps; /* struct oci_throttle_device … */
	struct json_list throttle_write_bps;
	struct json_list throttle_read_iops;
	struct json_list throttle_write_iops;
};

struct oci_hugepage_limit {
	char *page_size; /* 2MB, 1GB */
	uint64_t limit;
};

struct oci_interface_priority {
	char *name;
	uint64_t priority;
};

struct oci_network {
	struct opt_u64 class_id;
	struct json_list priorities; /* struct oci_interface_priority */
};

struct oci_resources {
	struct json_list devices; /* struct oci_device_rule */
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	struct json_list hugepage_limits; /* struct oci_hugepage_limit */
	struct oci_network *network;
	json_t *rdma;
	struct json_map unified; /* cgroup v2 file name -> value */
};

struct oci_personality {
	char *domain; /* LINUX, LINUX32 */
	char **flags;
};

struct oci_time_offset {
	int64_t secs;
	uint64_t nanosecs;
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic, *boottime;
};

struct oci_linux {
	struct json_list uid_mappings, gid_mappings; /* struct oci_id_mapping */
	struct json_map sysctl;
	struct oci_resources *resources;
	char *cgroups_path;
	struct json_list namespaces; /* struct oci_namespace */
	struct json_list devices;    /* struct oci_device */
	json_t *net_devices;
	json_t *seccomp; /* kept as it is: run/ gets a compiled program */
	char *rootfs_propagation;
	char **masked_paths, **readonly_paths;
	char *mount_label;
	json_t *intel_rdt;
	struct oci_personality *personality;
	struct oci_time_offsets *time_offsets;
};

struct oci_hook {
	char *path;
	char **args, **env;
	struct opt_i64 timeout; /* seconds */
};

struct oci_hooks { /* lists of struct oci_hook */
	struct json_list prestart, create_runtime, create_container, start_container, poststart,
		poststop;
};

struct oci_spec {
	char *oci_version;
	struct oci_process *process;
	struct oci_root *root;
	char *hostname, *domainname;
	struct json_list mounts; /* struct oci_mount */
	struct oci_hooks *hooks;
	struct json_map annotations;
	struct oci_linux *linux;
};

extern const struct json_object oci_spec_object;
extern const struct json_object oci_process_object;
extern const struct json_object oci_resources_object;
extern const struct json_object oci_mount_object;
extern const struct json_object oci_hook_object;

int oci_spec_decode(struct arena *a, const char *text, size_t len, struct oci_spec *out,
		    struct err *err);
/* Also the body of `runtime exec --process FILE`. */
int oci_process_decode(struct arena *a, const char *text, size_t len, struct oci_process *out,
		       struct err *err);
/* The JSON text of the configuration appended to the buffer; absent members are left out. */
int oci_spec_encode(struct buf *b, const struct oci_spec *spec, struct err *err);
