#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # stderr and output are bats'
# What only a pure cgroup v2 tree can show. Run in the guest by tests/cli/run.
load ../cli/helpers

# of NAME FILE: a file of the container's group.
of() { cat "/sys/fs/cgroup$HOY_TEST_CGROUP/$(hoy inspect -f '{{.Id}}' "$1")/$2"; }

has_group() { [ -d "/sys/fs/cgroup$HOY_TEST_CGROUP/$1" ]; }
no() { ! "$@"; }
more_than() { [ "$(of "$1" "$2" | sed -n "s/^$3 *//p")" -gt "$4" ]; } # NAME FILE KEY NUMBER
has_processes() { grep -q . "$1/cgroup.procs"; }
has_below() { [ "$(find "$1" -mindepth 1 -type d)" ]; }

remove_groups() { # deepest first
	find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
}

@test "v2: every limit is in the file that keeps it" {
	hoy run -d --name lim -m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 \
		--cpuset-cpus 1 --cpuset-mems 0 --pids-limit 33 --blkio-weight 300 --device-read-bps /dev/nvme0n1:1mb \
		--device-write-iops /dev/nvme0n1:50 busybox sleep 1000 >/dev/null
	is "$(of lim memory.max)" 67108864
	is "$(of lim memory.swap.max)" 33554432 "swap alone, where Docker's flag counts both"
	is "$(of lim memory.low)" 33554432
	is "$(of lim cpu.max)" "50000 100000"
	is "$(of lim cpuset.cpus)" 1
	is "$(of lim cpuset.mems)" 0
	is "$(of lim pids.max)" 33
	like "$(of lim io.max)" "rbps=1048576 wbps=max riops=max wiops=50"
	like "$(of lim cpu.weight)" '^[1-9][0-9]*$'
	[ "$(of lim cpu.weight)" -lt 100 ] # half of the default share is less than the default weight
	expect 0 hoy update -m 128m --memory-swap 128m --pids-limit 44 --cpus 1.5 lim
	is "$(of lim memory.max)" 134217728
	is "$(of lim memory.swap.max)" 0
	is "$(of lim pids.max)" 44
	is "$(of lim cpu.max)" "150000 100000"
}

@test "v2: limits hold: memory, processes, cpu" {
	expect 137 hoy run --name oom -m 16m --memory-swap 16m busybox sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1'
	is "$(hoy inspect -f '{{.State.OOMKilled}}' oom)" true
	expect 0 hoy run --rm --pids-limit 5 busybox sh -c '(for i in 1 2 3 4 5 6 7 8; do sleep 1 & done) 2>&1 | head -n 1'
	like "$output" "can't fork"
	hoy run -d --name slow --cpus 0.1 busybox sh -c 'while :; do :; done' >/dev/null
	eventually more_than slow cpu.stat nr_throttled 3
}

@test "v2: a paused group is frozen, a killed one is empty" {
	hoy run -d --name box busybox sh -c 'while :; do sleep 1000 & sleep 0.2; done' >/dev/null
	expect 0 hoy pause box
	like "$(of box cgroup.events)" "frozen 1"
	is "$(of box cgroup.freeze)" 1
	expect 0 hoy unpause box
	like "$(of box cgroup.events)" "frozen 0"
	hoy pause box >/dev/null
	id=$(hoy inspect -f '{{.Id}}' box)
	expect 0 hoy rm -f box
	eventually no has_group "$id"
}

@test "v2: a fork bomb ends with its container" {
	# shellcheck disable=SC2016 # the container's shell
	hoy run -d --name bomb --pids-limit 60 busybox sh -c 'f() { while :; do sh -c "sleep 1000" & done; }; f 2>/dev/null & f 2>/dev/null & exec sleep 1000' >/dev/null
	eventually more_than bomb pids.current "" 50
	id=$(hoy inspect -f '{{.Id}}' bomb)
	expect 0 hoy rm -f bomb
	eventually no has_group "$id"
}

@test "v2: a container sees its own group as the root, and cannot change it" {
	expect 0 hoy run --rm -m 64m busybox cat /proc/self/cgroup /sys/fs/cgroup/memory.max
	is "$output" $'0::/\n67108864'
	expect 1 hoy run --rm -m 64m busybox sh -c 'echo max >/sys/fs/cgroup/memory.max'
	like "$stderr" "Read-only file system"
	expect 1 hoy run --rm busybox mkdir /sys/fs/cgroup/x
	expect 0 hoy run --rm --cgroupns host busybox cat /proc/self/cgroup
	like "$output" "^0::$HOY_TEST_CGROUP/[0-9a-f]{64}$"
}

@test "v2: devices by eBPF: what was given, to what it was given for" {
	expect 1 hoy run --rm busybox sh -c 'mknod /tmp/disk b 259 0 && head -c 1 /tmp/disk'
	like "$stderr" "Operation not permitted"
	expect 0 hoy run --rm --device /dev/nvme0n1:/dev/disk:r busybox sh -c 'head -c 1 /dev/disk | wc -c'
	is "$output" 1
	expect 1 hoy run --rm --device /dev/nvme0n1:/dev/disk:r busybox sh -c ': >>/dev/disk'
	like "$stderr" "Operation not permitted"
	expect 0 hoy run --rm --device-cgroup-rule "b 259:* r" busybox sh -c 'mknod /tmp/disk b 259 0 && head -c 1 /tmp/disk | wc -c'
	is "$output" 1
	hoy run -d --name box busybox sleep 1000 >/dev/null
	expect 1 hoy exec box sh -c 'mknod /tmp/disk b 259 0 && head -c 1 /tmp/disk'
	expect 1 hoy exec --privileged box sh -c 'head -c 1 /tmp/disk'
	like "$stderr" "Operation not permitted" "the group's rules hold for every process in it"
}

@test "v2: below a group that was delegated" {
	local top=/sys/fs/cgroup$HOY_TEST_CGROUP-slice
	mkdir -p "$top/a.service"
	echo "+memory +pids" >"$top/cgroup.subtree_control"
	hoy run -d --name box --cgroup-parent "$HOY_TEST_CGROUP-slice/a.service/boxes" -m 64m --cpus 0.5 busybox sleep 1000 >/dev/null
	is "$(cat "$top/a.service/boxes/$(hoy inspect -f '{{.Id}}' box)/memory.max")" 67108864
	is "$(cat "$top/a.service/boxes/$(hoy inspect -f '{{.Id}}' box)/cpu.max")" "50000 100000"
	hoy rm -f box >/dev/null
	eventually no has_below "$top/a.service/boxes"
	remove_groups "$top"
}

@test "v2: below a group with processes of its own: no limits, and the reason" {
	local top=/sys/fs/cgroup$HOY_TEST_CGROUP-busy
	mkdir "$top"
	sleep 30 3>&- & # bats waits for whoever holds its descriptor
	echo $! >"$top/cgroup.procs"
	run -0 hoy run --rm --cgroup-parent "$HOY_TEST_CGROUP-busy" busybox echo fine
	is "$output" fine
	expect 125 hoy run --rm --cgroup-parent "$HOY_TEST_CGROUP-busy" -m 64m busybox true
	one_line_error "has processes of its own"
	kill $!
	wait $! || true
	eventually no has_processes "$top"
	remove_groups "$top"
}
