// SPDX-License-Identifier: Apache-2.0
/*
 * slirp4netns says by an fd when it is ready, and ends when another one is closed; its ports are
 * asked for over a socket, one JSON line each. pasta says nothing: it is ready when the namespace
 * has a route that is not the loopback's, which is the last thing that it sets up; the ports of its
 * command line are bound before. What either writes on stderr is the reason of a failure.
 */
#include "run/usernet.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"
#include "base/userns.h"
#include "run/spawn.h"

#define READY_NS   (10 * NS_PER_SEC)
#define LOOK_MS    3
#define SAID_MAX   4096
#define ARGS_MAX   256
#define NETNS_FD   3
#define RUN_FD     4
#define READY_FD   5
#define EXIT_FD    6
#define API_SOCKET "slirp4netns"
#define OVERFLOW   65534
#define STRING_(x) #x
#define STRING(x)  STRING_(x)

static const char *const names[] = {
	[USERNET_PASTA] = "pasta", [USERNET_SLIRP4NETNS] = "slirp4netns"};

const char *usernet_program(enum usernet_kind kind)
{
	static const char *const paths[][3] = {
		[USERNET_PASTA] = {"/usr/bin/pasta", "/usr/local/bin/pasta", NULL},
		[USERNET_SLIRP4NETNS] = {"/usr/bin/slirp4netns", "/usr/local/bin/slirp4netns",
					 NULL},
	};

	for (const char *const *p = paths[kind]; *p; p++) {
		struct stat st;

		/* Root's, whom a user namespace shows as nobody. */
		if (stat(*p, &st) == 0 && S_ISREG(st.st_mode) && !(st.st_mode & 022) &&
		    (st.st_uid == 0 || (st.st_uid == OVERFLOW && !userns_is_initial())))
			return *p;
	}
	return NULL;
}

/* ---- what the user says ---- */

static const char *options_of(const char *mode, enum usernet_kind *kind)
{
	for (size_t i = 0; mode && i < ARRAY_SIZE(names); i++) {
		const char *rest = str_after(mode, names[i]);

		*kind = (enum usernet_kind)i;
		if (rest && (!*rest || *rest == ':'))
			return *rest ? rest + 1 : rest;
	}
	return NULL;
}

bool usernet_is(const char *mode)
{
	enum usernet_kind kind;

	return options_of(mode, &kind) != NULL;
}

static bool is_true(const char *s)
{
	return str_eq(s, "true");
}

/* One of podman's options becomes an argument of slirp4netns. "": nothing to add. */
static char *slirp_option(struct arena *a, const char *key, const char *value, bool *loopback)
{
	static const char *const plain[] = {"cidr", "mtu", NULL};

	if (str_eq(key, "allow_host_loopback") && (is_true(value) || str_eq(value, "false"))) {
		*loopback = is_true(value);
		return arena_strdup(a, "");
	}
	if (str_eq(key, "enable_ipv6") && (is_true(value) || str_eq(value, "false")))
		return arena_strdup(a, is_true(value) ? "--enable-ipv6" : "");
	if (str_eq(key, "port_handler") && str_eq(value, "slirp4netns"))
		return arena_strdup(a, "");
	if (strv_has((char *const *)plain, key))
		return arena_printf(a, "--%s=%s", key, value);
	if (str_eq(key, "outbound_addr"))
		return arena_printf(a, "--outbound-addr=%s", value);
	if (str_eq(key, "outbound_addr6"))
		return arena_printf(a, "--outbound-addr6=%s", value);
	return NULL;
}

static int parse_slirp(struct arena *a, char *const *options, struct usernet_config *ret,
		       struct err *err)
{
	bool loopback = false, mtu = false;

