// SPDX-License-Identifier: Apache-2.0
/*
 * gpus - the value of --gpus as one of Docker's device requests.
 *
 *   all | NUMBER | device=ID[,ID…] | comma-separated KEY=VALUE with count, device, driver,
 *   capabilities, options (values with commas in double quotes)
 */
#pragma once

#include "base/json.h"

/* {"Driver": …, "Count": …, "DeviceIDs": …, "Capabilities": [["gpu", …]], "Options": {…}}; the
 * caller's. */
int gpus_parse(struct arena *a, const char *s, json_t **ret, struct err *err);
