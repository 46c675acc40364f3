# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154,SC2016 # output, stderr, lines and status are set by run, in expect; $ is the container's
#
# What only a normal user meets: tests/cli/run --rootless runs this file.
load helpers

setup() {
	rootless || skip "for a normal user: tests/cli/run --rootless"
}

monitor_of() { # NAME: the pid of its monitor
	local pid
	pid=$(hoy inspect -f '{{.State.Pid}}' "$1")
	sed -n 's/^PPid:\t//p' "/proc/$pid/status"
}

userns_of() { readlink "/proc/$(monitor_of "$1")/ns/user"; }

# A user without ranges of ids: of a namespace of our own, where /etc/subuid is empty. In it, root and run folder
# are others.
without_ranges() { # COMMAND…
	: >"$BATS_TEST_TMPDIR/none"
	env HOY_ROOT="$BATS_TEST_TMPDIR/root" HOY_RUN_ROOT="$BATS_TEST_TMPDIR/run" \
		unshare -Urm sh -c 'mount --bind "$0" /etc/subuid && exec unshare -U --map-user=1000 --map-group=1000 "$@"' \
		"$BATS_TEST_TMPDIR/none" "$@"
}

@test "the user is root in the container, and the ranges of /etc/subuid follow" {
	expect 0 hoy run --rm busybox cat /proc/self/uid_map /proc/self/gid_map
	range=$(sed -n "s/^$USER:\([0-9]*\):.*/\1/p" /etc/subuid)
	is "$(tr -s ' ' <<<"$output")" \
		" 0 $(id -u) 1"$'\n'" 1 $range 65536"$'\n'" 0 $(id -g) 1"$'\n'" 1 $range 65536"
	mkdir "$BATS_TEST_TMPDIR/v"
	chmod 777 "$BATS_TEST_TMPDIR/v"
	hoy run --rm -v "$BATS_TEST_TMPDIR/v:/v" busybox touch /v/root
	hoy run --rm -v "$BATS_TEST_TMPDIR/v:/v" -u 1000:100 busybox touch /v/user
	is "$(stat -c %u "$BATS_TEST_TMPDIR/v/root")" "$(id -u)"
	is "$(stat -c %u:%g "$BATS_TEST_TMPDIR/v/user")" "$((range + 999)):$((range + 99))"
	hoy run --rm -v "$BATS_TEST_TMPDIR/v:/v" busybox rm /v/user
}

@test "no right over the host: its files, its devices, its network" {
	[ ! -r /etc/shadow ]
	expect 1 hoy run --rm --privileged -v /etc:/host busybox cat /host/shadow
	like "$stderr" "Permission denied"
	expect 1 hoy run --rm --privileged -v /etc:/host busybox touch /host/x
	expect 2 hoy run --rm --privileged --network host busybox ip link add hoyx type dummy
	expect 1 hoy run --rm --privileged busybox mknod /tmp/null c 1 3
	expect 1 hoy run --rm --privileged busybox sh -c 'echo 1 >/proc/sys/vm/drop_caches'
}

@test "all processes share one user namespace, also when many start at once" {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		hoy run -d --name "one$i" busybox sleep 100 >/dev/null &
		pids+=($!)
	done
	wait "${pids[@]}"
	ns=$(userns_of one1)
	for i in 2 3 4 5 6; do
		is "$(userns_of "one$i")" "$ns"
	done
	[ "$ns" != "$(readlink /proc/self/ns/user)" ]
	# Those who come later, also when the first are gone.
	hoy rm -f one1 one2 >/dev/null
	hoy run -d --name later busybox sleep 100 >/dev/null
	is "$(userns_of later)" "$ns"
	expect 0 hoy run --rm --network container:one3 --pid container:one3 busybox ps
	like "$output" "sleep 100"
	echo text >"$BATS_TEST_TMPDIR/f"
	hoy cp "$BATS_TEST_TMPDIR/f" one4:/f
	is "$(hoy exec one4 cat /f)" text
	is "$(hoy cp one4:/f - | tar xO)" text
}

