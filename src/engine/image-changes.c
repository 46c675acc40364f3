// SPDX-License-Identifier: Apache-2.0
/*
 * image-changes - the Dockerfile instructions that `commit --change` and `import --change` take.
 *
 * Each change is one logical line (a backslash at the end of a line joins the next one to it). A
 * line is an instruction and its argument text. Most arguments are words: quotes are taken away,
 * $NAME and
 * ${NAME} are replaced from the environment that the configuration has before the line, as Docker's
 * builder does for the same instructions. CMD, ENTRYPOINT, VOLUME, HEALTHCHECK and ONBUILD keep
 * their text; the first four also take a JSON array of strings.
 *
 * Nothing is written to the configuration before the whole line was understood.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "base/str.h"
#include "engine/image.h"
#include "spec/signal.h"
#include "spec/units.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)
#define WORDS_MAX      4096

struct changes {
	struct arena *arena;
	json_t *config;
	bool cmd_set; /* a CMD came before: a later ENTRYPOINT keeps it */
};

typedef int change_fn(struct changes *c, const char *rest, struct err *err);

static const char *skip_space(const char *s)
{
	while (isspace((unsigned char)*s))
		s++;
	return s;
}

/* ---- variables and quotes ---- */

static const char *config_env(const struct changes *c, const char *name, size_t n)
{
	json_t *env = json_object_get(c->config, "Env"), *v;
	size_t i;

	json_array_foreach (env, i, v) {
		const char *s = json_string_value(v);

		if (s && strncmp(s, name, n) == 0 && s[n] == '=')
			return s + n + 1;
	}
	return NULL;
}

static int expand(const struct changes *c, const char *s, size_t len, int depth, struct buf *out,
		  struct err *err);

/* What stands after "${": NAME}, NAME:-word}, NAME:+word}. Returns the bytes used, or an error. */
static ssize_t expand_braces(const struct changes *c, const char *s, size_t len, int depth,
			     struct buf *out, struct err *err)
{
	size_t n = 0, end = 0;
	const char *v;
	int nest = 1, r = 0;

	while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_'))
		n++;
	for (end = n; end < len && nest; end++)
		nest += s[end] == '{' ? 1 : s[end] == '}' ? -1 : 0;
	if (nest || n == 0)
		return err_set(err, ERR_INVALID,
			       "syntax error: unterminated or bad substitution: ${%.*s",
			       (int)MIN_OF(len, (size_t)80), s);
	v = config_env(c, s, n);
	if (s[n] == '}') {
		buf_puts(out, v ? v : "");
	} else if (s[n] == ':' && (s[n + 1] == '-' || s[n + 1] == '+')) {
		bool want_word = (s[n + 1] == '+') == !str_empty(v);

		if (want_word)
			r = expand(c, s + n + 2, end - 1 - (n + 2), depth + 1, out, err);
		else if (s[n + 1] == '-')
			buf_puts(out, v);
	} else {
		return err_set(err, ERR_INVALID, "unsupported modifier in substitution: ${%.*s",
			       (int)MIN_OF(end, (size_t)80), s);
	}
	return r < 0 ? r : (ssize_t)end;
}

/* What stands after "$". Returns the bytes used, or an error. */
static ssize_t expand_variable(const struct changes *c, const char *s, size_t len, int depth,
			       struct buf *out, struct err *err)
{
	size_t n = 0;
	const char *v;

	if (len && s[0] == '{') {
		ssize_t r = expand_braces(c, s + 1, len - 1, depth, out, err);

		return r < 0 ? r : r + 1;
	}
	while (n < len && (isalnum((unsigned char)s[n]) || s[n] == '_'))
		n++;
	if (n == 0) {
		buf_putc(out, '$');
		return 0;
	}
	v = config_env(c, s, n);
	buf_puts(out, v ? v : "");
	return (ssize_t)n;
}

static int expand(const struct changes *c, const char *s, size_t len, int depth, struct buf *out,
		  struct err *err)
{
	char quote = 0;

