// SPDX-License-Identifier: Apache-2.0
#include "lab.h"
#include <dirent.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/sock.h"

static size_t count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void namespaces_are_new(void **state)
{
	static const char *const names[] = {"mnt", "pid", "uts", "ipc", "net", "cgroup", "time"};

	(void)state;
	lab_shell("for n in mnt pid uts ipc net cgroup time; do readlink /proc/self/ns/$n; done; "
		  "hostname; "
		  "echo pid $$",
		  (struct lab_parts){.ns = LAB_NS ",{\"type\":\"cgroup\"},{\"type\":\"time\"}",
				     .top = ",\"hostname\":\"box\""});
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64], link[64];
		ssize_t n;

		(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, link, sizeof(link) - 1);
		assert_true(n > 0);
		link[n] = '\0';
		says_not(link);
		(void)snprintf(path, sizeof(path), "%s:[", names[i]);
		says(path);
	}
	says("box\n");
	says("pid 1\n");
}

static void namespaces_are_joined(void **state)
{
	char ns[512], link[64], msg[128];
	ssize_t n = readlink("/proc/self/ns/ipc", link, sizeof(link) - 1);

	(void)state;
	link[n] = '\0';
	(void)snprintf(ns, sizeof(ns),
		       "{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\",\"path\":\"/proc/"
		       "%d/ns/ipc\"}",
		       getpid());
	lab_shell("readlink /proc/self/ns/ipc; echo pid $$", (struct lab_parts){.ns = ns});
	says(link);
	says("pid 1\n");
	(void)snprintf(ns, sizeof(ns),
		       "{\"type\":\"mount\"},{\"type\":\"ipc\",\"path\":\"/proc/%d/ns/net\"}",
		       getpid());
	(void)snprintf(msg, sizeof(msg), "/proc/%d/ns/net is not a namespace of the kind asked for",
		       getpid());
	lab_fails(&(struct lab_parts){.ns = ns}, msg);
}

static void time_moves(void **state)
{
	(void)state;
	lab_shell(
		"cat /proc/uptime",
		(struct lab_parts){.ns = LAB_NS ",{\"type\":\"time\"}",
				   .linux_ = ",\"timeOffsets\":{\"boottime\":{\"secs\":5000000}}"});
	assert_true(atol(lab.out) >= 5000000);
	lab_shell("cat /proc/uptime", (struct lab_parts){.args = NULL});
	assert_true(atol(lab.out) < 5000000);
}

static void user_namespace(void **state)
{
	(void)state;
	assert_int_equal(fchownat(lab.bundle, "rootfs/tmp", 200000, 200000, 0), 0);
	lab_shell("id -u; id -g; cat /proc/self/uid_map; touch /tmp/x && stat -c %u:%g /tmp/x; "
		  "echo hi > /dev/null",
		  (struct lab_parts){
			  .ns = LAB_NS ",{\"type\":\"user\"}",
			  .linux_ =
				  ",\"uidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":"
				  "1000}],\"gidMappings\":[{\"containerID\":0,\"hostID\":200000,"
				  "\"size\":1000}]"});
	says("0\n0\n");
	says("200000       1000");
	says("0:0\n");
	assert_int_equal(lab.status, 0);
	assert_int_equal(unlinkat(lab.bundle, "rootfs/tmp/x", 0), 0);
	assert_int_equal(fchownat(lab.bundle, "rootfs/tmp", 0, 0, 0), 0);
	lab_fails(&(struct lab_parts){.ns = LAB_NS ",{\"type\":\"user\"}"},
		  "a new user namespace needs uidMappings and gidMappings");
}

