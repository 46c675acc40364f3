// SPDX-License-Identifier: Apache-2.0
/*
 * Classic BPF jumps only forward, so the program is emitted from its end: every target exists
 * before the jump that goes there, and its distance is known. A label is an instruction's place
 * counted from the end. Conditional jumps reach 255 instructions; for farther targets a copy of a
 * return, or an unconditional jump, is put in between.
 *
 * The steps, for each architecture from the last to the first:
 *   sort its rules by number, keeping the document's order among equals
 *   spans    cut 0 … 2^32-1 into ranges of one fate: a verdict, or a chain of argument tests
 *   tree     a binary search over the spans' first numbers; leaves are verdicts or chains
 *   then the test of the architecture in front of it.
 */
#include "sec/bpf.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <string.h>

#define REACH   250 /* of a conditional jump, with room for what emit_jump may put in between */
#define RETURNS 64  /* returns remembered for sharing */
#define X32_BIT UINT32_C(0x40000000)

/* Where a jump goes: to a verdict, or to a label. */
struct target {
	bool is_verdict;
	uint32_t verdict;
	size_t label;
};

struct span {
	uint32_t first;
	const struct bpf_rule *const *chain; /* NULL: `verdict` for all of it */
	size_t n_chain;
	uint32_t verdict;
};

struct generator {
	struct sock_filter *end; /* one past the last instruction */
	size_t n;
	bool full;
	struct {
		uint32_t verdict;
		size_t label;
	} returns[RETURNS];
	size_t n_returns;
	bool little_endian;
};

static struct target verdict_target(uint32_t verdict)
{
	return (struct target){.is_verdict = true, .verdict = verdict};
}

static size_t emit(struct generator *g, struct sock_filter insn)
{
	if (g->n >= BPF_INSNS_MAX) {
		g->full = true;
		return g->n;
	}
	*(g->end - 1 - g->n) = insn;
	return g->n++;
}

static size_t return_label(struct generator *g, uint32_t verdict)
{
	size_t label;

	for (size_t i = 0; i < MIN_OF(g->n_returns, (size_t)RETURNS); i++)
		if (g->returns[i].verdict == verdict && g->n - g->returns[i].label <= REACH)
			return g->returns[i].label;
	label = emit(g, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, verdict));
	/* A full table forgets its oldest places, which are the farthest. */
	g->returns[g->n_returns % RETURNS].verdict = verdict;
	g->returns[g->n_returns % RETURNS].label = label;
	g->n_returns++;
	return label;
}

static size_t reachable(struct generator *g, struct target t)
{
	if (t.is_verdict)
		return return_label(g, t.verdict);
	if (g->n - t.label <= REACH)
		return t.label;
	return emit(g,
		    (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, (uint32_t)(g->n - t.label - 1)));
}

static struct target emit_jump(struct generator *g, uint16_t op, uint32_t k, struct target yes,
			       struct target no)
{
	size_t t = reachable(g, yes), f = reachable(g, no);
	struct sock_filter insn = BPF_JUMP((uint16_t)(BPF_JMP | op | BPF_K), k,
					   (uint8_t)(g->n - t - 1), (uint8_t)(g->n - f - 1));

	return (struct target){.label = emit(g, insn)};
}

static struct target emit_load(struct generator *g, size_t offset)
{
	struct sock_filter insn = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);

	return (struct target){.label = emit(g, insn)};
}

/* One half of (argument & mask) == value. */
static struct target emit_masked(struct generator *g, size_t offset, uint32_t mask, uint32_t value,
				 struct target yes, struct target no)
{
	if (mask == 0)
		return value == 0 ? yes : no;
	(void)emit_jump(g, BPF_JEQ, value, yes, no);
	if (mask != UINT32_MAX)
		(void)emit(g, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
	return emit_load(g, offset);
}

/* Unsigned `argument op value` for op > or >=: decided by the high words unless they are equal. */
static struct target emit_order(struct generator *g, size_t hi, size_t lo, uint16_t op,
				uint64_t value, struct target yes, struct target no)
{
	uint32_t vh = (uint32_t)(value >> 32), vl = (uint32_t)value;
	struct target low, equal;

	(void)emit_jump(g, op, vl, yes, no);
	low = emit_load(g, lo);
	equal = emit_jump(g, BPF_JEQ, vh, low, no);
	(void)emit_jump(g, BPF_JGT, vh, yes, equal);
	return emit_load(g, hi);
}

static struct target emit_arg(struct generator *g, const struct seccomp_arg *a, struct target yes,
			      struct target no)
{
	size_t at = offsetof(struct seccomp_data, args) + 8 * (size_t)a->index;
	size_t hi = at + (g->little_endian ? 4 : 0), lo = at + (g->little_endian ? 0 : 4);
	uint64_t mask = UINT64_MAX, value = a->value;
	struct target low;

	switch (a->op) {
	case SECCOMP_GT:
		return emit_order(g, hi, lo, BPF_JGT, value, yes, no);
	case SECCOMP_GE:
		return emit_order(g, hi, lo, BPF_JGE, value, yes, no);
	case SECCOMP_LE:
		return emit_order(g, hi, lo, BPF_JGT, value, no, yes);
	case SECCOMP_LT:
		return emit_order(g, hi, lo, BPF_JGE, value, no, yes);
	case SECCOMP_MASKED_EQ:
		mask = a->value;
		value = a->value_two;
		break;
	case SECCOMP_NE: {
		struct target swap = yes;

		yes = no;
		no = swap;
		break;
	}
	case SECCOMP_EQ:
	case _SECCOMP_OP_MAX:
		break;
	}
	low = emit_masked(g, lo, (uint32_t)mask, (uint32_t)value, yes, no);
	return emit_masked(g, hi, (uint32_t)(mask >> 32), (uint32_t)(value >> 32), low, no);
}

static struct target emit_span(struct generator *g, const struct span *s)
{
	struct target next = verdict_target(s->verdict);

