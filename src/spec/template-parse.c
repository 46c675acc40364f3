// SPDX-License-Identifier: Apache-2.0
/*
 * Recursive descent over the text. The lexer is asked for one token at a time and one is looked
 * ahead; whether white space stood before a token is kept, because ".A.B" is a chain and ".A .B"
 * are two operands. Variables are checked here, as in Go: an undefined one is an error of parsing.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "spec/template-tree.h"

#define VARIABLES_MAX 256
#define OPERANDS_MAX  256

enum token {
	T_END, /* }} */
	T_PIPE,
	T_OPEN,
	T_CLOSE,
	T_DECLARE,
	T_ASSIGN,
	T_COMMA,
	T_DOT,
	T_FIELD,
	T_VARIABLE,
	T_WORD,
	T_LITERAL,
};

struct parser {
	struct arena *arena;
	struct err *err;
	const char *text, *p;
	int depth, loops;
	const char *variables[VARIABLES_MAX];
	size_t n_variables;
	/* the token looked at */
	enum token token;
	const char *from; /* where it starts */
	const char *word; /* of fields (without dot), variables, words */
	json_t *literal;
	bool spaced, trim_next;
};

/* How a list of nodes ended. */
enum stop {
	STOP_EOF,
	STOP_END,
	STOP_ELSE,
};

static int fail(struct parser *p, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int fail(struct parser *p, const char *fmt, ...)
{
	char why[256];
	int line = 1;
	va_list ap;

	for (const char *c = p->text; c < p->p; c++)
		line += *c == '\n';
	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(p->err, ERR_INVALID, "template: :%d: %s", line, why);
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80);
}

static bool at_right_trim(const char *s)
{
	return isspace((unsigned char)s[0]) && s[1] == '-' && s[2] == '}' && s[3] == '}';
}

static void literal_unref(void *j)
{
	json_decref(j);
}

static int keep_literal(struct parser *p, json_t *j)
{
	if (!j)
		return fail(p, "invalid literal");
	if (arena_defer(p->arena, literal_unref, j) < 0)
		return err_oom(p->err);
	p->token = T_LITERAL;
	p->literal = j;
	return 0;
}