static void mounts_and_options(void **state)
{
	(void)state;
	lab_shell("grep -E ' /(m|b|q) ' /proc/self/mountinfo; cat /b; touch /m/x && echo wrote; "
		  "(echo x > /b) 2>&1; ls -ld /deep/er",
		  (struct lab_parts){
			  .mounts = ",{\"destination\":\"/"
				    "m\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\"options\":"
				    "[\"nodev\",\"noexec\",\"size=1024k\",\"mode=1777\"]},{"
				    "\"destination\":\"/b\","
				    "\"type\":\"bind\",\"source\":\"/proc/sys/kernel/"
				    "ostype\",\"options\":[\"bind\","
				    "\"ro\",\"nosuid\"]},{\"destination\":\"/deep/"
				    "er\",\"source\":\"/etc\",\"options\""
				    ":[\"rbind\",\"rprivate\"]},{\"destination\":\"/"
				    "q\",\"type\":\"mqueue\",\"source\""
				    ":\"mqueue\",\"options\":[\"noatime\"]}"});
	says(" /m rw,nodev,noexec,relatime");
	says("size=1024k");
	says(" /b ro,nosuid");
	says(" /q rw,noatime");
	says("Linux\n");
	says("wrote\n");
	says("ead-only file system");
	says("drwx");
}

static void mount_errors(void **state)
{
	(void)state;
	lab_fails(
		&(struct lab_parts){
			.mounts = ",{\"destination\":\"/m\",\"type\":\"tmpfs\",\"source\":\"t\","
				  "\"options\":[\"bogus=1\"]}"},
		"mount on /m: mount of tmpfs: option bogus=1: tmpfs: Unknown parameter 'bogus': "
		"Invalid argument");
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/"
						"m\",\"type\":\"bind\",\"source\":\"/no/such\"}"},
		  "mount source /no/such: No such file or directory");
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/proc/"
						"sys\",\"type\":\"bind\",\"source\":\"/etc\"}"},
		  "mount on /proc/sys: it is in /proc");
}

static void masked_and_read_only(void **state)
{
	(void)state;
	lab_shell("cat /proc/timer_list | wc -c; ls /proc/bus | wc -l; ls /sys/firmware | wc -l; "
		  "(echo 1 > /proc/sys/kernel/domainname) 2>&1; stat -c %t:%T /proc/timer_list",
		  (struct lab_parts){.linux_ = ",\"maskedPaths\":[\"/proc/timer_list\",\"/sys/"
					       "firmware\",\"/no\",\"/proc/bus\"],"
					       "\"readonlyPaths\":[\"/proc/sys\",\"/nor/this\"]"});
	says("0\n0\n0\n");
	says("ead-only file system");
	says("1:3\n");
}

static void read_only_root(void **state)
{
	(void)state;
	lab_shell("(echo x > /f) 2>&1; touch /dev/shm.x && echo dev",
		  (struct lab_parts){.top = ",\"root\":{\"path\":\"rootfs\",\"readonly\":true}"});
	says("ead-only file system");
	says("dev\n");
}

static void exact_privileges(void **state)
{
	(void)state;
	lab_shell("grep -E '^(Cap|NoNew|Groups|Uid|Gid|Umask)' /proc/self/status; pwd",
		  (struct lab_parts){.process = ",\"noNewPrivileges\":true",
				     .caps = "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_"
					     "KILL\",\"CAP_SETUID\"],"
					     "\"effective\":[\"CAP_CHOWN\"],\"permitted\":[\"CAP_"
					     "CHOWN\",\"CAP_KILL\"]}"});
	says("CapInh:\t0000000000000000\nCapPrm:\t0000000000000021\nCapEff:"
	     "\t0000000000000021\nCapBnd:\t"
	     "00000000000000a1\nCapAmb:\t0000000000000000\n");
	says("NoNewPrivs:\t1");
	says("Groups:\t \n");
	says("Umask:\t0022");
	/* Another user: effective gone but for what is ambient, groups exactly the list. */
	lab_shell(
		"grep -E '^(Cap|NoNew|Groups|Uid|Gid|Umask)' /proc/self/status",
		(struct lab_parts){
			.user = "{\"uid\":1000,\"gid\":100,\"umask\":63,\"additionalGids\":[7,8]}",
			.caps = "\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"permitted\":["
				"\"CAP_KILL\"],"
				"\"effective\":[\"CAP_KILL\"],\"inheritable\":[\"CAP_KILL\"],"
				"\"ambient\":[\"CAP_KILL\"]}"});
	says("Uid:\t1000\t1000\t1000\t1000");
	says("Gid:\t100\t100\t100\t100");
	says("Groups:\t7 8 \n");
	says("Umask:\t0077");
	says("CapInh:\t0000000000000020\nCapPrm:\t0000000000000020\nCapEff:"
	     "\t0000000000000020\nCapBnd:\t"
	     "0000000000000020\nCapAmb:\t0000000000000020\n");
	says("NoNewPrivs:\t0");
}

