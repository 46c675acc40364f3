// SPDX-License-Identifier: Apache-2.0
/*
 * config - /etc/hoy/config.json, read once at the start of an engine.
 *
 * Docker's daemon.json names. Unknown members are ignored (the file may be shared with Docker), wrong
 * types are refused with the member's path. A missing file is an empty one.
 */
#pragma once

#include "engine/engine.h"

#define CONFIG_PATH_DEFAULT "/etc/hoy/config.json"
#define CONFIG_STOP_TIMEOUT 10
#define CONFIG_SHM_SIZE     (INT64_C(64) << 20)

/* must_exist: the path was asked for by name, so that its absence is an error. */
int config_load(struct arena *a, const char *path, bool must_exist, struct engine_config *out,
		struct err *err);
