// SPDX-License-Identifier: Apache-2.0
#include "run/mount-options.h"

#include <stdio.h>
#include <sys/mount.h>

#include "base/str.h"
#include "run/run.h"

static const struct {
	const char *name;
	uint64_t attr;
	bool clear;
} attr_names[] = {
	{"ro", MOUNT_ATTR_RDONLY, false},
	{"rw", MOUNT_ATTR_RDONLY, true},
	{"nosuid", MOUNT_ATTR_NOSUID, false},
	{"suid", MOUNT_ATTR_NOSUID, true},
	{"nodev", MOUNT_ATTR_NODEV, false},
	{"dev", MOUNT_ATTR_NODEV, true},
	{"noexec", MOUNT_ATTR_NOEXEC, false},
	{"exec", MOUNT_ATTR_NOEXEC, true},
	{"noatime", MOUNT_ATTR_NOATIME, false},
	{"atime", MOUNT_ATTR__ATIME, true},
	{"relatime", MOUNT_ATTR_RELATIME, false},
	{"norelatime", MOUNT_ATTR__ATIME, true},
	{"strictatime", MOUNT_ATTR_STRICTATIME, false},
	{"nostrictatime", MOUNT_ATTR__ATIME, true},
	{"nodiratime", MOUNT_ATTR_NODIRATIME, false},
	{"diratime", MOUNT_ATTR_NODIRATIME, true},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, false},
	{"symfollow", MOUNT_ATTR_NOSYMFOLLOW, true},
};

static const struct {
	const char *name;
	unsigned long flag;
} propagation_names[] = {
	{"private", MS_PRIVATE},
	{"slave", MS_SLAVE},
	{"shared", MS_SHARED},
	{"unbindable", MS_UNBINDABLE},
};

/* Words without meaning for a mount made here: defaults of the kernel, what only mount(8) reads,
 * what no filesystem takes by name. */
static const char *const ignored[] = {
	"defaults", "async", "nomand", "mand",   "iversion", "noiversion", "loud",  "nolazytime",
	"silent",   "auto",  "noauto", "nofail", "user",     "nouser",     "users", "_netdev"};

/* Of the superblock: a bind shares the one that is there, and mount(2) passes over them, too. So are
 * values (mode=755, size=1m): runc and crun take them on a bind, and there are configurations with them. */
static const char *const of_superblock[] = {"sync", "dirsync", "lazytime"};

/* What parse_word() takes for itself. */
static const char *const of_bind[] = {"bind", "rbind", "remount", "tmpcopyup", "idmap", "ridmap"};

static bool is_one_of(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

unsigned long mount_options_propagation(const char *word, bool *recursive)
{
	for (size_t i = 0; i < ARRAY_SIZE(propagation_names); i++) {
		*recursive = word[0] == 'r' && str_eq(word + 1, propagation_names[i].name);
		if (*recursive || str_eq(word, propagation_names[i].name))
			return propagation_names[i].flag;
	}
	return 0;
}

/* The later word wins. The ways to keep access times are one value, not bits: the kernel wants all
 * of it cleared before one is set. */
static void apply_attr(struct mount_attrs *a, uint64_t attr, bool clear)
{
	bool atime = attr == MOUNT_ATTR_RELATIME || attr & MOUNT_ATTR__ATIME;

	if (atime)
		a->set &= ~(uint64_t)MOUNT_ATTR__ATIME;
	if (clear) {
		a->set &= ~attr;
		a->clear |= attr;
		return;
	}
	a->clear = atime ? a->clear | MOUNT_ATTR__ATIME : a->clear & ~attr;
	a->set |= attr;
}

static bool parse_attr(struct mount_options *o, const char *word)
{
	/* rro and its like: the option for the whole tree. First the plain ones: "rw" and
	 * "relatime" are words. */
	for (int rec = 0; rec < 2; rec++)
		for (size_t i = 0; i < ARRAY_SIZE(attr_names); i++)
			if ((!rec || word[0] == 'r') && str_eq(word + rec, attr_names[i].name)) {
				apply_attr(rec ? &o->tree : &o->top, attr_names[i].attr,
					   attr_names[i].clear);
				return true;
			}
	return false;
}

static int parse_word(struct mount_options *o, char *word, struct err *err)
{
	bool recursive;
	unsigned long propagation = mount_options_propagation(word, &recursive);

	if (propagation) {
		o->propagation = propagation;
		o->rec_propagation = recursive;
	} else if (str_eq(word, "bind") || str_eq(word, "rbind")) {
		o->bind = true;
		o->recursive |= word[0] == 'r';
	} else if (str_eq(word, "remount")) {
		o->remount = true;
	} else if (str_eq(word, "tmpcopyup")) {
		o->copy_up = true;
	} else if (str_eq(word, "idmap") || str_eq(word, "ridmap")) {
		o->idmap = word[0] == 'r' ? MOUNT_IDMAP_TREE : MAX_OF(o->idmap, MOUNT_IDMAP_TOP);
	} else if (str_after(word, RUN_MOUNT_SUBPATH)) {
		o->subpath = str_after(word, RUN_MOUNT_SUBPATH);
	} else if (!parse_attr(o, word) && !is_one_of(ignored, ARRAY_SIZE(ignored), word)) {
		if (o->n_data == MOUNT_DATA_MAX)
			return err_set(err, ERR_TOO_LARGE, "more than %d options of the filesystem",
				       MOUNT_DATA_MAX);
		o->data[o->n_data++] = word;
	}
	return 0;
}

static void drop_superblock_words(struct mount_options *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_data; i++)
		if (!is_one_of(of_superblock, ARRAY_SIZE(of_superblock), o->data[i]) &&
		    !strchr(o->data[i], '='))
			o->data[n++] = o->data[i];
	o->data[n] = NULL;
	o->n_data = n;
}

