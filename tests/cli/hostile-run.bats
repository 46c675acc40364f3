# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr, host are set elsewhere
# Images that attack whoever runs them, and containers that attack their monitor.

load helpers
load hostile

@test "CVE-2019-5736: our program cannot be overwritten through /proc/PID/exe" {
	monitor=${HOY%/bin/hoy}/libexec/hoy/hoy-monitor
	before=$(sha256sum "$monitor")
	image evil -c 'ENTRYPOINT ["/evil"]' <<-EOF
		file evil #!/proc/self/exe\n
		host attack $attack
	EOF
	# the kernel starts our own program as the container's: it ends at once, and has no rights to give away
	run -1 hoy run --rm evil
	hoy run -d --name racer --cap-add SYS_PTRACE --entrypoint sh evil -c '/attack exe /stop >/said; sleep 1000' >/dev/null
	pid=$(hoy inspect -f '{{.State.Pid}}' racer)
	parent=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
	is "$(cat "/proc/$parent/comm")" hoy-monitor
	for _ in {1..60}; do
		hoy exec racer true
		hoy exec racer /evil || true
	done
	hoy exec racer touch /stop
	eventually hoy exec racer grep -q opens /said
	said=$(hoy exec racer cat /said)
	like "$said" '^opens [0-9]{4,}, erofs [1-9][0-9]*, wrote 0$' # it did get at our program, and often enough
	# with every right there is: not a busy file only, but one on a read-only mount
	run hoy run --rm --pid host --cap-add ALL busybox sh -c "true >/proc/$parent/exe"
	like "$output" 'Read-only file system'
	is "$(sha256sum "$monitor")" "$before"
	host_untouched
}

@test "CVE-2019-19921, CVE-2023-28642, CVE-2025-52565, CVE-2026-41579: /proc, /dev, /sys and what is in them as links to the host" {
	for names in proc sys dev "dev/pts dev/shm dev/null dev/console dev/ptmx" "etc/hosts etc/hostname etc/resolv.conf"; do
		for target in "$host/file" "../../../../../../..$host/new" /proc/1/root/etc; do
			# shellcheck disable=SC2086 # words
			image links < <(printf "link %s $target\n" $names)
			run --separate-stderr timeout 20 hoy run --rm -t links sh -c '
				case $(stat -c %t:%T /dev/null) in 1:3) ;; *) echo NULL; esac
				[ -e /proc/self/mounts ] || echo PROC
				for f in /dev/null /dev/console /dev/pts/0 /etc/hosts /sys/x /dev/x; do echo evil >$f; done 2>/dev/null
				echo ran'
			case $status in
			0) like "$output" '^[^A-Z]*ran' "$names -> $target" ;;
			125) one_line_error '^hoy: ' ;;
			*) echo "$names -> $target: exit code $status: $output $stderr"; return 1 ;;
			esac
			host_untouched
		done
	done
}

@test "CVE-2024-9676: users and groups from links, FIFOs and endless files" {
	echo 'evil:x:4242:4242::/:/bin/sh' >"$host/passwd"
	remember
	image users <<<"link etc/passwd $host/passwd"
	expect 125 timeout 20 hoy run --rm -u evil users true
	one_line_error 'evil'
	image users <<<"link etc/passwd ../../../../../../../../../../..$host/passwd"
	expect 125 timeout 20 hoy run --rm -u evil users true
	for name in passwd group; do
		image users <<<"fifo etc/$name"
		expect 0 timeout 20 hoy run --rm users true
		expect 125 timeout 20 hoy run --rm -u evil:evil users true
		one_line_error '^hoy: '
	done
	image users <<<'big etc/passwd 100'
	expect 125 timeout 20 hoy run --rm -u evil users true
	one_line_error '^hoy: '
	host_untouched
}

@test "FIFOs where files of ours are mounted do not make anyone wait" {
	image fifos <<-'EOF'
		fifo etc/hosts
		fifo etc/hostname
		fifo etc/resolv.conf
		fifo sbin/docker-init
	EOF
	expect 0 timeout 20 hoy run --rm --init fifos cat /etc/hosts
	like "$output" localhost
}

