# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "no command, --help and help say the same" {
	expect 0 hoy
	plain=$output
	expect 0 hoy --help
	is "$output" "$plain"
	expect 0 hoy help
	is "$output" "$plain"
	like "$output" "Usage:  hoy \[OPTIONS\] COMMAND"
	like "$output" "  run         Create and run a new container from an image"
}

@test "every command of every group has help that names it" {
	for group in "" container image volume system; do
		# shellcheck disable=SC2086 # an empty group is no word
		for command in $(hoy $group --help | sed -n '/Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
			# shellcheck disable=SC2086
			expect 0 hoy $group "$command" --help
			like "$output" "Usage:  hoy[ -]${group:+$group }$command" # "oci" is a program of its own, hoy-oci
		done
	done
}

@test "unknown commands: exit code 1 and Docker's words" {
	expect 1 hoy foo
	is "$stderr" $'hoy: \'foo\' is not a hoy command.\nSee \'hoy --help\''
	expect 1 hoy image foo
	is "$stderr" $'hoy: \'image foo\' is not a hoy command.\nSee \'hoy image --help\''
	expect 1 hoy help foo
	is "$stderr" "unknown help topic: foo"
}

@test "wrong flags: exit code 125, before anything is done" {
	expect 125 hoy run --nope busybox
	is "$stderr" $'unknown flag: --nope\nSee \'hoy run --help\'.'
	expect 125 hoy ps -qz
	is "$stderr" $'unknown shorthand flag: \'z\' in -qz\nSee \'hoy ps --help\'.'
	expect 125 hoy container run -m
	is "$stderr" $'flag needs an argument: \'m\' in -m\nSee \'hoy container run --help\'.'
	expect 125 hoy run -m x busybox
	is "$stderr" $'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\'\nSee \'hoy run --help\'.'
	expect 125 hoy --nope ps
	is "$stderr" $'unknown flag: --nope\nSee \'hoy --help\'.'
	is "$(hoy ps -aq)" ""
}

@test "wrong number of arguments: exit code 1" {
	expect 1 hoy run
	like "$stderr" '"hoy run" requires at least 1 argument\.'
	expect 1 hoy rename a
	like "$stderr" '"hoy rename" requires exactly 2 arguments\.'
	expect 1 hoy ps x
	like "$stderr" '"hoy ps" accepts no arguments\.'
	expect 1 hoy commit a b c
	like "$stderr" '"hoy commit" requires at least 1 and at most 2 arguments\.'
}

@test "started as docker it calls itself docker" {
	ln -s "$HOY" "$BATS_TEST_TMPDIR/docker"
	expect 0 "$BATS_TEST_TMPDIR/docker" ps --help
	like "$output" "Usage:  docker ps \[OPTIONS\]"
	expect 0 "$BATS_TEST_TMPDIR/docker" --version
	like "$output" "^Docker version [0-9.]+"
	expect 0 hoy --version
	like "$output" "^hoy version [0-9.]+$"
}

@test "completion knows commands, flags, values and names" {
	hoy create --name completed busybox >/dev/null
	hoy volume create completed-volume >/dev/null
	is "$(hoy __complete bash volu)" "volume"
	is "$(hoy __complete bash image pru)" "prune"
	is "$(hoy __complete bash run --network-)" "--network-alias"
	is "$(hoy __complete bash run --pull mi)" "missing"
	is "$(hoy __complete bash run bus)" "busybox:latest"
	is "$(hoy __complete bash run busybox --)" ""
	is "$(hoy __complete bash rm comp)" "completed"
	is "$(hoy __complete bash stop comp)" "" "a container that does not run"
	is "$(hoy __complete bash --root "$HOY_ROOT" rm comp)" "completed"
	is "$(hoy __complete bash volume rm comp)" "completed-volume"
	is "$(hoy __complete bash run --env-file '')" ":files"
	is "$(hoy __complete zsh volu)" "volume:Manage volumes"
	hoy volume rm completed-volume >/dev/null
}

@test "man pages: one for each command, which groff reads without a warning" {
	hoy __man "$BATS_TEST_TMPDIR/man"
	[ -s "$BATS_TEST_TMPDIR/man/hoy.1" ]
	[ -s "$BATS_TEST_TMPDIR/man/hoy-run.1" ]
	is "$(cat "$BATS_TEST_TMPDIR/man/hoy-container-run.1")" ".so man1/hoy-run.1"
	like "$(cat "$BATS_TEST_TMPDIR/man/hoy-volume-create.1")" "driver specific options"
	command -v groff >/dev/null || skip "groff is not installed"
	for page in "$BATS_TEST_TMPDIR"/man/*.1; do
		is "$(groff -man -Tutf8 -ww -z -I "$BATS_TEST_TMPDIR" <(grep -v '^\.so' "$page") 2>&1)" "" "$page"
	done
}

@test "sections of man pages that are written by hand are in the installed pages" {
	local file page found=0
	for file in "$BATS_TEST_DIRNAME"/../../docs/man/*.in; do
		page=${HOY%/bin/hoy}/share/man/man1/$(basename "${file%.in}")
		[ -f "$page" ] || { echo "$file belongs to no page"; return 1; }
		diff "$file" <(awk 'BEGIN { i = n = 0 } NR == FNR { want[n++] = $0; next } $0 == want[i] { print; i++ }' \
			"$file" "$page") || { echo "$file is not in $page as it is"; return 1; }
		is "$(tail -n 2 "$page" | head -n 1)" ".SH SEE ALSO"
		found=$((found + 1))
	done
	[ "$found" -gt 0 ]
}
