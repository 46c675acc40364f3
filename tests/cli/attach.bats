# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# Whoever comes later: attach, start -a and -i, several at once, and what their signals do.
load helpers

has_line() { grep -q "$2" "$1"; }

@test "attach: output from now on, the exit code" {
	hoy run -d --name aa busybox sh -c 'echo early; sleep 0.5; echo late; echo err >&2; exit 6' >/dev/null
	expect 6 hoy attach aa
	is "$output" "late"
	is "$stderr" "err"
	expect 1 hoy attach aa
	one_line_error "cannot attach to a stopped container"
}

@test "attach: input reaches the command, also from a second client" {
	hoy run -di --name in busybox sh -c 'while read -r x; do echo "got $x"; [ "$x" != end ] || exit 2; done' >/dev/null
	mkfifo "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
	hoy attach in <"$BATS_TEST_TMPDIR/one" >"$BATS_TEST_TMPDIR/out1" 3>&- &
	first=$!
	hoy attach in <"$BATS_TEST_TMPDIR/two" >"$BATS_TEST_TMPDIR/out2" 3>&- &
	second=$!
	exec 8>"$BATS_TEST_TMPDIR/one" 9>"$BATS_TEST_TMPDIR/two"
	echo hello >&8
	eventually has_line "$BATS_TEST_TMPDIR/out1" "got hello"
	echo hello >&9
	eventually has_line "$BATS_TEST_TMPDIR/out2" "got hello" # now both are there
	echo a >&8
	eventually has_line "$BATS_TEST_TMPDIR/out1" "got a"
	eventually has_line "$BATS_TEST_TMPDIR/out2" "got a"
	echo b >&9
	eventually has_line "$BATS_TEST_TMPDIR/out1" "got b"
	echo end >&8
	status=0
	wait $first || status=$?
	is "$status" 2
	status=0
	wait $second || status=$?
	is "$status" 2
	exec 8>&- 9>&-
	is "$(tail -n 2 "$BATS_TEST_TMPDIR/out2")" $'got b\ngot end'
}

@test "attach --no-stdin: our input stays ours" {
	hoy run -di --name ni busybox sh -c 'read -r x; echo "got $x"' >/dev/null
	echo stolen | hoy attach --no-stdin ni >"$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	sleep 0.3
	is "$(cat "$BATS_TEST_TMPDIR/out")" ""
	is "$(container_status ni)" "running"
	echo sent | hoy attach ni >/dev/null
	wait $client
	is "$(cat "$BATS_TEST_TMPDIR/out")" "got sent"
}

@test "attach --sig-proxy: a signal is the command's, or with =false our own end" {
	hoy run -d --name sp busybox sh -c 'trap "echo caught; exit 7" TERM; while :; do sleep 0.05; done' >/dev/null
	hoy attach --sig-proxy=false sp 3>&- &
	client=$!
	sleep 0.3
	kill -TERM $client
	status=0
	wait $client || status=$?
	is "$status" 143
	is "$(container_status sp)" "running"
	hoy attach sp >"$BATS_TEST_TMPDIR/out" 3>&- &
	client=$!
	sleep 0.3
	kill -TERM $client
	status=0
	wait $client || status=$?
	is "$status" 7
	is "$(cat "$BATS_TEST_TMPDIR/out")" "caught"
}

@test "start -a, -i: output, input and exit code; one at a time" {
	hoy create -i --name st busybox sh -c 'read -r x; echo "got $x"; exit 3' >/dev/null
	expect 3 hoy start -ai st <<<hello
	is "$output" "got hello"
	expect 3 hoy start -ai st <<<again
	is "$output" "got again"
	hoy create --name other busybox true >/dev/null
	expect 1 hoy start -a st other
	one_line_error "you cannot start and attach multiple containers at once"
}

@test "attach: a paused one, and none at all" {
	needs_cgroup
	hoy run -d --name pa busybox sleep 100 >/dev/null
	hoy pause pa >/dev/null
	expect 1 hoy attach pa
	one_line_error "paused"
	expect 1 hoy attach no-such
	one_line_error "No such container: no-such"
}

@test "run -a: only the streams that were asked for" {
	expect 0 hoy run --rm -a stderr busybox sh -c 'echo out; echo err >&2'
	is "$stderr" "err"
	[[ $output != *out* ]]
	expect 0 hoy run --rm -a stdout busybox sh -c 'echo out; echo err >&2'
	is "$output" "out"
	is "$stderr" ""
	expect 125 hoy run --rm -a nonsense busybox true
	one_line_error "valid streams are STDIN, STDOUT and STDERR"
}
