// SPDX-License-Identifier: Apache-2.0
/*
 * db - the metadata database: opening, statements, transactions. Private to store/.
 *
 * Statements are prepared once per store and found again by the address of their SQL text, so the
 * text must be a literal. db_query() returns one that is reset and without bindings, with the
 * arguments bound by a format: 's' const char * (NULL: null), 'i' int64_t. What it returns stays
 * the store's.
 *
 *   q = db_query(s, err, "SELECT name FROM volume WHERE driver = ?", "s", driver);
 *   while ((r = db_step(s, q, err)) > 0)
 *           use(db_text(q, 0));
 *   return r;                             0 at the end, negative on failure
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

#define DB_FILE           "db.sqlite"
#define DB_STATEMENTS_MAX 128
#define ID_PREFIX_MAX     64 /* hex digits of a whole id */

struct store {
	int dirfd;
	char *root;
	sqlite3 *db;
	struct {
		const char *sql;
		sqlite3_stmt *stmt;
	} statements[DB_STATEMENTS_MAX];
	size_t n_statements;
	bool writes;          /* it is set up for that */
	int wal_pages;        /* after our last commit; 0: we wrote nothing */
	char *keeper_args[3]; /* for hoy-keeper, behind the root; NULL at the end */
	bool keeper_wanted;   /* there is deleting or syncing to do, away from our caller */
};

int db_open(struct store *s, int flags, struct err *err);
void db_close(struct store *s);

/* NULL on failure (then *err is set, and db_step() of a NULL statement returns its code). */
sqlite3_stmt *db_query(struct store *s, struct err *err, const char *sql, const char *types, ...);
/* 1: a row, 0: the end (the statement is reset), negative errno. */
int db_step(struct store *s, sqlite3_stmt *q, struct err *err);
/* Gives up a statement before its end; NULL is fine. An open read blocks checkpoints. */
void db_end(sqlite3_stmt *q);
/* A statement without rows: 0 or negative errno. */
int db_exec(struct store *s, struct err *err, const char *sql, const char *types, ...);
int db_changes(struct store *s);

const char *db_text(sqlite3_stmt *q, int column); /* "" for null; valid until the next step */
char *db_strdup(struct arena *a, sqlite3_stmt *q, int column);
int64_t db_int(sqlite3_stmt *q, int column);

/* Write transactions take the write lock at once, so that nothing read inside can change before the
 * commit. durable: on disk when db_commit returns. */
int db_begin(struct store *s, struct err *err);
int db_commit(struct store *s, bool durable, struct err *err);
void db_rollback(struct store *s);
/* Commits when r is 0, rolls back else; r or the commit's failure. */
int db_finish(struct store *s, int r, bool durable, struct err *err);

/* Makes a message of the connection's last failure. */
int db_fail(struct store *s, int rc, struct err *err);
/* Copies the write-ahead log into the database (syncs: milliseconds). For the keeper. */
int db_checkpoint(struct store *s, struct err *err);
