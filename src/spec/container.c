// SPDX-License-Identifier: Apache-2.0
/*
 * The rows stand in the order in which Docker prints the members, and their flags follow the tags
 * of its structs: JSON_OMIT where Go says omitempty; JSON_EMPTY for strings (Go has no null string)
 * and where Docker's own client always sends an empty list instead of none.
 */
#include "spec/container.h"

#include "base/str.h"

#define ROW(member, T, field, type, flags)                                                         \
	{                                                                                          \
		member, type, flags, offsetof(struct T, field)                                     \
	}
#define ROW_SUB(member, T, field, type, flags, sub)                                                \
	{                                                                                          \
		member, type, flags, offsetof(struct T, field), &(sub)                             \
	}
#define OBJECT(T, fields)                                                                          \
	{                                                                                          \
#T, sizeof(struct T), fields                                                       \
	}

#define CONFIG(member, field, type, flags) ROW(member, container_config, field, type, flags)

static const struct json_field config_fields[] = {
	CONFIG("Hostname", hostname, JSON_STR, JSON_EMPTY),
	CONFIG("Domainname", domainname, JSON_STR, JSON_EMPTY),
	CONFIG("User", user, JSON_STR, JSON_EMPTY),
	CONFIG("AttachStdin", attach_stdin, JSON_FLAG, 0),
	CONFIG("AttachStdout", attach_stdout, JSON_FLAG, 0),
	CONFIG("AttachStderr", attach_stderr, JSON_FLAG, 0),
	CONFIG("ExposedPorts", exposed_ports, JSON_KEYS, JSON_OMIT),
	CONFIG("Tty", tty, JSON_FLAG, 0),
	CONFIG("OpenStdin", open_stdin, JSON_FLAG, 0),
	CONFIG("StdinOnce", stdin_once, JSON_FLAG, 0),
	CONFIG("Env", env, JSON_STRV, JSON_EMPTY),
	CONFIG("Cmd", cmd, JSON_WORDS, 0),
	CONFIG("Healthcheck", healthcheck, JSON_RAW, JSON_OMIT),
	CONFIG("Image", image, JSON_STR, JSON_EMPTY),
	CONFIG("Volumes", volumes, JSON_KEYS, 0),
	CONFIG("WorkingDir", working_dir, JSON_STR, JSON_EMPTY),
	CONFIG("Entrypoint", entrypoint, JSON_WORDS, 0),
	CONFIG("MacAddress", mac_address, JSON_STR, JSON_OMIT),
	CONFIG("OnBuild", on_build, JSON_STRV, 0),
	CONFIG("Labels", labels, JSON_MAP, JSON_EMPTY),
	CONFIG("StopSignal", stop_signal, JSON_STR, JSON_OMIT),
	CONFIG("StopTimeout", stop_timeout, JSON_OPT_I64, JSON_OMIT),
	CONFIG("Shell", shell, JSON_STRV, JSON_OMIT),
	{},
};
const struct json_object container_config_object = OBJECT(container_config, config_fields);

static const struct json_field log_config_fields[] = {
	ROW("Type", container_log_config, type, JSON_STR, JSON_EMPTY),
	ROW("Config", container_log_config, config, JSON_MAP, JSON_EMPTY),
	{},
};
static const struct json_object log_config_object = OBJECT(container_log_config, log_config_fields);

static const struct json_field restart_policy_fields[] = {
	ROW("Name", container_restart_policy, name, JSON_STR, JSON_EMPTY),
	ROW("MaximumRetryCount", container_restart_policy, maximum_retry_count, JSON_I64, 0),
	{},
};
static const struct json_object restart_policy_object =
	OBJECT(container_restart_policy, restart_policy_fields);

static const struct json_field device_fields[] = {
	ROW("PathOnHost", container_device, path_on_host, JSON_STR, JSON_EMPTY),
	ROW("PathInContainer", container_device, path_in_container, JSON_STR, JSON_EMPTY),
	ROW("CgroupPermissions", container_device, cgroup_permissions, JSON_STR, JSON_EMPTY),
	{},
};
static const struct json_object device_object = OBJECT(container_device, device_fields);

static const struct json_field ulimit_fields[] = {
	ROW("Name", container_ulimit, name, JSON_STR, JSON_REQUIRED | JSON_EMPTY),
	ROW("Hard", container_ulimit, hard, JSON_I64, 0),
	ROW("Soft", container_ulimit, soft, JSON_I64, 0),
	{},
};
static const struct json_object ulimit_object = OBJECT(container_ulimit, ulimit_fields);

