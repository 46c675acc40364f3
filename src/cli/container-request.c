// SPDX-License-Identifier: Apache-2.0
/*
 * Flags become Docker's request body. The order of the checks is Docker's where one of two faults
 * is reported; what the engine checks too is left to it.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/container-flags.h"
#include "command/terminal.h"
#include "run/usernet.h"
#include "spec/cdi.h"
#include "spec/gpus.h"
#include "spec/envfile.h"
#include "spec/mount.h"
#include "spec/port.h"

#define PROFILE_MAX ((size_t)4 << 20)

/* What needs a network of its own, a registry or a graphics card: refused, not ignored. */
static int refuse(const struct container_flags *f, struct err *err)
{
	static const char *const pulls[] = {"always", "missing", "never", NULL};
	static const char later[] =
		"needs the bridge network, which this version does not have yet";

	if ((f->publish || f->publish_all) && !f->network)
		return err_set(err, ERR_UNSUPPORTED, "publishing ports %s", later);
	if (f->ip || f->ip6 || f->link_local_ip || f->links || f->network_alias)
		return err_set(err, ERR_UNSUPPORTED, "%s %s",
			       f->links           ? "--link"
			       : f->network_alias ? "--network-alias"
			       : f->ip            ? "--ip"
			       : f->ip6           ? "--ip6"
						  : "--link-local-ip",
			       later);
	if (f->storage_opt)
		return err_set(err, ERR_UNSUPPORTED, "--storage-opt: this version has no quotas");
	if (!strv_has((char *const *)pulls, f->pull))
		return err_set(err, ERR_INVALID,
			       "invalid pull option: '%s': must be one of \"always\", "
			       "\"missing\" or \"never\"",
			       f->pull);
	if (str_eq(f->pull, "always"))
		return err_set(err, ERR_UNSUPPORTED,
			       "--pull always: this version has no registry client; `load` images "
			       "instead");
	if (f->isolation && *f->isolation && strcasecmp(f->isolation, "default") != 0)
		return err_set(err, ERR_INVALID,
			       "invalid isolation: \"%s\" - linux containers only support "
			       "isolation=default",
			       f->isolation);
	return 0;
}

static int apply_attach(struct arena *a UNUSED, const struct container_flags *f,
			struct container_config *out, struct err *err)
{
	for (char **s = f->attach; s && *s; s++) {
		if (strcasecmp(*s, "stdin") == 0)
			out->attach_stdin = true;
		else if (strcasecmp(*s, "stdout") == 0)
			out->attach_stdout = true;
		else if (strcasecmp(*s, "stderr") == 0)
			out->attach_stderr = true;
		else
			return err_set(err, ERR_INVALID,
				       "invalid argument \"%s\" for \"-a, --attach\" flag: valid "
				       "streams are "
				       "STDIN, STDOUT and STDERR",
				       *s);
	}
	if (f->interactive)
		out->attach_stdin = true;
	if (!f->attach)
		out->attach_stdout = out->attach_stderr = true;
	out->tty = f->tty;
	out->open_stdin = f->interactive;
	out->stdin_once = f->interactive && out->attach_stdin;
	return 0;
}

/* KEY=VALUE strings into a map; a bare KEY has the value "". Later ones win. */
static int fill_map(struct arena *a, char *const *list, struct json_map *out, struct err *err)
{
	for (; list && *list; list++) {
		const char *equals = strchr(*list, '=');
		char *key =
			arena_strndup(a, *list, equals ? (size_t)(equals - *list) : strlen(*list));

		if (!key || json_map_set(a, out, key, equals ? equals + 1 : "") < 0)
			return err_oom(err);
	}
	return 0;
}

static int append(struct arena *a, char ***list, const char *s, struct err *err)
{
	char **grown = strv_append(a, *list, s);

	if (!grown)
		return err_oom(err);
	*list = grown;
	return 0;
}

/* The assignments of --env-file or --label-file files. */
static int read_files(struct arena *a, char *const *files, char *const *environment, char ***out,
		      struct err *err)
{
	int r = 0;

