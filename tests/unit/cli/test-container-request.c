// SPDX-License-Identifier: Apache-2.0
/* `hoy run FLAGS IMAGE …` becomes Docker's request body, member by member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/container-flags.h"
#include "command/parse.h"

struct created {
	struct arena *a;
	struct container_create body;
	struct err err;
	json_t *json;
	int r;
};

/* cmd_create's options begin with these two. */
struct create_options {
	struct container_flags container;
	struct resource_flags resources;
};

static struct created create(const char *line)
{
	struct created made = {.a = arena_new(ARENA_DEFAULT_MAX), .err = ERR_INIT};
	struct command_line c = {
		.command = &cmd_create, .arena = made.a, .name = "hoy", .path = "create"};
	char **words = strv_split(made.a, line, ' ', 0);
	const struct create_options *o;
	bool help = false;

	made.r = command_parse(&c, words, strv_len(words), &help, &made.err);
	if (made.r < 0)
		return made;
	o = c.options;
	made.r = container_flags_apply(&c, &o->container, &o->resources, &made.body, &made.err);
	if (made.r == 0)
		made.json = container_create_encode(&made.body);
	return made;
}

static void done(struct created *made)
{
	json_unref(made->json);
	arena_free(made->a);
}

/* The member at a path "HostConfig.Memory" as compact JSON. */
static void member_is(const struct created *made, const char *path, const char *want)
{
	json_t *j = made->json;
	char **names = strv_split(made->a, path, '.', 0), *text;

	for (; names && *names; names++)
		j = json_object_get(j, *names);
	text = j ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : strdup("(absent)");
	if (!str_eq(text, want))
		fail_msg("%s is %s, wanted %s", path, text, want);
	free(text);
}

struct row {
	const char *flags, *path, *value;
};

static void each(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char line[1024];
		struct created made;

		snprintf(line, sizeof(line), "%s%simage", rows[i].flags, *rows[i].flags ? " " : "");
		made = create(line);
		if (made.r < 0)
			fail_msg("%s: %s", rows[i].flags, made.err.msg);
		member_is(&made, rows[i].path, rows[i].value);
		done(&made);
	}
}

static void process(void **state UNUSED)
{
	static const struct row rows[] = {
		{"", "Image", "\"image\""},
		{"", "AttachStdin", "false"},
		{"", "AttachStdout", "true"},
		{"", "AttachStderr", "true"},
		{"-a stdout", "AttachStderr", "false"},
		{"-a STDERR", "AttachStderr", "true"},
		{"-i", "AttachStdin", "true"},
		{"-i", "OpenStdin", "true"},
		{"-i", "StdinOnce", "true"},
		{"-t", "Tty", "true"},
		{"--entrypoint sh", "Entrypoint", "[\"sh\"]"},
		{"--entrypoint=", "Entrypoint", "[\"\"]"},
		{"-e A=1 -e B=", "Env", "[\"A=1\",\"B=\"]"},
		{"-e NO_SUCH_VARIABLE", "Env", "[\"NO_SUCH_VARIABLE\"]"},
		{"-e FROM_HERE", "Env", "[\"FROM_HERE=x y\"]"},
		{"-l a=1 --label b", "Labels", "{\"a\":\"1\",\"b\":\"\"}"},
		{"-h box", "Hostname", "\"box\""},
		{"-u 1:2", "User", "\"1:2\""},
		{"-w /x", "WorkingDir", "\"/x\""},
		{"--expose 80 --expose 90-91/udp", "ExposedPorts",
		 "{\"80/tcp\":{},\"90/udp\":{},\"91/udp\":{}}"},
		{"--stop-signal INT", "StopSignal", "\"INT\""},
		{"--stop-timeout 3", "StopTimeout", "3"},
		{"--no-healthcheck", "Healthcheck", "{\"Test\":[\"NONE\"]}"},
		{"-v /data", "Volumes", "{\"/data\":{}}"},
	};

	each(rows, ARRAY_SIZE(rows));
}

static void host(void **state UNUSED)
{
	static const struct row rows[] = {
		{"-m 64m", "HostConfig.Memory", "67108864"},
		{"--memory-swap -1", "HostConfig.MemorySwap", "-1"},
		{"--memory-swappiness 0", "HostConfig.MemorySwappiness", "0"},
		{"", "HostConfig.MemorySwappiness", "null"},
		{"--cpus 1.5", "HostConfig.NanoCpus", "1500000000"},
		{"-c 512", "HostConfig.CpuShares", "512"},
		{"--cpuset-cpus 0", "HostConfig.CpusetCpus", "\"0\""},
		{"--pids-limit 7", "HostConfig.PidsLimit", "7"},
		{"--ulimit nofile=1:2", "HostConfig.Ulimits",
		 "[{\"Name\":\"nofile\",\"Hard\":2,\"Soft\":1}]"},
		{"--cap-add SYS_TIME --cap-drop ALL", "HostConfig.CapDrop", "[\"ALL\"]"},
		{"--rm", "HostConfig.AutoRemove", "true"},
		{"--read-only", "HostConfig.ReadonlyRootfs", "true"},
		{"--privileged", "HostConfig.Privileged", "true"},
		{"--init", "HostConfig.Init", "true"},
		{"--init=false", "HostConfig.Init", "false"},
		{"--network host", "HostConfig.NetworkMode", "\"host\""},
		{"--net none", "HostConfig.NetworkMode", "\"none\""},
		{"-v /a:/b:ro -v vol:/c", "HostConfig.Binds", "[\"/a:/b:ro\",\"vol:/c\"]"},
		{"--tmpfs /run:size=1m --tmpfs /x", "HostConfig.Tmpfs",
		 "{\"/run\":\"size=1m\",\"/x\":\"\"}"},
		{"--sysctl net.a=1", "HostConfig.Sysctls", "{\"net.a\":\"1\"}"},
		{"--security-opt no-new-privileges --security-opt seccomp=unconfined",
		 "HostConfig.SecurityOpt", "[\"no-new-privileges\",\"seccomp=unconfined\"]"},
		{"--shm-size 1g", "HostConfig.ShmSize", "1073741824"},
		{"--log-driver json-file --log-opt max-size=1m", "HostConfig.LogConfig",
		 "{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}}"},
		{"--add-host a:1.2.3.4", "HostConfig.ExtraHosts", "[\"a:1.2.3.4\"]"},
		{"", "HostConfig.RestartPolicy", "{\"Name\":\"no\",\"MaximumRetryCount\":0}"},
		{"--restart on-failure:3", "HostConfig.RestartPolicy",
		 "{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}"},
		{"--blkio-weight 300", "HostConfig.BlkioWeight", "300"},
		{"--device-read-bps /dev/sda:1mb", "HostConfig.BlkioDeviceReadBps",
		 "[{\"Path\":\"/dev/sda\",\"Rate\":1048576}]"},
		{"--device /dev/null:/dev/x:r", "HostConfig.Devices",
		 "[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/"
		 "x\",\"CgroupPermissions\":\"r\"}]"},
		{"--volumes-from other:ro", "HostConfig.VolumesFrom", "[\"other:ro\"]"},
		{"--oom-kill-disable", "HostConfig.OomKillDisable", "true"},
		{"--cgroupns host", "HostConfig.CgroupnsMode", "\"host\""},
	};

	each(rows, ARRAY_SIZE(rows));
}