static const struct json_field throttle_fields[] = {
	ROW("Path", container_throttle_device, path, JSON_STR, JSON_EMPTY),
	ROW("Rate", container_throttle_device, rate, JSON_U64, 0),
	{},
};
static const struct json_object throttle_object =
	OBJECT(container_throttle_device, throttle_fields);

static const struct json_field weight_fields[] = {
	ROW("Path", container_weight_device, path, JSON_STR, JSON_EMPTY),
	ROW("Weight", container_weight_device, weight, JSON_U64, 0),
	{},
};
static const struct json_object weight_object = OBJECT(container_weight_device, weight_fields);

#define BIND(member, field, type) ROW(member, container_bind_options, field, type, JSON_OMIT)
static const struct json_field bind_fields[] = {
	BIND("Propagation", propagation, JSON_STR),
	BIND("NonRecursive", non_recursive, JSON_FLAG),
	BIND("CreateMountpoint", create_mountpoint, JSON_FLAG),
	BIND("ReadOnlyNonRecursive", read_only_non_recursive, JSON_FLAG),
	BIND("ReadOnlyForceRecursive", read_only_force_recursive, JSON_FLAG),
	{},
};
static const struct json_object bind_object = OBJECT(container_bind_options, bind_fields);

static const struct json_field volume_fields[] = {
	ROW("NoCopy", container_volume_options, no_copy, JSON_FLAG, JSON_OMIT),
	ROW("Labels", container_volume_options, labels, JSON_MAP, JSON_OMIT),
	ROW("Subpath", container_volume_options, subpath, JSON_STR, JSON_OMIT),
	ROW("DriverConfig", container_volume_options, driver_config, JSON_RAW, JSON_OMIT),
	{},
};
static const struct json_object volume_object = OBJECT(container_volume_options, volume_fields);

static const struct json_field tmpfs_fields[] = {
	ROW("SizeBytes", container_tmpfs_options, size_bytes, JSON_I64, JSON_OMIT),
	ROW("Mode", container_tmpfs_options, mode, JSON_I64, JSON_OMIT),
	{},
};
static const struct json_object tmpfs_object = OBJECT(container_tmpfs_options, tmpfs_fields);

#define MOUNT(member, field, type) ROW(member, container_mount, field, type, JSON_OMIT)
#define MOUNT_SUB(member, field, sub)                                                              \
	ROW_SUB(member, container_mount, field, JSON_SUBP, JSON_OMIT, sub)
static const struct json_field mount_fields[] = {
	MOUNT("Type", type, JSON_STR),
	MOUNT("Source", source, JSON_STR),
	MOUNT("Target", target, JSON_STR),
	MOUNT("ReadOnly", read_only, JSON_FLAG),
	MOUNT("Consistency", consistency, JSON_STR),
	MOUNT_SUB("BindOptions", bind_options, bind_object),
	MOUNT_SUB("VolumeOptions", volume_options, volume_object),
	MOUNT_SUB("TmpfsOptions", tmpfs_options, tmpfs_object),
	{},
};
const struct json_object container_mount_object = OBJECT(container_mount, mount_fields);

#define RES(member, field, type, flags) ROW(member, container_resources, field, type, flags)
#define RES_LIST(member, field, sub)                                                               \
	ROW_SUB(member, container_resources, field, JSON_LIST, JSON_EMPTY, sub)
static const struct json_field resources_fields[] = {
	RES("CpuShares", cpu_shares, JSON_I64, 0),
	RES("Memory", memory, JSON_I64, 0),
	RES("NanoCpus", nano_cpus, JSON_I64, 0),
	RES("CgroupParent", cgroup_parent, JSON_STR, JSON_EMPTY),
	RES("BlkioWeight", blkio_weight, JSON_I64, 0),
	RES_LIST("BlkioWeightDevice", blkio_weight_device, weight_object),
	RES_LIST("BlkioDeviceReadBps", blkio_device_read_bps, throttle_object),
	RES_LIST("BlkioDeviceWriteBps", blkio_device_write_bps, throttle_object),
	RES_LIST("BlkioDeviceReadIOps", blkio_device_read_iops, throttle_object),
	RES_LIST("BlkioDeviceWriteIOps", blkio_device_write_iops, throttle_object),
	RES("CpuPeriod", cpu_period, JSON_I64, 0),
	RES("CpuQuota", cpu_quota, JSON_I64, 0),
	RES("CpuRealtimePeriod", cpu_realtime_period, JSON_I64, 0),
	RES("CpuRealtimeRuntime", cpu_realtime_runtime, JSON_I64, 0),
	RES("CpusetCpus", cpuset_cpus, JSON_STR, JSON_EMPTY),
	RES("CpusetMems", cpuset_mems, JSON_STR, JSON_EMPTY),
	RES_LIST("Devices", devices, device_object),
	RES("DeviceCgroupRules", device_cgroup_rules, JSON_STRV, 0),
	RES("DeviceRequests", device_requests, JSON_RAW, 0),
	RES("MemoryReservation", memory_reservation, JSON_I64, 0),
	RES("MemorySwap", memory_swap, JSON_I64, 0),
	RES("MemorySwappiness", memory_swappiness, JSON_OPT_I64, 0),
	RES("OomKillDisable", oom_kill_disable, JSON_OPT_FLAG, 0),
	RES("PidsLimit", pids_limit, JSON_OPT_I64, 0),
	RES_LIST("Ulimits", ulimits, ulimit_object),
	RES("CpuCount", cpu_count, JSON_I64, 0),
	RES("CpuPercent", cpu_percent, JSON_I64, 0),
	RES("IOMaximumIOps", io_maximum_iops, JSON_I64, 0),
	RES("IOMaximumBandwidth", io_maximum_bandwidth, JSON_I64, 0),
	{},
};
const struct json_object container_resources_object = OBJECT(container_resources, resources_fields);

