// SPDX-License-Identifier: Apache-2.0
/*
 * command - a command is data.
 *
 * One row gives a command's names, arguments, flags and texts. Parsing, --help, the man page and
 * shell completion all read that row and nothing else, so they cannot disagree. A program is a list
 * of rows (struct command_program): hoy (cli/commands.c) and hoy-oci (oci/commands.c) are two;
 * tests/unit/cli/test-commands.c checks what the compiler does not (sorted, no letter twice, a text
 * for everything).
 *
 * Each command lives in a file cmd-NAME.c: its options struct, its flags, its row, its function.
 *
 *   struct rename_options { bool quiet; };
 *   static const struct flag flags[] = {
 *           FLAG_OF(rename_options, quiet, "quiet", 'q', FLAG_BOOL, "Say nothing"),
 *           {},
 *   };
 *   static int run(struct command_line *c, struct err *err) { … c->args[0], c->options … }
 *   const struct command cmd_rename = {
 *           .paths = "container rename|rename", .usage = "[OPTIONS] CONTAINER NEW_NAME",
 *           .summary = "Rename a container", .min_args = 2, .max_args = 2,
 *           .flags = flags, .options_size = sizeof(struct rename_options), .run = run,
 *   };
 *
 * A function returns the exit code (0 or more), or a negative errno with `err` filled, which is
 * printed as one line and turned into an exit code. Everything parsed lives in c->arena.
 * Flag syntax is that of pflag, which Docker uses: see command/parse.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum flag_type {
	FLAG_BOOL,     /* bool; takes no value unless written --flag=VALUE */
	FLAG_OPT_BOOL, /* struct opt_flag */
	FLAG_STRING,   /* char * */
	FLAG_INT,      /* int64_t */
	FLAG_OPT_INT,  /* struct opt_i64 */
	FLAG_UINT,     /* uint64_t, at most 65535: Docker's uint16 */
	FLAG_LIST,     /* char **: one more string each time the flag is given */
	FLAG_MAP,      /* the same, of KEY=VALUE */
	FLAG_PARSED,   /* whatever .parse makes of it */
};

/* What a flag's value or an argument may be: for completion. */
enum noun {
	NOUN_NOTHING,
	NOUN_FILE,
	NOUN_CONTAINER,
	NOUN_RUNNING,
	NOUN_IMAGE,
	NOUN_VOLUME,
};

enum flag_flags {
	FLAG_HIDDEN = 1 << 0, /* accepted; not in help, man and completion */
};

struct flag {
	const char *name; /* NULL ends the table, which is sorted by name */
	char letter;      /* 0: none */
	enum flag_type type;
	const char *metavar; /* the word after the flag in --help; NULL: the type's own */
	const char *def;     /* the initial value, parsed and shown as the flag's value is */
	const char *help;
	size_t at; /* offset in the options struct */
	/* FLAG_PARSED: stores the value at `dest`. The message says what is wrong with it, not
	 * where. */
	int (*parse)(struct arena *a, const char *value, void *dest, struct err *err);
	unsigned flags;
	enum noun noun;
	const char *choices; /* "a|b|c": for completion only, the command checks */
};

/* A row of a flags table: the field of struct `of` that it fills, then what every row has, then
 * more designators (.def, .metavar, .parse, .flags, .noun, .choices). */
#define FLAG_OF(of, field, name_, letter_, type_, help_, ...)                                      \
	{                                                                                          \
		.name = name_, .letter = letter_, .type = type_, .help = help_,                    \
		.at = offsetof(struct of, field), __VA_ARGS__                                      \
	}

#define COMMAND_ANY_ARGS   SIZE_MAX
#define FLAGS_MAX          160
#define COMMAND_SHARED_MAX 2

enum command_traits {
	COMMAND_HIDDEN = 1 << 0,
	COMMAND_FIRST_ARG_ENDS_FLAGS = 1 << 1, /* run: what follows IMAGE is the container's */
	COMMAND_FAILS_125 =
		1 << 2,          /* our own failures exit 125: any other code is the container's */
	COMMAND_COMMON = 1 << 3, /* among the common commands in `hoy --help` */
	COMMAND_GROUP = 1 << 4,  /* has no function: `hoy container` */
	COMMAND_RAW = 1 << 5,    /* nothing is parsed: all words are arguments */
	COMMAND_RUNS_COMMAND = 1 << 6, /* 126 and 127 tell of the container's command */
};

