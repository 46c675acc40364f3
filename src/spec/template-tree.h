// SPDX-License-Identifier: Apache-2.0
/*
 * template-tree - what template-parse.c makes and template-exec.c walks. Private to those.
 *
 * Values are json_t pointers, NULL being Go's "no value". Those made while executing belong to the
 * execution's arena (template_own).
 */
#pragma once

#include "spec/template.h"

struct template_pipe;

enum template_operand_kind {
	OPERAND_DOT,
	OPERAND_VARIABLE,
	OPERAND_FUNCTION,
	OPERAND_LITERAL,
	OPERAND_PAREN,
};

struct template_operand {
	enum template_operand_kind kind;
	const char *name;           /* of a variable ("$x") or a function */
	json_t *literal;            /* NULL: nil */
	struct template_pipe *pipe; /* in parentheses */
	char **chain;               /* fields that follow; NULL: none */
	size_t at;                  /* offset in the text, as Go reports it */
	const char *source;         /* its text, for messages */
	struct template_operand *next;
};

struct template_command {
	struct template_operand *operands;
	size_t n, at;
	const char *source;
	struct template_command *next;
};

struct template_pipe {
	const char *variables[2]; /* $i, $e := … */
	size_t n_variables;
	bool assign; /* = instead of := */
	struct template_command *commands;
};

enum template_node_kind {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_RANGE,
	NODE_WITH,
	NODE_BREAK,
	NODE_CONTINUE,
};

struct template_node {
	enum template_node_kind kind;
	const char *text;
	size_t len;
	struct template_pipe *pipe;
	struct template_node *body, *otherwise;
	struct template_node *next;
};

struct template
{
	const char *text;
	struct template_node *nodes;
};

/* The state of one execution that functions need. */
struct template_run {
	struct arena *arena;
	json_t *root;
	int flags;
	struct err *err;
};

/* Hands a new reference to the arena; NULL stays NULL. */
json_t *template_own(struct template_run *run, json_t *j);
bool template_truth(const json_t *j);
/* Go's %v. `nested` decides between "<nil>" and "<no value>". */
void template_print(struct buf *b, const json_t *j, bool nested);
/* printf: verbs, flags, width, precision, and Go's notes on wrong ones. */
void template_printf(struct buf *b, const char *format, json_t **args, size_t n);
bool template_is_function(const char *name);
/* Calls a function by name (not and/or, which are the executor's). *ret is owned by the arena or by
 * the arguments. The message has no position yet. */
int template_call(struct template_run *run, const char *name, json_t **args, size_t n,
		  json_t **ret);
