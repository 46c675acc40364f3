// SPDX-License-Identifier: Apache-2.0
/*
 * The walk over the tree. Every evaluated operand and node counts against the steps of the
 * execution, so that nested ranges over a long list end. The depth of the walk is the tree's, which
 * parsing bounded.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/str.h"
#include "spec/template-tree.h"

#define VARIABLES_MAX 256
/* Values made while executing: split, slice and printf results. */
#define RUN_MEMORY_MAX ((size_t)32 << 20)

struct variable {
	const char *name;
	json_t *value;
};

struct exec {
	struct template_run run;
	const struct template *t;
	struct buf *out;
	const char *type;
	struct variable variables[VARIABLES_MAX];
	size_t n_variables;
	int64_t steps;
};

enum flow {
	FLOW_ON = 0,
	FLOW_BREAK = 1,
	FLOW_CONTINUE = 2,
};

static void unref(void *j)
{
	json_decref(j);
}

json_t *template_own(struct template_run *run, json_t *j)
{
	if (j && arena_defer(run->arena, unref, j) < 0)
		return NULL;
	return j;
}

static int fail_at(struct exec *e, size_t at, const char *source, const char *fmt, ...)
	PRINTF_LIKE(4, 5);
static int fail_at(struct exec *e, size_t at, const char *source, const char *fmt, ...)
{
	size_t line = 1, start = 0;
	char why[512];
	va_list ap;

	for (size_t i = 0; i < at && e->t->text[i]; i++)
		if (e->t->text[i] == '\n') {
			line++;
			start = i + 1;
		}
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(e->run.err, ERR_INVALID,
		       "template: :%zu:%zu: executing \"\" at <%.20s%s>: %s", line, at - start,
		       source, strlen(source) > 20 ? "..." : "", why);
}

static int step(struct exec *e)
{
	if (++e->steps > TEMPLATE_STEPS_MAX)
		return err_set(e->run.err, ERR_TOO_LARGE, "template: more than %d steps",
			       TEMPLATE_STEPS_MAX);
	return 0;
}

static const char *type_of(const struct exec *e, const json_t *j)
{
	if (j == e->run.root)
		return e->type ?: "map";
	switch (json_typeof(j)) {
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "int";
	case JSON_REAL:
		return "float64";
	case JSON_TRUE:
	case JSON_FALSE:
		return "bool";
	case JSON_ARRAY:
		return "[]interface {}";
	case JSON_OBJECT:
		return "map[string]interface {}";
	case JSON_NULL:
		break;
	}
	return "interface {}";
}

static int get_field(struct exec *e, const struct template_operand *o, const char *name,
		     json_t **value)
{
	json_t *from = *value;

	if (!from || json_is_null(from))
		return fail_at(e, o->at, o->source, "nil pointer evaluating interface {}.%s", name);
	*value = json_object_get(from, name);
	if (*value || (json_is_object(from) && !(e->run.flags & (TEMPLATE_ROW | TEMPLATE_MISSING))))
		return 0;
	if (!json_is_object(from) || (from == e->run.root && e->run.flags & TEMPLATE_ROW))
		return fail_at(e, o->at, o->source, "can't evaluate field %s in type %s", name,
			       type_of(e, from));
	if (e->run.flags & TEMPLATE_MISSING)
		return fail_at(e, o->at, o->source, "map has no entry for key \"%s\"", name);
	return 0;
}

static int eval_pipe(struct exec *e, const struct template_pipe *pipe, json_t *dot, json_t **ret);

static int call(struct exec *e, const struct template_command *c, json_t *dot, json_t *final,
		bool has_final, json_t **ret);