static int check(const struct oci_mount *m, struct mount_options *o, struct err *err)
{
	if (!m->uid_mappings.n != !m->gid_mappings.n)
		return err_set(err, ERR_INVALID, "uidMappings and gidMappings go together");
	if (m->uid_mappings.n && o->idmap == MOUNT_IDMAP_NONE)
		o->idmap = MOUNT_IDMAP_TOP;
	if (o->idmap != MOUNT_IDMAP_NONE && !o->bind)
		return err_set(err, ERR_UNSUPPORTED, "only a bind can have id mappings");
	if (o->subpath && !o->bind)
		return err_set(err, ERR_INVALID, "only a bind can have a subpath");
	if (o->copy_up && (o->bind || !str_eq(m->type, "tmpfs")))
		return err_set(err, ERR_INVALID, "tmpcopyup is for tmpfs only");
	if (!o->bind)
		return 0;
	drop_superblock_words(o);
	if (o->n_data)
		return err_set(err, ERR_INVALID, "unknown option %s", o->data[0]);
	return str_empty(m->source) ? err_set(err, ERR_INVALID, "a bind needs a source") : 0;
}

int mount_options_parse(const struct oci_mount *m, struct mount_options *ret, struct err *err)
{
	int r = 0;

	*ret = (struct mount_options){.bind = str_eq(m->type, "bind")};
	for (char **p = m->options; r == 0 && p && *p; p++)
		r = parse_word(ret, *p, err);
	if (r == 0)
		r = check(m, ret, err);
	return r < 0 && err ? err_prefix(err, "mount on %s", m->destination) : r;
}

/* Tables of names that also have a form with an "r" in front of it: all plain ones, then those. */
static bool nth(size_t *i, size_t n, const char **prefix)
{
	if (*i >= 2 * n) {
		*i -= 2 * n;
		return false;
	}
	*prefix = *i < n ? "" : "r";
	*i %= n;
	return true;
}

bool mount_options_word(size_t i, char *out, size_t size)
{
	static const struct {
		const char *const *words;
		size_t n;
	} lists[] = {
		{of_bind, ARRAY_SIZE(of_bind)},
		{of_superblock, ARRAY_SIZE(of_superblock)},
		{ignored, ARRAY_SIZE(ignored)},
	};
	const char *prefix = "", *word = NULL;

	if (nth(&i, ARRAY_SIZE(attr_names), &prefix))
		word = attr_names[i].name;
	else if (nth(&i, ARRAY_SIZE(propagation_names), &prefix))
		word = propagation_names[i].name;
	for (size_t l = 0; !word && l < ARRAY_SIZE(lists); l++) {
		if (i < lists[l].n)
			word = lists[l].words[i];
		else
			i -= lists[l].n;
	}
	return word && (size_t)snprintf(out, size, "%s%s", prefix, word) < size;
}