#define HOST(member, field, type, flags) ROW(member, container_host_config, field, type, flags)
#define HOST_SUB(member, field, type, flags, sub)                                                  \
	ROW_SUB(member, container_host_config, field, type, flags, sub)
static const struct json_field host_config_fields[] = {
	HOST("Binds", binds, JSON_STRV, 0),
	HOST("ContainerIDFile", container_id_file, JSON_STR, JSON_EMPTY),
	HOST_SUB("LogConfig", log_config, JSON_SUB, 0, log_config_object),
	HOST("NetworkMode", network_mode, JSON_STR, JSON_EMPTY),
	HOST("PortBindings", port_bindings, JSON_RAW, JSON_EMPTY),
	HOST_SUB("RestartPolicy", restart_policy, JSON_SUB, 0, restart_policy_object),
	HOST("AutoRemove", auto_remove, JSON_FLAG, 0),
	HOST("VolumeDriver", volume_driver, JSON_STR, JSON_EMPTY),
	HOST("VolumesFrom", volumes_from, JSON_STRV, 0),
	HOST("ConsoleSize", console_size, JSON_I64_LIST, JSON_EMPTY),
	HOST("Annotations", annotations, JSON_MAP, JSON_OMIT),
	HOST("CapAdd", cap_add, JSON_STRV, 0),
	HOST("CapDrop", cap_drop, JSON_STRV, 0),
	HOST("CgroupnsMode", cgroupns_mode, JSON_STR, JSON_EMPTY),
	HOST("Dns", dns, JSON_STRV, JSON_EMPTY),
	HOST("DnsOptions", dns_options, JSON_STRV, JSON_EMPTY),
	HOST("DnsSearch", dns_search, JSON_STRV, JSON_EMPTY),
	HOST("ExtraHosts", extra_hosts, JSON_STRV, 0),
	HOST("GroupAdd", group_add, JSON_STRV, 0),
	HOST("IpcMode", ipc_mode, JSON_STR, JSON_EMPTY),
	HOST("Cgroup", cgroup, JSON_STR, JSON_EMPTY),
	HOST("Links", links, JSON_STRV, 0),
	HOST("OomScoreAdj", oom_score_adj, JSON_I64, 0),
	HOST("PidMode", pid_mode, JSON_STR, JSON_EMPTY),
	HOST("Privileged", privileged, JSON_FLAG, 0),
	HOST("PublishAllPorts", publish_all_ports, JSON_FLAG, 0),
	HOST("ReadonlyRootfs", readonly_rootfs, JSON_FLAG, 0),
	HOST("SecurityOpt", security_opt, JSON_STRV, 0),
	HOST("StorageOpt", storage_opt, JSON_MAP, JSON_OMIT),
	HOST("Tmpfs", tmpfs, JSON_MAP, JSON_OMIT),
	HOST("UTSMode", uts_mode, JSON_STR, JSON_EMPTY),
	HOST("UsernsMode", userns_mode, JSON_STR, JSON_EMPTY),
	HOST("ShmSize", shm_size, JSON_I64, 0),
	HOST("Sysctls", sysctls, JSON_MAP, JSON_OMIT),
	HOST("Runtime", runtime, JSON_STR, JSON_OMIT),
	HOST("Isolation", isolation, JSON_STR, JSON_EMPTY),
	HOST_SUB("Resources", resources, JSON_MEMBERS, 0, container_resources_object),
	HOST_SUB("Mounts", mounts, JSON_LIST, JSON_OMIT, container_mount_object),
	HOST("MaskedPaths", masked_paths, JSON_STRV, 0),
	HOST("ReadonlyPaths", readonly_paths, JSON_STRV, 0),
	HOST("Init", init, JSON_OPT_FLAG, JSON_OMIT),
	{},
};
const struct json_object container_host_config_object =
	OBJECT(container_host_config, host_config_fields);