@test "CVE-2024-21626: run in a working directory that is one of our file descriptors" {
	for n in {3..64}; do
		run hoy run --rm -w "/proc/self/fd/$n" busybox cat "../../../../../../../../..$host/file"
		[ "$status" != 0 ] || { echo "fd $n: $output"; return 1; }
		[[ $output != *untouched* ]]
	done
	image cwd -c 'WORKDIR /proc/self/fd/4' <<<'none x'
	expect 125 hoy run --rm cwd true
	one_line_error '^hoy: '
	image cwd -c 'WORKDIR /w' <<<'link w /proc/self/fd/4'
	run hoy run --rm cwd pwd
	[ "$status" != 0 ]
	host_untouched
}

@test "CVE-2024-21626: a process has no file of ours open" {
	fds='for p in 1 $$; do for i in $(seq 0 255); do if [ -L /proc/$p/fd/$i ]; then echo $i; fi; done; done | sort -nu | xargs'
	for opts in "" -i -t --init --privileged; do
		# shellcheck disable=SC2086 # no word or one
		is "$(hoy run --rm $opts busybox sh -c "$fds" </dev/null | tr -d '\r')" "0 1 2" "run $opts"
	done
}

@test "CVE-2020-15257: no abstract sockets" {
	hoy run -d --name socket --network host -v "$attack:/attack:ro" busybox sleep 1000 >/dev/null
	is "$(hoy exec socket /attack unix)" ""
	is "$("$attack" unix)" "" # nor ours, outside
	is "$(stat -c %a "$HOY_RUN_ROOT/$(hoy inspect -f '{{.Id}}' socket)/control")" 600
}

@test "CVE-2021-41091, CVE-2021-21284: no other user reaches what containers and layers hold" {
	hoy run -d --name setuid busybox sh -c 'cp /bin/busybox /root-shell; chmod 4755 /root-shell; sleep 1000' >/dev/null
	is "$(stat -c %a "$HOY_ROOT")" 710
	is "$(stat -c %a "$HOY_RUN_ROOT")" 700
	is "$(stat -c %a "$HOY_ROOT/containers/$(hoy inspect -f '{{.Id}}' setuid)" | grep -c '0$')" 1 "others may enter"
	cd "$HOY_TEST_HOST"
	for path in root/containers root/layers root/volumes root/db.sqlite root/index.json root/. run; do
		run setpriv --reuid 1000 --regid 1000 --clear-groups ls "$path/."
		[ "$status" != 0 ] || { echo "$path: $output"; return 1; }
	done
	run setpriv --reuid 1000 --regid 1000 --clear-groups hoy --root "$HOY_ROOT" ps
	[ "$status" != 0 ]
}

@test "a place of our programs where others may write is refused" {
	cp -r "${HOY%/bin/hoy}/libexec/hoy" "$BATS_TEST_TMPDIR/programs"
	HOY_LIBEXECDIR=$BATS_TEST_TMPDIR/programs expect 0 hoy run --rm busybox true
	chmod 777 "$BATS_TEST_TMPDIR/programs"
	HOY_LIBEXECDIR=$BATS_TEST_TMPDIR/programs expect 125 hoy run --rm busybox true
	one_line_error 'others may write to it'
}

@test "CVE-2024-21626: a hook has no file of ours open" {
	bundle=$BATS_TEST_TMPDIR/bundle
	mkdir -p "$bundle/rootfs"
	tar -C "$bundle/rootfs" -xf "$HOY_TEST_HOST/rootfs.tar"
	mkdir "$bundle/rootfs/said"
	(cd "$bundle" && hoy-oci spec)
	python3 - "$bundle" <<-'EOF'
		import json, sys
		path = sys.argv[1] + "/config.json"
		c = json.load(open(path))
		c["process"].update(args=["true"], terminal=False)
		c["root"]["readonly"] = False
		c["hooks"] = {}
		for name in "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop":
		    to = "/said/" if name == "startContainer" else sys.argv[1] + "/rootfs/said/"
		    # what the shell opens for itself, to write there and to read the directory, is not there yet
		    list = "set -- /proc/self/fd/*; echo $* | sed 's,[^ ]*/,,g' >" + to + name
		    c["hooks"][name] = [{"path": "/bin/sh", "args": ["sh", "-c", list]}]
		json.dump(c, open(path, "w"))
	EOF
	hoy-oci --root "$BATS_TEST_TMPDIR/oci" run --bundle "$bundle" hooked
	for name in prestart createRuntime createContainer startContainer poststart poststop; do
		like "$(cat "$bundle/rootfs/said/$name")" '^0 1 2( 3)?$' "$name" # 3: the shell's own
	done
}
