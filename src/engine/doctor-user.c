// SPDX-License-Identifier: Apache-2.0
/* A normal user's ids, folders and networks. */
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "base/str.h"
#include "engine/doctor.h"
#include "engine/rootless.h"
#include "engine/subid.h"
#include "run/usernet.h"

static void check_ranges(struct doctor *d, const char *file, const char *name, const char *option)
{
	struct err err = ERR_INIT;
	struct userns_map m;
	uint64_t n = 0;

	if (subid_map(file, name, geteuid(), geteuid(), &m, &err) < 0) {
		doctor_say(d, DOCTOR_WARN, file, err.msg, "a file that everybody may read");
		return;
	}
	for (size_t i = 1; i < m.n; i++)
		n += m.range[i].count;
	if (n >= 65536)
		doctor_say(d, DOCTOR_OK, file, arena_printf(d->a, "%" PRIu64 " ids", n), NULL);
	else
		doctor_say(d, DOCTOR_WARN, file,
			   arena_printf(d->a,
					"%" PRIu64 " ids: images with files of other owners, and "
					"programs that change their user, fail",
					n),
			   arena_printf(d->a,
					"usermod --add-%s 100000-165535 %s, as root (a range that "
					"nobody else has)",
					option, name ?: "USER"));
}

static void check_helpers(struct doctor *d)
{
	static const char *const names[] = {"newuidmap", "newgidmap"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *path = rootless_helper(names[i]);

		doctor_say(d, path ? DOCTOR_OK : DOCTOR_WARN, names[i],
			   path ?: "not installed, or not set-uid root",
			   "install the package uidmap (shadow-utils elsewhere); where it is "
			   "there: chmod u+s");
	}
}

static void check_runtime_dir(struct doctor *d)
{
	const char *xdg = getenv("XDG_RUNTIME_DIR"), *given = getenv("HOY_RUN_ROOT");

	if (!str_empty(given) ||
	    (d->o->run_root && !str_empty(xdg) && str_after(d->o->run_root, xdg)))
		doctor_say(d, DOCTOR_OK, "run folder", d->o->run_root, NULL);
	else
		doctor_say(
			d, DOCTOR_WARN, "run folder", d->o->run_root,
			"XDG_RUNTIME_DIR is not set to a folder of this user: log in by "
			"systemd-logind, and `loginctl enable-linger` so that containers outlive "
			"the session");
}

void doctor_user(struct doctor *d)
{
	const char *name;

	if (!d->rootless)
		return;
	name = subid_user(d->a, geteuid(), NULL);
	check_helpers(d);
	check_ranges(d, SUBID_UID_FILE, name, "subuids");
	check_ranges(d, SUBID_GID_FILE, name, "subgids");
	check_runtime_dir(d);
}

void doctor_network(struct doctor *d)
{
	static const struct {
		enum usernet_kind kind;
		const char *name, *package;
	} rows[] = {{USERNET_PASTA, "pasta", "passt"},
		    {USERNET_SLIRP4NETNS, "slirp4netns", "slirp4netns"}};
	bool any = false;

	if (!d->rootless)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		any |= usernet_program(rows[i].kind) != NULL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *path = usernet_program(rows[i].kind);

		if (path)
			doctor_say(d, DOCTOR_OK, rows[i].name, path, NULL);
		else
			doctor_say(d, any ? DOCTOR_OK : DOCTOR_WARN, rows[i].name, "not installed",
				   arena_printf(d->a, "install the package %s, for --network %s",
						rows[i].package, rows[i].name));
	}
	if (any && access("/dev/net/tun", R_OK | W_OK) < 0)
		doctor_say(d, DOCTOR_WARN, "/dev/net/tun", "this user may not open it",
			   "modprobe tun and chmod 0666 /dev/net/tun, as root: both programs need "
			   "it");
}
