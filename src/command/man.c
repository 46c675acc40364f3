// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "command/help.h"

#define PATH_TEXT 64
#define PAGE_NAME (PATH_TEXT + 32)

/* Text as roff takes it: backslash and hyphen escaped, no line that starts like a request. */
static void roff_n(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || s[i - 1] == '\n') && (s[i] == '.' || s[i] == '\''))
			buf_puts(b, "\\&");
		if (s[i] == '\\')
			buf_puts(b, "\\e");
		else if (s[i] == '-')
			buf_puts(b, "\\-");
		else
			buf_putc(b, s[i]);
	}
}

static void roff(struct buf *b, const char *s)
{
	roff_n(b, s, strlen(s));
}

/* "container run" in a page's name is container-run. */
static void dashed(struct buf *b, const char *path, bool upper)
{
	for (; *path; path++)
		if (*path == ' ')
			buf_putc(b, '-');
		else
			buf_putc(b, upper ? (char)toupper((unsigned char)*path) : *path);
}

static void paragraphs(struct buf *b, const char *s)
{
	while (*s) {
		const char *gap = strstr(s, "\n\n");
		size_t len = gap ? (size_t)(gap - s) : strlen(s);

		buf_puts(b, ".PP\n");
		roff_n(b, s, len);
		buf_putc(b, '\n');
		s += len + (gap ? 2 : 0);
	}
}

static void synopsis(struct buf *b, const char *program, const struct command *cmd,
		     const char *page)
{
	const char *s = cmd->usage ? cmd->usage : "";

	buf_puts(b, ".SH SYNOPSIS\n");
	for (bool first = true; s; first = false) {
		const char *newline = strchr(s, '\n');
		size_t len = newline ? (size_t)(newline - s) : strlen(s);

		buf_printf(b, "%s\\fB", first ? "" : ".br\n");
		roff(b, program);
		buf_puts(b, *page ? " " : "");
		roff(b, page);
		buf_puts(b, "\\fR ");
		roff_n(b, s, len);
		buf_putc(b, '\n');
		s = newline ? newline + 1 : NULL;
	}
}

static void options(struct buf *b, const struct command *cmd)
{
	struct flag flags[FLAGS_MAX];
	size_t n = command_flags(cmd, flags);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const struct flag *f = &flags[i];
		const char *metavar = flag_metavar(f);

		if (f->flags & FLAG_HIDDEN)
			continue;
		buf_puts(b, any ? "" : ".SH OPTIONS\n");
		any = true;
		buf_puts(b, ".TP\n");
		if (f->letter)
			buf_printf(b, "\\fB\\-%c\\fR, ", f->letter);
		buf_puts(b, "\\fB\\-\\-");
		roff(b, f->name);
		buf_printf(b, "\\fR%s\\fI%s\\fR\n", *metavar ? " " : "", metavar);
		roff(b, f->help);
		if (f->def && *f->def) {
			buf_puts(b, ". Default: ");
			roff(b, f->def);
		}
		buf_puts(b, ".\n");
	}
}

static void exit_status(struct buf *b, const struct command *cmd)
{
	buf_puts(b, ".SH EXIT STATUS\n");
	if (cmd->exit_status)
		paragraphs(b, cmd->exit_status);
	else if (cmd->traits & COMMAND_FAILS_125)
		paragraphs(b,
			   "The exit status of the container's process; 128+N when signal N ended "
			   "it.\n\n125 when hoy itself failed, 126 when the command cannot be "
			   "executed, 127 when it was not found.");
	else
		paragraphs(b, "0 on success, 1 when something failed, 125 when a flag is wrong.");
}

static void examples(struct buf *b, const struct command *cmd)
{
	if (!cmd->examples)
		return;
	buf_puts(b, ".SH EXAMPLES\n.nf\n");
	roff(b, cmd->examples);
	buf_puts(b, "\n.fi\n");
}

static void subcommands(struct buf *b, const struct command_program *p, const char *page)
{
	size_t prefix = strlen(page);
	char path[PATH_TEXT];

	buf_puts(b, ".SH COMMANDS\n");
	for (size_t i = 0; p->commands[i]; i++) {
		for (size_t k = 0; command_path(p->commands[i], k, path, sizeof(path)); k++) {
			const char *name = prefix ? path + prefix + 1 : path;

			if (p->commands[i]->traits & COMMAND_HIDDEN ||
			    (prefix && (strncmp(path, page, prefix) != 0 || path[prefix] != ' ')) ||
			    strchr(name, ' '))
				continue;
			buf_puts(b, ".TP\n\\fB");
			roff(b, name);
			buf_puts(b, "\\fR\n");
			roff(b, p->commands[i]->summary);
			buf_puts(b, ".\n");
			break;
		}
	}
}

