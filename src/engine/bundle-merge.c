// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"
#include "engine/bundle.h"

static int merge_env(struct arena *a, char ***user, char *const *image)
{
	for (; image && *image; image++) {
		size_t n = strcspn(*image, "=");
		bool there = false;

		for (char **u = *user; u && *u && !there; u++)
			there = strcspn(*u, "=") == n && strncmp(*u, *image, n) == 0;
		if (there)
			continue;
		*user = strv_append(a, *user, *image);
		if (!*user)
			return -ENOMEM;
	}
	return 0;
}

static int merge_keys(struct arena *a, char ***user, char *const *image)
{
	for (; image && *image; image++) {
		if (strv_has(*user, *image))
			continue;
		*user = strv_append(a, *user, *image);
		if (!*user)
			return -ENOMEM;
	}
	return 0;
}

static int merge_labels(struct arena *a, struct json_map *user, const struct json_map *image)
{
	for (size_t i = 0; i < image->n; i++) {
		if (!json_map_get(user, image->items[i].key) &&
		    json_map_set(a, user, image->items[i].key, image->items[i].value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A health check that only changes the timing keeps the image's test. */
static int merge_healthcheck(struct arena *a, struct container_config *c, json_t *image)
{
	const char *key;
	json_t *value, *test;

	if (!image)
		return 0;
	if (!c->healthcheck) {
		c->healthcheck = json_incref(image);
		return arena_defer(a, (void (*)(void *))json_unref, image);
	}
	test = json_object_get(c->healthcheck, "Test");
	if (json_array_size(test) > 0 && str_eq(json_string_value(json_array_get(test, 0)), "NONE"))
		return 0;
	json_object_foreach (image, key, value) {
		json_t *own = json_object_get(c->healthcheck, key);
		bool zero = !own || json_is_null(own) ||
			    (json_is_array(own) && !json_array_size(own)) ||
			    (json_is_integer(own) && json_integer_value(own) == 0);

		if (zero && json_object_set(c->healthcheck, key, value) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The command belongs to the entrypoint it was written for: a new entrypoint drops the image's
 * command, a new command keeps the image's entrypoint. */
static void merge_command(struct container_config *c, const struct container_config *image)
{
	if (strv_len(c->entrypoint) > 0)
		return;
	if (strv_len(c->cmd) == 0)
		c->cmd = image->cmd;
	if (!c->entrypoint)
		c->entrypoint = image->entrypoint;
}

int bundle_merge(struct arena *a, struct container_create *config, json_t *image, struct err *err)
{
	struct container_config *c = &config->config;
	struct container_config i = {};
	json_t *j = image ? json_object_get(image, "config") : NULL;
	int r;

	if (!json_is_object(j))
		return 0;
	r = json_decode(a, j, &container_config_object, &i, "image configuration", err);
	if (r < 0)
		return r;
	merge_command(c, &i);
	if (str_empty(c->user))
		c->user = i.user;
	if (str_empty(c->working_dir))
		c->working_dir = i.working_dir;
	if (str_empty(c->stop_signal))
		c->stop_signal = i.stop_signal;
	if (!c->shell)
		c->shell = i.shell;
	if (merge_env(a, &c->env, i.env) < 0 ||
	    merge_keys(a, &c->exposed_ports, i.exposed_ports) < 0 ||
	    merge_keys(a, &c->volumes, i.volumes) < 0 ||
	    merge_labels(a, &c->labels, &i.labels) < 0 ||
	    merge_healthcheck(a, c, i.healthcheck) < 0)
		return err_oom(err);
	return 0;
}

int bundle_args(struct arena *a, const struct container_config *c, char ***ret, struct err *err)
{
	char *const *entry = c->entrypoint;
	size_t n_entry = strv_len(entry), n_cmd = strv_len(c->cmd);
	char **args;

	if (n_entry == 1 && !*entry[0]) /* --entrypoint "": none at all */
		n_entry = 0;
	if (n_entry + n_cmd == 0)
		return err_set(err, ERR_INVALID, "no command specified");
	args = arena_calloc(a, n_entry + n_cmd + 1, sizeof(char *));
	if (!args)
		return err_oom(err);
	for (size_t i = 0; i < n_entry; i++)
		args[i] = entry[i];
	for (size_t i = 0; i < n_cmd; i++)
		args[n_entry + i] = c->cmd[i];
	*ret = args;
	return 0;
}
