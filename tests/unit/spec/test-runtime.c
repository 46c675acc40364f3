// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "spec/runtime.h"

static const char full[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,"
	"\"width\":80},\"user\":{\"uid\":1000,\"gid\":100,\"umask\":18,\"additionalGids\":[5,6]},"
	"\"args\":[\"sh\"],\"env\":[\"A=b\"],\"cwd\":\"/\",\"capabilities\":{\"bounding\":["
	"\"CAP_KILL\"]},\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":2}],"
	"\"noNewPrivileges\":true,\"oomScoreAdj\":0,\"ioPriority\":{\"class\":\"IOPRIO_CLASS_"
	"IDLE\","
	"\"priority\":3},\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":5}},\"root\":{\"path\":"
	"\"rootfs\",\"readonly\":true},\"hostname\":\"h\",\"mounts\":[{\"destination\":\"/m\","
	"\"type\":\"bind\",\"source\":\"/"
	"s\",\"options\":[\"ro\"],\"uidMappings\":[{\"containerID\":0,"
	"\"hostID\":7,\"size\":1}]}],\"hooks\":{\"poststop\":[{\"path\":\"/h\",\"timeout\":3}]},"
	"\"annotations\":{\"k\":\"v\"},\"linux\":{\"uidMappings\":[{\"containerID\":0,\"hostID\":"
	"100000,\"size\":65536}],\"sysctl\":{\"net.core.somaxconn\":\"9\"},\"resources\":{"
	"\"devices\":"
	"[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":"
	"\"rwm\"}],"
	"\"memory\":{\"limit\":1048576,\"swap\":-1,\"swappiness\":0,\"disableOOMKiller\":false},"
	"\"cpu\":"
	"{\"quota\":-1,\"cpus\":\"0-1\"},\"pids\":{\"limit\":0},\"blockIO\":{\"weight\":100,"
	"\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}]},\"hugepageLimits\":["
	"{\"pageSize\":\"2MB\",\"limit\":0}],\"unified\":{\"memory.high\":\"max\"}},"
	"\"cgroupsPath\":"
	"\"/a/b\",\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\",\"path\":\"/"
	"n\"}],\"devices\":"
	"[{\"path\":\"/dev/"
	"x\",\"type\":\"c\",\"major\":10,\"minor\":200,\"fileMode\":438,\"uid\":0}],"
	"\"rootfsPropagation\":\"rslave\",\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[],"
	"\"timeOffsets\":{\"boottime\":{\"secs\":-5}}}}";

static void check_full(const struct oci_spec *s)
{
	const struct oci_resources *res = s->linux->resources;
	const struct oci_device_rule *rule = JSON_AT(struct oci_device_rule, &res->devices, 0);

	assert_true(s->process->terminal);
	assert_int_equal(s->process->console_size->width, 80);
	assert_int_equal(s->process->user.umask.value, 18);
	assert_int_equal(*JSON_AT(int64_t, &s->process->user.additional_gids, 1), 6);
	assert_true(s->process->oom_score_adj.set);
	assert_int_equal(JSON_AT(struct oci_rlimit, &s->process->rlimits, 0)->hard, 2);
	assert_string_equal(s->process->scheduler->policy, "SCHED_BATCH");
	assert_int_equal(JSON_AT(struct oci_id_mapping,
				 &JSON_AT(struct oci_mount, &s->mounts, 0)->uid_mappings, 0)
				 ->host_id,
			 7);
	assert_int_equal(JSON_AT(struct oci_hook, &s->hooks->poststop, 0)->timeout.value, 3);
	assert_false(rule->allow);
	assert_false(rule->major.set);
	assert_int_equal(res->memory->swap.value, -1);
	assert_true(res->memory->swappiness.set);
	assert_false(res->memory->reservation.set);
	assert_true(res->pids->limit.set);
	assert_int_equal(
		JSON_AT(struct oci_throttle_device, &res->block_io->throttle_read_iops, 0)->rate,
		600);
	assert_string_equal(json_map_get(&res->unified, "memory.high"), "max");
	assert_null(JSON_AT(struct oci_namespace, &s->linux->namespaces, 0)->path);
	assert_int_equal(JSON_AT(struct oci_device, &s->linux->devices, 0)->file_mode.value, 0666);
	assert_int_equal(s->linux->time_offsets->boottime->secs, -5);
	assert_null(s->linux->time_offsets->monotonic);
}

