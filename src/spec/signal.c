// SPDX-License-Identifier: Apache-2.0
#include "spec/signal.h"

#include <ctype.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

#define RTMIN 34 /* what glibc leaves to programs; the kernel's own count starts at 32 */

static const char *const names[SIGNAL_MAX + 1] = {
	[SIGHUP] = "SIGHUP",   [SIGINT] = "SIGINT",
	[SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",   [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1",
	[SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM",
	[SIGTERM] = "SIGTERM", [SIGSTKFLT] = "SIGSTKFLT",
	[SIGCHLD] = "SIGCHLD", [SIGCONT] = "SIGCONT",
	[SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP",
	[SIGTTIN] = "SIGTTIN", [SIGTTOU] = "SIGTTOU",
	[SIGURG] = "SIGURG",   [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ", [SIGVTALRM] = "SIGVTALRM",
	[SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
	[SIGIO] = "SIGIO",     [SIGPWR] = "SIGPWR",
	[SIGSYS] = "SIGSYS",   [RTMIN] = "SIGRTMIN",
	"SIGRTMIN+1",          "SIGRTMIN+2",
	"SIGRTMIN+3",          "SIGRTMIN+4",
	"SIGRTMIN+5",          "SIGRTMIN+6",
	"SIGRTMIN+7",          "SIGRTMIN+8",
	"SIGRTMIN+9",          "SIGRTMIN+10",
	"SIGRTMIN+11",         "SIGRTMIN+12",
	"SIGRTMIN+13",         "SIGRTMIN+14",
	"SIGRTMIN+15",         "SIGRTMAX-14",
	"SIGRTMAX-13",         "SIGRTMAX-12",
	"SIGRTMAX-11",         "SIGRTMAX-10",
	"SIGRTMAX-9",          "SIGRTMAX-8",
	"SIGRTMAX-7",          "SIGRTMAX-6",
	"SIGRTMAX-5",          "SIGRTMAX-4",
	"SIGRTMAX-3",          "SIGRTMAX-2",
	"SIGRTMAX-1",          "SIGRTMAX",
};

static const struct {
	const char *name;
	int sig;
} aliases[] = {
	{"CLD", SIGCHLD},
	{"IOT", SIGABRT},
	{"POLL", SIGIO},
	{"UNUSED", SIGSYS},
};

/* "MIN+3" and "MAX-2" with what follows RT; 0 when it is no such thing. All 31 are reachable from
 * either end. */
static int parse_realtime(const char *s)
{
	const char *rest;
	uint64_t n = 0;
	int base, step;

	if ((rest = str_after(s, "MIN"))) {
		base = RTMIN;
		step = 1;
	} else if ((rest = str_after(s, "MAX"))) {
		base = SIGNAL_MAX;
		step = -1;
	} else {
		return 0;
	}
	if (*rest && (*rest != (step > 0 ? '+' : '-') || str_to_u64(rest + 1, &n) < 0))
		return 0;
	if (n > SIGNAL_MAX - RTMIN)
		return 0;
	return base + step * (int)n;
}

static int parse_name(const char *s)
{
	const char *rest;

	if ((rest = str_after(s, "SIG")))
		s = rest;
	if ((rest = str_after(s, "RT")))
		return parse_realtime(rest);
	for (int sig = 1; sig < RTMIN; sig++)
		if (names[sig] && strcmp(names[sig] + strlen("SIG"), s) == 0)
			return sig;
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (strcmp(aliases[i].name, s) == 0)
			return aliases[i].sig;
	return 0;
}

int signal_parse(const char *s, struct err *err)
{
	char upper[16];
	uint64_t n;
	size_t i;
	int sig = 0;

	if (str_to_u64(s, &n) == 0) {
		sig = n <= SIGNAL_MAX ? (int)n : 0;
	} else if (strlen(s) < sizeof(upper)) {
		for (i = 0; s[i]; i++)
			upper[i] = (char)toupper((unsigned char)s[i]);
		upper[i] = '\0';
		sig = parse_name(upper);
	}
	if (sig == 0)
		return err_set(err, ERR_INVALID, "invalid signal: %s", s);
	return sig;
}

const char *signal_name(int sig)
{
	return sig > 0 && sig <= SIGNAL_MAX ? names[sig] : NULL;
}
