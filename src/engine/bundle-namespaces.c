// SPDX-License-Identifier: Apache-2.0
/*
 * Namespaces by Docker's modes, the names in them, and the sysctls that belong to them.
 *
 * "container:KEY" joins a namespace of another container by /proc/PID/ns/…; the pid is taken from a
 * state whose process was seen alive a moment ago, and the other container cannot be removed without
 * stopping, so that the worst that can happen is a start that fails.
 */
#include <stdio.h>
#include <sys/utsname.h>

#include "base/id.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "run/usernet.h"

int bundle_other_container(struct engine *e, struct arena *a, const char *mode,
			   struct container_info *ret, struct err *err)
{
	const char *key = str_after(mode, "container:");
	int r;

	if (!key || !*key)
		return err_set(err, ERR_INVALID, "invalid mode \"%s\": no container is named",
			       mode);
	r = container_brief(e, a, key, ret, err);
	if (r < 0)
		return r;
	if (ret->state.status != CONTAINER_RUNNING && ret->state.status != CONTAINER_PAUSED)
		return err_set(
			err, ERR_CONFLICT,
			"cannot join a namespace of a non running container: container %s is %s",
			ret->row.name, container_status_name(ret->state.status));
	return 0;
}

static int add(struct bundle *b, const char *type, const char *path)
{
	struct oci_namespace *n = json_list_add(b->arena, &b->spec.linux->namespaces, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->type = arena_strdup(b->arena, type);
	n->path = arena_strdup(b->arena, path);
	return n->type && (!path || n->path) ? 0 : -ENOMEM;
}

/* file: the name in /proc/PID/ns */
static int add_by_mode(struct bundle *b, const char *type, const char *file, const char *mode,
		       struct err *err)
{
	struct container_info other;
	char path[64];
	int r;

	if (str_eq(mode, "host"))
		return 0;
	if (!mode || !str_after(mode, "container:"))
		return add(b, type, NULL) < 0 ? err_oom(err) : 0;
	r = bundle_other_container(b->engine, b->arena, mode, &other, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/%lld/ns/%s", (long long)other.state.pid, file);
	return add(b, type, path) < 0 ? err_oom(err) : 0;
}

/* A sysctl is allowed where it is the container's own: as runc decides. */
static bool has_own(const struct container_host_config *h, const char *key)
{
	static const char *const ipc[] = {
		"kernel.msgmax", "kernel.msgmnb",          "kernel.msgmni",
		"kernel.sem",    "kernel.shmall",          "kernel.shmmax",
		"kernel.shmmni", "kernel.shm_rmid_forced", NULL};

	if (strv_has((char *const *)ipc, key) || str_after(key, "fs.mqueue."))
		return !str_eq(h->ipc_mode, "host");
	if (str_after(key, "net."))
		return !str_eq(h->network_mode, "host");
	return str_eq(key, "kernel.domainname") && !str_eq(h->uts_mode, "host");
}

static int check_sysctls(const struct container_host_config *h, struct err *err)
{
	for (size_t i = 0; i < h->sysctls.n; i++) {
		const char *key = h->sysctls.items[i].key;

		if (str_after(key, "net.") && str_eq(h->network_mode, "host"))
			return err_set(err, ERR_INVALID,
				       "sysctl '%s' not allowed in host network namespace", key);
		if (strchr(key, '/') || strstr(key, "..") || !has_own(h, key))
			return err_set(err, ERR_INVALID,
				       "sysctl \"%s\" is not in a separate kernel namespace", key);
	}
	return 0;
}

static int check_usernet(const struct container_create *c, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct usernet_config parsed;
	const char *text;
	json_t *list;
	int r = a ? usernet_parse(a, c->host_config.network_mode, &parsed, err) : err_oom(err);

	if (r < 0)
		return r;
	if (!usernet_program(parsed.kind))
		return err_set(err, ERR_UNSUPPORTED,
			       "network %s: the program is not installed (`hoy doctor` says how to "
			       "get it)",
			       c->host_config.network_mode);
	json_object_foreach (c->host_config.port_bindings, text, list)
		if (str_ends(text, "/sctp"))
			return err_set(err, ERR_UNSUPPORTED,
				       "network %s cannot publish %s: tcp and udp only",
				       c->host_config.network_mode, text);
	return 0;
}

static int check_network(const struct container_create *c, struct err *err)
{
	const struct container_host_config *h = &c->host_config;
	bool joins = str_after(h->network_mode, "container:") != NULL;

	if (usernet_is(h->network_mode))
		return check_usernet(c, err);
	if (!joins && !str_eq(h->network_mode, "none") && !str_eq(h->network_mode, "host"))
		return err_set(err, ERR_NOT_FOUND, "network %s not found", h->network_mode);
	if (!joins)
		return 0;
	if (!str_empty(c->config.hostname))
		return err_set(err, ERR_INVALID,
			       "conflicting options: hostname and the network mode");
	if (strv_len(h->dns) > 0)
		return err_set(err, ERR_INVALID, "conflicting options: dns and the network mode");
	if (strv_len(h->extra_hosts) > 0)
		return err_set(
			err, ERR_INVALID,
			"conflicting options: custom host-to-IP mapping and the network mode");
	if (!str_empty(c->config.mac_address))
		return err_set(err, ERR_INVALID,
			       "conflicting options: mac-address and the network mode");
	if (h->publish_all_ports || (h->port_bindings && json_object_size(h->port_bindings) > 0))
		return err_set(
			err, ERR_INVALID,
			"conflicting options: port publishing and the container type network mode");
	if (strv_len(c->config.exposed_ports) > 0)
		return err_set(
			err, ERR_INVALID,
			"conflicting options: port exposing and the container type network mode");
	return 0;
}

static bool is_one_of(const char *mode, const char *const *allowed)
{
	if (str_empty(mode))
		return true;
	for (; *allowed; allowed++) {
		if (str_eq(mode, *allowed))
			return true;
	}
	return false;
}

int bundle_check_namespaces(struct container_create *c, struct err *err)
{
	struct container_host_config *h = &c->host_config;
	int r;

	if (str_empty(h->network_mode) || str_eq(h->network_mode, "default"))
		h->network_mode = (char *)"none";
	if (str_empty(h->ipc_mode))
		h->ipc_mode = (char *)"private";
	if (str_empty(h->cgroupns_mode))
		h->cgroupns_mode = (char *)(h->privileged ? "host" : "private");
	if (!str_after(h->ipc_mode, "container:") &&
	    !is_one_of(h->ipc_mode, (const char *[]){"private", "shareable", "none", "host", NULL}))
		return err_set(err, ERR_INVALID, "invalid IPC mode: %s", h->ipc_mode);
	if (!(h->pid_mode && str_after(h->pid_mode, "container:")) &&
	    !is_one_of(h->pid_mode, (const char *[]){"host", "private", NULL}))
		return err_set(err, ERR_INVALID, "invalid PID mode: %s", h->pid_mode);
	if (!is_one_of(h->uts_mode, (const char *[]){"host", "private", NULL}))
		return err_set(err, ERR_INVALID, "invalid UTS mode: %s", h->uts_mode);
	if (!is_one_of(h->cgroupns_mode, (const char *[]){"host", "private", NULL}))
		return err_set(err, ERR_INVALID, "invalid cgroup namespace mode: %s",
			       h->cgroupns_mode);
	if (str_eq(h->uts_mode, "host") && !str_empty(c->config.hostname))
		return err_set(err, ERR_INVALID, "conflicting options: hostname and the UTS mode");
	if (str_eq(h->uts_mode, "host") && !str_empty(c->config.domainname))
		return err_set(err, ERR_INVALID,
			       "conflicting options: domainname and the UTS mode");
	r = check_network(c, err);
	return r < 0 ? r : check_sysctls(h, err);
}

static int add_sysctls(struct bundle *b, const struct container_host_config *h)
{
	struct json_map *m = &b->spec.linux->sysctl;

	/* Ping and ports below 1024 for users that are not root: nothing but their own network is theirs. */
	if (str_eq(h->network_mode, "none") || usernet_is(h->network_mode)) {
		if (json_map_set(b->arena, m, "net.ipv4.ip_unprivileged_port_start", "0") < 0 ||
		    json_map_set(b->arena, m, "net.ipv4.ping_group_range", "0 2147483647") < 0)
			return -ENOMEM;
	}
	for (size_t i = 0; i < h->sysctls.n; i++) {
		if (json_map_set(b->arena, m, h->sysctls.items[i].key, h->sysctls.items[i].value) <
		    0)
			return -ENOMEM;
	}
	return 0;
}

static void set_host_name(struct bundle *b)
{
	const struct container_config *c = &b->config->config;
	const struct container_host_config *h = &b->config->host_config;

	if (str_eq(h->uts_mode, "host"))
		return;
	b->spec.hostname = c->hostname; /* filled at create */
	if (!str_empty(c->domainname))
		b->spec.domainname = c->domainname;
}

int bundle_namespaces(struct bundle *b, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	int r = add(b, "mount", NULL);

	if (r == 0 && !str_eq(h->uts_mode, "host"))
		r = add(b, "uts", NULL);
	if (r == 0 && str_eq(h->cgroupns_mode, "private"))
		r = add(b, "cgroup", NULL);
	/* Clocks are offsets of the host's; the kernel has it since 5.6. */
	if (r == 0 && access("/proc/self/ns/time", F_OK) == 0)
		r = add(b, "time", NULL);
	if (r < 0 || add_sysctls(b, h) < 0)
		return err_oom(err);
	r = add_by_mode(b, "pid", "pid", h->pid_mode, err);
	if (r == 0)
		r = add_by_mode(b, "ipc", "ipc", h->ipc_mode, err);
	if (r == 0)
		r = add_by_mode(b, "network", "net", h->network_mode, err);
	if (r == 0)
		set_host_name(b);
	return r;
}
