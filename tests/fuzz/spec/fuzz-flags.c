// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "spec/blkio.h"
#include "spec/csv.h"
#include "spec/device.h"
#include "spec/mount.h"
#include "spec/name.h"
#include "spec/platform.h"
#include "spec/port.h"
#include "spec/ulimit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *s = arena_strndup(a, (const char *)data, size), *path, *options, **v;
	struct container_throttle_device throttle;
	struct container_weight_device weight;
	struct container_device device;
	struct container_ulimit ulimit;
	struct container_mount mount;
	struct mount_volume volume;
	struct device_rule rule;
	struct platform platform;
	struct port_spec port;

	(void)mount_parse_volume(a, s, "/cwd", &volume, NULL);
	(void)mount_parse_mount(a, s, "/cwd", &mount, NULL);
	(void)mount_parse_tmpfs(a, s, &path, &options, NULL);
	(void)csv_parse(a, s, &v, NULL);
	(void)device_parse(a, s, &device, NULL);
	(void)device_rule_parse(s, &rule, NULL);
	(void)ulimit_parse(s, &ulimit, NULL);
	(void)blkio_parse_bps(a, s, &throttle, NULL);
	(void)blkio_parse_weight(a, s, &weight, NULL);
	(void)port_parse(a, s, &port, NULL);
	(void)port_parse_exposed(a, s, &port, NULL);
	(void)platform_parse(a, s, &platform, NULL);
	(void)name_check_volume(s, NULL);
	return 0;
}
