# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "run: output, error output and the exit code are the command's" {
	expect 7 hoy run --rm busybox sh -c 'echo out; echo err >&2; exit 7'
	is "$output" "out"
	is "$stderr" "err"
}

@test "run: input reaches the command only with -i" {
	is "$(printf 'a\nb\n' | hoy run --rm -i busybox cat)" $'a\nb'
	is "$(echo x | hoy run --rm busybox cat)" ""
}

@test "run: a megabyte through stdin and back" {
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	hoy run --rm -i busybox cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
}

@test "run: exit codes 125, 126, 127 and 128+n" {
	expect 125 hoy run --rm no-such-image
	one_line_error "Unable to find image 'no-such-image"
	expect 127 hoy run --rm busybox no-such-command
	one_line_error "no-such-command.*(not found|no such file)"
	expect 126 hoy run --rm busybox /etc
	one_line_error "/etc.*(permission denied|is a directory)"
	expect 137 hoy run --rm --init busybox sh -c 'kill -9 $$' # (PID 1 itself cannot be killed from inside)
	expect 143 hoy run --rm --init busybox sh -c 'kill $$'
	is "$(hoy ps -aq)" "" "nothing is left of any of them"
}

@test "run -d: prints the id and goes on" {
	expect 0 hoy run -d --name bg busybox sleep 100
	like "$output" '^[0-9a-f]{64}$'
	is "$(hoy ps -q --no-trunc)" "$output"
	is "$(container_status bg)" "running"
}

@test "run --rm -d: gone after its end" {
	hoy run -d --rm --name short busybox true >/dev/null
	gone() { [ -z "$(hoy ps -aq)" ]; }
	eventually gone
	leftovers
}

@test "run --rm: gone also when the client was killed" {
	hoy run --rm --name orphan busybox sleep 1 &
	client=$!
	eventually has_status orphan running
	kill -9 $client
	gone() { [ -z "$(hoy ps -aq)" ]; }
	eventually gone
	leftovers
}

@test "run: names are unique, and free again at once" {
	hoy run -d --name one busybox sleep 100 >/dev/null
	expect 125 hoy run --name one busybox true
	one_line_error "name \"/one\" is already in use"
	hoy rm -f one >/dev/null
	expect 0 hoy run --rm --name one busybox echo again
	is "$output" "again"
}

@test "run: flags that contradict each other" {
	expect 125 hoy run --rm --restart always busybox true
	one_line_error "cannot specify both --restart and --rm"
	expect 125 hoy run -d -a stdout busybox true
	one_line_error "cannot specify both --attach and --detach"
	expect 1 hoy run -it busybox sh </dev/null
	one_line_error "the input device is not a TTY"
	expect 125 hoy run -p 80:80 busybox true
	one_line_error "publishing ports needs the bridge network"
	is "$(hoy ps -aq)" ""
}

@test "run: -e, --env-file and their order" {
	printf 'FILE=1\nBOTH=file\n# no\nFROM_HOST\n' >"$BATS_TEST_TMPDIR/env"
	FROM_HOST="a b" expect 0 hoy run --rm --env-file "$BATS_TEST_TMPDIR/env" -e BOTH=flag -e EMPTY= busybox env
	like "$output" $'(^|\n)FILE=1($|\n)'
	like "$output" $'(^|\n)BOTH=flag($|\n)'
	like "$output" $'(^|\n)FROM_HOST=a b($|\n)'
	like "$output" $'(^|\n)EMPTY=($|\n)'
	expect 125 hoy run --rm --env-file /nonexistent busybox true
	one_line_error "/nonexistent: No such file"
}

@test "run: --entrypoint, -w, -h, -u" {
	is "$(hoy run --rm --entrypoint echo busybox a b)" "a b"
	is "$(hoy run --rm -w /new/dir busybox pwd)" "/new/dir"
	is "$(hoy run --rm -h box busybox hostname)" "box"
	is "$(hoy run --rm -u 12:34 busybox id -u)" "12"
	is "$(hoy run --rm -u 12:34 busybox id -g)" "34"
	expect 125 hoy run --rm -u no-such-user busybox true
	one_line_error "no-such-user"
}

