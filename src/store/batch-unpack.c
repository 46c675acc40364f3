// SPDX-License-Identifier: Apache-2.0
/*
 * Layers are shared between images and between processes that load at the same time. There is one
 * lock for each first byte of a diffID; a batch takes the locks of all its layers in ascending
 * order, so that two batches never wait for each other in a ring, and only then looks which layers
 * are missing. Those that are there get a pin in the same transaction, so that no removal takes
 * them away before our image holds them. The others are unpacked, as many at once as there are
 * CPUs.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "base/path.h"
#include "base/str.h"
#include "spec/digest.h"
#include "store/batch.h"

#define PARALLEL_MAX 16

/* ext4 makes a directory near its parent, and files near their directory, unless the parent says that
 * what is in it is unrelated: then each layer gets a region of the disk of its own. Two workers do not
 * meet in one then, and none searches for free inodes where an image was deleted just now. Other file
 * systems refuse the flag, and need none. */
static void spread_layers(int dirfd)
{
	int flags;

	if (ioctl(dirfd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_TOPDIR_FL;
	(void)ioctl(dirfd, FS_IOC_SETFLAGS, &flags);
}

static bool known(struct batch *b, const char *diff_id)
{
	for (size_t i = 0; i < b->work.n; i++)
		if (str_eq(JSON_AT(struct batch_work, &b->work, i)->layer->diff_id, diff_id))
			return true;
	return false;
}

static int collect_work(struct batch *b, struct err *err)
{
	for (size_t i = 0; i < b->images.n; i++) {
		const struct batch_image *img = JSON_AT(struct batch_image, &b->images, i);

		for (size_t k = 0; k < img->layers.n; k++) {
			const struct batch_layer *l = JSON_AT(struct batch_layer, &img->layers, k);
			struct batch_work *w;

			if (known(b, l->diff_id))
				continue;
			w = json_list_add(b->a, &b->work, sizeof(*w));
			if (!w)
				return err_oom(err);
			w->layer = l;
		}
	}
	return 0;
}

static int take_locks(struct batch *b, struct err *err)
{
	cleanup_fd int dir = path_open_dir(b->s->dirfd, "locks", 0700, err);
	bool wanted[BATCH_LOCKS] = {};
	char name[32];

	if (dir < 0)
		return dir;
	for (size_t i = 0; i < b->work.n; i++) {
		const char *hex =
			digest_hex(JSON_AT(struct batch_work, &b->work, i)->layer->diff_id);
		char byte[3] = {hex[0], hex[1], '\0'};

		wanted[strtoul(byte, NULL, 16)] = true;
	}
	for (size_t i = 0; i < BATCH_LOCKS; i++) {
		if (!wanted[i])
			continue;
		(void)snprintf(name, sizeof(name), "layer-%02zx", i);
		b->locks[i] = lock_take(dir, name, LOCK_EXCLUSIVE, err);
		if (b->locks[i] < 0)
			return b->locks[i];
	}
	return 0;
}

static int pin_present(struct batch *b, struct err *err)
{
	struct store *s = b->s;
	int r = db_begin(s, err);

	for (size_t i = 0; r >= 0 && i < b->work.n; i++) {
		struct batch_work *w = JSON_AT(struct batch_work, &b->work, i);
		sqlite3_stmt *q = db_query(s, err, "SELECT 1 FROM layer WHERE diff_id = ?", "s",
					   w->layer->diff_id);

		r = db_step(s, q, err);
		db_end(q);
		w->needed = r == 0;
		if (r > 0)
			r = db_exec(s, err, "INSERT OR IGNORE INTO pin (digest, job) VALUES (?, ?)",
				    "ss", w->layer->diff_id, b->tmp.name);
	}
	return db_finish(s, r < 0 ? r : 0, false, err);
}

static int start(struct batch *b, struct batch_work *w, size_t i, struct worker *worker,
		 struct err *err)
{
	struct worker_request req = {.job = WORKER_LAYER};
	cleanup_fd int in = batch_open_blob(b, w->layer->blob, err), dir = -EBADF;

	if (in < 0)
		return in;
	/* Ours, and hashed when it was written: a plain tar is its own diffID. */
	if (str_eq(w->layer->blob, w->layer->diff_id))
		req.flags |= WORKER_NO_HASH;
	/* The name decides on the region, see spread_layers(). */
	(void)snprintf(w->dir, sizeof(w->dir), "L%zu-%.8s", i, b->tmp.name);
	if (mkdirat(b->tmp.fd, w->dir, 0755) < 0 || fchmodat(b->tmp.fd, w->dir, 0755, 0) < 0)
		return err_sys(err, errno, "create %s/tmp/%s/%s", b->s->root, b->tmp.name, w->dir);
	dir = openat(b->tmp.fd, w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return err_sys(err, errno, "open %s/tmp/%s/%s", b->s->root, b->tmp.name, w->dir);
	return worker_start(worker, &req, in, dir, err);
}

static int end(struct batch_work *w, struct worker *worker, struct err *err)
{
	const struct batch_layer *l = w->layer;
	struct worker_reply reply;
	bool same = str_eq(l->blob, l->diff_id);
	int r;

	do
		r = worker_next(worker, &reply, err);
	while (r > 0);
	if (r < 0) {
		(void)err_prefix(err, "layer %.19s", l->diff_id);
		return r;
	}
	if (same ? reply.compressed != 0 : !str_eq(reply.digest, l->diff_id))
		return err_set(err, ERR_CORRUPT,
			       "layer %s: its content is %s, which is not what the image says",
			       l->diff_id, same ? "compressed" : reply.digest);
	w->size = (int64_t)MIN_OF(reply.size, (uint64_t)INT64_MAX);
	return 0;
}

static size_t n_cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);

	return (size_t)MIN_OF(MAX_OF(n, 1), PARALLEL_MAX);
}

struct slot {
	struct worker worker;
	struct batch_work *work; /* NULL: free */
};

/* Waits until one of the busy slots has something to say, and hears it to its end. */
static int end_one(struct slot *slots, size_t n, struct err *err)
{
	struct pollfd fds[PARALLEL_MAX];
	struct batch_work *w;

	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = slots[i].work ? slots[i].worker.sock : -1,
					 .events = POLLIN};
	while (poll(fds, n, -1) < 0)
		if (errno != EINTR)
			return err_sys(err, errno, "poll");
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents) {
			w = TAKE_PTR(slots[i].work);
			return end(w, &slots[i].worker, err);
		}
	return 0;
}

