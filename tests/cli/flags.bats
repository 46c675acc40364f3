# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# Flags of run, each seen where the kernel or the command sees it.
load helpers

ns() { hoy exec "$1" readlink "/proc/self/ns/$2"; }
run_ns() { hoy run --rm "$1" "$2" busybox readlink "/proc/self/ns/$3"; }
mask() { hoy run --rm "$@" busybox sed -n 's/^CapEff:\t//p' /proc/self/status; }

@test "namespaces: of the host, of another container, private" {
	hoy run -d --name owner --ipc shareable busybox sleep 100 >/dev/null
	is "$(run_ns --pid container:owner pid)" "$(ns owner pid)"
	is "$(run_ns --ipc container:owner ipc)" "$(ns owner ipc)"
	is "$(hoy run --rm --ipc container:owner busybox sh -c 'echo x >/dev/shm/f')" ""
	is "$(hoy exec owner cat /dev/shm/f)" "x" "the donor's /dev/shm is shared, too"
	is "$(run_ns --pid host pid)" "$(readlink /proc/self/ns/pid)"
	is "$(run_ns --ipc host ipc)" "$(readlink /proc/self/ns/ipc)"
	is "$(run_ns --uts host uts)" "$(readlink /proc/self/ns/uts)"
	is "$(run_ns --cgroupns host cgroup)" "$(readlink /proc/self/ns/cgroup)"
	for n in pid ipc uts cgroup; do
		[ "$(run_ns --cgroupns private "$n")" != "$(readlink "/proc/self/ns/$n")" ]
	done
	expect 0 hoy run --rm --ipc none busybox ls -d /dev/shm /dev/null || true
	[[ $output != */dev/shm* ]]
}

@test "namespaces: what cannot be joined" {
	hoy run -d --name private --ipc private busybox sleep 100 >/dev/null
	expect 125 hoy run --rm --ipc container:private busybox true
	one_line_error "non-shareable IPC"
	for flag in --pid --ipc --uts --cgroupns --userns; do
		expect 125 hoy run --rm $flag nonsense busybox true
		one_line_error "nonsense"
	done
	expect 125 hoy run --rm --pid container:no-such busybox true
	one_line_error "No such container: no-such"
	expect 125 hoy run --rm --network container:private -h name busybox true
	one_line_error "conflicting options: hostname and the network mode"
	hoy stop -t 0 private >/dev/null
	expect 125 hoy run --rm --pid container:private busybox true
	one_line_error "non running container"
}

@test "capabilities: exact masks" {
	is "$(mask)" 00000000a80425fb
	is "$(mask --cap-drop ALL)" 0000000000000000
	is "$(mask --cap-drop ALL --cap-add NET_ADMIN --cap-add cap_chown)" 0000000000001001
	is "$(mask --cap-drop MKNOD --cap-drop CAP_CHOWN)" 00000000a00425fa
	is "$(mask -u 1000)" 0000000000000000
	last=$(cat /proc/sys/kernel/cap_last_cap)
	own=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	! rootless || own=ffffffffffffffff # of its user namespace everybody has all
	is "$(mask --privileged)" "$(printf '%016x' $(((1 << (last + 1)) - 1 & 0x$own)))"
	expect 125 hoy run --rm --cap-add NONSENSE busybox true
	one_line_error "invalid CapAdd: unknown capability: \"NONSENSE\""
}

@test "--privileged: every device, its own ptmx, nothing hidden, no seccomp" {
	expect 0 hoy run --rm --privileged busybox sh -c 'ls -l /dev/ptmx; sed -n "s/^Seccomp:\t//p" /proc/self/status; ls /dev'
	like "${lines[0]}" "/dev/ptmx -> pts/ptmx"
	is "${lines[1]}" 0
	like "$output" $'\nkmsg\n'
	expect 0 hoy run --rm busybox sh -c 'sed -n "s/^Seccomp:\t//p" /proc/self/status; ls /dev'
	is "${lines[0]}" 2
	[[ $output != *kmsg* ]]
	hoy run -d --name plain busybox sleep 100 >/dev/null
	full=$(hoy exec --privileged plain sed -n 's/^CapEff:\t//p' /proc/self/status)
	is "$full" "$(mask --privileged)"
}

