// SPDX-License-Identifier: Apache-2.0
/*
 * What the monitor may do, stage by stage.
 *
 *   stage     from                     may
 *   making    its start                all that its starter may: namespaces, mounts, id maps
 *   running   the answer to the go     what `named` below and the container's own bounding set say,
 *                                      and of that only CAP_KILL in force; not the calls of
 *                                      sec/monitor-calls.json, when the container has the default
 *                                      policy; nothing by set-user-id, when the container has
 *                                      no-new-privileges
 *   section   exec, freeze, update     the same, in force: for as long as the section lasts
 *   ending    the end of PID 1         the same, in force
 *
 * The bounding set is part of it, so that what becomes of us by exec (`hoy __reap`) has no more.
 *
 * Why not less: an exec is our child, because we tell its end; so it can have only what we have, and
 * what our filter forbids is forbidden to it. Hence no filter where the container has another
 * policy, of which we do not know that it allows no more than ours; and hence visit.c: an exec with
 * more rights than its container is started by a process of its own, from the CLI, which has them.
 * poststop hooks are the user's programs with the user's rights: a container that has some keeps
 * everything.
 */
#include <linux/capability.h>

#include "base/str.h"
#include "monitor/monitor.h"
#include "sec/seccomp.h"
#include "sec/stage.h"
#include "spec/caps.h"

#define CAP(name) CAPS_BIT(CAP_##name)
/* In force all the time: should we be killed, the kernel kills the container's first process with
 * our rights (die_with_parent), and that may be another user's. */
#define RESTING CAP(KILL)

static const struct {
	uint64_t cap;
	const char *why;
} named[] = {
	{CAP(SYS_ADMIN), "exec: setns; a filter without no_new_privs"},
	{CAP(SYS_CHROOT), "exec: setns of a mount namespace"},
	{CAP(SYS_PTRACE), "exec: setns by the pidfd of another user's process"},
	{CAP(SETUID), "exec: its user"},
	{CAP(SETGID), "exec: its groups"},
	{CAP(SETPCAP), "exec: its bounding set"},
	{CAP(CHOWN), "exec: the owner of its terminal and pipes"},
	{CAP(SYS_RESOURCE), "exec: limits above ours, oom_score_adj"},
	{CAP(SYS_NICE), "exec: scheduling and I/O priority"},
	{CAP(KILL), "signals to other users' processes"},
	{CAP(DAC_OVERRIDE), "--rm: the files of other users"},
	{CAP(FOWNER), "--rm: the files of other users in sticky directories"},
};

static uint64_t kept_caps(const struct monitor *m)
{
	const struct oci_process *p = m->spec.process;
	uint64_t set = 0;

	/* Names that are unknown were refused before it was made. */
	if (p && p->capabilities)
		(void)caps_parse(p->capabilities->bounding, &set, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		set |= named[i].cap;
	return set;
}

static int give_up_calls(const struct monitor *m, struct err *err)
{
	bool nnp = m->spec.process && m->spec.process->no_new_privileges;

	if (!m->config.seccomp_path || !str_after(m->config.seccomp_path, SECCOMP_BUILTIN))
		return 0;
	return stage_filter(&stage_monitor_calls, nnp, err);
}

int privilege_stage_running(struct monitor *m, struct err *err)
{
	int r = 0;

	if (!m->spec.hooks || !m->spec.hooks->poststop.n) {
		r = stage_keep(kept_caps(m), err);
		if (r == 0)
			r = give_up_calls(m, err);
	}
	m->kept = stage_kept();
	stage_hold(RESTING);
	m->resting = true;
	return r;
}

bool privilege_section_begin(struct monitor *m)
{
	if (!m->resting)
		return false;
	stage_hold(m->kept);
	m->resting = false;
	return true;
}

void privilege_section_end(struct monitor *m, bool begun)
{
	if (!begun)
		return;
	stage_hold(RESTING);
	m->resting = true;
}

void privilege_stage_ending(struct monitor *m)
{
	(void)privilege_section_begin(m);
}

int privilege_stage_visiting(struct err *err)
{
	int r = stage_filter(&stage_monitor_calls, true, err);

	return r < 0 ? r : stage_keep(0, err);
}
