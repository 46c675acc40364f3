// SPDX-License-Identifier: Apache-2.0
/*
 * container - what a user asks of a container, in Docker's own shape.
 *
 * The structs are the body of Docker's POST /containers/create: the CLI fills them from flags, the
 * API will decode them from a request, the engine stores them and answers `inspect` with them.
 * Names, units and defaults are Docker's (API 1.47): sizes in bytes, NanoCpus in 1e-9 CPUs, times
 * in seconds. Source: moby api/types/container/{config,hostconfig}.go.
 */
#pragma once

#include "base/json.h"

struct container_config {
	char *hostname, *domainname, *user;
	bool attach_stdin, attach_stdout, attach_stderr;
	char **exposed_ports; /* "80/tcp" */
	bool tty, open_stdin, stdin_once;
	char **env;
	char **cmd; /* NULL: the image's */
	json_t *healthcheck;
	char *image;    /* as the user wrote it */
	char **volumes; /* container paths of anonymous volumes */
	char *working_dir;
	char **entrypoint; /* NULL: the image's; {""}: none */
	char *mac_address;
	char **on_build;
	struct json_map labels;
	char *stop_signal;
	struct opt_i64 stop_timeout; /* seconds */
	char **shell;
};

struct container_log_config {
	char *type;
	struct json_map config;
};

struct container_restart_policy {
	char *name; /* "", no, always, unless-stopped, on-failure */
	int64_t maximum_retry_count;
};

struct container_device {
	char *path_on_host, *path_in_container, *cgroup_permissions;
};

struct container_ulimit {
	char *name;
	int64_t soft, hard; /* -1: unlimited */
};

struct container_throttle_device { /* BlkioDeviceReadBps and its like */
	char *path;
	uint64_t rate;
};

struct container_weight_device {
	char *path;
	uint64_t weight;
};

struct container_bind_options {
	char *propagation;
	bool non_recursive, create_mountpoint, read_only_non_recursive, read_only_force_recursive;
};

struct container_volume_options {
	bool no_copy;
	struct json_map labels;
	json_t *driver_config;
	char *subpath;
};

struct container_tmpfs_options {
	int64_t size_bytes;
	int64_t mode;
};

struct container_mount {
	char *type; /* bind, volume, tmpfs, image */
	char *source, *target;
	bool read_only;
	char *consistency;
	struct container_bind_options *bind_options;
	struct container_volume_options *volume_options;
	struct container_tmpfs_options *tmpfs_options;
};

/* The part that `update` may change while the container runs. */
struct container_resources {
	int64_t cpu_shares, memory, nano_cpus;
	char *cgroup_parent;
	int64_t blkio_weight;
	struct json_list blkio_weight_device;   /* struct container_weight_device */
	struct json_list blkio_device_read_bps; /* struct container_throttle_device … */
	struct json_list blkio_device_write_bps;
	struct json_list blkio_device_read_iops;
	struct json_list blkio_device_write_iops;
	int64_t cpu_period, cpu_quota, cpu_realtime_period, cpu_realtime_runtime;
	char *cpuset_cpus, *cpuset_mems;
	struct json_list devices; /* struct container_device */
	char **device_cgroup_rules;
	json_t *device_requests;
	int64_t memory_reservation, memory_swap; /* memory_swap -1: unlimited */
	struct opt_i64 memory_swappiness;
	struct opt_flag oom_kill_disable;
	struct opt_i64 pids_limit; /* 0 or -1: unlimited */
	struct json_list ulimits;  /* struct container_ulimit */
	/* of Windows: always 0, but scripts read them */
	int64_t cpu_count, cpu_percent, io_maximum_iops, io_maximum_bandwidth;
};

struct container_host_config {
	struct container_resources resources; /* written inline, as Docker does */
	char **binds;                         /* HOST-OR-VOLUME:CONTAINER[:options] */
	char *container_id_file;
	struct container_log_config log_config;
	char *network_mode; /* none, host, container:ID; later bridge and names */
	json_t *port_bindings;
	struct container_restart_policy restart_policy;
	bool auto_remove;
	char *volume_driver;
	char **volumes_from;
	struct json_list console_size; /* int64_t: height, width */
	struct json_map annotations;
	char **cap_add, **cap_drop;
	char *cgroupns_mode; /* private, host */
	char **dns, **dns_options, **dns_search, **extra_hosts, **group_add;
	char *ipc_mode; /* private, shareable, none, host, container:ID */
	char *cgroup;
	char **links;
	int64_t oom_score_adj;
	char *pid_mode; /* "", host, container:ID */
	bool privileged, publish_all_ports, readonly_rootfs;
	char **security_opt;
	struct json_map storage_opt;
	char *uts_mode, *userns_mode;
	int64_t shm_size;
	struct json_map sysctls;
	char *runtime, *isolation;
	struct json_list mounts;               /* struct container_mount */
	struct json_map tmpfs;                 /* container path -> options */
	char **masked_paths, **readonly_paths; /* NULL: the default lists */
	struct opt_flag init;
};

extern const struct json_object container_config_object;
extern const struct json_object container_host_config_object;
extern const struct json_object container_mount_object;
extern const struct json_object container_resources_object;

/* The whole body: Config's members at the top level, HostConfig beside them. */
struct container_create {
	struct container_config config;
	struct container_host_config host_config;
	json_t *networking_config;
};

int container_create_decode(struct arena *a, json_t *j, struct container_create *out,
			    struct err *err);
int container_create_decode_text(struct arena *a, const char *text, struct container_create *out,
				 struct err *err);
json_t *container_create_encode(const struct container_create *c);
/* The same without what decodes to the same when it is absent (most of it), for the store: reading
 * a row is nearly all parsing. */
json_t *container_create_encode_short(const struct container_create *c);

enum container_status {
	CONTAINER_CREATED,
	CONTAINER_RUNNING,
	CONTAINER_PAUSED,
	CONTAINER_RESTARTING,
	CONTAINER_REMOVING,
	CONTAINER_EXITED,
	CONTAINER_DEAD,
	_CONTAINER_STATUS_MAX,
};
const char *container_status_name(enum container_status s); /* "created", … */
/* -EINVAL when there is none of that name. */
int container_status_parse(const char *s);

/*
 * state - what the monitor knows of its container: one line of JSON in containers/ID/state,
 * replaced atomically at each change, read by everybody. Times are nanoseconds since 1970, 0 for
 * never.
 */
struct container_state {
	enum container_status status;
	int64_t pid;       /* of PID 1 in the host's pid namespace; 0 when not running */
	int64_t pid_start; /* proc_start_time() of it: pid and pid_start name a process for ever */
	char *boot_id;     /* /proc/sys/kernel/random/boot_id when it was started */
	int64_t started_at, finished_at;
	int64_t exit_code;
	bool oom_killed;
	char *error; /* why it could not start, or what failed meanwhile (the log); "" */
	int64_t restart_count;
	bool stopped_by_user; /* stop or kill was asked for: restart policies look at it */
};

extern const struct json_object container_state_object; /* status as its name */
int container_state_decode(struct arena *a, const char *text, size_t len,
			   struct container_state *out, struct err *err);
int container_state_encode(struct buf *b, const struct container_state *s, struct err *err);
