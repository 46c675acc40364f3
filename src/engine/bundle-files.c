// SPDX-License-Identifier: Apache-2.0
/*
 * /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: files in its directory, bind-mounted
 * over whatever the image has there. Written at each start, without fsync: they can be made again.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/bundle.h"
#include "engine/private.h"
#include "run/usernet.h"

#define FILE_MAX (1 << 20)

/* In place: the directory is ours, the container does not run, and a bind mount of an old start
 * must not keep an old inode. */
static int put(struct bundle *b, const char *name, const char *text, size_t len, struct err *err)
{
	cleanup_fd int fd =
		openat(b->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "write %s of container %s", name, b->id);
	r = fd_write(fd, text, len);
	return r < 0 ? err_sys(err, r, "write %s of container %s", name, b->id) : 0;
}

static int read_host(const char *path, struct buf *out)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	return fd_read_all(fd, out, path, NULL);
}

static int write_hosts(struct bundle *b, struct err *err)
{
	static const char standard[] = "127.0.0.1\tlocalhost\n"
				       "::1\tlocalhost ip6-localhost ip6-loopback\n"
				       "fe00::\tip6-localnet\n"
				       "ff00::\tip6-mcastprefix\n"
				       "ff02::1\tip6-allnodes\n"
				       "ff02::2\tip6-allrouters\n";
	cleanup(buf_done) struct buf t = BUF_INIT(FILE_MAX);
	const struct container_host_config *h = &b->config->host_config;
	int r;

	if (!str_eq(h->network_mode, "host") || read_host("/etc/hosts", &t) < 0) {
		buf_reset(&t);
		buf_puts(&t, standard);
	}
	for (char **x = h->extra_hosts; x && *x; x++) { /* NAME:ADDRESS or NAME=ADDRESS */
		size_t n = strcspn(*x, ":=");

		if (n == 0 || !(*x)[n] || strpbrk(*x, " \t\n"))
			return err_set(err, ERR_INVALID, "bad format for add-host: \"%s\"", *x);
		buf_printf(&t, "%s\t%.*s\n", *x + n + 1, (int)n, *x);
	}
	r = buf_check(&t, err);
	return r < 0 ? r : put(b, "hosts", t.data ?: "", t.len, err);
}

static bool is_loopback(const char *address)
{
	return str_after(address, "127.") || str_after(address, "::1");
}

/* The host's lines that stay: no server that only the host can reach, and nothing the user replaced. */
static void copy_resolv(struct buf *out, char *host, const struct container_host_config *h)
{
	bool keep_loopback = str_eq(h->network_mode, "host");
	char *line, *rest = host;

	while ((line = strsep(&rest, "\n"))) {
		const char *v;

		if (!*line && !rest)
			break;
		v = str_after(line, "nameserver ");
		if (v && (strv_len(h->dns) > 0 || usernet_is(h->network_mode) ||
			  (!keep_loopback && is_loopback(v))))
			continue;
		if ((str_after(line, "search ") || str_after(line, "domain ")) &&
		    strv_len(h->dns_search) > 0)
			continue;
		if (str_after(line, "options ") && strv_len(h->dns_options) > 0)
			continue;
		buf_printf(out, "%s\n", line);
	}
}

static void add_list(struct buf *out, const char *word, char *const *list)
{
	buf_puts(out, word);
	for (; *list; list++)
		buf_printf(out, " %s", *list);
	buf_putc(out, '\n');
}

static int write_resolv(struct bundle *b, struct err *err)
{
	cleanup(buf_done) struct buf host = BUF_INIT(FILE_MAX), t = BUF_INIT(FILE_MAX);
	struct usernet_config usernet;
	const struct container_host_config *h = &b->config->host_config;
	int r;

	if (read_host("/etc/resolv.conf", &host) < 0)
		buf_reset(&host);
	/* A stub resolver on the host's loopback stands for the servers that systemd-resolved lists. */
	if (!str_eq(h->network_mode, "host") && host.data &&
	    strstr(host.data, "nameserver 127.0.0.53")) {
		buf_reset(&host);
		if (read_host("/run/systemd/resolve/resolv.conf", &host) < 0)
			buf_reset(&host);
	}
	if (host.data)
		copy_resolv(&t, host.data, h);
	/* The program answers in the host's name, whatever its servers are at the moment. */
	if (!strv_len(h->dns) && usernet_parse(b->arena, h->network_mode, &usernet, NULL) == 0)
		buf_printf(&t, "nameserver %s\n", usernet.dns);
	for (char **d = h->dns; d && *d; d++)
		buf_printf(&t, "nameserver %s\n", *d);
	if (strv_len(h->dns_search) > 0 && !str_eq(h->dns_search[0], "."))
		add_list(&t, "search", h->dns_search);
	if (strv_len(h->dns_options) > 0)
		add_list(&t, "options", h->dns_options);
	r = buf_check(&t, err);
	return r < 0 ? r : put(b, "resolv.conf", t.data ?: "", t.len, err);
}

static int write_hostname(struct bundle *b, struct err *err)
{
	char *line = arena_printf(b->arena, "%s\n", b->config->config.hostname ?: "");

	return line ? put(b, "hostname", line, strlen(line), err) : err_oom(err);
}

static int bind(struct bundle *b, const char *id, const char *name, struct err *err)
{
	static const char *const options[] = {"rbind", "rprivate", NULL};
	struct oci_mount *m = json_list_add(b->arena, &b->spec.mounts, sizeof(*m));

	if (!m)
		return err_oom(err);
	m->destination = arena_printf(b->arena, "/etc/%s", name);
	m->type = (char *)"bind";
	m->source = arena_printf(b->arena, "%s/containers/%s/%s", b->engine->root, id, name);
	m->options = (char **)options;
	return m->destination && m->source ? 0 : err_oom(err);
}

int bundle_files(struct bundle *b, struct err *err)
{
	static const char *const names[] = {"resolv.conf", "hostname", "hosts"};
	const char *mode = b->config->host_config.network_mode, *id = b->id;
	struct container_info other;
	int r;

	if (str_after(mode, "container:")) { /* one network, one set of names */
		r = bundle_other_container(b->engine, b->arena, mode, &other, err);
		if (r < 0)
			return r;
		id = other.row.id;
	} else {
		r = write_hosts(b, err);
		if (r == 0)
			r = write_resolv(b, err);
		if (r == 0)
			r = write_hostname(b, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(names); i++) {
		bool taken = false; /* the user mounts something there */

		for (size_t k = 0; k < b->extra->mounts.n; k++) {
			const char *d = JSON_AT(struct container_mount_point, &b->extra->mounts, k)
						->destination;
			const char *leaf = str_after(d, "/etc/");

			taken = taken || (leaf && str_eq(leaf, names[i]));
		}
		if (!taken)
			r = bind(b, id, names[i], err);
	}
	return r;
}
