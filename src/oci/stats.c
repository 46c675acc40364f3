// SPDX-License-Identifier: Apache-2.0
/*
 * Units are runc's: nanoseconds and bytes. v1 counts CPU time of users and kernel in ticks, v2 in
 * microseconds.
 */
#include "oci/stats.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define TEXT_MAX 65536
#define TICK_NS  10000000 /* USER_HZ is 100 on every architecture that we know */

/* A file of one number; 0 when there is none or it says "max". */
static json_int_t number(const struct cgroup *cg, const char *v1, const char *v2)
{
	char text[64];
	uint64_t n;

	if (cgroup_file(cg, v1, v2, text, sizeof(text)) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	/* "Unlimited" of v1 is a number that is almost INT64_MAX. */
	return str_to_u64(text, &n) < 0 || n > INT64_MAX ? 0 : (json_int_t)n;
}

/* A value of a file of "KEY VALUE" lines. */
static json_int_t value(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (strncmp(s, key, n) == 0 && s[n] == ' ')
			return strtoll(s + n + 1, NULL, 10);
	return 0;
}

static json_t *cpu(const struct cgroup *cg)
{
	char stat[4096] = "", times[4096] = "";
	json_int_t total, user, kernel, scale = 1;

	(void)cgroup_file(cg, "cpu/cpu.stat", "cpu.stat", stat, sizeof(stat));
	if (cgroup_file(cg, "cpuacct/cpuacct.stat", NULL, times, sizeof(times)) >= 0) {
		total = number(cg, "cpuacct/cpuacct.usage", NULL);
		user = value(times, "user") * TICK_NS;
		kernel = value(times, "system") * TICK_NS;
	} else {
		total = value(stat, "usage_usec") * 1000;
		user = value(stat, "user_usec") * 1000;
		kernel = value(stat, "system_usec") * 1000;
		scale = 1000;
	}
	return json_pack("{s:{s:I,s:I,s:I},s:{s:I,s:I,s:I}}", "usage", "total", total, "kernel",
			 kernel, "user", user, "throttling", "periods", value(stat, "nr_periods"),
			 "throttledPeriods", value(stat, "nr_throttled"), "throttledTime",
			 scale == 1 ? value(stat, "throttled_time")
				    : value(stat, "throttled_usec") * scale);
}

static json_t *entry(json_int_t limit, json_int_t usage, json_int_t max, json_int_t failures)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "limit", limit, "usage", usage, "max", max, "failcnt",
			 failures);
}

static json_t *raw(char *text)
{
	json_t *j = json_object();
	char *save, *line;

	for (line = strtok_r(text, "\n", &save); line && j; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = '\0';
		(void)json_object_set_new(j, line, json_integer(strtoll(space + 1, NULL, 10)));
	}
	return j;
}

static json_t *memory(const struct cgroup *cg)
{
	char stat[TEXT_MAX] = "";
	json_int_t cache;

	(void)cgroup_file(cg, "memory/memory.stat", "memory.stat", stat, sizeof(stat));
	cache = value(stat, "cache") ?: value(stat, "file");
	return json_pack(
		"{s:I,s:o,s:o,s:o,s:o,s:o}", "cache", cache, "usage",
		entry(number(cg, "memory/memory.limit_in_bytes", "memory.max"),
		      number(cg, "memory/memory.usage_in_bytes", "memory.current"),
		      number(cg, "memory/memory.max_usage_in_bytes", "memory.peak"),
		      number(cg, "memory/memory.failcnt", NULL)),
		"swap",
		entry(number(cg, "memory/memory.memsw.limit_in_bytes", "memory.swap.max"),
		      number(cg, "memory/memory.memsw.usage_in_bytes", "memory.swap.current"), 0,
		      0),
		"kernel", entry(0, number(cg, "memory/memory.kmem.usage_in_bytes", NULL), 0, 0),
		"kernelTCP",
		entry(0, number(cg, "memory/memory.kmem.tcp.usage_in_bytes", NULL), 0, 0), "raw",
		raw(stat));
}

static void add_io(json_t *list, unsigned major, unsigned minor, const char *op,
		   unsigned long long n)
{
	(void)json_array_append_new(list,
				    json_pack("{s:i,s:i,s:s,s:I}", "major", (int)major, "minor",
					      (int)minor, "op", op, "value", (json_int_t)n));
}

/* v1: "8:0 Read 4096"; v2: "8:0 rbytes=4096 wbytes=0 rios=1 wios=0". */
static json_t *blkio(const struct cgroup *cg)
{
	static const char *const files[] = {"blkio/blkio.throttle.io_service_bytes",
					    "blkio/blkio.throttle.io_serviced"};
	char text[TEXT_MAX], op[16], *save;
	json_t *lists[2] = {json_array(), json_array()};
	unsigned major, minor;
	unsigned long long n[4];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		if (cgroup_file(cg, files[i], NULL, text, sizeof(text)) < 0)
			continue;
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
			if (sscanf(l, "%u:%u %15s %llu", &major, &minor, op, &n[0]) == 4)
				add_io(lists[i], major, minor, op, n[0]);
	}
	if (cgroup_file(cg, NULL, "io.stat", text, sizeof(text)) >= 0)
		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			if (sscanf(l, "%u:%u rbytes=%llu wbytes=%llu rios=%llu wios=%llu", &major,
				   &minor, &n[0], &n[1], &n[2], &n[3]) != 6)
				continue;
			for (size_t i = 0; i < 2; i++) {
				add_io(lists[i], major, minor, "Read", n[2 * i]);
				add_io(lists[i], major, minor, "Write", n[2 * i + 1]);
			}
		}
	return json_pack("{s:o,s:o}", "ioServiceBytesRecursive", lists[0], "ioServicedRecursive",
			 lists[1]);
}

json_t *stats_json(const struct cgroup *cg)
{
	return json_pack("{s:o,s:{},s:o,s:{s:I,s:I},s:o,s:{},s:{},s:n}", "cpu", cpu(cg), "cpuset",
			 "memory", memory(cg), "pids", "current",
			 number(cg, "pids/pids.current", "pids.current"), "limit",
			 number(cg, "pids/pids.max", "pids.max"), "blkio", blkio(cg), "hugetlb",
			 "intel_rdt", "network_interfaces");
}
