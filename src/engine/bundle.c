// SPDX-License-Identifier: Apache-2.0
/*
 * The order of bundle_build(): who the process is comes first, because its capabilities, its home and
 * the filter depend on it; the rest is independent. Nothing but the three files of /etc, a folder for
 * shared memory and missing host paths of -v is written.
 */
#include "engine/bundle.h"

#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/str.h"
#include "engine/private.h"
#include "logs/log.h"
#include "spec/signal.h"

#define PATH_DEFAULT "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int bundle_check_restart(const struct container_host_config *h, struct err *err)
{
	const struct container_restart_policy *p = &h->restart_policy;
	bool none = str_empty(p->name) || str_eq(p->name, "no");
	bool on_failure = str_eq(p->name, "on-failure");

	if (!none && !on_failure && !str_eq(p->name, "always") &&
	    !str_eq(p->name, "unless-stopped"))
		return err_set(
			err, ERR_INVALID,
			"invalid restart policy: unknown policy '%s'; use one of 'no', 'always', "
			"'on-failure', or 'unless-stopped'",
			p->name);
	if (p->maximum_retry_count < 0)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count cannot be negative");
	if (!on_failure && p->maximum_retry_count != 0)
		return err_set(err, ERR_INVALID,
			       "invalid restart policy: maximum retry count can only be used with "
			       "'on-failure'");
	if (!none && h->auto_remove)
		return err_set(err, ERR_INVALID,
			       "can't create 'AutoRemove' container with restart policy");
	return 0;
}

static int check_config(const struct container_config *c, struct err *err)
{
	if (!str_empty(c->working_dir) && c->working_dir[0] != '/')
		return err_set(
			err, ERR_INVALID,
			"the working directory '%s' is invalid, it needs to be an absolute path",
			c->working_dir);
	for (char **v = c->env; v && *v; v++) {
		if (!**v || **v == '=')
			return err_set(err, ERR_INVALID, "invalid environment variable: %s", *v);
	}
	if (!str_empty(c->hostname) && strlen(c->hostname) > 64)
		return err_set(err, ERR_INVALID, "invalid hostname: %s: longer than 64 bytes",
			       c->hostname);
	if (!str_empty(c->stop_signal)) {
		int r = signal_parse(c->stop_signal, err);

		return r < 0 ? r : 0;
	}
	return 0;
}

/* The log configuration of the engine's file where the request has none. */
static int check_log(struct engine *e, struct container_log_config *l, struct err *err)
{
	struct log_options o;

	if (str_empty(l->type) && !l->config.n) {
		l->type = e->config.log_driver;
		l->config = e->config.log_opts;
	} else if (str_empty(l->type)) {
		l->type = e->config.log_driver;
	}
	return log_options_parse(l->type, &l->config, &o, err);
}

static int fill_ulimits(struct engine *e, struct arena *a, struct container_resources *r,
			struct err *err)
{
	const struct json_map *d = &e->config.default_ulimits_text;

	for (size_t i = 0; i < d->n; i++) {
		struct container_ulimit *u;
		bool there = false;

		for (size_t k = 0; k < r->ulimits.n; k++)
			there = there ||
				str_eq(JSON_AT(struct container_ulimit, &r->ulimits, k)->name,
				       d->items[i].key);
		if (there)
			continue;
		u = json_list_add(a, &r->ulimits, sizeof(*u));
		if (!u)
			return err_oom(err);
		u->name = d->items[i].key;
		if (sscanf(d->items[i].value, "%" SCNi64 ":%" SCNi64, &u->soft, &u->hard) != 2)
			return err_set(err, ERR_INVALID, "invalid default ulimit %s", u->name);
	}
	return 0;
}

int bundle_warn(struct arena *a, char ***warnings, const char *text, struct err *err)
{
	char **grown = warnings ? strv_append(a, *warnings, text) : NULL;

	if (warnings && !grown)
		return err_oom(err);
	if (warnings)
		*warnings = grown;
	return 0;
}

/* What only cgroup v1 has is dropped with a word, as Docker does it; the runtime would refuse it. */
static int discard_v1_only(struct arena *a, struct container_resources *r, char ***warnings,
			   struct err *err)
{
	struct statfs fs;
	int res = 0;

