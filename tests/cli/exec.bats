# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

setup() {
	hoy run -d --name box -e FROM_RUN=1 -w /tmp busybox sleep 1000 >/dev/null
}

@test "exec: output, error output, exit code" {
	expect 3 hoy exec box sh -c 'echo out; echo err >&2; exit 3'
	is "$output" "out"
	is "$stderr" "err"
}

@test "exec: in the container's namespaces, root and cgroup" {
	for ns in pid mnt net uts ipc; do
		is "$(hoy exec box readlink /proc/self/ns/$ns)" "$(hoy exec box readlink /proc/1/ns/$ns)" $ns
	done
	is "$(hoy exec box cat /proc/self/cgroup)" "$(hoy exec box cat /proc/1/cgroup)"
}

@test "exec: input only with -i" {
	is "$(echo hello | hoy exec -i box cat)" "hello"
	is "$(echo hello | hoy exec box cat)" ""
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	hoy exec -i box cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "exec: -e, -w, -u" {
	is "$(hoy exec box sh -c 'echo $FROM_RUN $PWD')" "1 /tmp"
	is "$(hoy exec -e A=b -w /etc box sh -c 'echo $A $PWD')" "b /etc"
	is "$(hoy exec -u 5:6 box id -u)" "5"
}

@test "exec: 126, 127, and what is not there" {
	expect 127 hoy exec box no-such-command
	one_line_error "no-such-command"
	expect 126 hoy exec box /etc
	one_line_error "/etc"
	expect 1 hoy exec no-such true
	one_line_error "No such container: no-such"
	hoy create --name idle busybox true >/dev/null
	expect 1 hoy exec idle true
	one_line_error "is not running"
	expect 137 hoy exec box sh -c 'kill -9 $$'
}

@test "exec -d: returns at once, the process runs" {
	expect 0 hoy exec -d box sh -c 'sleep 0.2; echo done >/tmp/done'
	is "$output" ""
	written() { [ "$(hoy exec box cat /tmp/done 2>/dev/null)" = "done" ]; }
	eventually written
}

@test "exec: a background process that keeps the pipes does not keep us" {
	start=$SECONDS
	expect 0 hoy exec box sh -c 'sleep 30 & echo hi'
	is "$output" "hi"
	[ $((SECONDS - start)) -lt 5 ]
}

@test "exec: a hundred at once" {
	for i in $(seq 100); do
		hoy exec box echo "$i" >"$BATS_TEST_TMPDIR/$i" &
		[ $((i % 10)) != 0 ] || wait
	done
	wait
	is "$(cat "$BATS_TEST_TMPDIR"/* | sort -n | tr '\n' ' ')" "$(seq 100 | tr '\n' ' ')"
}
