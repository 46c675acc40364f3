# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr, host are set elsewhere
# What comes into a running container later, and what it finds there.

load helpers
load hostile

@test "CVE-2024-21626: exec in a working directory that is one of our file descriptors" {
	hoy run -d --name cwd busybox sleep 1000 >/dev/null
	hoy exec cwd ln -s /proc/self/fd /fds
	for n in {3..64}; do
		for dir in /proc/self/fd /fds; do
			run hoy exec -w "$dir/$n" cwd cat "../../../../../../../../..$host/file"
			[ "$status" != 0 ] || { echo "fd $n: $output"; return 1; }
			[[ $output != *untouched* ]]
		done
	done
	host_untouched
}

@test "CVE-2024-21626: an executed process has no file of ours open" {
	fds='for p in 1 $$; do for i in $(seq 0 255); do if [ -L /proc/$p/fd/$i ]; then echo $i; fi; done; done | sort -nu | xargs'
	hoy run -d --name fds busybox sleep 1000 >/dev/null
	is "$(hoy exec fds sh -c "$fds")" "0 1 2" "exec"
	is "$(hoy exec --privileged -i fds sh -c "$fds" </dev/null)" "0 1 2" "exec --privileged -i"
	is "$("${BATS_TEST_DIRNAME}/pty" 24x80 -- hoy exec -it fds sh -c "$fds" 2>&1 | tr -d '\r')" "0 1 2" "exec -it"
	hoy exec -d fds sh -c "$fds >/detached"
	eventually hoy exec fds grep -q . /detached
	is "$(hoy exec fds cat /detached)" "0 1 2" "exec -d"
	# and none that leads to a directory
	run hoy exec fds sh -c 'ls -l /proc/1/fd | grep " -> /[^d]"'
	is "$output" ""
}

@test "CVE-2025-52881, CVE-2025-62596: exec where the container laid files of its own over /proc and /dev" {
	hoy run -d --name covered --cap-add SYS_ADMIN --security-opt seccomp=unconfined busybox sleep 1000 >/dev/null
	hoy exec covered sh -c '
		mount -t tmpfs none /proc && mkdir -p /proc/self/attr /proc/self/fd /proc/1/attr
		for f in self/attr/exec self/uid_map self/setgroups self/oom_score_adj; do echo own >/proc/$f; done
		ln -s '"$host/file"' /proc/self/attr/apparmor
		mount -t tmpfs none /dev && ln -s '"$host/file"' /dev/null'
	is "$(hoy exec covered echo ran)" ran
	is "$(hoy exec -u 1000:1000 covered id -u)" 1000
	run timeout 20 hoy exec -t covered echo ran # its devpts is gone: refused, or a terminal of its own
	[ "$status" != 124 ]
	is "$(hoy exec covered sh -c 'cat /proc/self/attr/exec /proc/self/oom_score_adj' | sort -u)" own "we wrote into its files"
	host_untouched
}

@test "CVE-2024-9676: exec -u with accounts that are links, FIFOs and devices" {
	echo 'evil:x:4242:4242::/:/bin/sh' >"$host/passwd"
	remember
	hoy run -d --name users busybox sleep 1000 >/dev/null
	for make in "ln -s $host/passwd /etc/passwd" "mkfifo /etc/passwd" "ln -s /proc/1/fd/0 /etc/passwd" \
		"ln -s /dev/zero /etc/passwd" "mkdir /etc/passwd"; do
		hoy exec users sh -c "rm -rf /etc/passwd; $make"
		run timeout 20 hoy exec -u evil users true
		[ "$status" = 126 ] || { echo "$make: exit code $status $output"; return 1; }
	done
	host_untouched
}

@test "CVE-2022-1227: top runs nothing of the container, and its names stay text" {
	image top <<-EOF
		file bin/ps #!/bin/sh\ntouch /pwned\n
		file usr/bin/ps #!/bin/sh\ntouch /pwned\n
		file usr/bin/nsenter #!/bin/sh\ntouch /pwned\n
	EOF
	hoy run -d --name top top sh -c 'printf "\033]0;evil\007\n" >/proc/self/comm; while :; do sleep 1; done' >/dev/null
	for opts in "" "-o pid,comm" "aux"; do
		# shellcheck disable=SC2086 # words
		run hoy top top $opts
		is "$status" 0
		is "$(tr -d '\n\t -~' <<<"$output" | od -An -c)" "" "control characters in top $opts"
	done
	expect 1 hoy exec top test -e /pwned
}

@test "a racing exec and end of a container: neither hangs, and the host's processes live" {
	sleep 1000 &
	bystander=$!
	hoy run -d --name short busybox sh -c 'sleep 0.2' >/dev/null
	for _ in {1..10}; do
		hoy start short
		for _ in {1..4}; do
			timeout 20 hoy exec short sleep 100 >/dev/null 2>&1 || [ $? != 124 ] || return 1
		done
	done
	kill -0 $bystander
	kill $bystander
}
