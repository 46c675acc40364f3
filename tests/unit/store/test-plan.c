// SPDX-License-Identifier: Apache-2.0
#include "../check.h"
#include "papers.h"

#define X4(c)  c c c c
#define HEX(c) X4(X4(X4(c)))
#define SHA(c) "sha256:" HEX(c)

#define INDEX    "application/vnd.oci.image.index.v1+json"
#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define GZIP     "application/vnd.oci.image.layer.v1.tar+gzip"

#define DESCRIPTOR(c, type, more)                                                                  \
	"{\"mediaType\": \"" type "\", \"digest\": \"" SHA(c) "\", \"size\": 7" more "}"
#define NAMED(name) ", \"annotations\": {\"org.opencontainers.image.ref.name\": \"" name "\"}"
#define FOR(arch)   ", \"platform\": {\"architecture\": \"" arch "\", \"os\": \"linux\"}"

/* Files of the archive. */
#define BLOB(c, text) "@blobs/sha256/" HEX(c) "\n" text "\n"
#define CONFIG_TEXT(ids)                                                                           \
	"{\"architecture\": \"amd64\", \"os\": \"linux\", \"rootfs\": {\"type\": \"layers\", "     \
	"\"diff_ids\": [" ids "]}}"
#define ONE(c) "\"" SHA(c) "\""
#define CONFIG BLOB("c", CONFIG_TEXT(ONE("1")))
#define MANIFEST_TEXT                                                                              \
	"{\"schemaVersion\": 2, \"config\": " DESCRIPTOR("c", "x/config", "") ", \"layers\": ["
#define IMAGE(c)       BLOB(c, MANIFEST_TEXT DESCRIPTOR("a", GZIP, "") "]}") CONFIG
#define INDEX_TEXT(ms) "{\"schemaVersion\": 2, \"manifests\": [" ms "]}"
#define INDEX_FILE(ms) "@index.json\n" INDEX_TEXT(ms) "\n"
#define OLD(config, tags, layers)                                                                  \
	"{\"Config\": \"" config "\", \"RepoTags\": [" tags "], \"Layers\": [" layers "]}"

