// SPDX-License-Identifier: Apache-2.0
/*
 * worker - one job for hoy-archive, the confined program that parses what strangers made.
 *
 * A job is one process. It is started with a packet socket as fd 3, over which it gets one struct
 * worker_request with two fds, and answers with struct worker_reply packets: any number of
 * WORKER_MEMBER and then one WORKER_DONE or WORKER_FAILED. It dies with whoever started it. Before
 * it looks at the first hostile byte it has pivoted into the directory given and dropped what it
 * does not need (archive/confine.h), so a job can harm nothing but that directory.
 *
 * The fds: [0] the stream (read for INGEST, LAYER, UNPACK, HASH; written for PACK, DIFF), [1] a
 * directory, opened for this job alone (a lock on it must not be shared).
 *
 * Both ends are of one build, so the structs travel as they are; the magic says so.
 */
#pragma once

#include <limits.h>
#include <stdint.h>

#include "base/err.h"
#include "base/proc.h"

#define WORKER_MAGIC    UINT32_C(0x686f7931)
#define WORKER_DIGEST   72 /* "sha256:" + 64 + NUL */
#define WORKER_NAME_MAX 1024
#define WORKER_FD       3

/* Bounds of one job; a stranger's archive that passes one of them is refused. */
#define WORKER_MEMBERS_MAX 20000               /* files of an image archive */
#define WORKER_ENTRIES_MAX UINT64_C(5000000)   /* of one layer */
#define WORKER_BYTES_MAX   (UINT64_C(1) << 40) /* of one layer's files, holes included */
#define WORKER_RATIO_MAX   1000                /* decompressed to compressed … */
#define WORKER_RATIO_FROM  (UINT64_C(1) << 30) /* … beyond this many bytes */

enum worker_job {
	WORKER_INGEST, /* an image archive's files become DIR/m0, m1, … : one MEMBER each */
	WORKER_BLOB,   /* the stream as it is becomes DIR/m<index> */
	WORKER_LAYER,  /* a layer's tar is unpacked in DIR, whiteouts as overlay wants them */
	WORKER_UNPACK, /* a tar is unpacked at `path` in DIR */
	WORKER_PACK,   /* `path` in DIR becomes a tar */
	WORKER_DIFF,   /* an overlay's upper directory becomes a layer's tar */
	WORKER_HASH,   /* the stream's digest */
};

enum worker_flags {
	WORKER_KEEP_OWNER = 1 << 0,
	WORKER_NO_OVERWRITE = 1 << 1, /* a directory by something else, or the reverse */
	WORKER_CONTENTS_ONLY = 1 << 2,
	WORKER_FOLLOW = 1 << 3,
	WORKER_RESET_OWNER = 1 << 4,
	WORKER_ONE_FILESYSTEM = 1 << 5,
	WORKER_NO_HASH = 1 << 6, /* LAYER: the caller knows the stream's digest */
	WORKER_INFLATE = 1 << 7, /* HASH: of what the stream contains when it is compressed */
};

struct worker_request {
	uint32_t magic, job, flags;
	uint32_t uid, gid, ids; /* PACK: owners from uid and gid on, so many, are 0, 1, … */
	uint32_t index;
	uint32_t rename_set;
	uint64_t max_bytes; /* 0: WORKER_BYTES_MAX */
	char path[PATH_MAX];
	char rename[NAME_MAX + 1];
};

enum worker_reply_type { WORKER_MEMBER, WORKER_DONE, WORKER_FAILED };

struct worker_reply {
	uint32_t magic, type;
	int32_t kind, code;  /* FAILED: as in struct err */
	uint32_t index;      /* MEMBER: of its file m<index> */
	uint32_t compressed; /* LAYER, UNPACK: the stream was */
	uint64_t size, entries;
	char digest[WORKER_DIGEST]; /* of the file, or of the uncompressed stream */
	char name[WORKER_NAME_MAX]; /* MEMBER */
	char link[WORKER_NAME_MAX]; /* MEMBER: "" or the target, a link's own words */
	char msg[sizeof(((struct err *)NULL)->msg)]; /* FAILED */
};

struct worker {
	struct proc proc;
	int sock;
};
#define WORKER_INIT                                                                                \
	(struct worker)                                                                            \
	{                                                                                          \
		.proc = {.pid = -1, .pidfd = -EBADF}, .sock = -EBADF                               \
	}

/* The fds stay the caller's. */
int worker_start(struct worker *w, const struct worker_request *req, int stream_fd, int dir_fd,
		 struct err *err);
/* 1: a MEMBER, 0: DONE (the worker is reaped), negative: it failed or died. */
int worker_next(struct worker *w, struct worker_reply *reply, struct err *err);
/* Kills one that still works; fine for one that ended. */
void worker_done(struct worker *w);
DEFINE_CLEANUP_VALUE(struct worker, worker_done)
/* A job without members, from start to end. */
int worker_run(const struct worker_request *req, int stream_fd, int dir_fd,
	       struct worker_reply *reply, struct err *err);