struct command_line;
struct command;

/* A program: its rows, and what is said of it as a whole. */
struct command_program {
	const char *name;                      /* "hoy": starts its man pages' names */
	const struct command *root;            /* the program itself: its global flags */
	const struct command *const *commands; /* NULL-terminated, sorted by nothing */
	/* Calls fn for each name of that kind on this host, for completion. May be NULL. */
	void (*names)(struct command_line *c, enum noun noun,
		      void (*fn)(const char *name, void *data), void *data);
	/* Says what failed; NULL: command_complain(). */
	void (*failed)(const struct command_line *c, const struct err *err);
	bool single_hyphen; /* flags as Go's flag package takes them: -name is --name */
	int usage_exit;     /* exit code of a wrong flag; 0: Docker's 125 */
};

/* One command line, as it was parsed: what a command's function works from. */
struct command_line {
	const struct command_program *program;
	const struct command *command;
	const char *name; /* what the program was started as: "hoy", "docker" */
	const char *path; /* as the user said it: "container rename" */
	char **args;      /* NULL-terminated */
	size_t n_args;
	void *options;
	const bool *set; /* which flags were given, in the order of command_flags() */
	struct arena *arena;
	const void *globals;                  /* the options struct of program->root */
	void *context;                        /* the program's own: what its commands share */
	void (*done)(struct command_line *c); /* closes what the command opened; NULL: nothing */
};

struct command {
	const char *paths; /* "container rm|container remove|rm"; the last one names the man page */
	const char *usage; /* what follows the name; lines after a '\n' are further forms */
	const char *summary;
	const char *details;     /* paragraphs for --help and man; may be NULL */
	const char *examples;    /* for man: lines "$ …" and text; may be NULL */
	const char *exit_status; /* for man; NULL: the usual */
	size_t min_args, max_args;
	unsigned traits;
	enum noun noun; /* of the arguments */
	const struct flag *flags;
	struct { /* tables shared with other commands */
		const struct flag *flags;
		size_t at; /* where their options struct lies in ours */
	} shared[COMMAND_SHARED_MAX];
	size_t options_size;
	int (*run)(struct command_line *c, struct err *err);
};

/* A command's visible and hidden flags from all its tables, sorted by name; the count. `at` is
 * already relative to the whole options struct. */
size_t command_flags(const struct command *cmd, struct flag out[FLAGS_MAX]);
/* The row one of whose paths is exactly `path`; NULL: none. */
const struct command *command_find(const struct command_program *p, const char *path);
/* The longest row path that `words` start with; *used words of it. NULL: none. */
const struct command *command_match(const struct command_program *p, char *const *words, size_t n,
				    size_t *used, char *path, size_t size);
/* The i-th path of a row, copied to out; false after the last. */
bool command_path(const struct command *cmd, size_t i, char *out, size_t size);
/* The path that names its man page and that help shows: the last. */
void command_page(const struct command *cmd, char *out, size_t size);
/* The word after a flag in --help: "string", "list", …; "" for switches. */
const char *flag_metavar(const struct flag *f);
static inline bool flag_is_switch(const struct flag *f)
{
	return f->type == FLAG_BOOL || f->type == FLAG_OPT_BOOL;
}

/* Was --NAME given? */
bool command_given(const struct command_line *c, const char *name);
/* Prints "hoy: MESSAGE" on stderr. */
void command_complain(const struct command_line *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same as a warning: "WARNING: MESSAGE", as Docker prints those. */
void command_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* 125, 126, 127 or 1: what a failure of this command exits with. */
int command_exit_code(const struct command *cmd, const struct err *err);

/* Finds the row that `words` (without the program's global flags) name, parses the rest by it and
 * runs it; groups and --help print their texts. c has program, name, arena and globals, and path
 * "". The exit code. */
int command_run(struct command_line *c, char *const *words, size_t n);
/* Prints "MESSAGE\nSee 'hoy run --help'."; the exit code of a wrong flag. */
int command_usage_error(const struct command_line *c, const char *message);
