// SPDX-License-Identifier: Apache-2.0
#include "spec/runtime.h"

#include <stddef.h>

#include "base/path.h"
#include "base/str.h"

/* Rows are written with the struct's name defined as T, so that a row fits a line. */
#define ROW(name, kind, member)                                                                    \
	{                                                                                          \
		name, kind, JSON_OMIT, offsetof(struct T, member), NULL                            \
	}
#define NEED(name, kind, member)                                                                   \
	{                                                                                          \
		name, kind, JSON_REQUIRED, offsetof(struct T, member), NULL                        \
	}
#define SUB(name, kind, member, object)                                                            \
	{                                                                                          \
		name, kind, JSON_OMIT, offsetof(struct T, member), &(object)                       \
	}
#define OBJECT(id, text)                                                                           \
	{                                                                                          \
		text, sizeof(struct id), id##_fields                                               \
	}

#define T oci_box
static const struct json_field oci_box_fields[] = {
	NEED("height", JSON_U64, height),
	NEED("width", JSON_U64, width),
	{},
};
static const struct json_object oci_box_object = OBJECT(oci_box, "consoleSize");
#undef T

#define T oci_user
static const struct json_field oci_user_fields[] = {
	{"uid", JSON_U64, 0, offsetof(struct T, uid), NULL},
	{"gid", JSON_U64, 0, offsetof(struct T, gid), NULL},
	ROW("umask", JSON_OPT_U64, umask),
	ROW("additionalGids", JSON_I64_LIST, additional_gids),
	{},
};
static const struct json_object oci_user_object = OBJECT(oci_user, "user");
#undef T

#define T oci_capabilities
static const struct json_field oci_capabilities_fields[] = {
	ROW("bounding", JSON_STRV, bounding),       ROW("effective", JSON_STRV, effective),
	ROW("inheritable", JSON_STRV, inheritable), ROW("permitted", JSON_STRV, permitted),
	ROW("ambient", JSON_STRV, ambient),         {},
};
static const struct json_object oci_capabilities_object = OBJECT(oci_capabilities, "capabilities");
#undef T

#define T oci_rlimit
static const struct json_field oci_rlimit_fields[] = {
	NEED("type", JSON_STR, type),
	NEED("soft", JSON_U64, soft),
	NEED("hard", JSON_U64, hard),
	{},
};
static const struct json_object oci_rlimit_object = OBJECT(oci_rlimit, "rlimit");
#undef T

#define T oci_scheduler
static const struct json_field oci_scheduler_fields[] = {
	NEED("policy", JSON_STR, policy),    ROW("nice", JSON_I64, nice),
	ROW("priority", JSON_I64, priority), ROW("flags", JSON_STRV, flags),
	ROW("runtime", JSON_U64, runtime),   ROW("deadline", JSON_U64, deadline),
	ROW("period", JSON_U64, period),     {},
};
static const struct json_object oci_scheduler_object = OBJECT(oci_scheduler, "scheduler");
#undef T

#define T oci_io_priority
static const struct json_field oci_io_priority_fields[] = {
	NEED("class", JSON_STR, class),
	{"priority", JSON_I64, 0, offsetof(struct T, priority), NULL},
	{},
};
static const struct json_object oci_io_priority_object = OBJECT(oci_io_priority, "ioPriority");
#undef T

#define T oci_cpu_affinity
static const struct json_field oci_cpu_affinity_fields[] = {
	ROW("initial", JSON_STR, initial),
	ROW("final", JSON_STR, final),
	{},
};
static const struct json_object oci_cpu_affinity_object =
	OBJECT(oci_cpu_affinity, "execCPUAffinity");
#undef T

#define T oci_process
static const struct json_field oci_process_fields[] = {
	ROW("terminal", JSON_FLAG, terminal),
	SUB("consoleSize", JSON_SUBP, console_size, oci_box_object),
	{"user", JSON_SUB, 0, offsetof(struct T, user), &oci_user_object},
	ROW("args", JSON_STRV, args),
	ROW("env", JSON_STRV, env),
	NEED("cwd", JSON_STR, cwd),
	SUB("capabilities", JSON_SUBP, capabilities, oci_capabilities_object),
	SUB("rlimits", JSON_LIST, rlimits, oci_rlimit_object),
	ROW("noNewPrivileges", JSON_FLAG, no_new_privileges),
	ROW("apparmorProfile", JSON_STR, apparmor_profile),
	ROW("selinuxLabel", JSON_STR, selinux_label),
	ROW("oomScoreAdj", JSON_OPT_I64, oom_score_adj),
	SUB("scheduler", JSON_SUBP, scheduler, oci_scheduler_object),
	SUB("ioPriority", JSON_SUBP, io_priority, oci_io_priority_object),
	SUB("execCPUAffinity", JSON_SUBP, exec_cpu_affinity, oci_cpu_affinity_object),
	{},
};
const struct json_object oci_process_object = OBJECT(oci_process, "process");
#undef T