	for (; r == 0 && files && *files; files++) {
		cleanup(buf_done) struct buf b = BUF_INIT(ENVFILE_MAX);
		cleanup_fd int fd = open(*files, O_RDONLY | O_CLOEXEC);
		char **lines = NULL;

		if (fd < 0)
			return err_sys(err, errno, "open %s", *files);
		r = fd_read_all(fd, &b, *files, err);
		if (r == 0)
			r = envfile_parse(a, *files, b.data ? b.data : "", b.len, environment,
					  &lines, err);
		for (; r == 0 && lines && *lines; lines++)
			r = append(a, out, *lines, err);
	}
	return r;
}

int container_environment(struct arena *a, char *const *files, char *const *assignments,
			  char ***out, struct err *err)
{
	int r = read_files(a, files, environ, out, err);

	for (; r == 0 && assignments && *assignments; assignments++) {
		char *one = NULL;

		r = envfile_argument(a, *assignments, environ, &one, err);
		if (r == 0 && one)
			r = append(a, out, one, err);
	}
	return r;
}

static int apply_labels(struct arena *a, const struct container_flags *f, struct json_map *out,
			struct err *err)
{
	char **from_files = NULL;
	int r = read_files(a, f->label_file, NULL, &from_files, err);

	if (r == 0)
		r = fill_map(a, from_files, out, err);
	for (char **l = f->labels; r == 0 && l && *l; l++)
		if (**l == '=' || !**l)
			r = err_set(err, ERR_INVALID, "invalid label '%s': empty name", *l);
	return r < 0 ? r : fill_map(a, f->labels, out, err);
}

/* What has a source is a bind (or a named volume) in HostConfig, what has none an anonymous volume.
 */
static int apply_volumes(struct arena *a, const struct container_flags *f,
			 struct container_create *out, struct err *err)
{
	char cwd[PATH_MAX];
	int r = 0;

	if (f->volumes && !getcwd(cwd, sizeof(cwd)))
		return err_sys(err, errno, "find the working directory");
	for (char **v = f->volumes; r == 0 && v && *v; v++) {
		struct mount_volume volume;
		const struct container_mount *m = &volume.mount;
		char *bind;

		r = mount_parse_volume(a, *v, cwd, &volume, err);
		if (r < 0)
			return r;
		if (!m->source) {
			r = append(a, &out->config.volumes, m->target, err);
			continue;
		}
		bind = arena_printf(a, "%s:%s%s%s", m->source, m->target, *volume.mode ? ":" : "",
				    volume.mode);
		r = bind ? append(a, &out->host_config.binds, bind, err) : err_oom(err);
	}
	for (char **t = f->tmpfs; r == 0 && t && *t; t++) {
		char *path, *options;

		r = mount_parse_tmpfs(a, *t, &path, &options, err);
		if (r == 0 && json_map_set(a, &out->host_config.tmpfs, path, options) < 0)
			r = err_oom(err);
	}
	return r;
}

/* The policy is part of the container from now on: the file may change or go. */
static int embed_profile(struct arena *a, const char *path, char ***out, struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT(PROFILE_MAX), compact = BUF_INIT(PROFILE_MAX);
	cleanup(json_unref) json_t *j = NULL;
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *option;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "opening seccomp profile (%s) failed", path);
	r = fd_read_all(fd, &text, path, err);
	if (r < 0)
		return r;
	j = json_parse(text.data ? text.data : "", text.len, path, err);
	if (!j)
		return err_prefix(err, "parsing seccomp profile failed");
	r = json_write(&compact, j, 0, err);
	if (r < 0)
		return r;
	option = arena_printf(a, "seccomp=%s", compact.data);
	return option ? append(a, out, option, err) : err_oom(err);
}

static int apply_security(struct arena *a, const struct container_flags *f,
			  struct container_host_config *h, struct err *err)
{
	int r = 0;