	for (; options && *options; options++) {
		char **pair = strv_split(a, *options, '=', 2), *arg;

		if (!pair)
			return err_oom(err);
		arg = pair[1] ? slirp_option(a, pair[0], pair[1], &loopback) : NULL;
		if (!arg)
			return err_set(err, ERR_INVALID, "unknown slirp4netns option \"%s\"",
				       *options);
		mtu |= str_eq(pair[0], "mtu");
		if (*arg)
			ret->args = strv_append(a, ret->args, arg);
	}
	if (!mtu)
		ret->args = strv_append(a, ret->args, "--mtu=65520");
	if (!loopback && ret->args)
		ret->args = strv_append(a, ret->args, "--disable-host-loopback");
	return ret->args ? 0 : err_oom(err);
}

int usernet_parse(struct arena *a, const char *mode, struct usernet_config *ret, struct err *err)
{
	enum usernet_kind kind = USERNET_PASTA;
	const char *options = options_of(mode, &kind);
	char **list;

	if (!options)
		return err_set(err, ERR_NOT_FOUND, "network %s not found", mode ?: "");
	list = *options ? strv_split(a, options, ',', 0) : strv_split(a, "", ',', 0);
	if (!list)
		return err_oom(err);
	if (strv_len(list) > ARGS_MAX / 4)
		return err_set(err, ERR_TOO_LARGE, "too many options of network %s", names[kind]);
	*ret = (struct usernet_config){.kind = kind};
	ret->dns = kind == USERNET_PASTA ? USERNET_PASTA_DNS : USERNET_SLIRP_DNS;
	if (kind == USERNET_SLIRP4NETNS)
		return parse_slirp(a, list, ret, err);
	ret->args = list;
	return 0;
}

/* ---- the program ---- */

struct port {
	char protocol[8], ip[64];
	unsigned host, inside;
};

static int parse_port(const char *text, struct port *p, struct err *err)
{
	*p = (struct port){};
	if (sscanf(text, "%7[a-z]/%63[0-9a-fA-F.:]/%u/%u", p->protocol, p->ip, &p->host,
		   &p->inside) == 4 ||
	    sscanf(text, "%7[a-z]//%u/%u", p->protocol, &p->host, &p->inside) == 3)
		if (p->host && p->host <= 65535 && p->inside && p->inside <= 65535 &&
		    (str_eq(p->protocol, "tcp") || str_eq(p->protocol, "udp")))
			return 0;
	return err_set(err, ERR_INVALID, "a port cannot be published: %s", text);
}

struct words {
	struct arena *a;
	char *v[ARGS_MAX + 1];
	size_t n;
	bool failed;
};

static void add(struct words *w, const char *s)
{
	char *copy = arena_strdup(w->a, s);

	if (!copy || w->n == ARGS_MAX)
		w->failed = true;
	else
		w->v[w->n++] = copy;
}

static int pasta_words(struct words *w, const struct usernet_start *s, struct err *err)
{
	static const char *const fixed[] = {
		"pasta", "--foreground", "--quiet", "--stderr", "--config-net",  "--no-map-gw",
		"-T",    "none",         "-U",      "none",     "--dns-forward", USERNET_PASTA_DNS,
	};
	bool tcp = false, udp = false;

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add(w, fixed[i]);
	for (char **t = s->ports; t && *t; t++) {
		struct port p;
		int r = parse_port(*t, &p, err);

		if (r < 0)
			return r;
		tcp |= p.protocol[0] == 't';
		udp |= p.protocol[0] == 'u';
		add(w, p.protocol[0] == 't' ? "-t" : "-u");
		add(w, arena_printf(w->a, "%s%s%u:%u", p.ip, *p.ip ? "/" : "", p.host, p.inside)
			       ?: "");
	}
	/* As root it would become nobody, who has no right over the container's network. */
	if (userns_is_initial()) {
		add(w, "--runas");
		add(w, "0:0");
	}
	if (!tcp) {
		add(w, "-t");
		add(w, "none");
	}
	if (!udp) {
		add(w, "-u");
		add(w, "none");
	}
	return 0;
}