#define T oci_root
static const struct json_field oci_root_fields[] = {
	NEED("path", JSON_STR, path),
	ROW("readonly", JSON_FLAG, readonly),
	{},
};
static const struct json_object oci_root_object = OBJECT(oci_root, "root");
#undef T

#define T oci_id_mapping
static const struct json_field oci_id_mapping_fields[] = {
	NEED("containerID", JSON_U64, container_id),
	NEED("hostID", JSON_U64, host_id),
	NEED("size", JSON_U64, size),
	{},
};
static const struct json_object oci_id_mapping_object = OBJECT(oci_id_mapping, "idMapping");
#undef T

#define T oci_mount
static const struct json_field oci_mount_fields[] = {
	NEED("destination", JSON_STR, destination),
	ROW("type", JSON_STR, type),
	ROW("source", JSON_STR, source),
	ROW("options", JSON_STRV, options),
	SUB("uidMappings", JSON_LIST, uid_mappings, oci_id_mapping_object),
	SUB("gidMappings", JSON_LIST, gid_mappings, oci_id_mapping_object),
	{},
};
const struct json_object oci_mount_object = OBJECT(oci_mount, "mount");
#undef T

#define T oci_namespace
static const struct json_field oci_namespace_fields[] = {
	NEED("type", JSON_STR, type),
	ROW("path", JSON_STR, path),
	{},
};
static const struct json_object oci_namespace_object = OBJECT(oci_namespace, "namespace");
#undef T

#define T oci_device
static const struct json_field oci_device_fields[] = {
	NEED("path", JSON_STR, path),
	NEED("type", JSON_STR, type),
	{"major", JSON_I64, 0, offsetof(struct T, major), NULL},
	{"minor", JSON_I64, 0, offsetof(struct T, minor), NULL},
	ROW("fileMode", JSON_OPT_U64, file_mode),
	ROW("uid", JSON_OPT_U64, uid),
	ROW("gid", JSON_OPT_U64, gid),
	{},
};
static const struct json_object oci_device_object = OBJECT(oci_device, "device");
#undef T

#define T oci_device_rule
static const struct json_field oci_device_rule_fields[] = {
	{"allow", JSON_FLAG, JSON_REQUIRED, offsetof(struct T, allow), NULL},
	ROW("type", JSON_STR, type),
	ROW("major", JSON_OPT_I64, major),
	ROW("minor", JSON_OPT_I64, minor),
	ROW("access", JSON_STR, access),
	{},
};
static const struct json_object oci_device_rule_object = OBJECT(oci_device_rule, "deviceRule");
#undef T

#define T oci_memory
static const struct json_field oci_memory_fields[] = {
	ROW("limit", JSON_OPT_I64, limit),
	ROW("reservation", JSON_OPT_I64, reservation),
	ROW("swap", JSON_OPT_I64, swap),
	ROW("kernel", JSON_OPT_I64, kernel),
	ROW("kernelTCP", JSON_OPT_I64, kernel_tcp),
	ROW("swappiness", JSON_OPT_U64, swappiness),
	ROW("disableOOMKiller", JSON_OPT_FLAG, disable_oom_killer),
	ROW("useHierarchy", JSON_OPT_FLAG, use_hierarchy),
	ROW("checkBeforeUpdate", JSON_OPT_FLAG, check_before_update),
	{},
};
static const struct json_object oci_memory_object = OBJECT(oci_memory, "memory");
#undef T

#define T oci_cpu
static const struct json_field oci_cpu_fields[] = {
	ROW("shares", JSON_OPT_U64, shares),
	ROW("quota", JSON_OPT_I64, quota),
	ROW("burst", JSON_OPT_U64, burst),
	ROW("period", JSON_OPT_U64, period),
	ROW("realtimeRuntime", JSON_OPT_I64, realtime_runtime),
	ROW("realtimePeriod", JSON_OPT_U64, realtime_period),
	ROW("cpus", JSON_STR, cpus),
	ROW("mems", JSON_STR, mems),
	ROW("idle", JSON_OPT_I64, idle),
	{},
};
static const struct json_object oci_cpu_object = OBJECT(oci_cpu, "cpu");
#undef T