	if (depth > 16)
		return err_set(err, ERR_INVALID, "substitutions nest too deeply");
	for (size_t i = 0; i < len; i++) {
		if (quote ? s[i] == quote : s[i] == '\'' || s[i] == '"') {
			quote = quote ? 0 : s[i];
		} else if (s[i] == '\\' && quote != '\'' && i + 1 < len) {
			i++;
			if (quote == '"' && !strchr("\"$\\", s[i]))
				buf_putc(out, '\\');
			buf_putc(out, s[i]);
		} else if (s[i] == '$' && quote != '\'') {
			ssize_t used = expand_variable(c, s + i + 1, len - i - 1, depth, out, err);

			if (used < 0)
				return (int)used;
			i += (size_t)used;
		} else {
			buf_putc(out, s[i]);
		}
	}
	if (quote)
		return err_set(err, ERR_INVALID,
			       "unexpected end of statement while looking for matching "
			       "%s-quote",
			       quote == '"' ? "double" : "single");
	return 0;
}

static int expand_word(const struct changes *c, const char *s, size_t len, char **ret,
		       struct err *err)
{
	cleanup(buf_done) struct buf b = BUF_INIT(LINE_MAX_BYTES);
	int r = expand(c, s, len, 0, &b, err);

	if (r == 0)
		r = buf_check(&b, err);
	if (r < 0)
		return r;
	*ret = arena_strndup(c->arena, b.data ? b.data : "", b.len);
	return *ret ? 0 : err_oom(err);
}

/* The length of the word at s: up to a blank outside of quotes. */
static size_t word_length(const char *s)
{
	char quote = 0;
	size_t i;

	for (i = 0; s[i] && (quote || !isspace((unsigned char)s[i])); i++) {
		if (quote ? s[i] == quote : s[i] == '\'' || s[i] == '"')
			quote = quote ? 0 : s[i];
		else if (s[i] == '\\' && quote != '\'' && s[i + 1])
			i++;
	}
	return i;
}

static int split_words(const struct changes *c, const char *s, bool expanded, char ***ret,
		       struct err *err)
{
	char **words = NULL;
	size_t n = 0;

	for (s = skip_space(s); *s; s = skip_space(s)) {
		size_t len = word_length(s);
		char *word;
		int r;

		if (n++ == WORDS_MAX)
			return err_set(err, ERR_TOO_LARGE, "more than %d words in one change",
				       WORDS_MAX);
		if (!expanded) {
			word = arena_strndup(c->arena, s, len);
		} else {
			r = expand_word(c, s, len, &word, err);
			if (r < 0)
				return r;
		}
		words = word ? strv_append(c->arena, words, word) : NULL;
		if (!words)
			return err_oom(err);
		s += len;
	}
	*ret = words;
	return 0;
}

/* A JSON array of strings, the caller's; NULL when the text is anything else. */
static json_t *json_form(const char *rest)
{
	json_t *j, *v;
	size_t i;

	if (*rest != '[')
		return NULL;
	j = json_loads(rest, 0, NULL);
	json_array_foreach (j, i, v) {
		if (!json_is_string(v)) {
			json_decref(j);
			return NULL;
		}
	}
	return j;
}

static int set_new(json_t *object, const char *key, json_t *value, struct err *err)
{
	return json_object_set_new(object, key, value) < 0 ? err_oom(err) : 0;
}

/* The member `key` of the configuration, made when it is missing or null. */
static json_t *member(const struct changes *c, const char *key, bool array)
{
	json_t *j = json_object_get(c->config, key);

	if (array ? json_is_array(j) : json_is_object(j))
		return j;
	j = array ? json_array() : json_object();
	return json_object_set_new(c->config, key, j) < 0 ? NULL : j;
}

/* ---- instructions ---- */

