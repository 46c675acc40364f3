// SPDX-License-Identifier: Apache-2.0
#include "oci/oci.h"
#include "run/mount-options.h"
#include "spec/caps.h"
#include "spec/seccomp.h"

static json_t *strings(const char *const *v)
{
	json_t *list = json_array();

	for (; list && *v; v++)
		(void)json_array_append_new(list, json_string(*v));
	return list;
}

static json_t *mount_options(void)
{
	json_t *list = json_array();
	char word[32];

	for (size_t i = 0; list && mount_options_word(i, word, sizeof(word)); i++)
		(void)json_array_append_new(list, json_string(word));
	return list;
}

static json_t *capabilities(void)
{
	json_t *list = json_array();

	for (int i = 0; list && i < CAPS_N; i++)
		(void)json_array_append_new(list, json_string(cap_name(i)));
	return list;
}

static json_t *seccomp(void)
{
	/* libseccomp's, by which the worker compiles. */
	static const char *const archs[] = {"SCMP_ARCH_X86",         "SCMP_ARCH_X86_64",
					    "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
					    "SCMP_ARCH_AARCH64",     "SCMP_ARCH_MIPS",
					    "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
					    "SCMP_ARCH_MIPSEL",      "SCMP_ARCH_MIPSEL64",
					    "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PARISC",
					    "SCMP_ARCH_PARISC64",    "SCMP_ARCH_PPC",
					    "SCMP_ARCH_PPC64",       "SCMP_ARCH_PPC64LE",
					    "SCMP_ARCH_RISCV64",     "SCMP_ARCH_S390",
					    "SCMP_ARCH_S390X",       NULL};
	json_t *actions = json_array(), *operators = json_array();

	for (unsigned i = 0; i < _SECCOMP_ACTION_MAX; i++)
		(void)json_array_append_new(
			actions, json_string(seccomp_action_name((enum seccomp_action)i)));
	for (unsigned i = 0; i < _SECCOMP_OP_MAX; i++)
		(void)json_array_append_new(operators,
					    json_string(seccomp_op_name((enum seccomp_op)i)));
	return json_pack("{s:b,s:o,s:o,s:o}", "enabled", 1, "actions", actions, "operators",
			 operators, "archs", strings(archs));
}

static json_t *features(void)
{
	static const char *const hooks[] = {"prestart",
					    "createRuntime",
					    "createContainer",
					    "startContainer",
					    "poststart",
					    "poststop",
					    NULL};
	static const char *const namespaces[] = {"cgroup", "ipc",  "mount", "network", "pid",
						 "time",   "user", "uts",   NULL};

	return json_pack(
		"{s:s,s:s,s:o,s:o,s:{s:o,s:o,s:{s:b,s:b,s:b,s:b},s:o,s:{s:b},s:{s:b},s:{s:b}},"
		"s:{s:s,s:s}}",
		"ociVersionMin", "1.0.0", "ociVersionMax", OCI_VERSION, "hooks", strings(hooks),
		"mountOptions", mount_options(), "linux", "namespaces", strings(namespaces),
		"capabilities", capabilities(), "cgroup", "v1", 1, "v2", 1, "systemd", 0,
		"systemdUser", 0, "seccomp", seccomp(), "apparmor", "enabled", 1, "selinux",
		"enabled", 1, "intelRdt", "enabled", 0, "annotations", "hoy.version", HOY_VERSION,
		"org.opencontainers.runc.checkpoint.enabled", "false");
}

static int run_features(struct command_line *c UNUSED, struct err *err)
{
	cleanup(json_unref) json_t *j = features();
	int r = j ? oci_print(j, 4, err) : err_oom(err);

	return r;
}

const struct command cmd_features = {
	.paths = "features",
	.usage = "",
	.summary = "Print as JSON what this runtime can do",
	.run = run_features,
};
