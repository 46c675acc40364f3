// SPDX-License-Identifier: Apache-2.0
/*
 * Device rules: an eBPF program on v2 (also a v2 tree without controllers), devices.allow and
 * devices.deny on v1.
 *
 * OCI rules are ordered and the last one that matches decides. The program therefore tests them
 * from last to first and returns at the first that fits; a rule that fits everything ends it. An
 * "allow" fits when all the access that is asked is in the rule, a "deny" when any of it is. The
 * context is struct bpf_cgroup_dev_ctx: access << 16 | type, major, minor (linux/bpf.h).
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "run/cgroup-impl.h"

#define ANY        (-1)
#define ACCESS_ALL (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define RULES_MAX  256
#define RULE_INSNS 8

struct rule {
	bool allow;
	char type; /* a, b, c */
	int64_t major, minor;
	int access;
};

/* What every container has, whatever the configuration says. */
static const struct rule defaults[] = {
	{true, 'c', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'b', ANY, ANY, BPF_DEVCG_ACC_MKNOD},
	{true, 'c', 1, 3, ACCESS_ALL},
	{true, 'c', 1, 5, ACCESS_ALL},
	{true, 'c', 1, 7, ACCESS_ALL},
	{true, 'c', 1, 8, ACCESS_ALL},
	{true, 'c', 1, 9, ACCESS_ALL},
	{true, 'c', 5, 0, ACCESS_ALL},
	{true, 'c', 5, 1, ACCESS_ALL},
	{true, 'c', 5, 2, ACCESS_ALL},
	{true, 'c', 136, ANY, ACCESS_ALL},
};

static int parse(const struct oci_device_rule *in, struct rule *out, struct err *err)
{
	const char *type = in->type && *in->type ? in->type : "a";
	const char *access = in->access && *in->access ? in->access : "rwm";

	*out = (struct rule){.allow = in->allow,
			     .type = type[0] == 'u' ? 'c' : type[0],
			     .major = in->major.set ? in->major.value : ANY,
			     .minor = in->minor.set ? in->minor.value : ANY};
	if (!strchr("abcu", type[0]) || type[1])
		return err_set(err, ERR_INVALID, "device rule: type \"%s\"", type);
	for (; *access; access++)
		if (*access == 'r')
			out->access |= BPF_DEVCG_ACC_READ;
		else if (*access == 'w')
			out->access |= BPF_DEVCG_ACC_WRITE;
		else if (*access == 'm')
			out->access |= BPF_DEVCG_ACC_MKNOD;
		else
			return err_set(err, ERR_INVALID, "device rule: access \"%s\"", in->access);
	if (out->major < ANY || out->major > UINT32_MAX || out->minor < ANY ||
	    out->minor > UINT32_MAX)
		return err_set(err, ERR_INVALID, "device rule: number out of range");
	/* As on v1: type a is all devices with all access. */
	if (out->type == 'a') {
		out->major = out->minor = ANY;
		out->access = ACCESS_ALL;
	}
	return 0;
}

static bool fits_all(const struct rule *r)
{
	return r->type == 'a';
}

struct program {
	struct bpf_insn insns[(RULES_MAX + ARRAY_SIZE(defaults)) * RULE_INSNS + 8];
	size_t n;
};

static void emit(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
		 int32_t imm)
{
	p->insns[p->n++] = (struct bpf_insn){
		.code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm};
}

