// SPDX-License-Identifier: Apache-2.0
/*
 * Theory of operation
 *
 * Every command opens the database, asks a few things and ends; there is no daemon that keeps it
 * open. Two costs follow, both measured:
 *   - closing the last connection would checkpoint with syncs (7-60 ms): NO_CKPT_ON_CLOSE;
 *   - the first connection after all others closed reads the whole write-ahead log to rebuild its
 * index, so that log must stay short. That index is also what knows how much of the log was
 * checkpointed: rebuilt, it says "nothing", and no writer starts the log anew. So a checkpoint must
 * end by truncating the log, or it grows for ever when commands come one by one (measured: 460
 * pages after 40 runs, 2 ms at each start). Checkpoints are left to hoy-keeper, started detached
 * (keeper.c) when a commit left more than KEEPER_WAL_PAGES; nobody waits for it. Automatic ones are
 * off, except when the log is so long that the keeper must be missing. A commit is not synced (a
 * power cut may lose the last container rows, never the database's integrity) unless the caller
 * says durable: then the log is synced once, after the commit.
 *
 * The schema has a number, user_version; 0 means new. Migrations are the rows of `migrations` from
 * that number on, in one transaction.
 */
#include "store/db.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "store/schema.h"

#define BUSY_TIMEOUT_MS     30000
#define TRUNCATE_TIMEOUT_MS 100
#define WAL_PAGES_MAX       8192 /* 32 MiB: checkpoint in place, whatever it costs */

int db_fail(struct store *s, int rc, struct err *err)
{
	const char *msg = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc);

	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return err_oom(err);
	case SQLITE_FULL:
		return err_sys(err, ENOSPC, "write %s/%s", s->root, DB_FILE);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(err, ERR_CORRUPT, "%s/%s is damaged: %s", s->root, DB_FILE, msg);
	case SQLITE_CANTOPEN:
		return err_sys(err, EACCES, "open %s/%s", s->root, DB_FILE);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return err_sys(err, EROFS, "write %s/%s", s->root, DB_FILE);
	case SQLITE_BUSY:
		return err_sys(err, EBUSY, "%s/%s: another process writes for too long", s->root,
			       DB_FILE);
	default:
		return err_sys(err, EIO, "%s/%s: %s", s->root, DB_FILE, msg);
	}
}

static int run_script(struct store *s, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_fail(s, rc, err);
}

/* Before the first statement that writes: readers need not pay for it. It is refused within a transaction,
 * but a transaction that writes has been begun by a statement that counts as writing. */
static int prepare_to_write(struct store *s, struct err *err)
{
	int r = s->writes ? 0 : run_script(s, "PRAGMA synchronous = NORMAL", err);

	s->writes = r == 0;
	return r;
}

static sqlite3_stmt *prepare(struct store *s, const char *sql, struct err *err)
{
	sqlite3_stmt *q = NULL;
	int rc;

	for (size_t i = 0; i < s->n_statements; i++)
		if (s->statements[i].sql == sql) {
			(void)sqlite3_reset(s->statements[i].stmt);
			(void)sqlite3_clear_bindings(s->statements[i].stmt);
			return s->statements[i].stmt;
		}
	if (s->n_statements == DB_STATEMENTS_MAX) {
		(void)err_set(err, ERR_TOO_LARGE, "too many prepared statements");
		return NULL;
	}
	rc = sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL);
	if (rc != SQLITE_OK) {
		(void)db_fail(s, rc, err);
		return NULL;
	}
	if (!sqlite3_stmt_readonly(q) && prepare_to_write(s, err) < 0) {
		(void)sqlite3_finalize(q);
		return NULL;
	}
	s->statements[s->n_statements].sql = sql;
	s->statements[s->n_statements++].stmt = q;
	return q;
}

static sqlite3_stmt *query(struct store *s, struct err *err, const char *sql, const char *types,
			   va_list ap)
{
	sqlite3_stmt *q = prepare(s, sql, err);
	int rc = SQLITE_OK;

	for (int i = 1; q && rc == SQLITE_OK && types[i - 1]; i++) {
		if (types[i - 1] == 'i')
			rc = sqlite3_bind_int64(q, i, va_arg(ap, int64_t));
		else
			rc = sqlite3_bind_text(q, i, va_arg(ap, const char *), -1,
					       SQLITE_TRANSIENT);
	}
	if (rc == SQLITE_OK)
		return q;
	(void)db_fail(s, rc, err);
	return NULL;
}

sqlite3_stmt *db_query(struct store *s, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *q;
	va_list ap;

	va_start(ap, types);
	q = query(s, err, sql, types, ap);
	va_end(ap);
	return q;
}

int db_step(struct store *s, sqlite3_stmt *q, struct err *err)
{
	int rc, r;

	if (!q)
		return err && err->code < 0 ? err->code : -EIO;
	rc = sqlite3_step(q);
	if (rc == SQLITE_ROW)
		return 1;
	r = rc == SQLITE_DONE ? 0 : db_fail(s, rc, err);
	(void)sqlite3_reset(q);
	return r;
}

void db_end(sqlite3_stmt *q)
{
	if (q)
		(void)sqlite3_reset(q);
}

