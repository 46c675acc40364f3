// SPDX-License-Identifier: Apache-2.0
/*
 * commands - the rows, one in each cmd-NAME.c; cli/commands.c lists them.
 */
#pragma once

#include "command/command.h"

extern const struct command cmd_attach, cmd_commit, cmd_complete, cmd_container_inspect,
	cmd_container_prune, cmd_cp, cmd_create, cmd_diff, cmd_doctor, cmd_exec, cmd_export,
	cmd_help, cmd_history, cmd_image_inspect, cmd_image_prune, cmd_images, cmd_import, cmd_info,
	cmd_inspect, cmd_kill, cmd_load, cmd_logs, cmd_man, cmd_oci, cmd_pause, cmd_port, cmd_ps,
	cmd_reap, cmd_rename, cmd_restart, cmd_rm, cmd_rmi, cmd_run, cmd_save, cmd_start, cmd_stop,
	cmd_system_check, cmd_system_prune, cmd_tag, cmd_top, cmd_unpause, cmd_update, cmd_version,
	cmd_volume_create, cmd_volume_inspect, cmd_volume_ls, cmd_volume_prune, cmd_volume_rm,
	cmd_wait;
