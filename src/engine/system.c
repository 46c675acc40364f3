// SPDX-License-Identifier: Apache-2.0
/* Docker's GET /version and GET /info, API 1.47: what this host has and what we make of it. */
#include "engine/system.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "engine/built.h"
#include "engine/container-private.h"
#include "engine/image-private.h"
#include "engine/members.h"
#include "engine/private.h"
#include "engine/version.h"

#define API_VERSION     "1.47"
#define API_VERSION_MIN "1.24"
#define FILE_MAX        (64 << 10)

#define ID_FILE "engine-id"
#define ID_TEXT 36

json_t *system_version(UNUSED struct engine *e, struct err *err)
{
	struct utsname u = {};
	const char *arch = image_host_architecture();
	json_t *details, *component;

	(void)uname(&u);
	details = json_pack("{ss ss ss ss ss ss ss ss ss}", "ApiVersion", API_VERSION, "Arch", arch,
			    "BuildTime", HOY_BUILD_TIME, "Experimental", "false", "GitCommit",
			    HOY_GIT_COMMIT, "GoVersion", "", "KernelVersion", u.release,
			    "MinAPIVersion", API_VERSION_MIN, "Os", "linux");
	component = json_pack("{ss ss so}", "Name", "Engine", "Version", HOY_VERSION, "Details",
			      details);
	return members_object(
		(const struct member[]){
			{"Platform", json_pack("{ss}", "Name", "hoy")},
			{"Components", json_pack("[o]", component)},
			{"Version", json_string(HOY_VERSION)},
			{"ApiVersion", json_string(API_VERSION)},
			{"MinAPIVersion", json_string(API_VERSION_MIN)},
			{"GitCommit", json_string(HOY_GIT_COMMIT)},
			{"GoVersion", json_string("")},
			{"Os", json_string("linux")},
			{"Arch", json_string(arch)},
			{"KernelVersion", json_string(u.release)},
			{"BuildTime", json_string(HOY_BUILD_TIME)},
			{},
		},
		err);
}

/* ---- info: the host ---- */

/* The value of KEY="VALUE" in /etc/os-release (os-release(5)). */
static char *os_release(struct arena *a, const char *key)
{
	cleanup(buf_done) struct buf b = BUF_INIT(FILE_MAX);
	cleanup_fd int fd = open("/etc/os-release", O_RDONLY | O_CLOEXEC);
	size_t n = strlen(key);

	if (fd < 0 || fd_read_all(fd, &b, "os-release", NULL) < 0 || !b.data)
		return arena_strdup(a, "");
	for (char *line = b.data; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t len = strcspn(line, "\n");

		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		line += n + 1;
		len -= n + 1;
		if (len >= 2 && (*line == '"' || *line == '\'')) {
			line++;
			len -= 2;
		}
		return arena_strndup(a, line, len);
	}
	return arena_strdup(a, "");
}

struct cgroups {
	bool v2;
	char controllers[1024]; /* of v2, with a blank on both sides of each */
};

static void look_at_cgroups(struct cgroups *c)
{
	cleanup_fd int fd = -EBADF;
	struct statfs fs;
	ssize_t n;

	*c = (struct cgroups){.controllers = " "};
	c->v2 = statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
	if (!c->v2)
		return;
	fd = open("/sys/fs/cgroup/cgroup.controllers", O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : fd_read(fd, c->controllers + 1, sizeof(c->controllers) - 3);
	for (ssize_t i = 1; i <= n; i++)
		if (c->controllers[i] == '\n')
			c->controllers[i] = ' ';
}

/* A controller is usable: v1 by a file of its hierarchy, v2 by its name. */
static bool has(const struct cgroups *c, const char *controller, const char *v1_file)
{
	char text[256];

	if (c->v2) {
		(void)snprintf(text, sizeof(text), " %s ", controller);
		return strstr(c->controllers, text) != NULL;
	}
	(void)snprintf(text, sizeof(text), "/sys/fs/cgroup/%s/%s", controller, v1_file);
	return access(text, F_OK) == 0;
}

struct limits {
	bool memory, swap, cpu_shares, cfs, cpuset, pids, oom_kill_disable;
};

static void look_at_limits(const struct cgroups *c, struct limits *l)
{
	*l = (struct limits){
		.memory = has(c, "memory", "memory.limit_in_bytes"),
		.swap = c->v2 ? has(c, "memory", "")
			      : has(c, "memory", "memory.memsw.limit_in_bytes"),
		.cpu_shares = has(c, "cpu", "cpu.shares"),
		.cfs = has(c, "cpu", "cpu.cfs_quota_us"),
		.cpuset = has(c, "cpuset", "cpuset.cpus"),
		/* The root group of v1 has no pids.max. */
		.pids = has(c, "pids", "cgroup.procs"),
		.oom_kill_disable = !c->v2 && has(c, "memory", "memory.oom_control"),
	};
}

static json_t *warnings(const struct cgroups *c, const struct limits *l)
{
	const struct {
		bool missing;
		const char *text;
	} rows[] = {
		{!l->memory, "WARNING: No memory limit support"},
		{!l->swap, "WARNING: No swap limit support"},
		{!c->v2 && !l->oom_kill_disable, "WARNING: No oom kill disable support"},
		{!l->cpu_shares, "WARNING: No cpu shares support"},
		{!l->cfs, "WARNING: No cpu cfs quota support"},
		{!l->cfs, "WARNING: No cpu cfs period support"},
		{!l->cpuset, "WARNING: No cpuset support"},
		{!l->pids, "WARNING: No pids limit support"},
	};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].missing)
			(void)json_array_append_new(list, json_string(rows[i].text));
	return list;
}