/* Exec form as it is; shell form behind the configuration's SHELL or /bin/sh -c. */
static json_t *command_line(const struct changes *c, const char *rest)
{
	json_t *j = json_form(rest), *shell = json_object_get(c->config, "Shell");

	if (j)
		return j;
	if (json_array_size(shell))
		j = json_copy(shell);
	else
		j = json_pack("[ss]", "/bin/sh", "-c");
	if (!j || json_array_append_new(j, json_string(rest)) < 0) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static int change_cmd(struct changes *c, const char *rest, struct err *err)
{
	c->cmd_set = true;
	return set_new(c->config, "Cmd", command_line(c, rest), err);
}

static int change_entrypoint(struct changes *c, const char *rest, struct err *err)
{
	int r = set_new(c->config, "Entrypoint", command_line(c, rest), err);

	if (r == 0 && !c->cmd_set)
		json_object_del(c->config, "Cmd");
	return r;
}

/* KEY=VALUE words, or the old form: one key, a blank, and the rest of the line as its value. */
static int key_values(struct changes *c, const char *name, const char *rest, struct json_map *ret,
		      struct err *err)
{
	size_t first = word_length(rest);
	char *key, *value, **words, *eq;
	int r;

	*ret = (struct json_map){};
	if (!memchr(rest, '=', first)) {
		const char *text = skip_space(rest + first);

		if (!*text)
			return err_set(err, ERR_INVALID, "%s must have two arguments", name);
		if ((r = expand_word(c, rest, first, &key, err)) < 0 ||
		    (r = expand_word(c, text, strlen(text), &value, err)) < 0)
			return r;
		return json_map_set(c->arena, ret, key, value) < 0 ? err_oom(err) : 0;
	}
	r = split_words(c, rest, false, &words, err);
	for (char **w = words; r == 0 && w && *w; w++) {
		eq = strchr(*w, '=');
		if (!eq)
			return err_set(err, ERR_INVALID,
				       "Syntax error - can't find = in \"%s\". Must be of "
				       "the form: name=value",
				       *w);
		if (eq == *w)
			return err_set(err, ERR_INVALID, "%s names can not be blank", name);
		if ((r = expand_word(c, *w, (size_t)(eq - *w), &key, err)) == 0 &&
		    (r = expand_word(c, eq + 1, strlen(eq + 1), &value, err)) == 0 &&
		    json_map_set(c->arena, ret, key, value) < 0)
			r = err_oom(err);
	}
	return r;
}

static int change_env(struct changes *c, const char *rest, struct err *err)
{
	json_t *env, *v;
	struct json_map m;
	size_t i;
	int r = key_values(c, "ENV", rest, &m, err);

	if (r < 0)
		return r;
	env = member(c, "Env", true);
	if (!env)
		return err_oom(err);
	for (size_t k = 0; k < m.n; k++) {
		size_t len = strlen(m.items[k].key);
		json_t *text = json_sprintf("%s=%s", m.items[k].key, m.items[k].value);

		json_array_foreach (env, i, v) {
			const char *s = json_string_value(v);

			if (s && strncmp(s, m.items[k].key, len) == 0 && s[len] == '=')
				break;
		}
		if ((i < json_array_size(env) ? json_array_set_new(env, i, text)
					      : json_array_append_new(env, text)) < 0)
			return err_oom(err);
	}
	return 0;
}

static int change_label(struct changes *c, const char *rest, struct err *err)
{
	struct json_map m;
	json_t *labels;
	int r = key_values(c, "LABEL", rest, &m, err);

	if (r < 0)
		return r;
	labels = member(c, "Labels", false);
	if (!labels)
		return err_oom(err);
	for (size_t i = 0; r == 0 && i < m.n; i++)
		r = set_new(labels, m.items[i].key, json_string(m.items[i].value), err);
	return r;
}

/* PORT[-PORT][/PROTOCOL] */
static int expose_one(json_t *ports, char *word, struct err *err)
{
	char *slash = strchr(word, '/'), *dash;
	const char *proto = slash ? slash + 1 : "tcp";
	uint64_t first, last;
	char key[32];
	int r = 0;

	if (slash)
		*slash = '\0';
	if (strcasecmp(proto, "tcp") != 0 && strcasecmp(proto, "udp") != 0 &&
	    strcasecmp(proto, "sctp") != 0)
		return err_set(err, ERR_INVALID, "invalid proto: %s", proto);
	dash = strchr(word, '-');
	if (dash)
		*dash = '\0';
	if (str_to_u64(word, &first) < 0 || str_to_u64(dash ? dash + 1 : word, &last) < 0 ||
	    last > 65535 || first > last)
		return err_set(err, ERR_INVALID, "invalid containerPort: %s%s%s", word,
			       dash ? "-" : "", dash ? dash + 1 : "");
	for (uint64_t p = first; r == 0 && p <= last; p++) {
		snprintf(key, sizeof(key), "%u/%s", (unsigned)p, proto);
		for (char *k = key; *k; k++)
			*k = (char)tolower((unsigned char)*k);
		r = set_new(ports, key, json_object(), err);
	}
	return r;
}

static int change_expose(struct changes *c, const char *rest, struct err *err)
{
	json_t *ports;
	char **words = NULL;
	int r = split_words(c, rest, true, &words, err);

	if (r < 0)
		return r;
	ports = member(c, "ExposedPorts", false);
	if (!ports)
		return err_oom(err);
	for (; r == 0 && words && *words; words++)
		r = expose_one(ports, *words, err);
	return r;
}

static int change_onbuild(struct changes *c, const char *rest, struct err *err)
{
	size_t n = strcspn(rest, " \t");
	json_t *list;

	if (n == 7 && strncasecmp(rest, "ONBUILD", n) == 0)
		return err_set(err, ERR_INVALID,
			       "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if ((n == 4 && strncasecmp(rest, "FROM", n) == 0) ||
	    (n == 10 && strncasecmp(rest, "MAINTAINER", n) == 0))
		return err_set(err, ERR_INVALID, "%.*s isn't allowed as an ONBUILD trigger", (int)n,
			       rest);
	list = member(c, "OnBuild", true);
	if (!list || json_array_append_new(list, json_string(rest)) < 0)
		return err_oom(err);
	return 0;
}

static int one_argument(struct changes *c, const char *name, const char *rest, char **ret,
			struct err *err)
{
	char **words = NULL;
	int r = split_words(c, rest, true, &words, err);

	if (r < 0)
		return r;
	if (strv_len(words) != 1)
		return err_set(err, ERR_INVALID, "%s requires exactly one argument", name);
	*ret = words[0];
	return 0;
}

static int change_user(struct changes *c, const char *rest, struct err *err)
{
	char *user = NULL;
	int r = one_argument(c, "USER", rest, &user, err);

	return r < 0 ? r : set_new(c->config, "User", json_string(user), err);
}

static int change_stopsignal(struct changes *c, const char *rest, struct err *err)
{
	char *text = NULL;
	int r = one_argument(c, "STOPSIGNAL", rest, &text, err);

	if (r < 0)
		return r;
	r = signal_parse(text, err);
	return r < 0 ? r : set_new(c->config, "StopSignal", json_string(text), err);
}

static int change_volume(struct changes *c, const char *rest, struct err *err)
{
	cleanup(json_unref) json_t *list = json_form(rest);
	char **words = NULL, *word;
	json_t *volumes, *v;
	size_t i;
	int r = 0;

	if (!list)
		r = split_words(c, rest, true, &words, err);
	json_array_foreach (list, i, v) {
		const char *s = json_string_value(v);

		r = expand_word(c, s, strlen(s), &word, err);
		if (r < 0)
			return r;
		words = strv_append(c->arena, words, word);
		if (!words)
			return err_oom(err);
	}
	if (r < 0)
		return r;
	volumes = member(c, "Volumes", false);
	if (!volumes)
		return err_oom(err);
	for (; r == 0 && words && *words; words++) {
		if (!**words)
			return err_set(err, ERR_INVALID,
				       "VOLUME specified can not be an empty string");
		r = set_new(volumes, *words, json_object(), err);
	}
	return r;
}

static int change_workdir(struct changes *c, const char *rest, struct err *err)
{
	const char *old = json_string_value(json_object_get(c->config, "WorkingDir"));
	char *dir, *joined;
	int r = expand_word(c, rest, strlen(rest), &dir, err);

	if (r < 0)
		return r;
	joined = path_join(c->arena, old && *old == '/' ? old : "/", dir);
	return joined ? set_new(c->config, "WorkingDir", json_string(joined), err) : err_oom(err);
}

/* One --flag=value of HEALTHCHECK into the object. */
static int healthcheck_flag(json_t *health, const char *flag, struct err *err)
{
	static const struct {
		const char *name, *member;
	} durations[] = {
		{"--interval=", "Interval"},
		{"--timeout=", "Timeout"},
		{"--start-period=", "StartPeriod"},
		{"--start-interval=", "StartInterval"},
	};
	const char *value;
	int64_t ns;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(durations); i++) {
		value = str_after(flag, durations[i].name);
		if (!value)
			continue;
		r = units_parse_duration(value, &ns, err);
		if (r < 0)
			return r;
		if (ns != 0 && ns < 1000000)
			return err_set(err, ERR_INVALID,
				       "Interval \"%.*s\" cannot be less than 1ms",
				       (int)strcspn(flag + 2, "="), flag + 2);
		return set_new(health, durations[i].member, json_integer(ns), err);
	}
	value = str_after(flag, "--retries=");
	if (!value)
		return err_set(err, ERR_INVALID, "unknown flag: %.*s", (int)strcspn(flag, "="),
			       flag);
	if (str_to_i64(value, &ns) < 0 || ns < 0)
		return err_set(err, ERR_INVALID, "--retries cannot be negative or not a number: %s",
			       value);
	return set_new(health, "Retries", json_integer(ns), err);
}

