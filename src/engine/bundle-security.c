// SPDX-License-Identifier: Apache-2.0
/*
 * What the process may do: capabilities, the system call filter, hidden and read-only paths.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "sec/seccomp.h"
#include "spec/caps.h"

#define PROFILE_MAX (4 << 20)

#define DEFAULT_CAPS                                                                               \
	(CAPS_BIT(CAP_CHOWN) | CAPS_BIT(CAP_DAC_OVERRIDE) | CAPS_BIT(CAP_FSETID) |                 \
	 CAPS_BIT(CAP_FOWNER) | CAPS_BIT(CAP_MKNOD) | CAPS_BIT(CAP_NET_RAW) |                      \
	 CAPS_BIT(CAP_SETGID) | CAPS_BIT(CAP_SETUID) | CAPS_BIT(CAP_SETFCAP) |                     \
	 CAPS_BIT(CAP_SETPCAP) | CAPS_BIT(CAP_NET_BIND_SERVICE) | CAPS_BIT(CAP_SYS_CHROOT) |       \
	 CAPS_BIT(CAP_KILL) | CAPS_BIT(CAP_AUDIT_WRITE))

/* What we may hand out: a kernel that knows fewer, or a host that holds some back, is no failure. */
static uint64_t own_caps(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {};

	if (syscall(SYS_capget, &h, d) < 0)
		return CAPS_ALL;
	return (((uint64_t)d[1].permitted << 32) | d[0].permitted) & CAPS_ALL;
}

static int parse_list(char *const *names, const char *what, uint64_t *ret, bool *all,
		      struct err *err)
{
	*ret = 0;
	*all = false;
	for (; names && *names; names++) {
		int cap = cap_parse(*names);

		if (strcasecmp(*names, "ALL") == 0)
			*all = true;
		else if (cap < 0)
			return err_set(err, ERR_INVALID, "invalid %s: unknown capability: \"%s\"",
				       what, *names);
		else
			*ret |= CAPS_BIT(cap);
	}
	return 0;
}

int bundle_capabilities(struct arena *a, const struct container_host_config *h, bool privileged,
			uint64_t *ret, struct err *err)
{
	uint64_t add, drop;
	bool add_all, drop_all;
	int r = parse_list(h->cap_add, "CapAdd", &add, &add_all, err);

	(void)a;
	if (r < 0)
		return r;
	r = parse_list(h->cap_drop, "CapDrop", &drop, &drop_all, err);
	if (r < 0)
		return r;
	if (privileged)
		*ret = own_caps();
	else if (add_all && drop_all)
		*ret = add; /* ALL on both sides cancels out: what is named is what there is */
	else if (drop_all)
		*ret = add;
	else if (add_all)
		*ret = own_caps() & ~drop;
	else
		*ret = (DEFAULT_CAPS | add) & ~drop;
	return 0;
}

struct oci_capabilities *bundle_capability_sets(struct arena *a, uint64_t caps, bool root)
{
	struct oci_capabilities *c = arena_alloc(a, sizeof(*c));

	if (!c)
		return NULL;
	c->bounding = caps_names(a, caps);
	if (!c->bounding)
		return NULL;
	/* Inheritable and ambient stay empty (CVE-2022-24769). A user that is not root starts with none. */
	if (root) {
		c->effective = c->bounding;
		c->permitted = c->bounding;
	}
	return c;
}

/* Podman's words: a list of absolute paths, and for unmask also ALL. */
static int add_paths(const char **list, size_t max, const char *opt, const char *paths,
		     struct err *err)
{
	size_t n = 0;

	while (list[n])
		n++;
	if (n + 1 >= max)
		return err_set(err, ERR_TOO_LARGE, "too many --security-opt: \"%s\"", opt);
	for (const char *p = paths; p; p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL)
		if (*p != '/' && strcasecmp(paths, "ALL") != 0)
			return err_set(err, ERR_INVALID,
				       "invalid --security-opt: \"%s\": paths are absolute", opt);
	list[n] = paths;
	return 0;
}

/* Is the path in one of the lists, as it is or by a pattern? */
static bool is_listed(const char *const *lists, const char *path)
{
	char one[PATH_MAX];

	for (; *lists; lists++) {
		if (strcasecmp(*lists, "ALL") == 0)
			return true;
		for (const char *p = *lists; *p; p += *p == ':') {
			size_t n = strcspn(p, ":");

			(void)snprintf(one, sizeof(one), "%.*s", (int)n, p);
			p += n;
			if (fnmatch(one, path, FNM_PATHNAME) == 0)
				return true;
		}
	}
	return false;
}

static void take_out(char **paths, const char *const *lists)
{
	char **to = paths;

	for (; *paths; paths++)
		if (!is_listed(lists, *paths))
			*to++ = *paths;
	*to = NULL;
}

