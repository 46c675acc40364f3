// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/id.h"

int output_open(const char *path, struct output *ret, struct err *err)
{
	char suffix[13];
	struct stat st;

	*ret = (struct output){.fd = STDOUT_FILENO};
	if (!path || !*path) {
		if (isatty(STDOUT_FILENO))
			return err_set(err, ERR_INVALID,
				       "cowardly refusing to save to a terminal. Use the -o flag "
				       "or redirect");
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode))
			return err_set(err, ERR_INVALID,
				       "invalid output path: \"%s\" is a directory", path);
		ret->fd = open(path, O_WRONLY | O_CLOEXEC);
		return ret->fd < 0 ? err_sys(err, errno, "open %s", path) : 0;
	}
	id_random(suffix, sizeof(suffix) - 1);
	if (asprintf(&ret->temporary, "%s.hoy-%s", path, suffix) < 0) {
		ret->temporary = NULL;
		return err_oom(err);
	}
	ret->path = strdup(path);
	if (!ret->path)
		return err_oom(err);
	ret->fd = open(ret->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (ret->fd < 0) {
		int r = err_sys(err, errno, "create %s", path);

		free(TAKE_PTR(ret->temporary));
		return r;
	}
	return 0;
}

int output_commit(struct output *o, struct err *err)
{
	if (!o->temporary)
		return 0;
	if (rename(o->temporary, o->path) < 0)
		return err_sys(err, errno, "rename to %s", o->path);
	free(TAKE_PTR(o->temporary));
	return 0;
}

void output_done(struct output *o)
{
	if (o->temporary)
		(void)unlink(o->temporary);
	free(TAKE_PTR(o->temporary));
	free(TAKE_PTR(o->path));
	if (o->fd != STDOUT_FILENO)
		fd_close(TAKE_FD(o->fd));
}