	if (statfs("/sys/fs/cgroup", &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return 0;
	if (r->memory_swappiness.set && r->memory_swappiness.value >= 0)
		res = bundle_warn(
			a, warnings,
			"Your kernel does not support memory swappiness capabilities or the "
			"cgroup is not mounted. Memory swappiness discarded.",
			err);
	if (res == 0 && r->oom_kill_disable.set && r->oom_kill_disable.value)
		res = bundle_warn(
			a, warnings,
			"Your kernel does not support OomKillDisable. OomKillDisable discarded.",
			err);
	r->memory_swappiness.set = r->oom_kill_disable.set = false;
	return res;
}

int bundle_check(struct engine *e, struct arena *a, struct container_create *config,
		 char ***warnings, struct err *err)
{
	struct container_host_config *h = &config->host_config;
	char **args;
	int r = bundle_args(a, &config->config, &args, err);

	if (r == 0)
		r = check_config(&config->config, err);
	if (r == 0)
		r = bundle_check_restart(h, err);
	if (r == 0)
		r = bundle_check_resources(h, err);
	if (r == 0)
		r = bundle_check_namespaces(config, err);
	if (r == 0)
		r = bundle_userns_check(e, h, err);
	if (r == 0)
		r = bundle_check_security(h, err);
	if (r == 0)
		r = check_log(e, &h->log_config, err);
	if (r == 0)
		r = fill_ulimits(e, a, &h->resources, err);
	if (r == 0)
		r = discard_v1_only(a, &h->resources, warnings, err);
	if (r < 0)
		return r;
	r = e->rootless ? bundle_rootless_check(a, h, warnings, err) : 0;
	if (r < 0)
		return r;
	if (h->resources.memory > 0 && h->resources.memory_swap == 0)
		h->resources.memory_swap =
			h->resources.memory * 2; /* Docker's default, seen in inspect */
	if (h->shm_size < 0)
		return err_set(err, ERR_INVALID, "SHM size can not be less than 0");
	if (h->shm_size == 0)
		h->shm_size = e->config.default_shm_size;
	if (!h->init.set && e->config.init)
		h->init = (struct opt_flag){true, true};
	if (h->resources.oom_kill_disable.set && h->resources.oom_kill_disable.value &&
	    h->resources.memory == 0 &&
	    bundle_warn(a, warnings,
			"OOM killer is disabled for the container, but no memory limit is set, "
			"this can "
			"result in "
			"the system running out of resources.",
			err) < 0)
		return -ENOMEM;
	if (!str_empty(h->runtime) && !str_eq(h->runtime, "hoy") && !str_eq(h->runtime, "runc"))
		return err_set(err, ERR_INVALID, "unknown or invalid runtime name: %s", h->runtime);
	return 0;
}

/* A bare KEY takes a variable out of what image and engine set. */
static void env_unset(char **env, const char *key)
{
	size_t n = strlen(key);
	char **to = env;

	for (; *env; env++) {
		if (strncmp(*env, key, n) != 0 || (*env)[n] != '=')
			*to++ = *env;
	}
	*to = NULL;
}

static int fill_env(struct bundle *b, const char *home, struct err *err)
{
	const struct container_config *c = &b->config->config;
	struct arena *a = b->arena;
	char **env = strv_append(a, NULL, PATH_DEFAULT);
	char *host = arena_printf(a, "HOSTNAME=%s", c->hostname ?: "");

	if (env && host)
		env = strv_append(a, env, host);
	if (env && c->tty)
		env = strv_append(a, env, "TERM=xterm");
	for (char **v = c->env; env && v && *v; v++) {
		if (strchr(*v, '='))
			env = env_set(a, env, *v);
		else
			env_unset(env, *v);
	}
	if (env && !env_get(env, "HOME"))
		env = strv_append(a, env, arena_printf(a, "HOME=%s", home) ?: "HOME=/");
	b->spec.process->env = env;
	return env && host ? 0 : err_oom(err);
}

/* The upper directory counts: the container may have added its user in an earlier run. */
static char **account_layers(const struct bundle *b)
{
	size_t n = strv_len(b->lower);
	char **v = arena_calloc(b->arena, n + 2, sizeof(*v));

	if (!v)
		return NULL;
	v[0] = arena_printf(b->arena, "%s/upper", b->dir);
	memcpy(v + 1, b->lower, n * sizeof(*v));
	return v[0] ? v : NULL;
}

int bundle_process(struct bundle *b, struct err *err)
{
	const struct container_config *c = &b->config->config;
	const struct container_host_config *h = &b->config->host_config;
	struct oci_process *p = b->spec.process;
	char **layers = account_layers(b);
	struct user user;
	int r;

	if (!layers)
		return err_oom(err);
	r = bundle_user_lookup(b->arena, c->user, h->group_add, layers, -EBADF, &user, err);
	if (r == 0)
		r = bundle_user_set(b->arena, &user, &p->user) < 0 ? err_oom(err) : 0;
	if (r == 0)
		r = bundle_args(b->arena, c, &p->args, err);
	if (r == 0)
		r = fill_env(b, user.home, err);
	if (r == 0)
		r = bundle_rlimits(b, err);
	if (r < 0)
		return r;
	p->terminal = c->tty;
	p->cwd = str_empty(c->working_dir) ? (char *)"/" : c->working_dir;
	if (h->oom_score_adj)
		p->oom_score_adj = (struct opt_i64){true, h->oom_score_adj};
	if (c->tty && h->console_size.n == 2) {
		p->console_size = arena_alloc(b->arena, sizeof(*p->console_size));
		if (!p->console_size)
			return err_oom(err);
		p->console_size->height = (uint64_t)((int64_t *)h->console_size.items)[0];
		p->console_size->width = (uint64_t)((int64_t *)h->console_size.items)[1];
	}
	return 0;
}

static int fill_monitor(struct bundle *b, struct err *err)
{
	const struct container_config *c = &b->config->config;
	const struct container_host_config *h = &b->config->host_config;
	struct monitor_config *m = &b->monitor;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct log_options o;
	int n_signal;
	int r = log_options_parse(h->log_config.type, &h->log_config.config, &o, err);

	if (r < 0)
		return r;
	m->id = (char *)b->id;
	m->lower = b->lower;
	m->upper = arena_printf(b->arena, "%s/upper", b->dir);
	m->work = arena_printf(b->arena, "%s/work", b->dir);
	m->log_driver = h->log_config.type;
	m->log_max_size = o.max_size;
	m->log_max_files = o.max_files;
	m->open_stdin = c->open_stdin;
	m->stdin_once = c->stdin_once;
	m->tty = c->tty;
	/* One that the image got wrong is told to whoever says `stop`. */
	n_signal = str_empty(c->stop_signal) ? SIGTERM : signal_parse(c->stop_signal, NULL);
	m->stop_signal = n_signal > 0 ? n_signal : SIGTERM;
	m->stop_timeout =
		c->stop_timeout.set ? c->stop_timeout : b->engine->config.shutdown_timeout;
	m->auto_remove = h->auto_remove;
	m->init = h->init.set && h->init.value;
	m->reaper = n > 0 ? arena_strndup(b->arena, self, (size_t)n) : NULL;
	m->root = b->engine->root;
	m->run_root = b->engine->run_root;
	return m->upper && m->work ? 0 : err_oom(err);
}

static int begin(struct bundle *b)
{
	struct oci_spec *s = &b->spec;

	*s = (struct oci_spec){.oci_version = (char *)"1.2.0"};
	s->process = arena_alloc(b->arena, sizeof(*s->process));
	s->root = arena_alloc(b->arena, sizeof(*s->root));
	s->linux = arena_alloc(b->arena, sizeof(*s->linux));
	if (!s->process || !s->root || !s->linux)
		return -ENOMEM;
	s->linux->resources = arena_alloc(b->arena, sizeof(*s->linux->resources));
	if (!s->linux->resources)
		return -ENOMEM;
	s->root->path =
		(char *)"rootfs"; /* the monitor mounts the overlay; other runtimes find it here */
	s->root->readonly = b->config->host_config.readonly_rootfs;
	s->linux->cgroups_path = b->extra->cgroup;
	s->annotations = b->config->host_config.annotations;
	return 0;
}

int bundle_build(struct bundle *b, struct err *err)
{
	int r;

	if (begin(b) < 0)
		return err_oom(err);
	r = fill_monitor(b, err);
	if (r == 0)
		r = bundle_process(b, err);
	if (r == 0)
		r = bundle_security(b, err);
	if (r == 0)
		r = bundle_resources(b->arena, &b->config->host_config.resources,
				     b->spec.linux->resources, err);
	if (r == 0)
		r = bundle_devices(b, err);
	if (r == 0)
		r = bundle_namespaces(b, err);
	if (r == 0)
		r = bundle_usernet(b, err);
	if (r == 0)
		r = bundle_mounts(b, err);
	if (r == 0)
		r = bundle_cdi(b, err);
	if (r == 0)
		r = bundle_userns(b, err);
	return r < 0 || !b->engine->rootless ? r : bundle_rootless(b, err);
}
