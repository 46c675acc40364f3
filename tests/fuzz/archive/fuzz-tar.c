// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a layer, or (first byte odd) as a copy: decompressed, parsed and unpacked below a directory
 * with a canary beside it, then packed again. What leads out of the directory would touch the canary.
 */
#include <dirent.h>
#include <fcntl.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "archive/pack.h"
#include "archive/unpack.h"
#include "base/path.h"

#define BYTES_MAX ((uint64_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct memory {
	const uint8_t *data;
	size_t len;
};

static ssize_t from_memory(void *data, void *buf, size_t size)
{
	struct memory *m = data;
	size_t n = MIN_OF(size, m->len);

	memcpy(buf, m->data, n);
	m->data += n;
	m->len -= n;
	return (ssize_t)n;
}

static char dir[] = "/tmp/hoy-fuzz-tar-XXXXXX";

static void remove_dir(void)
{
	(void)path_remove_tree(AT_FDCWD, dir, NULL);
}

static int top_dir(void)
{
	static int fd = -EBADF;

	if (fd >= 0)
		return fd;
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)umask(0);
	if (!mkdtemp(dir) || (fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	(void)atexit(remove_dir);
	return fd;
}

static size_t count_names(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	size_t n = 0;

	if (!d)
		abort();
	while ((e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static void one(int root, bool layer, struct memory m)
{
	struct err err = ERR_INIT;
	struct unpack u = {.root_fd = root,
			   .prefix = layer ? "" : "/in/link",
			   .layer = layer,
			   .keep_owner = layer,
			   .max_bytes = BYTES_MAX};
	cleanup(stream_free) struct stream *s = stream_new(from_memory, &m, false, &err);
	cleanup(pump_free) struct pump *p = s ? pump_new(s, true, &err) : NULL;
	cleanup(tar_free) struct tar *t = p ? tar_new(p, &err) : NULL;
	int r = t ? unpack(&u, t, &err) : -1;

	if (r < 0 && (err.code >= 0 || !err.msg[0]))
		abort(); /* a failure without a message */
}

static void pack_again(int root)
{
	struct err err = ERR_INIT;
	struct pack p = {.root_fd = root,
			 .path = "/",
			 .contents_only = true,
			 .layer = true,
			 .out_fd = memfd_create("out", MFD_CLOEXEC)};

	(void)pack(&p, &err);
	close(p.out_fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int top = top_dir(), root;
	struct stat st;

	if (size < 1)
		return 0;
	if (mkdirat(top, "root", 0755) < 0 || mkdirat(top, "root/in", 0755) < 0 ||
	    mkdirat(top, "root/target", 0755) < 0 || symlinkat("/target", top, "root/in/link") < 0)
		abort();
	root = openat(top, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	one(root, !(data[0] & 1), (struct memory){data + 1, size - 1});
	pack_again(root);
	close(root);
	if (path_remove_tree(top, "root", NULL) < 0 || fstat(top, &st) < 0 || st.st_nlink != 2)
		abort();
	if (count_names(top) != 0) /* nothing but root/ was ever made in it */
		abort();
	return 0;
}
