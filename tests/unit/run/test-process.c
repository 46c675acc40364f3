// SPDX-License-Identifier: Apache-2.0
/*
 * The process and its surroundings: scheduling, names that are unknown, hooks, propagation of the
 * root, namespaces by path.
 */
#include "lab.h"

#include <linux/ioprio.h>
#include <sys/syscall.h>

static char warnings[512];

static void take_warning(void *arg, const char *text)
{
	(void)arg;
	(void)snprintf(warnings + strlen(warnings), sizeof(warnings) - strlen(warnings), "%s\n",
		       text);
}

static void unknown_capabilities(void **state)
{
	struct run_options o = {.warn = take_warning};

	(void)state;
	warnings[0] = '\0';
	lab_spec(&(struct lab_parts){.args = "\"grep\",\"CapEff\",\"/proc/self/status\"",
				     .caps = "\"capabilities\":{\"bounding\":[\"CAP_KILL\",\"CAP_"
					     "TO_FLY\"],\"effective\":"
					     "[\"CAP_KILL\",\"CAP_TO_FLY\",\"CAP_DANCE\"],"
					     "\"permitted\":[\"CAP_KILL\"]}"});
	assert_int_equal(lab_run_with(&o), 0);
	says("CapEff:\t0000000000000020");
	assert_string_equal(warnings, "unknown or unavailable capability CAP_TO_FLY, ignoring\n"
				      "unknown or unavailable capability CAP_DANCE, ignoring\n");
}

static void scheduling(void **state)
{
	struct run_container *c = NULL;
	int out;
	long prio;

	(void)state;
	lab_spec(&(struct lab_parts){
		.args = "\"sleep\",\"100\"",
		.process = ",\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":7,\"flags\":["
			   "\"SCHED_FLAG_RESET_ON_FORK\"]},\"ioPriority\":{\"class\":"
			   "\"IOPRIO_CLASS_BE\",\"priority\":6}"});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	assert_int_equal(sched_getscheduler(run_pid(c)), SCHED_BATCH | SCHED_RESET_ON_FORK);
	prio = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, run_pid(c));
	assert_int_equal(prio, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
	lab_fails(&(struct lab_parts){.process = ",\"scheduler\":{\"policy\":\"SCHED_FAIR\"}"},
		  "unknown scheduler policy SCHED_FAIR");
	lab_fails(&(struct lab_parts){.process = ",\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\","
						 "\"priority\":9}"},
		  "ioPriority IOPRIO_CLASS_BE 9");
	lab_fails(&(struct lab_parts){.linux_ = ",\"personality\":{\"domain\":\"LINUX\",\"flags\":"
						"[\"X\"]}"},
		  "unknown personality flag X");
	lab_shell("uname -m", (struct lab_parts){.linux_ = ",\"personality\":{\"domain\":"
							   "\"LINUX32\"}"});
	says("i686\n");
}

/* For exec'd processes alone. */
static void affinity(void **state)
{
	static const char exec_args[] = "\"grep\",\"Cpus_allowed_list\",\"/proc/self/status\"";
	struct run_container *c = NULL;
	struct run_process rp;
	int out;

	(void)state;
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip();
	lab_shell("grep Cpus_allowed_list /proc/self/status",
		  (struct lab_parts){.process = ",\"execCPUAffinity\":{\"initial\":\"0\","
						"\"final\":\"0\"}"});
	says_not("\t0\n");
	lab_spec(&(struct lab_parts){.args = "\"sleep\",\"100\""});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	assert_int_equal(lab_exec(c, exec_args,
				  ",\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1\"},"
				  "\"oomScoreAdj\":77",
				  &rp),
			 0);
	says("Cpus_allowed_list:\t1\n");
	waitpid(rp.pid, NULL, 0);
	close(rp.pidfd);
	assert_int_equal(
		lab_exec(c, "\"cat\",\"/proc/self/oom_score_adj\"", ",\"oomScoreAdj\":77", &rp), 0);
	says("77\n");
	waitpid(rp.pid, NULL, 0);
	close(rp.pidfd);
	assert_true(lab_exec(c, exec_args, ",\"execCPUAffinity\":{\"initial\":\"x\"}", &rp) < 0);
	assert_string_equal(lab.err.msg, "CPU list \"x\"");
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void labels_without_a_module(void **state)
{
	(void)state;
	if (access("/sys/kernel/security/apparmor", F_OK) == 0 ||
	    access("/sys/fs/selinux/enforce", F_OK) == 0)
		skip();
	lab_fails(&(struct lab_parts){.process = ",\"apparmorProfile\":\"p\""},
		  "AppArmor profile p: this kernel has no AppArmor");
	lab_fails(&(struct lab_parts){.process = ",\"selinuxLabel\":\"l\""},
		  "SELinux label l: this kernel has no SELinux");
	lab_fails(&(struct lab_parts){.linux_ = ",\"mountLabel\":\"l\""},
		  "mountLabel: this kernel has no SELinux");
}

static void hook_file(const char *script)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "#!/bin/busybox sh\n%s\n", script);

	assert_int_equal(file_write(lab.fd, "hook", text, (size_t)n, 0755, 0, NULL), 0);
}

