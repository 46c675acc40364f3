# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# The life of a container after its start: stop, restart, kill, rm, wait, pause, rename, update, top, port.
load helpers

sleeper() { hoy run -d --name "$1" "${@:2}" busybox sh -c 'trap "exit 9" TERM; while :; do sleep 0.05; done' >/dev/null; }

@test "stop: the stop signal, then SIGKILL; the name is printed" {
	sleeper polite
	expect 0 hoy stop polite
	is "$output" "polite"
	is "$(hoy inspect -f '{{.State.ExitCode}} {{.State.Status}}' polite)" "9 exited"
	hoy run -d --name deaf busybox sleep 1000 >/dev/null # PID 1 without a handler hears no TERM
	start=$SECONDS
	expect 0 hoy stop -t 1 deaf
	[ $((SECONDS - start)) -lt 5 ]
	is "$(hoy inspect -f '{{.State.ExitCode}}' deaf)" "137"
	expect 0 hoy stop deaf # again: nothing to do
	expect 1 hoy stop no-such
	one_line_error "No such container: no-such"
}

@test "stop: --stop-signal of run, -s of stop, -t 0" {
	hoy run -d --name usr --stop-signal USR1 busybox sh -c 'trap "exit 5" USR1; trap "exit 6" USR2; while :; do sleep 0.05; done' >/dev/null
	hoy stop usr >/dev/null
	is "$(hoy inspect -f '{{.State.ExitCode}}' usr)" 5
	hoy start usr >/dev/null
	hoy stop -s USR2 usr >/dev/null
	is "$(hoy inspect -f '{{.State.ExitCode}}' usr)" 6
	hoy start usr >/dev/null
	hoy stop -t 0 -s WINCH usr >/dev/null
	is "$(hoy inspect -f '{{.State.ExitCode}}' usr)" 137
}

@test "restart: a new process, the same container" {
	sleeper again
	before=$(hoy inspect -f '{{.State.Pid}}' again)
	expect 0 hoy restart -t 2 again
	is "$output" "again"
	is "$(container_status again)" "running"
	[ "$(hoy inspect -f '{{.State.Pid}}' again)" != "$before" ]
}

@test "kill: signals by name and number" {
	sleeper victim
	expect 0 hoy kill -s TERM victim
	is "$output" "victim"
	expect 0 hoy wait victim
	is "$output" 9
	hoy start victim >/dev/null
	hoy kill victim >/dev/null
	is "$(hoy wait victim)" 137
	expect 1 hoy kill victim
	one_line_error "is not running"
	hoy start victim >/dev/null
	expect 1 hoy kill -s NOPE victim
	one_line_error "[Ii]nvalid signal: NOPE"
}

@test "rm: running ones only with -f; several at once; unique prefixes" {
	sleeper busy
	expect 1 hoy rm busy
	one_line_error "(stop the container before|cannot remove|running)"
	expect 0 hoy rm -f busy
	is "$output" "busy"
	a=$(hoy create busybox true)
	b=$(hoy create busybox true)
	expect 1 hoy rm "${a:0:10}" no-such "$b"
	is "$output" "${a:0:10}"$'\n'"$b"
	one_line_error "No such container: no-such"
	expect 0 hoy rm -f no-such
	leftovers
}

@test "rm -v: anonymous volumes go along, named ones stay" {
	hoy run --name vv -v /anon -v named:/n busybox true
	is "$(hoy volume ls -q | wc -l)" 2
	hoy rm -v vv >/dev/null
	is "$(hoy volume ls -q)" "named"
	hoy volume rm named >/dev/null
}

@test "pause and unpause" {
	needs_cgroup
	hoy run -d --name pp busybox sh -c 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.02; done' >/dev/null
	expect 0 hoy pause pp
	is "$output" "pp"
	is "$(container_status pp)" "paused"
	like "$(hoy ps --format '{{.Status}}')" "\(Paused\)$"
	first=$(hoy logs pp | wc -l)
	sleep 0.3
	is "$(hoy logs pp | wc -l)" "$first" "lines while paused"
	expect 1 hoy pause pp
	one_line_error "already paused"
	expect 0 hoy unpause pp
	is "$(container_status pp)" "running"
	expect 1 hoy unpause pp
	one_line_error "is not paused"
	hoy pause pp >/dev/null
	expect 0 hoy rm -f pp # a paused one, too
}

@test "rename: the old name is free, the new one found" {
	hoy create --name old busybox true >/dev/null
	hoy create --name taken busybox true >/dev/null
	expect 0 hoy rename old new
	is "$output" ""
	is "$(hoy inspect -f '{{.Name}}' new)" "/new"
	expect 1 hoy rename new taken
	one_line_error "already in use"
	expect 1 hoy rename new 'bad name'
	one_line_error "Invalid container name"
	expect 1 hoy inspect old
}

