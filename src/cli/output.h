// SPDX-License-Identifier: Apache-2.0
/*
 * output - where export, save and cp write a tar: standard output, or a file that appears when it
 * is complete.
 *
 *   r = output_open(path, &out, err);      path NULL: standard output, refused when that is a
 * terminal …write to out.fd… r = output_commit(&out, err);          renames; without it
 * output_done() removes what was written
 */
#pragma once

#include "base/err.h"

struct output {
	int fd;
	char *path, *temporary; /* NULL: written in place (standard output, devices, pipes) */
};

int output_open(const char *path, struct output *ret, struct err *err);
int output_commit(struct output *o, struct err *err);
void output_done(struct output *o);
DEFINE_CLEANUP_VALUE(struct output, output_done)
