// SPDX-License-Identifier: Apache-2.0
#include "command/parse.h"

#include <ctype.h>
#include <stdio.h>

#include "base/json.h"
#include "base/str.h"

struct parser {
	struct command_line *c;
	struct flag flags[FLAGS_MAX];
	size_t n_flags;
	bool *set;
	char *const *words;
	size_t n, next;
	bool single_hyphen;
};

int flag_parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "TRUE", "true", "True", NULL};
	static const char *const no[] = {"0", "f", "F", "FALSE", "false", "False", NULL};

	if (strv_has((char *const *)yes, s))
		*ret = true;
	else if (strv_has((char *const *)no, s))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

int flag_parse_int(const char *s, int64_t *ret)
{
	const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
	int base = 10;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return -EINVAL;
	if (digits[0] == '0' && digits[1]) {
		char kind = (char)tolower((unsigned char)digits[1]);

		base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
		digits += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
		if (!isalnum((unsigned char)*digits))
			return -EINVAL;
	}
	errno = 0;
	*ret = strtoll(digits, &end, base);
	if (*end || end == digits)
		return -EINVAL;
	if (errno)
		return -ERANGE;
	if (*s == '-')
		*ret = -*ret;
	return 0;
}

static int add_to_list(struct arena *a, char ***list, const char *value, struct err *err)
{
	char **grown = strv_append(a, *list, value);

	if (!grown)
		return err_oom(err);
	*list = grown;
	return 0;
}

static int set_number(const struct flag *f, const char *value, void *dest, struct err *err)
{
	int64_t n;
	int r = flag_parse_int(value, &n);

	if (r == 0 && f->type == FLAG_UINT)
		r = *value == '-' || *value == '+' ? -EINVAL : n > UINT16_MAX ? -ERANGE : 0;
	if (r < 0)
		return err_set(err, ERR_INVALID, "strconv.Parse%s: parsing \"%s\": %s",
			       f->type == FLAG_UINT ? "Uint" : "Int", value,
			       r == -ERANGE ? "value out of range" : "invalid syntax");
	if (f->type == FLAG_OPT_INT)
		*(struct opt_i64 *)dest = (struct opt_i64){true, n};
	else if (f->type == FLAG_UINT)
		*(uint64_t *)dest = (uint64_t)n;
	else
		*(int64_t *)dest = n;
	return 0;
}

static int set_value(struct command_line *c, const struct flag *f, const char *value,
		     struct err *err)
{
	void *dest = (char *)c->options + f->at;
	bool on;

	switch (f->type) {
	case FLAG_BOOL:
	case FLAG_OPT_BOOL:
		if (flag_parse_bool(value, &on) < 0)
			return err_set(err, ERR_INVALID,
				       "strconv.ParseBool: parsing \"%s\": invalid syntax", value);
		if (f->type == FLAG_BOOL)
			*(bool *)dest = on;
		else
			*(struct opt_flag *)dest = (struct opt_flag){true, on};
		return 0;
	case FLAG_STRING:
		*(char **)dest = arena_strdup(c->arena, value);
		return *(char **)dest ? 0 : err_oom(err);
	case FLAG_INT:
	case FLAG_OPT_INT:
	case FLAG_UINT:
		return set_number(f, value, dest, err);
	case FLAG_MAP:
		if (!strchr(value, '='))
			return err_set(err, ERR_INVALID, "%s must be formatted as key=value",
				       value);
		return add_to_list(c->arena, dest, value, err);
	case FLAG_LIST:
		return add_to_list(c->arena, dest, value, err);
	case FLAG_PARSED:
		return f->parse(c->arena, value, dest, err);
	}
	return err_set(err, ERR_INVALID, "flag of an unknown type");
}

static int apply(struct parser *p, size_t i, const char *value, struct err *err)
{
	const struct flag *f = &p->flags[i];
	char letter[8] = "";

	p->set[i] = true;
	if (set_value(p->c, f, value, err) == 0)
		return 0;
	if (f->letter)
		snprintf(letter, sizeof(letter), "-%c, ", f->letter);
	return err_prefix(err, "invalid argument \"%s\" for \"%s--%s\" flag", value, letter,
			  f->name);
}

/* In Go's syntax -n and --n name the letter, too. */
static bool names(const struct parser *p, const struct flag *f, const char *name, size_t len)
{
	if (strncmp(f->name, name, len) == 0 && !f->name[len])
		return true;
	return p->single_hyphen && len == 1 && f->letter == *name;
}

