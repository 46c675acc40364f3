// SPDX-License-Identifier: Apache-2.0
#include "engine/config.h"

#include <fcntl.h>
#include <inttypes.h>

#include "base/fd.h"
#include "base/str.h"

#define CONFIG_MAX (1 << 20)

struct config_file {
	struct engine_config c;
	json_t *default_ulimits;
	struct opt_i64 shm_size;
};

static const struct json_field config_fields[] = {
	{"log-driver", JSON_STR, 0, offsetof(struct config_file, c.log_driver)},
	{"log-opts", JSON_MAP, 0, offsetof(struct config_file, c.log_opts)},
	{"cgroup-parent", JSON_STR, 0, offsetof(struct config_file, c.cgroup_parent)},
	{"seccomp-profile", JSON_STR, 0, offsetof(struct config_file, c.seccomp_profile)},
	{"default-stop-timeout", JSON_OPT_I64, 0, offsetof(struct config_file, c.shutdown_timeout)},
	{"default-shm-size", JSON_OPT_I64, 0, offsetof(struct config_file, shm_size)},
	{"default-ulimits", JSON_RAW, 0, offsetof(struct config_file, default_ulimits)},
	{"userns-remap", JSON_STR, 0, offsetof(struct config_file, c.userns_remap)},
	{"init", JSON_FLAG, 0, offsetof(struct config_file, c.init)},
	{"no-new-privileges", JSON_FLAG, 0, offsetof(struct config_file, c.no_new_privileges)},
	{},
};
static const struct json_object config_object = {"configuration", sizeof(struct config_file),
						 config_fields};

/* {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 1024}} becomes nofile -> "1024:64000". */
static int read_ulimits(struct arena *a, json_t *j, struct json_map *out, const char *path,
			struct err *err)
{
	const char *name;
	json_t *v;

	if (!j)
		return 0;
	if (!json_is_object(j))
		return err_set(err, ERR_INVALID, "%s: default-ulimits must be an object", path);
	json_object_foreach (j, name, v) {
		json_t *soft = json_object_get(v, "Soft"), *hard = json_object_get(v, "Hard");
		char *text;

		if (!json_is_integer(soft) || !json_is_integer(hard))
			return err_set(err, ERR_INVALID,
				       "%s: default-ulimits.%s needs whole numbers Soft and Hard",
				       path, name);
		text = arena_printf(a, "%" PRIi64 ":%" PRIi64, (int64_t)json_integer_value(soft),
				    (int64_t)json_integer_value(hard));
		if (!text || json_map_set(a, out, arena_strdup(a, name), text) < 0)
			return err_oom(err);
	}
	return 0;
}

static int read_file(struct arena *a, const char *path, bool must_exist, struct config_file *f,
		     struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int r;

	if (fd < 0) {
		if (errno == ENOENT && !must_exist)
			return 0;
		return err_sys(err, errno, "configuration %s", path);
	}
	r = fd_read_all(fd, &b, path, err);
	if (r < 0)
		return r;
	return json_decode_text(a, b.data ?: "", b.len, &config_object, f, path, err);
}

int config_load(struct arena *a, const char *path, bool must_exist, struct engine_config *out,
		struct err *err)
{
	struct config_file f = {};
	int r = read_file(a, path, must_exist, &f, err);

	if (r < 0)
		return r;
	r = read_ulimits(a, f.default_ulimits, &f.c.default_ulimits_text, path, err);
	if (r < 0)
		return r;
	if (!f.c.shutdown_timeout.set)
		f.c.shutdown_timeout = (struct opt_i64){true, CONFIG_STOP_TIMEOUT};
	f.c.default_shm_size = f.shm_size.set ? f.shm_size.value : CONFIG_SHM_SIZE;
	if (f.c.default_shm_size <= 0)
		return err_set(err, ERR_INVALID, "%s: default-shm-size must be greater than 0",
			       path);
	if (str_empty(f.c.cgroup_parent))
		f.c.cgroup_parent = arena_strdup(a, "/hoy");
	if (str_empty(f.c.log_driver))
		f.c.log_driver = arena_strdup(a, "json-file");
	if (!f.c.cgroup_parent || !f.c.log_driver)
		return err_oom(err);
	if (f.c.cgroup_parent[0] != '/' || strstr(f.c.cgroup_parent, ".."))
		return err_set(err, ERR_INVALID, "%s: cgroup-parent must be an absolute path",
			       path);
	*out = f.c;
	return 0;
}
