// SPDX-License-Identifier: Apache-2.0
#include "command/command.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define PATH_TEXT 64

bool command_path(const struct command *cmd, size_t i, char *out, size_t size)
{
	const char *s = cmd->paths ? cmd->paths : "";

	for (; i > 0 && s; i--) {
		s = strchr(s, '|');
		s = s ? s + 1 : NULL;
	}
	if (!s)
		return false;
	snprintf(out, size, "%.*s", (int)strcspn(s, "|"), s);
	return true;
}

void command_page(const struct command *cmd, char *out, size_t size)
{
	const char *s = cmd->paths ? strrchr(cmd->paths, '|') : NULL;

	snprintf(out, size, "%s", s ? s + 1 : cmd->paths ? cmd->paths : "");
}

const struct command *command_find(const struct command_program *p, const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; p->commands[i]; i++) {
		const char *s = p->commands[i]->paths;

		while (s) {
			if (strncmp(s, path, len) == 0 && (s[len] == '|' || !s[len]))
				return p->commands[i];
			s = strchr(s, '|');
			s = s ? s + 1 : NULL;
		}
	}
	return NULL;
}

const char *flag_metavar(const struct flag *f)
{
	if (f->metavar)
		return f->metavar;
	switch (f->type) {
	case FLAG_BOOL:
	case FLAG_OPT_BOOL:
		return "";
	case FLAG_INT:
	case FLAG_OPT_INT:
		return "int";
	case FLAG_UINT:
		return "uint16";
	case FLAG_LIST:
		return "list";
	case FLAG_MAP:
		return "map";
	case FLAG_STRING:
	case FLAG_PARSED:
		break;
	}
	return "string";
}

size_t command_flags(const struct command *cmd, struct flag out[FLAGS_MAX])
{
	const struct flag *next[1 + COMMAND_SHARED_MAX] = {cmd->flags};
	size_t at[1 + COMMAND_SHARED_MAX] = {}, n = 0;

	for (size_t i = 0; i < COMMAND_SHARED_MAX; i++) {
		next[i + 1] = cmd->shared[i].flags;
		at[i + 1] = cmd->shared[i].at;
	}
	while (n < FLAGS_MAX) {
		size_t first = ARRAY_SIZE(next);

		for (size_t i = 0; i < ARRAY_SIZE(next); i++)
			if (next[i] && next[i]->name &&
			    (first == ARRAY_SIZE(next) ||
			     strcmp(next[i]->name, next[first]->name) < 0))
				first = i;
		if (first == ARRAY_SIZE(next))
			break;
		out[n] = *next[first]++;
		out[n++].at += at[first];
	}
	return n;
}

const struct command *command_match(const struct command_program *p, char *const *words, size_t n,
				    size_t *used, char *path, size_t size)
{
	const struct command *found = NULL;
	char text[PATH_TEXT] = "";
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		const struct command *cmd;
		int more = snprintf(text + len, sizeof(text) - len, "%s%s", i ? " " : "", words[i]);

		if (more < 0 || (size_t)more >= sizeof(text) - len)
			break;
		len += (size_t)more;
		cmd = command_find(p, text);
		if (!cmd)
			break;
		found = cmd;
		*used = i + 1;
		snprintf(path, size, "%s", text);
		if (!(cmd->traits & COMMAND_GROUP))
			break;
	}
	return found;
}