#define T oci_pids
static const struct json_field oci_pids_fields[] = {
	ROW("limit", JSON_OPT_I64, limit),
	{},
};
static const struct json_object oci_pids_object = OBJECT(oci_pids, "pids");
#undef T

#define T oci_weight_device
static const struct json_field oci_weight_device_fields[] = {
	NEED("major", JSON_I64, major),
	NEED("minor", JSON_I64, minor),
	ROW("weight", JSON_OPT_U64, weight),
	ROW("leafWeight", JSON_OPT_U64, leaf_weight),
	{},
};
static const struct json_object oci_weight_device_object =
	OBJECT(oci_weight_device, "weightDevice");
#undef T

#define T oci_throttle_device
static const struct json_field oci_throttle_device_fields[] = {
	NEED("major", JSON_I64, major),
	NEED("minor", JSON_I64, minor),
	NEED("rate", JSON_U64, rate),
	{},
};
static const struct json_object oci_throttle_object = OBJECT(oci_throttle_device, "throttleDevice");
#undef T

#define T oci_block_io
static const struct json_field oci_block_io_fields[] = {
	ROW("weight", JSON_OPT_U64, weight),
	ROW("leafWeight", JSON_OPT_U64, leaf_weight),
	SUB("weightDevice", JSON_LIST, weight_device, oci_weight_device_object),
	SUB("throttleReadBpsDevice", JSON_LIST, throttle_read_bps, oci_throttle_object),
	SUB("throttleWriteBpsDevice", JSON_LIST, throttle_write_bps, oci_throttle_object),
	SUB("throttleReadIOPSDevice", JSON_LIST, throttle_read_iops, oci_throttle_object),
	SUB("throttleWriteIOPSDevice", JSON_LIST, throttle_write_iops, oci_throttle_object),
	{},
};
static const struct json_object oci_block_io_object = OBJECT(oci_block_io, "blockIO");
#undef T

#define T oci_hugepage_limit
static const struct json_field oci_hugepage_limit_fields[] = {
	NEED("pageSize", JSON_STR, page_size),
	NEED("limit", JSON_U64, limit),
	{},
};
static const struct json_object oci_hugepage_limit_object =
	OBJECT(oci_hugepage_limit, "hugepageLimit");
#undef T

#define T oci_interface_priority
static const struct json_field oci_interface_priority_fields[] = {
	NEED("name", JSON_STR, name),
	NEED("priority", JSON_U64, priority),
	{},
};
static const struct json_object oci_interface_priority_object =
	OBJECT(oci_interface_priority, "interfacePriority");
#undef T

#define T oci_network
static const struct json_field oci_network_fields[] = {
	ROW("classID", JSON_OPT_U64, class_id),
	SUB("priorities", JSON_LIST, priorities, oci_interface_priority_object),
	{},
};
static const struct json_object oci_network_object = OBJECT(oci_network, "network");
#undef T

#define T oci_resources
static const struct json_field oci_resources_fields[] = {
	SUB("devices", JSON_LIST, devices, oci_device_rule_object),
	SUB("memory", JSON_SUBP, memory, oci_memory_object),
	SUB("cpu", JSON_SUBP, cpu, oci_cpu_object),
	SUB("pids", JSON_SUBP, pids, oci_pids_object),
	SUB("blockIO", JSON_SUBP, block_io, oci_block_io_object),
	SUB("hugepageLimits", JSON_LIST, hugepage_limits, oci_hugepage_limit_object),
	SUB("network", JSON_SUBP, network, oci_network_object),
	ROW("rdma", JSON_RAW, rdma),
	ROW("unified", JSON_MAP, unified),
	{},
};
const struct json_object oci_resources_object = OBJECT(oci_resources, "resources");
#undef T

#define T oci_personality
static const struct json_field oci_personality_fields[] = {
	NEED("domain", JSON_STR, domain),
	ROW("flags", JSON_STRV, flags),
	{},
};
static const struct json_object oci_personality_object = OBJECT(oci_personality, "personality");
#undef T

