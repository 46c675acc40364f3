// SPDX-License-Identifier: Apache-2.0
/*
 * source - the files of an image archive or of an OCI layout directory, found by name or by digest.
 * Private to store/. Names are hostile: they are only ever compared.
 */
#pragma once

#include "store/batch.h"

struct source_file {
	char *name, *link; /* link: NULL or its target */
	char *digest; /* computed from the bytes; NULL for links, and in a directory until asked for
		       */
	int64_t size;
	char *file; /* in the batch's directory */
};

struct source {
	struct batch *b;
	int layout;             /* an OCI layout directory's fd, the caller's; -EBADF: an archive */
	struct json_list files; /* struct source_file, sorted by name */
};

/* Reads a whole archive into the batch's directory. */
int source_archive(struct source *src, struct batch *b, int fd, struct err *err);
void source_layout(struct source *src, struct batch *b, int dirfd);
/* Follows links inside the archive; NULL when there is none. Archives only. */
const struct source_file *source_find(struct source *src, const char *name);
/* The file of that digest: found by its bytes, whatever its name; ERR_CORRUPT when the name
 * blobs/sha256/HEX holds other bytes. It becomes a blob of the batch. size: as promised, -1:
 * unknown. */
int source_blob(struct source *src, const char *digest, int64_t size, struct err *err);
/* The text of a blob or of a named file, in the arena. */
int source_blob_text(struct source *src, const char *digest, int64_t size, size_t max, char **text,
		     size_t *len, struct err *err);
/* 1: read; 0: there is none of that name. */
int source_text(struct source *src, const char *name, size_t max, char **text, size_t *len,
		struct err *err);
