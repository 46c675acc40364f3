// SPDX-License-Identifier: Apache-2.0
#include "spec/mount.h"

#include "base/path.h"
#include "base/str.h"
#include "spec/name.h"

static const char *const propagations[] = {"shared", "rshared", "slave",
					   "rslave", "private", "rprivate"};
static const char *const consistencies[] = {"consistent", "cached", "delegated", "default"};

static bool is_one_of(const char *const *list, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

bool mount_is_propagation(const char *s)
{
	return is_one_of(propagations, ARRAY_SIZE(propagations), s);
}

static int bad_spec(const char *s, struct err *err)
{
	return err_set(err, ERR_INVALID, "invalid volume specification: '%.300s'", s);
}

/* The options of -v, each kind at most once. */
struct mode {
	bool read_only, no_copy;
	char relabel; /* z, Z or 0 */
	bool idmap;   /* ours: owners as the container's user namespace has them */
	char *propagation, *consistency;
};

static int mode_option(char *word, struct mode *m, unsigned *seen)
{
	enum {
		ACCESS = 1,
		LABEL = 2,
		PROPAGATION = 4,
		COPY = 8,
		CONSISTENCY = 16,
		IDMAP = 32
	} kind;

	if (strcmp(word, "ro") == 0 || strcmp(word, "rw") == 0) {
		kind = ACCESS;
		m->read_only = word[1] == 'o';
	} else if (strcasecmp(word, "z") == 0) {
		kind = LABEL;
		m->relabel = word[0];
	} else if (mount_is_propagation(word)) {
		kind = PROPAGATION;
		m->propagation = word;
	} else if (strcmp(word, "nocopy") == 0 || strcmp(word, "volume-nocopy") == 0) {
		kind = COPY;
		m->no_copy = true;
	} else if (strcmp(word, "idmap") == 0) {
		kind = IDMAP;
		m->idmap = true;
	} else if (is_one_of(consistencies, 3, word)) {
		kind = CONSISTENCY;
		m->consistency = word;
	} else {
		return -EINVAL;
	}
	if (*seen & kind)
		return -EINVAL;
	*seen |= kind;
	return 0;
}

static int parse_mode(struct arena *a, const char *s, struct mode *m)
{
	char **words = strv_split(a, s, ',', 0);
	unsigned seen = 0;

	*m = (struct mode){};
	if (!words)
		return -ENOMEM;
	for (size_t i = 0; words[i]; i++)
		if (mode_option(words[i], m, &seen) < 0)
			return -EINVAL;
	return 0;
}

static int set_type(struct arena *a, struct mount_volume *v, const struct mode *m, const char *cwd)
{
	struct container_mount *mount = &v->mount;
	bool relative = mount->source && mount->source[0] == '.';

	if (relative) {
		mount->source = path_join(a, cwd, mount->source);
		if (!mount->source)
			return -ENOMEM;
	}
	if (mount->source && mount->source[0] == '/') {
		mount->type = arena_strdup(a, "bind");
		mount->bind_options = arena_alloc(a, sizeof(*mount->bind_options));
		if (!mount->bind_options)
			return -ENOMEM;
		mount->bind_options->create_mountpoint = true;
		mount->bind_options->propagation = m->propagation;
	} else {
		mount->type = arena_strdup(a, "volume");
		if (m->propagation) {
			mount->bind_options = arena_alloc(a, sizeof(*mount->bind_options));
			if (!mount->bind_options)
				return -ENOMEM;
			mount->bind_options->propagation = m->propagation;
		}
	}
	if (m->no_copy) {
		mount->volume_options = arena_alloc(a, sizeof(*mount->volume_options));
		if (!mount->volume_options)
			return -ENOMEM;
		mount->volume_options->no_copy = true;
	}
	return mount->type ? 0 : -ENOMEM;
}

int mount_parse_volume(struct arena *a, const char *s, const char *cwd, struct mount_volume *out,
		       struct err *err)
{
	char **parts = strv_split(a, s, ':', 0);
	struct err cause = ERR_INIT;
	struct mode mode = {};
	size_t n = strv_len(parts);

	*out = (struct mount_volume){};
	if (!parts)
		return err_oom(err);
	if (n < 1 || n > 3 || !*parts[0])
		return bad_spec(s, err);
	/* "/path:ro" is a forgotten destination, not a volume called /path mounted at "ro". */
	if (n == 2 && parse_mode(a, parts[1], &mode) == 0)
		return bad_spec(s, err);
	out->mount.source = n > 1 ? parts[0] : NULL;
	out->mount.target = n > 1 ? parts[1] : parts[0];
	out->mode = n == 3 ? parts[2] : arena_strdup(a, "");
	if (!out->mode)
		return err_oom(err);
	if (parse_mode(a, out->mode, &mode) < 0)
		return err_set(err, ERR_INVALID, "invalid mode: %.200s", out->mode);
	out->mount.read_only = mode.read_only;
	out->mount.consistency = mode.consistency;
	out->relabel = mode.relabel == 'Z';
	out->relabel_shared = mode.relabel == 'z';
	if (set_type(a, out, &mode, cwd) < 0)
		return err_oom(err);
	if (mount_check(&out->mount, &cause) < 0)
		return err_set(err, cause.kind, "invalid volume specification: '%.300s': %s", s,
			       cause.msg);
	out->mount.target = path_clean(a, out->mount.target);
	return out->mount.target ? 0 : err_oom(err);
}

/* ---- --tmpfs ---- */

int mount_parse_tmpfs(struct arena *a, const char *s, char **path, char **options, struct err *err)
{
	const char *colon = strchrnul(s, ':');
	char **unused, *target = arena_strndup(a, s, (size_t)(colon - s));
	int r;

	if (!target)
		return err_oom(err);
	if (!*target)
		return err_set(err, ERR_INVALID, "invalid tmpfs path: \"\"");
	if (*target != '/')
		return err_set(err, ERR_INVALID,
			       "invalid mount path: '%.300s' mount path must be absolute", target);
	*path = path_clean(a, target);
	*options = arena_strdup(a, *colon ? colon + 1 : "");
	if (!*path || !*options)
		return err_oom(err);
	if (strcmp(*path, "/") == 0)
		return err_set(err, ERR_INVALID, "invalid specification: destination can't be '/'");
	r = mount_tmpfs_options(a, *options, &unused, err);
	return r;
}

/* Pairs that undo each other; the second is the kernel's default. */
static const char *const tmpfs_flags[][2] = {
	{"noexec", "exec"},         {"nosuid", "suid"},
	{"nodev", "dev"},           {"ro", "rw"},
	{"sync", "async"},          {"dirsync", NULL},
	{"noatime", "atime"},       {"nodiratime", "diratime"},
	{"relatime", "norelatime"}, {"strictatime", "nostrictatime"},
	{"mand", "nomand"},         {"private", NULL},
	{"rprivate", NULL},         {"shared", NULL},
	{"rshared", NULL},          {"slave", NULL},
	{"rslave", NULL},           {"defaults", NULL},
};
static const char *const tmpfs_values[] = {"size",      "mode",      "uid", "gid",
					   "nr_inodes", "nr_blocks", "mpol"};

/* What the word sets: two words of the same kind replace each other. -EINVAL: no option of tmpfs.
 */
static int tmpfs_kind(const char *word)
{
	size_t key = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_flags); i++)
		if (strcmp(tmpfs_flags[i][0], word) == 0 || str_eq(tmpfs_flags[i][1], word))
			return (int)i;
	for (size_t i = 0; i < ARRAY_SIZE(tmpfs_values); i++)
		if (word[key] == '=' && word[key + 1] && strlen(tmpfs_values[i]) == key &&
		    memcmp(tmpfs_values[i], word, key) == 0)
			return (int)(ARRAY_SIZE(tmpfs_flags) + i);
	return -EINVAL;
}

