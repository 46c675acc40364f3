// SPDX-License-Identifier: Apache-2.0
#include <stddef.h>

#include "monitor/client.h"

#define ROW(member, type, flags)                                                                   \
	{                                                                                          \
#member, type, flags, offsetof(struct monitor_config, member), NULL                \
	}

static const struct json_field monitor_config_fields[] = {
	ROW(id, JSON_STR, JSON_REQUIRED),      ROW(lower, JSON_STRV, JSON_OMIT),
	ROW(upper, JSON_STR, JSON_OMIT),       ROW(work, JSON_STR, JSON_OMIT),
	ROW(idmap, JSON_FLAG, JSON_OMIT),      ROW(seccomp_path, JSON_STR, JSON_OMIT),
	ROW(log_driver, JSON_STR, JSON_OMIT),  ROW(log_max_size, JSON_U64, 0),
	ROW(log_max_files, JSON_U64, 0),       ROW(open_stdin, JSON_FLAG, 0),
	ROW(stdin_once, JSON_FLAG, 0),         ROW(tty, JSON_FLAG, 0),
	ROW(stop_signal, JSON_I64, JSON_OMIT), ROW(stop_timeout, JSON_OPT_I64, JSON_OMIT),
	ROW(auto_remove, JSON_FLAG, 0),        ROW(usernet, JSON_STR, JSON_OMIT),
	ROW(ports, JSON_STRV, JSON_OMIT),      ROW(init, JSON_FLAG, 0),
	ROW(reaper, JSON_STR, JSON_OMIT),      ROW(root, JSON_STR, JSON_OMIT),
	ROW(run_root, JSON_STR, JSON_OMIT),    {},
};

const struct json_object monitor_config_object = {"monitor", sizeof(struct monitor_config),
						  monitor_config_fields};