static int no_new_privileges(struct bundle_security_opt *out, const char *o, const char *v,
			     struct err *err)
{
	bool on = !v || str_eq(v, "true") || str_eq(v, "1");

	if (!on && !str_eq(v, "false") && !str_eq(v, "0"))
		return err_set(err, ERR_INVALID, "invalid --security-opt 2: \"%s\"", o);
	out->no_new_privileges = (struct opt_flag){true, on};
	return 0;
}

static int apparmor(struct bundle_security_opt *out, const char *o, const char *v, struct err *err)
{
	if (!str_eq(v, "unconfined") && access("/sys/kernel/security/apparmor/profiles", F_OK) < 0)
		return err_set(err, ERR_UNSUPPORTED, "AppArmor is not enabled on this host: %s", o);
	out->apparmor = v;
	return 0;
}

static bool is_key(const char *o, size_t n, const char *key)
{
	return strlen(key) == n && strncmp(o, key, n) == 0;
}

/* One option as the user wrote it: KEY, KEY=VALUE, or Docker's old KEY:VALUE. */
static int one_opt(struct bundle_security_opt *out, const char *o, struct err *err)
{
	const char *v = strpbrk(o, "=:");
	size_t n = v ? (size_t)(v - o) : strlen(o);

	v = v ? v + 1 : NULL;
	if (is_key(o, n, "no-new-privileges"))
		return no_new_privileges(out, o, v, err);
	if (!v)
		return err_set(err, ERR_INVALID, "invalid --security-opt 1: \"%s\"", o);
	if (is_key(o, n, "mask"))
		return add_paths(out->mask, ARRAY_SIZE(out->mask), o, v, err);
	if (is_key(o, n, "unmask"))
		return add_paths(out->unmask, ARRAY_SIZE(out->unmask), o, v, err);
	if (is_key(o, n, "apparmor"))
		return apparmor(out, o, v, err);
	if (is_key(o, n, "label"))
		return str_eq(v, "disable") ? 0
					    : err_set(err, ERR_UNSUPPORTED,
						      "SELinux labels are not supported: %s", o);
	if (str_eq(o, "systempaths=unconfined"))
		out->system_paths_unconfined = true;
	else if (is_key(o, n, "seccomp"))
		out->seccomp = v;
	else
		return err_set(err, ERR_INVALID, "invalid --security-opt 2: \"%s\"", o);
	return 0;
}

int bundle_security_opt(char *const *opts, struct bundle_security_opt *out, struct err *err)
{
	int r = 0;

	*out = (struct bundle_security_opt){};
	for (; r == 0 && opts && *opts; opts++)
		r = one_opt(out, *opts, err);
	return r;
}

int bundle_check_security(struct container_host_config *h, struct err *err)
{
	struct bundle_security_opt o;
	uint64_t caps;
	int r = bundle_security_opt(h->security_opt, &o, err);

	return r < 0 ? r : bundle_capabilities(NULL, h, h->privileged, &caps, err);
}