static void slirp_words(struct words *w)
{
	static const char *const fixed[] = {
		"slirp4netns",
		"--configure",
		"--enable-sandbox",
		"--enable-seccomp",
		"--ready-fd=" STRING(READY_FD),
		"--exit-fd=" STRING(EXIT_FD),
		"--api-socket=/proc/self/fd/" STRING(RUN_FD) "/" API_SOCKET,
	};

	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		add(w, fixed[i]);
}

static int build_words(struct words *w, const struct usernet_start *s,
		       const struct usernet_config *c, struct err *err)
{
	int r = 0;

	if (c->kind == USERNET_PASTA)
		r = pasta_words(w, s, err);
	else
		slirp_words(w);
	for (char **p = c->args; r == 0 && p && *p; p++)
		add(w, *p);
	if (c->kind == USERNET_PASTA) {
		add(w, "--netns");
		add(w, "/proc/self/fd/" STRING(NETNS_FD));
	} else {
		add(w, "--netns-type=path");
		add(w, "/proc/self/fd/" STRING(NETNS_FD));
		add(w, "tap0");
	}
	return r < 0 ? r : w->failed ? err_oom(err) : 0;
}

/* The last line that says something. */
static int why_not(const char *name, int said_fd, struct err *err)
{
	char said[SAID_MAX] = "";
	ssize_t n = pread(said_fd, said, sizeof(said) - 1, 0);
	const char *line = NULL;

	said[MAX_OF(n, (ssize_t)0)] = '\0';
	for (char *save = NULL, *p = strtok_r(said, "\n", &save); p;
	     p = strtok_r(NULL, "\n", &save))
		if (!str_after(p, "Failed to send")) /* pasta, where nobody logs */
			line = p;
	return err_set(err, ERR_SYSTEM, "network %s: %s", name, line ?: "it does not become ready");
}

/* Does the namespace have a way out? */
static bool has_route(pid_t pid)
{
	static const char *const files[] = {"route", "ipv6_route"};
	bool found = false;

	for (size_t i = 0; !found && i < ARRAY_SIZE(files); i++) {
		char path[64], line[512], *name;
		FILE *f;

		(void)snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, files[i]);
		f = fopen(path, "re");
		while (f && !found && fgets(line, sizeof(line), f)) {
			name = i == 0 ? line : strrchr(line, ' ') ?: line;
			/* The v4 default route: destination 0; of v6 those that are ::/0. */
			found = i == 0 ? strstr(line, "\t00000000\t") != NULL
				       : strncmp(line, "00000000000000000000000000000000 00 ",
						 36) == 0 &&
						 !strstr(name, " lo");
		}
		if (f)
			(void)fclose(f);
	}
	return found;
}

static int await_ready(const struct usernet_start *s, const struct usernet *n, int ready_fd,
		       const char *name, int said_fd, struct err *err)
{
	int64_t end = clock_monotonic() + READY_NS;

	while (clock_monotonic() < end) {
		struct pollfd p[2] = {{.fd = n->proc.pidfd, .events = POLLIN},
				      {.fd = ready_fd, .events = POLLIN}};

		(void)poll(p, 2, LOOK_MS);
		if (p[1].revents & POLLIN || (ready_fd < 0 && has_route(s->pid)))
			return 0;
		if (p[0].revents)
			break;
	}
	return why_not(name, said_fd, err);
}

/* ---- slirp4netns's ports ---- */

