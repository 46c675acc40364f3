# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "logs: both streams, each to its own, in order" {
	hoy run --name ll busybox sh -c 'echo a; echo b >&2; printf c' >/dev/null 2>&1
	expect 0 hoy logs ll
	is "$output" $'a\nc'
	is "$stderr" "b"
	is "$(hoy logs ll 2>&1 | od -c | head -1)" "$(printf 'a\nb\nc' | od -c | head -1)"
}

@test "logs: --tail, -n" {
	hoy run --name tt busybox seq 100 >/dev/null
	is "$(hoy logs --tail 2 tt)" $'99\n100'
	is "$(hoy logs -n 0 tt)" ""
	is "$(hoy logs tt | wc -l)" 100
	is "$(hoy logs --tail all tt | wc -l)" 100
}

@test "logs: -t, --since, --until" {
	hoy run --name ss busybox sh -c 'echo early; sleep 1.1; echo late' >/dev/null
	expect 0 hoy logs -t ss
	like "${lines[0]}" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z early$'
	between=$(date -u -d "$(cut -d' ' -f1 <<<"${lines[1]}") -0.5 sec" +%Y-%m-%dT%H:%M:%S.%NZ)
	is "$(hoy logs --since "$between" ss)" "late"
	is "$(hoy logs --until "$between" ss)" "early"
	is "$(hoy logs --since 1h ss | wc -l)" 2
	expect 1 hoy logs --since yesterday ss
	one_line_error "since"
}

@test "logs -f: follows to the end" {
	hoy run -d --name ff busybox sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.1; done' >/dev/null
	is "$(hoy logs -f ff | tr '\n' ' ')" "1 2 3 4 5 "
}

@test "logs: long lines, binary bytes, no newline at the end" {
	hoy run --name long busybox sh -c 'head -c 100000 /dev/zero | tr "\0" x' >/dev/null
	is "$(hoy logs long | wc -c)" 100000
	hoy run --name bin busybox printf 'a\tb\\"\303\244' >/dev/null
	is "$(hoy logs bin)" $'a\tb\\"ä'
}

@test "logs: rotation keeps the newest, bounded" {
	hoy run --name rot --log-opt max-size=10k --log-opt max-file=2 busybox seq 10000 >/dev/null
	is "$(hoy logs --tail 1 rot)" 10000
	kept=$(hoy logs rot | wc -l)
	[ "$kept" -lt 5000 ] && [ "$kept" -gt 50 ]
	is "$(hoy logs rot)" "$(seq $((10001 - kept)) 10000)" "no line in the middle is missing"
}

@test "logs: none, unknown driver, unknown container" {
	hoy run --name none --log-driver none busybox echo x >/dev/null
	expect 1 hoy logs none
	one_line_error "log"
	expect 125 hoy run --log-driver nope busybox true
	one_line_error "nope"
	expect 1 hoy logs no-such
	one_line_error "No such container: no-such"
}
