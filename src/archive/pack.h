// SPDX-License-Identifier: Apache-2.0
/*
 * pack - a directory tree becomes a tar, the same bytes for the same tree.
 *
 * Entries are sorted by name; a file with several names is written once, the others are hard links
 * to it; sockets are left out. Files are never opened before they are known to be regular: a FIFO
 * would block, a device would act.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "archive/hash.h"

struct pack {
	int root_fd;
	const char *path;   /* as seen in the root */
	const char *rename; /* NULL: the path's own last component */
	bool contents_only, follow_link, reset_owner, one_filesystem;
	uint32_t uid, gid, ids; /* ids not 0: owners are told as the user namespace has them */
	bool layer;             /* an overlay's upper directory: whiteouts become .wh. files */
	int out_fd;
	struct hash *hash; /* of all that is written; NULL: none */

	uint64_t bytes, entries; /* out: bytes written, entries */
};

int pack(struct pack *p, struct err *err);
