// SPDX-License-Identifier: Apache-2.0
/*
 * port - "127.0.0.1:8080-8081:80-81/tcp" of -p, "80/tcp" of --expose and EXPOSE.
 *
 * Grammar: [[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/tcp|udp|sctp]; an IPv6 address stands in
 * brackets, or is everything before the last two colons. The two ranges are equally long, or the
 * container's is a single port and the host's a choice. Source: docker/go-connections nat.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct port_spec {
	char *host_ip;                  /* "" : all addresses */
	uint16_t host_first, host_last; /* 0: any free one */
	uint16_t first, last;           /* in the container */
	const char *protocol;           /* tcp, udp, sctp */
};

/* -p */
int port_parse(struct arena *a, const char *s, struct port_spec *out, struct err *err);
/* --expose and image configurations: no host part. */
int port_parse_exposed(struct arena *a, const char *s, struct port_spec *out, struct err *err);
/* Adds what a spec says to Docker's PortBindings: {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}.
 */
int port_bindings_add(json_t *bindings, const struct port_spec *p, struct err *err);
/* Appends "80/tcp", … to a list without repeating what is there; NULL: no memory. */
char **port_exposed_add(struct arena *a, char **exposed, const struct port_spec *p);
