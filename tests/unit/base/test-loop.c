// SPDX-License-Identifier: Apache-2.0
#include "base/loop.h"

#include <unistd.h>

#include "../check.h"
#include "base/clock.h"

struct test {
	struct loop *loop;
	struct loop_source *sources[3];
	char order[16];
	int calls, signal;
};

static void mark(struct test *t, char c)
{
	size_t n = strlen(t->order);

	if (n + 1 < sizeof(t->order))
		t->order[n] = c;
}

static void on_a(struct loop_source *s, void *data)
{
	(void)s;
	mark(data, 'a');
}

static void on_b(struct loop_source *s, void *data)
{
	(void)s;
	mark(data, 'b');
}

static void on_stop(struct loop_source *s, void *data)
{
	struct test *t = data;

	(void)s;
	mark(t, 'c');
	loop_stop(t->loop);
}

static void test_timers(void **state)
{
	cleanup(loop_free) struct loop *l = loop_new(NULL);
	struct test t = {.loop = l};
	int64_t now = clock_monotonic();
	struct loop_source *removed;

	(void)state;
	assert_non_null(loop_add_timer(l, now + 30 * NS_PER_MS, on_stop, &t));
	assert_non_null(loop_add_timer(l, now + 20 * NS_PER_MS, on_b, &t));
	assert_non_null(loop_add_timer(l, now - 1, on_a, &t));
	removed = loop_add_timer(l, now + 10 * NS_PER_MS, on_a, &t);
	loop_remove(removed);
	assert_int_equal(loop_run(l, NULL), 0);
	assert_string_equal(t.order, "abc");
	assert_true(clock_monotonic() - now >= 30 * NS_PER_MS);
}

/* Whichever handler runs first removes both sources: the other must not run,
 * nor be touched. */
static void on_readable(struct loop_source *s, int fd, uint32_t events, void *data)
{
	struct test *t = data;

	(void)s;
	(void)fd;
	assert_true(events & EPOLLIN);
	t->calls++;
	loop_remove(t->sources[0]);
	loop_remove(t->sources[1]);
	loop_remove(NULL);
}

static void test_remove_inside(void **state)
{
	cleanup(loop_free) struct loop *l = loop_new(NULL);
	struct test t = {.loop = l};
	int a[2], b[2];

	(void)state;
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	t.sources[0] = loop_add_fd(l, a[0], EPOLLIN, on_readable, &t, NULL);
	t.sources[1] = loop_add_fd(l, b[0], EPOLLIN, on_readable, &t, NULL);
	assert_int_equal(write(a[1], "x", 1), 1);
	assert_int_equal(write(b[1], "x", 1), 1);
	assert_true(loop_once(l, 1000, NULL) >= 0);
	assert_int_equal(t.calls, 1);
	assert_true(loop_once(l, 10, NULL) >= 0);
	assert_int_equal(t.calls, 1);
	for (int i = 0; i < 2; i++) {
		(void)close(a[i]);
		(void)close(b[i]);
	}
}

static void on_signal(int sig, void *data)
{
	struct test *t = data;

	t->signal = sig;
	loop_stop(t->loop);
}

static void test_signals(void **state)
{
	cleanup(loop_free) struct loop *l = loop_new(NULL);
	struct test t = {.loop = l};
	sigset_t set;

	(void)state;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	assert_int_equal(loop_add_signals(l, &set, on_signal, &t, NULL), 0);
	(void)kill(getpid(), SIGUSR1);
	assert_int_equal(loop_run(l, NULL), 0);
	assert_int_equal(t.signal, SIGUSR1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_remove_inside),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
