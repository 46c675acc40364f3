// SPDX-License-Identifier: Apache-2.0
#include "lab.h"

#include <signal.h>
#include <time.h>

/* The value of a file of the group in whichever tree has it, without the newline. */
static const char *value(const char *ctl, const char *file)
{
	static char buf[256];
	const char *trees[] = {"unified", "", ctl};

	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		char path[256];
		int fd;
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s/%s", trees[i], lab.cgroup,
			       file);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = fd_read(fd, buf, sizeof(buf) - 1);
		close(fd);
		buf[n > 0 ? n : 0] = '\0';
		buf[strcspn(buf, "\n")] = '\0';
		return buf;
	}
	return "(absent)";
}

static void decode(const char *text, struct oci_resources *res)
{
	arena_free(lab.arena);
	lab.arena = arena_new(ARENA_DEFAULT_MAX);
	if (json_decode_text(lab.arena, text, strlen(text), &oci_resources_object, res, "resources",
			     &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
}

static bool v1(void)
{
	return access("/sys/fs/cgroup/memory", F_OK) == 0;
}

static void limits_are_written(void **state)
{
	struct cgroup *cg = NULL;
	struct oci_resources res;

	(void)state;
	if (!v1())
		skip();
	decode("{\"memory\":{\"limit\":67108864,\"reservation\":33554432},\"cpu\":{\"shares\":512,"
	       "\"quota\":"
	       "50000,\"period\":100000,\"cpus\":\"0\"},\"pids\":{\"limit\":17}}",
	       &res);
	if (cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
	assert_string_equal(value("memory", "memory.limit_in_bytes"), "67108864");
	assert_string_equal(value("memory", "memory.soft_limit_in_bytes"), "33554432");
	assert_string_equal(value("cpu", "cpu.shares"), "512");
	assert_string_equal(value("cpu", "cpu.cfs_quota_us"), "50000");
	assert_string_equal(value("cpuset", "cpuset.cpus"), "0");
	assert_string_equal(value("pids", "pids.max"), "17");
	assert_string_equal(value("blkio", "blkio.throttle.read_bps_device"), "(absent)");
	/* up beyond the old limit, and a controller that was not there */
	decode("{\"memory\":{\"limit\":134217728},\"pids\":{\"limit\":-1}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("memory", "memory.limit_in_bytes"), "134217728");
	assert_string_equal(value("pids", "pids.max"), "max");
	assert_int_equal(cgroup_remove(cg, &lab.err), 0);
	cgroup_free(cg);
	assert_string_equal(value("memory", "memory.limit_in_bytes"), "(absent)");
	assert_true(cgroup_open(lab.cgroup, NULL, 0, &cg, &lab.err) < 0);
}

static void bad_ones_are_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{"{\"memory\":{\"swappiness\":200}}", "memory swappiness 200 is not in 0..100"},
		{"{\"blockIO\":{\"weight\":5}}", "blkio weight 5 is not in 10..1000"},
		{"{\"unified\":{\"../x\":\"1\"}}", "unified: \"../x\" is not a cgroup file"},
		{"{\"devices\":[{\"allow\":true,\"type\":\"x\"}]}", "device rule: type \"x\""},
		{"{\"cpu\":{\"cpus\":\"4000\"}}", NULL},
		{"{\"blockIO\":{\"leafWeight\":300}}",
		 "blkio leafWeight: no kernel since 5.0 has leaf weights"},
		{"{\"hugepageLimits\":[{\"pageSize\":\"../../x\",\"limit\":1}]}", NULL},
		{"{\"unified\":{\"nosuch.max\":\"1\"}}",
		 "invalid configuration: unified: nosuch.max: this host has no cgroup v2 "
		 "controller \"nosuch\""},
		{"{\"unified\":{\"plain\":\"1\"}}", "unified: \"plain\" is not a cgroup file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cgroup *cg = NULL;
		struct oci_resources res;

		decode(rows[i].text, &res);
		assert_true(cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0);
		if (rows[i].msg)
			assert_string_equal(lab.err.msg, rows[i].msg);
		assert_true(cgroup_open(lab.cgroup, NULL, 0, &cg, NULL) < 0);
	}
	assert_true(cgroup_open("/a/../b", NULL, CGROUP_CREATE, &(struct cgroup *){NULL},
				&lab.err) < 0);
	assert_string_equal(lab.err.msg, "cgroup path \"/a/../b\" is not clean");
}

/* What this host lacks is named, with what it was wanted for. */
static void missing_controllers(void **state)
{
	static const struct {
		const char *ctl, *text, *msg;
	} rows[] = {
		{"net_cls", "{\"network\":{\"classID\":7}}",
		 "network class id: this host has no cgroup controller \"net_cls\""},
		{"net_prio", "{\"network\":{\"priorities\":[{\"name\":\"lo\",\"priority\":3}]}}",
		 "network priority: this host has no cgroup controller \"net_prio\""},
		{"rdma", "{\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3}}}",
		 "rdma limit: this host has no cgroup controller \"rdma\""},
	};
	struct cgroup *cg = NULL;
	struct oci_resources res;
	size_t tried = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", rows[i].ctl);
		if (!v1() || access(path, F_OK) == 0)
			continue;
		decode(rows[i].text, &res);
		assert_true(cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0);
		assert_string_equal(lab.err.msg, rows[i].msg);
		tried++;
	}
	if (!tried)
		skip();
}

static void cpu_in_any_order(void **state)
{
	struct cgroup *cg = NULL;
	struct oci_resources res;

	(void)state;
	if (!v1())
		skip();
	decode("{\"cpu\":{\"quota\":20000,\"period\":100000,\"burst\":10000}}", &res);
	if (cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
	assert_string_equal(value("cpu", "cpu.cfs_burst_us"), "10000");
	/* the burst above the old quota, then the quota below the old burst */
	decode("{\"cpu\":{\"quota\":60000,\"burst\":40000}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("cpu", "cpu.cfs_burst_us"), "40000");
	decode("{\"cpu\":{\"quota\":5000,\"burst\":1000,\"period\":10000}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("cpu", "cpu.cfs_quota_us"), "5000");
	assert_string_equal(value("cpu", "cpu.cfs_period_us"), "10000");
	assert_string_equal(value("cpu", "cpu.cfs_burst_us"), "1000");
	decode("{\"cpu\":{\"idle\":1}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("cpu", "cpu.idle"), "1");
	decode("{\"cpu\":{\"idle\":0,\"shares\":77}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("cpu", "cpu.idle"), "0");
	assert_string_equal(value("cpu", "cpu.shares"), "77");
	assert_int_equal(cgroup_remove(cg, &lab.err), 0);
	cgroup_free(cg);
}

static void memory_and_io(void **state)
{
	struct cgroup *cg = NULL;
	struct oci_resources res;

	(void)state;
	if (!v1())
		skip();
	decode("{\"memory\":{\"limit\":67108864,\"kernel\":1,\"kernelTCP\":4194304,\"swappiness\":"
	       "7,"
	       "\"disableOOMKiller\":true,\"useHierarchy\":true,\"checkBeforeUpdate\":true},"
	       "\"blockIO\":{\"weight\":123,\"throttleReadBpsDevice\":[{\"major\":7,\"minor\":0,"
	       "\"rate\":4096}],\"throttleWriteIOPSDevice\":[{\"major\":7,\"minor\":0,"
	       "\"rate\":99}]}}",
	       &res);
	if (cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
	assert_string_equal(value("memory", "memory.swappiness"), "7");
	assert_string_equal(value("memory", "memory.kmem.tcp.limit_in_bytes"), "4194304");
	assert_string_equal(value("memory", "memory.oom_control"), "oom_kill_disable 1");
	assert_string_equal(value("blkio", "blkio.throttle.read_bps_device"), "7:0 4096");
	assert_string_equal(value("blkio", "blkio.throttle.write_iops_device"), "7:0 99");
	assert_string_equal(value("blkio", "blkio.bfq.weight"), "123");
	decode("{\"memory\":{\"disableOOMKiller\":false}}", &res);
	assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
	assert_string_equal(value("memory", "memory.oom_control"), "oom_kill_disable 0");
	assert_int_equal(cgroup_remove(cg, &lab.err), 0);
	cgroup_free(cg);
}

static void hugepages_and_unified(void **state)
{
	struct cgroup *cg = NULL;
	struct oci_resources res;

	(void)state;
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) < 0)
		skip();
	decode("{\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":4194304}],\"unified\":{"
	       "\"cgroup.max.depth\":\"5\"}}",
	       &res);
	if (cgroup_open(lab.cgroup, &res, CGROUP_CREATE, &cg, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
	if (strcmp(value("hugetlb", "hugetlb.2MB.limit_in_bytes"), "(absent)") == 0) {
		assert_string_equal(value("hugetlb", "hugetlb.2MB.max"), "4194304");
		assert_string_equal(value("hugetlb", "hugetlb.2MB.rsvd.max"), "4194304");
		decode("{\"unified\":{\"hugetlb.2MB.max\":\"2097152\"}}", &res);
		assert_int_equal(cgroup_update(cg, &res, &lab.err), 0);
		assert_string_equal(value("hugetlb", "hugetlb.2MB.max"), "2097152");
	}
	assert_string_equal(value("", "cgroup.max.depth"), "5");
	decode("{\"hugepageLimits\":[{\"pageSize\":\"3MB\",\"limit\":1}]}", &res);
	assert_true(cgroup_update(cg, &res, &lab.err) < 0);
	assert_string_equal(lab.err.msg, "hugepage limit: this host has no pages of 3MB");
	assert_int_equal(cgroup_remove(cg, &lab.err), 0);
	cgroup_free(cg);
}

static void one_that_is_there(void **state)
{
	struct cgroup *first = NULL, *second = NULL;
	struct run_container *c = NULL;
	char msg[128];
	int out;

	(void)state;
	assert_int_equal(cgroup_open(lab.cgroup, NULL, CGROUP_CREATE, &first, &lab.err), 0);
	lab_ok(&(struct lab_parts){.args = NULL}); /* empty: taken, and removed in the end */
	cgroup_free(first);
	if (access("/sys/fs/cgroup/unified", F_OK) < 0 &&
	    access("/sys/fs/cgroup/cgroup.controllers", F_OK) < 0)
		skip();
	lab_spec(&(struct lab_parts){.args = "\"sleep\",\"100\""});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_true(cgroup_open(lab.cgroup, NULL, CGROUP_CREATE, &second, &lab.err) < 0);
	(void)snprintf(msg, sizeof(msg), "cgroup %s is in use", lab.cgroup);
	assert_string_equal(lab.err.msg, msg);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void pids_are_limited(void **state)
{
	(void)state;
	lab_shell("for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait; echo end",
		  (struct lab_parts){.linux_ = ",\"resources\":{\"pids\":{\"limit\":5}}"});
	assert_non_null(strstr(lab.out, "can't fork"));
}

static void oom_kills_are_counted(void **state)
{
	struct run_container *c = NULL;
	uint64_t kills = 99;
	int out;

	(void)state;
	lab_spec(&(struct lab_parts){
		.args = "\"dd\",\"if=/dev/zero\",\"of=/dev/null\",\"bs=200M\",\"count=1\"",
		.linux_ = ",\"resources\":{\"memory\":{\"limit\":33554432,\"swap\":33554432}}"});
	if (lab_create(NULL, &c, &out) < 0)
		fail_msg("%s", lab.err.msg);
	assert_int_equal(cgroup_oom_kills(run_cgroup(c), &kills), 0);
	assert_int_equal(kills, 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	lab_read(out);
	waitpid(run_pid(c), &lab.status, 0);
	assert_true(WIFSIGNALED(lab.status) && WTERMSIG(lab.status) == SIGKILL);
	assert_int_equal(cgroup_oom_kills(run_cgroup(c), &kills), 0);
	assert_true(kills >= 1);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
}

static void devices_are_filtered(void **state)
{
	(void)state;
	lab_shell("echo x > /dev/null && echo null; (head -c1 /dev/kmsgx) 2>&1; (head -c1 "
		  "/dev/fuse) 2>&1",
		  (struct lab_parts){.linux_ = ",\"resources\":{\"devices\":[{\"allow\":false,"
					       "\"access\":\"rwm\"},{\"allow\":true,"
					       "\"type\":\"c\",\"major\":10,\"minor\":229,"
					       "\"access\":\"r\"}]},\"devices\":[{\"path\":"
					       "\"/dev/"
					       "kmsgx\",\"type\":\"c\",\"major\":1,\"minor\":11},{"
					       "\"path\":\"/dev/fuse\","
					       "\"type\":\"c\",\"major\":10,\"minor\":229}]"});
	assert_non_null(strstr(lab.out, "null\n"));
	assert_non_null(strstr(lab.out, "/dev/kmsgx: Operation not permitted"));
	assert_null(strstr(lab.out, "/dev/fuse: Operation not permitted"));
}

static void freeze_and_kill(void **state)
{
	struct run_container *c = NULL;
	pid_t pids[16];
	char path[64];
	int out;
	struct oci_resources res;
	FILE *f;

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"sh\",\"-c\",\"sleep 100 & sleep 101; true\""});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	for (int i = 0; i < 200 && cgroup_pids(run_cgroup(c), pids, 16) < 3; i++)
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	assert_int_equal(cgroup_pids(run_cgroup(c), pids, 16), 3);
	assert_int_equal(cgroup_freeze(run_cgroup(c), true, &lab.err), 0);
	/* a hierarchy that is made late gets the processes that are there */
	decode("{\"pids\":{\"limit\":9}}", &res);
	assert_int_equal(cgroup_update(run_cgroup(c), &res, &lab.err), 0);
	assert_string_equal(value("pids", "pids.current"), "3");
	assert_int_equal(cgroup_freeze(run_cgroup(c), false, &lab.err), 0);
	assert_int_equal(cgroup_freeze(run_cgroup(c), true, &lab.err), 0);
	assert_int_equal(cgroup_kill(run_cgroup(c), &lab.err), 0);
	assert_int_equal(waitpid(run_pid(c), &lab.status, 0), run_pid(c));
	assert_int_equal(WTERMSIG(lab.status), SIGKILL);
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", run_pid(c));
	f = fopen(path, "re");
	assert_null(f);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void own_cgroup_is_what_is_seen(void **state)
{
	(void)state;
	lab_shell("cat /proc/self/cgroup; ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/pids.max "
		  "/sys/fs/cgroup/pids.max 2>&1; "
		  "(echo 0 > /sys/fs/cgroup/pids/pids.max) 2>&1",
		  (struct lab_parts){
			  .ns = LAB_NS ",{\"type\":\"cgroup\"}",
			  .mounts = ",{\"destination\":\"/sys/fs/"
				    "cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
				    "\"options\":[\"ro\",\"nosuid\",\"noexec\",\"nodev\"]}",
			  .linux_ = ",\"resources\":{\"pids\":{\"limit\":33}}"});
	assert_null(strstr(lab.out, "hoytest"));
	assert_non_null(strstr(lab.out, "0::/\n"));
	assert_non_null(strstr(lab.out, "33\n"));
	assert_non_null(strstr(lab.out, v1() ? "Read-only file system" : "nonexistent directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_are_written),
		cmocka_unit_test(bad_ones_are_refused),
		cmocka_unit_test(missing_controllers),
		cmocka_unit_test(cpu_in_any_order),
		cmocka_unit_test(memory_and_io),
		cmocka_unit_test(hugepages_and_unified),
		cmocka_unit_test(one_that_is_there),
		cmocka_unit_test(pids_are_limited),
		cmocka_unit_test(oom_kills_are_counted),
		cmocka_unit_test(devices_are_filtered),
		cmocka_unit_test(freeze_and_kill),
		cmocka_unit_test(own_cgroup_is_what_is_seen),
	};
	int r;

	lab_start();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
