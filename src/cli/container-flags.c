// SPDX-License-Identifier: Apache-2.0
#include "cli/container-flags.h"

#include <limits.h>

#include "spec/blkio.h"
#include "spec/device.h"
#include "spec/mount.h"
#include "spec/ulimit.h"

/* Each of these adds what it parsed to the list at dest. */
#define LIST_VALUE(fn, type, call)                                                                 \
	static int fn(struct arena *a, const char *value, void *dest, struct err *err)             \
	{                                                                                          \
		type *item = json_list_add(a, dest, sizeof(*item));                                \
                                                                                                   \
		return item ? call : err_oom(err);                                                 \
	}
LIST_VALUE(add_weight, struct container_weight_device, blkio_parse_weight(a, value, item, err))
LIST_VALUE(add_bps, struct container_throttle_device, blkio_parse_bps(a, value, item, err))
LIST_VALUE(add_iops, struct container_throttle_device, blkio_parse_iops(a, value, item, err))
LIST_VALUE(add_device, struct container_device, device_parse(a, value, item, err))
LIST_VALUE(add_ulimit, struct container_ulimit, ulimit_parse(value, item, err))

/* bind sources that begin with "." are relative to where the user is */
static int add_mount(struct arena *a, const char *value, void *dest, struct err *err)
{
	struct container_mount *item = json_list_add(a, dest, sizeof(*item));
	char cwd[PATH_MAX];

	if (!item)
		return err_oom(err);
	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(err, errno, "find the working directory");
	return mount_parse_mount(a, value, cwd, item, err);
}

