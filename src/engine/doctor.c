// SPDX-License-Identifier: Apache-2.0
#include "engine/doctor.h"

#include "base/str.h"
#include "engine/config.h"
#include "engine/rootless.h"

#define ROW(member, title, type, flags)                                                            \
	{                                                                                          \
		title, type, flags, offsetof(struct doctor_finding, member), NULL                  \
	}

static const struct json_field finding_fields[] = {
	ROW(name, "Name", JSON_STR, JSON_REQUIRED),
	ROW(status, "Status", JSON_STR, JSON_REQUIRED),
	ROW(found, "Found", JSON_STR, JSON_EMPTY),
	ROW(advice, "Advice", JSON_STR, JSON_OMIT),
	{},
};
const struct json_object doctor_finding_object = {"finding", sizeof(struct doctor_finding),
						  finding_fields};

void doctor_say(struct doctor *d, enum doctor_level level, const char *name, const char *found,
		const char *advice)
{
	static const char *const words[] = {"ok", "warn", "FAIL"};
	struct doctor_finding *f = json_list_add(d->a, d->list, sizeof(*f));

	if (f)
		*f = (struct doctor_finding){
			.name = arena_strdup(d->a, name),
			.level = level,
			.status = arena_strdup(d->a, words[level]),
			.found = arena_strdup(d->a, found ?: ""),
			.advice = level == DOCTOR_OK ? NULL : arena_strdup(d->a, advice),
		};
	d->failed |= !f || !f->name || !f->status || !f->found;
}

static const char *folder(const char *option, const char *variable, const char *fallback)
{
	const char *v = getenv(variable);

	return !str_empty(option) ? option : !str_empty(v) ? v : fallback;
}

int doctor_run(struct arena *a, const struct engine_options *o, struct json_list *ret,
	       struct err *err)
{
	struct engine_options all = *o;
	struct doctor d = {.a = a, .o = &all, .list = ret, .rootless = rootless_wanted()};
	struct err why = ERR_INIT;

	*ret = (struct json_list){};
	if (d.rootless && rootless_folders(a, &all, &why) < 0)
		doctor_say(&d, DOCTOR_FAIL, "folders", why.msg,
			   "set HOME and XDG_RUNTIME_DIR, or HOY_ROOT and HOY_RUN_ROOT");
	all.root = folder(all.root, "HOY_ROOT", ENGINE_ROOT_DEFAULT);
	all.run_root = folder(all.run_root, "HOY_RUN_ROOT", ENGINE_RUN_ROOT_DEFAULT);
	doctor_kernel(&d);
	doctor_cgroups(&d);
	doctor_links(&d);
	doctor_user(&d);
	doctor_network(&d);
	doctor_store(&d);
	doctor_programs(&d);
	return d.failed ? err_oom(err) : 0;
}