/* The CLI sends the file's text, the API as well; a path comes from the configuration file. */
static int read_profile(const char *seccomp, struct buf *b, struct err *err)
{
	cleanup_fd int fd = -EBADF;

	if (*seccomp == '{') {
		buf_puts(b, seccomp);
		return buf_check(b, err);
	}
	fd = open(seccomp, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_sys(err, errno, "opening seccomp profile (%s) failed", seccomp);
	return fd_read_all(fd, b, seccomp, err);
}

static int open_cache(struct engine *e, struct err *err)
{
	cleanup_fd int cache = -EBADF;
	int fd = openat(e->root_fd, "cache/seccomp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd >= 0 ? fd : err_sys(err, errno, "open %s/cache/seccomp", e->root);
	cache = path_open_dir(e->root_fd, "cache", 0700, err);
	return cache < 0 ? cache : path_open_dir(cache, "seccomp", 0700, err);
}

static void unref(void *json)
{
	json_decref(json);
}

/* What of the profile is not in its program: it goes with the configuration. */
static int settings_of(struct arena *a, const struct buf *text, json_t **ret, struct err *err)
{
	static const char *const members[] = {"flags", "listenerPath", "listenerMetadata"};
	cleanup(json_unref) json_t *profile =
		json_parse(text->data, text->len, "seccomp profile", err);
	cleanup(json_unref) json_t *settings = json_object();

	if (!profile || !settings)
		return profile ? err_oom(err) : -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		json_t *v = json_object_get(profile, members[i]);

		if (v && !json_is_null(v) && json_object_set(settings, members[i], v) < 0)
			return err_oom(err);
	}
	if (json_object_size(settings) == 0)
		return 0;
	*ret = TAKE_PTR(settings);
	return arena_defer(a, unref, *ret) < 0 ? err_oom(err) : 0;
}

int bundle_seccomp(struct engine *e, struct arena *a, const struct container_host_config *h,
		   uint64_t caps, bool privileged, char **ret_path, json_t **ret_settings,
		   struct err *err)
{
	cleanup(buf_done) struct buf text = BUF_INIT(PROFILE_MAX);
	struct seccomp_policy policy = {.caps = caps};
	struct bundle_security_opt o;
	cleanup_fd int dir = -EBADF;
	char name[SECCOMP_NAME_MAX];
	int r = bundle_security_opt(h->security_opt, &o, err);

	*ret_path = NULL;
	*ret_settings = NULL;
	if (r < 0)
		return r;
	if (!o.seccomp)
		o.seccomp = privileged ? "unconfined" : e->config.seccomp_profile ?: "builtin";
	if (str_eq(o.seccomp, "unconfined"))
		return 0;
	if (!str_eq(o.seccomp, "builtin")) {
		r = read_profile(o.seccomp, &text, err);
		if (r < 0)
			return r;
		policy.profile = text.data;
		policy.profile_len = text.len;
	}
	dir = open_cache(e, err); /* the monitor opens it, too, whatever the program is */
	if (dir < 0)
		return dir;
	r = seccomp_prepare(dir, &policy, name, sizeof(name), err);
	if (r == 0 && policy.profile)
		r = settings_of(a, &text, ret_settings, err);
	if (r < 0)
		return r;
	*ret_path = arena_strdup(a, name);
	return *ret_path ? 0 : err_oom(err);
}

static int add_thermal_paths(struct bundle *b)
{
	long n = sysconf(_SC_NPROCESSORS_CONF);

	if (access("/sys/devices/system/cpu/cpu0/thermal_throttle", F_OK) < 0)
		return 0;
	for (long i = 0; i < n; i++) {
		char *p = arena_printf(b->arena, "/sys/devices/system/cpu/cpu%ld/thermal_throttle",
				       i);

		if (!p)
			return -ENOMEM;
		b->spec.linux->masked_paths = strv_append(b->arena, b->spec.linux->masked_paths, p);
		if (!b->spec.linux->masked_paths)
			return -ENOMEM;
	}
	return 0;
}

const char *const bundle_masked_paths[] = {"/proc/acpi",
					   "/proc/asound",
					   "/proc/interrupts",
					   "/proc/kcore",
					   "/proc/keys",
					   "/proc/latency_stats",
					   "/proc/sched_debug",
					   "/proc/scsi",
					   "/proc/timer_list",
					   "/proc/timer_stats",
					   "/sys/devices/virtual/powercap",
					   "/sys/firmware",
					   NULL};
const char *const bundle_readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

static int mask_more(struct bundle *b, const struct bundle_security_opt *o)
{
	struct oci_linux *l = b->spec.linux;

	for (const char *const *list = o->mask; *list; list++)
		for (char **p = strv_split(b->arena, *list, ':', 0); p && *p; p++)
			if (!(l->masked_paths = strv_append(b->arena, l->masked_paths, *p)))
				return -ENOMEM;
	return 0;
}

static int hide_paths(struct bundle *b, const struct container_host_config *h,
		      const struct bundle_security_opt *o)
{
	int r;

	if (h->privileged || o->system_paths_unconfined)
		return mask_more(b, o);
	b->spec.linux->masked_paths =
		strv_dup(b->arena, h->masked_paths ?: (char *const *)bundle_masked_paths);
	b->spec.linux->readonly_paths =
		h->readonly_paths ?: strv_dup(b->arena, (char *const *)bundle_readonly_paths);
	if (!b->spec.linux->masked_paths || !b->spec.linux->readonly_paths)
		return -ENOMEM;
	r = h->masked_paths ? 0 : add_thermal_paths(b);
	if (r == 0 && o->unmask[0]) {
		take_out(b->spec.linux->masked_paths, o->unmask);
		take_out(b->spec.linux->readonly_paths, o->unmask);
	}
	return r < 0 ? r : mask_more(b, o);
}

int bundle_security(struct bundle *b, struct err *err)
{
	const struct container_host_config *h = &b->config->host_config;
	struct oci_process *p = b->spec.process;
	struct bundle_security_opt o;
	uint64_t caps;
	int r = bundle_security_opt(h->security_opt, &o, err);

	if (r < 0)
		return r;
	p->no_new_privileges = o.no_new_privileges.set ? o.no_new_privileges.value
						       : b->engine->config.no_new_privileges;
	p->apparmor_profile = (char *)o.apparmor; /* run/lsm; exec takes it from here */
	r = bundle_capabilities(b->arena, h, h->privileged, &caps, err);
	if (r < 0)
		return r;
	p->capabilities = bundle_capability_sets(b->arena, caps, p->user.uid == 0);
	if (!p->capabilities || hide_paths(b, h, &o) < 0)
		return err_oom(err);
	return bundle_seccomp(b->engine, b->arena, h, caps, h->privileged, &b->monitor.seccomp_path,
			      &b->spec.linux->seccomp, err);
}
