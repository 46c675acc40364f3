// SPDX-License-Identifier: Apache-2.0
/*
 * top: what ps(1) would print of the processes in the container's cgroup, read from /proc by ourselves.
 * The columns of `ps -ef` are the default; `-o LIST` picks others. Options that only change the
 * selection (-e, -A, a, x) select nothing else here: the cgroup does. Users have the host's names, as
 * Docker's top has them, which runs the host's ps; the container's own are its own business.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/str.h"
#include "engine/container-private.h"
#include "engine/private.h"
#include "run/cgroup.h"

#define PIDS_MAX    32768
#define CMDLINE_MAX 4096
#define PASSWD_MAX  ((size_t)4 << 20)
#define USER_WIDTH  8 /* a longer name is cut by ps to seven and "+" */

struct sample {
	pid_t pid;
	int64_t ppid, pgrp, session, tty, nice, threads, rss, vsize;
	uint64_t ticks, start;
	char state;
	uint32_t uid;
	char *comm, *cmdline;
	const struct buf *passwd; /* the host's */
	double uptime;
};

struct column {
	const char *key, *title;
	char *(*text)(struct arena *a, const struct sample *s);
};

static int read_proc(pid_t pid, const char *leaf, struct buf *b)
{
	char path[64];
	cleanup_fd int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, leaf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd_read_all(fd, b, path, NULL);
}

/* A process names itself as it likes: what a terminal would obey becomes a blank. */
static void make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = ' ';
}

static char *command_line(struct arena *a, pid_t pid, const char *comm)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);

	if (read_proc(pid, "cmdline", &b) < 0 || b.len == 0)
		return arena_printf(a, "[%s]", comm);
	while (b.len > 0 && b.data[b.len - 1] == '\0')
		b.len--;
	make_printable(b.data, b.len);
	return arena_strndup(a, b.data, MIN_OF(b.len, (size_t)CMDLINE_MAX));
}

/* proc_pid_stat(5): the command's name may hold anything, so the fields count from the last ")". */
static int take_sample(struct arena *a, pid_t pid, struct sample *s)
{
	cleanup(buf_done) struct buf b = BUF_INIT(16 << 10);
	char path[32], *name, *rest;
	uint64_t utime, stime;
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) < 0 || read_proc(pid, "stat", &b) < 0 || !b.data)
		return -ESRCH;
	name = strchr(b.data, '(');
	rest = strrchr(b.data, ')');
	if (!name || !rest || rest < name)
		return -ESRCH;
	*rest = '\0';
	make_printable(name, strlen(name));
	*s = (struct sample){.pid = pid, .uid = st.st_uid, .comm = arena_strdup(a, name + 1)};
	if (sscanf(rest + 1,
		   " %c %" SCNi64 " %" SCNi64 " %" SCNi64 " %" SCNi64
		   " %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %*d %*d %*d %" SCNi64
		   " %" SCNi64 " %*d %" SCNu64 " %" SCNi64 " %" SCNi64,
		   &s->state, &s->ppid, &s->pgrp, &s->session, &s->tty, &utime, &stime, &s->nice,
		   &s->threads, &s->start, &s->vsize, &s->rss) != 12)
		return -ESRCH;
	s->ticks = utime + stime;
	s->cmdline = command_line(a, pid, s->comm ?: "");
	return s->comm && s->cmdline ? 0 : -ENOMEM;
}

static char *number(struct arena *a, int64_t v)
{
	return arena_printf(a, "%" PRIi64, v);
}

static char *text_uid(struct arena *a, const struct sample *s)
{
	return number(a, s->uid);
}

