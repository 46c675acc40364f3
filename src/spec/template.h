// SPDX-License-Identifier: Apache-2.0
/*
 * template - the part of Go's text/template that --format uses, over JSON values.
 *
 * Actions: fields and chains, variables, pipelines, parentheses, literals, if / else if / else,
 * range (break, continue), with, comments, {{- trimming -}}. Functions: and or not eq ne lt le gt
 * ge len index slice print printf println, and Docker's json join split lower upper title truncate
 * pad. There is no define, template, block, html or js. Values print as Go's %v ("map[a:b]", "[a
 * b]", "<no value>").
 *
 * A template is hostile only to its own user, but its input may be long: depth, steps, text and the
 * size of every padding are bounded; the output is bounded by the buffer given.
 *
 *   r = template_parse(a, "{{.Names}}\t{{json .Mounts}}", &t, err);
 *   r = template_execute(t, row, TEMPLATE_ROW, "*formatter.ContainerContext", &out, err);
 *
 * A row of a list (TEMPLATE_ROW) is a JSON object with one member per column. A member that is
 * itself an object answers a call with a key: {"Label": {"k": "v"}} makes {{.Label "k"}} work; such
 * members are left out of {{json .}}.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"

#define TEMPLATE_TEXT_MAX  ((size_t)64 << 10)
#define TEMPLATE_DEPTH_MAX 64
#define TEMPLATE_STEPS_MAX 4000000 /* nodes evaluated in one execution */

enum template_flags {
	TEMPLATE_ROW = 1 << 0, /* a field that the root lacks is an error: "can't evaluate field" */
	TEMPLATE_MISSING = 1 << 1, /* so is any key that a map lacks: "map has no entry for key" */
	/* The titles of a table: the root has the column's title for each field; json, lower,
	 * truncate and their like give their argument back; {{.Label "a.b-c"}} is "b c"'s title. */
	TEMPLATE_HEADER = 1 << 2,
};

struct template; /* in the arena given to template_parse */

int template_parse(struct arena *a, const char *text, struct template **ret, struct err *err);
/* Appends to out. `type` is how messages call the root (NULL: "map"). On failure out has what was
 * written up to there. */
int template_execute(const struct template *t, json_t *root, int flags, const char *type,
		     struct buf *out, struct err *err);
/* Calls fn with each field chain that is written in the template: "ID", "State.Pid". */
void template_each_field(const struct template *t, void (*fn)(const char *chain, void *data),
			 void *data);
/* Is the field (first part of a chain) mentioned? Then it is worth computing. */
bool template_uses(const struct template *t, const char *field);