static const struct {
	const char *what, *papers;
	const char *
		want; /* "id manifest layer,… name,…;", the first digit of each digest; or the error */
	bool fails;
} rows[] = {
	{"docker save, old",
	 "@manifest.json\n[" OLD(
		 "c.json", "\"app:1\", \"two\", \"index.docker.io/library/app:1\"",
		 "\"1/layer.tar\", \"2.tar\"") "]\n"
					       "@c.json\n" CONFIG_TEXT(ONE("1") ", " ONE(
						       "2")) "\n@1/layer.tar\nx\n@2.tar\ny\n",
	 "3 - 1:7,2:3 docker.io/library/app:1,docker.io/library/two:latest;", false},
	{"docker save, new: the manifest is the one of index.json",
	 "@manifest.json\n[" OLD("blobs/sha256/" HEX("c"), "\"app:1\"", "\"x\"") "]\n" INDEX_FILE(
		 DESCRIPTOR("d", MANIFEST, NAMED("other:2"))) IMAGE("d"),
	 "c d 1:a docker.io/library/app:1;", false},
	{"docker save, new: index.json leads to another image, or nowhere",
	 "@manifest.json\n[" OLD("c.json", "", "\"1\"") "]\n@c.json\n" CONFIG_TEXT(
		 ONE("1")) "\n@1\nx\n" INDEX_FILE(DESCRIPTOR("d", MANIFEST,
							     "") ", " DESCRIPTOR("e", MANIFEST, ""))
		 IMAGE("d"),
	 "9 - 1:7 -;", false},
	{"OCI layout",
	 "@layout\n@manifest.json\nnonsense\n" INDEX_FILE(DESCRIPTOR("d", MANIFEST, NAMED("app")))
		 IMAGE("d"),
	 "c d 1:a docker.io/library/app:latest;", false},
	{"OCI: containerd's name comes first",
	 INDEX_FILE(DESCRIPTOR("d", MANIFEST,
			       ", \"annotations\": {\"io.containerd.image.name\": \"r.io/full:3\", "
			       "\"org.opencontainers.image.ref.name\": \"3\"}")) IMAGE("d"),
	 "c d 1:a r.io/full:3;", false},
	{"an index in the index: the host's image",
	 INDEX_FILE(DESCRIPTOR("e", INDEX, NAMED("app")))
		 BLOB("e", INDEX_TEXT(DESCRIPTOR("f", MANIFEST, FOR("arm64")) ", " DESCRIPTOR(
				   "d", MANIFEST, FOR("amd64")))) IMAGE("d"),
	 "c d 1:a docker.io/library/app:latest;", false},
	{"an index of several: those for the host",
	 INDEX_FILE(DESCRIPTOR("f", MANIFEST, FOR("arm64")) ", " DESCRIPTOR(
		 "d", MANIFEST, FOR("amd64"))) IMAGE("d"),
	 "c d 1:a -;", false},
	{"an image for another host alone: as it is",
	 INDEX_FILE(DESCRIPTOR("d", MANIFEST, FOR("arm64"))) IMAGE("d"), "c d 1:a -;", false},
	{"an index in the index for others only",
	 INDEX_FILE(DESCRIPTOR("e", INDEX, ""))
		 BLOB("e", INDEX_TEXT(DESCRIPTOR("f", MANIFEST, FOR("arm64")))),
	 "index " SHA("e") " has no image for linux/amd64", true},
	{"several for others",
	 INDEX_FILE(DESCRIPTOR("f", MANIFEST, FOR("arm64")) ", " DESCRIPTOR("d", MANIFEST,
									    FOR("s390x"))),
	 "no image for linux/amd64 in it", true},
	{"an index in itself",
	 INDEX_FILE(DESCRIPTOR("e", INDEX, "")) BLOB("e", INDEX_TEXT(DESCRIPTOR("e", INDEX, ""))),
	 "index " SHA("e") ": nested too deeply", true},
	{"CVE-2021-41190: a manifest that is an index as well",
	 INDEX_FILE(DESCRIPTOR("d", MANIFEST, "")) BLOB(
		 "d", "{\"schemaVersion\": 2, \"config\": " DESCRIPTOR(
			      "c", "x/config", "") ", \"layers\": [], \"manifests\": []}") CONFIG,
	 "ambiguous: both an index and a manifest", true},
	{"CVE-2021-41190: an index that is a manifest as well",
	 "@index.json\n{\"schemaVersion\": 2, \"manifests\": [], \"layers\": []}\n",
	 "ambiguous: both an index and a manifest", true},
	{"a digest that is a path",
	 "@index.json\n{\"schemaVersion\": 2, \"manifests\": [{\"mediaType\": \"" MANIFEST
	 "\", \"digest\": \"sha256:../../x\", \"size\": 1}]}\n",
	 "invalid checksum digest", true},
	{"a digest of another kind",
	 "@index.json\n{\"schemaVersion\": 2, \"manifests\": [{\"mediaType\": \"" MANIFEST
	 "\", \"digest\": \"sha512:" HEX("a") HEX("b") "\", \"size\": 1}]}\n",
	 "only sha256 digests are supported", true},
	{"a configuration that is no file",
	 "@manifest.json\n[" OLD("../../etc/passwd", "", "") "]\n",
	 "../../etc/passwd is missing in the archive", true},
	{"a layer that is no file",
	 "@manifest.json\n[" OLD("c.json", "",
				 "\"/etc/passwd\"") "]\n@c.json\n" CONFIG_TEXT(ONE("1")) "\n",
	 "/etc/passwd is missing in the archive", true},
	{"fewer layers than promised",
	 "@manifest.json\n[" OLD("c.json", "", "") "]\n@c.json\n" CONFIG_TEXT(ONE("1")) "\n",
	 "c.json: 0 layers, but the configuration lists 1", true},
	{"a layer of another kind",
	 INDEX_FILE(DESCRIPTOR("d", MANIFEST, ""))
		 BLOB("d", MANIFEST_TEXT DESCRIPTOR("a", "text/plain", "") "]}") CONFIG,
	 "media type text/plain", true},
	{"a name that is none", INDEX_FILE(DESCRIPTOR("d", MANIFEST, NAMED("../Evil"))) IMAGE("d"),
	 "invalid reference format", true},
	{"before content addressing", "@repositories\n{}\n", "the layout of Docker before 1.10",
	 true},
	{"nothing", "", "neither manifest.json nor index.json", true},
};

static char initial(const char *digest)
{
	return digest ? digest[strlen("sha256:")] : '-';
}

static const char *describe(struct arena *a, const struct json_list *images)
{
	cleanup(buf_done) struct buf b = BUF_INIT(4096);

	for (size_t i = 0; i < images->n; i++) {
		const struct plan_image *img = JSON_AT(struct plan_image, images, i);

		buf_printf(&b, "%c %c ", initial(img->id), initial(img->manifest));
		for (size_t k = 0; k < img->layers.n; k++) {
			const struct plan_layer *l = JSON_AT(struct plan_layer, &img->layers, k);

			buf_printf(&b, "%s%c:%c", k ? "," : "", initial(l->diff_id),
				   initial(l->blob));
			assert_true(!l->media_type == !img->manifest);
		}
		buf_printf(&b, " %s;", img->names ? strv_join(a, img->names, ",") : "-");
	}
	return arena_strdup(a, b.data ?: "");
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct papers p = {a, rows[i].papers, strlen(rows[i].papers), 0, NULL};
		struct json_list images = {};
		struct err err = ERR_INIT;
		int r = papers_plan(&p, &images, &err);

		if (!rows[i].fails) {
			check_ok(rows[i].what, r, &err);
			check_text(rows[i].what, describe(a, &images), rows[i].want);
		} else if (r >= 0 || !strstr(err.msg, rows[i].want)) {
			fail_msg("%s: %d: %s", rows[i].what, r, err.msg);
		}
	}
}