static void command_and_words(void **state UNUSED)
{
	struct created made = create("-e A=1 image sh -c --rm");

	assert_int_equal(made.r, 0);
	member_is(&made, "Cmd", "[\"sh\",\"-c\",\"--rm\"]");
	member_is(&made, "HostConfig.AutoRemove", "false");
	done(&made);
}

static void refused(void **state UNUSED)
{
	static const struct {
		const char *flags, *message;
	} rows[] = {
		{"-a nowhere",
		 "invalid argument \"nowhere\" for \"-a, --attach\" flag: valid streams are "
		 "STDIN, STDOUT and STDERR"},
		{"-p 80:80",
		 "publishing ports needs the bridge network, which this version does not have yet"},
		{"-P",
		 "publishing ports needs the bridge network, which this version does not have yet"},
		{"--link a",
		 "--link needs the bridge network, which this version does not have yet"},
		{"--rm --restart always",
		 "conflicting options: cannot specify both --restart and --rm"},
		{"--restart sometimes",
		 "invalid restart policy: unknown policy 'sometimes'; use one of 'no', "
		 "'always', 'on-failure', or 'unless-stopped'"},
		{"--restart always:3",
		 "invalid restart policy: maximum retry count can only be used with "
		 "'on-failure'"},
		{"--restart on-failure:x",
		 "invalid restart policy format: maximum retry count must be an integer"},
		{"--memory-swappiness 101",
		 "invalid value: 101. Valid memory swappiness range is 0-100"},
		{"--pull sometimes", "invalid pull option: 'sometimes': must be one of \"always\", "
				     "\"missing\" or \"never\""},
		{"--no-healthcheck --health-cmd x",
		 "--no-healthcheck conflicts with --health-* options"},
		{"--health-cmd x --health-interval -1s", "--health-interval cannot be negative"},
		{"--log-driver none --log-opt a=b", "invalid logging opts for driver none"},
		{"--security-opt nonsense", "invalid --security-opt: \"nonsense\""},
		{"--isolation hyperv",
		 "invalid isolation: \"hyperv\" - linux containers only support "
		 "isolation=default"},
		{"--env-file /nonexistent", "open /nonexistent: No such file or directory"},
		{"-m x", "invalid argument \"x\" for \"-m, --memory\" flag: invalid size: 'x'"},
		{"--cpus x",
		 "invalid argument \"x\" for \"--cpus\" flag: failed to parse x as a rational "
		 "number"},
		{"--sysctl a",
		 "invalid argument \"a\" for \"--sysctl\" flag: a must be formatted as "
		 "key=value"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char line[1024];
		struct created made;

		snprintf(line, sizeof(line), "%s image", rows[i].flags);
		made = create(line);
		if (made.r >= 0)
			fail_msg("%s was accepted", rows[i].flags);
		assert_string_equal(made.err.msg, rows[i].message);
		done(&made);
	}
}

static void env_file_and_order(void **state UNUSED)
{
	char path[] = "/tmp/hoy-test-XXXXXX", line[256];
	static const char text[] = "# comment\nA=file\nB='quoted'\n\nFROM_HERE\nNO_SUCH_VARIABLE\n";
	int fd = mkostemp(path, O_CLOEXEC);
	struct created made;

	assert_true(fd >= 0);
	assert_int_equal(fd_write(fd, text, sizeof(text) - 1), 0);
	close(fd);
	snprintf(line, sizeof(line), "--env-file %s -e A=flag image", path);
	made = create(line);
	unlink(path);
	assert_int_equal(made.r, 0);
	member_is(&made, "Env", "[\"A=file\",\"B='quoted'\",\"FROM_HERE=x y\",\"A=flag\"]");
	done(&made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(process),
		cmocka_unit_test(host),
		cmocka_unit_test(command_and_words),
		cmocka_unit_test(refused),
		cmocka_unit_test(env_file_and_order),
	};

	if (setenv("FROM_HERE", "x y", 1) < 0 || unsetenv("NO_SUCH_VARIABLE") < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