	for (char **o = f->security_opt; r == 0 && o && *o; o++) {
		const char *profile = str_after(*o, "seccomp=");

		if (!strpbrk(*o, "=:") && !str_eq(*o, "no-new-privileges"))
			return err_set(err, ERR_INVALID, "invalid --security-opt: \"%s\"", *o);
		if (!profile)
			profile = str_after(*o, "seccomp:");
		if (profile && !str_eq(profile, "unconfined") && !str_eq(profile, "builtin"))
			r = embed_profile(a, profile, &h->security_opt, err);
		else
			r = append(a, &h->security_opt, *o, err);
	}
	return r;
}

static int apply_health(struct command_line *c, const struct container_flags *f,
			struct container_config *out, struct err *err)
{
	const struct {
		const char *name, *key;
		int64_t value;
	} times[] = {{"interval", "Interval", f->health_interval},
		     {"timeout", "Timeout", f->health_timeout},
		     {"start-period", "StartPeriod", f->health_start_period},
		     {"start-interval", "StartInterval", f->health_start_interval}};
	bool any = f->health_cmd || f->health_retries;
	json_t *j;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		any |= times[i].value != 0;
	if (f->no_healthcheck && any)
		return err_set(err, ERR_INVALID,
			       "--no-healthcheck conflicts with --health-* options");
	if (!any && !f->no_healthcheck)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i].value > 0 && times[i].value < NS_PER_MS)
			return err_set(err, ERR_INVALID,
				       "%s in Healthcheck cannot be less than 1ms", times[i].key);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i].value < 0)
			return err_set(err, ERR_INVALID, "--health-%s cannot be negative",
				       times[i].name);
	if (f->health_retries < 0)
		return err_set(err, ERR_INVALID, "--health-retries cannot be negative");
	j = f->no_healthcheck ? json_pack("{s:[s]}", "Test", "NONE")
	    : f->health_cmd   ? json_pack("{s:[s,s]}", "Test", "CMD-SHELL", f->health_cmd)
			      : json_object();
	if (!j || arena_defer(c->arena, (void (*)(void *))json_unref, j) < 0)
		return err_oom(err);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		if (times[i].value)
			(void)json_object_set_new(j, times[i].key, json_integer(times[i].value));
	if (f->health_retries)
		(void)json_object_set_new(j, "Retries", json_integer(f->health_retries));
	out->healthcheck = j;
	if (!f->no_healthcheck)
		command_warn("the health check is kept, but this version does not run it");
	return 0;
}

static int apply_process(struct command_line *c, const struct container_flags *f,
			 struct container_config *out, struct err *err)
{
	struct arena *a = c->arena;

	out->image = c->args[0];
	if (c->n_args > 1)
		out->cmd = c->args + 1;
	if (f->entrypoint) {
		out->entrypoint = arena_calloc(a, 2, sizeof(char *));
		if (!out->entrypoint)
			return err_oom(err);
		out->entrypoint[0] = f->entrypoint;
	}
	out->hostname = f->hostname;
	out->domainname = f->domainname;
	out->user = f->user;
	out->working_dir = f->workdir;
	out->mac_address = f->mac_address;
	out->stop_signal = f->stop_signal;
	out->stop_timeout = f->stop_timeout;
	for (char **p = f->expose; p && *p; p++) {
		struct port_spec port;
		int r;

		if (strchr(*p, ':'))
			return err_set(err, ERR_INVALID, "invalid port format for --expose: %s",
				       *p);
		r = port_parse_exposed(a, *p, &port, err);
		if (r < 0)
			return r;
		out->exposed_ports = port_exposed_add(a, out->exposed_ports, &port);
		if (!out->exposed_ports)
			return err_oom(err);
	}
	return container_environment(a, f->env_file, f->env, &out->env, err);
}