@test "run: --read-only, --tmpfs, -v, --mount" {
	expect 1 hoy run --rm --read-only busybox touch /x
	like "$stderr" "Read-only file system"
	is "$(hoy run --rm --read-only --tmpfs /run busybox sh -c 'echo y >/run/x; cat /run/x')" "y"
	mkdir "$BATS_TEST_TMPDIR/dir"
	echo host >"$BATS_TEST_TMPDIR/dir/f"
	is "$(hoy run --rm -v "$BATS_TEST_TMPDIR/dir:/d" busybox cat /d/f)" "host"
	expect 1 hoy run --rm -v "$BATS_TEST_TMPDIR/dir:/d:ro" busybox touch /d/g
	(cd "$BATS_TEST_TMPDIR" && is "$(hoy run --rm -v ./dir:/d busybox cat /d/f)" "host")
	is "$(hoy run --rm --mount "type=bind,source=$BATS_TEST_TMPDIR/dir,target=/m,readonly" busybox cat /m/f)" "host"
	expect 125 hoy run --rm --mount "type=bind,source=/nonexistent-source,target=/m" busybox true
	one_line_error "bind source path does not exist"
}

@test "run: --cidfile, --label, --init" {
	expect 0 hoy run -d --name labelled --cidfile "$BATS_TEST_TMPDIR/cid" -l a=b --init busybox sleep 100
	is "$(cat "$BATS_TEST_TMPDIR/cid")" "$output"
	is "$(hoy inspect -f '{{.Config.Labels.a}}' labelled)" "b"
	like "$(hoy exec labelled cat /proc/1/cmdline | tr '\0' ' ')" "init"
	expect 125 hoy run --cidfile "$BATS_TEST_TMPDIR/cid" busybox true
	one_line_error "container ID file found"
}

@test "run: limits are where the kernel keeps them" {
	needs_limits
	hoy run -d --name limited -m 64m --pids-limit 33 --cpus 0.5 busybox sleep 100 >/dev/null
	is "$(hoy inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.NanoCpus}}' limited)" \
		"67108864 33 500000000"
	if [ -d /sys/fs/cgroup/memory ]; then
		is "$(cgroup_file limited memory memory.limit_in_bytes)" 67108864
		is "$(cgroup_file limited cpu cpu.cfs_quota_us)" 50000
	else
		is "$(cgroup_file limited memory memory.max)" 67108864
	fi
	is "$(cgroup_file limited pids pids.max)" 33
}

@test "run: too little memory is an OOM kill, and says so" {
	needs_limits
	# tail keeps all it reads, for want of a newline
	expect 137 hoy run --name hog -m 16m --memory-swap 16m busybox sh -c 'tail /dev/zero'
	is "$(hoy inspect -f '{{.State.OOMKilled}}' hog)" "true"
}

@test "run: signals go to the command" {
	hoy run --rm --name sig busybox sh -c 'trap "echo got; exit 3" TERM; echo up; while :; do sleep 0.05; done' \
		>"$BATS_TEST_TMPDIR/out" &
	client=$!
	up() { grep -q up "$BATS_TEST_TMPDIR/out"; }
	eventually up
	kill -TERM $client
	status=0
	wait $client || status=$?
	is "$status" 3
	like "$(cat "$BATS_TEST_TMPDIR/out")" "got"
}

@test "run: a reader that goes away ends us, not the container" {
	(hoy run --rm --name loud busybox sh -c 'while :; do echo y; sleep 0.01; done' || echo $? >"$BATS_TEST_TMPDIR/status") | head -n 1
	is "$(cat "$BATS_TEST_TMPDIR/status")" 141
	is "$(container_status loud)" "running"
	hoy rm -f loud >/dev/null
	leftovers
}

@test "run: networks none, host and another container's" {
	is "$(hoy run --rm --network none busybox ls /sys/class/net)" "lo"
	like "$(hoy run --rm --network none busybox ping -c 1 127.0.0.1)" "1 packets received"
	is "$(hoy run --rm --network host busybox cut -d: -f1 /proc/net/dev)" "$(cut -d: -f1 /proc/net/dev)"
	hoy run -d --name owner busybox sleep 100 >/dev/null
	is "$(hoy run --rm --network container:owner busybox readlink /proc/self/ns/net)" \
		"$(hoy exec owner readlink /proc/self/ns/net)"
	expect 125 hoy run --rm --network no-such-network busybox true
	one_line_error "network no-such-network not found"
}

@test "create and start: the same container, later" {
	expect 0 hoy create --name later busybox sh -c 'echo hi; exit 4'
	id=$output
	like "$id" '^[0-9a-f]{64}$'
	is "$(container_status later)" "created"
	expect 0 hoy start later
	is "$output" "later"
	eventually has_status later exited
	expect 4 hoy start -a "${id:0:12}"
	is "$output" "hi"
	expect 1 hoy start later no-such
	one_line_error "No such container: no-such"
	is "$output" "later"
}
