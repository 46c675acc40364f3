// SPDX-License-Identifier: Apache-2.0
/*
 * tarball - writing tar headers: POSIX ustar, with PAX records where ustar cannot say it.
 *
 * The same entries give the same bytes. Sub-second times, long names, big numbers, names that are
 * not ASCII and extended attributes (SCHILY.xattr.NAME, as GNU tar and Docker write them) are PAX
 * records. Source: POSIX.1-2017 pax, "pax Interchange Format".
 *
 *   r = tarball_header(&b, &(struct tarball_entry){.name = "a", .type = '0', .mode = 0644, .size =
 * n}, err); …write b, then n bytes of data, then tarball_padding(n) zeros; at the end TARBALL_END
 * zeros…
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define TARBALL_BLOCK 512
#define TARBALL_END   1024

struct tarball_xattr {
	const char *name;
	const void *value;
	size_t size;
};

struct tarball_entry {
	const char *name; /* relative; directories end in a slash */
	const char *link; /* of types '1' and '2' */
	char type; /* '0' file, '1' hard link, '2' link, '3' char, '4' block, '5' dir, '6' FIFO */
	uint32_t mode, uid, gid;
	uint64_t size; /* of type '0' only */
	int64_t mtime; /* nanoseconds */
	uint32_t major, minor;
	const struct tarball_xattr *xattrs;
	size_t n_xattrs;
};

int tarball_header(struct buf *b, const struct tarball_entry *e, struct err *err);
static inline size_t tarball_padding(uint64_t size)
{
	return (TARBALL_BLOCK - size % TARBALL_BLOCK) % TARBALL_BLOCK;
}
