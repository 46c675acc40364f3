# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status and output are bats' own
# What our own processes may do while they run (SECURITY.md, "What each of our processes may do"), and that
# everything works with so little.

load helpers

# status PID FIELD
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
monitor_of() { status_of "$(hoy inspect -f '{{.State.Pid}}' "$1")" PPid; }
# CAP_KILL alone is in force
settled() { [ "$(status_of "$1" CapEff)" = 0000000000000020 ]; }

# caps PID: its permitted set holds nothing but what follows, by number
only() {
	local pid=$1 set bit
	shift
	set=$((16#$(status_of "$pid" CapPrm)))
	for bit in "$@"; do set=$((set & ~(1 << bit))); done
	is $set 0 "the capabilities of process $pid beyond $*"
	is "$(status_of "$pid" CapBnd)" "$(status_of "$pid" CapPrm)" "the bounding set"
	is "$(status_of "$pid" CapInh)$(status_of "$pid" CapAmb)" 00000000000000000000000000000000
}

# chown dac_override fowner kill setgid setuid setpcap sys_chroot sys_ptrace sys_admin sys_nice sys_resource
named="0 1 3 5 6 7 8 18 19 21 23 24"

@test "a monitor keeps what its container has and what exec and the end take; one of it in force" {
	hoy run -d --name one busybox sleep 1000 >/dev/null
	m=$(monitor_of one)
	is "$(cat "/proc/$m/comm")" hoy-monitor
	eventually settled "$m"
	# shellcheck disable=SC2086 # words
	only "$m" $named 4 10 13 27 29 31 # Docker's 14
	is "$(status_of "$m" Seccomp) $(status_of "$m" NoNewPrivs)" "2 0"
	hoy run -d --name none --cap-drop ALL --security-opt no-new-privileges busybox sleep 1000 >/dev/null
	m=$(monitor_of none)
	eventually settled "$m"
	# shellcheck disable=SC2086
	only "$m" $named
	is "$(status_of "$m" Seccomp) $(status_of "$m" NoNewPrivs)" "2 1"
	# no filter where the container's policy may allow more
	hoy run -d --name free --security-opt seccomp=unconfined busybox sleep 1000 >/dev/null
	m=$(monitor_of free)
	eventually settled "$m"
	is "$(status_of "$m" Seccomp)" 0
	hoy run -d --name all --privileged busybox sleep 1000 >/dev/null
	m=$(monitor_of all)
	eventually settled "$m"
	is "$(status_of "$m" CapPrm)" "$(status_of self CapBnd)"
}

@test "all that a monitor does works with that, and nothing more stays in force afterwards" {
	hoy run -d --name box -v data:/data busybox sh -c 'trap "exit 3" TERM; while :; do sleep 0.1; done' >/dev/null
	m=$(monitor_of box)
	eventually settled "$m"
	is "$(hoy exec box id -u)" 0
	is "$(hoy exec -u 1000:1000 box id -u)" 1000
	is "$(hoy exec -w /data box pwd)" /data
	like "$("$BATS_TEST_DIRNAME/pty" 24x80 -- hoy exec -it -u 1000 box tty)" '^/dev/pts/'
	is "$(hoy exec box sh -c 'ulimit -n')" "$(hoy exec --privileged box sh -c 'ulimit -n')"
	hoy exec -d -u 1000 box sleep 1000
	hoy pause box
	hoy unpause box
	hoy update --memory 64m --memory-swap 64m box
	hoy kill -s USR2 box 2>/dev/null || true
	hoy top box >/dev/null
	settled "$m"
	hoy start box 2>/dev/null || true
	hoy stop -t 5 box >/dev/null
	hoy start box
	settled "$(monitor_of box)" || eventually settled "$(monitor_of box)"
	hoy attach --no-stdin box >/dev/null &
	hoy rm -f box
	wait $! || true
	# files of other users, in directories that only they may write to, go with --rm
	is "$(hoy run --rm busybox sh -c 'mkdir -m 1700 /d && chown 1000 /d && touch /d/f && chown 2000 /d/f && echo fine')" fine
	is "$(hoy run --rm -u 1000 --read-only --tmpfs /tmp busybox sh -c 'sleep 0.01; echo fine')" fine
	leftovers
}

gone() { ! grep -q '^State:.[^Z]' "/proc/$1/status"; }

@test "the processes of a user other than root can be signalled" {
	hoy run -d --name other -u 1000 --cap-drop ALL busybox sleep 1000 >/dev/null
	eventually settled "$(monitor_of other)"
	hoy kill other
	is "$(hoy wait other)" 137
	# also by the kernel, when the monitor is killed
	hoy start other
	m=$(monitor_of other)
	eventually settled "$m"
	pid=$(hoy inspect -f '{{.State.Pid}}' other)
	kill -9 "$m"
	eventually gone "$pid"
	eventually has_status other exited
}

@test "exec --privileged has every right, by a process of its own that keeps none" {
	hoy run -d --name priv busybox sleep 1000 >/dev/null
	want=$(status_of self CapBnd)
	is "$(hoy exec --privileged priv sed -n 's/^CapEff:.//p' /proc/self/status)" "$want"
	is "$(hoy exec --privileged -u 1000 priv sed -n 's/^CapBnd:.//p' /proc/self/status)" "$want"
	expect 7 hoy exec --privileged priv sh -c 'exit 7'
	run -127 hoy exec --privileged priv /no-such
	is "$(echo in | hoy exec --privileged -i priv cat)" in
	like "$("$BATS_TEST_DIRNAME/pty" 24x80 -- hoy exec --privileged -it priv tty)" '^/dev/pts/'
	hoy exec --privileged -d priv sleep 4242
	eventually hoy exec priv pidof sleep
	inner=$(hoy top priv | awk '/sleep 4242/ { print $2 }')
	visitor=$(status_of "$inner" PPid)
	is "$(tr '\0' ' ' <"/proc/$visitor/cmdline")" "hoy-monitor visit "
	is "$(status_of "$visitor" CapPrm)$(status_of "$visitor" CapBnd)" 00000000000000000000000000000000
	is "$(status_of "$visitor" Seccomp) $(status_of "$visitor" NoNewPrivs)" "2 1"
	# it ends with the container
	hoy stop -t 0 priv >/dev/null
	eventually test ! -e "/proc/$visitor/root"
	expect 1 hoy exec --privileged priv true
}

@test "hoy-keeper keeps what it takes to delete, starts nothing and talks to nobody" {
	exec 9>>"$HOY_ROOT/keeper.lock"
	strace -o "$BATS_TEST_TMPDIR/trace" -e trace=prctl,capset,seccomp,execve,socket,openat \
		"${HOY%/bin/hoy}/libexec/hoy/hoy-keeper" "$HOY_ROOT" "$HOY_RUN_ROOT" "$HOY_CONFIG"
	exec 9>&-
	filter=$(grep -n '^seccomp(SECCOMP_SET_MODE_FILTER.* = 0' "$BATS_TEST_TMPDIR/trace" | cut -d: -f1)
	opened=$(grep -n "keeper.lock" "$BATS_TEST_TMPDIR/trace" | head -n 1 | cut -d: -f1)
	[ "$filter" -lt "$opened" ]
	grep -q 'PR_SET_NO_NEW_PRIVS, 1' "$BATS_TEST_TMPDIR/trace"
	grep -qE 'capset\(.*effective=1<<CAP_DAC_OVERRIDE\|1<<CAP_FOWNER\|1<<CAP_KILL, permitted=1<<CAP_DAC_OVERRIDE\|1<<CAP_FOWNER\|1<<CAP_KILL' \
		"$BATS_TEST_TMPDIR/trace"
	run ! grep -qE '^(execve|socket).* = -1 EPERM' "$BATS_TEST_TMPDIR/trace"
	# and it does delete: a removed image's layers, with files of others
	hoy create --name gone busybox true >/dev/null
	hoy rm gone >/dev/null
	"${HOY%/bin/hoy}/libexec/hoy/hoy-keeper" "$HOY_ROOT" "$HOY_RUN_ROOT" "$HOY_CONFIG"
	is "$(ls -A "$HOY_ROOT/tmp")" ""
}
