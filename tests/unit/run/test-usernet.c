// SPDX-License-Identifier: Apache-2.0
#include "run/usernet.h"

#include "../check.h"
#include "base/str.h"

static struct usernet_config parsed(struct arena *a, const char *mode)
{
	struct usernet_config c = {};
	struct err err = ERR_INIT;

	check_ok(mode, usernet_parse(a, mode, &c, &err), &err);
	return c;
}

static void test_modes(void **state)
{
	(void)state;
	assert_true(usernet_is("pasta"));
	assert_true(usernet_is("pasta:--mtu,1300"));
	assert_true(usernet_is("slirp4netns:mtu=1300"));
	assert_false(usernet_is("pastas"));
	assert_false(usernet_is("none"));
	assert_false(usernet_is(""));
	assert_false(usernet_is(NULL));
}

static void test_options(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct usernet_config c = parsed(a, "pasta:--mtu,1300");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(c.kind, USERNET_PASTA);
	assert_string_equal(strv_join(a, c.args, " "), "--mtu 1300");
	assert_string_equal(c.dns, USERNET_PASTA_DNS);
	assert_string_equal(strv_join(a, parsed(a, "slirp4netns").args, " "),
			    "--mtu=65520 --disable-host-loopback");
	c = parsed(a, "slirp4netns:allow_host_loopback=true,mtu=1400,enable_ipv6=true,"
		      "cidr=10.9.0.0/24,outbound_addr=192.0.2.1,port_handler=slirp4netns");
	assert_string_equal(
		strv_join(a, c.args, " "),
		"--mtu=1400 --enable-ipv6 --cidr=10.9.0.0/24 --outbound-addr=192.0.2.1");
	assert_int_equal(usernet_parse(a, "slirp4netns:nonsense=1", &c, &err), -EINVAL);
	assert_string_equal(err.msg, "unknown slirp4netns option \"nonsense=1\"");
	assert_true(usernet_parse(a, "slirp4netns:mtu", &c, &err) < 0);
	assert_true(usernet_parse(a, "slirp4netns:port_handler=rootlesskit", &c, &err) < 0);
	assert_true(usernet_parse(a, "bridge", &c, &err) < 0);
	assert_true(err.kind == ERR_NOT_FOUND);
}

static void test_ports(void **state)
{
	static const char *const bad[][2] = {{"tcp//0/80", NULL},
					     {"tcp//70000/80", NULL},
					     {"sctp//80/80", NULL},
					     {"tcp/a b/80/80", NULL},
					     {"", NULL},
					     {"tcp//80", NULL}};

	(void)state;
	/* Refused before anything is started: there is no such process. */
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct err err = ERR_INIT;
		struct usernet n;
		const struct usernet_start s = {
			.mode = "pasta", .pid = 0, .run_fd = -EBADF, .ports = (char **)bad[i]};

		assert_int_equal(usernet_start(&s, &n, &err), -EINVAL);
		usernet_stop(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
