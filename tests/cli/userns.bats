# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# --userns: containers of the host's root in user namespaces. /etc/subuid is ours for the commands that read it.
load helpers

setup() {
	needs_root "a normal user's containers are in a user namespace anyway"
	[ -e /etc/subuid ] && [ -e /etc/subgid ] || skip "no /etc/subuid to put ours over"
	echo "hoy:1000000:200000" >"$BATS_TEST_TMPDIR/ids"
}

with_ids() {
	unshare -m --propagation slave bash -c \
		'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && exec hoy "$@"' \
		"$BATS_TEST_TMPDIR/ids" "$@"
}

first() { hoy exec "$1" awk '{print $2}' /proc/self/uid_map; }

@test "userns auto: ids of its own, the image's files are root's, nothing is chowned" {
	with_ids run -d --name one --userns auto -v data:/data busybox sleep 100 >/dev/null
	with_ids run -d --name two --userns auto:size=1000 busybox sleep 100 >/dev/null
	is "$(first one)" 1065536 "the first 65536 are those of remap"
	is "$(first two)" 1131072
	is "$(hoy exec two awk '{print $3}' /proc/self/uid_map)" 1000
	is "$(hoy exec one sh -c 'stat -c %u:%g /bin/busybox /etc/hosts /data; echo x >/data/f; stat -c %u /data/f; id -u')" \
		$'0:0\n0:0\n0:0\n0\n0'
	is "$(hoy exec -u 33:34 one id)" "uid=33 gid=34 groups=34"
	is "$(stat -c %u "$(hoy volume inspect -f '{{.Mountpoint}}' data)/f")" 0 "a volume's owner on disk"
	expect 125 with_ids run --rm --userns auto:size=100000 busybox true
	one_line_error "no 100000 ids are free"
	hoy rm -f one >/dev/null
	with_ids run -d --name three --userns auto busybox sleep 100 >/dev/null
	is "$(first three)" 1065536 "what was freed is used again"
}

@test "userns: what is written outlives a restart and is an image's like any other" {
	with_ids run -d --name cc --userns auto busybox sleep 100 >/dev/null
	hoy exec cc sh -c 'echo hello >/etc/new; chown 5:6 /etc/new; rm /etc/passwd'
	hoy restart -t 0 cc >/dev/null
	is "$(hoy exec cc stat -c %u:%g /etc/new)" 5:6
	like "$(hoy diff cc)" "D /etc/passwd"
	hoy commit cc changed >/dev/null
	is "$(hoy run --rm changed stat -c %u:%g /etc/new)" 5:6 "in a container without a namespace"
	is "$(hoy cp cc:/etc/new - | tar tvn | awk '{print $2}')" 5/6 "while it runs, its ids are no others"
	is "$(hoy export cc | tar tvn etc/new | awk '{print $2}')" 5/6
	expect 1 hoy cp /etc/hostname cc:/tmp/
	one_line_error "runs in a user namespace: stop it to copy into it"
	hoy stop -t 0 cc >/dev/null
	hoy cp /etc/hostname cc:/tmp/
	is "$(hoy cp cc:/etc/new - | tar tvn | awk '{print $2}')" 5/6
}

@test "userns: host folders are not mapped, but with :idmap" {
	mkdir "$BATS_TEST_TMPDIR/host"
	touch "$BATS_TEST_TMPDIR/host/f"
	is "$(with_ids run --rm --userns remap -v "$BATS_TEST_TMPDIR/host:/h" busybox stat -c %u /h/f)" 65534
	is "$(with_ids run --rm --userns remap -v "$BATS_TEST_TMPDIR/host:/h:idmap" busybox sh -c 'touch /h/g; stat -c %u /h/f')" 0
	is "$(stat -c %u "$BATS_TEST_TMPDIR/host/g")" 0
}

@test "userns: Docker's conflicts, unknown modes, missing ranges" {
	for flag in --privileged "--network host" "--pid host" "--ipc host"; do
		# shellcheck disable=SC2086 # two words
		expect 125 with_ids run --rm --userns auto $flag busybox true
		one_line_error "user namespaces"
	done
	for mode in bogus auto:size=0 auto:size=x remap: keep-id; do
		expect 125 with_ids run --rm --userns "$mode" busybox true
		one_line_error "invalid USER mode|normal users only"
	done
	expect 125 with_ids run --rm --userns remap:nobody busybox true
	one_line_error "/etc/subuid and /etc/subgid have none for user nobody"
	is "$(with_ids run --rm --userns host busybox cat /proc/self/uid_map | awk '{print $2}')" 0
}

@test "userns-remap in the configuration: for all that do not say host" {
	echo '{"userns-remap": "default"}' >"$BATS_TEST_TMPDIR/config.json"
	export HOY_CONFIG="$BATS_TEST_TMPDIR/config.json"
	is "$(with_ids run --rm busybox cat /proc/self/uid_map | awk '{print $2}')" 1000000
	is "$(with_ids run --rm --userns host --privileged busybox cat /proc/self/uid_map | awk '{print $2}')" 0
}

@test "--security-opt: mask and unmask" {
	is "$(hoy run --rm --security-opt mask=/etc/passwd:/etc/group busybox sh -c 'cat /etc/passwd /etc/group | wc -c')" 0
	is "$(hoy run --rm --security-opt unmask=/proc/timer_list busybox sh -c 'mount | grep -c timer_list')" 0
	is "$(hoy run --rm --security-opt unmask=ALL busybox sh -c 'mount | grep -c "on /proc/"')" 0
	expect 125 hoy run --rm --security-opt mask=etc busybox true
	one_line_error "paths are absolute"
}

# Where the host's /proc has something mounted in it, the kernel lets no user namespace mount a whole one. The host's own
# is no substitute: it shows the host's processes.
@test "userns: a /proc that cannot be mounted is an error, not the host's" {
	expect 125 unshare -m --propagation private bash -c \
		'mount --bind "$0" /etc/subuid && mount --bind "$0" /etc/subgid && mount --bind /dev/null /proc/uptime && exec hoy "$@"' \
		"$BATS_TEST_TMPDIR/ids" run --rm --userns auto --security-opt systempaths=unconfined \
		busybox ls /proc
	one_line_error "mount on /proc: .*Operation not permitted"
	leftovers
}