/* Which namespaces each hook sees, its state and its environment. */
static void hooks_and_namespaces(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(16384);
	char hooks[1024], own[64], text[128];
	ssize_t n = readlink("/proc/self/ns/mnt", own, sizeof(own) - 1);

	(void)state;
	own[n] = '\0';
	hook_file("read s; echo $1 $V $(readlink /proc/self/ns/mnt) \"$s\" >> $(dirname $0)/log");
	(void)snprintf(
		hooks, sizeof(hooks),
		",\"annotations\":{\"k\":\"v\"},\"hooks\":{\"createRuntime\":[{\"path\":\"%1$s/"
		"hook\",\"args\":[\"h\",\"cr\"],"
		"\"env\":[\"V=1\",\"PATH=/bin\"]}],\"createContainer\":[{\"path\":\"%1$s/"
		"hook\",\"args\":"
		"[\"h\",\"cc\"],\"env\":[\"V=2\",\"PATH=/bin\"]}],\"startContainer\":[{\"path\":"
		"\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"cat > /tmp/state; echo $V > /tmp/env\"],"
		"\"env\":[\"V=3\",\"PATH=/bin\"]}]}",
		lab.dir);
	(void)unlinkat(lab.fd, "log", 0);
	lab_shell("cat /tmp/state /tmp/env", (struct lab_parts){.top = hooks});
	says("\"id\":\"lab\"");
	says("\"status\":\"created\"");
	says("\"annotations\":{\"k\":\"v\"}");
	(void)snprintf(text, sizeof(text), "\"bundle\":\"%s/b\"", lab.dir);
	says(text);
	says("3\n");
	assert_int_equal(file_read(lab.fd, "log", &b, NULL), 0);
	(void)snprintf(text, sizeof(text), "cr 1 %s {", own);
	assert_true(str_after(b.data, text) != NULL);
	assert_non_null(strstr(b.data, "\ncc 2 mnt:["));
	assert_null(strstr(strstr(b.data, "\ncc 2 "), own));
	assert_non_null(strstr(b.data, "\"status\":\"creating\""));
}

static void hooks_that_fail(void **state)
{
	struct run_options o = {.warn = take_warning};
	char hooks[512], msg[256];

	(void)state;
	hook_file("echo no luck; exit 3");
	(void)snprintf(hooks, sizeof(hooks),
		       ",\"hooks\":{\"createContainer\":[{\"path\":\"/bin/true\"},{\"path\":"
		       "\"%s/hook\"}]}",
		       lab.dir);
	(void)snprintf(msg, sizeof(msg),
		       "error running createContainer hook #1: %s/hook: exit status 3, output: no "
		       "luck ",
		       lab.dir);
	lab_fails(&(struct lab_parts){.top = hooks}, msg);
	lab_fails(
		&(struct lab_parts){
			.top = ",\"hooks\":{\"startContainer\":[{\"path\":\"/nope\"}]}"},
		"error running startContainer hook #0: start /nope: No such file or directory");
	/* started, thus ended again */
	lab_fails(
		&(struct lab_parts){
			.args = "\"sleep\",\"100\"",
			.top = ",\"hooks\":{\"poststart\":[{\"path\":\"/bin/false\"}]}"},
		"error running poststart hook #0: /bin/false: exit status 1");
	/* all of them, and only a word */
	warnings[0] = '\0';
	hook_file("echo ran > $(dirname $0)/ran");
	(void)snprintf(hooks, sizeof(hooks),
		       ",\"hooks\":{\"poststop\":[{\"path\":\"/bin/false\"},{\"path\":\"%s/hook\","
		       "\"env\":[\"PATH=/bin\"]}]}",
		       lab.dir);
	lab_spec(&(struct lab_parts){.top = hooks});
	assert_int_equal(lab_run_with(&o), 0);
	assert_string_equal(warnings,
			    "error running poststop hook #0: /bin/false: exit status 1\n");
	assert_int_equal(unlinkat(lab.fd, "ran", 0), 0);
}