/* Members that are flags as they stand. */
static void copy_plain(const struct container_flags *f, struct container_host_config *h)
{
	h->cap_add = f->cap_add;
	h->cap_drop = f->cap_drop;
	h->cgroupns_mode = f->cgroupns;
	h->container_id_file = f->cidfile;
	h->dns = f->dns;
	h->dns_options = f->dns_options;
	h->dns_search = f->dns_search;
	h->extra_hosts = f->add_host;
	h->group_add = f->group_add;
	h->init = f->init;
	h->ipc_mode = f->ipc;
	h->isolation = f->isolation;
	h->mounts = f->mounts;
	h->oom_score_adj = f->oom_score_adj;
	h->pid_mode = f->pid;
	h->privileged = f->privileged;
	h->readonly_rootfs = f->read_only;
	h->auto_remove = f->rm;
	h->runtime = f->runtime;
	h->shm_size = f->shm_size;
	h->userns_mode = f->userns;
	h->uts_mode = f->uts;
	h->volume_driver = f->volume_driver;
	h->volumes_from = f->volumes_from;
	h->log_config.type = f->log_driver;
}

static void unref(void *json)
{
	json_decref(json);
}

/* --gpus, and those of --device that are names of the Container Device Interface, become requests. */
static int request_devices(struct arena *a, const struct container_flags *f,
			   struct container_resources *out, struct err *err)
{
	json_t *list = json_array(), *q;
	int r = list ? arena_defer(a, unref, list) : -ENOMEM;

	for (char **g = f->gpus; r == 0 && g && *g; g++) {
		r = gpus_parse(a, *g, &q, err);
		if (r < 0)
			return r;
		r = json_array_append_new(list, q) < 0 ? -ENOMEM : 0;
	}
	for (size_t i = 0; r == 0 && i < f->devices.n; i++) {
		const struct container_device *d = JSON_AT(struct container_device, &f->devices, i);
		struct container_device *to;

		if (!str_empty(d->path_in_container) || !cdi_is_name(d->path_on_host)) {
			to = json_list_add(a, &out->devices, sizeof(*to));
			r = to ? 0 : -ENOMEM;
			if (to)
				*to = *d;
			continue;
		}
		q = json_pack("{s:s,s:i,s:[s],s:[],s:{}}", "Driver", "cdi", "Count", 0, "DeviceIDs",
			      d->path_on_host, "Capabilities", "Options");
		r = !q || json_array_append_new(list, q) < 0 ? -ENOMEM : 0;
	}
	if (json_array_size(list))
		out->device_requests = list;
	return r < 0 ? err_oom(err) : 0;
}

static int apply_resources(struct arena *a, const struct container_flags *f,
			   const struct resource_flags *flags, struct container_resources *out,
			   struct err *err)
{
	if (f->memory_swappiness != -1 && (f->memory_swappiness < 0 || f->memory_swappiness > 100))
		return err_set(err, ERR_INVALID,
			       "invalid value: %lld. Valid memory swappiness range is 0-100",
			       (long long)f->memory_swappiness);
	if (f->memory_swappiness != -1)
		out->memory_swappiness = (struct opt_i64){true, f->memory_swappiness};
	out->blkio_weight_device = f->blkio_weight_device;
	out->blkio_device_read_bps = f->read_bps;
	out->blkio_device_read_iops = f->read_iops;
	out->blkio_device_write_bps = f->write_bps;
	out->blkio_device_write_iops = f->write_iops;
	out->cgroup_parent = f->cgroup_parent;
	if (request_devices(a, f, out, err) < 0)
		return err ? err->code : -EINVAL;
	out->device_cgroup_rules = f->device_cgroup_rules;
	out->oom_kill_disable = f->oom_kill_disable;
	out->ulimits = f->ulimits;
	return resource_flags_apply(a, flags, out, err);
}

static int apply_restart(struct arena *a, const struct container_flags *f, const char *policy,
			 struct container_host_config *h, struct err *err)
{
	int r = restart_policy_parse(a, policy ? policy : "no", &h->restart_policy, err);

	if (r == 0 && f->rm && policy && *policy && !str_eq(policy, "no"))
		return err_set(err, ERR_INVALID,
			       "conflicting options: cannot specify both --restart and --rm");
	return r;
}

static int apply_network(const struct container_flags *f, struct container_host_config *h,
			 struct err *err)
{
	if (strv_len(f->network) > 1 ||
	    (f->network && !usernet_is(f->network[0]) && strpbrk(f->network[0], "=,")))
		return err_set(
			err, ERR_UNSUPPORTED,
			"more than one network, and options of networks, need the bridge network, "
			"which this version does not have yet");
	h->network_mode = f->network ? f->network[0] : NULL;
	if (str_eq(h->network_mode, "host") && (f->publish || f->publish_all))
		command_warn("Published ports are discarded when using host network mode");
	return 0;
}

