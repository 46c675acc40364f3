// SPDX-License-Identifier: Apache-2.0
#include "lab.h"

#include "run/rootfs.h"

#define LAYERS 200

static char **lower;

static void make_layers(void)
{
	lower = calloc(LAYERS + 1, sizeof(*lower));
	assert_int_equal(mkdirat(lab.fd, "l", 0755), 0);
	for (int i = 0; i < LAYERS; i++) {
		char name[64], text[16];
		int dir;

		assert_true(asprintf(&lower[i], "%s/l/%064d", lab.dir, i) > 0);
		assert_int_equal(mkdir(lower[i], 0755), 0);
		dir = open(lower[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		(void)snprintf(name, sizeof(name), "file%d", i);
		(void)snprintf(text, sizeof(text), "%d", i);
		assert_int_equal(file_write(dir, name, text, strlen(text), 0644, 0, NULL), 0);
		assert_int_equal(file_write(dir, "top", text, strlen(text), 0644, 0, NULL), 0);
		close(dir);
	}
}

static void check(int n, int flags, bool upper)
{
	char up[96], work[96], last[32];
	char *few[LAYERS + 1];
	struct run_overlay o = {.lower = few};
	cleanup(buf_done) struct buf top = BUF_INIT(64), bottom = BUF_INIT(64);
	int fd;

	memcpy(few, lower, (size_t)n * sizeof(*few));
	few[n] = NULL;
	if (upper) {
		(void)snprintf(up, sizeof(up), "%s/up", lab.dir);
		(void)snprintf(work, sizeof(work), "%s/work", lab.dir);
		assert_int_equal(mkdir(up, 0755), 0);
		assert_int_equal(mkdir(work, 0755), 0);
		o.upper = up;
		o.work = work;
	}
	fd = overlay_open(&o, flags, &lab.err);
	if (fd < 0)
		fail_msg("%d layers, flags %d: %s", n, flags, lab.err.msg);
	assert_int_equal(file_read(fd, "top", &top, NULL), 0);
	assert_string_equal(top.data, "0");
	(void)snprintf(last, sizeof(last), "file%d", n - 1);
	assert_int_equal(file_read(fd, last, &bottom, NULL), 0);
	assert_int_equal(atoi(bottom.data), n - 1);
	assert_int_equal(mkdirat(fd, "new", 0755), upper ? 0 : -1);
	if (!upper)
		assert_int_equal(errno, EROFS);
	close(fd);
	if (upper) {
		struct stat st;

		assert_int_equal(fstatat(lab.fd, "up/new", &st, 0), 0);
		assert_int_equal(path_remove_tree(lab.fd, "up", NULL), 0);
		assert_int_equal(path_remove_tree(lab.fd, "work", NULL), 0);
	}
}

static void every_count_both_ways(void **state)
{
	static const int counts[] = {1, 3, LAYERS};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		for (int flags = 0; flags <= OVERLAY_LEGACY; flags += OVERLAY_LEGACY) {
			check(counts[i], flags, true);
			check(counts[i], flags, false);
		}
}

static void wrong_ones_are_named(void **state)
{
	char gone[] = "/no/such/layer";
	char *few[] = {lower[0], gone, NULL};
	struct run_overlay o = {.lower = few};

	(void)state;
	assert_true(overlay_open(&o, 0, &lab.err) < 0);
	assert_non_null(strstr(lab.err.msg, "overlay layer /no/such/layer"));
	assert_true(overlay_open(&o, OVERLAY_LEGACY, &lab.err) < 0);
	assert_string_equal(lab.err.msg, "overlay layer /no/such/layer: No such file or directory");
	few[0] = NULL;
	assert_true(overlay_open(&o, 0, &lab.err) < 0);
}

static void nothing_stays_mounted(void **state)
{
	cleanup(buf_done) struct buf b = BUF_INIT(1 << 20);

	(void)state;
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", &b, NULL), 0);
	assert_null(strstr(b.data, lab.dir));
}

static void a_container_on_an_overlay(void **state)
{
	char base[96], up[96], work[96];
	char *layers[] = {lower[0], base, NULL};
	struct run_overlay ov = {.lower = layers, .upper = up, .work = work};
	struct run_options o = {.overlay = &ov};
	struct stat st;

	(void)state;
	(void)snprintf(base, sizeof(base), "%s/b/rootfs", lab.dir);
	(void)snprintf(up, sizeof(up), "%s/up", lab.dir);
	(void)snprintf(work, sizeof(work), "%s/work", lab.dir);
	assert_int_equal(mkdir(up, 0755), 0);
	assert_int_equal(mkdir(work, 0755), 0);
	lab_spec(&(struct lab_parts){.args = "\"sh\",\"-c\",\"cat /top; echo x > /written; grep ' "
					     "/ ' /proc/self/mountinfo\""});
	if (lab_run_with(&o) < 0)
		fail_msg("%s", lab.err.msg);
	assert_int_equal(strncmp(lab.out, "0", 1), 0);
	assert_non_null(strstr(lab.out, "userxattr"));
	assert_int_equal(fstatat(lab.fd, "up/written", &st, 0), 0);
	assert_int_equal(fstatat(lab.fd, "b/rootfs/written", &st, 0), -1);
}

/* A container in a user namespace on layers that root owns on disk: what it finds, makes, changes and
 * removes is root's on both sides, and nothing on disk was chowned before. */
static void layers_are_mapped(void **state)
{
	char low[96], up[96], work[96], *lows[] = {low, NULL};
	struct run_overlay o = {.lower = lows, .upper = up, .work = work, .idmap = true};
	struct run_options run = {.overlay = &o};
	struct stat st;

	(void)state;
	(void)snprintf(low, sizeof(low), "%s/b/rootfs", lab.dir);
	(void)snprintf(up, sizeof(up), "%s/m/up", lab.dir);
	(void)snprintf(work, sizeof(work), "%s/m/work", lab.dir);
	assert_int_equal(mkdirat(lab.fd, "m", 0700), 0);
	assert_int_equal(mkdir(up, 0755), 0);
	assert_int_equal(mkdir(work, 0755), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/old", "old", 3, 0600, 0, NULL), 0);
	assert_int_equal(file_write(lab.bundle, "rootfs/etc/gone", "x", 1, 0600, 0, NULL), 0);
	assert_int_equal(fchownat(lab.bundle, "rootfs/etc/gone", 3, 4, 0), 0);
	lab_spec(&(struct lab_parts){
		.args = "\"sh\",\"-c\",\"stat -c %u:%g / /etc/old /etc/gone; echo new > /etc/made; "
			"echo more >> /etc/old; rm /etc/gone; mkdir /etc/dir; stat -c %u:%g "
			"/etc/made /etc/dir; grep 200000 /proc/self/uid_map\"",
		.ns = LAB_NS ",{\"type\":\"user\"}",
		.linux_ = ",\"uidMappings\":[{\"containerID\":0,\"hostID\":200000,\"size\":1000}],"
			  "\"gidMappings\":[{\"containerID\":0,\"hostID\":300000,\"size\":1000}]"});
	if (lab_run_with(&run) < 0)
		fail_msg("%s", lab.err.msg);
	if (!strstr(lab.out, "0:0\n0:0\n3:4\n0:0\n0:0\n"))
		fail_msg("%s", lab.out);
	assert_int_equal(lab.status, 0);
	assert_int_equal(fstatat(lab.fd, "m/up/etc/made", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(lab.fd, "m/up/etc/old", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	assert_int_equal(fstatat(lab.fd, "m/up/etc/gone", &st, 0), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	/* a second start finds its own changes */
	lab_spec(&(struct lab_parts){
		.args = "\"sh\",\"-c\",\"cat /etc/made; ls /etc; stat -c %u /etc/made\"",
		.ns = LAB_NS ",{\"type\":\"user\"}",
		.linux_ = ",\"uidMappings\":[{\"containerID\":0,\"hostID\":500000,\"size\":1000}],"
			  "\"gidMappings\":[{\"containerID\":0,\"hostID\":500000,\"size\":1000}]"});
	if (lab_run_with(&run) < 0)
		fail_msg("%s", lab.err.msg);
	says("new\n");
	says("0\n");
	says_not("gone");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_mapped),
		cmocka_unit_test(every_count_both_ways),
		cmocka_unit_test(wrong_ones_are_named),
		cmocka_unit_test(a_container_on_an_overlay),
		cmocka_unit_test(nothing_stays_mounted),
	};
	int r;

	lab_start();
	make_layers();
	r = cmocka_run_group_tests(tests, NULL, NULL);
	lab_stop();
	return r;
}