static void limits_and_sysctls(void **state)
{
	(void)state;
	lab_shell("grep 'open files' /proc/self/limits; cat /proc/sys/net/core/somaxconn "
		  "/proc/sys/kernel/msgmax "
		  "/proc/self/oom_score_adj",
		  (struct lab_parts){.process = ",\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
						"\"soft\":321,\"hard\":654}],"
						"\"oomScoreAdj\":123",
				     .linux_ = ",\"sysctl\":{\"net.core.somaxconn\":\"77\","
					       "\"kernel.msgmax\":\"4242\"}"});
	says("321                  654");
	says("77\n4242\n123\n");
	lab_fails(&(struct lab_parts){.linux_ = ",\"sysctl\":{\"kernel.panic\":\"1\"}"},
		  "sysctl kernel.panic is not a setting of one container");
	lab_fails(&(struct lab_parts){.ns = "{\"type\":\"mount\"},{\"type\":\"pid\"}",
				      .linux_ = ",\"sysctl\":{\"net.core.somaxconn\":\"77\"}"},
		  "sysctl net.core.somaxconn: the container shares that namespace with the host");
	lab_fails(&(struct lab_parts){.linux_ = ",\"sysctl\":{\"net/../kernel/panic\":\"1\"}"},
		  "sysctl name \"net/../kernel/panic\"");
}

static void working_directory(void **state)
{
	char process[128];

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"pwd\""});
	lab.spec.process->cwd = (char *)"/new/dir";
	assert_int_equal(lab_run_with(NULL), 0);
	says("/new/dir\n");
	for (int fd = 3; fd < 12; fd++) {
		(void)snprintf(process, sizeof(process), "/proc/self/fd/%d", fd);
		lab_spec(&(struct lab_parts){.args = "\"pwd\""});
		lab.spec.process->cwd = process;
		assert_true(lab_run_with(NULL) < 0);
	}
}

static void commands_that_cannot_run(void **state)
{
	static const struct {
		const char *args, *msg;
		enum err_kind kind;
	} rows[] = {
		{"\"nope\"", "exec: \"nope\": executable file not found in $PATH", ERR_NO_COMMAND},
		{"\"/nope\"", "exec: \"/nope\": stat /nope: no such file or directory",
		 ERR_NO_COMMAND},
		{"\"/etc\"", "exec: \"/etc\": is a directory", ERR_NOT_EXECUTABLE},
		{"\"/etc/plain\"", "exec: \"/etc/plain\": permission denied", ERR_NOT_EXECUTABLE},
		{"\"/etc/junk\"", "exec /etc/junk: exec format error", ERR_NOT_EXECUTABLE},
		{"\"/etc/lost\"", "exec /etc/lost: no such file or directory", ERR_NO_COMMAND},
		{"\"\"", "exec: \"\": executable file not found in $PATH", ERR_NO_COMMAND},
	};

	(void)state;
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/plain", "x", 1, 0644, 0, NULL), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/junk", "\1\2", 2, 0755, 0, NULL), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/lost", "#!/gone\n", 8, 0755, 0, NULL),
			 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		lab_fails(&(struct lab_parts){.args = rows[i].args}, rows[i].msg);
		assert_int_equal(lab.err.kind, rows[i].kind);
	}
}

