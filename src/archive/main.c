// SPDX-License-Identifier: Apache-2.0
/*
 * hoy-archive: one job of store/worker.h, told over fd 3, and then the end.
 *
 * A failure is answered at once, before anything is torn down: the thread that reads ahead may wait
 * in a read that never ends, and the process exits anyway.
 */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/confine.h"
#include "archive/ingest.h"
#include "archive/pack.h"
#include "archive/unpack.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/sock.h"
#include "base/userns.h"

struct job {
	struct worker_request req;
	int fds[2]; /* the stream, the directory */
	int root_fd;
	bool in_userns;
	struct stream *stream;
	struct pump *pump;
	struct tar *tar;
	struct worker_reply reply;
};

static int answer(void *data UNUSED, const struct worker_reply *reply, struct err *err)
{
	struct worker_reply copy = *reply;
	int r;

	copy.magic = WORKER_MAGIC;
	r = sock_send(WORKER_FD, &copy, sizeof(copy), NULL, 0);
	return r < 0 ? err_sys(err, r, "answer") : 0;
}

static NORETURN void finish(struct job *job, int r, const struct err *err)
{
	job->reply.type = r < 0 ? WORKER_FAILED : WORKER_DONE;
	if (r < 0) {
		job->reply.kind = (int32_t)err->kind;
		job->reply.code = err->code;
		memcpy(job->reply.msg, err->msg, sizeof(job->reply.msg));
	}
	r = answer(NULL, &job->reply, NULL);
	_exit(r < 0 ? 1 : 0);
}

static int open_pump(struct job *job, bool raw, bool hash, struct err *err)
{
	job->stream = stream_new(stream_from_fd, &job->fds[0], raw, err);
	if (!job->stream)
		return err->code;
	job->pump = pump_new(job->stream, hash, err);
	return job->pump ? 0 : err->code;
}

static int open_tar(struct job *job, bool hash, struct err *err)
{
	int r = open_pump(job, false, hash, err);

	if (r < 0)
		return r;
	job->tar = tar_new(job->pump, err);
	return job->tar ? 0 : err->code;
}

static int job_ingest(struct job *job, struct err *err)
{
	int r = open_tar(job, false, err);

	return r < 0 ? r : ingest_archive(job->tar, job->root_fd, answer, NULL, err);
}

static int job_blob(struct job *job, struct err *err)
{
	int r = open_pump(job, true, true, err);

	return r < 0 ? r : ingest_blob(job->pump, job->root_fd, job->req.index, &job->reply, err);
}

static int job_hash(struct job *job, struct err *err)
{
	int r = open_pump(job, !(job->req.flags & WORKER_INFLATE), true, err);

	return r < 0 ? r : pump_finish(job->pump, job->reply.digest, err);
}

static int job_unpack(struct job *job, struct err *err)
{
	bool layer = job->req.job == WORKER_LAYER;
	struct unpack u = {
		.root_fd = job->root_fd,
		.prefix = layer ? "" : job->req.path,
		.layer = layer,
		.keep_owner = layer || job->req.flags & WORKER_KEEP_OWNER,
		.uid = job->req.uid,
		.gid = job->req.gid,
		.no_overwrite = job->req.flags & WORKER_NO_OVERWRITE,
		.in_userns = job->in_userns,
		.max_bytes = job->req.max_bytes ?: WORKER_BYTES_MAX,
	};
	int r = open_tar(job, layer && !(job->req.flags & WORKER_NO_HASH), err);

	if (r == 0)
		r = unpack(&u, job->tar, err);
	if (r == 0)
		r = pump_finish(job->pump, job->reply.digest, err);
	job->reply.size = u.bytes;
	job->reply.entries = u.entries;
	job->reply.compressed = job->stream && stream_is_compressed(job->stream);
	return r;
}

static int job_pack(struct job *job, struct err *err)
{
	bool layer = job->req.job == WORKER_DIFF;
	struct pack p = {
		.root_fd = job->root_fd,
		.path = layer ? "/" : job->req.path,
		.rename = job->req.rename_set ? job->req.rename : NULL,
		.contents_only = layer || job->req.flags & WORKER_CONTENTS_ONLY,
		.uid = job->req.uid,
		.gid = job->req.gid,
		.ids = layer ? 0 : job->req.ids,
		.follow_link = job->req.flags & WORKER_FOLLOW,
		.reset_owner = job->req.flags & WORKER_RESET_OWNER,
		.one_filesystem = job->req.flags & WORKER_ONE_FILESYSTEM,
		.layer = layer,
		.out_fd = job->fds[0],
		.hash = layer ? hash_new() : NULL,
	};
	int r;

	if (layer && !p.hash)
		return err_oom(err);
	r = pack(&p, err);
	if (r == 0 && p.hash)
		r = hash_text(p.hash, job->reply.digest, err);
	job->reply.size = p.bytes;
	job->reply.entries = p.entries;
	return r;
}

static int (*const jobs[])(struct job *, struct err *) = {
	[WORKER_INGEST] = job_ingest, [WORKER_BLOB] = job_blob, [WORKER_LAYER] = job_unpack,
	[WORKER_UNPACK] = job_unpack, [WORKER_PACK] = job_pack, [WORKER_DIFF] = job_pack,
	[WORKER_HASH] = job_hash,
};

static int receive(struct job *job, struct err *err)
{
	size_t n = ARRAY_SIZE(job->fds);
	ssize_t len = sock_recv(WORKER_FD, &job->req, sizeof(job->req), job->fds, &n);

	if (len != (ssize_t)sizeof(job->req) || n != ARRAY_SIZE(job->fds) ||
	    job->req.magic != WORKER_MAGIC || job->req.job >= ARRAY_SIZE(jobs))
		return err_set(err, ERR_INVALID, "not a request of this version");
	job->req.path[sizeof(job->req.path) - 1] = '\0';
	job->req.rename[sizeof(job->req.rename) - 1] = '\0';
	return 0;
}

/* What must be loaded while the host's files can still be seen. */
static int prepare(struct job *job, struct err *err)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return err_set(err, ERR_UNSUPPORTED, "the C library has no locale C.UTF-8");
	(void)umask(0);
	(void)signal(SIGPIPE, SIG_IGN);
	job->in_userns = !userns_is_initial();
	if (hash_load(err) < 0)
		return err->code;
	if (confine(job->fds[1], err) < 0)
		return err->code;
	/* The directory's own fd looks past the root; only the way through "/" stays. */
	fd_close(TAKE_FD(job->fds[1]));
	job->root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return job->root_fd < 0 ? err_sys(err, errno, "open the root") : 0;
}

int main(void)
{
	static struct job job = {.fds = {-EBADF, -EBADF}, .root_fd = -EBADF};
	struct err err = ERR_INIT;
	int r;

	if (fd_guard_stdio() < 0 || fcntl(WORKER_FD, F_GETFD) < 0)
		return 125;
	r = receive(&job, &err);
	if (r == 0)
		r = prepare(&job, &err);
	if (r == 0)
		r = jobs[job.req.job](&job, &err);
	finish(&job, r, &err);
}