/* Registers: 2 type, 3 access, 4 major, 5 minor. */
static void emit_rule(struct program *p, const struct rule *r)
{
	struct bpf_insn *jumps[RULE_INSNS];
	size_t n = 0;

	if (r->type != 'a') {
		jumps[n++] = &p->insns[p->n];
		emit(p, BPF_JMP | BPF_JNE | BPF_K, 2, 0, 0,
		     r->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	}
	if (r->access != ACCESS_ALL) {
		emit(p, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
		emit(p, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0,
		     r->allow ? ACCESS_ALL & ~r->access : r->access);
		jumps[n++] = &p->insns[p->n];
		emit(p, BPF_JMP | (r->allow ? BPF_JNE : BPF_JEQ) | BPF_K, 1, 0, 0, 0);
	}
	if (r->major != ANY) {
		jumps[n++] = &p->insns[p->n];
		emit(p, BPF_JMP32 | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)r->major);
	}
	if (r->minor != ANY) {
		jumps[n++] = &p->insns[p->n];
		emit(p, BPF_JMP32 | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)r->minor);
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, r->allow);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < n; i++)
		jumps[i]->off = (int16_t)(&p->insns[p->n] - jumps[i] - 1);
}

static void build(struct program *p, const struct rule *rules, size_t n)
{
	emit(p, BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct bpf_cgroup_dev_ctx, access_type),
	     0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, 4, 1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
	emit(p, BPF_LDX | BPF_MEM | BPF_W, 5, 1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	emit(p, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
	emit(p, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
	emit(p, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	for (size_t i = n; i-- > 0;) {
		emit_rule(p, &rules[i]);
		if (fits_all(&rules[i]))
			return;
	}
	emit(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 1);
	emit(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int attach(int cgroup_fd, const struct program *p)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insn_cnt = (uint32_t)p->n,
		.insns = (uint64_t)(uintptr_t)p->insns,
		.license = (uint64_t)(uintptr_t) "Apache-2.0",
	};
	cleanup_fd int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	union bpf_attr at = {
		.target_fd = (uint32_t)cgroup_fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI,
	};

	if (fd < 0)
		return -errno;
	at.attach_bpf_fd = (uint32_t)fd;
	return syscall(SYS_bpf, BPF_PROG_ATTACH, &at, sizeof(at)) < 0 ? -errno : 0;
}

static int write_v1(int dir, const struct rule *r, struct err *err)
{
	char text[64], major[16] = "*", minor[16] = "*";

	if (r->major != ANY)
		(void)snprintf(major, sizeof(major), "%u", (unsigned)r->major);
	if (r->minor != ANY)
		(void)snprintf(minor, sizeof(minor), "%u", (unsigned)r->minor);
	if (r->type == 'a')
		(void)snprintf(text, sizeof(text), "a");
	else
		(void)snprintf(text, sizeof(text), "%c %s:%s %s%s%s", r->type, major, minor,
			       r->access & BPF_DEVCG_ACC_READ ? "r" : "",
			       r->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
			       r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
	return cgroup_write(dir, r->allow ? "devices.allow" : "devices.deny", text, err);
}

int cgroup_devices(struct cgroup *cg, const struct json_list *list, struct err *err)
{
	struct rule rules[RULES_MAX + ARRAY_SIZE(defaults)];
	struct program p;
	size_t n = 0, first = 0;
	int r;

	if (list->n > RULES_MAX)
		return err_set(err, ERR_TOO_LARGE, "more than %d device rules", RULES_MAX);
	for (; n < list->n; n++) {
		r = parse(JSON_AT(struct oci_device_rule, list, n), &rules[n], err);
		if (r < 0)
			return r;
		if (fits_all(&rules[n]))
			first = n;
	}
	if (first == n - 1 && rules[first].allow && fits_all(&rules[first]))
		return 0; /* everything is allowed: what a group is born with */
	memcpy(rules + n, defaults, sizeof(defaults));
	n += ARRAY_SIZE(defaults);
	if (cg->v2 >= 0) {
		p.n = 0;
		build(&p, rules, n);
		r = attach(cg->v2, &p);
		/* A v2 tree beside v1 on a kernel without CONFIG_CGROUP_BPF falls back to v1. */
		if (r == 0)
			return 0;
	}
	r = cgroup_need(cg, CTL_DEVICES, "device rules", err);
	for (size_t i = first; r >= 0 && i < n; i++)
		r = write_v1(cg->v1[CTL_DEVICES], &rules[i], err);
	return r < 0 ? r : 0;
}