void help_man(struct buf *b, const struct command_program *p, const struct command *cmd)
{
	char page[PATH_TEXT], path[PATH_TEXT];

	command_page(cmd, page, sizeof(page));
	buf_puts(b, ".TH ");
	dashed(b, p->name, true);
	if (*page) {
		buf_putc(b, '-');
		dashed(b, page, true);
	}
	buf_printf(b, " 1 \"\" \"hoy " HOY_VERSION "\" \"hoy manual\"\n.SH NAME\n");
	roff(b, p->name);
	if (*page) {
		buf_puts(b, "\\-");
		dashed(b, page, false);
	}
	buf_puts(b, " \\- ");
	roff(b, cmd->summary);
	buf_putc(b, '\n');
	synopsis(b, p->name, cmd, page);
	buf_puts(b, ".SH DESCRIPTION\n");
	roff(b, cmd->summary);
	buf_puts(b, ".\n");
	if (cmd->details)
		paragraphs(b, cmd->details);
	if (cmd->paths && strchr(cmd->paths, '|')) {
		buf_puts(b, ".PP\nOther names:");
		for (size_t i = 0; command_path(cmd, i, path, sizeof(path)); i++) {
			if (str_eq(path, page))
				continue;
			buf_printf(b, "%s \\fB%s ", i ? "," : "", p->name);
			roff(b, path);
			buf_puts(b, "\\fR");
		}
		buf_puts(b, ".\n");
	}
	if (cmd->traits & COMMAND_GROUP)
		subcommands(b, p, page);
	options(b, cmd);
	exit_status(b, cmd);
	examples(b, cmd);
}

static void page_name(char name[PAGE_NAME], const char *program, const char *path, const char *end)
{
	snprintf(name, PAGE_NAME, "%s%s%s%s", program, *path ? "-" : "", path, end);
	for (char *s = name; *s; s++)
		if (*s == ' ')
			*s = '-';
}

static int write_page(int dirfd, const char *program, const char *path, const char *text,
		      size_t len, struct err *err)
{
	char name[PAGE_NAME];

	page_name(name, program, path, ".1");
	return file_write(dirfd, name, text, len, 0644, 0, err);
}

/* Sections written by hand, of what a table cannot say. */
static int add_extra(struct buf *b, int extra, const char *program, const char *path,
		     struct err *err)
{
	char name[PAGE_NAME];

	page_name(name, program, path, ".1.in");
	if (extra < 0 || (faccessat(extra, name, F_OK, 0) < 0 && errno == ENOENT))
		return 0;
	return file_read(extra, name, b, err);
}

static int write_row(int dirfd, int extra, const struct command_program *p,
		     const struct command *cmd, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);
	char page[PATH_TEXT], path[PATH_TEXT], link[PATH_TEXT + 32], *s;
	int r;

	help_man(&b, p, cmd);
	command_page(cmd, page, sizeof(page));
	r = add_extra(&b, extra, p->name, page, err);
	if (r < 0)
		return r;
	buf_puts(&b, ".SH SEE ALSO\n\\fBhoy\\fR(1)\n");
	r = buf_check(&b, err);
	if (r == 0)
		r = write_page(dirfd, p->name, page, b.data, b.len, err);
	for (s = page; *s; s++)
		if (*s == ' ')
			*s = '-';
	for (size_t i = 0; r == 0 && *page && command_path(cmd, i, path, sizeof(path)); i++) {
		command_page(cmd, link, sizeof(link));
		if (str_eq(path, link))
			continue;
		snprintf(link, sizeof(link), ".so man1/%s-%s.1\n", p->name, page);
		r = write_page(dirfd, p->name, path, link, strlen(link), err);
	}
	return r;
}

int help_write_pages(const struct command_program *p, const char *dir, const char *extra,
		     struct err *err)
{
	cleanup_fd int dirfd = -EBADF, extra_fd = -EBADF;
	int r = path_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(err, errno, "open %s", dir);
	if (extra) {
		extra_fd = open(extra, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (extra_fd < 0)
			return err_sys(err, errno, "open %s", extra);
	}
	r = write_row(dirfd, extra_fd, p, p->root, err);
	for (size_t i = 0; r == 0 && p->commands[i]; i++)
		if (!(p->commands[i]->traits & COMMAND_HIDDEN))
			r = write_row(dirfd, extra_fd, p, p->commands[i], err);
	return r;
}
