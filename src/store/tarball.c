// SPDX-License-Identifier: Apache-2.0
#include "store/tarball.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define RECORDS_MAX ((size_t)1 << 20) /* what readers accept of one header */

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == TARBALL_BLOCK, "a tar header is one block");

static bool plain(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n > max)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return false;
	return true;
}

/* "LEN KEY=VALUE\n", where LEN counts itself. */
static void record(struct buf *b, const char *key, const void *value, size_t size)
{
	size_t len = strlen(key) + size + 3, digits = 1, total;
	char text[32];

	for (;;) {
		total = len + digits;
		size_t need = (size_t)snprintf(text, sizeof(text), "%zu", total);

		if (need == digits)
			break;
		digits = need;
	}
	buf_printf(b, "%zu %s=", total, key);
	buf_add(b, value, size);
	buf_putc(b, '\n');
}

static void number_record(struct buf *b, const char *key, uint64_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	record(b, key, text, strlen(text));
}

static void time_record(struct buf *b, int64_t ns)
{
	int64_t sec = ns / NS_PER_SEC, rest = ns % NS_PER_SEC;
	char text[64];
	size_t n;

	if (rest < 0) {
		sec--;
		rest += NS_PER_SEC;
	}
	/* -1.25 s is sec -2, rest .75 */
	if (sec < 0 && rest) {
		sec++;
		rest = NS_PER_SEC - rest;
		(void)snprintf(text, sizeof(text), "%s%" PRId64 ".%09" PRId64, sec == 0 ? "-" : "",
			       sec, rest);
	} else {
		(void)snprintf(text, sizeof(text), "%" PRId64 ".%09" PRId64, sec, rest);
	}
	n = strlen(text);
	while (text[n - 1] == '0')
		n--;
	if (text[n - 1] == '.')
		n--;
	record(b, "mtime", text, n);
}

#define OCT7  UINT64_C(07777777)
#define OCT11 UINT64_C(077777777777)

static void records(struct buf *b, const struct tarball_entry *e)
{
	char key[300];

	if (!plain(e->name, 100))
		record(b, "path", e->name, strlen(e->name));
	if (e->link && !plain(e->link, 100))
		record(b, "linkpath", e->link, strlen(e->link));
	if (e->uid > OCT7)
		number_record(b, "uid", e->uid);
	if (e->gid > OCT7)
		number_record(b, "gid", e->gid);
	if (e->size > OCT11)
		number_record(b, "size", e->size);
	if (e->mtime < 0 || e->mtime % NS_PER_SEC || (uint64_t)(e->mtime / NS_PER_SEC) > OCT11)
		time_record(b, e->mtime);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		(void)snprintf(key, sizeof(key), "SCHILY.xattr.%s", e->xattrs[i].name);
		record(b, key, e->xattrs[i].value, e->xattrs[i].size);
	}
}

static void octal(char *field, size_t size, uint64_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%0*" PRIo64, (int)size - 1, n);
	memcpy(field, text, size);
}

static void put_text(char *field, size_t size, const char *s)
{
	memcpy(field, s, strnlen(s, size));
}

static void block(struct buf *b, const struct tarball_entry *e)
{
	struct ustar h = {.type = e->type, .magic = "ustar", .version = {'0', '0'}};
	const unsigned char *bytes = (const unsigned char *)&h;
	unsigned sum = 0;
	char text[8];

	put_text(h.name, sizeof(h.name), e->name);
	put_text(h.link, sizeof(h.link), e->link ?: "");
	octal(h.mode, sizeof(h.mode), e->mode & 07777);
	octal(h.uid, sizeof(h.uid), e->uid > OCT7 ? 0 : e->uid);
	octal(h.gid, sizeof(h.gid), e->gid > OCT7 ? 0 : e->gid);
	octal(h.size, sizeof(h.size), e->size > OCT11 ? 0 : e->size);
	octal(h.mtime, sizeof(h.mtime),
	      e->mtime < 0 || (uint64_t)(e->mtime / NS_PER_SEC) > OCT11
		      ? 0
		      : (uint64_t)(e->mtime / NS_PER_SEC));
	octal(h.major, sizeof(h.major), e->major & OCT7);
	octal(h.minor, sizeof(h.minor), e->minor & OCT7);
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += bytes[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h.checksum, text, 7); /* six digits, NUL, and the blank that is there */
	buf_add(b, &h, sizeof(h));
}

int tarball_header(struct buf *b, const struct tarball_entry *e, struct err *err)
{
	cleanup(buf_done) struct buf pax = BUF_INIT(RECORDS_MAX);
	static const char zeros[TARBALL_BLOCK];

	records(&pax, e);
	if (pax.failed)
		return err_set(err, ERR_TOO_LARGE,
			       "%s: names and attributes do not fit a tar header", e->name);
	if (pax.len > 0) {
		block(b, &(struct tarball_entry){.name = "PaxHeaders.0/header",
						 .type = 'x',
						 .mode = 0644,
						 .size = pax.len});
		buf_add(b, pax.data, pax.len);
		buf_add(b, zeros, tarball_padding(pax.len));
	}
	block(b, e);
	return buf_check(b, err);
}