#define T oci_time_offset
static const struct json_field oci_time_offset_fields[] = {
	{"secs", JSON_I64, 0, offsetof(struct T, secs), NULL},
	ROW("nanosecs", JSON_U64, nanosecs),
	{},
};
static const struct json_object oci_time_offset_object = OBJECT(oci_time_offset, "timeOffset");
#undef T

#define T oci_time_offsets
static const struct json_field oci_time_offsets_fields[] = {
	SUB("monotonic", JSON_SUBP, monotonic, oci_time_offset_object),
	SUB("boottime", JSON_SUBP, boottime, oci_time_offset_object),
	{},
};
static const struct json_object oci_time_offsets_object = OBJECT(oci_time_offsets, "timeOffsets");
#undef T

#define T oci_linux
static const struct json_field oci_linux_fields[] = {
	SUB("uidMappings", JSON_LIST, uid_mappings, oci_id_mapping_object),
	SUB("gidMappings", JSON_LIST, gid_mappings, oci_id_mapping_object),
	ROW("sysctl", JSON_MAP, sysctl),
	SUB("resources", JSON_SUBP, resources, oci_resources_object),
	ROW("cgroupsPath", JSON_STR, cgroups_path),
	SUB("namespaces", JSON_LIST, namespaces, oci_namespace_object),
	SUB("devices", JSON_LIST, devices, oci_device_object),
	ROW("netDevices", JSON_RAW, net_devices),
	ROW("seccomp", JSON_RAW, seccomp),
	ROW("rootfsPropagation", JSON_STR, rootfs_propagation),
	ROW("maskedPaths", JSON_STRV, masked_paths),
	ROW("readonlyPaths", JSON_STRV, readonly_paths),
	ROW("mountLabel", JSON_STR, mount_label),
	ROW("intelRdt", JSON_RAW, intel_rdt),
	SUB("personality", JSON_SUBP, personality, oci_personality_object),
	SUB("timeOffsets", JSON_SUBP, time_offsets, oci_time_offsets_object),
	{},
};
static const struct json_object oci_linux_object = OBJECT(oci_linux, "linux");
#undef T

#define T oci_hook
static const struct json_field oci_hook_fields[] = {
	NEED("path", JSON_STR, path),
	ROW("args", JSON_STRV, args),
	ROW("env", JSON_STRV, env),
	ROW("timeout", JSON_OPT_I64, timeout),
	{},
};
const struct json_object oci_hook_object = OBJECT(oci_hook, "hook");
#undef T

#define T oci_hooks
static const struct json_field oci_hooks_fields[] = {
	SUB("prestart", JSON_LIST, prestart, oci_hook_object),
	SUB("createRuntime", JSON_LIST, create_runtime, oci_hook_object),
	SUB("createContainer", JSON_LIST, create_container, oci_hook_object),
	SUB("startContainer", JSON_LIST, start_container, oci_hook_object),
	SUB("poststart", JSON_LIST, poststart, oci_hook_object),
	SUB("poststop", JSON_LIST, poststop, oci_hook_object),
	{},
};
static const struct json_object oci_hooks_object = OBJECT(oci_hooks, "hooks");
#undef T

#define T oci_spec
static const struct json_field oci_spec_fields[] = {
	NEED("ociVersion", JSON_STR, oci_version),
	SUB("process", JSON_SUBP, process, oci_process_object),
	SUB("root", JSON_SUBP, root, oci_root_object),
	ROW("hostname", JSON_STR, hostname),
	ROW("domainname", JSON_STR, domainname),
	SUB("mounts", JSON_LIST, mounts, oci_mount_object),
	SUB("hooks", JSON_SUBP, hooks, oci_hooks_object),
	ROW("annotations", JSON_MAP, annotations),
	SUB("linux", JSON_SUBP, linux, oci_linux_object),
	{},
};
const struct json_object oci_spec_object = OBJECT(oci_spec, "config.json");
#undef T

static int check_process(const struct oci_process *p, struct err *err)
{
	if (!p->args || !p->args[0])
		return err_set(err, ERR_INVALID, "config.json: process.args: is empty");
	if (p->cwd[0] != '/')
		return err_set(err, ERR_INVALID, "config.json: process.cwd: \"%s\" is not absolute",
			       p->cwd);
	return 0;
}

