// SPDX-License-Identifier: Apache-2.0
/*
 * complete - what the word being typed may become, for the shells' completion.
 *
 * `words` holds n + 1 words without the program's name; the last one is being typed (maybe empty).
 * Prints one candidate a line; for zsh with ":description". A line ":files" asks the shell for file
 * names instead. Errors print nothing: a completion that fails must not disturb the line.
 *
 *   complete(c, false, (char *[]){"run", "--na"}, 1);     prints --name
 */
#pragma once

#include "command/command.h"

void complete(struct command_line *c, bool zsh, char *const *words, size_t n);
