// SPDX-License-Identifier: Apache-2.0
/*
 * privilege - the user, groups and capabilities that the process ends up with.
 *
 * Two halves, because a seccomp program without no_new_privs can only be loaded with CAP_SYS_ADMIN:
 * privilege_user changes ids and drops the bounding set but keeps the permitted capabilities,
 * privilege_caps gives the rest away.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "spec/runtime.h"

struct privileges {
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

void privilege_parse(const struct oci_process *p, struct privileges *ret);
int privilege_user(const struct oci_process *p, const struct privileges *want, struct err *err);
int privilege_caps(const struct privileges *want, struct err *err);