/* The value of an operand that stands as an argument, or alone. */
static int eval_operand(struct exec *e, const struct template_operand *o, json_t *dot, json_t **ret)
{
	int r = step(e);

	if (r < 0)
		return r;
	*ret = NULL;
	switch (o->kind) {
	case OPERAND_DOT:
		*ret = dot;
		break;
	case OPERAND_VARIABLE:
		for (size_t i = e->n_variables; i > 0; i--)
			if (strcmp(e->variables[i - 1].name, o->name) == 0) {
				*ret = e->variables[i - 1].value;
				break;
			}
		break;
	case OPERAND_LITERAL:
		*ret = o->literal;
		break;
	case OPERAND_PAREN:
		r = eval_pipe(e, o->pipe, dot, ret);
		break;
	case OPERAND_FUNCTION: {
		/* A function as an argument is a call without arguments. */
		struct template_operand alone = *o;
		const struct template_command c = {&alone, 1, o->at, o->source, NULL};

		alone.next = NULL;
		r = call(e, &c, dot, NULL, false, ret);
		break;
	}
	}
	for (char **f = o->chain; r == 0 && f && *f; f++)
		r = get_field(e, o, *f, ret);
	return r;
}

/* and, or: arguments behind the deciding one are not evaluated. */
static int eval_logic(struct exec *e, const struct template_command *c, json_t *dot, json_t *final,
		      bool has_final, json_t **ret)
{
	bool is_or = strcmp(c->operands->name, "or") == 0;

	if (!c->operands->next && !has_final)
		return fail_at(e, c->operands->at, c->operands->source,
			       "wrong number of args for %s: want at least 1 got 0",
			       c->operands->name);
	for (const struct template_operand *o = c->operands->next; o; o = o->next) {
		int r = eval_operand(e, o, dot, ret);

		if (r < 0 || template_truth(*ret) == is_or)
			return r;
	}
	if (has_final)
		*ret = final;
	return 0;
}

static int call(struct exec *e, const struct template_command *c, json_t *dot, json_t *final,
		bool has_final, json_t **ret)
{
	const struct template_operand *f = c->operands;
	struct err why = ERR_INIT, *err = e->run.err;
	json_t **args;
	size_t n = 0;
	int r;

	if (strcmp(f->name, "and") == 0 || strcmp(f->name, "or") == 0)
		return eval_logic(e, c, dot, final, has_final, ret);
	args = arena_calloc(e->run.arena, c->n + 1, sizeof(json_t *));
	if (!args)
		return err_oom(err);
	for (const struct template_operand *o = f->next; o; o = o->next) {
		r = eval_operand(e, o, dot, &args[n++]);
		if (r < 0)
			return r;
	}
	if (has_final)
		args[n++] = final;
	e->run.err = &why;
	r = template_call(&e->run, f->name, args, n, ret);
	e->run.err = err;
	return r < 0 ? fail_at(e, c->at, c->source, "%s", why.msg) : 0;
}

/* {{.Label "key"}}: what Docker's rows have as methods, ours have as objects. */
static int call_field(struct exec *e, const struct template_command *c, json_t *dot, json_t **ret)
{
	const struct template_operand *o = c->operands;
	json_t *map, *key;
	int r;

	r = eval_operand(e, o, dot, &map);
	if (r == 0)
		r = eval_operand(e, o->next, dot, &key);
	if (r < 0)
		return r;
	if (e->run.flags & TEMPLATE_HEADER && json_is_string(key)) {
		const char *text = json_string_value(key), *dot_at = strrchr(text, '.');
		char *title = arena_strdup(e->run.arena, dot_at ? dot_at + 1 : text);

		for (char *p = title; p && *p; p++)
			if (*p == '-' || *p == '_')
				*p = ' ';
		*ret = template_own(&e->run, title ? json_string(title) : NULL);
		return *ret ? 0 : err_oom(e->run.err);
	}
	if (!json_is_object(map) || !json_is_string(key) || o->next->next)
		return fail_at(e, o->at, o->source,
			       "%s has arguments but cannot be invoked as function", o->source);
	*ret = json_object_get(map, json_string_value(key));
	if (!*ret)
		*ret = template_own(&e->run, json_string(""));
	return *ret ? 0 : err_oom(e->run.err);
}

