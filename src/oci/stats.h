// SPDX-License-Identifier: Apache-2.0
/*
 * stats - what a container used, read from its cgroup, in the JSON of runc's `events`.
 */
#pragma once

#include "base/json.h"
#include "run/cgroup.h"

/* A new document; NULL when out of memory. What a host does not count is 0 or missing. */
json_t *stats_json(const struct cgroup *cg);