/* A platform that is asked for: the best variant of an index, and no image for another. */
static void test_platform(void **state)
{
	static const char several[] = INDEX_FILE(DESCRIPTOR("e", INDEX, "")) BLOB(
		"e", INDEX_TEXT(DESCRIPTOR(
			     "f", MANIFEST,
			     ", \"platform\": {\"architecture\": \"arm\", \"os\": \"linux\", "
			     "\"variant\": \"v6\"}") ", " DESCRIPTOR("d", MANIFEST,
								     ", \"platform\": "
								     "{\"architecture\": \"arm\", "
								     "\"os\": \"linux\", "
								     "\"variant\": \"v7\"}")))
		BLOB("d", MANIFEST_TEXT DESCRIPTOR("a", GZIP, "") "]}")
			BLOB("c",
			     "{\"architecture\": \"arm\", \"variant\": \"v7\", \"os\": \"linux\", "
			     "\"rootfs\": {\"type\": \"layers\", \"diff_ids\": [" ONE("1") "]}}");
	static const struct {
		const char *papers;
		struct platform must;
		const char *error;
	} cases[] = {
		{several, {"linux", "arm", "v7"}, NULL},
		{several, {"linux", "arm", "v8"}, NULL},
		{several, {"linux", "amd64", ""}, "has no image for linux/amd64"},
		{INDEX_FILE(DESCRIPTOR("d", MANIFEST, FOR("amd64"))) IMAGE("d"),
		 {"linux", "arm64", ""},
		 "no image for linux/arm64 in it"},
		{INDEX_FILE(DESCRIPTOR("d", MANIFEST, "")) IMAGE("d"),
		 {"linux", "arm64", ""},
		 "is for linux/amd64, not for linux/arm64"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct papers p = {a, cases[i].papers, strlen(cases[i].papers), 0, &cases[i].must};
		struct json_list images = {};
		struct err err = ERR_INIT;
		int r = papers_plan(&p, &images, &err);

		if (!cases[i].error) {
			check_ok("platform", r, &err);
			check_text("platform", describe(a, &images), "c d 1:a -;");
		} else if (r >= 0 || !strstr(err.msg, cases[i].error)) {
			fail_msg("%zu: %d: %s", i, r, err.msg);
		}
	}
}

/* Two hundred images in both descriptions: what index.json leads to is read once, not once an image. */
static void test_many(void **state)
{
	enum { N = 200 };
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(4 << 20);
	struct json_list images = {};
	struct err err = ERR_INIT;
	struct papers p = {.a = a};

	(void)state;
	buf_puts(&b, "@manifest.json\n[");
	for (int i = 0; i < N; i++)
		buf_printf(&b, "%s{\"Config\": \"blobs/sha256/%064x\", \"Layers\": [\"x\"]}",
			   i ? "," : "", i);
	buf_puts(&b, "]\n@index.json\n{\"schemaVersion\": 2, \"manifests\": [");
	for (int i = 0; i < N; i++)
		buf_printf(&b,
			   "%s{\"mediaType\": \"" MANIFEST
			   "\", \"digest\": \"sha256:%064x\", \"size\": 1}",
			   i ? "," : "", i + N);
	buf_puts(&b, "]}\n");
	for (int i = 0; i < N; i++)
		buf_printf(&b,
			   "@blobs/sha256/%064x\n" CONFIG_TEXT(
				   ONE("1")) "\n@blobs/sha256/%064x\n{\"schemaVersion\": 2, "
					     "\"config\": {\"mediaType\": \"x\", \"digest\": "
					     "\"sha256:%064x\", \"size\": 1}, \"layers\": "
					     "[" DESCRIPTOR("a", GZIP, "") "]}\n",
			   i, i + N, i);
	assert_int_equal(buf_check(&b, &err), 0);
	p.text = b.data;
	p.len = b.len;
	check_ok("many", papers_plan(&p, &images, &err), &err);
	assert_int_equal(images.n, N);
	for (size_t i = 0; i < N; i++)
		assert_non_null(JSON_AT(struct plan_image, &images, i)->manifest);
	/* Both descriptions, and for each image its manifest to find it, again to follow it, its config. */
	assert_true(p.asked <= 2 + 3 * N);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_platform),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
