// SPDX-License-Identifier: Apache-2.0
#include "spec/container.h"

#include "../check.h"

/* What Docker's inspect shows of a container about which nothing was said. */
static const char empty_config[] =
	"{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,"
	"\"AttachStdout\":false,\"AttachStderr\":false,\"Tty\":false,\"OpenStdin\":false,"
	"\"StdinOnce\":false,\"Env\":[],\"Cmd\":null,\"Image\":\"\",\"Volumes\":null,"
	"\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,\"Labels\":{},"
	"\"HostConfig\":{\"Binds\":null,\"ContainerIDFile\":\"\","
	"\"LogConfig\":{\"Type\":\"\",\"Config\":{}},\"NetworkMode\":\"\",\"PortBindings\":{},"
	"\"RestartPolicy\":{\"Name\":\"\",\"MaximumRetryCount\":0},\"AutoRemove\":false,"
	"\"VolumeDriver\":\"\",\"VolumesFrom\":null,\"ConsoleSize\":[0,0],\"CapAdd\":null,"
	"\"CapDrop\":null,\"CgroupnsMode\":\"\",\"Dns\":[],\"DnsOptions\":[],\"DnsSearch\":[],"
	"\"ExtraHosts\":null,\"GroupAdd\":null,\"IpcMode\":\"\",\"Cgroup\":\"\",\"Links\":null,"
	"\"OomScoreAdj\":0,\"PidMode\":\"\",\"Privileged\":false,\"PublishAllPorts\":false,"
	"\"ReadonlyRootfs\":false,\"SecurityOpt\":null,\"UTSMode\":\"\",\"UsernsMode\":\"\","
	"\"ShmSize\":0,\"Isolation\":\"\",\"CpuShares\":0,\"Memory\":0,\"NanoCpus\":0,"
	"\"CgroupParent\":\"\",\"BlkioWeight\":0,\"BlkioWeightDevice\":[],"
	"\"BlkioDeviceReadBps\":[],\"BlkioDeviceWriteBps\":[],\"BlkioDeviceReadIOps\":[],"
	"\"BlkioDeviceWriteIOps\":[],\"CpuPeriod\":0,\"CpuQuota\":0,\"CpuRealtimePeriod\":0,"
	"\"CpuRealtimeRuntime\":0,\"CpusetCpus\":\"\",\"CpusetMems\":\"\",\"Devices\":[],"
	"\"DeviceCgroupRules\":null,\"DeviceRequests\":null,\"MemoryReservation\":0,"
	"\"MemorySwap\":0,\"MemorySwappiness\":null,\"OomKillDisable\":null,\"PidsLimit\":null,"
	"\"Ulimits\":[],\"CpuCount\":0,\"CpuPercent\":0,\"IOMaximumIOps\":0,"
	"\"IOMaximumBandwidth\":0,\"MaskedPaths\":null,\"ReadonlyPaths\":null}}";

