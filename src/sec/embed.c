// SPDX-License-Identifier: Apache-2.0
/*
 * embed - build-time tool: default-profile.json becomes two C files (sec/default.h), the calls that
 * a process of ours gives up one (sec/stage.h).
 *
 *   embed PROFILE.json TEXT.c BPF.c
 *   embed -s SYMBOL CALLS.json BPF.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "sec/compile.h"
#include "sec/default.h"
#include "spec/caps.h"

/* Of what the policy looks at, Docker's default capabilities hold CAP_SYS_CHROOT only. */
static const char *const builtin_caps[] = {NULL, "CAP_SYS_CHROOT"};

static void write_text(FILE *f, const struct buf *text)
{
	fprintf(f, "#include \"sec/default.h\"\n\nconst char seccomp_default_text[] = {");
	for (size_t i = 0; i < text->len; i++)
		fprintf(f, "%s%d,", i % 24 ? "" : "\n\t", text->data[i]);
	fprintf(f, "\n\t0};\nconst size_t seccomp_default_text_len = %zu;\n", text->len);
}

static void write_insns(FILE *f, const char *name, size_t which, const struct sock_filter *insns,
			size_t n)
{
	fprintf(f, "static const struct sock_filter %s%zu[] = {", name, which);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s{0x%x, %u, %u, 0x%x}, ", i % 4 ? "" : "\n\t", insns[i].code,
			insns[i].jt, insns[i].jf, insns[i].k);
	fprintf(f, "\n};\n");
}

static int write_program(FILE *f, const struct buf *text, size_t which, struct err *err)
{
	static struct sock_filter insns[BPF_INSNS_MAX];
	struct seccomp_env env = {
		.kernel_major = SECCOMP_DEFAULT_KERNEL_MAJOR,
		.kernel_minor = SECCOMP_DEFAULT_KERNEL_MINOR,
	};
	size_t n;
	int r;

	if (builtin_caps[which])
		env.caps = CAPS_BIT(cap_parse(builtin_caps[which]));
	r = compile_profile(text->data, text->len, "default-profile.json", &env, insns, &n, err);
	if (r < 0)
		return r;
	write_insns(f, "insns", which, insns, n);
	return 0;
}

static int write_stage(FILE *f, const char *symbol, const char *path, struct err *err)
{
	static struct sock_filter insns[BPF_INSNS_MAX];
	cleanup(buf_done) struct buf text = BUF_INIT(SECCOMP_TEXT_MAX);
	const struct seccomp_env env = {
		.kernel_major = SECCOMP_DEFAULT_KERNEL_MAJOR,
		.kernel_minor = SECCOMP_DEFAULT_KERNEL_MINOR,
	};
	size_t n;
	int r = file_read(AT_FDCWD, path, &text, err);

	if (r == 0)
		r = compile_profile(text.data, text.len, path, &env, insns, &n, err);
	if (r < 0)
		return r;
	fprintf(f, "#include \"sec/stage.h\"\n\n");
	write_insns(f, "insns", 0, insns, n);
	fprintf(f, "const struct stage_calls %s = {insns0, %zu};\n", symbol, n);
	return 0;
}

static int main_stage(char **argv)
{
	struct err err = ERR_INIT;
	FILE *out = fopen(argv[4], "we");

	if (!out) {
		perror(argv[4]);
		return 1;
	}
	if (write_stage(out, argv[2], argv[3], &err) < 0) {
		fprintf(stderr, "embed: %s\n", err.msg);
		return 1;
	}
	return fclose(out) == 0 ? 0 : 1;
}

static int write_programs(FILE *f, const struct buf *text, struct err *err)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	struct seccomp_profile p;
	int r;

	if (!a)
		return err_oom(err);
	r = seccomp_profile_decode(a, text->data, text->len, "default-profile.json", &p, err);
	if (r < 0)
		return r;
	fprintf(f, "#include \"sec/default.h\"\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(builtin_caps); i++) {
		r = write_program(f, text, i, err);
		if (r < 0)
			return r;
	}
	fprintf(f, "const uint64_t seccomp_default_caps = 0x%llx;\n",
		(unsigned long long)seccomp_profile_caps(&p));
	fprintf(f, "const struct seccomp_builtin seccomp_builtins[] = {\n");
	for (size_t i = 0; i < ARRAY_SIZE(builtin_caps); i++)
		fprintf(f, "\t{0x%llx, insns%zu, sizeof(insns%zu) / sizeof(insns%zu[0])},\n",
			builtin_caps[i] ? (unsigned long long)CAPS_BIT(cap_parse(builtin_caps[i]))
					: 0,
			i, i, i);
	fprintf(f, "};\nconst size_t seccomp_n_builtins = %zu;\n", ARRAY_SIZE(builtin_caps));
	return 0;
}

int main(int argc, char **argv)
{
	cleanup(buf_done) struct buf text = BUF_INIT(SECCOMP_TEXT_MAX);
	struct err err = ERR_INIT;
	FILE *out[2];

	if (argc == 5 && strcmp(argv[1], "-s") == 0)
		return main_stage(argv);
	if (argc != 4) {
		fprintf(stderr, "usage: embed PROFILE.json TEXT.c BPF.c\n");
		return 2;
	}
	if (file_read(AT_FDCWD, argv[1], &text, &err) < 0) {
		fprintf(stderr, "embed: %s\n", err.msg);
		return 1;
	}
	for (int i = 0; i < 2; i++) {
		out[i] = fopen(argv[2 + i], "we");
		if (!out[i]) {
			perror(argv[2 + i]);
			return 1;
		}
	}
	write_text(out[0], &text);
	if (write_programs(out[1], &text, &err) < 0) {
		fprintf(stderr, "embed: %s\n", err.msg);
		return 1;
	}
	return fclose(out[0]) == 0 && fclose(out[1]) == 0 ? 0 : 1;
}
