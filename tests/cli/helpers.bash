# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # status and output are bats' own
#
# For every *.bats here (load helpers): tests/cli/run has made a host with the image "busybox", and sets HOY_ROOT,
# HOY_RUN_ROOT, HOY_CONFIG, HOY_TEST_CGROUP (cgroup parent), HOY_TEST_IMAGE (busybox as an archive) and PATH.
# After each test (teardown) the host is as it was: no containers, no volumes, the one image. So names may be used
# again, and a test that fails does not take others along.

! declare -F bats_require_minimum_version >/dev/null || bats_require_minimum_version 1.5.0

teardown() {
	local ids
	ids=$(hoy ps -aq --no-trunc)
	# shellcheck disable=SC2086 # one word an id
	[ -z "$ids" ] || hoy rm -fv $ids >/dev/null
	ids=$(hoy volume ls -q)
	# shellcheck disable=SC2086
	[ -z "$ids" ] || hoy volume rm -f $ids >/dev/null
	if [ "$(hoy images -a --format '{{.Repository}}:{{.Tag}}')" != busybox:latest ]; then
		hoy image prune -af >/dev/null
		hoy load -q -i "$HOY_TEST_IMAGE" >/dev/null
	fi
}

# Is the suite a normal user's?
rootless() { [ -n "${HOY_TEST_ROOTLESS:-}" ]; }

needs_root() {
	! rootless || skip "needs root: $1"
}

# What keeps a limit is a controller of cgroup v2 that was given to the user.
needs_limits() {
	! rootless || grep -q memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
		skip "needs root, or cgroup v2 with controllers that were delegated"
}

needs_cgroup() {
	! rootless || [ -n "$HOY_TEST_DELEGATED" ] || skip "needs root, or a cgroup that was delegated"
}

# expect STATUS COMMAND…: runs it; stdout and stderr in $output, stderr alone in $stderr.
expect() {
	local want=$1 known=()
	shift
	[ "$want" != 127 ] || known=(-127) # bats warns of this code unless it is told
	run --separate-stderr "${known[@]}" "$@"
	if [ "$status" != "$want" ]; then
		echo "$*: exit code $status, wanted $want"
		echo "stdout: $output"
		echo "stderr: $stderr"
		return 1
	fi
}

# is GOT WANTED [WHAT]
is() {
	if [ "$1" != "$2" ]; then
		printf '%s\n  got:    %q\n  wanted: %q\n' "${3:-not equal}" "$1" "$2"
		return 1
	fi
}

# like GOT REGEX [WHAT]
like() {
	if ! [[ $1 =~ $2 ]]; then
		printf '%s\n  got:   %q\n  regex: %s\n' "${3:-does not match}" "$1" "$2"
		return 1
	fi
}

# one_line_error REGEX: the last command's stderr is one line that matches.
one_line_error() {
	is "$(wc -l <<<"$stderr")" 1 "stderr has more than one line" || { echo "$stderr"; return 1; }
	like "$stderr" "$1" "stderr"
}

# eventually COMMAND…: tries for five seconds (HOY_TEST_SLOW times as long on an emulated machine).
eventually() {
	local i
	for ((i = 0; i < 100 * ${HOY_TEST_SLOW:-1}; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "never became true: $*"
	return 1
}

container_status() { hoy inspect -f '{{.State.Status}}' "$1"; }
has_status() { [ "$(container_status "$1")" = "$2" ]; }

# A cgroup file of a container: cgroup_file ID CONTROLLER FILE (v1 hierarchy, or v2 where that holds it).
cgroup_file() {
	local id
	id=$(hoy inspect -f '{{.Id}}' "$1")
	if [ -d "/sys/fs/cgroup/$2" ]; then
		cat "/sys/fs/cgroup/$2$HOY_TEST_CGROUP/$id/$3"
	else
		cat "/sys/fs/cgroup$HOY_TEST_CGROUP/$id/$3"
	fi
}

# Prints and fails when anything of removed containers is left: directories, mounts, cgroups, processes.
leftovers() {
	local i what=x
	for ((i = 0; i < 60 * ${HOY_TEST_SLOW:-1}; i++)); do # tear-down follows the answer
		what=$(
			ls -d "$HOY_ROOT"/containers/* "$HOY_RUN_ROOT"/[0-9a-f]* 2>/dev/null
			grep -F "$HOY_ROOT" /proc/self/mountinfo
			find /sys/fs/cgroup -mindepth 3 -path "*$HOY_TEST_CGROUP/*" -type d 2>/dev/null
			for p in /proc/[0-9]*; do
				[ "$(cat "$p/comm" 2>/dev/null)" = hoy-monitor ] || continue
				[[ $(readlink "$p/fd/4") != "$HOY_ROOT"/* ]] || echo "$p is a monitor"
			done
		)
		[ -n "$what" ] || return 0
		sleep 0.05
	done
	echo "left behind: $what"
	return 1
}