int db_exec(struct store *s, struct err *err, const char *sql, const char *types, ...)
{
	sqlite3_stmt *q;
	va_list ap;
	int r;

	va_start(ap, types);
	q = query(s, err, sql, types, ap);
	va_end(ap);
	do
		r = db_step(s, q, err);
	while (r > 0);
	return r;
}

int db_changes(struct store *s)
{
	return sqlite3_changes(s->db);
}

const char *db_text(sqlite3_stmt *q, int column)
{
	const unsigned char *text = sqlite3_column_text(q, column);

	return text ? (const char *)text : "";
}

char *db_strdup(struct arena *a, sqlite3_stmt *q, int column)
{
	return arena_strdup(a, db_text(q, column));
}

int64_t db_int(sqlite3_stmt *q, int column)
{
	return sqlite3_column_int64(q, column);
}

int db_begin(struct store *s, struct err *err)
{
	return db_exec(s, err, "BEGIN IMMEDIATE", "");
}

/* The log is a file of its own beside the database: syncing it makes all commits so far durable. */
static int sync_log(struct store *s, struct err *err)
{
	cleanup_fd int fd = openat(s->dirfd, DB_FILE "-wal", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return errno == ENOENT ? 0
				       : err_sys(err, errno, "open %s/%s-wal", s->root, DB_FILE);
	if (fdatasync(fd) < 0)
		return err_sys(err, errno, "sync %s/%s-wal", s->root, DB_FILE);
	return 0;
}

int db_commit(struct store *s, bool durable, struct err *err)
{
	int r = db_exec(s, err, "COMMIT", "");

	if (r < 0) {
		db_rollback(s);
		return r;
	}
	return durable ? sync_log(s, err) : 0;
}

void db_rollback(struct store *s)
{
	if (!sqlite3_get_autocommit(s->db))
		(void)db_exec(s, NULL, "ROLLBACK", "");
}

int db_finish(struct store *s, int r, bool durable, struct err *err)
{
	if (r == 0)
		return db_commit(s, durable, err);
	db_rollback(s);
	return r;
}

int db_checkpoint(struct store *s, struct err *err)
{
	int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	/* The syncs are done and hold up nobody; this one locks writers out, but has little to do. */
	if (rc == SQLITE_OK) {
		(void)sqlite3_busy_timeout(s->db, TRUNCATE_TIMEOUT_MS);
		rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
		(void)sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	}
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? 0 : db_fail(s, rc, err);
}

/* Runs after each commit of ours. */
static int on_commit(void *data, sqlite3 *db, const char *name, int pages)
{
	struct store *s = data;

	s->wal_pages = pages;
	if (pages > WAL_PAGES_MAX)
		(void)sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

static int user_version(struct store *s, int *ret, struct err *err)
{
	sqlite3_stmt *q = db_query(s, err, "PRAGMA user_version", "");
	int r = db_step(s, q, err);

	if (r < 0)
		return r;
	*ret = r > 0 ? (int)db_int(q, 0) : 0;
	db_end(q);
	return 0;
}

static int migrate(struct store *s, struct err *err)
{
	char pragma[64];
	int version, r;

	r = db_begin(s, err);
	if (r < 0)
		return r;
	/* Asked again inside: another process may have been faster. */
	r = user_version(s, &version, err);
	for (; r == 0 && version < SCHEMA_VERSION; version++)
		r = run_script(s, schema_migrations[version], err);
	if (r == 0) {
		(void)snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", SCHEMA_VERSION);
		r = run_script(s, pragma, err);
	}
	return db_finish(s, r, true, err);
}

static void configure(struct store *s)
{
	(void)sqlite3_busy_timeout(s->db, BUSY_TIMEOUT_MS);
	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_wal_hook(s->db, on_commit, s);
}

int db_open(struct store *s, int flags, struct err *err)
{
	cleanup_free char *path = NULL;
	int oflags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int rc, r, version = 0;

	if (asprintf(&path, "%s/%s", s->root, DB_FILE) < 0)
		return err_oom(err);
	if (!(flags & STORE_READ_ONLY))
		oflags |= SQLITE_OPEN_CREATE;
	/* No room for 20 pages beforehand, of which most commands use three: a page fault each. Refused once
	 * SQLite is at work, which is fine. */
	(void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
	rc = sqlite3_open_v2(path, &s->db, oflags, NULL);
	if (rc != SQLITE_OK) {
		if (flags & STORE_READ_ONLY && access(path, F_OK) < 0 && errno == ENOENT)
			return err_sys(err, ENOENT, "open %s", path);
		return db_fail(s, rc, err);
	}
	configure(s);
	r = user_version(s, &version, err);
	if (r < 0)
		return r;
	if (version > SCHEMA_VERSION)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s was made by a newer version (schema %d; this one knows %d)",
			       path, version, SCHEMA_VERSION);
	if (version == SCHEMA_VERSION)
		return 0;
	if (version == 0) {
		r = run_script(s, "PRAGMA journal_mode = WAL", err);
		if (r < 0)
			return r;
	}
	return migrate(s, err);
}

void db_close(struct store *s)
{
	for (size_t i = 0; i < s->n_statements; i++)
		(void)sqlite3_finalize(s->statements[i].stmt);
	s->n_statements = 0;
	(void)sqlite3_close(s->db);
	s->db = NULL;
}
