// SPDX-License-Identifier: Apache-2.0
/*
 * ingest - an image archive's files, or one blob, become numbered files and digests.
 */
#pragma once

#include "archive/tar.h"
#include "store/worker.h"

typedef int ingest_member_fn(void *data, const struct worker_reply *member, struct err *err);

/* Each regular file becomes m0, m1, … in dirfd; links are told with their target. */
int ingest_archive(struct tar *t, int dirfd, ingest_member_fn *fn, void *data, struct err *err);
/* All of the pump's bytes become m<index>; digest and size go into *out. */
int ingest_blob(struct pump *p, int dirfd, uint32_t index, struct worker_reply *out,
		struct err *err);
