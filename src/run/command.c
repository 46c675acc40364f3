// SPDX-License-Identifier: Apache-2.0
#include "run/command.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What execve's failure on one file means to the user. `name` is what they typed. */
static int explain(const char *name, const char *file, int errnum, struct err *err)
{
	struct stat st;
	bool there = stat(file, &st) == 0;

	if (errnum == EACCES && there && S_ISDIR(st.st_mode))
		return err_set(err, ERR_NOT_EXECUTABLE, "exec: \"%s\": is a directory", name);
	if (errnum == EACCES || errnum == EPERM)
		return err_set(err, ERR_NOT_EXECUTABLE, "exec: \"%s\": permission denied", name);
	if (errnum == ENOEXEC)
		return err_set(err, ERR_NOT_EXECUTABLE, "exec %s: exec format error", file);
	/* The file is there: it is its interpreter that is not. */
	if (errnum == ENOENT && there)
		return err_set(err, ERR_NO_COMMAND, "exec %s: no such file or directory", file);
	if (errnum == ENOENT || errnum == ENOTDIR)
		return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": stat %s: %s", name, file,
			       errnum == ENOENT ? "no such file or directory" : "not a directory");
	(void)err_sys(err, errnum, "exec \"%s\"", name);
	if (err)
		err->kind = ERR_NOT_EXECUTABLE;
	return -errnum;
}

static int search(char *const *argv, char *const *env, struct err *err)
{
	const char *path = env_get(env, "PATH");
	char file[PATH_MAX], denied[PATH_MAX] = "";
	int denied_errno = 0;

	for (const char *p = path ?: DEFAULT_PATH;; p++) {
		size_t n = strcspn(p, ":");
		int len = snprintf(file, sizeof(file), "%.*s%s%s", (int)n, p, n ? "/" : "./",
				   argv[0]);

		/* An entry that is not absolute would make the working directory decide. */
		if (n && p[0] == '/' && (size_t)len < sizeof(file)) {
			struct stat st;

			(void)execve(file, argv, env);
			if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
				return explain(argv[0], file, errno, err);
			if (errno == ENOENT && stat(file, &st) == 0)
				return explain(argv[0], file, ENOENT, err);
			/* Go on, a later directory may have a better one; a directory is no match
			 * at all. */
			if (errno == EACCES && !denied_errno && stat(file, &st) == 0 &&
			    !S_ISDIR(st.st_mode)) {
				denied_errno = EACCES;
				memcpy(denied, file, sizeof(denied));
			}
		}
		p += n;
		if (!*p)
			break;
	}
	if (denied_errno)
		return explain(argv[0], denied, denied_errno, err);
	return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": executable file not found in $PATH",
		       argv[0]);
}

int command_exec(char *const *argv, char *const *env, struct err *err)
{
	if (!*argv[0])
		return err_set(err, ERR_NO_COMMAND,
			       "exec: \"\": executable file not found in $PATH");
	if (!strchr(argv[0], '/'))
		return search(argv, env, err);
	(void)execve(argv[0], argv, env);
	return explain(argv[0], argv[0], errno, err);
}

static bool may_execute(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

int command_check(char *const *argv, char *const *env, struct err *err)
{
	const char *name = argv[0], *path = env_get(env, "PATH") ?: DEFAULT_PATH;
	char file[PATH_MAX];
	struct stat st;

	if (strchr(name, '/'))
		return may_execute(name)
			       ? 0
			       : explain(name, name, stat(name, &st) < 0 ? errno : EACCES, err);
	for (const char *p = path; *name; p++) {
		size_t n = strcspn(p, ":");
		int len = snprintf(file, sizeof(file), "%.*s/%s", (int)n, p, name);

		/* One that is there and not executable is for execve to judge. */
		if (*p == '/' && (size_t)len < sizeof(file) && stat(file, &st) == 0)
			return 0;
		p += n;
		if (!*p)
			break;
	}
	return err_set(err, ERR_NO_COMMAND, "exec: \"%s\": executable file not found in $PATH",
		       name);
}
