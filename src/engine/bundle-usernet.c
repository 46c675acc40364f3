// SPDX-License-Identifier: Apache-2.0
/*
 * Published ports of the networks pasta and slirp4netns: what PortBindings says, and with -P what is
 * exposed, becomes one line a port for the monitor. A host port that was left open is chosen here, at
 * every start, by asking the kernel for one that is free: somebody may take it in the moment between,
 * and then the start fails and says so.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "run/usernet.h"

#define CONFIG_MAX ((size_t)16 << 20)

/* 0 when there is none, and the program will tell why. */
static unsigned free_port(const char *protocol, const char *ip)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	bool six = strchr(ip, ':');
	struct sockaddr *sa = six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
	socklen_t len = six ? sizeof(v6) : sizeof(v4);
	int type = str_eq(protocol, "udp") ? SOCK_DGRAM : SOCK_STREAM;
	cleanup_fd int fd = socket(six ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || (*ip && inet_pton(six ? AF_INET6 : AF_INET, ip,
					six ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) != 1))
		return 0;
	if (bind(fd, sa, len) < 0 || getsockname(fd, sa, &len) < 0)
		return 0;
	return ntohs(six ? v6.sin6_port : v4.sin_port);
}

/* "8080", "" for any, or "8080-8090": the first that is free. */
static int host_port(const char *text, const char *protocol, const char *ip, unsigned *ret,
		     struct err *err)
{
	uint64_t port = 0;

	if (str_empty(text) || str_eq(text, "0"))
		*ret = free_port(protocol, ip);
	else if (str_to_u64(text, &port) < 0 || port > 65535)
		return err_set(err, ERR_UNSUPPORTED,
			       "publish %s: a choice of ports needs the bridge network", text);
	else
		*ret = (unsigned)port;
	return *ret ? 0 : err_set(err, ERR_SYSTEM, "no free port on %s", *ip ? ip : "0.0.0.0");
}

static int add(struct bundle *b, const char *inside, const char *ip, const char *host,
	       struct err *err)
{
	char **pair = strv_split(b->arena, inside, '/', 2), *line;
	const char *protocol = pair && pair[0] && pair[1] ? pair[1] : "tcp";
	unsigned port;
	int r = pair ? host_port(host, protocol, ip, &port, err) : err_oom(err);

	if (r < 0)
		return r;
	line = arena_printf(b->arena, "%s/%s/%u/%s", protocol, ip, port, pair[0]);
	b->monitor.ports = line ? strv_append(b->arena, b->monitor.ports, line) : NULL;
	return b->monitor.ports ? 0 : err_oom(err);
}

static const char *text_of(const json_t *binding, const char *key)
{
	return json_string_value(json_object_get(binding, key)) ?: "";
}

int bundle_usernet(struct bundle *b, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	const char *inside;
	json_t *list, *binding;
	size_t i;
	int r = 0;

	if (!usernet_is(h->network_mode))
		return 0;
	b->monitor.usernet = h->network_mode;
	json_object_foreach (h->port_bindings, inside, list)
		json_array_foreach (list, i, binding)
			r = r < 0 ? r
				  : add(b, inside, text_of(binding, "HostIp"),
					text_of(binding, "HostPort"), err);
	for (char **p = h->publish_all_ports ? b->config->config.exposed_ports : NULL;
	     r == 0 && p && *p; p++)
		if (!json_object_get(h->port_bindings, *p))
			r = add(b, *p, "", "", err);
	return r;
}

int container_ports(struct engine *e, struct arena *a, const struct container_info *c, char ***ret,
		    struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT(CONFIG_MAX);
	struct monitor_config m = {};
	cleanup_fd int dir = -EBADF;
	int r;

	*ret = NULL;
	if (!usernet_is(c->config->host_config.network_mode) ||
	    !container_status_is_live(c->state.status))
		return 0;
	dir = container_open_dir(e, c->row.id, err);
	if (dir < 0)
		return dir;
	r = file_read(dir, "monitor.json", &text, err);
	if (r == 0)
		r = json_decode_text(a, text.data ?: "", text.len, &monitor_config_object, &m,
				     "monitor.json", err);
	*ret = m.ports;
	return r;
}
