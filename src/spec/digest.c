// SPDX-License-Identifier: Apache-2.0
#include "spec/digest.h"

#include "base/str.h"

static const struct {
	const char *prefix;
	size_t hex_len;
} algorithms[] = {
	{"sha256:", 64},
	{"sha384:", 96},
	{"sha512:", 128},
};

int digest_check(const char *s, struct err *err)
{
	const char *colon = strchr(s, ':');

	if (!colon || colon == s || !colon[1])
		return err_set(err, ERR_INVALID, "invalid checksum digest format");
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++) {
		const char *hex = str_after(s, algorithms[i].prefix);

		if (!hex)
			continue;
		if (strlen(hex) != algorithms[i].hex_len)
			return err_set(err, ERR_INVALID, "invalid checksum digest length");
		if (!str_is_hex(hex, algorithms[i].hex_len))
			return err_set(err, ERR_INVALID, "invalid checksum digest format");
		return 0;
	}
	return err_set(err, ERR_INVALID, "unsupported digest algorithm");
}

bool digest_is_valid(const char *s)
{
	return digest_check(s, NULL) == 0;
}

const char *digest_hex(const char *s)
{
	return strchrnul(s, ':') + (strchr(s, ':') ? 1 : 0);
}

bool digest_is_sha256(const char *s)
{
	const char *hex = str_after(s, "sha256:");

	return hex && strlen(hex) == 64 && str_is_hex(hex, 64);
}