/* What an image may bring to lead us out of the root. */
static void hostile_roots(void **state)
{
	char host[128], path[192];
	struct stat st;

	(void)state;
	(void)snprintf(host, sizeof(host), "%s/host", lab.dir);
	assert_int_equal(mkdir(host, 0755), 0);
	/* /proc, /sys as links */
	assert_int_equal(unlinkat(lab.bundle, "rootfs/proc", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", lab.bundle, "rootfs/proc"), 0);
	lab_fails(&(struct lab_parts){.args = NULL},
		  "mount on /proc: the path is a symbolic link in the image");
	assert_int_equal(unlinkat(lab.bundle, "rootfs/proc", 0), 0);
	/* a mount target that points at a path of the host: that path inside the root, which is
	 * made */
	assert_int_equal(symlinkat(host, lab.bundle, "rootfs/link"), 0);
	assert_int_equal(symlinkat("../tmp/loose", lab.bundle, "rootfs/etc/rel"), 0);
	lab_shell(
		"touch /link/made; ls -d $(readlink /link)/made; ls /tmp/loose/file; grep -c loose "
		"/proc/self/mountinfo",
		(struct lab_parts){
			.mounts =
				",{\"destination\":\"/link\",\"type\":\"tmpfs\",\"source\":\"t\"},"
				"{\"destination\":\"/etc/rel/file\",\"type\":\"bind\",\"source\":"
				"\"/proc/sys/kernel/ostype\"}"});
	says("/host/made\n/tmp/loose/file\n1\n");
	(void)snprintf(path, sizeof(path), "%s/host/made", lab.dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(symlinkat("loop", lab.bundle, "rootfs/loop"), 0);
	lab_fails(
		&(struct lab_parts){
			.mounts =
				",{\"destination\":\"/loop\",\"type\":\"tmpfs\",\"source\":\"t\"}"},
		"mount on /loop: the path is a symbolic link in the image");
	/* a volume through a link that ends in /proc */
	assert_int_equal(symlinkat("/proc", lab.bundle, "rootfs/into"), 0);
	lab_fails(&(struct lab_parts){.mounts = ",{\"destination\":\"/"
						"into\",\"type\":\"bind\",\"source\":\"/etc\"}"},
		  "mount on /into: it is in /proc");
	/* a masked path that is a link: the link's target inside the root is masked, not the host's
	 */
	assert_int_equal(symlinkat("/etc/plain2", lab.bundle, "rootfs/etc/mask"), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/plain2", "secret", 6, 0644, 0, NULL),
			 0);
	lab_shell("cat /etc/plain2 | wc -c",
		  (struct lab_parts){.linux_ = ",\"maskedPaths\":[\"/etc/mask\"]"});
	says("0\n");
}

/* An image's own /dev/null that is something else must be refused, and never be used for masking.
 */
static void hostile_dev(void **state)
{
	static const char no_dev[] =
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"args\":[\"true\"],\"cwd\":\"/\"},"
		"\"root\":{\"path\":\"rootfs\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}";

	(void)state;
	(void)mkdirat(lab.bundle, "rootfs/dev", 0755);
	assert_int_equal(symlinkat("/etc/plain", lab.bundle, "rootfs/dev/null"), 0);
	lab_spec(&(struct lab_parts){.args = NULL});
	assert_int_equal(oci_spec_decode(lab.arena, no_dev, strlen(no_dev), &lab.spec, &lab.err),
			 0);
	assert_true(lab_run_with(NULL) < 0);
	assert_string_equal(lab.err.msg, "/dev/null is there and is not the device");
	assert_int_equal(unlinkat(lab.bundle, "rootfs/dev/null", 0), 0);
}

static void terminals(void **state)
{
	struct run_container *c = NULL;
	struct pollfd p;
	struct winsize ws = {};
	int out, n = 0;

	(void)state;
	lab_spec(&(struct lab_parts){
		.args = "\"sh\",\"-c\",\"tty; stat -c %t:%T /dev/console; sleep 0.1\"",
		.process = ",\"terminal\":true,\"consoleSize\":{\"height\":33,\"width\":99}"});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_true(run_terminal(c) >= 0);
	assert_int_equal(ioctl(run_terminal(c), TIOCGWINSZ, &ws), 0);
	assert_int_equal(ws.ws_row, 33);
	assert_int_equal(ws.ws_col, 99);
	assert_int_equal(run_start(c, &lab.err), 0);
	p = (struct pollfd){.fd = run_terminal(c), .events = POLLIN};
	while (poll(&p, 1, 5000) > 0 && p.revents & POLLIN) {
		ssize_t got = read(p.fd, lab.out + n, sizeof(lab.out) - 1 - (size_t)n);

		if (got <= 0)
			break;
		n += (int)got;
	}
	lab.out[n] = '\0';
	says("/dev/pts/0\r\n88:0\r\n");
	waitpid(run_pid(c), NULL, 0);
	assert_int_equal(run_delete(c, NULL), 0);
	run_container_free(c);
	close(out);
}

static void seccomp_program_is_loaded(void **state)
{
	struct sock_filter deny_mkdir[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOTTY),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct run_options o = {.seccomp = deny_mkdir, .seccomp_len = sizeof(deny_mkdir)};

	(void)state;
	for (int nnp = 0; nnp < 2; nnp++) {
		lab_spec(&(struct lab_parts){.args = "\"busybox\",\"mkdir\",\"/tmp/x\"",
					     .process = nnp ? ",\"noNewPrivileges\":true" : ""});
		assert_int_equal(lab_run_with(&o), 0);
		says("Inappropriate ioctl");
	}
}

static void exec_joins_everything(void **state)
{
	struct run_container *c = NULL;
	struct run_process rp;
	char script[512];
	int out, status;

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"sleep\",\"100\"",
				     .ns = LAB_NS ",{\"type\":\"cgroup\"},{\"type\":\"time\"}"});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	(void)snprintf(script, sizeof(script),
		       "\"sh\",\"-c\",\"for n in mnt pid uts ipc net cgroup time; do [ $(readlink "
		       "/proc/1/ns/$n) = "
		       "$(readlink /proc/self/ns/$n) ] || echo differs $n; done; grep Cap "
		       "/proc/self/status; "
		       "ls /proc/self/fd | wc -l; cat /proc/self/cgroup; exit 7\"");
	assert_int_equal(lab_exec(c, script, "", &rp), 0);
	says_not("differs");
	says("CapInh:\t0000000000000000\nCapPrm:\t0000000000000021");
	says("\n4\n"); /* 0, 1, 2 and the directory itself */
	assert_int_equal(waitpid(rp.pid, &status, 0), rp.pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	close(rp.pidfd);
	assert_true(lab_exec(c, "\"nope\"", "", &rp) < 0);
	assert_string_equal(lab.err.msg, "exec: \"nope\": executable file not found in $PATH");
	assert_int_equal(lab.err.kind, ERR_NO_COMMAND);
	assert_true(lab_exec(c, "\"pwd\"", ",\"user\":{\"uid\":5000000000}", &rp) < 0);
	/* nothing but PID 1 is ours now */
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), 0);
	/* undumpable while there was somebody in between, who shared our memory */
	assert_int_equal(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 1);
	assert_int_equal(run_delete(c, &lab.err), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	run_container_free(c);
	close(out);
}

static void exec_in_a_user_namespace(void **state)
{
	struct run_container *c = NULL;
	struct run_process rp;
	int out, status;

	(void)state;
	lab_spec(&(struct lab_parts){
		.args = "\"sleep\",\"100\"",
		.ns = LAB_NS ",{\"type\":\"user\"},{\"type\":\"cgroup\"}",
		.linux_ = ",\"uidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":1000}],"
			  "\"gidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":1000}]"});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	assert_int_equal(
		lab_exec(c,
			 "\"sh\",\"-c\",\"for n in user mnt pid cgroup; do [ $(readlink "
			 "/proc/1/ns/$n) = $(readlink /proc/self/ns/$n) ] || echo differs $n; "
			 "done; id -u; cat /proc/self/uid_map; exit 8\"",
			 "", &rp),
		0);
	says_not("differs");
	says("0\n");
	says("200000       1000");
	assert_int_equal(waitpid(rp.pid, &status, 0), rp.pid);
	assert_int_equal(WEXITSTATUS(status), 8);
	close(rp.pidfd);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void exec_with_a_terminal(void **state)
{
	struct run_container *c = NULL;
	struct run_process rp;
	char buf[256] = "";
	int out;

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"sleep\",\"100\""});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	assert_int_equal(lab_exec(c, "\"tty\"", ",\"terminal\":true", &rp), 0);
	assert_true(rp.terminal >= 0);
	/* a line may come in pieces */
	while (!strchr(buf, '\n'))
		assert_true(read(rp.terminal, buf + strlen(buf), sizeof(buf) - 1 - strlen(buf)) >
			    0);
	assert_string_equal(buf, "/dev/pts/0\r\n");
	assert_int_equal(waitpid(rp.pid, NULL, 0), rp.pid);
	close(rp.terminal);
	close(rp.pidfd);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(out);
}

