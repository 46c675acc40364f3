// SPDX-License-Identifier: Apache-2.0
#include "cli/user-config.h"

#include <fcntl.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/cli.h"

#define CONFIG_MAX ((size_t)1 << 20)

static const struct json_field fields[] = {
	{"detachKeys", JSON_STR, 0, offsetof(struct user_config, detach_keys), NULL, NULL},
	{},
};
static const struct json_object object = {"config", sizeof(struct user_config), fields};

static const char *config_path(struct command_line *c)
{
	const struct cli_globals *g = c->globals;
	const char *dir = g ? g->config : NULL, *home = getenv("HOME");

	if (str_empty(dir))
		dir = getenv("DOCKER_CONFIG");
	if (!str_empty(dir))
		return arena_printf(c->arena, "%s/config.json", dir);
	return str_empty(home) ? NULL : arena_printf(c->arena, "%s/.docker/config.json", home);
}

static int read_file(struct command_line *c, int fd, const char *path, struct user_config *ret,
		     struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(CONFIG_MAX);
	int r = fd_read_all(fd, &b, path, err);

	return r < 0 ? r : json_decode_text(c->arena, b.data ?: "", b.len, &object, ret, path, err);
}

void user_config_read(struct command_line *c, struct user_config *ret)
{
	const char *path = config_path(c);
	cleanup_fd int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	struct err err = ERR_INIT;

	*ret = (struct user_config){};
	if (fd < 0 && (!path || errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0)
		(void)err_sys(&err, errno, "open %s", path);
	else if (read_file(c, fd, path, ret, &err) == 0)
		return;
	*ret = (struct user_config){};
	command_warn("Error loading config file: %s", err.msg);
}