static int check_hooks(const struct json_list *hooks, struct err *err)
{
	for (size_t i = 0; i < hooks->n; i++) {
		const struct oci_hook *h = JSON_AT(struct oci_hook, hooks, i);

		if (h->path[0] != '/')
			return err_set(err, ERR_INVALID, "config.json: hook \"%s\" is not absolute",
				       h->path);
		if (h->timeout.set && h->timeout.value <= 0)
			return err_set(err, ERR_INVALID,
				       "config.json: hook \"%s\": timeout must be above 0",
				       h->path);
	}
	return 0;
}

static int check_all_hooks(const struct oci_hooks *h, struct err *err)
{
	const struct json_list *lists[] = {&h->prestart,         &h->create_runtime,
					   &h->create_container, &h->start_container,
					   &h->poststart,        &h->poststop};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		r = check_hooks(lists[i], err);
	return r;
}

/* "1.2.0", "1.0.2-dev": what comes after the second number does not matter. */
static bool is_version_1(const char *s)
{
	const char *p = str_after(s, "1.");
	size_t n = p ? strspn(p, "0123456789") : 0;

	return n > 0 && (!p[n] || strchr(".-+", p[n]));
}

/* Absolute and without "//" or "..": what is compared with names later must be the name that is
 * opened. */
static int clean_mounts(struct arena *a, const struct json_list *mounts, struct err *err)
{
	for (size_t i = 0; i < mounts->n; i++) {
		struct oci_mount *m = JSON_AT(struct oci_mount, mounts, i);

		m->destination = path_join(a, "/", m->destination);
		if (!m->destination)
			return err_oom(err);
	}
	return 0;
}

static int check_rdma(const json_t *rdma, struct err *err)
{
	static const char *const names[] = {"hcaHandles", "hcaObjects"};
	const char *device;
	json_t *limits;

	if (!json_is_object(rdma))
		return err_set(err, ERR_INVALID,
			       "config.json: linux.resources.rdma: expected object");
	json_object_foreach ((json_t *)rdma, device, limits) {
		size_t n = 0;

		for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
			json_t *v = json_object_get(limits, names[i]);

			n += v != NULL;
			if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
				return err_set(err, ERR_INVALID,
					       "config.json: linux.resources.rdma.%.64s.%s: "
					       "expected a positive integer",
					       device, names[i]);
		}
		if (!n || strpbrk(device, " \n="))
			return err_set(err, ERR_INVALID,
				       "config.json: linux.resources.rdma.%.64s: no limit", device);
	}
	return 0;
}

static int check_linux(const struct oci_linux *l, struct err *err)
{
	if (l->intel_rdt)
		return err_set(err, ERR_UNSUPPORTED,
			       "config.json: linux.intelRdt: resctrl is not supported");
	if (l->net_devices && json_object_size(l->net_devices))
		return err_set(err, ERR_UNSUPPORTED,
			       "config.json: linux.netDevices: moving devices is not supported");
	if (l->resources && l->resources->rdma && check_rdma(l->resources->rdma, err) < 0)
		return -EINVAL;
	for (size_t i = 0; i < l->devices.n; i++) {
		const struct oci_device *d = JSON_AT(struct oci_device, &l->devices, i);

		if (!str_eq(d->type, "p") && (d->major < 0 || d->minor < 0))
			return err_set(err, ERR_INVALID,
				       "config.json: linux.devices[%zu]: negative device number",
				       i);
	}
	return 0;
}

int oci_spec_decode(struct arena *a, const char *text, size_t len, struct oci_spec *out,
		    struct err *err)
{
	int r = json_decode_text(a, text, len, &oci_spec_object, out, "config.json", err);

	if (r < 0)
		return r;
	if (!is_version_1(out->oci_version))
		return err_set(err, ERR_UNSUPPORTED, "config.json: ociVersion \"%s\" is not 1.x",
			       out->oci_version);
	r = clean_mounts(a, &out->mounts, err);
	if (r == 0 && out->process)
		r = check_process(out->process, err);
	if (r == 0 && out->linux)
		r = check_linux(out->linux, err);
	if (r == 0 && out->hooks)
		r = check_all_hooks(out->hooks, err);
	return r;
}

int oci_process_decode(struct arena *a, const char *text, size_t len, struct oci_process *out,
		       struct err *err)
{
	int r = json_decode_text(a, text, len, &oci_process_object, out, "process", err);

	return r < 0 ? r : check_process(out, err);
}

int oci_spec_encode(struct buf *b, const struct oci_spec *spec, struct err *err)
{
	return json_encode_text(b, &oci_spec_object, spec, err);
}
