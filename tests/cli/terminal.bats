# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# Terminals as a user has them, driven by ./pty.
load helpers

on_terminal() { "$BATS_TEST_DIRNAME/pty" "$@"; }

@test "run -it: a shell on a terminal, its size, its exit code" {
	expect 5 on_terminal 33x101 'expect:# ' 'send:stty size\r' 'expect:33 101' 'send:exit 5\r' -- hoy run --rm -it busybox sh
}

@test "run -it: the size follows the terminal's" {
	expect 0 on_terminal 33x101 'expect:# ' 'resize:20x70' 'sleep:0.5' 'send:stty size\r' 'expect:20 70' 'send:exit\r' -- \
		hoy run --rm -it busybox sh
}

@test "run -it: keys go to the command, not to us" {
	expect 0 on_terminal 24x80 'expect:# ' "send:sleep 100\\r" 'sleep:0.3' 'send:\x03' 'expect:# ' "send:exit 0\\r" -- \
		hoy run --rm -it busybox sh
}

@test "run -it: ctrl-p ctrl-q leaves it running; attach comes back" {
	expect 0 on_terminal 24x80 'expect:# ' 'send:\x10\x11' -- hoy run --name kept -it busybox sh
	is "$(container_status kept)" "running"
	expect 6 on_terminal 24x80 'send:\r' 'expect:# ' "send:exit 6\\r" -- hoy attach kept
	is "$(hoy inspect -f '{{.State.ExitCode}}' kept)" 6
}

@test "run -it: --detach-keys" {
	expect 0 on_terminal 24x80 'expect:# ' 'send:ab\x18' -- hoy run --name keys --detach-keys a,b,ctrl-x -it busybox sh
	is "$(container_status keys)" "running"
	expect 125 on_terminal 24x80 -- hoy run --name none --detach-keys ctrl-1 -it busybox sh
	is "$(hoy ps -aq -f name=none)" "" "made, though its keys were wrong"
}

@test "detach keys of the user's config.json: --config, DOCKER_CONFIG, ~/.docker" {
	mkdir -p "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b" "$BATS_TEST_TMPDIR/home/.docker"
	echo '{"auths": {}, "detachKeys": "ctrl-x"}' >"$BATS_TEST_TMPDIR/a/config.json"
	echo '{"detachKeys": "ctrl-y,y"}' >"$BATS_TEST_TMPDIR/b/config.json"
	echo '{"detachKeys": "z"}' >"$BATS_TEST_TMPDIR/home/.docker/config.json"
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/b
	expect 0 on_terminal 24x80 'expect:# ' 'send:\x18' -- hoy --config "$BATS_TEST_TMPDIR/a" run --name ka -it busybox sh
	expect 0 on_terminal 24x80 'expect:# ' 'send:\x19y' -- hoy run --name kb -it busybox sh
	unset DOCKER_CONFIG
	HOME=$BATS_TEST_TMPDIR/home expect 0 on_terminal 24x80 'expect:# ' 'send:z' -- hoy run --name kc -it busybox sh
	HOME=$BATS_TEST_TMPDIR/home expect 0 on_terminal 24x80 'expect:# ' 'send:z\x18' -- \
		hoy run --name kd --detach-keys ctrl-x -it busybox sh
	is "$(hoy ps -q | wc -l)" 4
	# one that is broken is told of, and the default's stay
	echo '{"detachKeys": ' >"$BATS_TEST_TMPDIR/a/config.json"
	expect 0 on_terminal 24x80 'expect:Error loading config file' 'expect:# ' 'send:\x10\x11' -- \
		hoy --config "$BATS_TEST_TMPDIR/a" run --name ke -it busybox sh
}

@test "the terminal is restored when we are killed by TERM, and when the container is" {
	expect 143 on_terminal 24x80 'expect:# ' 'signal:TERM' -- hoy run --name t1 -it busybox sh
	expect 137 on_terminal 24x80 'expect:ready' -- \
		hoy run --rm --init -it busybox sh -c 'echo ready; sleep 0.2; kill -9 $$'
}

@test "exec -it: a terminal of its own, of the right size" {
	hoy run -d --name host busybox sleep 100 >/dev/null
	expect 9 on_terminal 31x99 'expect:# ' 'send:stty size\r' 'expect:31 99' 'send:exit 9\r' -- hoy exec -it host sh
	expect 0 on_terminal 31x99 'expect:# ' 'resize:20x70' 'sleep:0.5' 'send:stty size\r' 'expect:20 70' 'send:exit\r' -- \
		hoy exec -it host sh
}

@test "-t without a terminal at our side still gives one to the command" {
	is "$(hoy run --rm -t busybox sh -c 'test -t 1 && echo tty' | tr -d '\r')" "tty"
	hoy run -d --name host busybox sleep 100 >/dev/null
	is "$(hoy exec -t host sh -c 'test -t 1 && echo tty' | tr -d '\r')" "tty"
	expect 1 hoy exec -it host sh </dev/null
	one_line_error "the input device is not a TTY"
}

@test "help is wrapped to the terminal's width" {
	expect 0 on_terminal 24x200 -- hoy run --help
	like "$output" "Automatically remove the container and its associated anonymous volumes when it exits"
}