@test "--device, --device-cgroup-rule" {
	is "$(hoy run --rm --device /dev/zero:/dev/nothing busybox sh -c 'head -c 3 /dev/nothing | wc -c')" 3
	if [ -c /dev/fuse ] && ! rootless; then # of those that a container may not open by itself
		expect 1 hoy run --rm --device /dev/fuse:/dev/k:r busybox sh -c 'echo x >/dev/k'
		like "$stderr" "Operation not permitted"
		expect 1 hoy run --rm --cap-add MKNOD busybox sh -c 'mknod /k c 10 229 && head -c 0 /k'
		like "$stderr" "Operation not permitted"
		expect 0 hoy run --rm --cap-add MKNOD --device-cgroup-rule 'c 10:229 rwm' busybox sh -c 'mknod /k c 10 229 && head -c 0 /k'
	fi
	expect 125 hoy run --rm --device /nonexistent busybox true
	one_line_error "/nonexistent"
	expect 125 hoy run --rm --device-cgroup-rule nonsense busybox true
	one_line_error "nonsense"
}

@test "--group-add, --ulimit, --sysctl, --shm-size, --oom-score-adj" {
	is "$(hoy run --rm -u 1000 --group-add 55 --group-add 66 busybox sed -n 's/^Groups:\t//p' /proc/self/status | tr -s ' ')" "0 55 66 "
	is "$(hoy run --rm --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn' | tr '\n' ' ')" "100 200 "
	is "$(hoy run --rm --sysctl kernel.shmmax=12345 busybox cat /proc/sys/kernel/shmmax)" 12345
	is "$(hoy run --rm --shm-size 7m busybox df /dev/shm | awk 'NR == 2 {print $2}')" 7168
	is "$(hoy run --rm --oom-score-adj 77 busybox cat /proc/self/oom_score_adj)" 77
	hoy run -d --name score --oom-score-adj 77 busybox sleep 1000 >/dev/null
	is "$(hoy exec score cat /proc/self/oom_score_adj)" 77
	is "$(hoy exec -u 1000 score cat /proc/self/oom_score_adj)" 77
	hoy run -d --name own busybox sleep 1000 >/dev/null
	is "$(hoy exec own cat /proc/self/oom_score_adj /proc/1/oom_score_adj)" "$(cat /proc/self/oom_score_adj /proc/self/oom_score_adj)"
	expect 125 hoy run --rm --group-add no-such busybox true
	one_line_error "unable to find group no-such"
	expect 125 hoy run --rm --ulimit nofile=300:200 busybox true
	like "$stderr" "ulimit soft limit must be less than or equal to hard limit"
	expect 125 hoy run --rm --sysctl kernel.panic=1 busybox true
	one_line_error "kernel.panic"
}

@test "--tmpfs: options" {
	is "$(hoy run --rm --tmpfs /t:size=1m,mode=1770,uid=5 busybox stat -c '%a %u' /t)" "1770 5"
	like "$(hoy run --rm --tmpfs /t busybox grep ' /t ' /proc/mounts)" "rw,nosuid,nodev,noexec"
	expect 1 hoy run --rm --tmpfs /t:ro busybox touch /t/x
	like "$stderr" "Read-only"
	is "$(hoy run --rm --mount type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=0700 busybox stat -c %a /t)" 700
	expect 125 hoy run --rm --tmpfs /t:nonsense=1 busybox true
	one_line_error "nonsense"
	expect 125 hoy run --rm --tmpfs relative busybox true
	one_line_error "must be absolute"
}

