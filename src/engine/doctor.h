// SPDX-License-Identifier: Apache-2.0
/*
 * doctor - what this host and this user have and lack for containers, and how to get it.
 *
 * Nothing is changed, no store is made, and no namespace is entered by the caller: it works where
 * nothing else does. Each check says one thing that was found, and, unless all is well, what to
 * install or to set. Things are tried rather than asked for where that can be done (a child makes a
 * user namespace and an overlay in it), because settings, modules and policies that forbid them are
 * many.
 *
 *   r = doctor_run(arena, &options, &list, err);      struct doctor_finding each
 */
#pragma once

#include "engine/engine.h"

enum doctor_level {
	DOCTOR_OK,
	DOCTOR_WARN, /* something works less well, or not at all that few need */
	DOCTOR_FAIL, /* containers will not run */
};

struct doctor_finding {
	char *name;
	int64_t level;
	char *status; /* "ok", "warn", "FAIL" */
	char *found;
	char *advice; /* NULL when it is ok */
};
extern const struct json_object doctor_finding_object;

int doctor_run(struct arena *a, const struct engine_options *o, struct json_list *ret,
	       struct err *err);

/* ---- for the parts only ---- */

struct doctor {
	struct arena *a;
	const struct engine_options *o; /* with all folders filled in */
	struct json_list *list;
	bool rootless;
	bool failed; /* no memory */
};
/* `found` and `advice` may be formats' results of arena_printf; NULL advice: ok. */
void doctor_say(struct doctor *d, enum doctor_level level, const char *name, const char *found,
		const char *advice);
void doctor_kernel(struct doctor *d); /* doctor-kernel.c */
void doctor_cgroups(struct doctor *d);
void doctor_links(struct doctor *d); /* doctor-links.c */
void doctor_user(struct doctor *d);  /* doctor-user.c */
void doctor_network(struct doctor *d);
void doctor_store(struct doctor *d); /* doctor-store.c */
void doctor_programs(struct doctor *d);