int mount_tmpfs_options(struct arena *a, const char *options, char ***ret, struct err *err)
{
	static const char defaults[] = "noexec,nosuid,nodev";
	char *all = arena_printf(a, "%s%s%s", defaults, *options ? "," : "", options);
	char **words = all ? strv_split(a, all, ',', 0) : NULL;
	size_t n = 0;

	if (!words)
		return err_oom(err);
	if (strv_len(words) > 64)
		return err_set(err, ERR_TOO_LARGE, "too many tmpfs options");
	for (size_t i = 0; words[i]; i++) {
		int kind = tmpfs_kind(words[i]);
		size_t j;

		if (kind < 0)
			return err_set(err, ERR_INVALID, "Invalid tmpfs option \"%.100s\"",
				       words[i]);
		if (strcmp(words[i], "defaults") == 0)
			continue;
		for (j = 0; j < n && tmpfs_kind(words[j]) != kind; j++)
			;
		words[j] = words[i];
		n += j == n;
	}
	words[n] = NULL;
	*ret = words;
	return 0;
}

/* ---- what the daemon checks ---- */

static int bad_config(const struct container_mount *m, struct err *err, const char *why)
{
	return err_set(err, ERR_INVALID, "invalid mount config for type \"%.50s\": %s", m->type,
		       why);
}

