// SPDX-License-Identifier: Apache-2.0
#include "spec/image.h"

#include "../check.h"
#include "base/str.h"

#define HEX               "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA               "sha256:" HEX
#define DESC(media, size) "{\"mediaType\":\"" media "\",\"digest\":\"" SHA "\",\"size\":" size "}"

static const char manifest[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_MANIFEST
	"\",\"config\":" DESC(MEDIA_OCI_CONFIG, "7") ",\"layers\":[" DESC(
		MEDIA_OCI_LAYER_GZIP, "8") "," DESC(MEDIA_DOCKER_LAYER,
						    "9") "],\"annotations\":{\"a\":\"b\"}}";
static const char index_text[] =
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_OCI_INDEX
	"\",\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"digest\":\"" SHA
	"\",\"size\":10,\"annotations\":{\"" ANNOTATION_REF_NAME "\":\"v1\"},"
	"\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}]}";
static const char config[] =
	"{\"created\":\"2024-01-02T03:04:05Z\",\"author\":\"me\",\"architecture\":\"amd64\","
	"\"os\":\"linux\",\"config\":{\"User\":\"1\",\"ExposedPorts\":{\"80/tcp\":{}},"
	"\"Env\":[\"PATH=/bin\"],\"Entrypoint\":[\"/e\"],\"Cmd\":[\"c\"],"
	"\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]},\"Volumes\":{\"/d\":{}},"
	"\"WorkingDir\":\"/w\",\"OnBuild\":[\"RUN y\"],\"Labels\":{\"k\":\"v\"},"
	"\"StopSignal\":\"SIGQUIT\",\"Shell\":[\"/bin/sh\"]},"
	"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\"]},"
	"\"history\":[{\"created\":\"2024-01-02T03:04:05Z\",\"created_by\":\"ADD x\"},"
	"{\"created_by\":\"CMD\",\"comment\":\"z\",\"empty_layer\":true}]}";

static void check_encodes(const struct json_object *object, const void *in, const char *want)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct err err = ERR_INIT;

	check_ok(object->name, json_encode_text(&b, object, in, &err), &err);
	check_text(object->name, b.data, want);
}

static void test_round_trips(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct err err = ERR_INIT;
	struct image_manifest m;
	struct image_index x;
	struct image_config c;

	(void)state;
	check_ok(manifest, image_manifest_decode(a, manifest, strlen(manifest), &m, &err), &err);
	assert_int_equal(m.layers.n, 2);
	assert_int_equal(m.config.size, 7);
	check_encodes(&image_manifest_object, &m, manifest);

	check_ok(index_text, image_index_decode(a, index_text, strlen(index_text), &x, &err), &err);
	assert_string_equal(JSON_AT(struct image_descriptor, &x.manifests, 0)->platform->variant,
			    "v8");
	check_encodes(&image_index_object, &x, index_text);

	check_ok(config, image_config_decode(a, config, strlen(config), &c, &err), &err);
	assert_string_equal(c.config.cmd[0], "c");
	assert_true(JSON_AT(struct image_history, &c.history, 1)->empty_layer);
	check_encodes(&image_config_object, &c, config);

	check_error("pair", image_check_pair(&m, &c, &err), &err,
		    "image: the manifest has 2 layers, the configuration 1");
	m.layers.n = 1;
	assert_int_equal(image_check_pair(&m, &c, &err), 0);
}

#define CFG     DESC(MEDIA_OCI_CONFIG, "7")
#define M(rest) "{\"schemaVersion\":2," rest "}"

static const struct {
	const char *in, *msg;
} bad_manifests[] = {
	{"[]", "image manifest: not a JSON object"},
	{"{}", "image manifest: schemaVersion is not 2"},
	{"{\"schemaVersion\":1,\"fsLayers\":[]}",
	 "image manifest: Docker's schema 1 is not supported"},
	{M("\"x\":1"), "image manifest: neither \"manifests\" nor \"layers\" is there"},
	{M("\"config\":" CFG ",\"layers\":[],\"manifests\":[]"),
	 "image manifest: ambiguous: both an index and a manifest"},
	{M("\"manifests\":[]"), "image manifest: this is an index"},
	{M("\"mediaType\":\"" MEDIA_OCI_INDEX "\",\"config\":" CFG ",\"layers\":[]"),
	 "image manifest: media type " MEDIA_OCI_INDEX " does not fit what it contains"},
	{M("\"layers\":[]"), "image manifest: config: missing"},
	{M("\"config\":" CFG), "image manifest: layers: missing"},
	{M("\"config\":{\"digest\":\"" SHA "\"},\"layers\":[]"),
	 "image manifest: config.size: missing"},
	{M("\"config\":{\"digest\":\"../x:y\",\"size\":1},\"layers\":[]"),
	 "image manifest: config 0: unsupported digest algorithm"},
	{M("\"config\":" CFG ",\"layers\":[" CFG ",{\"digest\":\"sha256:00\",\"size\":1}]"),
	 "image manifest: layer 1: invalid checksum digest length"},
	{M("\"config\":" CFG ",\"layers\":[{\"digest\":\"" SHA "\",\"size\":-1}]"),
	 "image manifest: layer 0: size is negative"},
	{M("\"config\":" CFG ",\"layers\":[]") "x",
	 "image manifest: line 1: end of file expected near 'x'"},
};

