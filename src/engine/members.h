// SPDX-License-Identifier: Apache-2.0
/*
 * members - a JSON object from a list of names and values, in that order.
 *
 *   return members_object((const struct member[]){
 *           {"Id", json_string(id)},
 *           {"Size", json_integer(size)},
 *           {},
 *   }, err);
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

struct member {
	const char *key; /* NULL ends the list */
	json_t *value;   /* taken over, also on failure; NULL is a failure */
};

json_t *members_object(const struct member *m, struct err *err);
