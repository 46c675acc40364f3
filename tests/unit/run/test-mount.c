// SPDX-License-Identifier: Apache-2.0
/*
 * The mounts of a configuration as a process in the container finds them: its mountinfo is what
 * decides.
 */
#include "lab.h"

#include "run/mount-options.h"

#define MAPS(host)                                                                                 \
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":" host ",\"size\":1000}],"                 \
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":" host ",\"size\":1000}]"

static struct mount_options parse(const char *type, char **words, int want)
{
	struct oci_mount m = {.destination = (char *)"/m",
			      .type = (char *)type,
			      .source = (char *)"/s",
			      .options = words};
	struct mount_options o;

	lab.err = ERR_INIT;
	assert_int_equal(mount_options_parse(&m, &o, &lab.err), want);
	return o;
}

#define WORDS(...) ((char *[]){__VA_ARGS__, NULL})

static void words(void **state)
{
	/* config.md's table, all of it; two that mean nothing to a bind among them. */
	static const char *const all[] = {
		"async",
		"atime",
		"bind",
		"defaults",
		"dev",
		"diratime",
		"dirsync",
		"exec",
		"iversion",
		"lazytime",
		"loud",
		"mand",
		"noatime",
		"nodev",
		"nodiratime",
		"noexec",
		"noiversion",
		"nolazytime",
		"nomand",
		"norelatime",
		"nosuid",
		"nosymfollow",
		"nostrictatime",
		"private",
		"ratime",
		"rbind",
		"rdev",
		"rdiratime",
		"relatime",
		"remount",
		"rexec",
		"rnoatime",
		"rnodiratime",
		"rnoexec",
		"rnorelatime",
		"rnosuid",
		"rnosymfollow",
		"rnostrictatime",
		"ro",
		"rprivate",
		"rrelatime",
		"rro",
		"rrw",
		"rshared",
		"rslave",
		"rsuid",
		"rstrictatime",
		"rsymfollow",
		"runbindable",
		"rw",
		"shared",
		"silent",
		"slave",
		"strictatime",
		"suid",
		"symfollow",
		"sync",
		"unbindable",
		"idmap",
		"ridmap",
	};
	struct mount_options o;
	char each[32];

	(void)state;
	for (size_t i = 0; mount_options_word(i, each, sizeof(each)); i++) {
		o = parse(str_eq(each, "tmpcopyup") ? "tmpfs" : "bind", WORDS(each), 0);
		assert_int_equal(o.n_data, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		bool listed = false;
		char word[32];

		o = parse("bind", WORDS((char *)all[i]), 0);
		assert_int_equal(o.n_data, 0);
		for (size_t w = 0; mount_options_word(w, word, sizeof(word)); w++)
			listed |= str_eq(word, all[i]);
		assert_true(listed);
	}
	o = parse(NULL, WORDS((char *)"rbind", (char *)"ro", (char *)"rnosuid", (char *)"rslave"),
		  0);
	assert_true(o.bind && o.recursive && o.rec_propagation);
	assert_int_equal(o.propagation, MS_SLAVE);
	assert_int_equal(o.top.set, MOUNT_ATTR_RDONLY);
	assert_int_equal(o.tree.set, MOUNT_ATTR_NOSUID);
	/* the last word wins, and access times are one value */
	o = parse("tmpfs",
		  WORDS((char *)"ro", (char *)"rw", (char *)"noatime", (char *)"strictatime",
			(char *)"sync", (char *)"size=1k"),
		  0);
	assert_int_equal(o.top.set, MOUNT_ATTR_STRICTATIME);
	assert_int_equal(o.top.clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME);
	assert_int_equal(o.n_data, 2);
	(void)parse("tmpfs", WORDS((char *)"idmap"), -EOPNOTSUPP);
	assert_string_equal(lab.err.msg, "mount on /m: only a bind can have id mappings");
	(void)parse("bind", WORDS((char *)"tmpcopyup"), -EINVAL);
	o = parse("bind", WORDS((char *)"mode=755", (char *)"ro"), 0);
	assert_int_equal(o.n_data, 0);
	(void)parse("bind", WORDS((char *)"sized"), -EINVAL);
	assert_string_equal(lab.err.msg, "mount on /m: unknown option sized");
}

static void attributes(void **state)
{
	(void)state;
	lab_shell("grep -E ' /(a|b|c|d|e) ' /proc/self/mountinfo",
		  (struct lab_parts){
			  .mounts = ",{\"destination\":\"/a\",\"type\":\"tmpfs\",\"source\":\"t\","
				    "\"options\":[\"noatime\",\"strictatime\",\"nosymfollow\"]},"
				    "{\"destination\":\"b\",\"type\":\"tmpfs\",\"source\":\"t\","
				    "\"options\":[\"rro\",\"rnodev\",\"nodiratime\",\"noatime\"]},"
				    "{\"destination\":\"//c/.\",\"source\":\"/etc\",\"options\":"
				    "[\"bind\",\"noexec\",\"nosuid\",\"ro\",\"sync\"]},"
				    "{\"destination\":\"/d\",\"type\":\"tmpfs\",\"source\":\"t\"},"
				    "{\"destination\":\"/d\",\"type\":\"tmpfs\",\"options\":"
				    "[\"remount\",\"ro\",\"size=8k\"]},{\"destination\":\"/e\","
				    "\"type\":\"none\",\"source\":\"/etc\",\"options\":[\"bind\","
				    "\"unbindable\"]}"});
	says(" /a rw,nosymfollow - ");
	says(" /b ro,nodev,noatime,nodiratime - ");
	says(" /c ro,nosuid,noexec,");
	says(" /d ro,relatime - tmpfs t rw,size=8k");
	says(" /e rw,relatime unbindable - ");
}

/* /s on the host: a tmpfs with another one at /s/below. */
static void host_tree(char dir[96])
{
	char below[128];

	(void)snprintf(dir, 96, "%s/s", lab.dir);
	(void)snprintf(below, sizeof(below), "%s/below", dir);
	(void)mkdir(dir, 0755);
	assert_int_equal(mount("s", dir, "tmpfs", 0, "mode=755"), 0);
	assert_int_equal(mkdir(below, 0755), 0);
	assert_int_equal(mount("s", below, "tmpfs", 0, "mode=755"), 0);
}

static void host_tree_gone(const char *dir)
{
	assert_int_equal(umount2(dir, MNT_DETACH), 0);
}

static void recursive_attributes(void **state)
{
	char dir[96], mounts[1024];

	(void)state;
	host_tree(dir);
	(void)snprintf(mounts, sizeof(mounts),
		       ",{\"destination\":\"/top\",\"type\":\"bind\",\"source\":\"%1$s\","
		       "\"options\":[\"rbind\",\"ro\",\"rnoexec\"]},{\"destination\":\"/all\","
		       "\"type\":\"bind\",\"source\":\"%1$s\",\"options\":[\"rbind\",\"rro\"]},"
		       "{\"destination\":\"/one\",\"type\":\"bind\",\"source\":\"%1$s\","
		       "\"options\":[\"bind\"]},{\"destination\":\"/rel\",\"source\":\"../s\","
		       "\"options\":[\"rbind\"]}",
		       dir);
	lab_shell("grep -E ' /(top|all|one|rel)' /proc/self/mountinfo; touch /top/below/x && echo "
		  "below; (touch /all/below/x) 2>&1",
		  (struct lab_parts){.mounts = mounts});
	says(" /top ro,noexec,");
	says(" /top/below rw,noexec,");
	says(" /all ro,");
	says(" /all/below ro,");
	says(" /rel/below rw");
	says_not(" /one/below");
	says("below\n");
	says("/all/below/x: Read-only");
	host_tree_gone(dir);
}

static void root_is_not_a_target(void **state)
{
	(void)state;
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/x/..\",\"type\":\"tmpfs\"}"},
		  "mount on \"/\": that is the root itself");
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/m\",\"source\":\"/etc\"}"},
		  "mount on /m: it has no type");
	/* another way to write it must not get past the test */
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"//proc/./sys\",\"type\":"
						"\"bind\",\"source\":\"/etc\"}"},
		  "mount on /proc/sys: it is in /proc");
}

