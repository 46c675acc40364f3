// SPDX-License-Identifier: Apache-2.0
/* Images made by import, in a real store: found, listed, inspected, tagged, removed by Docker's rules. */
#include "engine-fixture.h"

#include "engine/copy.h"
#include "engine/image.h"
#include "store/tree.h"

/* A tar of DIR/tree, as an fd at its beginning. */
static int tar(struct fixture *f, const char *text)
{
	cleanup_fd int dir = -EBADF;
	struct tree_pack pack = {.path = "/", .contents_only = true};
	int fd = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	put_file(f, "tree/file", text);
	put_file(f, "tree/etc/passwd", "root:x:0:0::/:/bin/sh");
	dir = open(in_dir(f, "tree"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	pack.root_fd = dir;
	assert_ok(f, tree_pack(f->e->store, &pack, fd, &f->err));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Imports an image; its id. The text makes it different from others. */
static char *import(struct fixture *f, const char *text, const char *name)
{
	char *changes[] = {(char *)"CMD [\"/bin/sh\"]", (char *)"ENV A=1",
			   (char *)"LABEL kind=test", NULL};
	cleanup_fd int fd = tar(f, text);
	char *id = NULL;

	assert_ok(f, image_import(f->e, f->a, fd, name, changes, "Imported from -", &id, &f->err));
	assert_true(str_after(id, "sha256:") != NULL);
	return id;
}

static void need_worker(void)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/hoy-archive",
		       getenv("HOY_LIBEXECDIR") ?: "/nonexistent");
	if (getuid() != 0 || access(path, X_OK) < 0)
		skip();
}

static char *removed(struct fixture *f, const char *ref, bool force)
{
	struct json_list rows;
	char *text = (char *)"";

	if (image_remove(f->e, f->a, ref, force, false, &rows, &f->err) < 0)
		return f->err.msg;
	for (size_t i = 0; i < rows.n; i++) {
		struct image_removed *r = JSON_AT(struct image_removed, &rows, i);

		text = arena_printf(
			f->a, "%s%s %.80s\n", text,
			r->untagged ? "Untagged:" : "Deleted:", r->untagged ?: r->deleted);
	}
	return text;
}

/* A container row that names the image. */
static void put_user(struct fixture *f, const char *id, const char *name, const char *image)
{
	struct store_container row = {
		.id = (char *)id,
		.name = (char *)name,
		.image = (char *)image,
		.image_ref = (char *)"x",
		.created = 2,
		.config = (char *)"{}",
		.extra = (char *)"{\"path\":\"\",\"args\":[],\"cgroup\":\"/none\"}"};

	put_file(f, arena_printf(f->a, "lib/containers/%s/state", id), "{\"Status\":\"exited\"}");
	assert_ok(f, store_container_insert(f->e->store, &row, &f->err));
}

static void test_find(void **state)
{
	struct fixture *f = *state;
	struct store_image img;
	char *id;

	need_worker();
	id = import(f, "one", "busybox");
	assert_ok(f, image_find(f->e, f->a, "busybox", &img, &f->err));
	assert_string_equal(img.id, id);
	assert_ok(f, image_find(f->e, f->a, "docker.io/library/busybox:latest", &img, &f->err));
	assert_ok(f, image_find(f->e, f->a, id, &img, &f->err));
	assert_ok(f, image_find(f->e, f->a, arena_strndup(f->a, id + 7, 12), &img, &f->err));
	assert_fails(f, image_find(f->e, f->a, "nope", &img, &f->err),
		     "No such image: nope:latest");
	assert_int_equal(f->err.kind, ERR_NOT_FOUND);
	assert_fails(f, image_find(f->e, f->a, "a.io/b:c", &img, &f->err),
		     "No such image: a.io/b:c");
	assert_int_equal(image_find(f->e, f->a, "UPPER:x:y", &img, &f->err), -EINVAL);
}

static void test_tag(void **state)
{
	struct fixture *f = *state;
	struct store_image img;

	need_worker();
	(void)import(f, "one", "busybox");
	assert_ok(f, image_tag(f->e, "busybox", "reg.io/me/box:v1", &f->err));
	assert_ok(f, image_find(f->e, f->a, "reg.io/me/box:v1", &img, &f->err));
	assert_int_equal(strv_len(img.names), 2);
	assert_fails(
		f, image_tag(f->e, "busybox", "Foo", &f->err),
		"Error parsing reference: \"Foo\" is not a valid repository/tag: invalid reference "
		"format: repository name (library/Foo) must be lowercase");
	assert_fails(f, image_tag(f->e, "nope", "x", &f->err), "No such image: nope:latest");
	assert_fails(f,
		     image_tag(f->e, "busybox",
			       "foo@sha256:"
			       "0123456789012345678901234567890123456789012345678901234567890123",
			       &f->err),
		     "refusing to create a tag with a digest reference");
}

static size_t list(struct fixture *f, const char *key, const char *value)
{
	struct filter one = {.key = (char *)key, .value = (char *)value};
	struct image_list_options o = {.filters = {.items = &one, .n = 1}};
	struct json_list rows;

	assert_ok(f, image_list(f->e, f->a, &o, &rows, &f->err));
	return rows.n;
}

static void test_list(void **state)
{
	const struct image_list_options none = {};
	struct filter bad = {.key = (char *)"size", .value = (char *)"1"};
	const struct image_list_options refused = {.filters = {.items = &bad, .n = 1}};
	struct fixture *f = *state;
	struct json_list rows;
	char *id;

	need_worker();
	id = import(f, "one", "busybox:v1");
	(void)import(f, "two", NULL);
	put_user(f, ID_A, "user", id);
	assert_ok(f, image_list(f->e, f->a, &none, &rows, &f->err));
	assert_int_equal(rows.n, 2);
	for (size_t i = 0; i < 2; i++) {
		struct image_info *info = JSON_AT(struct image_info, &rows, i);

		assert_int_equal(info->containers, str_eq(info->image.id, id));
		assert_string_equal(json_string_value(json_object_get(info->labels, "kind")),
				    "test");
	}
	assert_int_equal(list(f, "dangling", "true"), 1);
	assert_int_equal(list(f, "dangling", "false"), 1);
	assert_int_equal(list(f, "label", "kind=test"), 2);
	assert_int_equal(list(f, "label!", "kind"), 0);
	assert_int_equal(list(f, "reference", "busy*"), 1);
	assert_int_equal(list(f, "reference", "busybox:v?"), 1);
	assert_int_equal(list(f, "reference", "busy*:w*"), 0);
	assert_int_equal(list(f, "since", "busybox:v1"), 1);
	assert_int_equal(list(f, "before", "busybox:v1"), 0);
	assert_int_equal(list(f, "until", "2000-01-01"), 0);
	assert_int_equal(list(f, "until", "0s"), 2);
	assert_fails(f, image_list(f->e, f->a, &refused, &rows, &f->err), "invalid filter 'size'");
}

static void test_inspect_and_history(void **state)
{
	struct fixture *f = *state;
	struct json_list rows;
	struct image_layer *top;
	const char *key;
	char *id, *keys = (char *)"";
	json_t *j, *config, *v;

	need_worker();
	id = import(f, "one", "busybox");
	j = image_inspect(f->e, "busybox", &f->err);
	assert_non_null(j);
	json_object_foreach (j, key, v)
		keys = arena_printf(f->a, "%s %s", keys, key);
	assert_string_equal(keys,
			    " Id RepoTags RepoDigests Parent Comment Created DockerVersion Author "
			    "Config Architecture Os Size GraphDriver RootFS Metadata");
	assert_string_equal(json_string_value(json_object_get(j, "Id")), id);
	assert_string_equal(json_string_value(json_array_get(json_object_get(j, "RepoTags"), 0)),
			    "busybox:latest");
	assert_string_equal(json_string_value(json_object_get(j, "Comment")), "Imported from -");
	assert_true(json_integer_value(json_object_get(j, "Size")) > 0);
	config = json_object_get(j, "Config");
	assert_string_equal(json_string_value(json_array_get(json_object_get(config, "Cmd"), 0)),
			    "/bin/sh");
	assert_true(json_is_null(json_object_get(config, "Volumes")));
	assert_int_equal(json_array_size(json_object_get(json_object_get(j, "RootFS"), "Layers")),
			 1);
	json_decref(j);
	assert_ok(f, image_history(f->e, f->a, "busybox", &rows, &f->err));
	assert_int_equal(rows.n, 1);
	top = JSON_AT(struct image_layer, &rows, 0);
	assert_string_equal(top->id, id);
	assert_string_equal(top->comment, "Imported from -");
	assert_string_equal(top->tags[0], "busybox:latest");
	assert_true(top->size > 0);
}

static void test_remove_names(void **state)
{
	struct fixture *f = *state;
	struct store_image img;
	char *id;

	need_worker();
	id = import(f, "one", "busybox");
	assert_ok(f, image_tag(f->e, "busybox", "other", &f->err));
	assert_string_equal(
		removed(f, arena_strndup(f->a, id + 7, 12), false),
		arena_printf(f->a,
			     "conflict: unable to delete %.12s (must be forced) - image is "
			     "referenced in multiple repositories",
			     id + 7));
	assert_string_equal(removed(f, "other", false), "Untagged: other:latest\n");
	assert_string_equal(removed(f, "busybox:latest", false),
			    arena_printf(f->a, "Untagged: busybox:latest\nDeleted: %s\n", id));
	assert_int_equal(image_find(f->e, f->a, id, &img, NULL), -ENOENT);
	assert_string_equal(removed(f, "busybox", false), "No such image: busybox:latest");
	/* By id, with one name: that goes along. */
	id = import(f, "two", "busybox");
	assert_string_equal(removed(f, id, false),
			    arena_printf(f->a, "Untagged: busybox:latest\nDeleted: %s\n", id));
}

static void test_remove_used(void **state)
{
	struct fixture *f = *state;
	struct store_image img;
	char *id, *hex;

	need_worker();
	id = import(f, "one", "busybox");
	hex = id + 7;
	put_user(f, ID_A, "user", id);
	assert_string_equal(
		removed(f, "busybox", false),
		arena_printf(f->a,
			     "conflict: unable to remove repository reference \"busybox\" (must "
			     "force) - container aaaaaaaaaaaa is using its referenced image %.12s",
			     hex));
	assert_string_equal(
		removed(f, hex, false),
		arena_printf(f->a,
			     "conflict: unable to delete %.12s (must be forced) - image is being "
			     "used by stopped container aaaaaaaaaaaa",
			     hex));
	/* Forced: the names go; what the container stands on stays. */
	assert_string_equal(removed(f, "busybox", true), "Untagged: busybox:latest\n");
	assert_ok(f, image_find(f->e, f->a, id, &img, &f->err));
	assert_ok(f, store_container_delete(f->e->store, ID_A, &f->err));
	assert_string_equal(removed(f, hex, false), arena_printf(f->a, "Deleted: %s\n", id));
}

static void test_prune(void **state)
{
	struct fixture *f = *state;
	struct json_list rows;
	struct store_image img;
	int64_t bytes = -1;
	char *dangling, *named;

	need_worker();
	dangling = import(f, "dangling", NULL);
	named = import(f, "named", "busybox");
	put_user(f, ID_A, "user", import(f, "used", NULL));
	assert_ok(f, image_find(f->e, f->a, dangling, &img, &f->err));
	assert_ok(f, image_prune(f->e, f->a, false, NULL, &rows, &bytes, &f->err));
	assert_int_equal(rows.n, 1);
	assert_string_equal(JSON_AT(struct image_removed, &rows, 0)->deleted, dangling);
	assert_int_equal(bytes, img.size);
	assert_ok(f, image_prune(f->e, f->a, true, NULL, &rows, &bytes, &f->err));
	assert_int_equal(rows.n, 2);
	assert_string_equal(JSON_AT(struct image_removed, &rows, 0)->untagged, "busybox:latest");
	assert_string_equal(JSON_AT(struct image_removed, &rows, 1)->deleted, named);
	assert_ok(f, image_prune(f->e, f->a, true, NULL, &rows, &bytes, &f->err));
	assert_int_equal(rows.n, 0);
	assert_int_equal(bytes, 0);
}

static void test_commit(void **state)
{
	char *changes[] = {(char *)"CMD [\"new\"]", NULL};
	struct commit_request req = {
		.name = "made:1", .message = "why", .author = "me", .changes = changes};
	struct fixture *f = *state;
	struct store_image img;
	cleanup(json_unref) json_t *j = NULL;
	char *base, *id = NULL;
	json_t *config;

	need_worker();
	base = import(f, "base", "base");
	put_container(f, ID_A, "one",
		      "{\"Image\":\"base\",\"Hostname\":\"h\",\"Env\":[\"A=2\"],\"Cmd\":[\"old\"]}",
		      NULL);
	put_file(f, upper(f, ID_A, "added"), "file");
	{
		struct store_container row;

		assert_ok(f, store_container_find(f->e->store, f->a, ID_A, &row, &f->err));
		row.image = base;
		assert_ok(f, store_container_update(f->e->store, &row, &f->err));
	}
	assert_ok(f, container_commit(f->e, f->a, "one", &req, &id, &f->err));
	assert_ok(f, image_find(f->e, f->a, "made:1", &img, &f->err));
	assert_string_equal(img.id, id);
	assert_int_equal(strv_len(img.layers), 2);
	j = image_inspect(f->e, id, &f->err);
	assert_string_equal(json_string_value(json_object_get(j, "Author")), "me");
	assert_string_equal(json_string_value(json_object_get(j, "Comment")), "why");
	config = json_object_get(j, "Config");
	assert_string_equal(json_string_value(json_array_get(json_object_get(config, "Cmd"), 0)),
			    "new");
	assert_string_equal(json_string_value(json_array_get(json_object_get(config, "Env"), 0)),
			    "A=2");
	assert_string_equal(json_string_value(json_object_get(config, "Hostname")), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		engine_test(test_find),         engine_test(test_tag),
		engine_test(test_list),         engine_test(test_inspect_and_history),
		engine_test(test_remove_names), engine_test(test_remove_used),
		engine_test(test_prune),        engine_test(test_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
