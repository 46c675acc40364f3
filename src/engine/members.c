// SPDX-License-Identifier: Apache-2.0
#include "engine/members.h"

json_t *members_object(const struct member *m, struct err *err)
{
	json_t *j = json_object();
	bool ok = j != NULL;

	for (; m->key; m++)
		ok &= json_object_set_new(j, m->key, m->value) == 0;
	if (ok)
		return j;
	json_decref(j);
	(void)err_oom(err);
	return NULL;
}