@test "-v and --mount: options, propagation, what contradicts" {
	dir=$BATS_TEST_TMPDIR/dir
	mkdir -p "$dir"
	propagation() { hoy run --rm "$@" busybox awk '$5 == "/m" {print $7}' /proc/self/mountinfo; }
	is "$(propagation -v "$dir:/m")" "-"
	like "$(propagation -v "$dir:/m:rshared")" "shared:"
	like "$(propagation --mount "type=bind,src=$dir,dst=/m,bind-propagation=shared")" "shared:"
	for bad in "$dir:/m:nonsense" "$dir:relative" "$dir:/m:ro:rw" "$dir:/" "$dir:/m:nocopy" "some/name:/m" "vol:/m:rshared"; do
		expect 125 hoy run --rm -v "$bad" busybox true
		one_line_error .
	done
	expect 125 hoy run --rm -v "$dir:/m" --tmpfs /m busybox true
	one_line_error "Duplicate mount point: /m"
	expect 125 hoy run --rm --mount type=volume,dst=/m,volume-opt=type=tmpfs busybox true
	one_line_error 'option "type" of the local volume driver is not supported'
	is "$(hoy volume ls -q)" "" "nothing is left of what failed"
}

@test "volumes: nocopy, --volumes-from :ro" {
	is "$(hoy run --rm -v copied:/etc busybox ls /etc/passwd)" "/etc/passwd"
	expect 1 hoy run --rm -v empty:/etc:nocopy busybox ls /etc/passwd
	hoy volume rm copied empty >/dev/null
	hoy create --name giver -v gv:/data busybox true >/dev/null
	hoy run --rm --volumes-from giver busybox touch /data/x
	expect 1 hoy run --rm --volumes-from giver:ro busybox touch /data/y
	like "$stderr" "Read-only"
	expect 125 hoy run --rm --volumes-from giver:nonsense busybox true
	one_line_error "nonsense"
	hoy rm giver >/dev/null
	hoy volume rm gv >/dev/null
}

@test "--init: orphans are reaped" {
	is "$(hoy run --rm --init busybox sh -c 'for i in $(seq 100); do (true & ) ; done; sleep 0.3; ps -o stat | grep -c Z')" 0
	is "$(hoy run --rm --init busybox sh -c 'cat /proc/1/comm')" "docker-init"
}

@test "limits: cpus, cpuset, swap, shares, io" {
	needs_limits
	hoy run -d --name lim --cpus 1.5 --cpuset-cpus 0 -m 64m --cpu-shares 512 busybox sleep 100 >/dev/null
	is "$(hoy inspect -f '{{.HostConfig.MemorySwap}}' lim)" 134217728 "twice the memory, when not said"
	if [ -d /sys/fs/cgroup/memory ]; then
		is "$(cgroup_file lim cpu cpu.cfs_quota_us)" 150000
		is "$(cgroup_file lim cpuset cpuset.cpus)" 0
		is "$(cgroup_file lim cpu cpu.shares)" 512
	fi
	for bad in "--cpus 0.001" "--cpus 1000" "--cpuset-cpus 9999" "--cpuset-cpus x" "-m 5m" "--memory-swap 64m" \
		"-m 64m --memory-swap 32m" "-m 32m --memory-reservation 64m" "--memory-swappiness 101" \
		"--blkio-weight 5" "--oom-score-adj 1001" "--cpus 1 --cpu-quota 5000"; do
		# shellcheck disable=SC2086 # several words
		expect 125 hoy run --rm $bad busybox true
		one_line_error .
	done
}

@test "--platform: the image's own, or a clear no" {
	expect 0 hoy run --rm --platform linux busybox true
	arch=$(hoy image inspect -f '{{.Architecture}}' busybox)
	expect 0 hoy run --rm --platform "linux/$arch" busybox true
	expect 125 hoy run --rm --platform linux/s390x busybox true
	one_line_error "does not match the specified platform: wanted linux/s390x, actual: linux/$arch"
	expect 125 hoy run --rm --platform nonsense busybox true
	one_line_error "unknown operating system or architecture"
}

