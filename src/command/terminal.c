// SPDX-License-Identifier: Apache-2.0
#include "command/terminal.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/macros.h"

/* One process has one terminal, and a signal handler has no arguments: the one state that is
 * global. */
static struct {
	volatile sig_atomic_t raw;
	int fd;
	struct termios before;
} terminal;

bool terminal_is(int fd)
{
	return isatty(fd) == 1;
}

void terminal_size(int fd, uint16_t *rows, uint16_t *cols)
{
	struct winsize w = {};

	if (ioctl(fd, TIOCGWINSZ, &w) < 0)
		w = (struct winsize){};
	*rows = w.ws_row;
	*cols = w.ws_col;
}

void terminal_restore(void)
{
	if (!terminal.raw)
		return;
	terminal.raw = 0;
	(void)tcsetattr(terminal.fd, TCSADRAIN, &terminal.before);
}

static void restore_and_die(int sig)
{
	if (terminal.raw) {
		terminal.raw = 0;
		(void)tcsetattr(terminal.fd, TCSANOW, &terminal.before);
	}
	(void)raise(sig); /* SA_RESETHAND: now with the default action */
}

int terminal_raw(int fd, struct err *err)
{
	static const int deadly[] = {SIGHUP,  SIGINT, SIGQUIT, SIGTERM,
				     SIGSEGV, SIGBUS, SIGABRT, SIGFPE};
	struct sigaction restore = {.sa_handler = restore_and_die, .sa_flags = SA_RESETHAND};
	struct termios raw;

	if (terminal.raw || !isatty(fd))
		return 0;
	if (tcgetattr(fd, &terminal.before) < 0)
		return err_sys(err, errno, "read the terminal's settings");
	terminal.fd = fd;
	raw = terminal.before;
	cfmakeraw(&raw);
	for (size_t i = 0; i < ARRAY_SIZE(deadly); i++)
		(void)sigaction(deadly[i], &restore, NULL);
	(void)atexit(terminal_restore);
	terminal.raw = 1;
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0) {
		terminal.raw = 0;
		return err_sys(err, errno, "set the terminal to raw mode");
	}
	return 0;
}
