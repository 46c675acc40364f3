// SPDX-License-Identifier: Apache-2.0
/*
 * usernet - a network for a container without any right over the host's: pasta(1) or slirp4netns(1).
 *
 * Both are programs of their own that carry a network namespace's packets to ordinary sockets of the
 * user. They are found in system folders only, get the namespace as an fd (no path is looked up
 * again, and the container's process need not be readable to them), an empty environment, and live
 * as long as the monitor that started them: killed with it, stopped by it with the container.
 *
 *   r = usernet_parse(arena, "slirp4netns:mtu=1500", &config, err);   at create
 *   r = usernet_start(&(struct usernet_start){…}, &net, err);        the namespace is configured, ports listen
 *   usernet_stop(&net);
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/proc.h"

enum usernet_kind {
	USERNET_PASTA,
	USERNET_SLIRP4NETNS,
};

/* Their resolver's address inside: what belongs into resolv.conf. */
#define USERNET_PASTA_DNS "169.254.1.1"
#define USERNET_SLIRP_DNS "10.0.2.3"

struct usernet_config {
	enum usernet_kind kind;
	char **args; /* further arguments of the program */
	const char *dns;
};

/* True for "pasta", "slirp4netns" and both with ":" and options after it. */
bool usernet_is(const char *mode);
/* Options: of pasta its own arguments, separated by commas; of slirp4netns podman's
 * allow_host_loopback, cidr, enable_ipv6, mtu, outbound_addr, outbound_addr6, port_handler. */
int usernet_parse(struct arena *a, const char *mode, struct usernet_config *ret, struct err *err);
/* Absolute path; NULL: not installed. */
const char *usernet_program(enum usernet_kind kind);

struct usernet_start {
	const char *mode;
	pid_t pid;    /* whose network namespace: a child of ours */
	int run_fd;   /* a folder for the API socket */
	char **ports; /* "PROTOCOL/HOST-IP/HOST-PORT/PORT"; the address may be "" */
};
struct usernet {
	struct proc proc;
	int exit_fd; /* slirp4netns ends when it is closed */
};
#define USERNET_NONE                                                                               \
	(struct usernet)                                                                           \
	{                                                                                          \
		.proc = {.pidfd = -EBADF}, .exit_fd = -EBADF                                       \
	}
int usernet_start(const struct usernet_start *s, struct usernet *ret, struct err *err);
void usernet_stop(struct usernet *n); /* once more is fine */