#define FLAG(...) FLAG_OF(container_flags, __VA_ARGS__)
const struct flag container_flags[] = {
	FLAG(add_host, "add-host", 0, FLAG_LIST, "Add a custom host-to-IP mapping (host:ip)"),
	FLAG(annotations, "annotation", 0, FLAG_MAP,
	     "Add an annotation to the container (passed through to the OCI runtime)"),
	FLAG(attach, "attach", 'a', FLAG_LIST, "Attach to STDIN, STDOUT or STDERR",
	     .choices = "stdin|stdout|stderr"),
	FLAG(blkio_weight_device, "blkio-weight-device", 0, FLAG_PARSED,
	     "Block IO weight (relative device weight)", .metavar = "list", .parse = add_weight),
	FLAG(cap_add, "cap-add", 0, FLAG_LIST, "Add Linux capabilities"),
	FLAG(cap_drop, "cap-drop", 0, FLAG_LIST, "Drop Linux capabilities"),
	FLAG(cgroup_parent, "cgroup-parent", 0, FLAG_STRING,
	     "Optional parent cgroup for the container"),
	FLAG(cgroupns, "cgroupns", 0, FLAG_STRING,
	     "Cgroup namespace to use (host|private)\n"
	     "'host':    Run the container in the host's cgroup namespace\n"
	     "'private': Run the container in its own private cgroup namespace (default)",
	     .choices = "host|private"),
	FLAG(cidfile, "cidfile", 0, FLAG_STRING, "Write the container ID to the file",
	     .noun = NOUN_FILE),
	FLAG(devices, "device", 0, FLAG_PARSED, "Add a host device to the container",
	     .metavar = "list", .parse = add_device, .noun = NOUN_FILE),
	FLAG(device_cgroup_rules, "device-cgroup-rule", 0, FLAG_LIST,
	     "Add a rule to the cgroup allowed devices list"),
	FLAG(read_bps, "device-read-bps", 0, FLAG_PARSED,
	     "Limit read rate (bytes per second) from a device", .metavar = "list",
	     .parse = add_bps),
	FLAG(read_iops, "device-read-iops", 0, FLAG_PARSED,
	     "Limit read rate (IO per second) from a device", .metavar = "list", .parse = add_iops),
	FLAG(write_bps, "device-write-bps", 0, FLAG_PARSED,
	     "Limit write rate (bytes per second) to a device", .metavar = "list",
	     .parse = add_bps),
	FLAG(write_iops, "device-write-iops", 0, FLAG_PARSED,
	     "Limit write rate (IO per second) to a device", .metavar = "list", .parse = add_iops),
	FLAG(content_trust, "disable-content-trust", 0, FLAG_BOOL, "Skip image verification",
	     .def = "true", .flags = FLAG_HIDDEN),
	FLAG(dns, "dns", 0, FLAG_LIST, "Set custom DNS servers"),
	FLAG(dns_options, "dns-opt", 0, FLAG_LIST, "Set DNS options", .flags = FLAG_HIDDEN),
	FLAG(dns_options, "dns-option", 0, FLAG_LIST, "Set DNS options"),
	FLAG(dns_search, "dns-search", 0, FLAG_LIST, "Set custom DNS search domains"),
	FLAG(domainname, "domainname", 0, FLAG_STRING, "Container NIS domain name"),
	FLAG(entrypoint, "entrypoint", 0, FLAG_STRING,
	     "Overwrite the default ENTRYPOINT of the image"),
	FLAG(env, "env", 'e', FLAG_LIST, "Set environment variables"),
	FLAG(env_file, "env-file", 0, FLAG_LIST, "Read in a file of environment variables",
	     .noun = NOUN_FILE),
	FLAG(expose, "expose", 0, FLAG_LIST, "Expose a port or a range of ports"),
	FLAG(gpus, "gpus", 0, FLAG_LIST, "GPU devices to add to the container",
	     .flags = FLAG_HIDDEN),
	FLAG(group_add, "group-add", 0, FLAG_LIST, "Add additional groups to join"),
	FLAG(health_cmd, "health-cmd", 0, FLAG_STRING, "Command to run to check health"),
	FLAG(health_interval, "health-interval", 0, FLAG_PARSED,
	     "Time between running the check (ms|s|m|h)", .metavar = "duration",
	     .parse = value_duration),
	FLAG(health_retries, "health-retries", 0, FLAG_INT,
	     "Consecutive failures needed to report unhealthy"),
	FLAG(health_start_interval, "health-start-interval", 0, FLAG_PARSED,
	     "Time between running the check during the start period (ms|s|m|h)",
	     .metavar = "duration", .parse = value_duration),
	FLAG(health_start_period, "health-start-period", 0, FLAG_PARSED,
	     "Start period for the container to initialize before starting health-retries "
	     "countdown "
	     "(ms|s|m|h)",
	     .metavar = "duration", .parse = value_duration),
	FLAG(health_timeout, "health-timeout", 0, FLAG_PARSED,
	     "Maximum time to allow one check to run (ms|s|m|h)", .metavar = "duration",
	     .parse = value_duration),
	FLAG(hostname, "hostname", 'h', FLAG_STRING, "Container host name"),
	FLAG(init, "init", 0, FLAG_OPT_BOOL,
	     "Run an init inside the container that forwards signals and reaps processes"),
	FLAG(interactive, "interactive", 'i', FLAG_BOOL, "Keep STDIN open even if not attached"),
	FLAG(ip, "ip", 0, FLAG_STRING, "IPv4 address (e.g., 172.30.100.104)"),
	FLAG(ip6, "ip6", 0, FLAG_STRING, "IPv6 address (e.g., 2001:db8::33)"),
	FLAG(ipc, "ipc", 0, FLAG_STRING, "IPC mode to use",
	     .choices = "private|shareable|none|host"),
	FLAG(isolation, "isolation", 0, FLAG_STRING, "Container isolation technology",
	     .choices = "default"),
	FLAG(labels, "label", 'l', FLAG_LIST, "Set meta data on a container"),
	FLAG(label_file, "label-file", 0, FLAG_LIST, "Read in a line delimited file of labels",
	     .noun = NOUN_FILE),
	FLAG(links, "link", 0, FLAG_LIST, "Add link to another container"),
	FLAG(link_local_ip, "link-local-ip", 0, FLAG_LIST,
	     "Container IPv4/IPv6 link-local addresses"),
	FLAG(log_driver, "log-driver", 0, FLAG_STRING, "Logging driver for the container",
	     .choices = "json-file|local|none"),
	FLAG(log_opts, "log-opt", 0, FLAG_LIST, "Log driver options"),
	FLAG(mac_address, "mac-address", 0, FLAG_STRING,
	     "Container MAC address (e.g., 92:d0:c6:0a:29:33)"),
	FLAG(memory_swappiness, "memory-swappiness", 0, FLAG_INT,
	     "Tune container memory swappiness (0 to 100)", .def = "-1"),
	FLAG(mounts, "mount", 0, FLAG_PARSED, "Attach a filesystem mount to the container",
	     .metavar = "mount", .parse = add_mount),
	FLAG(name, "name", 0, FLAG_STRING, "Assign a name to the container"),
	FLAG(network, "net", 0, FLAG_LIST, "Connect a container to a network",
	     .flags = FLAG_HIDDEN),
	FLAG(network_alias, "net-alias", 0, FLAG_LIST, "Add network-scoped alias for the container",
	     .flags = FLAG_HIDDEN),
	FLAG(network, "network", 0, FLAG_LIST, "Connect a container to a network",
	     .metavar = "network", .choices = "none|host|container:|pasta|slirp4netns"),
	FLAG(network_alias, "network-alias", 0, FLAG_LIST,
	     "Add network-scoped alias for the container"),
	FLAG(no_healthcheck, "no-healthcheck", 0, FLAG_BOOL,
	     "Disable any container-specified HEALTHCHECK"),
	FLAG(oom_kill_disable, "oom-kill-disable", 0, FLAG_OPT_BOOL, "Disable OOM Killer"),
	FLAG(oom_score_adj, "oom-score-adj", 0, FLAG_INT,
	     "Tune host's OOM preferences (-1000 to 1000)"),
	FLAG(pid, "pid", 0, FLAG_STRING, "PID namespace to use", .choices = "host|container:"),
	FLAG(platform, "platform", 0, FLAG_STRING,
	     "Set platform if server is multi-platform capable"),
	FLAG(privileged, "privileged", 0, FLAG_BOOL, "Give extended privileges to this container"),
	FLAG(publish, "publish", 'p', FLAG_LIST, "Publish a container's port(s) to the host"),
	FLAG(publish_all, "publish-all", 'P', FLAG_BOOL,
	     "Publish all exposed ports to random ports"),
	FLAG(pull, "pull", 0, FLAG_STRING,
	     "Pull image before running (\"always\", \"missing\", \"never\")", .def = "missing",
	     .choices = "always|missing|never"),
	FLAG(quiet, "quiet", 'q', FLAG_BOOL, "Suppress the pull output"),
	FLAG(read_only, "read-only", 0, FLAG_BOOL,
	     "Mount the container's root filesystem as read only"),
	FLAG(rm, "rm", 0, FLAG_BOOL,
	     "Automatically remove the container and its associated anonymous volumes when it "
	     "exits"),
	FLAG(runtime, "runtime", 0, FLAG_STRING, "Runtime to use for this container"),
	FLAG(security_opt, "security-opt", 0, FLAG_LIST, "Security Options"),
	FLAG(shm_size, "shm-size", 0, FLAG_PARSED, "Size of /dev/shm", .metavar = "bytes",
	     .parse = value_size),
	FLAG(stop_signal, "stop-signal", 0, FLAG_STRING, "Signal to stop the container"),
	FLAG(stop_timeout, "stop-timeout", 0, FLAG_OPT_INT,
	     "Timeout (in seconds) to stop a container"),
	FLAG(storage_opt, "storage-opt", 0, FLAG_LIST, "Storage driver options for the container"),
	FLAG(sysctl, "sysctl", 0, FLAG_MAP, "Sysctl options"),
	FLAG(tmpfs, "tmpfs", 0, FLAG_LIST, "Mount a tmpfs directory"),
	FLAG(tty, "tty", 't', FLAG_BOOL, "Allocate a pseudo-TTY"),
	FLAG(ulimits, "ulimit", 0, FLAG_PARSED, "Ulimit options", .metavar = "ulimit",
	     .parse = add_ulimit),
	FLAG(user, "user", 'u', FLAG_STRING, "Username or UID (format: <name|uid>[:<group|gid>])"),
	FLAG(userns, "userns", 0, FLAG_STRING, "User namespace to use",
	     .choices = "host|auto|remap"),
	FLAG(uts, "uts", 0, FLAG_STRING, "UTS namespace to use", .choices = "host"),
	FLAG(volumes, "volume", 'v', FLAG_LIST, "Bind mount a volume", .noun = NOUN_VOLUME),
	FLAG(volume_driver, "volume-driver", 0, FLAG_STRING,
	     "Optional volume driver for the container", .choices = "local"),
	FLAG(volumes_from, "volumes-from", 0, FLAG_LIST,
	     "Mount volumes from the specified container(s)", .noun = NOUN_CONTAINER),
	FLAG(workdir, "workdir", 'w', FLAG_STRING, "Working directory inside the container"),
	{},
};
