// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/oci.h"

#define TEXT_MAX ((size_t)64 << 10)

struct spec_options {
	char *bundle;
	bool rootless;
};

static const char example[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"user\":{\"uid\":0,"
	"\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"\"TERM=xterm\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\","
	"\"CAP_NET_BIND_SERVICE\"],\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\","
	"\"CAP_NET_BIND_SERVICE\"],\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\","
	"\"CAP_NET_BIND_SERVICE\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
	"\"hard\":1024,\"soft\":1024}],\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"hoy\","
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
	"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
	"\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
	"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\","
	"\"options\":[\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\","
	"\"mode=0620\",\"gid=5\"]},{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\","
	"\"source\":\"shm\",\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\","
	"\"size=65536k\"]},{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\","
	"\"source\":\"mqueue\",\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
	"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"ro\"]},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
	"\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
	"\"linux\":{\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\"},{\"type\":\"ipc\"},"
	"{\"type\":\"uts\"},{\"type\":\"mount\"}],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\","
	"\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\","
	"\"/proc/timer_stats\",\"/proc/sched_debug\",\"/sys/firmware\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
	"\"/proc/sysrq-trigger\"]}}";

/* A list of one mapping: our own id becomes root. */
static json_t *mapping(unsigned id)
{
	return json_pack("[{s:i,s:I,s:i}]", "containerID", 0, "hostID", (json_int_t)id, "size", 1);
}

/* What a normal user may do: no network or cgroup of their own, ids of one user. */
static void make_rootless(json_t *spec)
{
	json_t *linux_ = json_object_get(spec, "linux"), *list = json_array(), *item, *options;
	json_t *mounts = json_array();
	size_t i, k;

	json_array_foreach (json_object_get(linux_, "namespaces"), i, item)
		if (!str_eq(json_string_value(json_object_get(item, "type")), "network"))
			(void)json_array_append(list, item);
	(void)json_array_append_new(list, json_pack("{s:s}", "type", "user"));
	(void)json_object_set_new(linux_, "namespaces", list);
	(void)json_object_set_new(linux_, "uidMappings", mapping(geteuid()));
	(void)json_object_set_new(linux_, "gidMappings", mapping(getegid()));
	(void)json_object_del(linux_, "resources");
	json_array_foreach (json_object_get(spec, "mounts"), i, item) {
		const char *to = json_string_value(json_object_get(item, "destination"));

		if (str_eq(to, "/sys"))
			item = json_pack("{s:s,s:s,s:s,s:[s,s,s,s,s]}", "destination", "/sys",
					 "type", "none", "source", "/sys", "options", "rbind",
					 "nosuid", "noexec", "nodev", "ro");
		else
			(void)json_incref(item);
		options = json_object_get(item, "options");
		for (k = json_array_size(options); k > 0; k--)
			if (str_eq(json_string_value(json_array_get(options, k - 1)), "gid=5"))
				(void)json_array_remove(options, k - 1);
		if (!str_eq(to, "/sys/fs/cgroup"))
			(void)json_array_append(mounts, item);
		json_decref(item);
	}
	(void)json_object_set_new(spec, "mounts", mounts);
}

/* On v1 a cgroup namespace shows less than it hides: runc's example has one on pure v2 only. */
static void fit_cgroups(json_t *spec)
{
	json_t *list = json_object_get(json_object_get(spec, "linux"), "namespaces");
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		(void)json_array_append_new(list, json_pack("{s:s}", "type", "cgroup"));
}

static int run_spec(struct command_line *c, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(TEXT_MAX);
	cleanup(json_unref) json_t *spec = NULL;
	const struct spec_options *o = c->options;
	const char *dir = str_empty(o->bundle) ? "." : o->bundle;
	cleanup_fd int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (dirfd < 0)
		return err_sys(err, errno, "open %s", dir);
	if (fstatat(dirfd, "config.json", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(err, ERR_CONFLICT, "File config.json exists. Remove it first");
	spec = json_parse(example, sizeof(example) - 1, "example", err);
	if (!spec)
		return err->code;
	fit_cgroups(spec);
	if (o->rootless)
		make_rootless(spec);
	r = json_write(&b, spec, 2, err);
	buf_putc(&b, '\n');
	return r < 0 ? r : file_write(dirfd, "config.json", b.data, b.len, 0644, 0, err);
}

#define FLAG(...) FLAG_OF(spec_options, __VA_ARGS__)
static const struct flag flags[] = {
	FLAG(bundle, "bundle", 'b', FLAG_STRING,
	     "Folder to write it in; the current one by default", .noun = NOUN_FILE),
	FLAG(rootless, "rootless", 0, FLAG_BOOL, "For a container of a normal user"),
	{},
};
#undef FLAG

const struct command cmd_spec = {
	.paths = "spec",
	.usage = "[OPTIONS]",
	.summary = "Write a config.json to start from",
	.flags = flags,
	.options_size = sizeof(struct spec_options),
	.run = run_spec,
};
