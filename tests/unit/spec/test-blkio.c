// SPDX-License-Identifier: Apache-2.0
#include "spec/blkio.h"

#include "../check.h"

typedef int parse_fn(struct arena *a, const char *s, struct container_throttle_device *out,
		     struct err *err);

/* One shape for all three. */
static int parse_weight(struct arena *a, const char *s, struct container_throttle_device *out,
			struct err *err)
{
	struct container_weight_device w = {};
	int r = blkio_parse_weight(a, s, &w, err);

	*out = (struct container_throttle_device){w.path, w.weight};
	return r;
}

#define BPS(s)                                                                                     \
	"invalid rate for device: " s                                                              \
	". The correct format is <device-path>:<number>[<unit>]. Number "                          \
	"must be a positive integer. Unit is optional and can be kb, mb, or gb"
#define IOPS(s)                                                                                    \
	"invalid rate for device: " s                                                              \
	". The correct format is <device-path>:<number>. Number must be a "                        \
	"positive integer"

static const struct {
	parse_fn *fn;
	const char *in, *path;
	uint64_t want;
	const char *msg;
} rows[] = {
	{blkio_parse_bps, "/dev/sda:1mb", "/dev/sda", 1048576, NULL},
	{blkio_parse_bps, "/dev/sda:100", "/dev/sda", 100, NULL},
	{blkio_parse_bps, "/dev/sda", NULL, 0, "bad format: /dev/sda"},
	{blkio_parse_bps, "sda:1", NULL, 0, "bad format for device path: sda:1"},
	{blkio_parse_bps, "/dev/sda:", NULL, 0, BPS("/dev/sda:")},
	{blkio_parse_bps, "/dev/sda:-1", NULL, 0, BPS("/dev/sda:-1")},
	{blkio_parse_bps, "/dev/sda:1x", NULL, 0, BPS("/dev/sda:1x")},
	{blkio_parse_iops, "/dev/sda:500", "/dev/sda", 500, NULL},
	{blkio_parse_iops, "/dev/sda:1mb", NULL, 0, IOPS("/dev/sda:1mb")},
	{blkio_parse_iops, "/dev/sda:-5", NULL, 0, IOPS("/dev/sda:-5")},
	{parse_weight, "/dev/sda:0", "/dev/sda", 0, NULL},
	{parse_weight, "/dev/sda:10", "/dev/sda", 10, NULL},
	{parse_weight, "/dev/sda:1000", "/dev/sda", 1000, NULL},
	{parse_weight, "/dev/sda:9", NULL, 0, "invalid weight for device: /dev/sda:9"},
	{parse_weight, "/dev/sda:1001", NULL, 0, "invalid weight for device: /dev/sda:1001"},
	{parse_weight, "/dev/sda:x", NULL, 0, "invalid weight for device: /dev/sda:x"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct container_throttle_device d = {};
		struct err err = ERR_INIT;
		int r = rows[i].fn(a, rows[i].in, &d, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_text(rows[i].in, d.path, rows[i].path);
		assert_int_equal(d.rate, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
