// SPDX-License-Identifier: Apache-2.0
/*
 * confine - everything the worker gives up before it reads a stranger's first byte.
 *
 *   - the host's files: the directory given becomes "/", mounted nosuid, nodev, noexec in a mount
 * namespace of our own (or only chroot, when the directory lies in a foreign mount namespace or is
 * detached);
 *   - network and IPC: empty namespaces;
 *   - capabilities, all but those that making files with owners and modes needs; no_new_privs;
 *   - system calls, all but those in confine.c's list: no exec, no sockets, no mounts, no ptrace;
 *   - memory, open files, core dumps by rlimits.
 *
 * Irreversible; call it once, from a process with one thread.
 */
#pragma once

#include "base/err.h"

int confine(int dir_fd, struct err *err);