static void tmpfs_over_a_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(lab.bundle, "rootfs/full", 0), 0);
	assert_int_equal(fchmodat(lab.bundle, "rootfs/full", 02751, 0), 0);
	assert_int_equal(fchownat(lab.bundle, "rootfs/full", 12, 34, 0), 0);
	assert_int_equal(mkdirat(lab.bundle, "rootfs/full/sub", 0700), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/full/sub/file", "text\n", 5, 0640, 0, NULL),
			 0);
	assert_int_equal(fchownat(lab.bundle, "rootfs/full/sub/file", 56, 78, 0), 0);
	assert_int_equal(fchmodat(lab.bundle, "rootfs/full/sub/file", 04755, 0), 0);
	assert_int_equal(symlinkat("/etc/shadow", lab.bundle, "rootfs/full/link"), 0);
	lab_shell("cat /full/sub/file; stat -c '%n %a %u:%g' /full /full/sub /full/sub/file; "
		  "readlink /full/link; rm /full/sub/file; (touch /full/x) 2>&1",
		  (struct lab_parts){
			  .mounts = ",{\"destination\":\"/full\",\"type\":\"tmpfs\",\"source\":"
				    "\"t\",\"options\":[\"tmpcopyup\",\"ro\"]}"});
	says("text\n");
	says("/full 2751 12:34\n/full/sub 2700 0:34\n/full/sub/file 4755 56:78\n/etc/shadow\n");
	says("/full/x: Read-only");
	/* without the word only the mode, and not when the options say one */
	lab_shell("ls -a /full | wc -l; stat -c '%n %a' /full",
		  (struct lab_parts){.mounts = ",{\"destination\":\"/full\",\"type\":\"tmpfs\","
					       "\"source\":\"t\"}"});
	says("2\n/full 2751\n");
	lab_shell("stat -c '%n %a' /full",
		  (struct lab_parts){.mounts = ",{\"destination\":\"/full\",\"type\":\"tmpfs\","
					       "\"source\":\"t\",\"options\":[\"mode=700\"]}"});
	says("/full 700\n");
	/* more than fits */
	assert_int_equal(
		file_write(lab.bundle, "rootfs/full/big", lab.out, sizeof(lab.out), 0644, 0, NULL),
		0);
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/full\",\"type\":\"tmpfs\","
						"\"source\":\"t\",\"options\":[\"tmpcopyup\","
						"\"size=16k\"]}"},
		  "tmpcopyup of /full: No space left on device");
	assert_int_equal(path_remove_tree(lab.bundle, "rootfs/full", NULL), 0);
}

