// SPDX-License-Identifier: Apache-2.0
/*
 * sock - unix sockets between our own processes: packets with fds attached.
 *
 * SOCK_SEQPACKET keeps message borders, so a message is one send and one receive. Paths are opened
 * through their directory's fd (/proc/self/fd/N/name), so that the 108 bytes of sun_path never
 * limit where the run folder may lie. Never abstract sockets: those cross mount namespaces.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define SOCK_FDS_MAX 8

/* A listening socket of mode 0600 at `name` in dirfd; an old one there is replaced. */
int sock_listen(int dirfd, const char *name, struct err *err);
int sock_connect(int dirfd, const char *name, struct err *err);
/* Accepts and checks SO_PEERCRED: only root and our own uid. fd or negative errno. */
int sock_accept(int fd);
/* One packet with up to SOCK_FDS_MAX fds (they stay open here). 0 or negative errno. */
int sock_send(int fd, const void *data, size_t len, const int *fds, size_t n_fds);
/* One packet; its length, 0 at end of stream (also when the peer left what we sent unread; what it
 * sent before comes first), or negative errno (-EMSGSIZE: longer than `size`).
 * Received fds are O_CLOEXEC and the caller's; fds[] beyond *n_fds are -EBADF. On entry *n_fds is
 * the room in fds. */
ssize_t sock_recv(int fd, void *data, size_t size, int *fds, size_t *n_fds);
int sock_pair(int ret[2]);