@test "the next namespace has the same files" {
	hoy volume create kept >/dev/null
	hoy run --name first -v kept:/v busybox sh -c 'echo a >/v/f; chown 1234:5678 /v/f; echo b >/g; chown 77 /g'
	sleep 0.2 # no process of ours lives any more
	is "$(hoy run --rm -v kept:/v busybox stat -c %u:%g /v/f)" 1234:5678
	hoy commit first again >/dev/null
	is "$(hoy run --rm again stat -c %u /g)" 77
	hoy rmi again >/dev/null
}

@test "an exit, a kill, a kill of the monitor" {
	expect 7 hoy run --rm busybox sh -c 'exit 7'
	hoy run -d --name k1 busybox sleep 100 >/dev/null
	hoy kill k1
	is "$(hoy wait k1)" 137
	hoy run -d --name k2 -u 1000 busybox sleep 100 >/dev/null
	pid=$(hoy inspect -f '{{.State.Pid}}' k2)
	kill -9 "$(monitor_of k2)"
	eventually test ! -d "/proc/$pid"
	eventually has_status k2 exited
	is "$(hoy inspect -f '{{.State.ExitCode}}' k2)" 137
}

@test "a process that outlived its monitor is found, and its own user namespace is not entered" {
	# Changing the user takes the parent-death signal away.
	hoy run -d --name left busybox su -s /bin/sleep nobody 100 >/dev/null
	pid=$(hoy inspect -f '{{.State.Pid}}' left)
	changed() { [ "$(stat -c %u "/proc/$pid")" = "$((range + 65533))" ]; }
	range=$(sed -n "s/^$USER:\([0-9]*\):.*/\1/p" /etc/subuid)
	eventually changed
	kill -9 "$(monitor_of left)"
	sleep 0.1
	[ -d "/proc/$pid" ]
	expect 0 hoy rm -f left
	eventually test ! -d "/proc/$pid"
	hoy run -d --name nested --security-opt seccomp=unconfined --cap-add SYS_ADMIN busybox \
		sh -c 'exec unshare -U sleep 100' >/dev/null
	pid=$(hoy inspect -f '{{.State.Pid}}' nested)
	eventually grep -q sleep "/proc/$pid/cmdline"
	kill -STOP "$pid"
	[ "$(readlink "/proc/$pid/ns/user")" != "$(userns_of nested)" ]
	ours=$(userns_of nested)
	echo "$pid $(awk '{ print $22 }' "/proc/$pid/stat")" >"$HOY_RUN_ROOT/userns" # the only one there is
	hoy run -d --name second busybox sleep 100 >/dev/null
	[ "$(userns_of second)" != "$(readlink "/proc/$pid/ns/user")" ]
	[ "$(userns_of second)" != "$ours" ]
	kill -CONT "$pid"
	hoy rm -f nested second >/dev/null
}

@test "namespaces of the host: network, pid, ipc, uts" {
	is "$(hoy run --rm --network host busybox readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
	expect 1 hoy run --rm --network host busybox touch /sys/x
	like "$stderr" "Read-only"
	expect 0 hoy run --rm --pid host busybox ls /proc/$$/status
	hoy run -d --name shares --network host --pid host --ipc host --uts host --cgroupns host busybox sleep 100 >/dev/null
	is "$(hoy exec shares readlink /proc/self/ns/ipc)" "$(readlink /proc/self/ns/ipc)"
	like "$(hoy top shares)" "sleep 100"
	expect 0 hoy stop -t 0 shares
}

@test "devices are bound, and those of an image are left out" {
	is "$(hoy run --rm --device /dev/zero:/dev/other busybox sh -c 'head -c 2 /dev/other | wc -c')" 2
	is "$(hoy run --rm busybox sh -c 'echo x >/dev/null && head -c 1 /dev/urandom | wc -c')" 1
	python3 - >"$BATS_TEST_TMPDIR/dev.tar" <<-'EOF'
		import io, sys, tarfile
		t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
		d = tarfile.TarInfo("sda"); d.type = tarfile.BLKTYPE; d.devmajor, d.devminor = 8, 0; t.addfile(d)
		f = tarfile.TarInfo("file"); t.addfile(f)
		t.close()
	EOF
	expect 0 hoy import "$BATS_TEST_TMPDIR/dev.tar" devices
	expect 0 hoy create --name dv devices /file
	is "$(hoy export dv | tar t | grep -E '^(sda|file)$')" file
	hoy rm dv >/dev/null
	hoy rmi devices >/dev/null
}