static void every_member_survives_a_round(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf once = BUF_INIT(1 << 16), twice = BUF_INIT(1 << 16);
	struct err err = ERR_INIT;
	struct oci_spec s;

	(void)state;
	assert_int_equal(oci_spec_decode(a, full, strlen(full), &s, &err), 0);
	check_full(&s);
	assert_int_equal(oci_spec_encode(&once, &s, &err), 0);
	assert_int_equal(oci_spec_decode(a, once.data, once.len, &s, &err), 0);
	check_full(&s);
	assert_int_equal(oci_spec_encode(&twice, &s, &err), 0);
	assert_string_equal(once.data, twice.data);
}

static void absent_members_are_left_out(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 16);
	static const char text[] = "{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"user\":{\"uid\":0,"
				   "\"gid\":0},\"args\":[\"a\"],\"cwd\":\"/\"}}";
	struct err err = ERR_INIT;
	struct oci_spec s;

	(void)state;
	assert_int_equal(oci_spec_decode(a, text, strlen(text), &s, &err), 0);
	assert_null(s.linux);
	assert_int_equal(oci_spec_encode(&b, &s, &err), 0);
	assert_string_equal(b.data, text);
}

static void wrong_ones_are_refused(void **state)
{
	static const struct {
		const char *text, *msg;
	} rows[] = {
		{"{}", "config.json: ociVersion: missing"},
		{"{\"ociVersion\":\"2.0\"}", "config.json: ociVersion \"2.0\" is not 1.x"},
		{"{\"ociVersion\":\"1.\"}", "config.json: ociVersion \"1.\" is not 1.x"},
		{"{\"ociVersion\":\"1.2x\"}", "config.json: ociVersion \"1.2x\" is not 1.x"},
		{"{\"ociVersion\":\"1.2.0\",\"linux\":{\"intelRdt\":{}}}",
		 "config.json: linux.intelRdt: resctrl is not supported"},
		{"{\"ociVersion\":\"1.2.0\",\"linux\":{\"netDevices\":{\"eth0\":{}}}}",
		 "config.json: linux.netDevices: moving devices is not supported"},
		{"{\"ociVersion\":\"1.2.0\",\"linux\":{\"devices\":[{\"path\":\"/"
		 "d\",\"type\":\"c\","
		 "\"major\":-1,\"minor\":2}]}}",
		 "config.json: linux.devices[0]: negative device number"},
		{"{\"ociVersion\":\"1.2.0\",\"linux\":{\"resources\":{\"memory\":{\"limit\":\"1g\"}"
		 "}}}",
		 "config.json: linux.resources.memory.limit: expected integer, got string"},
		{"{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"/\",\"args\":[]}}",
		 "config.json: process.args: is empty"},
		{"{\"ociVersion\":\"1.0\",\"process\":{\"cwd\":\"x\",\"args\":[\"a\"]}}",
		 "config.json: process.cwd: \"x\" is not absolute"},
		{"{\"ociVersion\":\"1.0\",\"mounts\":[{\"destination\":3}]}",
		 "config.json: mounts[0].destination: expected string, got integer"},
		{"{\"ociVersion\":\"1.0\",\"hooks\":{\"poststop\":[{\"path\":\"h\"}]}}",
		 "config.json: hook \"h\" is not absolute"},
		{"{\"ociVersion\":\"1.0\",\"hooks\":{\"prestart\":[{\"path\":\"/"
		 "h\",\"timeout\":0}]}}",
		 "config.json: hook \"/h\": timeout must be above 0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		struct err err = ERR_INIT;
		struct oci_spec s;

		assert_true(oci_spec_decode(a, rows[i].text, strlen(rows[i].text), &s, &err) < 0);
		assert_string_equal(err.msg, rows[i].msg);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_survives_a_round),
		cmocka_unit_test(absent_members_are_left_out),
		cmocka_unit_test(wrong_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