static void test_bad_manifests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_manifests); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		const char *in = bad_manifests[i].in;
		struct image_manifest m;
		struct err err = ERR_INIT;

		check_error(in, image_manifest_decode(a, in, strlen(in), &m, &err), &err,
			    bad_manifests[i].msg);
		assert_true(image_manifest_decode(a, in, strlen(in), &m, NULL) < 0);
	}
}

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\"]}"

static const struct {
	const char *in, *msg;
} bad_configs[] = {
	{"{}", "image configuration: rootfs: missing"},
	{"{\"rootfs\":{\"type\":\"magic\"}}", "image configuration: rootfs.type is not \"layers\""},
	{"{\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"a/b\"]}}",
	 "image configuration: rootfs.diff_ids[0]: invalid checksum digest format"},
	{"{" ROOTFS ",\"history\":[{},{}]}",
	 "image configuration: too many non-empty layers in History section"},
	{"{" ROOTFS ",\"config\":{\"Env\":[\"a\\u0000b\"]}}",
	 "image configuration: config.Env[0]: string contains a NUL character"},
	{"{" ROOTFS ",\"config\":{\"Labels\":[]}}",
	 "image configuration: config.Labels: expected object of strings, got array"},
};

static void test_bad_configs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_configs); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		const char *in = bad_configs[i].in;
		struct image_config c;
		struct err err = ERR_INIT;

		check_error(in, image_config_decode(a, in, strlen(in), &c, &err), &err,
			    bad_configs[i].msg);
	}
}

static void test_bounds(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT((size_t)32 << 20);
	struct image_manifest m;
	struct image_config c;
	struct json_list list;
	struct err err = ERR_INIT;

	(void)state;
	buf_puts(&b, "{\"schemaVersion\":2,\"config\":" CFG ",\"layers\":[" CFG);
	for (int i = 1; i < 500; i++)
		buf_puts(&b, "," CFG);
	buf_puts(&b, "]}");
	check_ok("500", image_manifest_decode(a, b.data, b.len, &m, &err), &err);
	b.len -= 2;
	buf_puts(&b, "," CFG "]}");
	check_error("501", image_manifest_decode(a, b.data, b.len, &m, &err), &err,
		    "image manifest: layer: 501 entries, more than 500");
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	buf_reset(&b);
	for (int i = 0; i < (16 << 20) + 1; i++)
		buf_putc(&b, ' ');
	check_error("4M", image_manifest_decode(a, b.data, IMAGE_MANIFEST_MAX + 1, &m, &err), &err,
		    "image manifest: 4194305 bytes, more than 4194304");
	check_error("8M", image_config_decode(a, b.data, IMAGE_CONFIG_MAX + 1, &c, &err), &err,
		    "image configuration: 8388609 bytes, more than 8388608");
	check_error("16M", image_archive_decode(a, b.data, b.len, &list, &err), &err,
		    "manifest.json: 16777217 bytes, more than 16777216");
}

static void test_archive(void **state)
{
	static const char in[] =
		"[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l/layer.tar\"]},"
		"{\"Config\":\"d\",\"RepoTags\":null,\"Layers\":[]}]";
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct json_list list;
	struct err err = ERR_INIT;

	(void)state;
	check_ok(in, image_archive_decode(a, in, strlen(in), &list, &err), &err);
	assert_int_equal(list.n, 2);
	assert_string_equal(JSON_AT(struct image_archive_entry, &list, 0)->layers[0],
			    "l/layer.tar");
	check_ok(in, image_archive_encode(&b, &list, &err), &err);
	check_text("archive", b.data, in);
	check_error("{}", image_archive_decode(a, "{}", 2, &list, &err), &err,
		    "manifest.json: images: expected array, got object");
	check_error("[{}]", image_archive_decode(a, "[{}]", 4, &list, &err), &err,
		    "manifest.json: images[0].Config: missing");
	check_error("\"\"", image_archive_decode(a, "[{\"Config\":\"\"}]", 15, &list, &err), &err,
		    "manifest.json: image 0 has no configuration");
}

static void test_media_types(void **state)
{
	(void)state;
	assert_int_equal(image_layer_compression(MEDIA_OCI_LAYER), IMAGE_PLAIN);
	assert_int_equal(image_layer_compression(MEDIA_DOCKER_LAYER_GZIP), IMAGE_GZIP);
	assert_int_equal(image_layer_compression(MEDIA_OCI_LAYER_ZSTD), IMAGE_ZSTD);
	assert_int_equal(image_layer_compression("text/plain"), -EINVAL);
	assert_int_equal(image_layer_compression(NULL), -EINVAL);
	assert_true(image_media_is_index(MEDIA_DOCKER_INDEX));
	assert_false(image_media_is_index(MEDIA_DOCKER_MANIFEST));
	assert_true(image_media_is_manifest(MEDIA_OCI_MANIFEST));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_bad_manifests),
		cmocka_unit_test(test_bad_configs), cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_archive),     cmocka_unit_test(test_media_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
