// SPDX-License-Identifier: Apache-2.0
/*
 * Who needs whom is said by foreign keys, so that no order of deaths and races can leave a row that
 * names nothing: a container holds its image, an image its layers and blobs. What nobody holds is
 * collected in the transaction that let go of it (image.c), unless a loader that is at work has
 * pinned it: it found the layer or blob there and relies on it, but its image is not committed yet.
 *
 * `container` has no index but those that its keys bring: each costs a page of the log at every
 * insert and delete, and the log is read whole at the next open. Its readers want all rows anyway,
 * and who deletes an image can wait for a scan.
 */
#include "store/schema.h"

/* clang-format off */
const char *const schema_migrations[SCHEMA_VERSION] = {
	"CREATE TABLE image (\n"
	"  id TEXT PRIMARY KEY NOT NULL,       -- sha256:HEX of the configuration\n"
	"  manifest TEXT NOT NULL,             -- sha256:HEX of the OCI manifest\n"
	"  manifest_type TEXT NOT NULL,\n"
	"  manifest_size INTEGER NOT NULL,\n"
	"  config TEXT NOT NULL,\n"
	"  created INTEGER NOT NULL,           -- nanoseconds, as all times here\n"
	"  size INTEGER NOT NULL,\n"
	"  tagged INTEGER NOT NULL);\n"
	"CREATE TABLE name (\n"
	"  name TEXT PRIMARY KEY NOT NULL,     -- docker.io/library/busybox:latest\n"
	"  image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE) WITHOUT ROWID;\n"
	"CREATE INDEX name_image ON name(image);\n"
	"CREATE TABLE digest (\n"
	"  name TEXT PRIMARY KEY NOT NULL,     -- docker.io/library/busybox@sha256:HEX\n"
	"  image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE) WITHOUT ROWID;\n"
	"CREATE INDEX digest_image ON digest(image);\n"
	"CREATE TABLE layer (\n"
	"  diff_id TEXT PRIMARY KEY NOT NULL,  -- sha256:HEX of the uncompressed tar\n"
	"  short TEXT NOT NULL UNIQUE,         -- its name in l/\n"
	"  size INTEGER NOT NULL,              -- bytes of its files\n"
	"  boot TEXT NOT NULL);                -- '' when synced, else the boot that unpacked it\n"
	"CREATE TABLE blob (\n"
	"  digest TEXT PRIMARY KEY NOT NULL,\n"
	"  size INTEGER NOT NULL) WITHOUT ROWID;\n"
	"CREATE TABLE image_layer (\n"
	"  image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,\n"
	"  pos INTEGER NOT NULL,               -- 0 is the bottom\n"
	"  layer TEXT NOT NULL REFERENCES layer(diff_id),\n"
	"  blob TEXT NOT NULL REFERENCES blob(digest),\n"
	"  media_type TEXT NOT NULL,\n"
	"  PRIMARY KEY (image, pos)) WITHOUT ROWID;\n"
	"CREATE INDEX image_layer_layer ON image_layer(layer);\n"
	"CREATE INDEX image_layer_blob ON image_layer(blob);\n"
	"CREATE TABLE image_blob (               -- manifest and configuration\n"
	"  image TEXT NOT NULL REFERENCES image(id) ON DELETE CASCADE,\n"
	"  blob TEXT NOT NULL REFERENCES blob(digest),\n"
	"  PRIMARY KEY (image, blob)) WITHOUT ROWID;\n"
	"CREATE INDEX image_blob_blob ON image_blob(blob);\n"
	"CREATE TABLE pin (\n"
	"  digest TEXT NOT NULL,               -- of a layer or a blob: not to be collected now\n"
	"  job TEXT NOT NULL,                  -- the directory in tmp/ whose lock keeps the pin alive\n"
	"  PRIMARY KEY (digest, job)) WITHOUT ROWID;\n"
	"CREATE TABLE container (\n"
	"  id TEXT PRIMARY KEY NOT NULL,\n"
	"  name TEXT NOT NULL UNIQUE,\n"
	"  image TEXT REFERENCES image(id),\n"
	"  image_ref TEXT NOT NULL,\n"
	"  created INTEGER NOT NULL,\n"
	"  config TEXT NOT NULL,\n"
	"  extra TEXT NOT NULL);\n"
	"CREATE TABLE volume (\n"
	"  name TEXT PRIMARY KEY NOT NULL,\n"
	"  driver TEXT NOT NULL,\n"
	"  created INTEGER NOT NULL,\n"
	"  labels TEXT NOT NULL,\n"
	"  options TEXT NOT NULL,\n"
	"  anonymous INTEGER NOT NULL);\n",
};
/* clang-format on */