static void root_propagation(void **state)
{
	static const struct {
		const char *name, *want, *not ;
	} rows[] = {
		{"shared", " / rw,relatime shared:", "@"},
		{"rslave", " / rw,relatime", "shared:"},
		{"private", " / rw,relatime - ", "@"},
		{"unbindable", " / rw,relatime unbindable - ", "@"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char linux_[128];

		(void)snprintf(linux_, sizeof(linux_), ",\"rootfsPropagation\":\"%s\"",
			       rows[i].name);
		lab_shell("grep ' / ' /proc/self/mountinfo", (struct lab_parts){.linux_ = linux_});
		says(rows[i].want);
		says_not(rows[i].not );
	}
	lab_fails(&(struct lab_parts){.linux_ = ",\"rootfsPropagation\":\"open\""},
		  "rootfsPropagation \"open\" is unknown");
}

static void every_namespace_by_path(void **state)
{
	static const struct {
		const char *type, *file;
	} rows[] = {{"network", "net"}, {"ipc", "ipc"},   {"uts", "uts"},
		    {"pid", "pid"},     {"time", "time"}, {"cgroup", "cgroup"}};
	char ns[1024] = "{\"type\":\"mount\"}", script[256];
	struct run_container *c = NULL;
	int out;

	(void)state;
	lab_spec(&(struct lab_parts){
		.args = "\"sleep\",\"100\"",
		.ns = LAB_NS ",{\"type\":\"cgroup\"},{\"type\":\"time\"},{"
			     "\"type\":\"user\"}",
		.linux_ = ",\"uidMappings\":[{\"containerID\":0,\"hostID\":"
			  "200000,\"size\":1000}],\"gidMappings\":[{"
			  "\"containerID\":0,\"hostID\":200000,\"size\":1000}]"});
	if (lab_create(NULL, &c, &out) < 0)
		fail_msg("%s", lab.err.msg);
	assert_int_equal(run_start(c, &lab.err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		(void)snprintf(ns + strlen(ns), sizeof(ns) - strlen(ns),
			       ",{\"type\":\"%s\",\"path\":\"/proc/%d/ns/%s\"}", rows[i].type,
			       run_pid(c), rows[i].file);
	(void)snprintf(ns + strlen(ns), sizeof(ns) - strlen(ns),
		       ",{\"type\":\"user\",\"path\":\"/proc/%d/ns/user\"}", run_pid(c));
	(void)snprintf(script, sizeof(script),
		       "for n in net ipc uts pid time cgroup user; do readlink /proc/self/ns/$n; "
		       "done; cat /proc/1/comm; id -u; cat /proc/self/uid_map");
	(void)snprintf(lab.cgroup, sizeof(lab.cgroup), "/hoytest-%d/d", getpid());
	lab_shell(script, (struct lab_parts){.ns = ns});
	(void)snprintf(lab.cgroup, sizeof(lab.cgroup), "/hoytest-%d/c", getpid());
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char path[64], link[64];
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", run_pid(c), rows[i].file);
		n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		says(link);
	}
	says("sleep\n0\n");
	says("200000");
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void settings_of_the_host(void **state)
{
	(void)state;
	lab_fails(&(struct lab_parts){.linux_ = ",\"sysctl\":{\"kernel.panic\":\"1\"}"},
		  "sysctl kernel.panic is not a setting of one container");
	lab_fails(
		&(struct lab_parts){
			.ns = "{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"}",
			.linux_ = ",\"sysctl\":{\"net.core.somaxconn\":\"1\"}"},
		"sysctl net.core.somaxconn: the container shares that namespace with the host");
	lab_fails(&(struct lab_parts){.linux_ = ",\"sysctl\":{\"net/../kernel/panic\":\"1\"}"},
		  "sysctl name \"net/../kernel/panic\"");
}

static void without_pivot(void **state)
{
	struct run_options o = {.no_pivot = true};

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"sh\",\"-c\",\"ls /; ls / | wc -l; pwd\""});
	assert_int_equal(lab_run_with(&o), 0);
	says_not("boot\n");
	says("\n/\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_capabilities),
		cmocka_unit_test(scheduling),
		cmocka_unit_test(affinity),
		cmocka_unit_test(labels_without_a_module),
		cmocka_unit_test(hooks_and_namespaces),
		cmocka_unit_test(hooks_that_fail),
		cmocka_unit_test(root_propagation),
		cmocka_unit_test(every_namespace_by_path),
		cmocka_unit_test(settings_of_the_host),
		cmocka_unit_test(without_pivot),
	};
	int r;

	lab_start();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
