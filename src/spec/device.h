// SPDX-License-Identifier: Apache-2.0
/*
 * device - "/dev/a:/dev/b:rwm" of --device, and "c 1:3 rwm" of --device-cgroup-rule.
 */
#pragma once

#include "spec/container.h"

/* HOST[:CONTAINER][:PERMISSIONS], or HOST:PERMISSIONS. A CDI name (spec/cdi.h) is path_on_host alone. */
int device_parse(struct arena *a, const char *s, struct container_device *out, struct err *err);
/* "r", "wm", …: each of r, w, m at most once, at least one. */
bool device_permissions_valid(const char *s);

struct device_rule {
	char type;            /* a, b or c */
	int64_t major, minor; /* -1: all */
	char access[4];
};
int device_rule_parse(const char *s, struct device_rule *out, struct err *err);
