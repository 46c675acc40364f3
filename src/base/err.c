// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const int kind_codes[_ERR_KIND_MAX] = {
	[ERR_SYSTEM] = EIO,          [ERR_INVALID] = EINVAL,         [ERR_NOT_FOUND] = ENOENT,
	[ERR_CONFLICT] = EEXIST,     [ERR_UNSUPPORTED] = EOPNOTSUPP, [ERR_NOT_EXECUTABLE] = EACCES,
	[ERR_NO_COMMAND] = ENOENT,   [ERR_CORRUPT] = EBADMSG,        [ERR_TOO_LARGE] = EFBIG,
	[ERR_CANCELLED] = ECANCELED,
};

int err_kind_code(enum err_kind kind)
{
	return -(kind < _ERR_KIND_MAX ? kind_codes[kind] : EIO);
}

/* One line whatever the input held: a file name with a newline must not forge a second message. */
static void one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = ' ';
}

static void PRINTF_LIKE(4, 0)
	fill(struct err *err, enum err_kind kind, int code, const char *fmt, va_list ap)
{
	err->kind = kind;
	err->code = code;
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	one_line(err->msg);
}

int err_sys(struct err *err, int errnum, const char *fmt, ...)
{
	int code = errnum < 0 ? -errnum : errnum;
	va_list ap;
	size_t n;

	if (code == 0)
		code = EIO;
	if (!err)
		return -code;
	va_start(ap, fmt);
	fill(err, ERR_SYSTEM, -code, fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	(void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s",
		       strerrordesc_np(code) ?: "unknown error");
	return -code;
}

int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	int code = err_kind_code(kind);
	va_list ap;

	if (!err)
		return code;
	va_start(ap, fmt);
	fill(err, kind, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_oom(struct err *err)
{
	return err_sys(err, ENOMEM, "allocate memory");
}

int err_prefix(struct err *err, const char *fmt, ...)
{
	char old[sizeof(err->msg)];
	va_list ap;
	size_t n;

	if (!err)
		return -EIO;
	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	one_line(err->msg);
	n = strlen(err->msg);
	(void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", old);
	return err->code;
}

int err_copy(struct err *err, enum err_kind kind, int code, const char *msg)
{
	if (code >= 0)
		code = err_kind_code(kind);
	if (!err)
		return code;
	err->kind = kind < _ERR_KIND_MAX ? kind : ERR_SYSTEM;
	err->code = code;
	(void)snprintf(err->msg, sizeof(err->msg), "%s", msg);
	one_line(err->msg);
	return code;
}