/* -p: kept for inspect; networks none and host publish nothing. */
static int apply_ports(struct command_line *c, const struct container_flags *f,
		       struct container_create *out, struct err *err)
{
	json_t *bindings = NULL;
	int r = 0;

	if (f->publish) {
		bindings = json_object();
		if (!bindings || arena_defer(c->arena, (void (*)(void *))json_unref, bindings) < 0)
			return err_oom(err);
	}
	for (char **p = f->publish; r == 0 && p && *p; p++) {
		struct port_spec port;

		r = port_parse(c->arena, *p, &port, err);
		if (r == 0)
			r = port_bindings_add(bindings, &port, err);
		if (r < 0)
			return r;
		out->config.exposed_ports =
			port_exposed_add(c->arena, out->config.exposed_ports, &port);
		if (!out->config.exposed_ports)
			return err_oom(err);
	}
	out->host_config.port_bindings = bindings;
	out->host_config.publish_all_ports = f->publish_all;
	return r;
}

static int apply_host(struct command_line *c, const struct container_flags *f,
		      const struct resource_flags *res, struct container_host_config *h,
		      struct err *err)
{
	struct arena *a = c->arena;
	uint16_t rows, cols;
	int64_t *size;
	int r;

	copy_plain(f, h);
	r = apply_network(f, h, err);
	if (r == 0)
		r = apply_resources(a, f, res, &h->resources, err);
	if (r == 0)
		r = apply_restart(a, f, res->restart, h, err);
	if (r == 0)
		r = apply_security(a, f, h, err);
	if (r == 0)
		r = fill_map(a, f->sysctl, &h->sysctls, err);
	if (r == 0)
		r = fill_map(a, f->annotations, &h->annotations, err);
	if (r == 0 && f->log_opts && str_eq(f->log_driver, "none"))
		r = err_set(err, ERR_INVALID, "invalid logging opts for driver none");
	if (r == 0)
		r = fill_map(a, f->log_opts, &h->log_config.config, err);
	if (r < 0 || !f->tty)
		return r;
	terminal_size(STDOUT_FILENO, &rows, &cols);
	for (int i = 0; i < 2; i++) {
		size = json_list_add(a, &h->console_size, sizeof(*size));
		if (!size)
			return err_oom(err);
		*size = i ? cols : rows;
	}
	return 0;
}

int container_flags_apply(struct command_line *c, const struct container_flags *f,
			  const struct resource_flags *res, struct container_create *out,
			  struct err *err)
{
	int r = refuse(f, err);

	*out = (struct container_create){};
	if (r == 0)
		r = apply_attach(c->arena, f, &out->config, err);
	if (r == 0)
		r = apply_process(c, f, &out->config, err);
	if (r == 0)
		r = apply_labels(c->arena, f, &out->config.labels, err);
	if (r == 0)
		r = apply_volumes(c->arena, f, out, err);
	if (r == 0)
		r = apply_health(c, f, &out->config, err);
	if (r == 0)
		r = apply_ports(c, f, out, err);
	return r < 0 ? r : apply_host(c, f, res, &out->host_config, err);
}

int container_cidfile_check(const struct container_flags *f, struct err *err)
{
	struct stat st;

	if (f->cidfile && *f->cidfile && stat(f->cidfile, &st) == 0)
		return err_set(
			err, ERR_CONFLICT,
			"container ID file found, make sure the other container isn't running or "
			"delete %s",
			f->cidfile);
	return 0;
}

int container_cidfile_write(const struct container_flags *f, const char *id, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	int r;

	if (str_empty(f->cidfile))
		return 0;
	fd = open(f->cidfile, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	r = fd < 0 ? -errno : fd_write(fd, id, strlen(id));
	return r < 0 ? err_sys(err, r, "write the container ID to %s", f->cidfile) : 0;
}
