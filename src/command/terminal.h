// SPDX-License-Identifier: Apache-2.0
/*
 * terminal - the user's terminal: its size, and raw mode that never outlives us.
 *
 * While raw, each key goes to the container as it is. The old settings come back on every way out:
 * terminal_restore(), exit(), and signals that end a program.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

bool terminal_is(int fd);
/* 0x0 when fd is no terminal. */
void terminal_size(int fd, uint16_t *rows, uint16_t *cols);
/* Does nothing when fd is no terminal or is raw already. */
int terminal_raw(int fd, struct err *err);
void terminal_restore(void);
