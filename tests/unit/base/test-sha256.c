// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/macros.h"
#include "base/sha256.h"

static void expect(const char *text, size_t repeat, size_t step, const char *hex)
{
	unsigned char digest[SHA256_LEN];
	char got[2 * SHA256_LEN + 1];
	size_t len = strlen(text);
	struct sha256 h;

	sha256_init(&h);
	for (size_t i = 0; i < repeat; i++)
		for (size_t at = 0; at < len; at += step)
			sha256_add(&h, text + at, MIN_OF(step, len - at));
	sha256_finish(&h, digest);
	sha256_hex(digest, got);
	assert_string_equal(got, hex);
}

/* FIPS 180-2, appendix B, and NIST's vectors of long messages. */
static void test_vectors(void **state)
{
	static const struct {
		const char *text;
		size_t repeat;
		const char *hex;
	} rows[] = {
		{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
		 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
		{"aaaaaaaaaa", 100000,
		 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	static const size_t steps[] = {1, 3, 7, 55, 56, 64, 1000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < ARRAY_SIZE(steps); k++)
			expect(rows[i].text, rows[i].repeat, steps[k], rows[i].hex);
}

/* Every length around the block's borders, cut in two at every place, gives one answer. */
static void test_cuts(void **state)
{
	static unsigned char data[200];
	unsigned char whole[SHA256_LEN], parts[SHA256_LEN];
	struct sha256 h;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len < sizeof(data); len++) {
		sha256_init(&h);
		sha256_add(&h, data, len);
		sha256_finish(&h, whole);
		for (size_t cut = 0; cut <= len; cut++) {
			sha256_init(&h);
			sha256_add(&h, data, cut);
			sha256_add(&h, data + cut, len - cut);
			sha256_finish(&h, parts);
			assert_memory_equal(whole, parts, sizeof(whole));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
