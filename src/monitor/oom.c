// SPDX-License-Identifier: Apache-2.0
/*
 * Who is killed when the host has no memory left.
 *
 * The kernel picks the process with the highest score, which is its size plus oom_score_adj. A monitor
 * frees next to nothing, but takes its container along when it is killed (die_with_parent). So we
 * take ourselves out of the choice: below 0 needs CAP_SYS_RESOURCE, and without it all stays as it
 * is. Not -1000: if nothing else is left, better one container dies than the host.
 *
 * The score is inherited, so the order matters: the container's first process is cloned before
 * (oom_guard), and an exec gets explicitly what it is to have, which is the container's
 * --oom-score-adj in any case. That is written with our rights, and such a write also sets the lowest
 * value that the process may give itself: an exec cannot take our score.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/str.h"
#include "monitor/monitor.h"

#define GUARDED (-999)

static int write_score(const char *path, int64_t score)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	char text[24];
	int n = snprintf(text, sizeof(text), "%" PRId64, score);

	return fd < 0 ? -errno : fd_write(fd, text, (size_t)n);
}

void oom_guard(struct monitor *m)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	char text[24] = "";
	ssize_t n = fd < 0 ? -1 : fd_read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (str_to_i64(text, &m->oom_score) < 0 || m->oom_score <= GUARDED)
		return;
	m->guarded = write_score("/proc/self/oom_score_adj", GUARDED) == 0;
}

void oom_unguard(struct monitor *m)
{
	if (m->guarded)
		(void)write_score("/proc/self/oom_score_adj", m->oom_score);
	m->guarded = false;
}

void oom_of_exec(const struct monitor *m, struct oci_process *p)
{
	const struct oci_process *own = m->spec.process;

	if (own && own->oom_score_adj.set)
		p->oom_score_adj = own->oom_score_adj;
	else if (m->guarded)
		p->oom_score_adj = (struct opt_i64){true, m->oom_score};
}
