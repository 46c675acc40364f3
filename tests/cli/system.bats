# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "version and info, as text, template and JSON" {
	expect 0 hoy version
	like "$output" "Version: +[0-9.]+"
	like "$(hoy version --format '{{.Server.APIVersion}}{{.Client.Version}}' 2>/dev/null || hoy version --format '{{.Server.ApiVersion}}')" '^[0-9]'
	hoy create --name one busybox true >/dev/null
	expect 0 hoy info
	like "$output" $'\n? Containers: 1\n'
	is "$(hoy info --format '{{.Containers}}')" "1"
	is "$(hoy info -f json | jq .Containers)" 1
}

@test "system check: clean" {
	expect 0 hoy system check
	is "$output" "clean"
	hoy run -d --name box busybox sleep 100 >/dev/null
	expect 0 hoy system check
}

@test "system prune: containers and dangling images" {
	hoy run --name gone busybox true
	expect 0 hoy system prune -f
	like "$output" "Deleted Containers:"
	is "$(hoy ps -aq)" ""
}

@test "doctor: a finding a line, and exit code 1 when something is missing" {
	run --separate-stderr hoy doctor
	is "$(grep -vcE '^(ok   |warn |FAIL ) [^:]+: |^      -> ' <<<"$output")" 1 # the closing line
	is "$status" "$(grep -q ^FAIL <<<"$output" && echo 1 || echo 0)"
	like "$output" $'\nok    overlay: '
	is "$(hoy doctor --format '{{.Name}}' | wc -l)" "$(grep -cE '^(ok|warn|FAIL)' <<<"$output")"
	expect 1 env HOY_LIBEXECDIR="$BATS_TEST_TMPDIR" hoy doctor
	like "$output" "FAIL  hoy-monitor: $BATS_TEST_TMPDIR/hoy-monitor: No such file"
	expect 1 hoy --root /proc/nowhere doctor
	like "$output" "FAIL  store"
}

@test "--root: a world of its own" {
	expect 0 hoy --root "$BATS_TEST_TMPDIR/root" --run-root "$BATS_TEST_TMPDIR/run" images -q
	is "$output" ""
	expect 125 hoy -H unix:///x ps
	like "$stderr" "no daemon"
}