static const char *backing_file_system(int fd)
{
	static const struct {
		long magic;
		const char *name;
	} names[] = {
		{EXT4_SUPER_MAGIC, "extfs"},          {XFS_SUPER_MAGIC, "xfs"},
		{BTRFS_SUPER_MAGIC, "btrfs"},         {TMPFS_MAGIC, "tmpfs"},
		{OVERLAYFS_SUPER_MAGIC, "overlayfs"},
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0)
		for (size_t i = 0; i < ARRAY_SIZE(names); i++)
			if (fs.f_type == names[i].magic)
				return names[i].name;
	return "<unknown>";
}

static bool file_says_one(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char c;

	return fd >= 0 && fd_read(fd, &c, 1) == 1 && c == '1';
}

/* ---- info: what is in the store ---- */

struct counts {
	int64_t all, running, paused, stopped, images;
};

static int count(struct engine *e, struct arena *a, struct counts *c, struct err *err)
{
	struct json_list rows = {}, images = {};
	int r = store_container_list(e->store, a, &rows, err);

	*c = (struct counts){};
	if (r == 0)
		r = store_image_list(e->store, a, &images, err);
	c->images = (int64_t)images.n;
	for (size_t i = 0; r == 0 && i < rows.n; i++) {
		const char *id = JSON_AT(struct store_container, &rows, i)->id;
		struct container_state s = {};

		if (container_read_state(e, a, id, &s, NULL) < 0)
			continue; /* removed meanwhile */
		c->all++;
		if (s.status == CONTAINER_RUNNING || s.status == CONTAINER_RESTARTING)
			c->running++;
		else if (s.status == CONTAINER_PAUSED)
			c->paused++;
		else
			c->stopped++;
	}
	return r;
}

static json_t *merge(json_t *into, json_t *from)
{
	if (!into || !from || json_object_update(into, from) < 0) {
		json_decref(into);
		into = NULL;
	}
	json_decref(from);
	return into;
}

/* The root's own name, made when it is first asked for: a random UUID (RFC 9562, version 4). "" when it
 * cannot be kept. */