static void id_mapped(void **state)
{
	char dir[96], mounts[2048];

	(void)state;
	(void)mkdirat(lab.bundle, "rootfs/m", 0755);
	(void)mkdirat(lab.bundle, "rootfs/n", 0755);
	(void)snprintf(dir, sizeof(dir), "%s/owned", lab.dir);
	assert_int_equal(mkdir(dir, 0777), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(file_write(lab.fd, "owned/f", "x", 1, 0644, 0, NULL), 0);
	assert_int_equal(fchownat(lab.fd, "owned/f", 5, 6, 0), 0);
	/* no user namespace: on disk 5 is 305 in the mount, and what 300 makes is 0's on disk */
	(void)snprintf(mounts, sizeof(mounts),
		       ",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"%s\",\"options\":"
		       "[\"rbind\",\"ridmap\"]," MAPS("300") "}",
		       dir);
	lab_shell("stat -c %u:%g /m/f; touch /m/by300; stat -c %u:%g /m/by300",
		  (struct lab_parts){.mounts = mounts, .user = "{\"uid\":300,\"gid\":300}"});
	says("305:306\n300:300\n");
	(void)snprintf(mounts, sizeof(mounts),
		       ",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"%1$s\",\"options\":"
		       "[\"bind\",\"idmap\"]},{\"destination\":\"/n\",\"type\":\"bind\",\"source\":"
		       "\"%1$s\"}",
		       dir);
	lab_shell("stat -c %u:%g /m/f /n/f; touch /m/made; stat -c %u:%g /m/made /m/by300",
		  (struct lab_parts){.mounts = mounts,
				     .ns = LAB_NS ",{\"type\":\"user\"}",
				     .linux_ = "," MAPS("200000")});
	says("5:6\n65534:65534\n0:0\n0:0\n");
	lab_fails(&(struct lab_parts){.mounts = mounts},
		  "mount on /m: idmap without mappings needs a user namespace");
	(void)path_remove_tree(lab.fd, "owned", NULL);
}

static void not_mappable(void **state)
{
	(void)state;
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/m\",\"type\":\"bind\","
						"\"source\":\"/proc\",\"options\":[\"bind\","
						"\"idmap\"]," MAPS("300") "}"},
		  "mount on /m: /proc: this kernel or its file system cannot map ids");
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/m\",\"type\":\"bind\","
						"\"source\":\"/etc\",\"uidMappings\":[{"
						"\"containerID\":0,\"hostID\":1,\"size\":1}]}"},
		  "mount on /m: uidMappings and gidMappings go together");
}

