// SPDX-License-Identifier: Apache-2.0
#include "spec/caps.h"

#include <strings.h>

#include "base/str.h"

static const char *const names[CAPS_N] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

const char *cap_name(int cap)
{
	return cap >= 0 && cap < CAPS_N ? names[cap] : NULL;
}

int cap_parse(const char *name)
{
	const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

	for (int i = 0; i < CAPS_N; i++)
		if (strcasecmp(names[i] + 4, bare) == 0)
			return i;
	return -EINVAL;
}

int caps_parse(char *const *list, uint64_t *ret, struct err *err)
{
	uint64_t set = 0;

	for (; list && *list; list++) {
		int cap = cap_parse(*list);

		if (cap < 0)
			return err_set(err, ERR_INVALID, "unknown capability: %s", *list);
		set |= CAPS_BIT(cap);
	}
	*ret = set;
	return 0;
}

char **caps_names(struct arena *a, uint64_t set)
{
	char **v = arena_calloc(a, CAPS_N + 1, sizeof(*v));
	size_t n = 0;

	if (!v)
		return NULL;
	for (int i = 0; i < CAPS_N; i++)
		if (set & CAPS_BIT(i)) {
			v[n] = arena_strdup(a, names[i]);
			if (!v[n++])
				return NULL;
		}
	return v;
}