static void hooks_run_in_order(void **state)
{
	char hooks[2048], path[128];
	cleanup(buf_done) struct buf b = BUF_INIT(4096);

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/hook", lab.dir);
	assert_int_equal(
		file_write(lab.fd, "hook", "#!/bin/busybox sh\necho $1 >> $2\n", 32, 0755, 0, NULL),
		0);
	(void)snprintf(
		hooks, sizeof(hooks),
		",\"hooks\":{\"prestart\":[{\"path\":\"%1$s\",\"args\":[\"h\",\"prestart\",\"%2$s/"
		"log\"]}],"
		"\"createRuntime\":[{\"path\":\"%1$s\",\"args\":[\"h\",\"createRuntime\",\"%2$s/"
		"log\"]}],"
		"\"createContainer\":[{\"path\":\"%1$s\",\"args\":[\"h\",\"createContainer\",\"%2$"
		"s/log\"]}],"
		"\"poststart\":[{\"path\":\"%1$s\",\"args\":[\"h\",\"poststart\",\"%2$s/log\"]}],"
		"\"poststop\":[{\"path\":\"%1$s\",\"args\":[\"h\",\"poststop\",\"%2$s/log\"]}]}",
		path, lab.dir);
	lab_ok(&(struct lab_parts){.top = hooks});
	assert_int_equal(file_read(lab.fd, "log", &b, NULL), 0);
	assert_string_equal(b.data,
			    "prestart\ncreateRuntime\ncreateContainer\npoststart\npoststop\n");
	lab_fails(
		&(struct lab_parts){.top = ",\"hooks\":{\"prestart\":[{\"path\":\"/bin/false\"}]}"},
		"error running prestart hook #0: /bin/false: exit status 1");
	lab_fails(
		&(struct lab_parts){
			.top = ",\"hooks\":{\"prestart\":[{\"path\":\"/bin/sleep\",\"args\":[\"s\","
			       "\"9\"],\"timeout\":1}]}"},
		"error running prestart hook #0: /bin/sleep: still running after 1 s");
}