	for (size_t i = s->n_chain; s->chain && i-- > 0;) {
		const struct bpf_rule *r = s->chain[i];
		struct target here = verdict_target(r->verdict);

		for (size_t k = r->n_args; k-- > 0;)
			here = emit_arg(g, &r->args[k], here, next);
		next = here;
	}
	return next;
}

static struct target emit_tree(struct generator *g, const struct span *spans, size_t n)
{
	size_t half = n / 2;
	struct target low, high;

	if (n == 1)
		return emit_span(g, spans);
	high = emit_tree(g, spans + half, n - half);
	low = emit_tree(g, spans, half);
	return emit_jump(g, BPF_JGE, spans[half].first, high, low);
}

static int by_number(const void *a, const void *b)
{
	const struct bpf_rule *x = *(const struct bpf_rule *const *)a;
	const struct bpf_rule *y = *(const struct bpf_rule *const *)b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? -1 : 1;
	return x < y ? -1 : x > y; /* places in one array: the document's order */
}

static void add_span(struct span *spans, size_t *n, struct span s)
{
	struct span *last = *n > 0 ? &spans[*n - 1] : NULL;

	/* Nothing lies between two of the same first number: the later one says what follows. */
	if (last && last->first == s.first)
		*last = s;
	else
		spans[(*n)++] = s;
	if (*n > 1) {
		struct span *now = &spans[*n - 1], *before = &spans[*n - 2];

		if (!now->chain && !before->chain && now->verdict == before->verdict)
			(*n)--;
	}
}

/* Rules of one number: what decides, as a span of that number. */
static struct span number_span(const struct bpf_rule *const *rules, size_t n, uint32_t otherwise)
{
	struct span s = {.first = rules[0]->nr, .verdict = otherwise};

	for (size_t i = 0; i < n; i++) {
		if (rules[i]->n_args == 0) {
			s.verdict = rules[i]->verdict;
			return s;
		}
	}
	s.chain = rules;
	s.n_chain = n;
	return s;
}

/* `spans` has room for 2 * n + 4. */
static size_t make_spans(const struct bpf_policy *p, uint32_t token,
			 const struct bpf_rule *const *rules, size_t n, struct span *spans)
{
	struct span gap = {.verdict = p->otherwise};
	size_t n_spans = 0, next;

	add_span(spans, &n_spans, gap);
	for (size_t i = 0; i < n; i = next) {
		uint32_t nr = rules[i]->nr;
		bool x32 = token == AUDIT_ARCH_X86_64 && nr >= X32_BIT;

		if (x32 && (i == 0 || rules[i - 1]->nr < X32_BIT)) {
			gap = (struct span){.first = i ? rules[i - 1]->nr + 1 : 0,
					    .verdict = p->unknown};
			add_span(spans, &n_spans, gap);
			gap = (struct span){.first = X32_BIT, .verdict = p->otherwise};
			add_span(spans, &n_spans, gap);
		}
		for (next = i; next < n && rules[next]->nr == nr; next++)
			;
		add_span(spans, &n_spans, number_span(rules + i, next - i, p->otherwise));
		if (nr == UINT32_MAX)
			return n_spans;
		gap = (struct span){.first = nr + 1,
				    .verdict = next < n ? p->otherwise : p->unknown};
		add_span(spans, &n_spans, gap);
	}
	return n_spans;
}

static int emit_arch(struct generator *g, const struct bpf_policy *p, const struct bpf_arch *a,
		     struct target other, struct target *ret, struct err *err)
{
	cleanup_free const struct bpf_rule **rules = calloc(a->n_rules + 1, sizeof(*rules));
	cleanup_free struct span *spans = calloc(2 * a->n_rules + 4, sizeof(*spans));
	struct target tree;

	if (!rules || !spans)
		return err_oom(err);
	for (size_t i = 0; i < a->n_rules; i++)
		rules[i] = &a->rules[i];
	qsort(rules, a->n_rules, sizeof(*rules), by_number);
	g->little_endian = a->token & __AUDIT_ARCH_LE;
	tree = emit_tree(g, spans, make_spans(p, a->token, rules, a->n_rules, spans));
	if (!tree.is_verdict)
		tree = emit_load(g, offsetof(struct seccomp_data, nr));
	*ret = emit_jump(g, BPF_JEQ, a->token, tree, other);
	return 0;
}

int bpf_build(const struct bpf_policy *p, struct sock_filter *out, size_t *ret_n, struct err *err)
{
	struct generator g = {.end = out + BPF_INSNS_MAX};
	struct target start = verdict_target(p->foreign);
	int r;

	for (size_t i = p->n_arches; i-- > 0;) {
		r = emit_arch(&g, p, &p->arches[i], start, &start, err);
		if (r < 0)
			return r;
	}
	if (start.is_verdict)
		(void)return_label(&g, start.verdict);
	else
		(void)emit_load(&g, offsetof(struct seccomp_data, arch));
	if (g.full)
		return err_set(err, ERR_TOO_LARGE,
			       "seccomp profile: needs more than %d BPF instructions",
			       BPF_INSNS_MAX);
	memmove(out, g.end - g.n, g.n * sizeof(*out));
	*ret_n = g.n;
	return 0;
}
