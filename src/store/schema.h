// SPDX-License-Identifier: Apache-2.0
/*
 * schema - the tables of the metadata database, as steps from one version to the next. Private to
 * store/. A step that has been released is never changed: a new one is added.
 */
#pragma once

#define SCHEMA_VERSION 1

extern const char *const schema_migrations[SCHEMA_VERSION];
