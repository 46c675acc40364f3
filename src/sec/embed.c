// SPDX-License-Identifier: Apache-2.0
/*
 * embed - build-time tool: default-profile.json becomes two C files (sec/default.h).
 *
 *   embed PROFILE.json TEXT.c BPF.c      everything
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
	fprintf(f, "static const struct sock_filter insns%zu[] = {", which);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s{0x%x, %u, %u, 0x%x}, ", i % 4 ? "" : "\n\t", insns[i].code,
			insns[i].jt, insns[i].jf, insns[i].k);
	fprintf(f, "\n};\n");
	return 0;
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
