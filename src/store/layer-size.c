// SPDX-License-Identifier: Apache-2.0
#include "store/db.h"

int store_layer_size(struct store *s, const char *diff_id, int64_t *ret, struct err *err)
{
	sqlite3_stmt *q =
		db_query(s, err, "SELECT size FROM layer WHERE diff_id = ?", "s", diff_id);
	int r = db_step(s, q, err);

	if (r > 0)
		*ret = db_int(q, 0);
	db_end(q);
	if (r == 0)
		return err_set(err, ERR_CORRUPT, "layer %s is missing", diff_id);
	return r < 0 ? r : 0;
}
