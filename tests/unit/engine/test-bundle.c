// SPDX-License-Identifier: Apache-2.0
/* The whole way from Docker's configuration to the OCI one, on a root of its own below /tmp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

struct fixture {
	char root[32];
	struct engine *e;
	struct arena *a;
	struct container_create c;
	struct container_extra x;
	struct bundle b;
	struct err err;
};

static void put(const char *dir, const char *name, const char *text)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, name, text, strlen(text), 0644, 0, NULL), 0);
	close(fd);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct engine_options o = {};
	char *run, *lower;

	strcpy(f->root, "/tmp/hoy-bundle-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->a = arena_new(8 << 20);
	run = arena_printf(f->a, "%s/run", f->root);
	lower = arena_printf(f->a, "%s/lower/etc", f->root);
	o.root = arena_printf(f->a, "%s/lib", f->root);
	o.run_root = run;
	assert_int_equal(engine_open(&o, &f->e, &f->err), 0);
	assert_int_equal(path_mkdir_p(lower, 0755, NULL), 0);
	put(lower, "passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n");
	put(lower, "group", "root:x:0:\napp:x:1001:\nwheel:x:10:root,app\n");
	f->c.config.image = arena_strdup(f->a, "busybox");
	f->c.config.cmd = strv_split(f->a, "echo hi", ' ', 0);
	f->c.config.hostname = arena_strdup(f->a, "box");
	f->c.host_config.security_opt = strv_append(f->a, NULL, "seccomp=unconfined");
	f->x.cgroup = arena_strdup(f->a, "/hoy/" ID);
	f->b = (struct bundle){
		.engine = f->e, .arena = f->a, .id = ID, .config = &f->c, .extra = &f->x};
	f->b.lower = strv_append(f->a, NULL, arena_printf(f->a, "%s/lower", f->root));
	f->b.dir = arena_printf(f->a, "%s/lib/containers/" ID, f->root);
	assert_int_equal(path_mkdir_p(f->b.dir, 0700, NULL), 0);
	f->b.dirfd = open(f->b.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	close(f->b.dirfd);
	engine_close(f->e);
	(void)path_remove_tree(tmp, f->root + 5, NULL);
	close(tmp);
	arena_free(f->a);
	free(f);
	return 0;
}

/* Checks and builds; 0 or the failure with its text in f->err. */
static int build(struct fixture *f)
{
	int r = bundle_check(f->e, f->a, &f->c, NULL, &f->err);

	if (r == 0)
		r = bundle_resolve_mounts(f->e, f->a, ID, &f->c, &f->x, &f->err);
	return r < 0 ? r : bundle_build(&f->b, &f->err);
}

static void built(struct fixture *f)
{
	int r = build(f);

	if (r < 0)
		print_error("%s\n", f->err.msg);
	assert_int_equal(r, 0);
}

static const struct oci_mount *mount_find(struct fixture *f, const char *destination)
{
	for (size_t i = 0; i < f->b.spec.mounts.n; i++) {
		if (str_eq(JSON_AT(struct oci_mount, &f->b.spec.mounts, i)->destination,
			   destination))
			return JSON_AT(struct oci_mount, &f->b.spec.mounts, i);
	}
	return NULL;
}

static const struct oci_mount *mount_at(struct fixture *f, const char *destination)
{
	const struct oci_mount *m = mount_find(f, destination);

	if (!m) {
		fail_msg("no mount at %s", destination);
		__builtin_unreachable();
	}
	return m;
}

static const struct oci_namespace *namespace_of(struct fixture *f, const char *type)
{
	for (size_t i = 0; i < f->b.spec.linux->namespaces.n; i++) {
		if (str_eq(JSON_AT(struct oci_namespace, &f->b.spec.linux->namespaces, i)->type,
			   type))
			return JSON_AT(struct oci_namespace, &f->b.spec.linux->namespaces, i);
	}
	return NULL;
}

