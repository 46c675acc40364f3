// SPDX-License-Identifier: Apache-2.0
/*
 * mount-options - the words of a mount's options, as runtime-spec lists them, sorted by what they
 * are for.
 *
 * Pure: no system call. Words that nobody knows are the filesystem's own and go to `data`; a bind,
 * which has no filesystem to ask, refuses them, but passes over values ("mode=755").
 * Source: runtime-spec config.md "Linux mount options", mount(8), mount_setattr(2).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "spec/runtime.h"

#define MOUNT_DATA_MAX 32

/* MOUNT_ATTR_*: of mount_setattr(2). */
struct mount_attrs {
	uint64_t set, clear;
};

enum mount_idmap {
	MOUNT_IDMAP_NONE,
	MOUNT_IDMAP_TOP,  /* the mount itself */
	MOUNT_IDMAP_TREE, /* all that is mounted below it, too */
};

struct mount_options {
	bool bind, recursive; /* rbind */
	bool remount;         /* of what the configuration mounted there before */
	bool copy_up;         /* tmpcopyup: a tmpfs begins with what it covers */
	enum mount_idmap idmap;
	struct mount_attrs top;    /* ro, nosuid, … */
	struct mount_attrs tree;   /* rro, rnosuid, … */
	unsigned long propagation; /* MS_SHARED, …; 0: nothing is said */
	bool rec_propagation;
	const char *subpath;            /* RUN_MOUNT_SUBPATH: of a bind's source, NULL: all of it */
	char *data[MOUNT_DATA_MAX + 1]; /* "key=value" and flags; NULL-terminated */
	size_t n_data;
};

int mount_options_parse(const struct oci_mount *m, struct mount_options *ret, struct err *err);
/* "rslave" and its like; 0 when it is no such word. */
unsigned long mount_options_propagation(const char *word, bool *recursive);
/* The i-th of all the words that have a meaning here, in no order; false after the last. */
bool mount_options_word(size_t i, char *out, size_t size);
