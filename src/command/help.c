// SPDX-License-Identifier: Apache-2.0
/*
 * Docker prints flags with pflag's FlagUsagesWrapped(width - 1): two columns, the second one
 * wrapped at spaces, where a line may overrun by five columns rather than leave a short last line
 * alone. The arithmetic below keeps to that, so that the two outputs can be compared line by line.
 */
#include "command/help.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/str.h"

#define PATH_TEXT    64
#define SLOP         5  /* columns by which the last line may overrun */
#define NARROWEST    24 /* a text column narrower than this moves below its flag */
#define BLOCK_INDENT 16

static void spaces(struct buf *b, size_t n)
{
	buf_printf(b, "%*s", (int)n, "");
}

/* How much of s goes on a line of `width`; what follows starts at *next. */
static size_t cut(const char *s, size_t width, const char **next)
{
	size_t len = strlen(s), at = 0, newline = 0;

	*next = s + len;
	if (width + SLOP > len)
		return len;
	for (size_t i = 1; i < width; i++) {
		if (strchr(" \t\n", s[i]))
			at = i;
		if (s[i] == '\n')
			newline = i;
	}
	if (at == 0)
		return len;
	if (newline > 0 && newline < at)
		at = newline;
	*next = s + at + 1;
	return at;
}

static void put_indented(struct buf *b, const char *s, size_t len, size_t indent)
{
	for (size_t i = 0; i < len; i++) {
		buf_putc(b, s[i]);
		if (s[i] == '\n')
			spaces(b, indent);
	}
}

static void wrap(struct buf *b, const char *s, size_t indent, int width)
{
	int room = width - (int)indent;
	bool first = true;

	if (room < NARROWEST) {
		indent = BLOCK_INDENT;
		room = width - BLOCK_INDENT;
		buf_putc(b, '\n');
		spaces(b, indent);
	}
	if (room < NARROWEST) {
		put_indented(b, s, strlen(s), indent);
		return;
	}
	while (*s) {
		const char *next;
		size_t len = cut(s, (size_t)(room - SLOP), &next);

		if (!first) {
			buf_putc(b, '\n');
			spaces(b, indent);
		}
		put_indented(b, s, len, indent);
		first = false;
		s = next;
	}
}

static size_t flag_width(const struct flag *f)
{
	const char *metavar = flag_metavar(f);

	return 8 + strlen(f->name) + (*metavar ? 1 + strlen(metavar) : 0);
}

static void flag_text(struct buf *b, const struct flag *f)
{
	bool quoted = f->type == FLAG_STRING || (f->type == FLAG_PARSED && !f->metavar);

	buf_puts(b, f->help);
	if (!f->def || str_eq(f->def, "") || str_eq(f->def, "false"))
		return;
	buf_printf(b, quoted ? " (default \"%s\")" : " (default %s)", f->def);
}

static void put_flags(struct buf *b, const struct flag *flags, size_t n, int width)
{
	size_t widest = 0;

	for (size_t i = 0; i < n; i++)
		if (!(flags[i].flags & FLAG_HIDDEN))
			widest = MAX_OF(widest, flag_width(&flags[i]));
	for (size_t i = 0; i < n; i++) {
		const struct flag *f = &flags[i];
		cleanup(buf_done) struct buf text = BUF_INIT(HELP_MAX);
		const char *metavar = flag_metavar(f);

		if (f->flags & FLAG_HIDDEN)
			continue;
		if (f->letter)
			buf_printf(b, "  -%c, ", f->letter);
		else
			buf_puts(b, "      ");
		buf_printf(b, "--%s%s%s", f->name, *metavar ? " " : "", metavar);
		spaces(b, widest - flag_width(f) + 3);
		flag_text(&text, f);
		wrap(b, text.data ? text.data : "", widest + 3, width - 1);
		buf_putc(b, '\n');
	}
}

void help_usage(struct buf *b, const struct command *cmd, const char *name, const char *path)
{
	const char *s = cmd->usage ? cmd->usage : "";
	const char *lead = "Usage:  ";

	while (s) {
		const char *newline = strchr(s, '\n');
		size_t len = newline ? (size_t)(newline - s) : strlen(s);

		buf_printf(b, "%s%s%s%s%s%.*s\n", lead, name, *path ? " " : "", path,
			   len ? " " : "", (int)len, s);
		lead = "\t";
		s = newline ? newline + 1 : NULL;
	}
}

