// SPDX-License-Identifier: Apache-2.0
#include "spec/port.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

static int parse_number(const char *s, size_t n, uint16_t *ret)
{
	char text[8];
	uint64_t v;

	if (n == 0 || n >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	if (str_to_u64(text, &v) < 0 || v > UINT16_MAX)
		return -EINVAL;
	*ret = (uint16_t)v;
	return 0;
}

static int parse_range(const char *s, uint16_t *first, uint16_t *last)
{
	const char *dash = strchr(s, '-');

	if (parse_number(s, dash ? (size_t)(dash - s) : strlen(s), first) < 0)
		return -EINVAL;
	if (!dash)
		*last = *first;
	else if (parse_number(dash + 1, strlen(dash + 1), last) < 0)
		return -EINVAL;
	return *last < *first ? -EINVAL : 0;
}

/* Cuts "/proto" off *ports. An empty protocol is tcp. */
static int parse_protocol(struct arena *a, char **ports, const char **protocol, struct err *err)
{
	static const char *const known[] = {"tcp", "udp", "sctp"};
	const char *slash = strchr(*ports, '/');
	const char *name = slash && slash[1] ? slash + 1 : "tcp";

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcasecmp(name, known[i]) != 0)
			continue;
		*protocol = known[i];
		*ports =
			arena_strndup(a, *ports, slash ? (size_t)(slash - *ports) : strlen(*ports));
		return *ports ? 0 : err_oom(err);
	}
	return err_set(err, ERR_INVALID, "invalid proto: %.100s", name);
}

static int parse_ip(struct arena *a, const char *s, size_t n, char **ret, struct err *err)
{
	struct in6_addr address;
	char *ip = arena_strndup(a, s, n);

	if (!ip)
		return err_oom(err);
	if (n >= 2 && ip[0] == '[' && ip[n - 1] == ']') {
		ip[n - 1] = '\0';
		ip++;
		if (!strchr(ip, ':'))
			*ip = '\0';
	}
	if (inet_pton(AF_INET, ip, &address) != 1 && inet_pton(AF_INET6, ip, &address) != 1)
		return err_set(err, ERR_INVALID, "invalid IP address: %.*s",
			       (int)MIN_OF(n, (size_t)100), s);
	*ret = ip;
	return 0;
}

/* The part of the host: "", "8080", "127.0.0.1:8080", "127.0.0.1:". */
static int parse_host(struct arena *a, const char *s, size_t n, struct port_spec *out,
		      struct err *err)
{
	const char *colon = memrchr(s, ':', n);
	const char *text = colon ? colon + 1 : s;
	char *ports;
	int r = 0;

	if (colon && colon > s) {
		r = parse_ip(a, s, (size_t)(colon - s), &out->host_ip, err);
		if (r < 0)
			return r;
	}
	ports = arena_strndup(a, text, n - (size_t)(text - s));
	if (!ports)
		return err_oom(err);
	if (*ports && parse_range(ports, &out->host_first, &out->host_last) < 0)
		return err_set(err, ERR_INVALID, "invalid hostPort: %.100s", ports);
	return 0;
}

int port_parse(struct arena *a, const char *s, struct port_spec *out, struct err *err)
{
	const char *colon = strrchr(s, ':');
	char *ports = arena_strdup(a, colon ? colon + 1 : s);
	int r;

	*out = (struct port_spec){.host_ip = arena_strdup(a, "")};
	if (!ports || !out->host_ip)
		return err_oom(err);
	if (colon) {
		r = parse_host(a, s, (size_t)(colon - s), out, err);
		if (r < 0)
			return r;
	}
	if (!*ports || *ports == '/')
		return err_set(err, ERR_INVALID, "no port specified: %.200s<empty>", s);
	r = parse_protocol(a, &ports, &out->protocol, err);
	if (r < 0)
		return r;
	if (parse_range(ports, &out->first, &out->last) < 0)
		return err_set(err, ERR_INVALID, "invalid containerPort: %.100s", ports);
	if (out->host_first && out->last != out->first &&
	    out->last - out->first != out->host_last - out->host_first)
		return err_set(
			err, ERR_INVALID,
			"invalid ranges specified for container and host Ports: %u-%u and %u-%u",
			out->first, out->last, out->host_first, out->host_last);
	return 0;
}

int port_parse_exposed(struct arena *a, const char *s, struct port_spec *out, struct err *err)
{
	char *ports = arena_strdup(a, s);
	int r;

	*out = (struct port_spec){.host_ip = arena_strdup(a, "")};
	if (!ports || !out->host_ip)
		return err_oom(err);
	if (strchr(s, ':'))
		return err_set(err, ERR_INVALID, "invalid port format for --expose: %.200s", s);
	r = parse_protocol(a, &ports, &out->protocol, err);
	if (r < 0)
		return r;
	if (parse_range(ports, &out->first, &out->last) < 0)
		return err_set(err, ERR_INVALID, "invalid range format for --expose: %.200s", s);
	return 0;
}

static void host_port_text(const struct port_spec *p, uint32_t port, char out[16])
{
	out[0] = '\0';
	if (!p->host_first)
		return;
	if (p->first == p->last && p->host_first != p->host_last)
		(void)snprintf(out, 16, "%u-%u", p->host_first, p->host_last);
	else
		(void)snprintf(out, 16, "%u", p->host_first + (port - p->first));
}

int port_bindings_add(json_t *bindings, const struct port_spec *p, struct err *err)
{
	for (uint32_t port = p->first; port <= p->last; port++) {
		char key[16], host[16];
		json_t *list;

		(void)snprintf(key, sizeof(key), "%u/%s", port, p->protocol);
		host_port_text(p, port, host);
		list = json_object_get(bindings, key);
		if (!json_is_array(list)) {
			list = json_array();
			if (json_object_set_new(bindings, key, list) < 0)
				return err_oom(err);
		}
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp", p->host_ip,
							  "HostPort", host)) < 0)
			return err_oom(err);
	}
	return 0;
}

char **port_exposed_add(struct arena *a, char **exposed, const struct port_spec *p)
{
	size_t n = strv_len(exposed), all = n;
	char **v = arena_calloc(a, n + (size_t)(p->last - p->first) + 2, sizeof(*v));

	if (!v)
		return NULL;
	if (n)
		memcpy(v, exposed, n * sizeof(*v));
	for (uint32_t port = p->first; port <= p->last; port++) {
		char *text = arena_printf(a, "%u/%s", port, p->protocol);
		bool there = false;

		if (!text)
			return NULL;
		for (size_t i = 0; i < n && !there; i++)
			there = strcmp(exposed[i], text) == 0;
		if (!there)
			v[all++] = text;
	}
	return v;
}
