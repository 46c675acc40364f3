// SPDX-License-Identifier: Apache-2.0
/*
 * help - a command's row as text: --help in Docker's layout, and its man page.
 *
 *   cleanup(buf_done) struct buf b = BUF_INIT(HELP_MAX);
 *   help_command(&b, cmd, "hoy", "container run", 80);
 */
#pragma once

#include "base/buf.h"
#include "command/command.h"

#define HELP_MAX ((size_t)256 << 10)

/* --help of one command, asked for by this path, wrapped to `width` columns. */
void help_command(struct buf *b, const struct command *cmd, const char *name, const char *path,
		  int width);
/* `hoy --help`, and `hoy container --help`: the list of commands below `path` ("" or a group). */
void help_group(struct buf *b, const struct command_program *p, const struct command *cmd,
		const char *name, const char *path, int width);
/* Prints whichever of the two it is on standard output, as wide as the terminal; 0. */
int help_print(const struct command_line *c, const struct command *cmd, const char *path);
/* "Usage:  hoy run [OPTIONS] IMAGE …" with a line for each form. */
void help_usage(struct buf *b, const struct command *cmd, const char *name, const char *path);
/* man(7) source of the page hoy-PAGE(1), all that the table knows. */
void help_man(struct buf *b, const struct command_program *p, const struct command *cmd);
/* Writes the pages of all visible rows into a directory, which is made. What the table cannot say is
 * taken from the directory `extra` (NULL: none): man(7) sections in files named as the page, with
 * ".in" behind it. */
int help_write_pages(const struct command_program *p, const char *dir, const char *extra,
		     struct err *err);