@test "owners and users beyond the ranges are named" {
	python3 - >"$BATS_TEST_TMPDIR/owner.tar" <<-'EOF'
		import sys, tarfile
		t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
		f = tarfile.TarInfo("far/file"); f.uid = 2000000; f.gid = 5; t.addfile(f)
		t.close()
	EOF
	expect 1 hoy import "$BATS_TEST_TMPDIR/owner.tar" far
	one_line_error "far/file: it belongs to 2000000:5.*/etc/subuid"
	expect 125 hoy run --rm -u 70000 busybox true
	one_line_error "user 70000 is not among the ids.*/etc/subuid"
}

@test "limits that cannot be kept are discarded with a warning" {
	! grep -q memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null || skip "they can be kept here"
	expect 0 hoy run --rm -m 64m --cpus 0.5 --pids-limit 10 busybox echo ok
	is "$output" ok
	is "$(grep -c 'WARNING: .* Limitation discarded' <<<"$stderr")" 3 "$stderr"
	expect 125 hoy run --rm -m 1m busybox true # what is wrong stays wrong
	expect 0 hoy run --rm --oom-score-adj -500 busybox cat /proc/self/oom_score_adj
	is "$output" "$(cat /proc/self/oom_score_adj)"
	is "$(hoy run --rm --oom-score-adj 500 busybox cat /proc/self/oom_score_adj)" 500
}

