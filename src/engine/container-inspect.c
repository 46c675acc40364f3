// SPDX-License-Identifier: Apache-2.0
/*
 * inspect: Docker's ContainerJSON of API 1.47, put together from row, state and image.
 *
 * Config and HostConfig are the encoded request itself; what Docker answers beside them is listed here
 * in Docker's order, because people read it.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/container-private.h"
#include "engine/private.h"

static json_t *text_or_empty(const char *s)
{
	return json_string(s ?: "");
}

static json_t *strv_json(char *const *v)
{
	json_t *a = json_array();

	for (; a && v && *v; v++)
		json_array_append_new(a, json_string(*v));
	return a;
}

static json_t *time_json(int64_t ns)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(ns, text);
	return json_string(text);
}

static json_t *state_json(const struct container_state *s)
{
	json_t *j = json_object();
	bool live = container_status_is_live(s->status);

	json_object_set_new(j, "Status", json_string(container_status_name(s->status)));
	json_object_set_new(j, "Running", json_boolean(live));
	json_object_set_new(j, "Paused", json_boolean(s->status == CONTAINER_PAUSED));
	json_object_set_new(j, "Restarting", json_boolean(s->status == CONTAINER_RESTARTING));
	json_object_set_new(j, "OOMKilled", json_boolean(s->oom_killed));
	json_object_set_new(j, "Dead", json_boolean(s->status == CONTAINER_DEAD));
	json_object_set_new(j, "Pid", json_integer(live ? s->pid : 0));
	json_object_set_new(j, "ExitCode", json_integer(s->exit_code));
	json_object_set_new(j, "Error", text_or_empty(s->error));
	json_object_set_new(j, "StartedAt", time_json(s->started_at));
	json_object_set_new(j, "FinishedAt", time_json(s->finished_at));
	return j;
}

static json_t *mount_json(const struct container_mount_point *m)
{
	json_t *j = json_object();
	bool tmpfs = str_eq(m->type, "tmpfs");

	json_object_set_new(j, "Type", text_or_empty(m->type));
	if (m->name)
		json_object_set_new(j, "Name", json_string(m->name));
	json_object_set_new(j, "Source", text_or_empty(m->source));
	json_object_set_new(j, "Destination", text_or_empty(m->destination));
	if (m->driver)
		json_object_set_new(j, "Driver", json_string(m->driver));
	json_object_set_new(j, "Mode", text_or_empty(tmpfs ? "" : m->mode));
	json_object_set_new(j, "RW", json_boolean(m->rw));
	json_object_set_new(j, "Propagation", text_or_empty(m->propagation));
	return j;
}

static json_t *mounts_json(const struct container_extra *x, const struct container_host_config *h)
{
	json_t *a = json_array();

	for (size_t i = 0; i < x->mounts.n; i++) {
		const struct container_mount_point *m =
			JSON_AT(struct container_mount_point, &x->mounts, i);

		/* --tmpfs is told in HostConfig.Tmpfs, --mount type=tmpfs here: Docker's way */
		if (!str_eq(m->type, "tmpfs") || !json_map_get(&h->tmpfs, m->destination))
			json_array_append_new(a, mount_json(m));
	}
	return a;
}

static json_t *endpoint_json(void)
{
	json_t *j = json_object();

	json_object_set_new(j, "IPAMConfig", json_null());
	json_object_set_new(j, "Links", json_null());
	json_object_set_new(j, "Aliases", json_null());
	json_object_set_new(j, "MacAddress", json_string(""));
	json_object_set_new(j, "DriverOpts", json_null());
	json_object_set_new(j, "GwPriority", json_integer(0));
	json_object_set_new(j, "NetworkID", json_string(""));
	json_object_set_new(j, "EndpointID", json_string(""));
	json_object_set_new(j, "Gateway", json_string(""));
	json_object_set_new(j, "IPAddress", json_string(""));
	json_object_set_new(j, "IPPrefixLen", json_integer(0));
	json_object_set_new(j, "IPv6Gateway", json_string(""));
	json_object_set_new(j, "GlobalIPv6Address", json_string(""));
	json_object_set_new(j, "GlobalIPv6PrefixLen", json_integer(0));
	json_object_set_new(j, "DNSNames", json_null());
	return j;
}

