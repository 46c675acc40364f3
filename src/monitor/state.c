// SPDX-License-Identifier: Apache-2.0
/*
 * The record that outlives us. Never synced: after a power cut nothing runs any more, and what the
 * file says of a process is checked against boot_id anyway.
 */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "monitor/monitor.h"

#define STATE_MAX ((size_t)64 << 10)

static char *read_boot_id(struct arena *a)
{
	char text[64];
	cleanup_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : fd_read(fd, text, sizeof(text));

	return arena_strndup(a, text, n > 0 ? strcspn(text, "\n") : 0);
}

int state_load(struct monitor *m, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(STATE_MAX);
	struct container_state old = {};

	/* A first start has none; an unreadable one holds nothing that a start needs. */
	if (faccessat(m->container_fd, "state", F_OK, 0) == 0 &&
	    file_read(m->container_fd, "state", &b, NULL) == 0 && b.len)
		(void)container_state_decode(m->state_arena, b.data, b.len, &old, NULL);
	m->state = (struct container_state){
		.status = old.started_at ? CONTAINER_EXITED : CONTAINER_CREATED,
		.boot_id = read_boot_id(m->state_arena),
		.started_at = old.started_at,
		.finished_at = old.finished_at,
		.error = arena_strdup(m->state_arena, ""),
	};
	return m->state.boot_id && m->state.error ? 0 : err_oom(err);
}

void state_tell(struct monitor *m, const struct err *err)
{
	if (*m->state.error)
		return;
	m->state.error = arena_strdup(m->state_arena, err->msg) ?: (char *)"";
	(void)state_write(m, NULL);
}

int state_write(struct monitor *m, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(STATE_MAX);
	int r = container_state_encode(&b, &m->state, err);

	if (r < 0)
		return r;
	return file_write(m->container_fd, "state", b.data, b.len, 0600, FILE_EVEN_WHEN_FULL, err);
}