@test "-p: networks none and host publish nothing; it is kept" {
	hoy create --name pub --network none -p 8080:80 -P busybox true >/dev/null
	is "$(hoy inspect -f '{{json .HostConfig.PortBindings}} {{.HostConfig.PublishAllPorts}}' pub)" '{"80/tcp":[{"HostIp":"","HostPort":"8080"}]} true'
	expect 0 hoy run --rm --network host -p 80:80 busybox true
	one_line_error "Published ports are discarded when using host network mode"
	expect 125 hoy run --rm --network none -p nonsense busybox true
	one_line_error "nonsense"
	expect 125 hoy run --rm --network container:pub -p 80:80 busybox true
	one_line_error "conflicting options: port publishing"
}

@test "files of labels and variables: Docker's rules" {
	printf '# no\n\nl1=v1\nbare\n  l2=a=b\n' >"$BATS_TEST_TMPDIR/labels"
	hoy create --name lab --label-file "$BATS_TEST_TMPDIR/labels" -l alone busybox true >/dev/null
	is "$(hoy inspect -f '{{json .Config.Labels}}' lab | jq -cS .)" '{"alone":"","l1":"v1","l2":"a=b"}'
	printf 'A="quoted"\nB=x#y\nC= v \n' >"$BATS_TEST_TMPDIR/env"
	expect 0 hoy run --rm --env-file "$BATS_TEST_TMPDIR/env" busybox env
	like "$output" $'\nA="quoted"\n'
	like "$output" $'\nB=x#y\n'
	like "$output" $'\nC= v \n'
	printf 'A B=1\n' >"$BATS_TEST_TMPDIR/env"
	expect 125 hoy run --rm --env-file "$BATS_TEST_TMPDIR/env" busybox true
	one_line_error "contains whitespaces"
}

@test "--annotation, --entrypoint \"\", --pull, --stop-timeout, -d --rm" {
	hoy create --name an --annotation a=b --stop-timeout 3 busybox true >/dev/null
	is "$(hoy inspect -f '{{index .HostConfig.Annotations "a"}} {{.Config.StopTimeout}}' an)" "b 3"
	is "$(hoy run --rm --entrypoint "" busybox echo x)" "x"
	is "$(hoy run --rm --pull never busybox echo x)" "x"
	expect 125 hoy run --rm --pull never no-such-image
	one_line_error "Unable to find image 'no-such-image"
	expect 125 hoy run --rm --pull nonsense busybox true
	one_line_error "nonsense"
	expect 125 hoy run --rm --health-cmd true --health-interval 1us busybox true
	one_line_error "Interval in Healthcheck cannot be less than 1ms"
}

@test "what says that this is a container" {
	is "$(hoy run --rm busybox ls /.dockerenv)" "/.dockerenv"
	hoy run --name marked busybox sh -c 'echo x >/x'
	is "$(hoy diff marked)" "A /x"
	hoy commit marked marked:1 >/dev/null
	is "$(hoy save marked:1 | tar -xO --wildcards 'blobs/sha256/*' 2>/dev/null | grep -a -c dockerenv)" 0
	hoy rmi marked:1 >/dev/null
}

@test "the default network is none, which is said once for each root" {
	root=$BATS_TEST_TMPDIR/root
	hoy --root "$root" load -q -i "$HOY_TEST_IMAGE" >/dev/null
	expect 0 hoy --root "$root" run --rm --network none busybox true
	is "$stderr" ""
	expect 0 hoy --root "$root" run --rm busybox ls /sys/class/net
	one_line_error "default network is none"
	is "$output" "lo"
	expect 0 hoy --root "$root" run --rm busybox true
	is "$stderr" ""
}