/* {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]} */
static json_t *ports_json(struct engine *e, struct arena *a, const struct container_info *c)
{
	json_t *j = json_object(), *list;
	char **ports = NULL;

	(void)container_ports(e, a, c, &ports, NULL);
	for (; j && ports && *ports; ports++) {
		char **f = strv_split(a, *ports, '/', 0), *key;

		if (!f || strv_len(f) != 4)
			continue;
		key = arena_printf(a, "%s/%s", f[3], f[0]);
		list = key ? json_object_get(j, key) : NULL;
		if (key && !list) {
			list = json_array();
			json_object_set_new(j, key, list);
		}
		json_array_append_new(list, json_pack("{s:s,s:s}", "HostIp",
						      *f[1] ? f[1] : "0.0.0.0", "HostPort", f[2]));
	}
	return j;
}

static json_t *network_json(struct engine *e, struct arena *a, const struct container_info *c,
			    bool live)
{
	static const char *const empty[] = {
		"LinkLocalIPv6Address", "EndpointID", "Gateway", "GlobalIPv6Address", "IPAddress",
		"IPv6Gateway",          "MacAddress"};
	static const char *const zero[] = {"LinkLocalIPv6PrefixLen", "GlobalIPv6PrefixLen",
					   "IPPrefixLen"};
	const char *mode = c->config->host_config.network_mode ?: "none";
	json_t *j = json_object(), *networks = json_object();
	char key[64];

	json_object_set_new(j, "Bridge", json_string(""));
	json_object_set_new(j, "SandboxID", json_string(""));
	(void)snprintf(key, sizeof(key), "/proc/%lld/ns/net", (long long)c->state.pid);
	json_object_set_new(j, "SandboxKey", json_string(live ? key : ""));
	json_object_set_new(j, "Ports", ports_json(e, a, c));
	json_object_set_new(j, "HairpinMode", json_false());
	json_object_set_new(j, "SecondaryIPAddresses", json_null());
	json_object_set_new(j, "SecondaryIPv6Addresses", json_null());
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		json_object_set_new(j, empty[i], json_string(""));
	for (size_t i = 0; i < ARRAY_SIZE(zero); i++)
		json_object_set_new(j, zero[i], json_integer(0));
	if (!str_after(mode, "container:"))
		json_object_set_new(networks, mode, endpoint_json());
	json_object_set_new(j, "Networks", networks);
	return j;
}

static json_t *driver_json(struct engine *e, struct arena *a, const char *id)
{
	json_t *j = json_object(), *data = json_object();
	struct run_overlay o = {};

	json_object_set_new(j, "Name", json_string("overlay2"));
	if (container_overlay(e, a, id, &o, NULL) == 0 && o.lower) {
		char *lower = strv_join(a, o.lower, ":");

		json_object_set_new(data, "LowerDir", text_or_empty(lower));
		json_object_set_new(data, "UpperDir", text_or_empty(o.upper));
		json_object_set_new(data, "WorkDir", text_or_empty(o.work));
	}
	json_object_set_new(j, "Data", data);
	return j;
}

static void add_paths(struct engine *e, struct arena *a, json_t *j, const char *id)
{
	static const char *const files[][2] = {{"ResolvConfPath", "resolv.conf"},
					       {"HostnamePath", "hostname"},
					       {"HostsPath", "hosts"},
					       {"LogPath", "log"}};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		json_object_set_new(j, files[i][0],
				    text_or_empty(arena_printf(a, "%s/containers/%s/%s", e->root,
							       id, files[i][1])));
}

/* What a request leaves open and Docker's answer tells all the same; kept out of the row, which every
 * ps decodes. */