static void put_utf8(struct buf *b, uint32_t c)
{
	if (c < 0x80) {
		buf_putc(b, (char)c);
		return;
	}
	if (c < 0x800) {
		buf_putc(b, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_putc(b, (char)(0xe0 | c >> 12));
		} else {
			buf_putc(b, (char)(0xf0 | c >> 18));
			buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_putc(b, (char)(0x80 | (c & 0x3f)));
}

/* The escape behind a backslash at p->p. */
static int escape(struct parser *p, struct buf *b)
{
	static const char from[] = "abfnrtv\\'\"", to[] = "\a\b\f\n\r\t\v\\'\"";
	const char *simple = *p->p ? strchr(from, *p->p) : NULL;
	size_t digits = *p->p == 'x' ? 2 : *p->p == 'u' ? 4 : *p->p == 'U' ? 8 : 0;
	uint32_t c = 0;

	if (simple) {
		buf_putc(b, to[simple - from]);
		p->p++;
		return 0;
	}
	if (!digits)
		return fail(p, "invalid syntax");
	for (p->p++; digits; digits--, p->p++) {
		if (!isxdigit((unsigned char)*p->p))
			return fail(p, "invalid syntax");
		c = c << 4 | (uint32_t)(isdigit((unsigned char)*p->p)
						? *p->p - '0'
						: tolower((unsigned char)*p->p) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return fail(p, "invalid syntax");
	put_utf8(b, c);
	return 0;
}

static int lex_quoted(struct parser *p, char quote)
{
	cleanup(buf_done) struct buf b = BUF_INIT(TEMPLATE_TEXT_MAX);
	size_t n;

	buf_puts(&b, "");
	for (p->p++; *p->p != quote;) {
		if (!*p->p || (*p->p == '\n' && quote != '`'))
			return fail(p, "unterminated %s",
				    quote == '`'   ? "raw quoted string"
				    : quote == '"' ? "quoted string"
						   : "character constant");
		if (*p->p == '\\' && quote != '`') {
			p->p++;
			if (escape(p, &b) < 0)
				return -EINVAL;
			continue;
		}
		buf_putc(&b, *p->p++);
	}
	p->p++;
	if (buf_check(&b, p->err) < 0)
		return p->err->code;
	if (quote != '\'')
		return keep_literal(p, json_stringn(b.data, b.len));
	for (n = 1; n < b.len && (b.data[n] & 0xc0) == 0x80; n++)
		;
	if (b.len == 0 || n != b.len || b.len > 4)
		return fail(p, "malformed character constant");
	if (b.len == 1)
		return keep_literal(p, json_integer((unsigned char)b.data[0]));
	n = (unsigned char)b.data[0] & (0xffu >> (b.len + 1));
	for (size_t i = 1; i < b.len; i++)
		n = n << 6 | ((unsigned char)b.data[i] & 0x3f);
	return keep_literal(p, json_integer((json_int_t)n));
}

static int lex_number(struct parser *p)
{
	size_t n = 1;
	char text[48], *end;
	long long v;
	double d;

	while (is_word_char(p->p[n]) || p->p[n] == '.' ||
	       ((p->p[n] == '+' || p->p[n] == '-') && tolower((unsigned char)p->p[n - 1]) == 'e'))
		n++;
	if (n >= sizeof(text))
		return fail(p, "bad number syntax: \"%.40s\"", p->p);
	memcpy(text, p->p, n);
	text[n] = '\0';
	p->p += n;
	errno = 0;
	v = strtoll(text, &end, 0);
	if (!*end && errno == 0)
		return keep_literal(p, json_integer(v));
	errno = 0;
	d = strtod(text, &end);
	if (*end || errno)
		return fail(p, "bad number syntax: \"%s\"", text);
	return keep_literal(p, json_real(d));
}

static int lex_word(struct parser *p, enum token token, size_t skip)
{
	size_t n = skip;

	while (is_word_char(p->p[n]))
		n++;
	p->token = token;
	p->word = arena_strndup(p->arena, p->p + (token == T_FIELD), n - (token == T_FIELD));
	p->p += n;
	if (!p->word)
		return err_oom(p->err);
	if (*p->p && !strchr(" \t\r\n.,|:=()}", *p->p))
		return fail(p, "bad character U+%04X '%c'", (unsigned char)*p->p, *p->p);
	return 0;
}

/* The next token of an action into p. */
static int next(struct parser *p)
{
	const char *start = p->p;

	while (isspace((unsigned char)*p->p) && !at_right_trim(p->p))
		p->p++;
	p->trim_next = at_right_trim(p->p);
	if (p->trim_next)
		p->p += 2;
	p->spaced = p->p > start;
	p->from = p->p;
	if (p->p[0] == '}' && p->p[1] == '}') {
		p->token = T_END;
		p->p += 2;
		return 0;
	}
	if (p->p[0] == ':' && p->p[1] == '=') {
		p->token = T_DECLARE;
		p->p += 2;
		return 0;
	}
	switch (*p->p) {
	case '\0':
		return fail(p, "unclosed action");
	case '|':
	case '(':
	case ')':
	case '=':
	case ',':
		p->token = *p->p == '|'   ? T_PIPE
			   : *p->p == '(' ? T_OPEN
			   : *p->p == ')' ? T_CLOSE
			   : *p->p == '=' ? T_ASSIGN
					  : T_COMMA;
		p->p++;
		return 0;
	case '"':
	case '`':
	case '\'':
		return lex_quoted(p, *p->p);
	case '$':
		return lex_word(p, T_VARIABLE, 1);
	case '.':
		if (isdigit((unsigned char)p->p[1]))
			return lex_number(p);
		if (is_word_char(p->p[1]))
			return lex_word(p, T_FIELD, 1);
		p->token = T_DOT;
		p->p++;
		return 0;
	default:
		break;
	}
	if (isdigit((unsigned char)*p->p) ||
	    ((*p->p == '-' || *p->p == '+') && isdigit((unsigned char)p->p[1])))
		return lex_number(p);
	if (is_word_char(*p->p))
		return lex_word(p, T_WORD, 0);
	return fail(p, "unexpected bad character U+%04X '%c' in command", (unsigned char)*p->p,
		    isprint((unsigned char)*p->p) ? *p->p : '?');
}

static int parse_pipe(struct parser *p, enum token until, struct template_pipe **ret);

static const char *source(struct parser *p, const char *from, const char *to)
{
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return arena_strndup(p->arena, from, (size_t)(to - from));
}

static bool is_variable(const struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->n_variables; i++)
		if (strcmp(p->variables[i], name) == 0)
			return true;
	return false;
}

static int parse_word(struct parser *p, struct template_operand *o)
{
	json_t *j = NULL;

	o->kind = OPERAND_LITERAL;
	if (strcmp(p->word, "nil") == 0)
		return 0;
	if (strcmp(p->word, "true") == 0 || strcmp(p->word, "false") == 0) {
		j = json_boolean(p->word[0] == 't');
		o->literal = j;
		return keep_literal(p, j);
	}
	if (!template_is_function(p->word))
		return fail(p, "function \"%.64s\" not defined", p->word);
	o->kind = OPERAND_FUNCTION;
	o->name = p->word;
	return 0;
}

/* The operand that begins with the current token; afterwards the token behind it is current. */
static int parse_operand(struct parser *p, struct template_operand **ret)
{
	struct template_operand *o = arena_alloc(p->arena, sizeof(*o));
	const char *from = p->from, *to;
	int r = 0;

	if (!o)
		return err_oom(p->err);
	o->at = (size_t)(from - p->text);
	switch (p->token) {
	case T_DOT:
		o->kind = OPERAND_DOT;
		break;
	case T_FIELD:
		o->kind = OPERAND_DOT;
		o->chain = strv_append(p->arena, NULL, p->word);
		r = o->chain ? 0 : err_oom(p->err);
		break;
	case T_VARIABLE:
		o->kind = OPERAND_VARIABLE;
		o->name = p->word;
		if (!is_variable(p, p->word))
			return fail(p, "undefined variable \"%.64s\"", p->word);
		break;
	case T_WORD:
		r = parse_word(p, o);
		break;
	case T_LITERAL:
		o->kind = OPERAND_LITERAL;
		o->literal = p->literal;
		break;
	case T_OPEN:
		o->kind = OPERAND_PAREN;
		r = next(p);
		if (r == 0)
			r = parse_pipe(p, T_CLOSE, &o->pipe);
		break;
	case T_END:
	case T_PIPE:
	case T_CLOSE:
	case T_DECLARE:
	case T_ASSIGN:
	case T_COMMA:
		return fail(p, "unexpected \"%.*s\" in operand", (int)(p->p - p->from), p->from);
	}
	to = p->p;
	r = r < 0 ? r : next(p);
	while (r == 0 && p->token == T_FIELD && !p->spaced) {
		if (o->kind == OPERAND_LITERAL || (o->kind == OPERAND_DOT && !o->chain))
			return fail(p, "unexpected <.%.64s> after term", p->word);
		/* Where Go says a chain is: at its last part but the first. */
		if (o->at == (size_t)(from - p->text))
			o->at = (size_t)(p->from - p->text);
		o->chain = strv_append(p->arena, o->chain, p->word);
		to = p->p;
		r = o->chain ? next(p) : err_oom(p->err);
	}
	o->source = r < 0 ? NULL : source(p, from, to);
	*ret = o;
	return r < 0 ? r : o->source ? 0 : err_oom(p->err);
}

static int parse_command(struct parser *p, struct template_command **ret)
{
	struct template_command *c = arena_alloc(p->arena, sizeof(*c));
	struct template_operand **tail;
	const char *from = p->from, *to = p->p;

	if (!c)
		return err_oom(p->err);
	tail = &c->operands;
	c->at = (size_t)(from - p->text);
	while (p->token != T_PIPE && p->token != T_END && p->token != T_CLOSE) {
		int r;

		if (c->n >= OPERANDS_MAX)
			return fail(p, "too many operands");
		if (c->n && !p->spaced && p->token != T_OPEN)
			return fail(p, "unexpected \"%.*s\" in operand", (int)(p->p - p->from),
				    p->from);
		r = parse_operand(p, tail);
		if (r < 0)
			return r;
		to = p->from;
		tail = &(*tail)->next;
		c->n++;
	}
	if (c->n == 0)
		return fail(p, "missing value for command");
	if (c->n > 1 && c->operands->kind == OPERAND_LITERAL)
		return fail(p, "can't give argument to non-function %.100s", c->operands->source);
	c->source = source(p, from, p->trim_next && p->token == T_END ? to - 2 : to);
	*ret = c;
	return c->source ? 0 : err_oom(p->err);
}

/* "$x :=", "$i, $e :=" or "$x =" at the start of a pipeline; nothing when it is something else. */
static int parse_declaration(struct parser *p, struct template_pipe *pipe)
{
	struct parser before = *p;
	int r = 0;

	while (r == 0 && p->token == T_VARIABLE && pipe->n_variables < 2) {
		pipe->variables[pipe->n_variables++] = p->word;
		r = next(p);
		if (r < 0 || p->token != T_COMMA)
			break;
		r = next(p);
	}
	if (r < 0)
		return r;
	if (pipe->n_variables && (p->token == T_DECLARE || p->token == T_ASSIGN)) {
		pipe->assign = p->token == T_ASSIGN;
		if (pipe->assign && !is_variable(p, pipe->variables[0]))
			return fail(p, "undefined variable \"%.64s\"", pipe->variables[0]);
		return next(p);
	}
	pipe->n_variables = 0;
	*p = before;
	return 0;
}

static int parse_pipe(struct parser *p, enum token until, struct template_pipe **ret)
{
	struct template_pipe *pipe = arena_alloc(p->arena, sizeof(*pipe));
	struct template_command **tail;
	int r;

	if (!pipe)
		return err_oom(p->err);
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return fail(p, "nested deeper than %d", TEMPLATE_DEPTH_MAX);
	r = parse_declaration(p, pipe);
	tail = &pipe->commands;
	while (r == 0) {
		r = parse_command(p, tail);
		if (r < 0 || p->token != T_PIPE)
			break;
		tail = &(*tail)->next;
		r = next(p);
	}
	if (r == 0 && p->token != until)
		return until == T_CLOSE ? fail(p, "unclosed left paren")
					: fail(p, "unexpected right paren");
	for (size_t i = 0; r == 0 && !pipe->assign && i < pipe->n_variables; i++) {
		if (p->n_variables >= VARIABLES_MAX)
			return fail(p, "too many variables");
		p->variables[p->n_variables++] = pipe->variables[i];
	}
	p->depth--;
	*ret = pipe;
	return r;
}

static int parse_nodes(struct parser *p, struct template_node **ret, enum stop *stop);

static int parse_block(struct parser *p, struct template_node *n);

/* Behind "else" of a block: "if …" or "with …" of the same kind nest, anything else is "}}". */
static int parse_else(struct parser *p, struct template_node *n)
{
	const char *again = n->kind == NODE_IF ? "if" : "with";
	enum stop stop;
	int r;

	if (p->token == T_WORD && n->kind != NODE_RANGE && strcmp(p->word, again) == 0) {
		n->otherwise = arena_alloc(p->arena, sizeof(*n));
		if (!n->otherwise)
			return err_oom(p->err);
		n->otherwise->kind = n->kind;
		r = next(p);
		return r < 0 ? r : parse_block(p, n->otherwise);
	}
	if (p->token != T_END)
		return fail(p, "unexpected \"%.*s\" in else", (int)(p->p - p->from), p->from);
	r = parse_nodes(p, &n->otherwise, &stop);
	if (r < 0)
		return r;
	return stop == STOP_END
		       ? 0
		       : fail(p, stop == STOP_EOF ? "unexpected EOF" : "unexpected {{else}}");
}

/* The pipeline, body and else part of if, range or with, through its {{end}}. */
static int parse_block(struct parser *p, struct template_node *n)
{
	size_t variables = p->n_variables;
	enum stop stop;
	int r;

	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return fail(p, "nested deeper than %d", TEMPLATE_DEPTH_MAX);
	r = parse_pipe(p, T_END, &n->pipe);
	p->loops += n->kind == NODE_RANGE;
	if (r == 0)
		r = parse_nodes(p, &n->body, &stop);
	p->loops -= n->kind == NODE_RANGE;
	if (r < 0)
		return r;
	if (stop == STOP_EOF)
		return fail(p, "unexpected EOF");
	if (stop == STOP_ELSE)
		r = parse_else(p, n);
	p->n_variables = variables;
	p->depth--;
	return r;
}

static int parse_keyword(struct parser *p, struct template_node *n, enum stop *stop,
			 bool *is_keyword)
{
	static const char *const unsupported[] = {"define", "template", "block"};
	int r;

	*is_keyword = true;
	if (strcmp(p->word, "end") == 0 || strcmp(p->word, "else") == 0) {
		*stop = p->word[1] == 'n' ? STOP_END : STOP_ELSE;
		r = next(p);
		if (r == 0 && *stop == STOP_END && p->token != T_END)
			return fail(p, "unexpected \"%.*s\" in end", (int)(p->p - p->from),
				    p->from);
		return r;
	}
	for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++)
		if (strcmp(p->word, unsupported[i]) == 0)
			return fail(p, "{{%s}} is not supported", p->word);
	if (strcmp(p->word, "break") == 0 || strcmp(p->word, "continue") == 0) {
		n->kind = p->word[0] == 'b' ? NODE_BREAK : NODE_CONTINUE;
		if (p->loops == 0)
			return fail(p, "{{%s}} outside {{range}}", p->word);
		r = next(p);
		return r < 0 || p->token == T_END ? r : fail(p, "unexpected operand in {{break}}");
	}
	n->kind = strcmp(p->word, "if") == 0      ? NODE_IF
		  : strcmp(p->word, "range") == 0 ? NODE_RANGE
		  : strcmp(p->word, "with") == 0  ? NODE_WITH
						  : NODE_ACTION;
	if (n->kind == NODE_ACTION) {
		*is_keyword = false;
		return 0;
	}
	r = next(p);
	return r < 0 ? r : parse_block(p, n);
}

/* Behind "{{": a node, or a stop. A comment gives a node of no text. */
static int parse_action(struct parser *p, struct template_node *n, enum stop *stop)
{
	bool is_keyword = false;
	int r;

	*stop = STOP_EOF;
	if (strncmp(p->p, "/*", 2) == 0) {
		const char *end = strstr(p->p + 2, "*/");

		if (!end)
			return fail(p, "unclosed comment");
		p->p = end + 2;
		p->trim_next = at_right_trim(p->p);
		p->p += p->trim_next ? 2 : 0;
		if (strncmp(p->p, "}}", 2) != 0)
			return fail(p, "comment ends before closing delimiter");
		p->p += 2;
		n->kind = NODE_TEXT;
		return 0;
	}
	r = next(p);
	if (r < 0)
		return r;
	n->kind = NODE_ACTION;
	if (p->token == T_WORD) {
		r = parse_keyword(p, n, stop, &is_keyword);
		if (r < 0 || is_keyword)
			return r;
	}
	if (p->token == T_END)
		return fail(p, "missing value for command");
	return parse_pipe(p, T_END, &n->pipe);
}

/* Text up to the next action; true when an action follows, behind whose braces p->p then is. */
static bool parse_text(struct parser *p, struct template_node *n)
{
	const char *open = strstr(p->p, "{{"), *end = open ?: p->p + strlen(p->p);
	bool trim_left = open && open[2] == '-' && isspace((unsigned char)open[3]);

	if (p->trim_next)
		while (p->p < end && isspace((unsigned char)*p->p))
			p->p++;
	p->trim_next = false;
	n->kind = NODE_TEXT;
	n->text = p->p;
	n->len = (size_t)(end - p->p);
	if (trim_left)
		while (n->len && isspace((unsigned char)n->text[n->len - 1]))
			n->len--;
	p->p = end;
	if (!open)
		return false;
	p->p += 2;
	if (trim_left)
		for (p->p++; isspace((unsigned char)*p->p) && !at_right_trim(p->p); p->p++)
			;
	return true;
}

static int parse_nodes(struct parser *p, struct template_node **ret, enum stop *stop)
{
	struct template_node **tail = ret;

	for (;;) {
		struct template_node *n = arena_calloc(p->arena, 2, sizeof(*n));
		int r;

		if (!n)
			return err_oom(p->err);
		*tail = n;
		tail = &n->next;
		if (!parse_text(p, n)) {
			*stop = STOP_EOF;
			return 0;
		}
		r = parse_action(p, n + 1, stop);
		if (r < 0 || *stop != STOP_EOF)
			return r;
		*tail = n + 1;
		tail = &n[1].next;
	}
}

int template_parse(struct arena *a, const char *text, struct template **ret, struct err *err)
{
	struct err local = ERR_INIT;
	struct parser p = {.arena = a, .err = err ?: &local, .n_variables = 1, .variables = {"$"}};
	struct template *t = arena_alloc(a, sizeof(*t));
	enum stop stop;
	int r;

	if (strlen(text) > TEMPLATE_TEXT_MAX)
		return err_set(err, ERR_TOO_LARGE, "template: more than %zu bytes",
			       TEMPLATE_TEXT_MAX);
	p.text = p.p = arena_strdup(a, text);
	if (!t || !p.text)
		return err_oom(err);
	t->text = p.text;
	r = parse_nodes(&p, &t->nodes, &stop);
	if (r == 0 && stop != STOP_EOF)
		r = fail(&p, "unexpected {{%s}}", stop == STOP_END ? "end" : "else");
	if (r == 0)
		*ret = t;
	return r;
}