/* Every member once, so that a row with a wrong offset cannot hide. */
static const char full_config[] =
	"{\"Hostname\":\"h\",\"Domainname\":\"d\",\"User\":\"1:2\",\"AttachStdin\":true,"
	"\"AttachStdout\":true,\"AttachStderr\":true,\"ExposedPorts\":{\"80/tcp\":{},\"53/"
	"udp\":{}},"
	"\"Tty\":true,\"OpenStdin\":true,\"StdinOnce\":true,\"Env\":[\"A=1\",\"B=\"],"
	"\"Cmd\":[\"sh\",\"-c\",\"x\"],\"Healthcheck\":{\"Test\":[\"NONE\"]},\"Image\":\"busybox\","
	"\"Volumes\":{\"/v\":{}},\"WorkingDir\":\"/w\",\"Entrypoint\":[\"\"],"
	"\"MacAddress\":\"02:42:ac:11:00:02\",\"OnBuild\":[\"RUN x\"],\"Labels\":{\"l\":\"1\"},"
	"\"StopSignal\":\"SIGINT\",\"StopTimeout\":0,\"Shell\":[\"/bin/ash\"],"
	"\"HostConfig\":{\"Binds\":[\"/a:/b:ro\"],\"ContainerIDFile\":\"/cid\","
	"\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},"
	"\"NetworkMode\":\"none\",\"PortBindings\":{\"80/"
	"tcp\":[{\"HostIp\":\"\",\"HostPort\":\"81\"}]},"
	"\"RestartPolicy\":{\"Name\":\"on-failure\",\"MaximumRetryCount\":3},\"AutoRemove\":true,"
	"\"VolumeDriver\":\"local\",\"VolumesFrom\":[\"x:ro\"],\"ConsoleSize\":[24,80],"
	"\"Annotations\":{\"a\":\"b\"},\"CapAdd\":[\"NET_ADMIN\"],\"CapDrop\":[\"ALL\"],"
	"\"CgroupnsMode\":\"private\",\"Dns\":[\"1.1.1.1\"],\"DnsOptions\":[\"o\"],"
	"\"DnsSearch\":[\"s\"],\"ExtraHosts\":[\"a:1.2.3.4\"],\"GroupAdd\":[\"9\"],"
	"\"IpcMode\":\"host\",\"Cgroup\":\"c\",\"Links\":[\"l\"],\"OomScoreAdj\":-5,"
	"\"PidMode\":\"host\",\"Privileged\":true,\"PublishAllPorts\":true,"
	"\"ReadonlyRootfs\":true,\"SecurityOpt\":[\"no-new-privileges\"],"
	"\"StorageOpt\":{\"size\":\"1G\"},\"Tmpfs\":{\"/t\":\"size=1m\"},\"UTSMode\":\"host\","
	"\"UsernsMode\":\"host\",\"ShmSize\":67108864,\"Sysctls\":{\"k\":\"v\"},"
	"\"Runtime\":\"runc\",\"Isolation\":\"default\",\"CpuShares\":1,\"Memory\":2,"
	"\"NanoCpus\":1500000000,\"CgroupParent\":\"/p\",\"BlkioWeight\":10,"
	"\"BlkioWeightDevice\":[{\"Path\":\"/dev/a\",\"Weight\":11}],"
	"\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/b\",\"Rate\":12}],"
	"\"BlkioDeviceWriteBps\":[{\"Path\":\"/dev/c\",\"Rate\":13}],"
	"\"BlkioDeviceReadIOps\":[{\"Path\":\"/dev/d\",\"Rate\":14}],"
	"\"BlkioDeviceWriteIOps\":[{\"Path\":\"/dev/e\",\"Rate\":15}],\"CpuPeriod\":3,"
	"\"CpuQuota\":4,\"CpuRealtimePeriod\":5,\"CpuRealtimeRuntime\":6,\"CpusetCpus\":\"0-1\","
	"\"CpusetMems\":\"0\",\"Devices\":[{\"PathOnHost\":\"/dev/x\",\"PathInContainer\":\"/dev/"
	"y\","
	"\"CgroupPermissions\":\"rwm\"}],\"DeviceCgroupRules\":[\"c 1:3 r\"],"
	"\"DeviceRequests\":[{\"Driver\":\"n\"}],\"MemoryReservation\":7,\"MemorySwap\":-1,"
	"\"MemorySwappiness\":0,\"OomKillDisable\":false,\"PidsLimit\":8,"
	"\"Ulimits\":[{\"Name\":\"nofile\",\"Hard\":-1,\"Soft\":1024}],\"CpuCount\":16,"
	"\"CpuPercent\":17,\"IOMaximumIOps\":18,\"IOMaximumBandwidth\":19,"
	"\"Mounts\":[{\"Type\":\"bind\",\"Source\":\"/s\",\"Target\":\"/t\",\"ReadOnly\":true,"
	"\"Consistency\":\"cached\",\"BindOptions\":{\"Propagation\":\"rslave\","
	"\"NonRecursive\":true,\"CreateMountpoint\":true,\"ReadOnlyNonRecursive\":true,"
	"\"ReadOnlyForceRecursive\":true}},{\"Type\":\"volume\",\"Target\":\"/v\","
	"\"VolumeOptions\":{\"NoCopy\":true,\"Labels\":{\"x\":\"y\"},\"Subpath\":\"p\","
	"\"DriverConfig\":{\"Name\":\"local\"}}},{\"Type\":\"tmpfs\",\"Target\":\"/m\","
	"\"TmpfsOptions\":{\"SizeBytes\":20,\"Mode\":511}}],\"MaskedPaths\":[],"
	"\"ReadonlyPaths\":[\"/proc/bus\"],\"Init\":false},"
	"\"NetworkingConfig\":{\"EndpointsConfig\":{}}}";

/* What the short form leaves out comes back. */
static void check_short(struct arena *a, const struct container_create *c, const char *want)
{
	cleanup(json_unref) json_t *brief = container_create_encode_short(c), *again = NULL;
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);
	struct container_create back;
	struct err err = ERR_INIT;

	assert_non_null(brief);
	check_ok("short", container_create_decode(a, brief, &back, &err), &err);
	again = container_create_encode(&back);
	assert_non_null(again);
	check_ok("short", json_write(&b, again, 0, &err), &err);
	check_text("short", b.data, want);
	if (want == empty_config)
		assert_int_equal(json_object_size(brief), 0);
}