static void add_defaults(json_t *host, const struct container_host_config *h)
{
	struct bundle_security_opt o = {};

	if (str_empty(h->runtime))
		json_object_set_new(host, "Runtime", json_string("hoy"));
	if (!h->resources.oom_kill_disable.set && access("/sys/fs/cgroup/memory", F_OK) == 0)
		json_object_set_new(host, "OomKillDisable",
				    json_false()); /* v2 has no such switch: null */
	if (h->privileged || bundle_security_opt(h->security_opt, &o, NULL) < 0)
		return;
	if (!h->masked_paths)
		json_object_set_new(host, "MaskedPaths",
				    o.system_paths_unconfined
					    ? json_array()
					    : strv_json((char *const *)bundle_masked_paths));
	if (!h->readonly_paths)
		json_object_set_new(host, "ReadonlyPaths",
				    o.system_paths_unconfined
					    ? json_array()
					    : strv_json((char *const *)bundle_readonly_paths));
}

static void add_config(json_t *j, const struct container_create *c)
{
	json_t *config = container_create_encode(c), *host;

	if (!config)
		return;
	host = json_object_get(config, "HostConfig");
	add_defaults(host, &c->host_config);
	json_object_set(j, "HostConfig", host);
	json_object_del(config, "HostConfig");
	json_object_del(config, "NetworkingConfig");
	json_object_set_new(j, "Config", config);
}

static json_t *build(struct engine *e, struct arena *a, struct container_info *c,
		     const struct container_extra *x)
{
	json_t *j = json_object();
	char *name = arena_printf(a, "/%s", c->row.name);
	bool live = container_status_is_live(c->state.status);

	json_object_set_new(j, "Id", json_string(c->row.id));
	json_object_set_new(j, "Created", time_json(c->row.created));
	json_object_set_new(j, "Path", text_or_empty(x->path));
	json_object_set_new(j, "Args", strv_json(x->args));
	json_object_set_new(j, "State", state_json(&c->state));
	json_object_set_new(j, "Image", text_or_empty(c->row.image));
	add_paths(e, a, j, c->row.id);
	json_object_set_new(j, "Name", text_or_empty(name));
	json_object_set_new(j, "RestartCount", json_integer(c->state.restart_count));
	json_object_set_new(j, "Driver", json_string("overlay2"));
	json_object_set_new(j, "Platform", json_string("linux"));
	json_object_set_new(j, "MountLabel", json_string(""));
	json_object_set_new(j, "ProcessLabel", json_string(""));
	json_object_set_new(j, "AppArmorProfile", json_string(""));
	json_object_set_new(j, "ExecIDs", json_null());
	add_config(j, c->config);
	json_object_set_new(j, "GraphDriver", driver_json(e, a, c->row.id));
	if (c->size_rw >= 0) {
		json_object_set_new(j, "SizeRw", json_integer(c->size_rw));
		json_object_set_new(j, "SizeRootFs", json_integer(c->size_root_fs));
	}
	json_object_set_new(j, "Mounts", mounts_json(x, &c->config->host_config));
	json_object_set_new(j, "NetworkSettings", network_json(e, a, c, live));
	return j;
}

json_t *container_inspect(struct engine *e, const char *key, bool size, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct container_extra x = {};
	struct container_info c;
	json_t *j;

	if (!a) {
		(void)err_oom(err);
		return NULL;
	}
	if (container_brief(e, a, key, &c, err) < 0 ||
	    container_extra_decode(a, c.row.extra, &x, err) < 0)
		return NULL;
	if (size)
		container_fill_size(e, a, &c);
	j = build(e, a, &c, &x);
	/* jansson's setters fail quietly on a NULL; what is built last tells whether memory sufficed. */
	if (!json_object_get(j, "NetworkSettings") || !json_object_get(j, "Config")) {
		json_decref(j);
		(void)err_oom(err);
		return NULL;
	}
	return j;
}
