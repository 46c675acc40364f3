// SPDX-License-Identifier: Apache-2.0
/*
 * Programs that ask an agent: ours answers mkdir with an errno that nobody else would give.
 */
#include "lab.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

static struct sock_filter ask_mkdir[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static char state_json[4096];

static int listen_here(char path[108])
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(path, 108, "%s/agent", lab.dir);
	(void)unlink(path);
	strcpy(sa.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

/* Answers one call, writes the state it was sent to the file "state", and ends. */
static pid_t agent(int listener)
{
	pid_t pid = fork();
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {state_json, sizeof(state_json) - 1};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct seccomp_notif req = {};
	struct seccomp_notif_resp resp = {};
	int conn, fd;
	ssize_t n;

	if (pid)
		return pid;
	(void)alarm(20);
	conn = accept(listener, NULL, NULL);
	n = recvmsg(conn, &msg, MSG_CMSG_CLOEXEC);
	if (n <= 0 || !CMSG_FIRSTHDR(&msg))
		_exit(1);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	/* one state a connection */
	if (read(conn, state_json + n, 1) != 0)
		_exit(2);
	if (file_write(lab.fd, "state", state_json, (size_t)n, 0600, 0, NULL) < 0)
		_exit(3);
	if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
		_exit(4);
	resp.id = req.id;
	resp.error = -ENOTTY;
	_exit(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &resp) < 0 ? 5 : 0);
}

static json_t *agent_done(pid_t pid)
{
	cleanup(buf_done) struct buf b = BUF_INIT(8192);
	json_t *j;

	assert_int_equal(waitpid(pid, &lab.status, 0), pid);
	assert_int_equal(lab.status, 0);
	assert_int_equal(file_read(lab.fd, "state", &b, NULL), 0);
	j = json_parse(b.data, b.len, "state", &lab.err);
	assert_non_null(j);
	return j;
}

static const char *text_at(json_t *j, const char *a, const char *b)
{
	return json_string_value(b ? json_object_get(json_object_get(j, a), b)
				   : json_object_get(j, a));
}

static void agents_answer(void **state)
{
	struct run_options o = {.seccomp = ask_mkdir, .seccomp_len = sizeof(ask_mkdir)};
	char path[108], linux_[512];
	int listener = listen_here(path);

	(void)state;
	(void)snprintf(linux_, sizeof(linux_),
		       ",\"seccomp\":{\"listenerPath\":\"%s\",\"listenerMetadata\":\"meta\","
		       "\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\",\"SECCOMP_FILTER_FLAG_TSYNC\"]}",
		       path);
	for (int nnp = 0; nnp < 2; nnp++) {
		pid_t pid = agent(listener);
		json_t *j;

		lab_spec(&(struct lab_parts){.args = "\"busybox\",\"mkdir\",\"/tmp/x\"",
					     .linux_ = linux_,
					     .top = ",\"annotations\":{\"k\":\"v\"}",
					     .process = nnp ? ",\"noNewPrivileges\":true" : ""});
		if (lab_run_with(&o) < 0)
			fail_msg("%s", lab.err.msg);
		says("Inappropriate ioctl");
		j = agent_done(pid);
		assert_string_equal(json_string_value(json_array_get(json_object_get(j, "fds"), 0)),
				    "seccompFd");
		assert_string_equal(text_at(j, "metadata", NULL), "meta");
		assert_string_equal(text_at(j, "state", "id"), "lab");
		assert_string_equal(text_at(j, "state", "status"), "creating");
		assert_non_null(strstr(text_at(j, "state", "bundle"), "/b"));
		assert_true(json_integer_value(json_object_get(j, "pid")) > 1);
		assert_int_equal(
			json_integer_value(json_object_get(j, "pid")),
			json_integer_value(json_object_get(json_object_get(j, "state"), "pid")));
		json_decref(j);
	}
	close(listener);
}

static void without_an_agent(void **state)
{
	struct run_options o = {.seccomp = ask_mkdir, .seccomp_len = sizeof(ask_mkdir)};
	static const struct {
		const char *linux_, *msg;
	} rows[] = {
		{"", "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath"},
		{",\"seccomp\":{\"listenerPath\":\"/no/agent\"}",
		 "failed to connect with seccomp agent /no/agent: No such file or directory"},
		{",\"seccomp\":{\"listenerMetadata\":\"x\"}",
		 "linux.seccomp.listenerMetadata without a listenerPath"},
		{",\"seccomp\":{\"listenerPath\":\"/a\",\"flags\":[\"FLY\"]}",
		 "linux.seccomp.flags: unknown flag \"FLY\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		lab_spec(&(struct lab_parts){.linux_ = rows[i].linux_});
		assert_true(lab_run_with(&o) < 0);
		assert_string_equal(lab.err.msg, rows[i].msg);
		assert_int_equal(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	}
}

static void exec_asks_as_well(void **state)
{
	char path[108];
	int listener = listen_here(path), out, status;
	struct run_container *c = NULL;
	cleanup(json_unref) json_t *config = json_pack("{s:s}", "listenerPath", path);
	struct run_notify notify = {.seccomp = config, .id = "lab", .bundle = "/x"};
	struct oci_process p;
	static const char text[] = "{\"args\":[\"busybox\",\"mkdir\",\"/tmp/x\"],\"cwd\":\"/"
				   "\"," LAB_ENV "}";
	struct run_process rp;
	json_t *j;
	pid_t pid;

	(void)state;
	lab_spec(&(struct lab_parts){.args = "\"sleep\",\"100\""});
	assert_int_equal(lab_create(NULL, &c, &out), 0);
	assert_int_equal(run_start(c, &lab.err), 0);
	assert_int_equal(oci_process_decode(lab.arena, text, strlen(text), &p, &lab.err), 0);
	notify.pid = run_pid(c);
	pid = agent(listener);
	if (run_exec(&(struct run_exec){.container_pidfd = run_pidfd(c),
					.container_pid = run_pid(c),
					.cgroup = run_cgroup(c),
					.process = &p,
					.notify = &notify,
					.seccomp = ask_mkdir,
					.seccomp_len = sizeof(ask_mkdir),
					.stdin_fd = -EBADF,
					.stdout_fd = -EBADF,
					.stderr_fd = -EBADF},
		     &rp, &lab.err) < 0)
		fail_msg("%s", lab.err.msg);
	waitpid(rp.pid, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 1);
	close(rp.pidfd);
	j = agent_done(pid);
	assert_string_equal(text_at(j, "state", "status"), "running");
	assert_int_equal(json_integer_value(json_object_get(j, "pid")), rp.pid);
	json_decref(j);
	assert_int_equal(run_delete(c, &lab.err), 0);
	run_container_free(c);
	close(listener);
	close(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agents_answer),
		cmocka_unit_test(without_an_agent),
		cmocka_unit_test(exec_asks_as_well),
	};
	int r;

	lab_start();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
