// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a client sends, in whatever life: the monitor answers, refuses or drops, and lives. The
 * container is played by stubs. Input: a byte for the life, then packets, each behind a byte that
 * holds its length (low 7 bits) and whether it carries an fd (high bit).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sock.h"
#include "monitor/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also keeps the real library from being linked beside these. */
/* The fuzzer keeps its own rights. */
int privilege_stage_running(struct monitor *m, struct err *err)
{
	(void)m;
	(void)err;
	return 0;
}
bool privilege_section_begin(struct monitor *m)
{
	(void)m;
	return false;
}
void privilege_section_end(struct monitor *m, bool begun)
{
	(void)m;
	(void)begun;
}
void privilege_stage_ending(struct monitor *m)
{
	(void)m;
}
int privilege_stage_visiting(struct err *err)
{
	(void)err;
	return 0;
}

int run_exe_open(const char *path, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "%s is not started here", path);
}
pid_t run_pid(const struct run_container *c)
{
	(void)c;
	return 0x7ffffff;
}
int run_pidfd(const struct run_container *c)
{
	(void)c;
	return -EBADF;
}
int run_terminal(const struct run_container *c)
{
	(void)c;
	return -EBADF;
}
struct cgroup *run_cgroup(const struct run_container *c)
{
	return (struct cgroup *)c;
}
int run_create(const struct run_options *o, struct run_container **ret, struct err *err)
{
	(void)o;
	(void)ret;
	return err_oom(err);
}
int run_start(struct run_container *c, struct err *err)
{
	(void)c;
	return err_set(err, ERR_NO_COMMAND, "stub");
}
int run_delete(struct run_container *c, struct err *err)
{
	(void)c;
	(void)err;
	return 0;
}
void run_container_free(struct run_container *c)
{
	(void)c;
}
int run_exec(const struct run_exec *e, struct run_process *ret, struct err *err)
{
	if (!e->process->args || !e->process->args[0])
		return err_set(err, ERR_INVALID, "stub");
	*ret = (struct run_process){.pid = 0x7fffffe, .pidfd = -EBADF, .terminal = -EBADF};
	return 0;
}
int cgroup_update(struct cgroup *cg, const struct oci_resources *res, struct err *err)
{
	(void)cg;
	(void)res;
	(void)err;
	return 0;
}
int cgroup_freeze(struct cgroup *cg, bool frozen, struct err *err)
{
	(void)cg;
	(void)frozen;
	(void)err;
	return 0;
}
int cgroup_kill(struct cgroup *cg, struct err *err)
{
	(void)cg;
	(void)err;
	return 0;
}
int cgroup_oom_kills(struct cgroup *cg, uint64_t *ret)
{
	(void)cg;
	*ret = 0;
	return 0;
}

static void send_all(struct monitor *m, int client, const uint8_t *data, size_t size)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = {null, null, null, null};

	while (size > 1 && m->life != LIFE_OVER) {
		size_t n = MIN_OF((size_t)(data[0] & 0x7f), size - 1);

		if (n && sock_send(client, data + 1, n, fds, data[0] & 0x80 ? 3 + (n & 1) : 0) < 0)
			break;
		for (int i = 0; i < 3; i++)
			(void)loop_once(m->loop, 0, NULL);
		data += n + 1;
		size -= n + 1;
	}
	close(null);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor m = {
		.container_fd = -EBADF,
		.visit.pidfd = -EBADF,
		.run_fd = -EBADF,
		.lock_fd = -EBADF,
		.listen_fd = -EBADF,
		.config = {.id = (char *)"fuzz", .stdin_once = true},
		.container = (struct run_container *)&m,
		.state.error = (char *)"",
		.io.out = {{&m, -EBADF, LOG_STDOUT, NULL}, {&m, -EBADF, LOG_STDERR, NULL}},
		.io.in.fd = -EBADF,
	};
	int pair[2], input[2];

	if (size < 2 || sock_pair(pair) < 0 || pipe2(input, O_CLOEXEC | O_NONBLOCK) < 0)
		return 0;
	m.starter_fd = pair[0];
	m.io.in.fd = input[1];
	m.state_arena = arena_new(1 << 20);
	m.loop = loop_new(NULL);
	if (!m.state_arena || !m.loop || control_add_starter(&m, NULL) < 0)
		abort();
	m.life = (enum life)(data[0] % LIFE_OVER);
	send_all(&m, pair[1], data + 1, size - 1);
	close(pair[1]);
	(void)loop_once(m.loop, 0, NULL);
	exec_done(&m);
	control_done(&m);
	streams_done(&m);
	loop_free(m.loop);
	arena_free(m.state_arena);
	close(input[0]);
	return 0;
}
