// SPDX-License-Identifier: Apache-2.0
/*
 * protocol - what goes over a monitor's control socket. Private to monitor/.
 *
 * SOCK_SEQPACKET: a packet is one byte of kind and a body of at most MONITOR_FRAME_MAX bytes. A
 * client asks, the monitor answers each request once ('+' or '-'), in order; frames have no answer.
 * What comes later (output frames, the exit) follows on the same connection.
 *
 * A monitor lives as long as its container, so an old one must understand a newer client and the
 * other way round: bodies are fixed structs in the host's byte order that may grow at their end;
 * what is missing in a shorter one is zero, what is unknown in a longer one is ignored. Kinds are
 * never reused.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "monitor/client.h"

#define PACKET_MAX (1 + MONITOR_FRAME_MAX)
/* An exec's process may be longer than a packet: it comes in a file then, as the fourth fd. */
#define EXEC_TEXT_MAX ((size_t)4 << 20)

/* What a monitor is started with. */
enum monitor_fds {
	MONITOR_STARTER_FD = 3,   /* a socket to who started it */
	MONITOR_CONTAINER_FD = 4, /* the container's folder */
	MONITOR_RUN_FD = 5,       /* its run folder */
	MONITOR_EXE_FD = 6,       /* its own program on a read-only mount */
};

enum packet_kind {
	PACKET_GO = 'G',     /* body_streams; from the starter, once */
	PACKET_ATTACH = 'A', /* body_streams */
	PACKET_KILL = 'K',   /* body_kill */
	PACKET_PAUSE = 'P',
	PACKET_UNPAUSE = 'U',
	PACKET_UPDATE = 'L', /* JSON of oci_resources */
	PACKET_RESIZE = 'S', /* body_size */
	PACKET_WAIT = 'W',   /* '+', then MONITOR_EXIT when it is there */
	PACKET_EXEC = 'X',   /* JSON of oci_process, 3 fds (-: one more, the JSON). '+' body_exec,
				 maybe    the terminal as fd; then MONITOR_EXIT */
	PACKET_EXEC_LIKE = 'E', /* body_exec_like and its strings, else as PACKET_EXEC */
	PACKET_CANCEL =
		'C', /* no answer; from the starter instead of go: it looks after the rest itself */
	PACKET_REMOVED = 'D', /* after the exit of an auto-removed one: its row is gone */
	PACKET_OK = '+',
	PACKET_FAIL = '-', /* body_fail, then the text */
};

enum stream_flags {
	STREAM_IN = 1 << 0,
	STREAM_OUT = 1 << 1,
	STREAM_ERR = 1 << 2,
};

struct body_streams {
	uint32_t flags;
	uint16_t rows, cols; /* 0: unknown */
};
struct body_kill {
	int32_t sig;
	uint32_t by_user;
};
struct body_size {
	uint16_t rows, cols;
};
/* Behind it, each with its NUL: the working directory ("": the container's), the arguments, what
 * is added to the environment. */
struct body_exec_like {
	uint32_t terminal, n_args, n_env;
};
struct body_exec {
	int32_t pid;
};
struct body_fail {
	int32_t kind, code;
};

/* Copies what there is of a body; the rest is zero. */
static inline void body_take(void *out, size_t size, const void *body, size_t len)
{
	__builtin_memset(out, 0, size);
	__builtin_memcpy(out, body, len < size ? len : size);
}
