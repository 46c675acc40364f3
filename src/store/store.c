// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/path.h"
#include "store/db.h"
#include "store/keeper.h"

#define OCI_LAYOUT "{\"imageLayoutVersion\":\"1.0.0\"}"
#define OCI_INDEX  "{\"schemaVersion\":2,\"manifests\":[]}"

static int make_file(int dirfd, const char *name, const char *text, struct err *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	return file_write(dirfd, name, text, strlen(text), 0644, 0, err);
}

/* Everything that must be there before the database says that the store exists. */
static int make_skeleton(int dirfd, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} dirs[] = {
		{"blobs", 0755},      {"blobs/sha256", 0755}, {"layers", 0700}, {"l", 0700},
		{"containers", 0710}, {"volumes", 0711},      {"cache", 0700},  {"tmp", 0700},
	};
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (mkdirat(dirfd, dirs[i].name, dirs[i].mode) < 0 && errno != EEXIST)
			return err_sys(err, errno, "create directory %s", dirs[i].name);
	r = make_file(dirfd, "oci-layout", OCI_LAYOUT, err);
	return r < 0 ? r : make_file(dirfd, "index.json", OCI_INDEX, err);
}

static int open_root(struct store *s, const char *root, int flags, struct err *err)
{
	char *real;
	int r;

	s->dirfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0 && errno == ENOENT && !(flags & STORE_READ_ONLY)) {
		r = path_mkdir_p(root, 0710, err);
		if (r < 0)
			return r;
		s->dirfd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (s->dirfd < 0)
		return err_sys(err, errno, "open %s", root);
	/* Absolute: lower directories are made of it, and read in another working directory. */
	real = root[0] == '/' ? strdup(root) : realpath(root, NULL);
	if (!real)
		return err_sys(err, errno, "resolve %s", root);
	s->root = real;
	/* The database comes last of all, so its absence says that the rest may be missing. */
	if (faccessat(s->dirfd, DB_FILE, F_OK, 0) < 0 && !(flags & STORE_READ_ONLY))
		return make_skeleton(s->dirfd, err);
	return 0;
}

int store_open(const char *root, int flags, struct store **ret, struct err *err)
{
	cleanup(store_close) struct store *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_oom(err);
	s->dirfd = -EBADF;
	r = open_root(s, root, flags, err);
	if (r == 0)
		r = db_open(s, flags, err);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->keeper_wanted || s->wal_pages > KEEPER_WAL_PAGES)
		keeper_start(s);
	db_close(s);
	fd_close(s->dirfd);
	free(s->keeper_args[0]);
	free(s->keeper_args[1]);
	free(s->root);
	free(s);
}

int store_set_keeper(struct store *s, const char *run_root, const char *config, struct err *err)
{
	s->keeper_args[0] = strdup(run_root);
	s->keeper_args[1] = config ? strdup(config) : NULL;
	return s->keeper_args[0] && (!config || s->keeper_args[1]) ? 0 : err_oom(err);
}

int store_dirfd(const struct store *s)
{
	return s->dirfd;
}

const char *store_root(const struct store *s)
{
	return s->root;
}