static int unpack_all(struct batch *b, struct slot *slots, size_t n, struct err *err)
{
	size_t next = 0, busy = 0;
	int r = 0;

	while (r == 0) {
		size_t i = 0;

		while (next < b->work.n && !JSON_AT(struct batch_work, &b->work, next)->needed)
			next++;
		if (next == b->work.n && busy == 0)
			break;
		if (next == b->work.n || busy == n) {
			r = end_one(slots, n, err);
			busy--;
			continue;
		}
		while (slots[i].work)
			i++;
		slots[i].work = JSON_AT(struct batch_work, &b->work, next);
		r = start(b, slots[i].work, next++, &slots[i].worker, err);
		busy++;
	}
	return r;
}

int batch_unpack(struct batch *b, struct err *err)
{
	struct slot slots[PARALLEL_MAX];
	size_t n = n_cpus();
	int r = collect_work(b, err);

	for (size_t i = 0; i < PARALLEL_MAX; i++)
		slots[i] = (struct slot){.worker = WORKER_INIT};
	if (r == 0)
		r = take_locks(b, err);
	if (r == 0)
		r = pin_present(b, err);
	spread_layers(b->tmp.fd);
	if (r == 0)
		r = unpack_all(b, slots, n, err);
	/* After a failure the others are killed: their directories are about to go. */
	for (size_t i = 0; i < PARALLEL_MAX; i++)
		worker_done(&slots[i].worker);
	return r;
}