@test "wait: the exit code, of one that ended and one that runs" {
	hoy run --name ended busybox sh -c 'exit 3' || true
	is "$(hoy wait ended)" 3
	hoy run -d --name running busybox sh -c 'sleep 0.3; exit 4' >/dev/null
	is "$(hoy wait running ended)" $'4\n3'
}

@test "update: limits change while it runs" {
	needs_limits
	hoy run -d --name uu -m 64m --memory-swap 64m busybox sleep 100 >/dev/null
	expect 0 hoy update -m 96m --memory-swap 96m --pids-limit 50 uu
	is "$output" "uu"
	is "$(hoy inspect -f '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}' uu)" "100663296 50"
	is "$(cgroup_file uu pids pids.max)" 50
	[ ! -d /sys/fs/cgroup/memory ] || is "$(cgroup_file uu memory memory.limit_in_bytes)" 100663296
	expect 1 hoy update uu
	one_line_error "must provide one or more flags"
}

@test "top: the processes of the container" {
	hoy run -d --name tt busybox sleep 1234 >/dev/null
	expect 0 hoy top tt
	like "${lines[0]}" "^UID +PID +PPID +C +STIME +TTY +TIME +CMD$"
	like "${lines[1]}" "sleep 1234"
	is "${#lines[@]}" 2
	expect 0 hoy top tt -o pid,comm
	like "${lines[0]}" "^PID +COMMAND$"
	# users have the host's names, as far as it has any
	hoy exec -d -u 1 tt sleep 1235
	hoy exec -d -u 54321 tt sleep 1236
	is "$(hoy top tt -o user,uid,args | sed 1d | xargs -n 4 | sort)" "$(printf '%s\n' "$(id -un 1) 1 sleep 1235" \
		"54321 54321 sleep 1236" "root 0 sleep 1234" | sort)"
	hoy stop -t 0 tt >/dev/null
	expect 1 hoy top tt
	one_line_error "is not running"
}

@test "port: nothing is published" {
	hoy create --name np busybox true >/dev/null
	expect 0 hoy port np
	is "$output" ""
	expect 1 hoy port np 80
	one_line_error "80/tcp.*np"
	expect 1 hoy port no-such
	one_line_error "No such container: no-such"
}

@test "container prune: stopped ones only, after a question" {
	sleeper stays
	hoy run --name goes busybox true
	expect 0 hoy container prune <<<n
	like "$output" "WARNING! This will remove all stopped containers"
	is "$(hoy ps -aq | wc -l)" 2
	expect 0 hoy container prune -f
	like "$output" "Deleted Containers:"
	like "$output" "Total reclaimed space: "
	is "$(hoy ps -a --format '{{.Names}}')" "stays"
}

@test "a monitor that is told to end uses the container's stop signal and timeout" {
	hoy run -d --name told --stop-signal INT --stop-timeout 1 busybox \
		sh -c 'trap "echo int" INT; trap "echo term" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null
	eventually sh -c 'hoy logs told | grep -q ready'
	kill "$(awk '/^PPid/ { print $2 }' "/proc/$(hoy inspect -f '{{.State.Pid}}' told)/status")"
	is "$(timeout 5 hoy wait told)" 137
	is "$(hoy logs told)" $'ready\nint'
}

@test "a log that cannot be written is told of by inspect" {
	needs_root "a mount of its own"
	local root=$BATS_TEST_TMPDIR/full
	mkdir "$root"
	mount -t tmpfs -o size=32m tmpfs "$root"
	hoy --root "$root" load -q -i "$HOY_TEST_IMAGE" >/dev/null
	hoy --root "$root" run -d --name full busybox sh -c 'while :; do echo "$(date): a line for the log"; sleep 0.01; done' >/dev/null
	eventually sh -c "hoy --root $root logs full | grep -q log"
	is "$(hoy --root "$root" inspect -f '{{.State.Error}}' full)" ""
	dd if=/dev/zero of="$root/fill" bs=64k status=none || true
	dd if=/dev/zero of="$root/fill2" bs=1 count=4096 status=none || true
	eventually sh -c "hoy --root $root inspect -f '{{.State.Error}}' full | grep -q 'write log file.*No space left'"
	is "$(hoy --root "$root" inspect -f '{{.State.Status}}' full)" running
	rm "$root/fill"
	hoy --root "$root" rm -f full >/dev/null
	eventually umount "$root" # the monitor leaves after the answer
}