static void put_aliases(struct buf *b, const struct command *cmd, const char *name)
{
	char path[PATH_TEXT];

	if (!cmd->paths || !strchr(cmd->paths, '|'))
		return;
	buf_puts(b, "\nAliases:\n");
	for (size_t i = 0; command_path(cmd, i, path, sizeof(path)); i++)
		buf_printf(b, "%s%s %s", i ? ", " : "  ", name, path);
	buf_putc(b, '\n');
}

void help_command(struct buf *b, const struct command *cmd, const char *name, const char *path,
		  int width)
{
	struct flag flags[FLAGS_MAX];
	size_t n = command_flags(cmd, flags), visible = 0;

	for (size_t i = 0; i < n; i++)
		visible += !(flags[i].flags & FLAG_HIDDEN);
	help_usage(b, cmd, name, path);
	buf_printf(b, "\n%s\n", cmd->summary);
	if (cmd->details)
		buf_printf(b, "\n%s\n", cmd->details);
	put_aliases(b, cmd, name);
	if (visible) {
		buf_puts(b, "\nOptions:\n");
		put_flags(b, flags, n, width);
	}
}

/* The rows directly below a group, by the name they have there, sorted. */
struct entry {
	const struct command *cmd;
	char name[PATH_TEXT];
};
#define ENTRIES_MAX 128

static size_t entries(const struct command_program *p, const char *group, struct entry *out)
{
	size_t n = 0, prefix = strlen(group);

	for (size_t i = 0; p->commands[i]; i++) {
		char path[PATH_TEXT];

		if (p->commands[i]->traits & COMMAND_HIDDEN)
			continue;
		for (size_t k = 0; command_path(p->commands[i], k, path, sizeof(path)); k++) {
			const char *name = path;
			size_t at;

			if (prefix && (strncmp(path, group, prefix) != 0 || path[prefix] != ' '))
				continue;
			name += prefix ? prefix + 1 : 0;
			if (strchr(name, ' ') || n == ENTRIES_MAX)
				continue;
			for (at = n; at > 0 && strcmp(out[at - 1].name, name) > 0; at--)
				out[at] = out[at - 1];
			out[at].cmd = p->commands[i];
			snprintf(out[at].name, sizeof(out[at].name), "%s", name);
			n++;
			break; /* further names here are aliases */
		}
	}
	return n;
}

static void put_entries(struct buf *b, const char *title, const struct entry *e, size_t n,
			unsigned mask, unsigned want)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if ((e[i].cmd->traits & mask) != want)
			continue;
		if (!any)
			buf_printf(b, "\n%s:\n", title);
		buf_printf(b, "  %-11s %s\n", e[i].name, e[i].cmd->summary);
		any = true;
	}
}

void help_group(struct buf *b, const struct command_program *p, const struct command *cmd,
		const char *name, const char *path, int width)
{
	const unsigned kinds = COMMAND_COMMON | COMMAND_GROUP;
	struct entry list[ENTRIES_MAX];
	struct flag flags[FLAGS_MAX];
	size_t n = entries(p, path, list), n_flags = command_flags(cmd, flags);

	help_usage(b, cmd, name, path);
	buf_printf(b, "\n%s\n", cmd->summary);
	if (*path) {
		put_entries(b, "Commands", list, n, 0, 0);
	} else {
		put_entries(b, "Common Commands", list, n, kinds, COMMAND_COMMON);
		put_entries(b, "Management Commands", list, n, kinds, COMMAND_GROUP);
		put_entries(b, "Commands", list, n, kinds, 0);
	}
	if (n_flags) {
		buf_puts(b, *path ? "\nOptions:\n" : "\nGlobal Options:\n");
		put_flags(b, flags, n_flags, width);
	}
	buf_printf(b, "\nRun '%s%s%s COMMAND --help' for more information on a command.\n", name,
		   *path ? " " : "", path);
}

static int terminal_width(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

int help_print(const struct command_line *c, const struct command *cmd, const char *path)
{
	cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);

	if (cmd->traits & COMMAND_GROUP)
		help_group(&b, c->program, cmd, c->name, path, terminal_width());
	else
		help_command(&b, cmd, c->name, path, terminal_width());
	if (b.data)
		(void)fputs(b.data, stdout);
	return 0;
}