@test "no cgroup at all: everything but pause" {
	unshare -Urm sh -e -c '
		mount -t tmpfs t /sys/fs/cgroup
		export HOY_ROOT=$0/root HOY_RUN_ROOT=$0/run
		hoy load -q -i "$HOY_TEST_IMAGE"
		hoy run -d --name nocg busybox sh -c "sleep 100 & sleep 100; true"
		sleep 0.3
		hoy top nocg | grep -c sleep
		hoy exec nocg ls /sys/fs/cgroup
		hoy pause nocg && exit 1
		hoy kill nocg
		hoy wait nocg
		hoy rm nocg
	' "$BATS_TEST_TMPDIR" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" ||
		{ cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"; return 1; }
	is "$(sed 1d "$BATS_TEST_TMPDIR/out" | xargs)" "3 nocg 137 nocg"
	like "$(cat "$BATS_TEST_TMPDIR/err")" "has no cgroup"
}

@test "without ranges: one id, and the user is told once" {
	expect 0 without_ranges hoy load -q -i "$HOY_TEST_IMAGE"
	like "$stderr" "^WARNING: /etc/subuid has no range for .*one user id"
	expect 0 without_ranges hoy run --rm busybox id -u
	is "$output" 0
	[[ $stderr != *subuid* ]]
	expect 125 without_ranges hoy run --rm -u 1 busybox true
	one_line_error "user 1 is not among the ids"
	expect 0 without_ranges hoy run --rm -t busybox true
}

@test "a store of other ids, and a run folder of others, are refused" {
	mkdir -p "$BATS_TEST_TMPDIR/r"
	printf '0 %d 1\n1 999 65536\n\n0 %d 1\n' "$(id -u)" "$(id -g)" >"$BATS_TEST_TMPDIR/r/idmap"
	expect 1 env HOY_ROOT="$BATS_TEST_TMPDIR/r" hoy ps
	one_line_error "other ids.*/etc/subuid must give the range 999:65536"
	mkdir -m 777 "$BATS_TEST_TMPDIR/open"
	chmod 777 "$BATS_TEST_TMPDIR/open"
	expect 1 env HOY_RUN_ROOT="$BATS_TEST_TMPDIR/open" hoy ps
	one_line_error "run folder .*open: it must belong to the user"
	expect 1 env HOY_RUN_ROOT=/run hoy ps
	one_line_error "run folder /run: it must belong to the user"
}

@test "the folders of a user" {
	expect 0 env -u HOY_ROOT -u HOY_RUN_ROOT -u HOY_CONFIG hoy volume create there
	[ -d "$HOME/.local/share/hoy/volumes/there" ]
	is "$(stat -c %a "$XDG_RUNTIME_DIR/hoy")" 700
	expect 0 env -u HOY_ROOT -u HOY_RUN_ROOT XDG_DATA_HOME="$BATS_TEST_TMPDIR/data" hoy volume ls -q
	is "$output" ""
	[ -d "$BATS_TEST_TMPDIR/data/hoy" ]
	rm -rf "$HOME/.local/share/hoy"
}

# A web server with one page, published; and who must be gone when it ends.
serve() { # NETWORK FLAGS…
	local network=$1
	shift
	hoy run -d --name web --network "$network" "$@" busybox \
		sh -c 'mkdir -p /w && echo "a page" >/w/index.html && exec httpd -f -h /w -p 80' >/dev/null
}
page() { [ "$(busybox wget -qO- "http://$1/")" = "a page" ]; }
helper_of() { pgrep -P "$(monitor_of "$1")" -f "^$2 "; } # pasta changes its program, by the processor
no_process() { [ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"; }

published() { # NETWORK PROGRAM
	local pid
	[ -e /dev/net/tun ] || skip "no /dev/net/tun here"
	[ -x "/usr/bin/$2" ] || skip "$2 is not installed"
	serve "$1" -p 127.0.0.1:18080:80 -p 18081:80 -p 5353:53/udp -p 127.0.0.1::81
	is "$(hoy port web 80)" $'127.0.0.1:18080\n0.0.0.0:18081'
	is "$(hoy port web 53/udp)" 0.0.0.0:5353
	like "$(hoy port web 81)" '^127.0.0.1:[0-9]+$'
	like "$(hoy ps --format '{{.Ports}}')" '127.0.0.1:18080->80/tcp, 0.0.0.0:18081->80/tcp'
	is "$(hoy inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' web)" 18080
	eventually page 127.0.0.1:18080
	page 192.0.2.2:18081
	like "$(hoy exec web ip route)" "default via"
	is "$(hoy exec web grep -c nameserver /etc/resolv.conf)" 1
	# The ports are free when the end was told.
	pid=$(helper_of web "$2")
	hoy rm -f web >/dev/null
	serve "$1" -p 127.0.0.1:18080:80
	no_process "$pid"
	eventually page 127.0.0.1:18080
	pid=$(helper_of web "$2")
	hoy stop -t 0 web >/dev/null
	no_process "$pid"
	is "$(hoy port web)" ""
	hoy start web >/dev/null
	eventually page 127.0.0.1:18080
	# Nor does it outlive a monitor that is killed.
	pid=$(helper_of web "$2")
	kill -9 "$(monitor_of web)"
	eventually no_process "$pid"
	hoy rm -f web >/dev/null
	expect 125 hoy run --rm --network "$1" -p 1:1/sctp busybox true
	one_line_error "tcp and udp only"
}

@test "--network pasta: published ports, and its end" {
	published pasta pasta
	is "$(hoy run --rm --network pasta:--mtu,1300 busybox cat /sys/class/net/hoyup0/mtu)" 1300
}

@test "--network slirp4netns: published ports, and its end" {
	published slirp4netns slirp4netns
	is "$(hoy run --rm --network slirp4netns:mtu=1300 busybox cat /sys/class/net/tap0/mtu)" 1300
	expect 125 hoy run --rm --network slirp4netns:nonsense=1 busybox true
	one_line_error 'unknown slirp4netns option "nonsense=1"'
	serve slirp4netns -p 18082:80
	expect 125 hoy run --rm --network slirp4netns -p 18082:80 busybox true
	one_line_error "publish 0.0.0.0:18082"
}

@test "doctor: what a user lacks, and how to get it" {
	expect 0 hoy doctor
	like "$output" $'\nok    user namespaces: made one\n'
	like "$output" $'\nok    /etc/subuid: 65536 ids\n'
	like "$output" $'\nok    hoy-monitor: '
	is "$(hoy doctor --format json | jq -r 'select(.Name == "newuidmap") | .Status')" ok
	expect 0 without_ranges hoy doctor
	like "$output" "warn  /etc/subuid: 0 ids"
	like "$output" "usermod --add-subuids"
	expect 1 env HOY_ROOT=/proc/nowhere hoy doctor
	like "$output" "FAIL  store, attributes: /proc: "
	expect 1 unshare -Urm sh -c 'echo 0 >/proc/sys/user/max_user_namespaces
		mount -t tmpfs t /run; exec unshare -U --map-user=1000 hoy doctor'
}