static int one_long(struct parser *p, const char *word, bool *help, struct err *err)
{
	const char *name = word + (word[1] == '-' ? 2 : 1), *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);

	if (len == 0 || *name == '-')
		return err_set(err, ERR_INVALID, "bad flag syntax: %s", word);
	for (size_t i = 0; i < p->n_flags; i++) {
		if (!names(p, &p->flags[i], name, len))
			continue;
		if (equals)
			return apply(p, i, equals + 1, err);
		if (flag_is_switch(&p->flags[i]))
			return apply(p, i, "true", err);
		if (p->next == p->n)
			return err_set(err, ERR_INVALID, "flag needs an argument: %s", word);
		return apply(p, i, p->words[p->next++], err);
	}
	if ((len == 4 && strncmp(name, "help", 4) == 0) ||
	    (p->single_hyphen && len == 1 && *name == 'h')) {
		*help = true;
		return 0;
	}
	return err_set(err, ERR_INVALID, "unknown flag: --%.*s", (int)len, name);
}

static int bundle(struct parser *p, const char *word, bool *help, struct err *err)
{
	for (const char *s = word + 1; *s; s++) {
		size_t i = 0;

		while (i < p->n_flags && p->flags[i].letter != *s)
			i++;
		if (i == p->n_flags && *s == 'h') {
			*help = true;
			return 0;
		}
		if (i == p->n_flags)
			return err_set(err, ERR_INVALID, "unknown shorthand flag: '%c' in %s", *s,
				       word);
		if (s[1] == '=' && s[2])
			return apply(p, i, s + 2, err);
		if (flag_is_switch(&p->flags[i])) {
			int r = apply(p, i, "true", err);

			if (r < 0)
				return r;
			continue;
		}
		if (s[1])
			return apply(p, i, s + 1, err);
		if (p->next == p->n)
			return err_set(err, ERR_INVALID, "flag needs an argument: '%c' in %s", *s,
				       word);
		return apply(p, i, p->words[p->next++], err);
	}
	return 0;
}

static int set_defaults(struct parser *p, struct err *err)
{
	for (size_t i = 0; i < p->n_flags; i++) {
		int r = p->flags[i].def ? set_value(p->c, &p->flags[i], p->flags[i].def, err) : 0;

		if (r < 0)
			return err_prefix(err, "default of --%s", p->flags[i].name);
	}
	return 0;
}

int command_parse(struct command_line *c, char *const *words, size_t n, bool *help, struct err *err)
{
	const struct command *cmd = c->command;
	struct parser p = {.c = c,
			   .words = words,
			   .n = n,
			   .single_hyphen = c->program && c->program->single_hyphen};
	bool flags_ended = cmd->traits & COMMAND_RAW;
	int r;

	p.n_flags = command_flags(cmd, p.flags);
	p.set = arena_calloc(c->arena, p.n_flags + 1, sizeof(*p.set));
	c->set = p.set;
	c->options = arena_alloc(c->arena, cmd->options_size);
	c->args = arena_calloc(c->arena, n + 1, sizeof(*c->args));
	if (!p.set || !c->options || !c->args)
		return err_oom(err);
	r = set_defaults(&p, err);
	while (r == 0 && p.next < n && !*help) {
		const char *word = words[p.next++];

		if (flags_ended || word[0] != '-' || !word[1]) {
			c->args[c->n_args++] = (char *)(uintptr_t)word;
			if (cmd->traits & COMMAND_FIRST_ARG_ENDS_FLAGS)
				flags_ended = true;
		} else if (str_eq(word, "--")) {
			flags_ended = true;
		} else if (word[1] == '-' || p.single_hyphen) {
			r = one_long(&p, word, help, err);
		} else {
			r = bundle(&p, word, help, err);
		}
	}
	return r;
}

static const char *plural(size_t n)
{
	return n == 1 ? "argument" : "arguments";
}

const char *command_check_args(struct arena *a, const struct command *cmd, size_t n)
{
	size_t min = cmd->min_args, max = cmd->max_args;

	if (n >= min && n <= max)
		return NULL;
	if (max == 0)
		return "accepts no arguments.";
	if (min == max)
		return arena_printf(a, "requires exactly %zu %s.", min, plural(min));
	if (max == COMMAND_ANY_ARGS)
		return arena_printf(a, "requires at least %zu %s.", min, plural(min));
	if (min == 0)
		return arena_printf(a, "requires at most %zu %s.", max, plural(max));
	return arena_printf(a, "requires at least %zu and at most %zu %s.", min, max, plural(max));
}
