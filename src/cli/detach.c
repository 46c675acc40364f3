// SPDX-License-Identifier: Apache-2.0
#include "cli/detach.h"

#include <string.h>

#include "base/str.h"

/* "a", "ctrl-a" … "ctrl-z", "ctrl-@ [ \ ] ^ _": the byte, or -1. */
static int key_byte(const char *s, size_t len)
{
	if (len == 1)
		return (unsigned char)*s;
	if (len != 6 || strncmp(s, "ctrl-", 5) != 0)
		return -1;
	if (s[5] >= 'a' && s[5] <= 'z')
		return s[5] - 'a' + 1;
	return memchr("@[\\]^_", s[5], 6) ? s[5] & 0x1f : -1;
}

int detach_parse(const char *s, struct detach *d, struct err *err)
{
	const char *key = s;

	*d = (struct detach){};
	while (*key) {
		size_t len = strcspn(key, ",");
		int byte = len == 0 && *key == ',' ? ',' : key_byte(key, len);

		if (byte < 0 || d->n == DETACH_KEYS_MAX)
			return err_set(err, ERR_INVALID, "invalid detach keys (%s) provided", s);
		d->keys[d->n++] = (char)byte;
		key += len + (key[len] == ',');
	}
	return 0;
}

size_t detach_feed(struct detach *d, const char *in, size_t len, char *out, bool *detached)
{
	size_t n = 0;

	*detached = false;
	for (size_t i = 0; i < len; i++) {
		if (d->n && in[i] == d->keys[d->held]) {
			if (++d->held == d->n) {
				d->held = 0;
				*detached = true;
				break;
			}
			continue;
		}
		memcpy(out + n, d->keys, d->held);
		n += d->held;
		d->held = 0;
		if (d->n && in[i] == d->keys[0]) {
			d->held = 1;
			if (d->n == 1) {
				d->held = 0;
				*detached = true;
				break;
			}
			continue;
		}
		out[n++] = in[i];
	}
	return n;
}
