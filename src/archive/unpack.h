// SPDX-License-Identifier: Apache-2.0
/*
 * unpack - a tar's entries become files below a directory, by system calls of our own.
 *
 * Every name is resolved with openat2(RESOLVE_IN_ROOT), so that this is safe even without the
 * worker's confinement: links inside lead inside. A ".." in a name is refused; a leading "/" means
 * the root. Hard links lead only to what is below the root. Extended attributes: user.*,
 * security.capability and POSIX ACLs; never user.overlay.*, trusted.*, security labels of the host.
 *
 * In a layer, .wh.NAME becomes the device 0:0 and .wh..wh..opq the attribute user.overlay.opaque=y
 * of its directory, as overlayfs mounted with userxattr reads them.
 */
#pragma once

#include "archive/tar.h"

struct unpack {
	int root_fd;
	const char *prefix; /* everything goes below this directory of the root; "" is the root */
	bool layer;
	bool keep_owner;
	uint32_t uid, gid;
	bool no_overwrite;
	bool in_userns; /* not the host's: devices are left out, and not every owner is possible */
	uint64_t max_bytes;

	uint64_t bytes, entries; /* out */
};

int unpack(struct unpack *u, struct tar *t, struct err *err);