/* passwd(5): name:password:uid:… */
static char *text_user(struct arena *a, const struct sample *s)
{
	char want[16];
	size_t n = (size_t)snprintf(want, sizeof(want), "%" PRIu32 ":", s->uid);

	for (const char *line = s->passwd->data; line && *line;) {
		size_t name = strcspn(line, ":\n");
		const char *p = line[name] == ':' ? strpbrk(line + name + 1, ":\n") : NULL;

		if (name > 0 && p && *p == ':' && strncmp(p + 1, want, n) == 0)
			return name > USER_WIDTH ? arena_printf(a, "%.*s+", USER_WIDTH - 1, line)
						 : arena_strndup(a, line, name);
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return text_uid(a, s);
}

static char *text_pid(struct arena *a, const struct sample *s)
{
	return number(a, s->pid);
}

static char *text_ppid(struct arena *a, const struct sample *s)
{
	return number(a, s->ppid);
}

static int64_t age(const struct sample *s)
{
	double started = (double)s->start / (double)sysconf(_SC_CLK_TCK);

	return s->uptime > started ? (int64_t)(s->uptime - started) : 0;
}

static char *text_cpu(struct arena *a, const struct sample *s)
{
	int64_t seconds = age(s), used = (int64_t)s->ticks / sysconf(_SC_CLK_TCK);

	return number(a, seconds > 0 ? MIN_OF(100 * used / seconds, (int64_t)99) : 0);
}

static char *text_start(struct arena *a, const struct sample *s)
{
	time_t now = (time_t)(clock_now() / NS_PER_SEC), t = now - (time_t)age(s);
	struct tm tm, today;
	char out[16];

	if (!localtime_r(&t, &tm) || !localtime_r(&now, &today))
		return arena_strdup(a, "?");
	(void)strftime(
		out, sizeof(out),
		tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday ? "%H:%M" : "%b%d", &tm);
	return arena_strdup(a, out);
}

static char *text_tty(struct arena *a, const struct sample *s)
{
	unsigned maj = major((dev_t)s->tty), min = minor((dev_t)s->tty);

	if (s->tty == 0)
		return arena_strdup(a, "?");
	return maj == 136 ? arena_printf(a, "pts/%u", min) : arena_printf(a, "tty%u", min);
}

static char *text_time(struct arena *a, const struct sample *s)
{
	int64_t t = (int64_t)s->ticks / sysconf(_SC_CLK_TCK);

	return arena_printf(a, "%02" PRIi64 ":%02" PRIi64 ":%02" PRIi64, t / 3600, t / 60 % 60,
			    t % 60);
}

static char *text_cmd(struct arena *a, const struct sample *s)
{
	return arena_strdup(a, s->cmdline);
}

static char *text_comm(struct arena *a, const struct sample *s)
{
	return arena_strdup(a, s->comm);
}

static char *text_state(struct arena *a, const struct sample *s)
{
	return arena_printf(a, "%c", s->state);
}

static char *text_rss(struct arena *a, const struct sample *s)
{
	return number(a, s->rss * (sysconf(_SC_PAGESIZE) / 1024));
}

static char *text_vsize(struct arena *a, const struct sample *s)
{
	return number(a, s->vsize / 1024);
}

static char *text_nice(struct arena *a, const struct sample *s)
{
	return number(a, s->nice);
}

static char *text_threads(struct arena *a, const struct sample *s)
{
	return number(a, s->threads);
}

static char *text_pgrp(struct arena *a, const struct sample *s)
{
	return number(a, s->pgrp);
}

static char *text_session(struct arena *a, const struct sample *s)
{
	return number(a, s->session);
}

static char *text_age(struct arena *a, const struct sample *s)
{
	int64_t t = age(s);

	if (t >= 86400)
		return arena_printf(a, "%" PRIi64 "-%02" PRIi64 ":%02" PRIi64 ":%02" PRIi64,
				    t / 86400, t / 3600 % 24, t / 60 % 60, t % 60);
	if (t >= 3600)
		return arena_printf(a, "%02" PRIi64 ":%02" PRIi64 ":%02" PRIi64, t / 3600,
				    t / 60 % 60, t % 60);
	return arena_printf(a, "%02" PRIi64 ":%02" PRIi64, t / 60, t % 60);
}

static char *text_memory(struct arena *a, const struct sample *s)
{
	int64_t all = sysconf(_SC_PHYS_PAGES), permille = all > 0 ? 1000 * s->rss / all : 0;

	return arena_printf(a, "%" PRIi64 ".%" PRIi64, permille / 10, permille % 10);
}

static char *text_minutes(struct arena *a, const struct sample *s)
{
	int64_t t = (int64_t)s->ticks / sysconf(_SC_CLK_TCK);

	return arena_printf(a, "%" PRIi64 ":%02" PRIi64, t / 60, t % 60);
}

static const struct column columns[] = {
	/* the first eight are `ps -ef` */
	{"uid_hack", "UID", text_user}, /* as ps names it */
	{"pid", "PID", text_pid},
	{"ppid", "PPID", text_ppid},
	{"c", "C", text_cpu},
	{"stime", "STIME", text_start},
	{"tty", "TTY", text_tty},
	{"time", "TIME", text_time},
	{"cmd", "CMD", text_cmd},
	{"uid", "UID", text_uid},
	{"args", "COMMAND", text_cmd},
	{"command", "COMMAND", text_cmd},
	{"comm", "COMMAND", text_comm},
	{"ucmd", "CMD", text_comm},
	{"state", "S", text_state},
	{"s", "S", text_state},
	{"stat", "STAT", text_state},
	{"rss", "RSS", text_rss},
	{"rsz", "RSZ", text_rss},
	{"vsz", "VSZ", text_vsize},
	{"vsize", "VSZ", text_vsize},
	{"ni", "NI", text_nice},
	{"nice", "NI", text_nice},
	{"nlwp", "NLWP", text_threads},
	{"thcount", "THCNT", text_threads},
	{"pgid", "PGID", text_pgrp},
	{"pgrp", "PGRP", text_pgrp},
	{"sid", "SID", text_session},
	{"sess", "SESS", text_session},
	{"etime", "ELAPSED", text_age},
	{"%cpu", "%CPU", text_cpu},
	{"pcpu", "%CPU", text_cpu},
	{"tname", "TTY", text_tty},
	{"tt", "TT", text_tty},
	{"user", "USER", text_user},
	{"euser", "EUSER", text_user},
	{"uname", "USER", text_user},
	{"start", "START", text_start},
	{"%mem", "%MEM", text_memory},
	{"pmem", "%MEM", text_memory},
	{"bsdtime", "TIME", text_minutes},
	{"start_time", "START", text_start},
	{"cputime", "TIME", text_time},
};

/* ps has a second language, without dashes: `ps aux` and `ps ax`. */
#define COLUMNS_BSD_USER "uname,pid,%cpu,%mem,vsz,rss,tty,stat,start,bsdtime,command"
#define COLUMNS_BSD      "pid,tty,stat,bsdtime,command"
#define COLUMNS_DEFAULT  8
#define COLUMNS_MAX      64

static int add_columns(struct arena *a, const char *list, const struct column **out, size_t *n,
		       struct err *err)
{
	char **words = strv_split(a, list, ',', 0);

	if (!words)
		return err_oom(err);
	for (; *words; words++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(columns) && strcasecmp(columns[i].key, *words) != 0)
			i++;
		if (i == ARRAY_SIZE(columns))
			return err_set(err, ERR_INVALID,
				       "unknown user-defined format specifier \"%s\"", *words);
		if (*n == COLUMNS_MAX)
			return err_set(err, ERR_TOO_LARGE, "more than %d columns", COLUMNS_MAX);
		out[(*n)++] = &columns[i];
	}
	return 0;
}

