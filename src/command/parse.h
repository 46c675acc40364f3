// SPDX-License-Identifier: Apache-2.0
/*
 * parse - a command line by a row of the table.
 *
 * The syntax is pflag's: --flag=VALUE, --flag VALUE, -f VALUE, -fVALUE, -f=VALUE, bundles of
 * switches (-it), switches with a value only after '=', "--" ends flags, "-" is an argument. A program
 * with single_hyphen has no bundles: -name is --name, -n its letter. Flags and
 * arguments mix, unless the command says that its first argument ends the flags. Names are never
 * abbreviated. Messages are pflag's and strconv's own words, because scripts match on them.
 */
#pragma once

#include "command/command.h"

/* Splits `words` (n of them) into flags and arguments for c->command: fills c->options, c->args and
 * c->set. `*help` becomes true, and the rest is not looked at, when --help (or -h, where the
 * command has no -h of its own) is met. Defaults are set first. */
int command_parse(struct command_line *c, char *const *words, size_t n, bool *help,
		  struct err *err);
/* "requires at least 1 argument." and the like, without the command's name; NULL when the count
 * fits. */
const char *command_check_args(struct arena *a, const struct command *cmd, size_t n);

/* strconv.ParseBool and ParseInt(base 0). 0 or -EINVAL, -ERANGE. */
int flag_parse_bool(const char *s, bool *ret);
int flag_parse_int(const char *s, int64_t *ret);
