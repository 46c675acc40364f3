// SPDX-License-Identifier: Apache-2.0
/*
 * signal - signals by name and number, as Docker's users write them.
 *
 * Accepted, in any case: "TERM", "SIGTERM", "15", "RTMIN+3", "SIGRTMAX-2". Real-time names count
 * from 34 as glibc and Docker do (32 and 33 are the C library's own; they have no names). Older
 * names are understood too: CLD, IOT, POLL, UNUSED. Source: signal(7), moby sys/signal.
 *
 *   int sig = signal_parse(flag, err);     "invalid signal: FOO" when there is none
 */
#pragma once

#include "base/err.h"

#define SIGNAL_MAX 64

/* The number, 1 to SIGNAL_MAX, or a negative errno. */
int signal_parse(const char *s, struct err *err);
/* "SIGTERM", "SIGRTMIN+3", …; NULL for numbers without a name. */
const char *signal_name(int sig);