static int choose_columns(struct arena *a, char *const *args, const struct column **out, size_t *n,
			  struct err *err)
{
	const char *first = args ? *args : NULL;
	int r = 0;

	*n = 0;
	for (; r == 0 && args && *args; args++) {
		const char *o = strstr(*args, "o");

		if (**args == '-' && o && o[1])
			r = add_columns(a, o + 1, out, n, err);
		else if (o && !o[1] && args[1])
			r = add_columns(a, *++args, out, n, err);
	}
	if (r == 0 && *n == 0 && first && *first && *first != '-')
		r = add_columns(a, strchr(first, 'u') ? COLUMNS_BSD_USER : COLUMNS_BSD, out, n,
				err);
	if (r == 0 && *n == 0) {
		for (; *n < COLUMNS_DEFAULT; (*n)++)
			out[*n] = &columns[*n];
	}
	return r;
}

static double uptime(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_BOOTTIME, &t) < 0 ? 0
						     : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Without a cgroup the container is its pid namespace. With somebody else's, it is its first process. */
static int collect_namespace(struct arena *a, pid_t first, pid_t **ret, size_t *n, struct err *err)
{
	char path[64];
	struct stat own, st;
	struct dirent *ent;
	DIR *d;

	*ret = arena_calloc(a, PIDS_MAX, sizeof(pid_t));
	if (!*ret)
		return err_oom(err);
	(*ret)[0] = first;
	*n = 1;
	(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)first);
	if (stat(path, &own) < 0)
		return err_sys(err, errno, "look at process %d", (int)first);
	if (stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == own.st_ino)
		return 0;
	d = opendir("/proc");
	while (d && (ent = readdir(d)) && *n < PIDS_MAX) {
		uint64_t pid;

		if (str_to_u64(ent->d_name, &pid) < 0 || (pid_t)pid == first)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
		if (stat(path, &st) == 0 && st.st_ino == own.st_ino)
			(*ret)[(*n)++] = (pid_t)pid;
	}
	if (d)
		(void)closedir(d);
	return 0;
}

