// SPDX-License-Identifier: Apache-2.0
/* A directory to unpack in, and archives made in memory by our own writer (store/tarball.h). */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>

#include "archive/unpack.h"
#include "base/path.h"
#include "store/tarball.h"

#define assert_ok(err, call)                                                                       \
	do {                                                                                       \
		int r_ = (call);                                                                   \
		if (r_ < 0)                                                                        \
			fail_msg("%s: %d %s", #call, r_, (err)->msg);                              \
	} while (0)

struct fixture {
	char dir[64];
	int fd; /* dir/root */
	struct buf tar;
	struct err err;
	struct unpack u;
};

static inline int UNUSED fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	(void)umask(0);
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	strcpy(f->dir, "/tmp/hoy-test-archive-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	f->fd = path_open_dir(AT_FDCWD, f->dir, 0700, &f->err);
	if (mkdirat(f->fd, "root", 0755) < 0)
		return -1;
	close(f->fd);
	{
		char path[96];

		snprintf(path, sizeof(path), "%s/root", f->dir);
		f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	f->tar = BUF_INIT((size_t)64 << 20);
	*state = f;
	return 0;
}

static inline int UNUSED fixture_teardown(void **state)
{
	struct fixture *f = *state;

	if (!f)
		return 0;
	close(f->fd);
	buf_done(&f->tar);
	(void)path_remove_tree(AT_FDCWD, f->dir, NULL);
	free(f);
	return 0;
}

static inline void UNUSED put(struct fixture *f, struct tarball_entry e, const char *data)
{
	static const char zeros[TARBALL_BLOCK];

	if (data)
		e.size = strlen(data);
	if (!e.mode)
		e.mode = e.type == '5' ? 0755 : 0644;
	assert_ok(&f->err, tarball_header(&f->tar, &e, &f->err));
	if (data) {
		buf_add(&f->tar, data, e.size);
		buf_add(&f->tar, zeros, tarball_padding(e.size));
	}
}

static inline void UNUSED put_file(struct fixture *f, const char *name, const char *data)
{
	put(f, (struct tarball_entry){.name = name, .type = '0'}, data);
}

static inline void UNUSED put_dir(struct fixture *f, const char *name)
{
	put(f, (struct tarball_entry){.name = name, .type = '5'}, NULL);
}

static inline void UNUSED put_link(struct fixture *f, const char *name, char type, const char *to)
{
	put(f, (struct tarball_entry){.name = name, .type = type, .link = to}, NULL);
}

struct memory {
	const char *data;
	size_t len;
};

static inline ssize_t UNUSED from_memory(void *data, void *buf, size_t size)
{
	struct memory *m = data;
	size_t n = MIN_OF(size, m->len);

	memcpy(buf, m->data, n);
	m->data += n;
	m->len -= n;
	return (ssize_t)n;
}

/* Unpacks the archive made so far, as a layer unless f->u says otherwise. */
static inline int UNUSED run(struct fixture *f, bool layer)
{
	struct memory m = {f->tar.data ?: "", f->tar.len};
	cleanup(stream_free) struct stream *s = stream_new(from_memory, &m, false, &f->err);
	cleanup(pump_free) struct pump *p = s ? pump_new(s, false, &f->err) : NULL;
	cleanup(tar_free) struct tar *t = p ? tar_new(p, &f->err) : NULL;

	if (!t)
		return f->err.code;
	f->u.root_fd = f->fd;
	f->u.prefix = f->u.prefix ?: "";
	f->u.layer = layer;
	f->u.keep_owner |= layer;
	f->u.max_bytes = f->u.max_bytes ?: (uint64_t)1 << 40;
	return unpack(&f->u, t, &f->err);
}

#define archive_test(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