static const struct json_field create_fields[] = {
	ROW_SUB("Config", container_create, config, JSON_MEMBERS, 0, container_config_object),
	ROW_SUB("HostConfig", container_create, host_config, JSON_SUB, 0,
		container_host_config_object),
	ROW("NetworkingConfig", container_create, networking_config, JSON_RAW, JSON_OMIT),
	{},
};
static const struct json_object create_object = OBJECT(container_create, create_fields);

int container_create_decode(struct arena *a, json_t *j, struct container_create *out,
			    struct err *err)
{
	return json_decode(a, j, &create_object, out, "container configuration", err);
}

int container_create_decode_text(struct arena *a, const char *text, struct container_create *out,
				 struct err *err)
{
	return json_decode_text(a, text, strlen(text), &create_object, out,
				"container configuration", err);
}

json_t *container_create_encode(const struct container_create *c)
{
	int64_t no_console[2] = {0, 0};
	struct container_create copy = *c;

	/* A Go array of two, never shorter. */
	if (copy.host_config.console_size.n == 0)
		copy.host_config.console_size = (struct json_list){no_console, 2};
	return json_encode(&create_object, &copy);
}

/* Takes out of `j` what it has in common with `zero`: `depth` levels of objects. */
static void drop_common(json_t *j, json_t *zero, int depth)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe (j, next, key, value) {
		json_t *other = json_object_get(zero, key);

		if (other && json_equal(value, other))
			(void)json_object_del(j, key);
		else if (other && depth > 1)
			drop_common(value, other, depth - 1);
	}
}

json_t *container_create_encode_short(const struct container_create *c)
{
	static const struct container_create none;
	cleanup(json_unref) json_t *zero = container_create_encode(&none);
	json_t *j = zero ? container_create_encode(c) : NULL;

	if (j)
		drop_common(j, zero, 2);
	return j;
}

static const char *const status_names[] = {
	[CONTAINER_CREATED] = "created",   [CONTAINER_RUNNING] = "running",
	[CONTAINER_PAUSED] = "paused",     [CONTAINER_RESTARTING] = "restarting",
	[CONTAINER_REMOVING] = "removing", [CONTAINER_EXITED] = "exited",
	[CONTAINER_DEAD] = "dead",         [_CONTAINER_STATUS_MAX] = NULL,
};

const char *container_status_name(enum container_status s)
{
	return s < _CONTAINER_STATUS_MAX ? status_names[s] : "unknown";
}

int container_status_parse(const char *s)
{
	for (int i = 0; i < _CONTAINER_STATUS_MAX; i++)
		if (strcmp(s, status_names[i]) == 0)
			return i;
	return -EINVAL;
}

#define STATE(member, field, type, flags) ROW(member, container_state, field, type, flags)
static const struct json_field state_fields[] = {
	{"Status", JSON_ENUM, JSON_REQUIRED, offsetof(struct container_state, status), NULL,
	 status_names},
	STATE("Pid", pid, JSON_I64, 0),
	STATE("PidStart", pid_start, JSON_I64, 0),
	STATE("BootID", boot_id, JSON_STR, JSON_EMPTY),
	STATE("StartedAt", started_at, JSON_I64, 0),
	STATE("FinishedAt", finished_at, JSON_I64, 0),
	STATE("ExitCode", exit_code, JSON_I64, 0),
	STATE("OOMKilled", oom_killed, JSON_FLAG, 0),
	STATE("Error", error, JSON_STR, JSON_EMPTY),
	STATE("RestartCount", restart_count, JSON_I64, 0),
	STATE("StoppedByUser", stopped_by_user, JSON_FLAG, 0),
	{},
};
const struct json_object container_state_object = OBJECT(container_state, state_fields);

int container_state_decode(struct arena *a, const char *text, size_t len,
			   struct container_state *out, struct err *err)
{
	return json_decode_text(a, text, len, &container_state_object, out, "container state", err);
}

int container_state_encode(struct buf *b, const struct container_state *s, struct err *err)
{
	int r = json_encode_text(b, &container_state_object, s, err);

	if (r < 0)
		return r;
	buf_putc(b, '\n');
	return buf_check(b, err);
}