static void test_default(void **state)
{
	static const char *const mounts[][4] = {
		{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
		{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
		{"/dev/pts", "devpts", "devpts",
		 "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
		{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
		{"/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"},
		{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
		{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864"},
	};
	struct fixture *f = *state;
	const struct oci_process *p;

	built(f);
	p = f->b.spec.process;
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		const struct oci_mount *m = JSON_AT(struct oci_mount, &f->b.spec.mounts, i);

		assert_string_equal(m->destination, mounts[i][0]);
		assert_string_equal(m->type, mounts[i][1]);
		assert_string_equal(m->source, mounts[i][2]);
		assert_string_equal(strv_join(f->a, m->options, ","), mounts[i][3]);
	}
	assert_non_null(mount_at(f, "/etc/hosts"));
	assert_non_null(mount_at(f, "/etc/hostname"));
	assert_non_null(mount_at(f, "/etc/resolv.conf"));
	assert_string_equal(strv_join(f->a, p->args, " "), "echo hi");
	assert_string_equal(strv_join(f->a, p->env, " "),
			    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "
			    "HOSTNAME=box HOME=/root");
	assert_string_equal(p->cwd, "/");
	assert_int_equal(p->user.uid, 0);
	assert_int_equal(p->user.additional_gids.n, 2);
	assert_int_equal(((int64_t *)p->user.additional_gids.items)[1], 10);
	assert_int_equal(strv_len(p->capabilities->effective), 14);
	assert_false(p->no_new_privileges);
	assert_string_equal(f->b.spec.hostname, "box");
	assert_string_equal(f->b.spec.linux->cgroups_path, "/hoy/" ID);
	assert_true(strv_has(f->b.spec.linux->masked_paths, "/proc/kcore"));
	assert_true(strv_has(f->b.spec.linux->readonly_paths, "/proc/sys"));
	assert_int_equal(f->b.spec.linux->resources->devices.n, 11);
	assert_null(f->b.monitor.seccomp_path);
	for (const char *const *t =
		     (const char *const[]){"mount", "uts", "pid", "ipc", "network", "cgroup", NULL};
	     *t; t++)
		assert_non_null(namespace_of(f, *t));
}

static void test_written_whole(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct oci_spec again;

	built(f);
	assert_int_equal(oci_spec_encode(&b, &f->b.spec, NULL), 0);
	assert_int_equal(oci_spec_decode(f->a, b.data, b.len, &again, &f->err), 0);
	assert_int_equal(again.mounts.n, f->b.spec.mounts.n);
	assert_int_equal(again.linux->namespaces.n, f->b.spec.linux->namespaces.n);
	assert_int_equal(strv_len(again.process->env), strv_len(f->b.spec.process->env));
}

static void test_user(void **state)
{
	struct fixture *f = *state;

	f->c.config.user = arena_strdup(f->a, "app");
	built(f);
	assert_int_equal(f->b.spec.process->user.uid, 1000);
	assert_int_equal(f->b.spec.process->user.gid, 1001);
	assert_int_equal(f->b.spec.process->user.additional_gids.n, 2);
	assert_string_equal(env_get(f->b.spec.process->env, "HOME"), "/home/app");
	assert_int_equal(strv_len(f->b.spec.process->capabilities->effective), 0);
}

static void test_no_such_user(void **state)
{
	struct fixture *f = *state;

	f->c.config.user = arena_strdup(f->a, "nobody-here");
	assert_true(build(f) < 0);
	assert_non_null(strstr(f->err.msg, "unable to find user nobody-here"));
}

static void test_environment(void **state)
{
	struct fixture *f = *state;

	f->c.config.env = strv_split(f->a, "HOME=/x PATH=/bin FOO=1 HOSTNAME", ' ', 0);
	f->c.config.tty = true;
	built(f);
	assert_string_equal(strv_join(f->a, f->b.spec.process->env, " "),
			    "PATH=/bin TERM=xterm HOME=/x FOO=1");
}

static void test_privileged(void **state)
{
	struct fixture *f = *state;

	f->c.host_config.privileged = true;
	f->c.host_config.security_opt = NULL;
	built(f);
	assert_true(strv_len(f->b.spec.process->capabilities->effective) > 14 || getuid() != 0);
	assert_null(f->b.spec.linux->masked_paths);
	assert_null(f->b.spec.linux->readonly_paths);
	assert_null(f->b.monitor.seccomp_path);
	assert_string_equal(strv_join(f->a, mount_at(f, "/sys")->options, ","),
			    "nosuid,noexec,nodev,rw");
	assert_int_equal(f->b.spec.linux->resources->devices.n, 1);
	assert_true(
		JSON_AT(struct oci_device_rule, &f->b.spec.linux->resources->devices, 0)->allow);
}

static void test_host_namespaces(void **state)
{
	struct fixture *f = *state;
	struct container_host_config *h = &f->c.host_config;

	f->c.config.hostname = NULL;
	h->network_mode = h->pid_mode = h->ipc_mode = h->uts_mode = h->cgroupns_mode =
		arena_strdup(f->a, "host");
	built(f);
	assert_null(namespace_of(f, "network"));
	assert_null(namespace_of(f, "pid"));
	assert_null(namespace_of(f, "ipc"));
	assert_null(namespace_of(f, "uts"));
	assert_null(namespace_of(f, "cgroup"));
	assert_non_null(namespace_of(f, "mount"));
	assert_string_equal(mount_at(f, "/dev/shm")->type, "bind");
	assert_null(f->b.spec.hostname);
	assert_int_equal(f->b.spec.linux->sysctl.n, 0);
}

static void test_mounts(void **state)
{
	struct fixture *f = *state;
	char *made = arena_printf(f->a, "%s/made", f->root);
	const struct oci_mount *deep, *shallow;
	struct stat st;

	/* The deeper one first: order of mounting is by depth, not by order on the command line. */
	f->c.host_config.binds =
		strv_append(f->a, NULL, arena_printf(f->a, "%s:/data/sub:ro", made));
	f->c.host_config.binds =
		strv_append(f->a, f->c.host_config.binds, arena_printf(f->a, "%s:/data", made));
	built(f);
	assert_int_equal(stat(made, &st), 0); /* -v makes it */
	deep = mount_at(f, "/data/sub");
	shallow = mount_at(f, "/data");
	assert_true(shallow < deep);
	assert_string_equal(shallow->source, made);
	assert_string_equal(strv_join(f->a, shallow->options, ","), "rbind,rprivate");
	assert_string_equal(strv_join(f->a, deep->options, ","), "rbind,ro,rprivate");
}

static void test_bind_source_missing(void **state)
{
	struct fixture *f = *state;
	struct container_mount *m = json_list_add(f->a, &f->c.host_config.mounts, sizeof(*m));

	m->type = arena_strdup(f->a, "bind");
	m->source = arena_strdup(f->a, "/nonexistent/x");
	m->target = arena_strdup(f->a, "/x");
	assert_true(build(f) < 0);
	assert_string_equal(f->err.msg,
			    "invalid mount config for type \"bind\": bind source path does not "
			    "exist: /nonexistent/x");
}

static void test_duplicate_mount(void **state)
{
	struct fixture *f = *state;

	f->c.host_config.binds = strv_split(f->a, "/tmp:/x /usr:/x/", ' ', 0);
	assert_true(build(f) < 0);
	assert_string_equal(f->err.msg, "Duplicate mount point: /x");
}

static void test_tmpfs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(json_map_set(f->a, &f->c.host_config.tmpfs, "/run", "size=64m"), 0);
	built(f);
	assert_string_equal(mount_at(f, "/run")->type, "tmpfs");
	assert_true(strv_has(mount_at(f, "/run")->options, "noexec"));
	assert_true(strv_has(mount_at(f, "/run")->options, "size=64m"));
}

static void test_own_hosts(void **state)
{
	struct fixture *f = *state;

	f->c.host_config.binds = strv_split(f->a, "/tmp:/etc/hosts", ' ', 0);
	built(f);
	assert_string_equal(mount_at(f, "/etc/hosts")->source, "/tmp");
	for (size_t i = 0, seen = 0; i < f->b.spec.mounts.n; i++) {
		seen += str_eq(JSON_AT(struct oci_mount, &f->b.spec.mounts, i)->destination,
			       "/etc/hosts");
		assert_true(seen <= 1);
	}
}

static void test_files(void **state)
{
	struct fixture *f = *state;
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 16);

	f->c.host_config.extra_hosts = strv_split(f->a, "db:10.0.0.2", ' ', 0);
	f->c.host_config.dns = strv_split(f->a, "192.0.2.1", ' ', 0);
	f->c.host_config.dns_search = strv_split(f->a, "a.example b.example", ' ', 0);
	f->c.host_config.dns_options = strv_split(f->a, "ndots:2", ' ', 0);
	built(f);
	assert_int_equal(file_read(f->b.dirfd, "hosts", &b, NULL), 0);
	assert_non_null(strstr(b.data, "127.0.0.1\tlocalhost\n"));
	assert_non_null(strstr(b.data, "10.0.0.2\tdb\n"));
	buf_reset(&b);
	assert_int_equal(file_read(f->b.dirfd, "resolv.conf", &b, NULL), 0);
	assert_non_null(strstr(b.data, "nameserver 192.0.2.1\n"));
	assert_non_null(strstr(b.data, "search a.example b.example\n"));
	assert_non_null(strstr(b.data, "options ndots:2\n"));
	assert_ptr_equal(strstr(b.data, "nameserver"), strstr(b.data, "nameserver 192.0.2.1"));
	buf_reset(&b);
	assert_int_equal(file_read(f->b.dirfd, "hostname", &b, NULL), 0);
	assert_string_equal(b.data, "box\n");
}

static void refused(struct fixture *f, const char *want)
{
	f->err = ERR_INIT;
	assert_true(bundle_check(f->e, f->a, &f->c, NULL, &f->err) < 0);
	assert_string_equal(f->err.msg, want);
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct container_create *c = &f->c, good = f->c;

	c->config.working_dir = arena_strdup(f->a, "srv");
	refused(f, "the working directory 'srv' is invalid, it needs to be an absolute path");
	*c = good;
	c->config.env = strv_split(f->a, "=x", ' ', 0);
	refused(f, "invalid environment variable: =x");
	*c = good;
	c->host_config.restart_policy.name = arena_strdup(f->a, "often");
	refused(f, "invalid restart policy: unknown policy 'often'; use one of 'no', 'always', "
		   "'on-failure', or 'unless-stopped'");
	*c = good;
	c->host_config.restart_policy.name = arena_strdup(f->a, "always");
	c->host_config.auto_remove = true;
	refused(f, "can't create 'AutoRemove' container with restart policy");
	*c = good;
	c->host_config.network_mode = arena_strdup(f->a, "nosuch");
	refused(f, "network nosuch not found");
	*c = good;
	c->host_config.network_mode = arena_strdup(f->a, "container:x");
	refused(f, "conflicting options: hostname and the network mode");
	*c = good;
	assert_int_equal(json_map_set(f->a, &c->host_config.sysctls, "kernel.panic", "1"), 0);
	refused(f, "sysctl \"kernel.panic\" is not in a separate kernel namespace");
	*c = good;
	c->host_config.shm_size = -1;
	refused(f, "SHM size can not be less than 0");
	*c = good;
	c->config.stop_signal = arena_strdup(f->a, "FOO");
	refused(f, "invalid signal: FOO");
}

int main(void)
{
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		ROW(test_default),         ROW(test_written_whole), ROW(test_user),
		ROW(test_no_such_user),    ROW(test_environment),   ROW(test_privileged),
		ROW(test_host_namespaces), ROW(test_mounts),        ROW(test_bind_source_missing),
		ROW(test_duplicate_mount), ROW(test_tmpfs),         ROW(test_own_hosts),
		ROW(test_files),           ROW(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