static void round_trip(const char *in, const char *want)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(json_unref) json_t *j = NULL, *out = NULL;
	cleanup(buf_done) struct buf b = BUF_INIT(64 << 10);
	struct container_create c;
	struct err err = ERR_INIT;

	j = json_parse(in, strlen(in), "test", &err);
	check_ok(in, j ? 0 : -1, &err);
	check_ok(in, container_create_decode(a, j, &c, &err), &err);
	out = container_create_encode(&c);
	assert_non_null(out);
	check_ok(in, json_write(&b, out, 0, &err), &err);
	check_text(in, b.data, want);
	check_short(a, &c, want);
}

static void test_round_trip(void **state)
{
	(void)state;
	round_trip("{}", empty_config);
	round_trip("{\"HostConfig\":null,\"Env\":null}", empty_config);
	round_trip(empty_config, empty_config);
	round_trip(full_config, full_config);
}

static void test_words(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	static const char in[] = "{\"Cmd\":\"true\",\"HostConfig\":{\"Memory\":1048576}}";
	cleanup(json_unref) json_t *j = json_parse(in, strlen(in), "t", NULL);
	struct container_create c;
	struct err err = ERR_INIT;

	(void)state;
	check_ok(in, container_create_decode(a, j, &c, &err), &err);
	assert_string_equal(c.config.cmd[0], "true");
	assert_null(c.config.cmd[1]);
	assert_null(c.config.entrypoint);
	assert_int_equal(c.host_config.resources.memory, 1048576);
}

static const struct {
	const char *in, *msg;
} bad[] = {
	{"[]", "container configuration: expected object, got array"},
	{"{\"Env\":\"A=1\"}",
	 "container configuration: Env: expected array of strings, got string"},
	{"{\"Env\":[\"a\",1]}", "container configuration: Env[1]: expected string, got integer"},
	{"{\"Tty\":1}", "container configuration: Tty: expected boolean, got integer"},
	{"{\"HostConfig\":{\"Memory\":\"1g\"}}",
	 "container configuration: HostConfig.Memory: expected integer, got string"},
	{"{\"HostConfig\":{\"Ulimits\":[{\"Soft\":1}]}}",
	 "container configuration: HostConfig.Ulimits[0].Name: missing"},
	{"{\"HostConfig\":{\"Mounts\":[{\"BindOptions\":[]}]}}",
	 "container configuration: HostConfig.Mounts[0].BindOptions: expected object, got array"},
	{"{\"Labels\":{\"a\":1}}",
	 "container configuration: Labels.a: expected string, got integer"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		cleanup(json_unref) json_t *j = json_parse(bad[i].in, strlen(bad[i].in), "t", NULL);
		struct container_create c;
		struct err err = ERR_INIT;

		assert_non_null(j);
		check_error(bad[i].in, container_create_decode(a, j, &c, &err), &err, bad[i].msg);
	}
}

static void test_status(void **state)
{
	(void)state;
	for (int i = 0; i < _CONTAINER_STATUS_MAX; i++)
		assert_int_equal(
			container_status_parse(container_status_name((enum container_status)i)), i);
	assert_int_equal(container_status_parse("Running"), -EINVAL);
	assert_int_equal(container_status_parse(""), -EINVAL);
	assert_string_equal(container_status_name(CONTAINER_EXITED), "exited");
}

static void test_state(void **state)
{
	static const char want[] =
		"{\"Status\":\"paused\",\"Pid\":42,\"PidStart\":43,\"BootID\":\"b\",\"StartedAt\":"
		"44,"
		"\"FinishedAt\":45,\"ExitCode\":137,\"OOMKilled\":true,\"Error\":\"e\","
		"\"RestartCount\":46,\"StoppedByUser\":true}\n";
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	cleanup(buf_done) struct buf b = BUF_INIT(4096);
	struct container_state s;
	struct err err = ERR_INIT;
	static const char *const bad_states[] = {"", "{}", "{\"Status\":\"odd\"}",
						 "{\"Status\":3}"};

	(void)state;
	check_ok(want, container_state_decode(a, want, strlen(want), &s, &err), &err);
	assert_int_equal(s.status, CONTAINER_PAUSED);
	assert_int_equal(s.exit_code, 137);
	assert_true(s.stopped_by_user);
	check_ok(want, container_state_encode(&b, &s, &err), &err);
	check_text("state", b.data, want);
	for (size_t i = 0; i < ARRAY_SIZE(bad_states); i++)
		assert_int_equal(
			container_state_decode(a, bad_states[i], strlen(bad_states[i]), &s, &err),
			-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_words),
		cmocka_unit_test(test_bad),        cmocka_unit_test(test_status),
		cmocka_unit_test(test_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
