// SPDX-License-Identifier: Apache-2.0
/*
 * rlimit - resource limits and scheduling of the process itself.
 */
#pragma once

#include "base/err.h"
#include "spec/runtime.h"

int rlimit_all(const struct json_list *list, struct err *err);
/* scheduler, ioPriority, execCPUAffinity. */
/* Of the calling thread; NULL and "": as it is. */
int rlimit_affinity(const char *cpus, struct err *err);
int rlimit_schedule(const struct oci_process *p, struct err *err);
int rlimit_personality(const struct oci_personality *p, struct err *err);