/* The creator is gone from the conversation; a connection that says nothing changes nothing; fd 3 is
 * the caller's; a failing exec is told over the connection. */
static void start_from_elsewhere(void **state)
{
	struct run_container *c = NULL;
	int out, conn, kept = open("/proc/sys/kernel/ostype", O_RDONLY | O_CLOEXEC);
	struct run_options o = {.preserve_fds = 1, .cgroup_all = true, .cgroup_shared = true};

	(void)state;
	assert_int_equal(
		file_write(lab.bundle, "rootfs/tmp/bad", "#!/no/such\n", 11, 0755, 0, &lab.err), 0);
	o.start_fd = sock_listen(lab.fd, "start", &lab.err);
	lab_spec(&(struct lab_parts){.args = "\"/no/such\""});
	assert_int_equal(lab_create(&o, &c, &out), -ENOENT);
	assert_int_equal(lab.err.kind, ERR_NO_COMMAND);
	close(out);
	close(o.start_fd);
	if (kept != 3) {
		assert_true(kept >= 0);
		o.preserve_fds = 0;
	}
	for (int good = 1; good >= 0; good--) {
		o.start_fd = sock_listen(lab.fd, "start", &lab.err);
		assert_true(o.start_fd > 0);
		lab_spec(&(struct lab_parts){.args = good ? "\"sh\",\"-c\",\"ls /proc/self/fd; "
							    "echo up; cat /proc/self/cgroup\""
							  : "\"/tmp/bad\""});
		if (lab_create(&o, &c, &out) < 0)
			fail_msg("%s", lab.err.msg);
		close(o.start_fd);
		if (run_stay(c, &lab.err) < 0)
			fail_msg("%s", lab.err.msg);
		assert_true(run_start(c, &lab.err) < 0);
		conn = sock_connect(lab.fd, "start", &lab.err);
		assert_true(conn >= 0);
		close(conn);
		conn = sock_connect(lab.fd, "start", &lab.err);
		assert_true(conn >= 0);
		assert_int_equal(run_go(conn, &lab.err) == 0, good);
		close(conn);
		lab_read(out);
		assert_int_equal(waitpid(run_pid(c), &lab.status, 0), run_pid(c));
		assert_true(sock_connect(lab.fd, "start", NULL) == -ECONNREFUSED);
		if (good) {
			says("up\n");
			says(access("/sys/fs/cgroup/freezer", F_OK) == 0 ? ":freezer:/hoytest-"
									 : "0::/hoytest-");
			assert_int_equal(!!strstr(lab.out, "0\n1\n2\n3\n4\nup"),
					 o.preserve_fds == 1); /* 4: ls reads the folder */
		} else {
			assert_int_equal(lab.err.kind, ERR_NO_COMMAND);
		}
		if (run_delete(c, &lab.err) < 0)
			fail_msg("%s", lab.err.msg);
		run_container_free(c);
	}
	close(kept);
}