static void engine_id(struct engine *e, char out[ID_TEXT + 1])
{
	cleanup_fd int fd = openat(e->root_fd, ID_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW),
		       made = -EBADF;
	char hex[32 + 1], path[32];

	if (fd < 0) {
		id_random(hex, 32);
		(void)snprintf(out, ID_TEXT + 1, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8,
			       hex + 13, hex + 17, hex + 20);
		made = openat(e->root_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
		/* Of several at once the first wins, and all read what it wrote. */
		if (made < 0 || fd_write(made, out, ID_TEXT) < 0 ||
		    (linkat(AT_FDCWD, path, e->root_fd, ID_FILE, AT_SYMLINK_FOLLOW) < 0 &&
		     errno != EEXIST))
			out[0] = '\0';
		fd = openat(e->root_fd, ID_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
	if (fd < 0 || fd_read(fd, out, ID_TEXT) != ID_TEXT)
		out[0] = '\0';
	out[ID_TEXT] = '\0';
}

static json_t *store_part(struct engine *e, const struct counts *c, struct err *err)
{
	char id[ID_TEXT + 1];

	engine_id(e, id);

	const struct member members[] = {
		{"ID", json_string(id)},
		{"Containers", json_integer(c->all)},
		{"ContainersRunning", json_integer(c->running)},
		{"ContainersPaused", json_integer(c->paused)},
		{"ContainersStopped", json_integer(c->stopped)},
		{"Images", json_integer(c->images)},
		{"Driver", json_string("overlay2")},
		{"DriverStatus", json_pack("[[ss][ss]]", "Backing Filesystem",
					   backing_file_system(e->root_fd), "userxattr", "true")},
		{"Plugins", json_pack("{s[s] s[ss] sn s[ss]}", "Volume", "local", "Network", "host",
				      "none", "Authorization", "Log", "json-file", "none")},
		{"DockerRootDir", json_string(e->root)},
		{"LoggingDriver", json_string(e->config.log_driver ?: "json-file")},
		{"CgroupDriver", json_string("cgroupfs")},
		{"Debug", json_false()},
		{"ServerVersion", json_string(HOY_VERSION)},
		{"Runtimes", json_pack("{s{ss}}", "hoy", "path", "hoy-oci")},
		{"DefaultRuntime", json_string("hoy")},
		{"Swarm", json_pack("{ss}", "LocalNodeState", "inactive")},
		{"LiveRestoreEnabled", json_true()},
		{"InitBinary", json_string("hoy-init")},
		{"IndexServerAddress", json_string("https://index.docker.io/v1/")},
		{"RegistryConfig", json_null()},
		{"ExperimentalBuild", json_false()},
		{"Labels", json_array()},
		{"HttpProxy", json_string("")},
		{"HttpsProxy", json_string("")},
		{"NoProxy", json_string("")},
		{},
	};

	return members_object(members, err);
}

static json_t *host_part(struct arena *a, struct err *err)
{
	char now[CLOCK_TEXT_MAX];
	struct cgroups cg;
	struct limits l;
	struct utsname u = {};
	struct sysinfo si = {};

	(void)uname(&u);
	(void)sysinfo(&si);
	clock_format(clock_now(), now);
	look_at_cgroups(&cg);
	look_at_limits(&cg, &l);
	const struct member members[] = {
		{"MemoryLimit", json_boolean(l.memory)},
		{"SwapLimit", json_boolean(l.swap)},
		{"CpuCfsPeriod", json_boolean(l.cfs)},
		{"CpuCfsQuota", json_boolean(l.cfs)},
		{"CPUShares", json_boolean(l.cpu_shares)},
		{"CPUSet", json_boolean(l.cpuset)},
		{"PidsLimit", json_boolean(l.pids)},
		{"OomKillDisable", json_boolean(l.oom_kill_disable)},
		{"IPv4Forwarding", json_boolean(file_says_one("/proc/sys/net/ipv4/ip_forward"))},
		{"CgroupVersion", json_string(cg.v2 ? "2" : "1")},
		{"SystemTime", json_string(now)},
		{"KernelVersion", json_string(u.release)},
		{"OperatingSystem", json_string(os_release(a, "PRETTY_NAME"))},
		{"OSVersion", json_string(os_release(a, "VERSION_ID"))},
		{"OSType", json_string("linux")},
		{"Architecture", json_string(u.machine)},
		{"NCPU", json_integer(sysconf(_SC_NPROCESSORS_ONLN))},
		{"MemTotal", json_integer((json_int_t)si.totalram * si.mem_unit)},
		{"Name", json_string(u.nodename)},
		{"SecurityOptions",
		 json_pack("[ss]", "name=seccomp,profile=builtin", "name=cgroupns")},
		{"Warnings", warnings(&cg, &l)},
		{},
	};
	return members_object(members, err);
}

json_t *system_info(struct engine *e, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct counts c;
	json_t *j, *host;

	if (!a) {
		(void)err_oom(err);
		return NULL;
	}
	if (count(e, a, &c, err) < 0)
		return NULL;
	j = store_part(e, &c, err);
	host = j ? host_part(a, err) : NULL;
	if (!host) {
		json_decref(j);
		return NULL;
	}
	j = merge(j, host);
	if (!j)
		(void)err_oom(err);
	return j;
}
