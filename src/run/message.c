// SPDX-License-Identifier: Apache-2.0
#include "run/message.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/sock.h"

int message_send(int sock, enum message_kind kind, int value, int fd)
{
	struct message m = {.kind = kind, .value = value};

	/* Short messages are sent short: the text is for errors alone. */
	return sock_send(sock, &m, offsetof(struct message, text), &fd, fd >= 0);
}

int message_send_error(int sock, const struct err *e)
{
	struct message m = {.kind = MESSAGE_FAILED, .value = e->code, .err_kind = e->kind};

	(void)snprintf(m.text, sizeof(m.text), "%.*s", (int)sizeof(m.text) - 1, e->msg);
	return sock_send(sock, &m, sizeof(m), NULL, 0);
}

int message_recv(int sock, struct message *m, int *fd)
{
	int got = -EBADF;
	size_t n_fds = 1;
	ssize_t n;

	/* A peer that died with our message unread is told once as a reset, before what it had left
	 * for us. */
	do {
		n_fds = 1;
		n = sock_recv(sock, m, sizeof(*m), &got, &n_fds);
	} while (n == -ECONNRESET);
	if (n > 0 && fd)
		*fd = got;
	else
		fd_close(got);
	if (n <= 0)
		return (int)n;
	if ((size_t)n < offsetof(struct message, text))
		return -EBADMSG;
	m->text[(size_t)n < sizeof(*m) ? 0 : sizeof(m->text) - 1] = '\0';
	return 1;
}

int message_error(const struct message *m, struct err *err)
{
	return err_copy(err, m->err_kind, m->value, m->text);
}

static int expect(int sock, enum message_kind kind, struct message *m, int *fd, struct err *err)
{
	int r = message_recv(sock, m, fd);

	if (r < 0)
		return err_sys(err, r, "talk to the container's process");
	if (r == 0)
		return err_set(err, ERR_SYSTEM, "the container's process died while it was set up");
	if (m->kind == MESSAGE_FAILED)
		return message_error(m, err);
	if (m->kind != kind)
		return err_set(err, ERR_SYSTEM,
			       "unexpected message %d from the container's process", (int)m->kind);
	return 0;
}

int message_expect(int sock, enum message_kind kind, int *fd, struct err *err)
{
	struct message m;

	return expect(sock, kind, &m, fd, err);
}

int message_expect_value(int sock, enum message_kind kind, int *value, struct err *err)
{
	struct message m;
	int r = expect(sock, kind, &m, NULL, err);

	*value = r < 0 ? 0 : m.value;
	return r;
}
