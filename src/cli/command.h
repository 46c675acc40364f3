// SPDX-License-Identifier: Apache-2.0
/*
 * command - a command is data.
 *
 * One row of cli_commands (cli/commands.c) gives a command's names, arguments, flags and texts.
 * Parsing, --help, the man page and shell completion all read that row and nothing else, so they
 * cannot disagree; tests/unit/cli/test-commands.c checks what the compiler does not (sorted, no
 * letter twice, a text for everything).
 *
 * Each command lives in cli/cmd-NAME.c: its options struct, its flags, its row, its function.
 *
 *   struct rename_options { bool quiet; };
 *   static const struct cli_flag flags[] = {
 *           {"quiet", 'q', CLI_BOOL, .help = "Say nothing", .at = offsetof(struct rename_options,
 * quiet)},
 *           {},
 *   };
 *   static int run(struct cli *c, struct err *err) { … c->args[0], c->options … return exit code; }
 *   const struct cli_command cmd_rename = {
 *           .paths = "container rename|rename", .usage = "CONTAINER NEW_NAME",
 *           .summary = "Rename a container", .min_args = 2, .max_args = 2,
 *           .flags = flags, .options_size = sizeof(struct rename_options), .run = run,
 *   };
 *
 * A function returns the exit code (0 or more), or a negative errno with `err` filled, which main
 * prints as one line and turns into an exit code. Everything parsed lives in c->arena.
 * Flag syntax is that of pflag, which Docker uses: see cli/parse.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct engine;

enum cli_flag_type {
	CLI_BOOL,     /* bool; takes no value unless written --flag=VALUE */
	CLI_OPT_BOOL, /* struct opt_flag */
	CLI_STRING,   /* char * */
	CLI_INT,      /* int64_t */
	CLI_OPT_INT,  /* struct opt_i64 */
	CLI_UINT,     /* uint64_t, at most 65535: Docker's uint16 */
	CLI_LIST,     /* char **: one more string each time the flag is given */
	CLI_MAP,      /* the same, of KEY=VALUE */
	CLI_PARSED,   /* whatever .parse makes of it */
};

/* What a flag's value or an argument may be: for completion. */
enum cli_noun {
	CLI_NOTHING,
	CLI_FILE,
	CLI_CONTAINER,
	CLI_RUNNING,
	CLI_IMAGE,
	CLI_VOLUME,
};

enum cli_flag_flags {
	CLI_HIDDEN = 1 << 0, /* accepted; not in help, man and completion */
};

struct cli_flag {
	const char *name; /* NULL ends the table, which is sorted by name */
	char letter;      /* 0: none */
	enum cli_flag_type type;
	const char *metavar; /* the word after the flag in --help; NULL: the type's own */
	const char *def;     /* the initial value, parsed and shown as the flag's value is */
	const char *help;
	size_t at; /* offset in the options struct */
	/* CLI_PARSED: stores the value at `dest`. The message says what is wrong with it, not
	 * where. */
	int (*parse)(struct arena *a, const char *value, void *dest, struct err *err);
	unsigned flags;
	enum cli_noun noun;
	const char *choices; /* "a|b|c": for completion only, the command checks */
};

/* A row of a flags table: the field of struct `of` that it fills, then what every row has, then
 * more designators (.def, .metavar, .parse, .flags, .noun, .choices). */
#define CLI_FLAG(of, field, name_, letter_, type_, help_, ...)                                     \
	{                                                                                          \
		.name = name_, .letter = letter_, .type = type_, .help = help_,                    \
		.at = offsetof(struct of, field), __VA_ARGS__                                      \
	}

#define CLI_ANY_ARGS   SIZE_MAX
#define CLI_FLAGS_MAX  160
#define CLI_SHARED_MAX 2

enum cli_traits {
	CLI_COMMAND_HIDDEN = 1 << 0,
	CLI_FIRST_ARG_ENDS_FLAGS = 1 << 1, /* run: what follows IMAGE is the container's */
	CLI_FAILS_125 = 1 << 2, /* our own failures exit 125: any other code is the container's */
	CLI_COMMON = 1 << 3,    /* among the common commands in `hoy --help` */
	CLI_GROUP = 1 << 4,     /* has no function: `hoy container` */
	CLI_RAW = 1 << 5,       /* nothing is parsed: all words are arguments */
	CLI_RUNS_COMMAND = 1 << 6, /* 126 and 127 tell of the container's command */
};

struct cli {
	const struct cli_command *command;
	const char *program; /* "hoy", or "docker" when started by that name */
	const char *path;    /* as the user said it: "container rename" */
	char **args;         /* NULL-terminated */
	size_t n_args;
	void *options;
	const bool *set; /* which flags were given, in the order of cli_flags() */
	struct arena *arena;
	const struct cli_globals *globals;
	struct engine *engine;       /* cli_engine() opens it */
	void (*done)(struct cli *c); /* closes what the command opened; NULL: nothing */
};

struct cli_globals {
	char *config, *root, *run_root, *log_level;
	char *context, **hosts;
	bool debug, version;
};

struct cli_command {
	const char *paths; /* "container rm|container remove|rm"; the last one names the man page */
	const char *usage; /* what follows the name; lines after a '\n' are further forms */
	const char *summary;
	const char *details;     /* paragraphs for --help and man; may be NULL */
	const char *examples;    /* for man: lines "$ …" and text; may be NULL */
	const char *exit_status; /* for man; NULL: the usual */
	size_t min_args, max_args;
	unsigned traits;
	enum cli_noun noun; /* of the arguments */
	const struct cli_flag *flags;
	struct { /* tables shared with other commands */
		const struct cli_flag *flags;
		size_t at; /* where their options struct lies in ours */
	} shared[CLI_SHARED_MAX];
	size_t options_size;
	int (*run)(struct cli *c, struct err *err);
};

extern const struct cli_command *const cli_commands[]; /* NULL-terminated, sorted by nothing */
extern const struct cli_command cli_root;              /* the program itself: its global flags */

/* A command's visible and hidden flags from all its tables, sorted by name; the count. `at` is
 * already relative to the whole options struct. */
size_t cli_flags(const struct cli_command *cmd, struct cli_flag out[CLI_FLAGS_MAX]);
/* The row one of whose paths is exactly `path`; NULL: none. */
const struct cli_command *cli_find(const char *path);
/* The i-th path of a row, copied to out; false after the last. */
bool cli_path(const struct cli_command *cmd, size_t i, char *out, size_t size);
/* The path that names its man page and that help shows: the last. */
void cli_page(const struct cli_command *cmd, char *out, size_t size);
/* The word after a flag in --help: "string", "list", …; "" for switches. */
const char *cli_metavar(const struct cli_flag *f);
static inline bool cli_is_switch(const struct cli_flag *f)
{
	return f->type == CLI_BOOL || f->type == CLI_OPT_BOOL;
}

/* Was --NAME given? */
bool cli_given(const struct cli *c, const char *name);
/* The engine, opened at the first call. NULL with err filled on failure. */
struct engine *cli_engine(struct cli *c, struct err *err);
/* Prints "hoy: MESSAGE" on stderr. */
void cli_complain(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same as a warning: "WARNING: MESSAGE", as Docker prints those. */
void cli_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* 125, 126, 127 or 1: what a failure of this command exits with. */
int cli_exit_code(const struct cli_command *cmd, const struct err *err);