static int eval_command(struct exec *e, const struct template_command *c, json_t *dot,
			json_t *final, bool has_final, json_t **ret)
{
	const struct template_operand *o = c->operands;

	if (o->kind == OPERAND_FUNCTION && !o->chain)
		return call(e, c, dot, final, has_final, ret);
	if (c->n == 1 && !has_final)
		return eval_operand(e, o, dot, ret);
	if (o->kind == OPERAND_DOT && o->chain && c->n == 2 && !has_final)
		return call_field(e, c, dot, ret);
	return fail_at(e, o->at, o->source, "can't give argument to non-function %s", o->source);
}

static int set_variable(struct exec *e, const char *name, json_t *value, bool assign)
{
	if (assign) {
		for (size_t i = e->n_variables; i > 0; i--)
			if (strcmp(e->variables[i - 1].name, name) == 0) {
				e->variables[i - 1].value = value;
				return 0;
			}
	}
	if (e->n_variables >= VARIABLES_MAX)
		return err_set(e->run.err, ERR_TOO_LARGE, "template: too many variables");
	e->variables[e->n_variables++] = (struct variable){name, value};
	return 0;
}

/* The value of the last command; the variables of the declaration are the caller's to set. */
static int eval_commands(struct exec *e, const struct template_pipe *pipe, json_t *dot,
			 json_t **ret)
{
	bool has_final = false;

	*ret = NULL;
	for (const struct template_command *c = pipe->commands; c; c = c->next) {
		int r = eval_command(e, c, dot, *ret, has_final, ret);

		if (r < 0)
			return r;
		has_final = true;
	}
	return 0;
}

static int eval_pipe(struct exec *e, const struct template_pipe *pipe, json_t *dot, json_t **ret)
{
	int r = eval_commands(e, pipe, dot, ret);

	for (size_t i = 0; r == 0 && i < pipe->n_variables; i++)
		r = set_variable(e, pipe->variables[i], *ret, pipe->assign);
	return r;
}

static int walk(struct exec *e, const struct template_node *nodes, json_t *dot);

