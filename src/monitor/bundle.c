// SPDX-License-Identifier: Apache-2.0
/*
 * What a monitor, or a visitor of its container, is told by files: all in the container's folder, which
 * only root and we may write to.
 */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "monitor/monitor.h"
#include "sec/seccomp.h"

#define CONFIG_MAX ((size_t)16 << 20)

static int read_object(struct monitor *m, const char *name, const struct json_object *object,
		       void *out, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	int r = file_read(m->container_fd, name, &b, err);

	return r < 0 ? r : json_decode_text(m->arena, b.data, b.len, object, out, name, err);
}

int bundle_read_spec(struct monitor *m, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	int r = file_read(m->container_fd, "config.json", &b, err);

	return r < 0 ? r : oci_spec_decode(m->arena, b.data, b.len, &m->spec, err);
}

int bundle_read_seccomp(struct monitor *m, struct err *err)
{
	cleanup_fd int cache = -EBADF;
	char dir[4096];

	if (!m->config.seccomp_path)
		return 0;
	(void)snprintf(dir, sizeof(dir), "%s/cache/seccomp", m->config.root ? m->config.root : "");
	cache = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cache < 0)
		return err_sys(err, errno, "open %s", dir);
	return seccomp_load(cache, m->config.seccomp_path, &m->seccomp, &m->seccomp_len, err);
}

int bundle_read_config(struct monitor *m, struct err *err)
{
	return read_object(m, "monitor.json", &monitor_config_object, &m->config, err);
}