static int check_absolute(const struct container_mount *m, const char *path, struct err *err)
{
	if (path[0] == '/')
		return 0;
	return err_set(
		err, ERR_INVALID,
		"invalid mount config for type \"%.50s\": invalid mount path: '%.300s' mount path "
		"must be absolute",
		m->type, path);
}

static bool is_root(const char *path)
{
	cleanup(arena_free) struct arena *a = arena_new(ARENA_DEFAULT_MAX);
	char *clean = a ? path_clean(a, path) : NULL;

	return !clean || strcmp(clean, "/") == 0;
}

static int check_bind(const struct container_mount *m, struct err *err)
{
	const struct container_bind_options *o = m->bind_options;

	if (str_empty(m->source))
		return bad_config(m, err, "field Source must not be empty");
	if (m->volume_options)
		return bad_config(m, err, "field VolumeOptions must not be specified");
	if (m->tmpfs_options)
		return bad_config(m, err, "field TmpfsOptions must not be specified");
	if (o && !str_empty(o->propagation) && !mount_is_propagation(o->propagation))
		return err_set(
			err, ERR_INVALID,
			"invalid mount config for type \"bind\": invalid propagation mode: %.100s",
			o->propagation);
	return check_absolute(m, m->source, err);
}

static int check_volume(const struct container_mount *m, struct err *err)
{
	const char *subpath = m->volume_options ? m->volume_options->subpath : NULL;
	struct err cause = ERR_INIT;

	if (m->bind_options)
		return bad_config(m, err, "field BindOptions must not be specified");
	if (m->tmpfs_options)
		return bad_config(m, err, "field TmpfsOptions must not be specified");
	if (str_empty(m->source) && m->read_only)
		return bad_config(m, err,
				  "must not set ReadOnly mode when using anonymous volumes");
	if (str_empty(m->source) && !str_empty(subpath))
		return bad_config(m, err, "must not set Subpath when using anonymous volumes");
	if (!str_empty(subpath)) {
		for (const char *p = subpath; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
			if (subpath[0] == '/' ||
			    (p[0] == '.' && p[1] == '.' && (p[2] == '/' || !p[2])))
				return bad_config(
					m, err,
					"subpath must be a relative path within the volume");
	}
	if (!str_empty(m->source) && name_check_volume(m->source, &cause) < 0)
		return err_set(err, cause.kind, "%s", cause.msg);
	return 0;
}

static int check_tmpfs(const struct container_mount *m, struct err *err)
{
	if (!str_empty(m->source))
		return bad_config(m, err, "field Source must not be specified");
	if (m->bind_options)
		return bad_config(m, err, "field BindOptions must not be specified");
	if (m->volume_options)
		return bad_config(m, err, "field VolumeOptions must not be specified");
	return 0;
}

int mount_check(const struct container_mount *m, struct err *err)
{
	int r;

	if (str_empty(m->target))
		return bad_config(m, err, "field Target must not be empty");
	r = check_absolute(m, m->target, err);
	if (r < 0)
		return r;
	if (is_root(m->target))
		return bad_config(m, err, "invalid specification: destination can't be '/'");
	if (!str_empty(m->consistency) &&
	    !is_one_of(consistencies, ARRAY_SIZE(consistencies), m->consistency))
		return err_set(err, ERR_INVALID,
			       "invalid mount config: invalid consistency: %.100s", m->consistency);
	if (str_eq(m->type, "bind"))
		return check_bind(m, err);
	if (str_eq(m->type, "volume"))
		return check_volume(m, err);
	if (str_eq(m->type, "tmpfs"))
		return check_tmpfs(m, err);
	return bad_config(m, err, "mount type unknown");
}