static int api_connect(int run_fd)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/" API_SOCKET, run_fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int ask_port(int run_fd, const char *text, struct err *err)
{
	cleanup(buf_done) struct buf answer = BUF_INIT(SAID_MAX);
	cleanup(json_unref) json_t *j = NULL;
	cleanup_fd int fd = api_connect(run_fd);
	char request[256];
	struct port p;
	int len,
		r = fd < 0 ? err_sys(err, fd, "connect to slirp4netns") : parse_port(text, &p, err);

	if (r < 0)
		return r;
	len = snprintf(request, sizeof(request),
		       "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\","
		       "\"host_addr\":\"%s\",\"host_port\":%u,\"guest_port\":%u}}",
		       p.protocol, *p.ip ? p.ip : "0.0.0.0", p.host, p.inside);
	r = fd_write(fd, request, (size_t)len);
	if (r == 0 && shutdown(fd, SHUT_WR) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "ask slirp4netns for a port");
	r = fd_read_all(fd, &answer, "slirp4netns's answer", err);
	j = r < 0 ? NULL : json_parse(answer.data ?: "", answer.len, "slirp4netns's answer", err);
	if (!j)
		return err ? err->code : -EIO;
	if (!json_object_get(j, "return"))
		return err_set(
			err, ERR_SYSTEM, "publish %s:%u: %s", *p.ip ? p.ip : "0.0.0.0", p.host,
			json_string_value(json_object_get(json_object_get(j, "error"), "desc"))
				?: "slirp4netns refused");
	return 0;
}

/* ---- start and stop ---- */

struct pipes {
	int ready[2], exit[2];
};

static int launch(const struct usernet_start *s, const struct usernet_config *c, char **argv,
		  const struct pipes *p, int said, struct usernet *n, struct err *err)
{
	const char *program = usernet_program(c->kind);
	cleanup_fd int netns = -EBADF;
	char path[64];
	bool slirp = c->kind == USERNET_SLIRP4NETNS;

	if (!program)
		return err_set(err, ERR_UNSUPPORTED,
			       "network %s: the program is not installed (package %s)",
			       names[c->kind], slirp ? "slirp4netns" : "passt");
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)s->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return err_sys(err, errno, "open the container's network namespace");
	return proc_spawn(
		&(struct proc_spawn){
			.path = program,
			.argv = argv,
			.fds = (struct proc_fd[]){{said, 1},
						  {said, 2},
						  {netns, NETNS_FD},
						  {s->run_fd, RUN_FD},
						  {p->ready[1], READY_FD},
						  {p->exit[1], EXIT_FD}},
			.n_fds = slirp ? 6 : 3,
			.new_session = true,
			.die_with_parent = true,
		},
		&n->proc, err);
}

static int start(const struct usernet_start *s, const struct usernet_config *c, char **argv,
		 struct usernet *n, struct err *err)
{
	bool slirp = c->kind == USERNET_SLIRP4NETNS;
	cleanup_fd int said = memfd_create("said", MFD_CLOEXEC);
	struct pipes p = {{-EBADF, -EBADF}, {-EBADF, -EBADF}};
	int r = 0;

	if (said < 0 || (slirp && (pipe2(p.ready, O_CLOEXEC) < 0 || pipe2(p.exit, O_CLOEXEC) < 0)))
		r = err_sys(err, errno, "make a pipe");
	if (r == 0 && slirp)
		(void)unlinkat(s->run_fd, API_SOCKET, 0);
	if (r == 0)
		r = launch(s, c, argv, &p, said, n, err);
	fd_close(p.ready[1]);
	fd_close(p.exit[1]);
	n->exit_fd = p.exit[0];
	if (r == 0)
		r = await_ready(s, n, p.ready[0], names[c->kind], said, err);
	fd_close(p.ready[0]);
	for (char **t = s->ports; r == 0 && slirp && t && *t; t++)
		r = ask_port(s->run_fd, *t, err);
	return r;
}

int usernet_start(const struct usernet_start *s, struct usernet *ret, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct usernet_config c;
	struct words w = {.a = a};
	int r;

	*ret = USERNET_NONE;
	if (!a)
		return err_oom(err);
	r = usernet_parse(a, s->mode, &c, err);
	if (r == 0)
		r = build_words(&w, s, &c, err);
	if (r == 0)
		r = start(s, &c, w.v, ret, err);
	if (r < 0)
		usernet_stop(ret);
	return r;
}

void usernet_stop(struct usernet *n)
{
	fd_close(TAKE_FD(n->exit_fd));
	spawn_kill(n->proc.pidfd);
	proc_release(&n->proc);
}
