// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "engine/bundle.h"

#define MIB (INT64_C(1) << 20)

static void refused(struct container_host_config h, const char *want)
{
	struct err err = ERR_INIT;

	assert_int_equal(bundle_check_resources(&h, &err), -EINVAL);
	assert_string_equal(err.msg, want);
}

static void test_refused(void **state)
{
	(void)state;
	refused((struct container_host_config){.resources = {.memory = 6 * MIB - 1}},
		"Minimum memory limit allowed is 6MB");
	refused((struct container_host_config){.resources = {.memory = 8 * MIB,
							     .memory_swap = 7 * MIB}},
		"Minimum memoryswap limit should be larger than memory limit, see usage");
	refused((struct container_host_config){.resources = {.memory_swap = 7 * MIB}},
		"You should always set the Memory limit when using Memoryswap limit, see usage");
	refused((struct container_host_config){.resources = {.memory = 8 * MIB,
							     .memory_reservation = 9 * MIB}},
		"Minimum memory limit can not be less than memory reservation limit, see usage");
	refused((struct container_host_config){.resources = {.memory_swappiness = {true, 101}}},
		"Invalid value: 101, valid memory swappiness range is 0-100");
	refused((struct container_host_config){.resources = {.nano_cpus = 1000000000,
							     .cpu_period = 1000}},
		"Conflicting options: Nano CPUs and CPU Period cannot both be set");
	refused((struct container_host_config){.resources = {.cpu_period = 999}},
		"CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. "
		"1000000)");
	refused((struct container_host_config){.resources = {.cpu_quota = 999}},
		"CPU cfs quota can not be less than 1ms (i.e. 1000)");
	refused((struct container_host_config){.resources = {.blkio_weight = 9}},
		"Range of blkio weight is from 10 to 1000");
	refused((struct container_host_config){.resources = {.cpuset_cpus = (char *)"0-"}},
		"Invalid value 0- for cpuset cpus");
	refused((struct container_host_config){.oom_score_adj = 1001},
		"Invalid value 1001, range for oom score adj is [-1000, 1000]");
}

static void test_cpus_absent(void **state)
{
	struct container_host_config h = {.resources = {.cpuset_cpus = (char *)"4000"}};
	struct container_host_config ok = {.resources = {.cpuset_cpus = (char *)"0"}};
	struct err err = ERR_INIT;

	(void)state;
	if (access("/sys/devices/system/cpu/online", R_OK) < 0)
		skip();
	assert_int_equal(bundle_check_resources(&ok, &err), 0);
	assert_int_equal(bundle_check_resources(&h, &err), -EINVAL);
	assert_non_null(
		strstr(err.msg, "Requested CPUs are not available - requested 4000, available: "));
}

/* Docker's units and defaults as the runtime specification's. */
static void test_converted(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_resources r = {.memory = 64 * MIB,
					.nano_cpus = 1500000000,
					.cpu_shares = 512,
					.cpuset_cpus = (char *)"0",
					.pids_limit = {true, 100},
					.blkio_weight = 300};
	struct oci_resources out = {};

	(void)state;
	assert_int_equal(bundle_resources(a, &r, &out, NULL), 0);
	assert_int_equal(out.memory->limit.value, 64 * MIB);
	assert_int_equal(out.memory->swap.value, 128 * MIB);
	assert_int_equal(out.cpu->quota.value, 150000);
	assert_int_equal(out.cpu->period.value, 100000);
	assert_int_equal(out.cpu->shares.value, 512);
	assert_string_equal(out.cpu->cpus, "0");
	assert_int_equal(out.pids->limit.value, 100);
	assert_int_equal(out.block_io->weight.value, 300);
}

/* What is not asked for must cost no controller. */
static void test_nothing(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_resources r = {};
	struct oci_resources out = {};

	(void)state;
	assert_int_equal(bundle_resources(a, &r, &out, NULL), 0);
	assert_null(out.memory);
	assert_null(out.cpu);
	assert_null(out.pids);
	assert_null(out.block_io);
}

static void test_unlimited_swap(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct container_resources r = {.memory = 64 * MIB, .memory_swap = -1};
	struct oci_resources out = {};

	(void)state;
	assert_int_equal(bundle_resources(a, &r, &out, NULL), 0);
	assert_int_equal(out.memory->swap.value, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),        cmocka_unit_test(test_cpus_absent),
		cmocka_unit_test(test_converted),      cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_unlimited_swap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
