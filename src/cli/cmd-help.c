// SPDX-License-Identifier: Apache-2.0
/* help, and the two hidden commands that turn the table into man pages. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/help.h"

#define PATH_TEXT 64

static int terminal_width(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
}

int cli_print_help(const struct cli *c, const struct cli_command *cmd, const char *path)
{
	cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);

	if (cmd->traits & CLI_GROUP)
		help_group(&b, cmd, c->program, path, terminal_width());
	else
		help_command(&b, cmd, c->program, path, terminal_width());
	if (b.data)
		fputs(b.data, stdout);
	return 0;
}

static int run_help(struct cli *c, struct err *err UNUSED)
{
	char *topic = strv_join(c->arena, c->args, " ");
	const struct cli_command *cmd;

	if (str_empty(topic))
		return cli_print_help(c, &cli_root, "");
	cmd = cli_find(topic);
	if (!cmd) {
		fprintf(stderr, "unknown help topic: %s\n", topic);
		return 1;
	}
	return cli_print_help(c, cmd, topic);
}

const struct cli_command cmd_help = {
	.paths = "help",
	.usage = "[COMMAND]",
	.summary = "Help about any command",
	.max_args = CLI_ANY_ARGS,
	.traits = CLI_COMMAND_HIDDEN,
	.run = run_help,
};

static int write_page(int dirfd, const char *path, const char *text, size_t len, struct err *err)
{
	char name[PATH_TEXT + 16];

	snprintf(name, sizeof(name), "hoy%s%s.1", *path ? "-" : "", path);
	for (char *s = name; *s; s++)
		if (*s == ' ')
			*s = '-';
	return file_write(dirfd, name, text, len, 0644, 0, err);
}

static int write_pages(int dirfd, const struct cli_command *cmd, struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);
	char page[PATH_TEXT], path[PATH_TEXT], link[PATH_TEXT + 32], *s;
	int r;

	help_man(&b, cmd);
	r = buf_check(&b, err);
	cli_page(cmd, page, sizeof(page));
	if (r == 0)
		r = write_page(dirfd, page, b.data, b.len, err);
	for (s = page; *s; s++)
		if (*s == ' ')
			*s = '-';
	for (size_t i = 0; r == 0 && *page && cli_path(cmd, i, path, sizeof(path)); i++) {
		cli_page(cmd, link, sizeof(link));
		if (str_eq(path, link))
			continue;
		snprintf(link, sizeof(link), ".so man1/hoy-%s.1\n", page);
		r = write_page(dirfd, path, link, strlen(link), err);
	}
	return r;
}

static int run_man(struct cli *c, struct err *err)
{
	cleanup_fd int dirfd = -EBADF;
	int r = path_mkdir_p(c->args[0], 0755, err);

	if (r < 0)
		return r;
	dirfd = open(c->args[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_sys(err, errno, "open %s", c->args[0]);
	r = write_pages(dirfd, &cli_root, err);
	for (size_t i = 0; r == 0 && cli_commands[i]; i++)
		if (!(cli_commands[i]->traits & CLI_COMMAND_HIDDEN))
			r = write_pages(dirfd, cli_commands[i], err);
	return r;
}

const struct cli_command cmd_man = {
	.paths = "__man",
	.usage = "DIRECTORY",
	.summary = "Write the man pages of all commands",
	.min_args = 1,
	.max_args = 1,
	.traits = CLI_COMMAND_HIDDEN,
	.run = run_man,
};
