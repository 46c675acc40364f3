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
#include "spec/caps.h"

#define DEFAULTS  UINT64_C(0xa80425fb) /* Docker's CapBnd, as /proc/self/status prints it */
#define NET_ADMIN (UINT64_C(1) << 12)
#define CHOWN     UINT64_C(1)

static uint64_t caps(char **add, char **drop, bool privileged)
{
	struct container_host_config h = {.cap_add = add, .cap_drop = drop};
	struct err err = ERR_INIT;
	uint64_t set = 0;

	assert_int_equal(bundle_capabilities(NULL, &h, privileged, &set, &err), 0);
	return set;
}

static char **one(const char *s)
{
	static char *v[2][2];
	static int turn;

	turn = !turn;
	v[turn][0] = (char *)s;
	return v[turn];
}

static void test_capabilities(void **state)
{
	uint64_t all = caps(NULL, NULL, true);

	(void)state;
	assert_int_equal(caps(NULL, NULL, false), DEFAULTS);
	assert_int_equal(caps(one("NET_ADMIN"), NULL, false), DEFAULTS | NET_ADMIN);
	assert_int_equal(caps(one("cap_net_admin"), NULL, false), DEFAULTS | NET_ADMIN);
	assert_int_equal(caps(NULL, one("CAP_CHOWN"), false), DEFAULTS & ~CHOWN);
	assert_int_equal(caps(NULL, one("ALL"), false), 0);
	assert_int_equal(caps(one("CHOWN"), one("all"), false), CHOWN);
	assert_int_equal(caps(one("ALL"), NULL, false), all);
	assert_int_equal(caps(one("ALL"), one("CHOWN"), false), all & ~CHOWN);
	assert_int_equal(caps(NULL, one("ALL"), true), all); /* privileged wins */
}

static void test_unknown_capability(void **state)
{
	struct container_host_config h = {.cap_add = one("FOO")};
	struct err err = ERR_INIT;
	uint64_t set;

	(void)state;
	assert_int_equal(bundle_capabilities(NULL, &h, false, &set, &err), -EINVAL);
	assert_string_equal(err.msg, "invalid CapAdd: unknown capability: \"FOO\"");
}

static void test_sets(void **state)
{
	cleanup(arena_free) struct arena *a = arena_new(1 << 20);
	struct oci_capabilities *root = bundle_capability_sets(a, DEFAULTS, true);
	struct oci_capabilities *user = bundle_capability_sets(a, DEFAULTS, false);

	(void)state;
	assert_int_equal(strv_len(root->bounding), 14);
	assert_int_equal(strv_len(root->effective), 14);
	assert_int_equal(strv_len(root->inheritable) + strv_len(root->ambient), 0);
	assert_int_equal(strv_len(user->bounding), 14);
	assert_int_equal(strv_len(user->effective) + strv_len(user->permitted), 0);
}

static void test_options(void **state)
{
	char *good[] = {(char *)"no-new-privileges", (char *)"seccomp=unconfined",
			(char *)"apparmor=unconfined", (char *)"label=disable", NULL};
	struct bundle_security_opt o;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(bundle_security_opt(good, &o, &err), 0);
	assert_true(o.no_new_privileges.set && o.no_new_privileges.value);
	assert_string_equal(o.seccomp, "unconfined");
	assert_string_equal(o.apparmor, "unconfined");
	/* What would have no effect is refused. */
	assert_true(bundle_security_opt(one("label=type:svirt_t"), &o, &err) < 0);
	assert_string_equal(err.msg, "SELinux labels are not supported: label=type:svirt_t");
	if (access("/sys/kernel/security/apparmor/profiles", F_OK) < 0)
		assert_true(bundle_security_opt(one("apparmor=mine"), &o, &err) < 0);
	else if (bundle_security_opt(one("apparmor=mine"), &o, &err) == 0)
		assert_string_equal(o.apparmor, "mine");
	else
		fail_msg("%s", err.msg);
	assert_int_equal(bundle_security_opt(one("no-new-privileges:false"), &o, &err), 0);
	assert_true(o.no_new_privileges.set && !o.no_new_privileges.value);
	assert_int_equal(bundle_security_opt(one("frob"), &o, &err), -EINVAL);
	assert_string_equal(err.msg, "invalid --security-opt 1: \"frob\"");
	assert_int_equal(bundle_security_opt(one("frob=1"), &o, &err), -EINVAL);
	assert_int_equal(bundle_security_opt(one("no-new-privileges=maybe"), &o, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_unknown_capability),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