/* A joined or shared network namespace is not the new user namespace's: sysfs is bound then. */
static void sysfs_of_another_namespace(void **state)
{
	(void)state;
	lab_shell("grep ' /sys ' /proc/self/mountinfo; ls /sys/class/net; (touch /sys/x) 2>&1",
		  (struct lab_parts){.ns = "{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":"
					   "\"ipc\"},{\"type\":\"uts\"},{\"type\":\"user\"}",
				     .linux_ = "," MAPS("200000")});
	says(" /sys ro,nosuid");
	says("lo\n");
	says("Read-only");
}

/* What the container mounts below a bind must not appear on the host, whatever the host shares. */
static void binds_do_not_leak(void **state)
{
	static const char *const ns[] = {LAB_NS, LAB_NS ",{\"type\":\"user\"}"};
	static const char *const maps[] = {"", "," MAPS("200000")};
	char dir[96], mounts[512], probe[128];
	struct stat st;

	(void)state;
	host_tree(dir);
	assert_int_equal(mount(NULL, dir, NULL, MS_SHARED | MS_REC, NULL), 0);
	(void)snprintf(probe, sizeof(probe), "%s/below/here", dir);
	(void)snprintf(mounts, sizeof(mounts),
		       ",{\"destination\":\"/s\",\"type\":\"bind\",\"source\":\"%s\",\"options\":"
		       "[\"rbind\"]},{\"destination\":\"/s/below\",\"type\":\"tmpfs\",\"source\":"
		       "\"t\"},{\"destination\":\"/s/below/here\",\"type\":\"tmpfs\"}",
		       dir);
	for (int i = 0; i < 2; i++) {
		lab_shell("ls -d /s/below/here",
			  (struct lab_parts){.mounts = mounts, .ns = ns[i], .linux_ = maps[i]});
		says("/s/below/here\n");
		assert_int_equal(stat(probe, &st), -1);
	}
	host_tree_gone(dir);
}

static void cgroups(void **state)
{
	(void)state;
	lab_shell("grep cgroup /proc/self/mountinfo; ls /sys/fs/cgroup /sys/fs/cgroup/pids; "
		  "(mkdir /sys/fs/cgroup/x) 2>&1; cat /sys/fs/cgroup/cgroup.procs "
		  "/sys/fs/cgroup/unified/cgroup.procs",
		  (struct lab_parts){
			  .mounts = ",{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\","
				    "\"source\":\"cgroup\",\"options\":[\"ro\",\"nosuid\"]}",
			  .ns = LAB_NS ",{\"type\":\"cgroup\"}",
			  .linux_ = ",\"resources\":{\"pids\":{\"limit\":77}}"});
	says("pids.max");
	says("/sys/fs/cgroup ro,nosuid");
	says("ead-only file system");
	says("1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(attributes),
		cmocka_unit_test(recursive_attributes),
		cmocka_unit_test(root_is_not_a_target),
		cmocka_unit_test(tmpfs_over_a_directory),
		cmocka_unit_test(id_mapped),
		cmocka_unit_test(not_mappable),
		cmocka_unit_test(sysfs_of_another_namespace),
		cmocka_unit_test(binds_do_not_leak),
		cmocka_unit_test(cgroups),
	};
	int r;

	lab_start();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