static int range_one(struct exec *e, const struct template_node *n, json_t *key, json_t *value)
{
	const struct template_pipe *p = n->pipe;
	size_t mark = e->n_variables;
	int r = 0;

	if (p->n_variables == 2)
		r = set_variable(e, p->variables[0], key, p->assign);
	if (r == 0 && p->n_variables)
		r = set_variable(e, p->variables[p->n_variables - 1], value, p->assign);
	if (r == 0)
		r = walk(e, n->body, value);
	e->n_variables = mark;
	return r;
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Objects are ranged over in the order of their keys, as Go's maps are. */
static int range_object(struct exec *e, const struct template_node *n, json_t *object)
{
	size_t count = json_object_size(object), i = 0;
	const char **keys = arena_calloc(e->run.arena, count, sizeof(*keys));
	const char *key;
	json_t *value;
	int r = 0;

	if (!keys)
		return err_oom(e->run.err);
	json_object_foreach (object, key, value)
		keys[i++] = key;
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (i = 0; i < count && r >= 0 && r != FLOW_BREAK; i++) {
		json_t *name = template_own(&e->run, json_string(keys[i]));

		r = name ? range_one(e, n, name, json_object_get(object, keys[i]))
			 : err_oom(e->run.err);
	}
	return r < 0 ? r : 0;
}

static int range_array(struct exec *e, const struct template_node *n, json_t *array)
{
	size_t count = json_array_size(array);
	int r = 0;

	for (size_t i = 0; i < count && r >= 0 && r != FLOW_BREAK; i++) {
		json_t *index = template_own(&e->run, json_integer((json_int_t)i));

		r = index ? range_one(e, n, index, json_array_get(array, i)) : err_oom(e->run.err);
	}
	return r < 0 ? r : 0;
}

static int walk_range(struct exec *e, const struct template_node *n, json_t *dot)
{
	const struct template_command *c = n->pipe->commands;
	json_t *list;
	int r = eval_commands(e, n->pipe, dot, &list);

	if (r < 0)
		return r;
	if (list && !json_is_null(list) && !json_is_array(list) && !json_is_object(list)) {
		cleanup(buf_done) struct buf b = BUF_INIT(100);

		template_print(&b, list, false);
		return fail_at(e, c->at, c->source, "range can't iterate over %s", b.data ?: "");
	}
	if (!template_truth(list))
		return walk(e, n->otherwise, dot);
	return json_is_array(list) ? range_array(e, n, list) : range_object(e, n, list);
}

/* if and with */
static int walk_branch(struct exec *e, const struct template_node *n, json_t *dot)
{
	size_t mark = e->n_variables;
	json_t *value;
	int r = eval_pipe(e, n->pipe, dot, &value);

	if (r == 0 && template_truth(value))
		r = walk(e, n->body, n->kind == NODE_WITH ? value : dot);
	else if (r == 0)
		r = walk(e, n->otherwise, dot);
	e->n_variables = mark;
	return r;
}

static int walk_action(struct exec *e, const struct template_node *n, json_t *dot)
{
	json_t *value;
	int r = eval_pipe(e, n->pipe, dot, &value);

	if (r < 0)
		return r;
	if (n->pipe->n_variables == 0)
		template_print(e->out, value, false);
	return buf_check(e->out, e->run.err);
}

/* enum flow, or a negative errno. */
static int walk(struct exec *e, const struct template_node *nodes, json_t *dot)
{
	size_t mark = e->n_variables;
	int r = 0;

	for (const struct template_node *n = nodes; n && r == 0; n = n->next) {
		r = step(e);
		if (r < 0)
			break;
		switch (n->kind) {
		case NODE_TEXT:
			buf_add(e->out, n->text ?: "", n->len);
			r = buf_check(e->out, e->run.err);
			break;
		case NODE_ACTION:
			/* Its variables live to the end of this list. */
			r = walk_action(e, n, dot);
			break;
		case NODE_IF:
		case NODE_WITH:
			r = walk_branch(e, n, dot);
			break;
		case NODE_RANGE:
			r = walk_range(e, n, dot);
			break;
		case NODE_BREAK:
			r = FLOW_BREAK;
			break;
		case NODE_CONTINUE:
			r = FLOW_CONTINUE;
			break;
		}
	}
	e->n_variables = mark;
	return r;
}

int template_execute(const struct template *t, json_t *root, int flags, const char *type,
		     struct buf *out, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(RUN_MEMORY_MAX);
	struct err local = ERR_INIT;
	struct exec e = {
		.run = {.arena = a, .root = root, .flags = flags, .err = err ?: &local},
		.t = t,
		.out = out,
		.type = type,
		.variables = {{"$", root}},
		.n_variables = 1,
	};

	if (!a)
		return err_oom(err);
	return walk(&e, t->nodes, root);
}

/* ---- which fields are mentioned ---- */

struct visit {
	void (*fn)(const char *chain, void *data);
	void *data;
};

static void visit_pipe(const struct template_pipe *pipe, const struct visit *v)
{
	for (const struct template_command *c = pipe ? pipe->commands : NULL; c; c = c->next)
		for (const struct template_operand *o = c->operands; o; o = o->next) {
			const char *text = o->source;

			visit_pipe(o->pipe, v);
			if (!o->chain)
				continue;
			if (o->kind == OPERAND_PAREN)
				text = strrchr(text, ')') ?: text;
			v->fn(strchr(text, '.') ? strchr(text, '.') + 1 : text, v->data);
		}
}

static void visit_nodes(const struct template_node *n, const struct visit *v)
{
	for (; n; n = n->next) {
		visit_pipe(n->pipe, v);
		visit_nodes(n->body, v);
		visit_nodes(n->otherwise, v);
	}
}

void template_each_field(const struct template *t, void (*fn)(const char *chain, void *data),
			 void *data)
{
	const struct visit v = {fn, data};

	visit_nodes(t->nodes, &v);
}

struct search {
	const char *field;
	bool found;
};

static void search_field(const char *chain, void *data)
{
	struct search *s = data;
	const char *rest = str_after(chain, s->field);

	s->found |= rest && (*rest == '\0' || *rest == '.');
}

bool template_uses(const struct template *t, const char *field)
{
	struct search s = {.field = field};

	template_each_field(t, search_field, &s);
	return s.found;
}