static int change_healthcheck(struct changes *c, const char *rest, struct err *err)
{
	cleanup(json_unref) json_t *health = json_object();
	json_t *test;
	size_t n;
	int r;

	for (; str_after(rest, "--"); rest = skip_space(rest + n)) {
		n = strcspn(rest, " \t");
		char *flag = arena_strndup(c->arena, rest, n);

		if (!flag)
			return err_oom(err);
		r = healthcheck_flag(health, flag, err);
		if (r < 0)
			return r;
	}
	n = strcspn(rest, " \t");
	if (n == 4 && strncasecmp(rest, "NONE", n) == 0) {
		if (*skip_space(rest + n))
			return err_set(err, ERR_INVALID, "HEALTHCHECK NONE takes no arguments");
		test = json_pack("[s]", "NONE");
	} else if (n == 3 && strncasecmp(rest, "CMD", n) == 0) {
		rest = skip_space(rest + n);
		if (!*rest)
			return err_set(err, ERR_INVALID, "Missing command after HEALTHCHECK CMD");
		test = json_form(rest);
		if (test)
			json_array_insert_new(test, 0, json_string("CMD"));
		else
			test = json_pack("[ss]", "CMD-SHELL", rest);
	} else {
		return err_set(err, ERR_INVALID, "Unknown type \"%.*s\" in HEALTHCHECK (try CMD)",
			       (int)n, rest);
	}
	r = set_new(health, "Test", test, err);
	return r < 0 ? r : set_new(c->config, "Healthcheck", TAKE_PTR(health), err);
}

