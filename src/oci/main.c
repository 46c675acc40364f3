// SPDX-License-Identifier: Apache-2.0
/*
 * What clones itself into containers must not run from a file that can be written: so the program
 * starts itself once more from a read-only detached mount of its own file (run/run.h tells the whole
 * reasoning). Only the commands that clone pay for it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>

#include "base/fd.h"
#include "base/str.h"
#include "oci/oci.h"
#include "run/run.h"

#define SELF  "/proc/self/exe"
#define AGAIN "_HOY_OCI_AGAIN" /* the second time must be the last */

/* The first word that may be a command: good enough, a wrong guess costs 0.2 ms. */
static bool clones(char **argv)
{
	for (char **p = argv + 1; *p; p++)
		if (str_eq(*p, "create") || str_eq(*p, "run") || str_eq(*p, "exec") ||
		    str_eq(*p, "restore"))
			return true;
	return false;
}

static int seal(char **argv, struct err *err)
{
	cleanup_fd int fd = -EBADF;
	struct statvfs fs;

	if (statvfs(SELF, &fs) < 0)
		return err_sys(err, errno, "look at " SELF);
	if (fs.f_flag & ST_RDONLY) {
		(void)unsetenv(AGAIN);
		return 0;
	}
	if (getenv(AGAIN))
		return err_set(err, ERR_SYSTEM, "cannot run from a read-only mount of " SELF);
	fd = run_exe_open(SELF, err);
	/* A normal user's container cannot write a file of the host's root. */
	if (fd == -EPERM && geteuid() != 0)
		return 0;
	if (fd < 0)
		return fd;
	if (setenv(AGAIN, "1", 1) < 0)
		return err_oom(err);
	(void)execveat(fd, "", argv, environ, AT_EMPTY_PATH);
	return err_sys(err, errno, "start from a read-only mount");
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;

	if (fd_guard_stdio() < 0)
		return 1;
	if (argc > 0 && clones(argv) && seal(argv, &err) < 0) {
		(void)fprintf(stderr, "hoy-oci: %s\n", err.msg);
		return 1;
	}
	(void)prctl(PR_SET_NAME, "hoy-oci"); /* of an fd, kernels before 6.14 made a number */
	return oci_main(argc, argv);
}