/* A creator that ends before it recorded the process leaves none. */
static void creator_dies(void **state)
{
	struct run_container *c = NULL;
	struct cgroup *cg = NULL;
	int out, p[2];
	pid_t creator, pid = 0;

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"echo\",\"up\""});
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	creator = fork();
	if (creator == 0) {
		struct run_options o = {.start_fd = sock_listen(lab.fd, "start", &lab.err)};

		if (lab_create(&o, &c, &out) == 0)
			pid = run_pid(c);
		(void)fd_write(p[1], &pid, sizeof(pid));
		_exit(0);
	}
	close(p[1]);
	assert_int_equal(fd_read(p[0], &pid, sizeof(pid)), sizeof(pid));
	close(p[0]);
	assert_true(pid > 0);
	assert_int_equal(waitpid(creator, &lab.status, 0), creator);
	assert_int_equal(waitpid(pid, &lab.status, 0), pid);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
	/* Its cgroup is for whoever finds the record. */
	assert_int_equal(cgroup_open(lab.cgroup, NULL, 0, &cg, &lab.err), 0);
	assert_false(cgroup_is_frozen(cg));
	assert_int_equal(cgroup_remove(cg, &lab.err), 0);
	cgroup_free(cg);
}

static void own_program_cannot_be_written(void **state)
{
	char path[64];
	int fd = run_exe_open("/bin/busybox", &lab.err);

	(void)state;
	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(open(path, O_WRONLY | O_CLOEXEC), -1);
	assert_int_equal(errno, EROFS);
	close(fd);
}

static void no_fd_is_lost(void **state)
{
	size_t before = count_fds();

	(void)state;
	lab_ok(&(struct lab_parts){.args = NULL});
	lab_fails(&(struct lab_parts){.args = "\"nope\""},
		  "exec: \"nope\": executable file not found in $PATH");
	lab_fails(
		&(struct lab_parts){
			.mounts = ",{\"destination\":\"/m\",\"type\":\"bind\",\"source\":\"/no/"
				  "such\"}",
			.ns = LAB_NS ",{\"type\":\"user\"}",
			.linux_ = ",\"uidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":"
				  "1000}],\"gidMappings\":[{\"containerID\":0,\"hostID\":200000,"
				  "\"size\":1000}]"},
		"mount source /no/such: No such file or directory");
	lab_shell("ls /proc/self/fd | wc -l", (struct lab_parts){.args = NULL});
	says("4\n");
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(namespaces_are_new),
		cmocka_unit_test(namespaces_are_joined),
		cmocka_unit_test(time_moves),
		cmocka_unit_test(user_namespace),
		cmocka_unit_test(mounts_and_options),
		cmocka_unit_test(mount_errors),
		cmocka_unit_test(masked_and_read_only),
		cmocka_unit_test(read_only_root),
		cmocka_unit_test(exact_privileges),
		cmocka_unit_test(limits_and_sysctls),
		cmocka_unit_test(working_directory),
		cmocka_unit_test(commands_that_cannot_run),
		cmocka_unit_test(hostile_roots),
		cmocka_unit_test(hostile_dev),
		cmocka_unit_test(terminals),
		cmocka_unit_test(seccomp_program_is_loaded),
		cmocka_unit_test(exec_joins_everything),
		cmocka_unit_test(exec_in_a_user_namespace),
		cmocka_unit_test(exec_with_a_terminal),
		cmocka_unit_test(hooks_run_in_order),
		cmocka_unit_test(start_from_elsewhere),
		cmocka_unit_test(creator_dies),
		cmocka_unit_test(own_program_cannot_be_written),
		cmocka_unit_test(no_fd_is_lost),
	};
	int r;

	lab_start();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
