// SPDX-License-Identifier: Apache-2.0
#include "run/seccomp.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "run/hooks.h"

#define WAIT_KILLABLE (1u << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; young headers have it */

static const struct {
	const char *name;
	unsigned flag;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", WAIT_KILLABLE},
};

int seccomp_flags(const json_t *config, unsigned *ret, struct err *err)
{
	const json_t *list = json_object_get(config, "flags"), *item;
	size_t i;

	*ret = 0;
	json_array_foreach (list, i, item) {
		const char *name = json_string_value(item);
		unsigned flag = 0;

		for (size_t k = 0; name && k < ARRAY_SIZE(flags); k++)
			flag |= str_eq(flags[k].name, name) ? flags[k].flag : 0;
		if (!flag)
			return err_set(err, ERR_INVALID,
				       "linux.seccomp.flags: unknown flag \"%.64s\"", name ?: "");
		*ret |= flag;
	}
	return 0;
}

bool seccomp_notifies(const void *program, size_t len)
{
	const struct sock_filter *f = program;

	for (size_t i = 0; f && i < len / sizeof(*f); i++)
		if (f[i].code == (BPF_RET | BPF_K) &&
		    (f[i].k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_USER_NOTIF)
			return true;
	return false;
}

int seccomp_check(const json_t *config, const void *program, size_t len, struct err *err)
{
	const char *path = json_string_value(json_object_get(config, "listenerPath"));
	struct sockaddr_un sa;
	unsigned f;

	if (!str_empty(json_string_value(json_object_get(config, "listenerMetadata"))) &&
	    str_empty(path))
		return err_set(err, ERR_INVALID,
			       "linux.seccomp.listenerMetadata without a listenerPath");
	if (seccomp_notifies(program, len)) {
		if (str_empty(path))
			return err_set(err, ERR_INVALID,
				       "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
		if (strlen(path) >= sizeof(sa.sun_path))
			return err_set(err, ERR_TOO_LARGE,
				       "linux.seccomp.listenerPath: longer than %zu bytes",
				       sizeof(sa.sun_path) - 1);
	}
	return seccomp_flags(config, &f, err);
}

int seccomp_apply(const void *program, size_t len, unsigned f, int *ret_listener, struct err *err)
{
	struct sock_fprog prog = {
		.len = (unsigned short)(len / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)program,
	};
	bool notifies = seccomp_notifies(program, len);
	long r;

	*ret_listener = -EBADF;
	if (len % sizeof(struct sock_filter) || len / sizeof(struct sock_filter) > BPF_MAXINSNS ||
	    !len)
		return err_set(err, ERR_INVALID, "the seccomp program has a wrong size: %zu", len);
	/* There is one thread: nothing to synchronize, and with a listener the kernel minds. */
	f &= ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC;
	if (notifies)
		f |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	else
		f &= ~WAIT_KILLABLE;
	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f, &prog);
	if (r < 0)
		return err_sys(err, errno, "load the seccomp program");
	if (notifies)
		*ret_listener = (int)r;
	return 0;
}

static int agent_connect(const char *path, struct err *err)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};

	if (fd < 0)
		return err_sys(err, errno, "make a socket");
	(void)strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return err_sys(err, errno, "failed to connect with seccomp agent %s", path);
	return TAKE_FD(fd);
}

static int state_text(const struct run_notify *n, pid_t pid, const char *status, struct buf *b,
		      struct err *err)
{
	struct hook_state s = {
		.id = n->id ?: "",
		.status = status,
		.pid = n->pid,
		.bundle_fd = -EBADF,
		.bundle = n->bundle ?: "",
		.annotations = n->annotations,
	};
	const char *metadata = json_string_value(json_object_get(n->seccomp, "listenerMetadata"));
	json_t *state = hooks_state_json(&s);
	cleanup(json_unref) json_t *j =
		json_pack("{s:s,s:[s],s:i,s:o*}", "ociVersion", "1.2.0", "fds", "seccompFd", "pid",
			  (int)pid, "state", state);

	if (!j || !state ||
	    (metadata && json_object_set_new(j, "metadata", json_string(metadata)) < 0))
		return err_oom(err);
	return json_write(b, j, 0, err);
}

/* The fd goes with the first bytes; a long state may take several turns. */
static int send_state(int sock, const struct buf *b, int listener)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct iovec iov = {.iov_base = b->data, .iov_len = b->len};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room)};
	ssize_t n;

	control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
					.cmsg_level = SOL_SOCKET,
					.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.head), &listener, sizeof(listener));
	n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	for (size_t done = n < 0 ? 0 : (size_t)n; n >= 0 && done < b->len; done += (size_t)n)
		n = send(sock, b->data + done, b->len - done, MSG_NOSIGNAL);
	return n < 0 ? -errno : 0;
}

int seccomp_hand_over(const struct run_notify *n, pid_t pid, const char *status, int listener,
		      struct err *err)
{
	const char *path = json_string_value(json_object_get(n->seccomp, "listenerPath"));
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	cleanup_fd int sock = -EBADF;
	int r;

	if (str_empty(path))
		return err_set(err, ERR_INVALID,
			       "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	sock = agent_connect(path, err);
	r = sock < 0 ? sock : state_text(n, pid, status, &b, err);
	if (r < 0)
		return r;
	r = send_state(sock, &b, listener);
	return r < 0 ? err_sys(err, r, "talk to the seccomp agent at %s", path) : 0;
}