static int collect_pids(struct arena *a, const struct container_info *c, pid_t **ret, size_t *n,
			struct err *err)
{
	cleanup(cgroup_free) struct cgroup *cg = NULL;
	struct container_extra x = {};
	ssize_t count;
	int r = container_extra_decode(a, c->row.extra, &x, err);

	if (r == 0 && str_empty(x.cgroup))
		return collect_namespace(a, (pid_t)c->state.pid, ret, n, err);
	if (r == 0)
		r = cgroup_open(x.cgroup, NULL, 0, &cg, err);
	if (r < 0)
		return r;
	*ret = arena_calloc(a, PIDS_MAX, sizeof(pid_t));
	if (!*ret)
		return err_oom(err);
	count = cgroup_pids(cg, *ret, PIDS_MAX);
	if (count < 0)
		return err_sys(err, (int)count, "list the processes of container %s", c->row.id);
	*n = (size_t)count;
	return 0;
}

int container_top(struct engine *e, struct arena *a, const char *key, char *const *ps_args,
		  char ***ret_titles, char ****ret_rows, size_t *n_rows, struct err *err)
{
	const struct column *col[COLUMNS_MAX];
	cleanup(buf_done) struct buf passwd = BUF_INIT(PASSWD_MAX);
	struct container_info c;
	size_t n_cols = 0, n_pids = 0, n = 0;
	char **titles, ***rows;
	pid_t *pids = NULL;
	int r = container_find(e, a, key, &c, err);

	if (r < 0)
		return r;
	if (!container_status_is_live(c.state.status))
		return err_set(err, ERR_CONFLICT, "container %s is not running", c.row.id);
	r = choose_columns(a, ps_args, col, &n_cols, err);
	if (r == 0)
		r = collect_pids(a, &c, &pids, &n_pids, err);
	if (r < 0)
		return r;
	/* One that cannot be read, or is too large, leaves the numbers. */
	if (file_read(AT_FDCWD, "/etc/passwd", &passwd, NULL) < 0)
		buf_reset(&passwd);
	titles = arena_calloc(a, n_cols + 1, sizeof(*titles));
	rows = arena_calloc(a, n_pids + 1, sizeof(*rows));
	if (!titles || !rows)
		return err_oom(err);
	for (size_t k = 0; k < n_cols; k++)
		titles[k] = arena_strdup(a, col[k]->title);
	for (size_t i = 0; i < n_pids; i++) {
		struct sample s;

		r = take_sample(a, pids[i], &s);
		if (r == -ENOMEM)
			return err_oom(err);
		if (r < 0) /* it ended */
			continue;
		s.uptime = uptime();
		s.passwd = &passwd;
		rows[n] = arena_calloc(a, n_cols + 1, sizeof(char *));
		for (size_t k = 0; rows[n] && k < n_cols; k++)
			rows[n][k] = col[k]->text(a, &s);
		if (!rows[n] || !rows[n][n_cols - 1])
			return err_oom(err);
		n++;
	}
	*ret_titles = titles;
	*ret_rows = rows;
	*n_rows = n;
	return 0;
}
