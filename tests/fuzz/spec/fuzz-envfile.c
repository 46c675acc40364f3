// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "spec/envfile.h"
#include "spec/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *environment[] = {(char *)"A=1", NULL};
	const char *text = (const char *)data;
	const struct user_files files = {text, size, text, size};
	struct user user;
	char **v;

	(void)envfile_parse(a, "f", text, size, environment, &v, NULL);
	(void)envfile_parse(a, "f", text, size, NULL, &v, NULL);
	(void)user_resolve(a, "app:wheel", &files, &user, NULL);
	(void)user_resolve(a, "7", &files, &user, NULL);
	return 0;
}