static const struct {
	const char *name;
	change_fn *fn;
} instructions[] = {
	{"CMD", change_cmd},         {"ENTRYPOINT", change_entrypoint},   {"ENV", change_env},
	{"EXPOSE", change_expose},   {"HEALTHCHECK", change_healthcheck}, {"LABEL", change_label},
	{"ONBUILD", change_onbuild}, {"STOPSIGNAL", change_stopsignal},   {"USER", change_user},
	{"VOLUME", change_volume},   {"WORKDIR", change_workdir},
};

static int apply_line(struct changes *c, char *line, struct err *err)
{
	const char *p = skip_space(line);
	size_t n = strcspn(p, " \t"), end = strlen(p);

	if (!*p || *p == '#')
		return 0;
	while (end > n && isspace((unsigned char)p[end - 1]))
		end--;
	line[(size_t)(p - line) + end] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		if (strlen(instructions[i].name) != n ||
		    strncasecmp(instructions[i].name, p, n) != 0)
			continue;
		p = skip_space(p + n);
		if (!*p)
			return err_set(err, ERR_INVALID, "%s requires at least one argument",
				       instructions[i].name);
		return instructions[i].fn(c, p, err);
	}
	return err_set(err, ERR_INVALID, "%.*s is not a valid change command",
		       (int)MIN_OF(n, (size_t)200), p);
}

/* One --change value: lines; a backslash before the newline joins the next line. */
static int apply_text(struct changes *c, const char *text, struct err *err)
{
	cleanup(buf_done) struct buf line = BUF_INIT(LINE_MAX_BYTES);
	int r = 0;

	while (r == 0 && *text) {
		size_t n = strcspn(text, "\n"), keep = n;
		bool joined;

		while (keep && isspace((unsigned char)text[keep - 1]))
			keep--;
		joined = text[n] && keep && text[keep - 1] == '\\';
		buf_add(&line, text, joined ? keep - 1 : n);
		text += n + (text[n] == '\n');
		if (joined && *text)
			continue;
		r = buf_check(&line, err);
		if (r == 0 && line.data)
			r = apply_line(c, line.data, err);
		buf_reset(&line);
	}
	return r;
}

int image_apply_changes(struct arena *a, json_t *config, char *const *changes, struct err *err)
{
	struct changes c = {.arena = a, .config = config};
	int r = 0;

	for (; r == 0 && changes && *changes; changes++)
		r = apply_text(&c, *changes, err);
	return r;
}
