// SPDX-License-Identifier: Apache-2.0
/*
 * The table of drivers, and Docker's options for them. A new driver is a row here and a file
 * beside.
 */
#include "logs/log.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "logs/driver.h"

static const char *const json_options[] = {
	"max-size",  "max-file", "compress", "labels",          "labels-regex", "env",
	"env-regex", "tag",      "mode",     "max-buffer-size", NULL,
};
static const char *const no_options[] = {"mode", "max-buffer-size", NULL};

static int none_open(const struct log_options *o, int dirfd, struct log **ret, struct err *err)
{
	(void)o;
	(void)dirfd;
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : err_oom(err);
}

static void none_close(struct log *l)
{
	free(l);
}

#define JSON_FILE(driver_name)                                                                     \
	{                                                                                          \
		.name = driver_name, .file_name = LOG_JSON_NAME, .options = json_options,          \
		.open = json_file_open, .write = json_file_write, .flush = json_file_flush,        \
		.idle = json_file_idle, .close = json_file_close, .read = json_file_read,          \
	}

static const struct log_driver drivers[] = {
	JSON_FILE("json-file"), /* the first row is the default */
	JSON_FILE("local"),
	{.name = "none", .options = no_options, .open = none_open, .close = none_close},
};

static const struct log_driver *find_driver(const char *name)
{
	if (str_empty(name))
		return &drivers[0];
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (str_eq(drivers[i].name, name))
			return &drivers[i];
	return NULL;
}

static int unknown_driver(const char *name, struct err *err)
{
	return err_set(err, ERR_INVALID, "logger: no log driver named '%s' is registered", name);
}

/* ---- options ---- */

/* go-units' FromHumanSize: a number, maybe a fraction, k m g t p in powers of 1000, an optional b.
 */
static int parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "kmgtp";
	double value, factor = 1;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	value = strtod(s, &end);
	if ((size_t)(end - s) != strspn(s, "0123456789.")) /* strtod takes hex and exponents too */
		return -EINVAL;
	while (*end == ' ')
		end++;
	if (*end) {
		const char *u = strchr(units, *end | 0x20);

		for (ptrdiff_t i = 0; u && i <= u - units; i++)
			factor *= 1000;
		end += u ? 1 : 0;
		if ((*end | 0x20) == 'b')
			end++;
	}
	value *= factor;
	if (*end || !(value < 9e18))
		return -EINVAL;
	*ret = (uint64_t)value;
	return 0;
}

static int set_max_size(const char *value, struct log_options *o, struct err *err)
{
	if (str_eq(value, "-1")) {
		o->max_size = 0;
		return 0;
	}
	if (parse_size(value, &o->max_size) < 0 || o->max_size == 0)
		return err_set(err, ERR_INVALID,
			       "invalid log option max-size: '%s': expected a size like 20m",
			       value);
	return 0;
}

static int set_max_file(const char *value, struct log_options *o, struct err *err)
{
	uint64_t n;

	if (str_to_u64(value, &n) < 0 || n < 1)
		return err_set(err, ERR_INVALID,
			       "invalid log option max-file: '%s': expected at least 1", value);
	if (n > LOG_FILES_MAX)
		return err_set(err, ERR_INVALID,
			       "invalid log option max-file: '%s': at most %d files", value,
			       LOG_FILES_MAX);
	o->max_files = (unsigned)n;
	return 0;
}

static int set_compress(const char *value, struct log_options *o, struct err *err)
{
	static const char *const flags[] = {"1", "t", "T", "true",  "TRUE",  "True",
					    "0", "f", "F", "false", "FALSE", "False"};

	(void)o;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (str_eq(flags[i], value))
			return 0;
	return err_set(err, ERR_INVALID,
		       "invalid log option compress: '%s': expected true or false", value);
}

static int set_mode(const char *value, struct log_options *o, struct err *err)
{
	(void)o;
	if (str_eq(value, "") || str_eq(value, "blocking") || str_eq(value, "non-blocking"))
		return 0;
	return err_set(err, ERR_INVALID, "logger: logging mode not supported: %s", value);
}

static const struct option {
	const char *name;
	int (*set)(const char *value, struct log_options *o, struct err *err);
} options[] = {
	{"max-size", set_max_size},
	{"max-file", set_max_file},
	{"compress", set_compress},
	{"mode", set_mode},
};

static int take_option(const struct log_driver *d, const struct json_pair *pair,
		       struct log_options *out, struct err *err)
{
	bool known = false;

	for (const char *const *name = d->options; *name; name++)
		known |= str_eq(*name, pair->key);
	if (!known)
		return err_set(err, ERR_INVALID, "unknown log opt '%s' for %s log driver",
			       pair->key, d->name);
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (str_eq(options[i].name, pair->key))
			return options[i].set(pair->value ? pair->value : "", out, err);
	return 0;
}

int log_options_parse(const char *driver, const struct json_map *config, struct log_options *out,
		      struct err *err)
{
	const struct log_driver *d = find_driver(driver);
	struct log_options o = {.max_size = LOG_DEFAULT_SIZE, .max_files = LOG_DEFAULT_FILES};

	if (!d)
		return unknown_driver(driver, err);
	for (size_t i = 0; config && i < config->n; i++) {
		int r = take_option(d, &config->items[i], &o, err);

		if (r < 0)
			return r;
	}
	*out = o;
	return 0;
}

/* ---- dispatch ---- */

const char *log_file_name(const char *driver)
{
	const struct log_driver *d = find_driver(driver);

	return d ? d->file_name : NULL;
}

int log_open(const char *driver, const struct log_options *o, int dirfd, struct log **ret,
	     struct err *err)
{
	const struct log_driver *d = find_driver(driver);
	struct log *l;
	int r;

	if (!d)
		return unknown_driver(driver, err);
	r = d->open(o, dirfd, &l, err);
	if (r < 0)
		return r;
	l->driver = d;
	*ret = l;
	return 0;
}

int log_write(struct log *l, enum log_stream stream, const void *data, size_t len, int64_t time_ns,
	      struct err *err)
{
	return l->driver->write ? l->driver->write(l, stream, data, len, time_ns, err) : 0;
}

int log_flush(struct log *l, struct err *err)
{
	return l->driver->flush ? l->driver->flush(l, err) : 0;
}

void log_idle(struct log *l)
{
	if (l->driver->idle)
		l->driver->idle(l);
}

void log_close(struct log *l)
{
	if (l)
		l->driver->close(l);
}

int log_read_all(const char *driver, int dirfd, const struct log_read *what, log_record_fn *fn,
		 bool (*alive)(void *data), void *data, struct err *err)
{
	const struct log_driver *d = find_driver(driver);

	if (!d)
		return unknown_driver(driver, err);
	if (!d->read)
		return err_set(err, ERR_UNSUPPORTED,
			       "configured logging driver does not support reading");
	return d->read(dirfd, what, fn, alive, data, err);
}
