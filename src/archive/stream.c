// SPDX-License-Identifier: Apache-2.0
#include "archive/stream.h"

#include <isa-l/igzip_lib.h>
#include <string.h>
#include <zstd.h>

#include "store/worker.h"

#define IN_SIZE  ((size_t)256 << 10)
#define SNIFF    6
#define ZSTD_LOG 27 /* windows of 128 MiB at most, which is what `zstd --long` makes */

enum kind { PLAIN, GZIP, ZSTD };

struct stream {
	stream_read_fn *fn;
	void *data;
	enum kind kind;
	bool in_end;  /* no more input */
	bool between; /* not inside a gzip member or zstd frame: the end may come */
	bool done;
	uint64_t total_in, total_out;
	size_t pos, len; /* unread input is in[pos..len) */
	struct inflate_state inflate;
	ZSTD_DStream *zstd;
	uint8_t in[IN_SIZE];
};

ssize_t stream_from_fd(void *data, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(*(int *)data, buf, size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static int fill(struct stream *s, struct err *err)
{
	ssize_t n;

	if (s->pos > 0)
		memmove(s->in, s->in + s->pos, s->len - s->pos);
	s->len -= s->pos;
	s->pos = 0;
	n = s->fn(s->data, s->in + s->len, IN_SIZE - s->len);
	if (n < 0)
		return err_sys(err, (int)n, "read the archive");
	s->in_end = n == 0;
	s->len += (size_t)n;
	s->total_in += (uint64_t)n;
	return 0;
}

static int sniff(struct stream *s, struct err *err)
{
	static const struct {
		const char *magic, *name;
		size_t len;
	} refused[] = {{"BZh", "bzip2", 3},
		       {"\xfd"
			"7zXZ",
			"xz", 5}};
	int r = 0;

	while (r == 0 && s->len < SNIFF && !s->in_end)
		r = fill(s, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (s->len >= refused[i].len &&
		    memcmp(s->in, refused[i].magic, refused[i].len) == 0)
			return err_set(
				err, ERR_UNSUPPORTED,
				"archives compressed with %s are not supported (gzip and zstd are)",
				refused[i].name);
	if (s->len >= 3 && memcmp(s->in, "\x1f\x8b\x08", 3) == 0)
		s->kind = GZIP;
	else if (s->len >= 4 && memcmp(s->in, "\x28\xb5\x2f\xfd", 4) == 0)
		s->kind = ZSTD;
	return 0;
}

struct stream *stream_new(stream_read_fn *fn, void *data, bool raw, struct err *err)
{
	cleanup(stream_free) struct stream *s = calloc(1, sizeof(*s));

	if (!s) {
		(void)err_oom(err);
		return NULL;
	}
	s->fn = fn;
	s->data = data;
	if (!raw && sniff(s, err) < 0)
		return NULL;
	if (s->kind == GZIP) {
		isal_inflate_init(&s->inflate);
		s->inflate.crc_flag = ISAL_GZIP;
	} else if (s->kind == ZSTD) {
		s->zstd = ZSTD_createDStream();
		if (!s->zstd ||
		    ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ZSTD_LOG))) {
			(void)err_oom(err);
			return NULL;
		}
	}
	return TAKE_PTR(s);
}

void stream_free(struct stream *s)
{
	if (s)
		(void)ZSTD_freeDStream(s->zstd);
	free(s);
}

bool stream_is_compressed(const struct stream *s)
{
	return s->kind != PLAIN;
}

static ssize_t read_plain(struct stream *s, uint8_t *buf, size_t size, struct err *err)
{
	size_t done = MIN_OF(size, s->len - s->pos);

	memcpy(buf, s->in + s->pos, done);
	s->pos += done;
	while (done < size && !s->in_end) {
		ssize_t n = s->fn(s->data, buf + done, size - done);

		if (n < 0)
			return err_sys(err, (int)n, "read the archive");
		s->in_end = n == 0;
		s->total_in += (uint64_t)n;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Between two gzip members: another one, padding, or the end. */
static int next_member(struct stream *s, struct err *err)
{
	while (s->len - s->pos < 2 && !s->in_end) {
		int r = fill(s, err);

		if (r < 0)
			return r;
	}
	if (s->len - s->pos >= 2 && s->in[s->pos] == 0x1f && s->in[s->pos + 1] == 0x8b) {
		isal_inflate_reset(&s->inflate);
		s->inflate.crc_flag = ISAL_GZIP;
		s->between = false;
		return 0;
	}
	while (s->pos < s->len || !s->in_end) {
		int r;

		for (; s->pos < s->len; s->pos++)
			if (s->in[s->pos])
				return err_set(err, ERR_CORRUPT, "garbage after the gzip stream");
		r = fill(s, err);
		if (r < 0)
			return r;
	}
	s->done = true;
	return 0;
}

static int inflate_some(struct stream *s, uint8_t *buf, size_t size, size_t *done, struct err *err)
{
	struct inflate_state *z = &s->inflate;
	int rc;

	z->next_in = s->in + s->pos;
	z->avail_in = (uint32_t)(s->len - s->pos);
	z->next_out = buf + *done;
	z->avail_out = (uint32_t)(size - *done);
	rc = isal_inflate(z);
	s->pos = s->len - z->avail_in;
	*done = size - z->avail_out;
	if (rc != ISAL_DECOMP_OK && rc != ISAL_END_INPUT && rc != ISAL_OUT_OVERFLOW)
		return err_set(err, ERR_CORRUPT,
			       rc == ISAL_INCORRECT_CHECKSUM ? "the gzip stream's checksum is wrong"
							     : "the gzip stream is damaged");
	s->between = z->block_state == ISAL_BLOCK_FINISH;
	return 0;
}

static int unzstd_some(struct stream *s, uint8_t *buf, size_t size, size_t *done, struct err *err)
{
	ZSTD_inBuffer in = {s->in, s->len, s->pos};
	ZSTD_outBuffer out = {buf, size, *done};
	size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);

	s->pos = in.pos;
	*done = out.pos;
	if (ZSTD_isError(rc))
		return err_set(err, ERR_CORRUPT, "the zstd stream is damaged: %s",
			       ZSTD_getErrorName(rc));
	s->between = rc == 0;
	return 0;
}

static ssize_t read_packed(struct stream *s, uint8_t *buf, size_t size, struct err *err)
{
	size_t done = 0;
	int r = 0;

	while (r == 0 && done < size && !s->done) {
		size_t before = done;

		if (s->kind == GZIP && s->between) {
			r = next_member(s, err);
			continue;
		}
		if (s->pos == s->len && !s->in_end)
			r = fill(s, err);
		if (r == 0 && s->kind == ZSTD && s->between && s->pos == s->len && s->in_end) {
			s->done = true;
			break;
		}
		if (r == 0)
			r = s->kind == GZIP ? inflate_some(s, buf, size, &done, err)
					    : unzstd_some(s, buf, size, &done, err);
		/* No input left and nothing comes out: the rest is missing. */
		if (r == 0 && done == before && s->pos == s->len && s->in_end && !s->between)
			r = err_set(err, ERR_CORRUPT, "the compressed stream ends too early");
	}
	return r < 0 ? r : (ssize_t)done;
}

ssize_t stream_read(struct stream *s, void *buf, size_t size, struct err *err)
{
	ssize_t n;

	if (s->kind == PLAIN)
		return read_plain(s, buf, size, err);
	n = read_packed(s, buf, size, err);
	if (n > 0)
		s->total_out += (uint64_t)n;
	if (s->total_out > WORKER_RATIO_FROM && s->total_out / WORKER_RATIO_MAX > s->total_in)
		return err_set(err, ERR_TOO_LARGE,
			       "the archive expands to more than %d times its size",
			       WORKER_RATIO_MAX);
	return n;
}
