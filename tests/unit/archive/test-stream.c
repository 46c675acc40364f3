// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "archive/hash.h"
#include "store/worker.h"

#define TEXT_SIZE 300000

static char text[TEXT_SIZE];

static void make_text(void)
{
	unsigned seed = 1;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = (char)('a' + (seed >> 16) % 7);
	}
}

static size_t gzip(const char *data, size_t len, char *out, size_t size)
{
	struct isal_zstream z;

	isal_deflate_init(&z);
	z.gzip_flag = IGZIP_GZIP;
	z.end_of_stream = 1;
	z.next_in = (uint8_t *)(uintptr_t)data;
	z.avail_in = (uint32_t)len;
	z.next_out = (uint8_t *)out;
	z.avail_out = (uint32_t)size;
	assert_int_equal(isal_deflate(&z), COMP_OK);
	return z.total_out;
}

/* Reads all of it in odd pieces: the count, or the failure. */
static ssize_t read_all(const char *data, size_t len, char *out, size_t size, struct err *err)
{
	struct memory m = {data, len};
	cleanup(stream_free) struct stream *s = stream_new(from_memory, &m, false, err);
	size_t done = 0;
	ssize_t n;

	if (!s)
		return err->code;
	while ((n = stream_read(s, out + done, MIN_OF(size - done, 70001), err)) > 0)
		done += (size_t)n;
	return n < 0 ? n : (ssize_t)done;
}

static char packed[2 * TEXT_SIZE + 4096], plain[3 * TEXT_SIZE];

static void test_plain(void **state UNUSED)
{
	struct err err = ERR_INIT;

	assert_int_equal(read_all(text, sizeof(text), plain, sizeof(plain), &err), sizeof(text));
	assert_memory_equal(plain, text, sizeof(text));
	assert_int_equal(read_all("ab", 2, plain, sizeof(plain), &err), 2);
	assert_int_equal(read_all("", 0, plain, sizeof(plain), &err), 0);
}

static void test_gzip(void **state UNUSED)
{
	struct err err = ERR_INIT;
	size_t a = gzip(text, sizeof(text), packed, sizeof(packed)), b;

	assert_int_equal(read_all(packed, a, plain, sizeof(plain), &err), sizeof(text));
	assert_memory_equal(plain, text, sizeof(text));
	/* Two members, then padding. */
	b = gzip(text, 1000, packed + a, sizeof(packed) - a);
	memset(packed + a + b, 0, 700);
	assert_int_equal(read_all(packed, a + b + 700, plain, sizeof(plain), &err),
			 sizeof(text) + 1000);
	assert_memory_equal(plain + sizeof(text), text, 1000);
	packed[a + b + 300] = 1;
	assert_int_equal(read_all(packed, a + b + 700, plain, sizeof(plain), &err), -EBADMSG);
	assert_string_equal(err.msg, "garbage after the gzip stream");
}

static void test_gzip_damaged(void **state UNUSED)
{
	struct err err = ERR_INIT;
	size_t n = gzip(text, sizeof(text), packed, sizeof(packed));

	for (size_t cut = 1; cut < n; cut += n / 37) {
		ssize_t r = read_all(packed, n - cut, plain, sizeof(plain), &err);

		/* Less than a header is no gzip at all. */
		if (n - cut > 18)
			assert_int_equal(r, -EBADMSG);
	}
	packed[n - 6] ^= 1; /* CRC */
	assert_int_equal(read_all(packed, n, plain, sizeof(plain), &err), -EBADMSG);
}

static void test_zstd(void **state UNUSED)
{
	struct err err = ERR_INIT;
	size_t n = ZSTD_compress(packed, sizeof(packed), text, sizeof(text), 1);

	assert_int_equal(read_all(packed, n, plain, sizeof(plain), &err), sizeof(text));
	assert_memory_equal(plain, text, sizeof(text));
	assert_int_equal(read_all(packed, n - 5, plain, sizeof(plain), &err), -EBADMSG);
	packed[n / 2] ^= 0x55;
	packed[n / 2 + 1] ^= 0x55;
	assert_true(read_all(packed, n, plain, sizeof(plain), &err) != sizeof(text) ||
		    memcmp(plain, text, sizeof(text)) != 0);
}

static void test_refused(void **state UNUSED)
{
	struct err err = ERR_INIT;

	assert_int_equal(read_all("BZh91AY&SY", 10, plain, sizeof(plain), &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.msg, "bzip2"));
}

struct zeros {
	const char *block;
	size_t len, pos, times;
};

static ssize_t repeat(void *data, void *buf, size_t size)
{
	struct zeros *z = data;
	size_t n = MIN_OF(size, z->len - z->pos);

	if (z->times == 0)
		return 0;
	memcpy(buf, z->block + z->pos, n);
	z->pos += n;
	if (z->pos == z->len) {
		z->pos = 0;
		z->times--;
	}
	return (ssize_t)n;
}

/* A zstd frame of a megabyte of zeros is some fifty bytes: 20,000 : 1. */
static void test_bomb(void **state UNUSED)
{
	cleanup_free char *zeros = calloc(1, 1 << 20), *out = malloc(1 << 20);
	struct err err = ERR_INIT;
	struct zeros z = {.block = packed, .times = 2000};
	struct stream *s;
	ssize_t n;

	z.len = ZSTD_compress(packed, sizeof(packed), zeros, 1 << 20, 1);
	assert_true(z.len < 500);
	s = stream_new(repeat, &z, false, &err);
	assert_non_null(s);
	do
		n = stream_read(s, out, 1 << 20, &err);
	while (n > 0);
	assert_int_equal(n, -EFBIG);
	stream_free(s);
}

static void test_pump(void **state UNUSED)
{
	struct err err = ERR_INIT;
	struct memory m = {"abc", 3};
	char digest[WORKER_DIGEST];
	struct stream *s = stream_new(from_memory, &m, false, &err);
	struct pump *p = pump_new(s, true, &err);

	assert_ok(&err, pump_finish(p, digest, &err));
	assert_string_equal(
		digest, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	pump_free(p);
	stream_free(s);
	/* Given up in the middle: the thread ends, too. */
	m = (struct memory){text, sizeof(text)};
	s = stream_new(from_memory, &m, false, &err);
	p = pump_new(s, false, &err);
	pump_free(p);
	stream_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),        cmocka_unit_test(test_gzip),
		cmocka_unit_test(test_gzip_damaged), cmocka_unit_test(test_zstd),
		cmocka_unit_test(test_refused),      cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_pump),
	};

	make_text();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
