// SPDX-License-Identifier: Apache-2.0
#include "spec/port.h"

#include "../check.h"
#include "base/json.h"
#include "base/str.h"

static const struct {
	const char *in, *bindings, *msg;
} rows[] = {
	{"80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}", NULL},
	{"8080:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}", NULL},
	{"8080:80/UDP", "{\"80/udp\":[{\"HostIp\":\"\",\"HostPort\":\"8080\"}]}", NULL},
	{"80/", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}", NULL},
	{"127.0.0.1:8080:80/sctp",
	 "{\"80/sctp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"}]}", NULL},
	{"127.0.0.1::80", "{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"\"}]}", NULL},
	{":80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}", NULL},
	{"[::1]:81:80", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"81\"}]}", NULL},
	{"::1:81:80", "{\"80/tcp\":[{\"HostIp\":\"::1\",\"HostPort\":\"81\"}]}", NULL},
	{"1-2:3-4",
	 "{\"3/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"1\"}],\"4/"
	 "tcp\":[{\"HostIp\":\"\",\"HostPort\":\"2\"}]}",
	 NULL},
	{"3-4",
	 "{\"3/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}],\"4/"
	 "tcp\":[{\"HostIp\":\"\",\"HostPort\":\"\"}]}",
	 NULL},
	{"8000-9000:80", "{\"80/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"8000-9000\"}]}", NULL},
	{"65535:65535", "{\"65535/tcp\":[{\"HostIp\":\"\",\"HostPort\":\"65535\"}]}", NULL},
	{"", NULL, "no port specified: <empty>"},
	{"8080:", NULL, "no port specified: 8080:<empty>"},
	{"/tcp", NULL, "no port specified: /tcp<empty>"},
	{"x:80", NULL, "invalid hostPort: x"},
	{"80:x", NULL, "invalid containerPort: x"},
	{"80:65536", NULL, "invalid containerPort: 65536"},
	{"2-1:80", NULL, "invalid hostPort: 2-1"},
	{"80:2-1", NULL, "invalid containerPort: 2-1"},
	{"80:-1", NULL, "invalid containerPort: -1"},
	{"1-3:3-4", NULL, "invalid ranges specified for container and host Ports: 3-4 and 1-3"},
	{"80/icmp", NULL, "invalid proto: icmp"},
	{"localhost:80:80", NULL, "invalid IP address: localhost"},
	{"1.2.3:80:80", NULL, "invalid IP address: 1.2.3"},
	{"[1.2.3.4]:80:80", NULL, "invalid IP address: [1.2.3.4]"},
	{"256.0.0.1:80:80", NULL, "invalid IP address: 256.0.0.1"},
};

static void test_publish(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
		cleanup(json_unref) json_t *j = json_object();
		cleanup(buf_done) struct buf b = BUF_INIT(4096);
		struct err err = ERR_INIT;
		struct port_spec p;
		int r = port_parse(a, rows[i].in, &p, &err);

		if (rows[i].msg) {
			check_error(rows[i].in, r, &err, rows[i].msg);
			continue;
		}
		check_ok(rows[i].in, r, &err);
		check_ok(rows[i].in, port_bindings_add(j, &p, &err), &err);
		check_ok(rows[i].in, json_write(&b, j, 0, &err), &err);
		check_text(rows[i].in, b.data, rows[i].bindings);
	}
}

static void test_expose(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	static const char *const in[] = {"80", "80/tcp", "53/udp", "81-83", "82"};
	struct err err = ERR_INIT;
	struct port_spec p;
	char **v = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in); i++) {
		check_ok(in[i], port_parse_exposed(a, in[i], &p, &err), &err);
		v = port_exposed_add(a, v, &p);
		assert_non_null(v);
	}
	check_text("exposed", strv_join(a, v, " "), "80/tcp 53/udp 81/tcp 82/tcp 83/tcp");
	check_error("1:2", port_parse_exposed(a, "1:2", &p, &err), &err,
		    "invalid port format for --expose: 1:2");
	check_error("x", port_parse_exposed(a, "x", &p, &err), &err,
		    "invalid range format for --expose: x");
	check_error("", port_parse_exposed(a, "", &p, &err), &err,
		    "invalid range format for --expose: ");
	check_error("80/x", port_parse_exposed(a, "80/x", &p, &err), &err, "invalid proto: x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_expose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
