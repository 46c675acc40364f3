// SPDX-License-Identifier: Apache-2.0
/*
 * The container's seccomp policy: compiled once for each text and kept below ROOT, so that a
 * thousand containers with podman's default policy compile it once.
 */
#include "sec/seccomp.h"

#include <fcntl.h>

#include "base/path.h"
#include "base/str.h"
#include "oci/record.h"
#include "spec/caps.h"

#define CACHE "@seccomp"

static int open_cache(const struct record *rec, struct err *err)
{
	int fd = openat(rec->root_fd, CACHE, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 ? fd : path_open_dir(rec->root_fd, CACHE, 0700, err);
}

int record_seccomp_prepare(struct record *rec, struct err *err)
{
	const struct oci_process *p = rec->spec.process;
	cleanup_fd int cache = -EBADF;
	cleanup_free char *text = NULL;
	struct seccomp_policy policy = {};
	char name[SECCOMP_NAME_MAX];
	int r;

	if (!rec->spec.linux || !rec->spec.linux->seccomp)
		return 0;
	text = json_dumps(rec->spec.linux->seccomp, JSON_COMPACT);
	if (!text)
		return err_oom(err);
	policy.profile = text;
	policy.profile_len = strlen(text);
	if (p && p->capabilities) {
		r = caps_parse(p->capabilities->bounding, &policy.caps, err);
		if (r < 0)
			return r;
	}
	cache = open_cache(rec, err);
	if (cache < 0)
		return cache;
	r = seccomp_prepare(cache, &policy, name, sizeof(name), err);
	if (r < 0)
		return r;
	rec->state.seccomp = arena_strdup(rec->arena, name);
	return rec->state.seccomp ? 0 : err_oom(err);
}

int record_seccomp(struct record *rec, void **ret, size_t *ret_len, struct err *err)
{
	cleanup_fd int cache = -EBADF;
	int r;

	*ret = NULL;
	*ret_len = 0;
	if (str_empty(rec->state.seccomp))
		return 0;
	cache = open_cache(rec, err);
	if (cache < 0)
		return cache;
	if (seccomp_load(cache, rec->state.seccomp, ret, ret_len, NULL) == 0)
		return 0;
	/* Somebody emptied the cache. */
	r = record_spec(rec, err);
	if (r == 0)
		r = record_seccomp_prepare(rec, err);
	return r < 0 ? r : seccomp_load(cache, rec->state.seccomp, ret, ret_len, err);
}

const struct run_notify *record_notify(const struct record *rec, struct run_notify *out)
{
	if (str_empty(rec->state.seccomp) || !rec->spec.linux || !rec->spec.linux->seccomp)
		return NULL;
	*out = (struct run_notify){.seccomp = rec->spec.linux->seccomp,
				   .id = rec->state.id,
				   .bundle = rec->state.bundle,
				   .annotations = &rec->state.annotations,
				   .pid = (pid_t)rec->state.pid};
	return out;
}
