// SPDX-License-Identifier: Apache-2.0
/*
 * ulimit - "nofile=1024:2048" of --ulimit, and the numbers behind the names.
 */
#pragma once

#include "spec/container.h"

/* NAME=SOFT[:HARD]; -1 is unlimited. The name is the table's own. */
int ulimit_parse(const char *s, struct container_ulimit *out, struct err *err);
/* RLIMIT_NOFILE for "nofile"; -EINVAL: no such name. */
int ulimit_resource(const char *name);
/* "RLIMIT_NOFILE" for "nofile", as OCI writes it; NULL: no such name. */
const char *ulimit_oci_name(const char *name);
