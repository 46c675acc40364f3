# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr are bats' own
# Images, archives and containers that attack the host. Tests are named after the published holes of other
# platforms that they would find here.

load helpers

# What must not change: a directory of the host with a file, and what the host has in /etc.
setup() {
	host=$HOY_TEST_HOST/sentinel
	rm -rf "$host"
	mkdir -p "$host/dir"
	echo untouched >"$host/file"
	sums=$(fingerprint)
}

fingerprint() {
	(cd "$host" && find . -printf '%p %y %m %U:%G %s %l\n' | sort)
	cat /proc/sys/kernel/core_pattern
	sha256sum "$host/file" /etc/passwd /etc/hosts /etc/hostname "${HOY%/bin/hoy}"/libexec/hoy/*
	stat -c '%n %F %a %t:%T' / /etc /dev /dev/null /tmp
}

host_untouched() {
	is "$(fingerprint)" "$sums" "the host changed"
}

# image NAME [KEY=VALUE]… <<<LINES: busybox and what the lines say, as `hoy import` takes it:
#   link NAME TARGET | hard NAME TARGET | fifo NAME | dir NAME | file NAME TEXT | big NAME MEGABYTES | none NAME
# What the image had under these names goes. Names are taken as they are: ".." and "/" may lead them.
image() {
	local name=$1
	shift
	tarball "$HOY_TEST_HOST/rootfs.tar" >"$BATS_TEST_TMPDIR/image.tar"
	hoy import "$@" "$BATS_TEST_TMPDIR/image.tar" "$name" >/dev/null
}

# tarball BASE.tar <LINES >TAR
tarball() {
	python3 -c '
import io, sys, tarfile
out = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
lines = [l.rstrip("\n").split(" ", 2) for l in sys.stdin if l.strip()]
names = [l[1].lstrip("/").rstrip("/") for l in lines]
with tarfile.open(sys.argv[1]) as base:
    for m in base:
        n = m.name.removeprefix("./")
        if not any(n == x or n.startswith(x + "/") for x in names):
            out.addfile(m, base.extractfile(m) if m.isreg() else None)
for kind, name, *rest in lines:
    t = tarfile.TarInfo(name)
    t.mode = 0o755
    data = b""
    if kind == "none":
        continue
    if kind == "big":
        data = bytes(int(rest[0]) << 20)
        t.size = len(data)
    elif kind == "file":
        data = rest[0].encode().decode("unicode_escape").encode()
        t.size = len(data)
    else:
        t.type = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "dir": tarfile.DIRTYPE}[kind]
        t.linkname = rest[0] if rest else ""
    out.addfile(t, io.BytesIO(data))
out.close()' "$1"
}

setup_file() {
	hoy create --name rootfs busybox true >/dev/null
	hoy export -o "$HOY_TEST_HOST/rootfs.tar" rootfs
	hoy rm rootfs >/dev/null
}

@test "CVE-2019-5736: our program cannot be overwritten through /proc/PID/exe" {
	monitor=${HOY%/bin/hoy}/libexec/hoy/hoy-monitor
	before=$(sha256sum "$monitor")
	image evil -c 'ENTRYPOINT ["/evil"]' <<-'EOF'
		file evil #!/proc/self/exe\n
		file race i=0; while [ ! -e /stop ]; do for p in /proc/[0-9]*; do true >$p/exe && echo WROTE; done; done; echo end
	EOF
	# the kernel starts our own program as the container's: it ends at once, and has no rights to give away
	run -1 hoy run --rm evil
	hoy run -d --name racer --cap-add SYS_PTRACE --entrypoint sh evil -c 'sh /race >/said 2>/errors; sleep 1000' >/dev/null
	pid=$(hoy inspect -f '{{.State.Pid}}' racer)
	parent=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
	is "$(cat "/proc/$parent/comm")" hoy-monitor
	for ((i = 0; i < 150; i++)); do
		hoy exec racer true
		hoy exec racer /evil || true
	done
	hoy exec racer touch /stop
	eventually hoy exec racer grep -q end /said
	is "$(hoy exec racer cat /said)" end "a write was not refused"
	hoy exec racer grep -q "Read-only file system" /errors # it did get at our program
	# with every right there is: not a busy file only, but one on a read-only mount
	run hoy run --rm --pid host --cap-add ALL busybox sh -c "true >/proc/$parent/exe"
	like "$output" 'Read-only file system'
	is "$(sha256sum "$monitor")" "$before"
	host_untouched
}

@test "CVE-2023-28642, CVE-2025-31133, CVE-2025-52565: /proc, /dev, /sys and what is in them as links to the host" {
	for name in proc sys dev dev/pts dev/shm dev/null dev/console dev/ptmx etc/hosts etc/hostname etc/resolv.conf; do
		for target in "$host/dir" "$host/file" "../../../../../../..$host/new" /proc/self/fd/4 /proc/1/root/etc; do
			image links <<<"link $name $target"
			run --separate-stderr timeout 20 hoy run --rm -t links sh -c '
				case $(stat -c %t:%T /dev/null) in 1:3) ;; *) echo NULL; esac
				[ -e /proc/self/mounts ] || echo PROC
				for f in /dev/null /dev/console /dev/pts/0 /etc/hosts /sys/x /dev/x; do echo evil >$f; done 2>/dev/null
				echo ran'
			case $status in
			0) like "$output" '^[^A-Z]*ran' "$name -> $target" ;;
			125) one_line_error '^hoy: ' ;;
			*) echo "$name -> $target: exit code $status: $output $stderr"; return 1 ;;
			esac
			host_untouched
		done
	done
}

@test "CVE-2025-31133: a masked path is never a file of the image" {
	image null <<<"file dev/null not-null"
	is "$(hoy run --rm null cat /proc/kcore /proc/keys /proc/timer_list)" ""
	is "$(hoy run --rm null stat -c '%t:%T' /dev/null /proc/kcore | sort -u)" 1:3
}

@test "CVE-2024-9676: users and groups from links, FIFOs and endless files" {
	echo 'evil:x:4242:4242::/:/bin/sh' >"$host/passwd"
	sums=$(fingerprint)
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

@test "CVE-2024-21626: a working directory that is one of our file descriptors" {
	hoy run -d --name cwd busybox sleep 1000 >/dev/null
	for n in {0..40}; do
		run hoy run --rm -w "/proc/self/fd/$n" busybox cat "../../../../../../../../..$host/file"
		[ "$status" != 0 ] || { echo "run, fd $n: $output"; return 1; }
		[[ $output != *untouched* ]]
		run hoy exec -w "/proc/self/fd/$n" cwd cat "../../../../../../../../..$host/file"
		[ "$status" != 0 ] || { echo "exec, fd $n: $output"; return 1; }
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
	hoy run -d --name fds busybox sleep 1000 >/dev/null
	is "$(hoy exec fds sh -c "$fds")" "0 1 2" "exec"
	is "$(hoy exec --privileged -i fds sh -c "$fds" </dev/null)" "0 1 2" "exec --privileged -i"
	# and none that leads to a directory
	run hoy exec fds sh -c 'ls -l /proc/1/fd | grep " -> /[^d]"'
	is "$output" ""
}

@test "CVE-2021-30465, CVE-2019-16884: volumes and tmpfs through links, and over /proc" {
	image vol <<-EOF
		link vol $host/dir
		link up ../../../../../../../../..$host
		link procl /proc
		link a b
		link b a
	EOF
	expect 0 hoy run --rm -v v1:/vol vol sh -c 'echo x >/vol/evil'
	is "$(ls "$(hoy volume inspect -f '{{.Mountpoint}}' v1)")" evil
	expect 0 hoy run --rm -v v1:/up/dir/deep vol sh -c 'cat /up/dir/deep/evil'
	expect 0 hoy run --rm --tmpfs /vol/t --tmpfs /up/u vol sh -c 'echo x >/vol/t/evil; echo x >/up/u/evil'
	expect 125 hoy run --rm -v v1:/a/x vol true
	one_line_error '^hoy: '
	for target in /proc /proc/self/attr /proc/sys/kernel /procl /procl/sys /vol/../proc; do
		run --separate-stderr hoy run --rm -v "v1:$target" vol true
		is "$status" 125 "$target"
		one_line_error '^hoy: '
	done
	host_untouched
	hoy volume rm v1
}

@test "CVE-2021-30465: two containers that share a volume race links against mounts" {
	hoy run -d --name swap -v shared:/s busybox sh -c '
		cd /s; while :; do mkdir -p m; mv m n; ln -s '"$host/dir"' m; rm m; rm -rf n; done 2>/dev/null' >/dev/null
	for ((i = 0; i < 40; i++)); do
		timeout 20 hoy run --rm -v shared:/s --tmpfs /s/m/t busybox touch /s/m/t/evil 2>/dev/null || true
	done
	hoy rm -f swap
	hoy volume rm shared
	host_untouched
}

@test "CVE-2018-15664, CVE-2019-14271: cp through links of a container, also while it swaps them" {
	echo evil >"$BATS_TEST_TMPDIR/evil"
	mkdir "$BATS_TEST_TMPDIR/out"
	image cp <<-EOF
		link d $host/dir
		link up ../../../../../../../..$host/dir
	EOF
	hoy run -d --name cp cp sh -c '
		mkdir -p /r/x; cd /r; while :; do mv x y; ln -s '"$host/dir"' x; rm x; mv y x; done 2>/dev/null' >/dev/null
	for to in d/ up/ d/evil up/../file "$host/dir/evil"; do
		hoy cp "$BATS_TEST_TMPDIR/evil" "cp:/$to" 2>/dev/null || true
		host_untouched
	done
	for ((i = 0; i < 50; i++)); do
		timeout 20 hoy cp "$BATS_TEST_TMPDIR/evil" cp:/r/x/evil 2>/dev/null || true
		# a name of its own each time: a link that was copied out as a link is followed by the next cp on the host
		timeout 20 hoy cp cp:/r/x "$BATS_TEST_TMPDIR/out/$i" 2>/dev/null || true
	done
	run hoy cp cp:/d/../file "$BATS_TEST_TMPDIR/stolen"
	run ! grep -rq untouched "$BATS_TEST_TMPDIR/stolen" "$BATS_TEST_TMPDIR/out"
	hoy kill cp
	hoy wait cp >/dev/null
	for to in d/ up/ d/evil up/../file; do
		hoy cp "$BATS_TEST_TMPDIR/evil" "cp:/$to" 2>/dev/null || true
	done
	host_untouched
}

# load_layer NAME <TAR: a docker-archive around one layer.
load_layer() {
	python3 -c '
import hashlib, io, json, sys, tarfile
layer = sys.stdin.buffer.read()
config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {
    "type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}).encode()
manifest = [{"Config": "c.json", "RepoTags": [sys.argv[1] + ":latest"], "Layers": ["l.tar"]}]
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
    for name, data in ("c.json", config), ("l.tar", layer), ("manifest.json", json.dumps(manifest).encode()):
        t = tarfile.TarInfo(name)
        t.size = len(data)
        out.addfile(t, io.BytesIO(data))' "$1" | timeout 20 hoy load
}

@test "archives that lead out: .., absolute names, links as parents, hard links" {
	tar -cf "$HOY_TEST_HOST/empty.tar" -T /dev/null
	rows=(
		"file ../../../../../../../../..$host/evil x"
		"file $host/evil x"
		"file a/../../../../../../../../../..$host/evil x"
		"link d $host/dir|file d/evil x"
		"link d ../../../../../../../../../../..$host|file d/file evil"
		"link d /|link e d$host|file e/dir/evil x"
		"hard h ../../../../../../../../../../..$host/file|file h evil"
		"hard h $host/file"
		"link l $host/file|hard h l|file h evil"
		"link d $host|hard h d/file|file h evil"
		"link d $host|file d/.wh.file x"
		"link d $host|file d/.wh..wh..opq x"
		"file .wh... x"
		"file .wh.. x"
		"fifo d/f|file d/f x"
	)
	for row in "${rows[@]}"; do
		for how in import load; do
			tr '|' '\n' <<<"$row" | tarball "$HOY_TEST_HOST/empty.tar" >"$BATS_TEST_TMPDIR/t.tar"
			if [ "$how" = import ]; then
				run --separate-stderr timeout 20 hoy import "$BATS_TEST_TMPDIR/t.tar" led
			else
				run --separate-stderr load_layer led <"$BATS_TEST_TMPDIR/t.tar"
			fi
			[ "$status" = 0 ] || one_line_error '^hoy: '
			echo "$row: $how: $status $stderr"
			host_untouched
		done
	done
}

@test "CVE-2022-24769: exactly Docker's capabilities, none inheritable, in run and in exec" {
	sets='sed -n "s/^Cap\(...\):\t0*/\1 /p" /proc/self/status | xargs'
	hoy run -d --name caps busybox sleep 1000 >/dev/null
	root='Inh 0 Prm a80425fb Eff a80425fb Bnd a80425fb Amb 0'
	user='Inh 0 Prm 0 Eff 0 Bnd a80425fb Amb 0'
	for how in "run --rm busybox" "exec caps"; do
		# shellcheck disable=SC2086 # words
		is "$(hoy $how sh -c "$sets" | sed 's/Inh Prm/Inh 0 Prm/; s/Amb$/Amb 0/')" "$root" "$how"
	done
	is "$(hoy run --rm -u 1000 busybox sh -c "$sets" | sed 's/Inh /Inh 0 /; s/Prm /Prm 0 /; s/Eff /Eff 0 /; s/Amb$/Amb 0/')" "$user"
	is "$(hoy exec -u 1000 caps sh -c "$sets" | sed 's/Inh /Inh 0 /; s/Prm /Prm 0 /; s/Eff /Eff 0 /; s/Amb$/Amb 0/')" "$user"
	is "$(hoy run --rm --cap-drop ALL busybox sh -c "$sets")" 'Inh Prm Eff Bnd Amb'
	is "$(hoy run --rm --cap-drop ALL --cap-add chown busybox sh -c "$sets")" 'Inh Prm 1 Eff 1 Bnd 1 Amb'
	like "$(hoy run --rm --privileged busybox sh -c "$sets")" '^Inh Prm [1-9a-f][0-9a-f]+ .* Amb$'
}

@test "CVE-2022-36109: supplementary groups are exactly those asked for" {
	image groups <<-'EOF'
		file etc/passwd root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n
		file etc/group root:x:0:root\na:x:7:user\nb:x:8:user,other\nc:x:9:other\nmain:x:1000:\n
	EOF
	hoy run -d --name groups groups sleep 1000 >/dev/null
	while read -r user want; do
		is "$(hoy run --rm -u "$user" groups id -G | tr ' ' '\n' | sort -n | xargs)" "$want" "run -u $user"
		is "$(hoy exec -u "$user" groups id -G | tr ' ' '\n' | sort -n | xargs)" "$want" "exec -u $user"
		is "$(hoy run --rm -u "$user" groups sed -n 's/^Groups:.//p' /proc/self/status | tr ' ' '\n' | sort -n | xargs)" "$want"
	done <<-'EOF'
		root 0
		user 7 8 1000
		1000 7 8 1000
		user:b 8
		1000:8 8
		4242 0
		4242:4243 4243
	EOF
	is "$(hoy run --rm -u user --group-add c --group-add 99 groups id -G | tr ' ' '\n' | sort -n | xargs)" "7 8 9 99 1000"
}

@test "GHSA-6fw5, GHSA-jq35: masked paths are empty, read-only ones refuse" {
	hoy run -d --name masks busybox sleep 1000 >/dev/null
	for how in "run --rm busybox" "exec masks"; do
		# shellcheck disable=SC2086 # words
		is "$(hoy $how sh -c 'for p in /proc/acpi /proc/asound /proc/interrupts /proc/kcore /proc/keys /proc/latency_stats \
			/proc/sched_debug /proc/scsi /proc/timer_list /proc/timer_stats /sys/firmware /sys/devices/virtual/powercap \
			/sys/devices/system/cpu/cpu0/thermal_throttle; do
				if [ -d $p ]; then ls -A $p; else cat $p 2>/dev/null; fi; done')" "" "$how"
		# shellcheck disable=SC2086 # words
		run hoy $how sh -c 'echo 0 >/proc/sys/vm/drop_caches; echo x >/proc/sys/kernel/core_pattern
			mkdir /sys/fs/cgroup/x; echo 1 >/sys/kernel/uevent_seqnum'
		is "$(grep -c 'Read-only file system' <<<"$output")" 4 "$how: $output"
		# shellcheck disable=SC2086 # words
		run hoy $how sh -c 'umount /proc/kcore; umount /sys; mount -o remount,rw /sys; mount -t proc p /tmp'
		[ "$status" != 0 ]
		is "$(grep -ciE 'permission|not permitted|must be superuser|denied' <<<"$output")" 4 "$how: $output"
	done
	host_untouched
}

@test "CVE-2022-0811: only sysctls of the container's own namespaces, one for each" {
	for s in 'kernel.core_pattern=|/evil' 'kernel.shm_rmid_forced=1+kernel.core_pattern=|/evil' 'kernel/core_pattern=x' \
		'fs.mqueue.msg_max/../../../kernel/core_pattern=x' 'fs.mqueue...kernel.core_pattern=x' 'vm.drop_caches=0' \
		'kernel.shm_rmid_forced' '=1' '.=1' 'kernel.hostname=evil' 'net.ipv4.../kernel/core_pattern=x'; do
		run --separate-stderr hoy run --rm --sysctl "$s" busybox true
		[ "$status" = 125 ] || { echo "$s: exit code $status $stderr"; return 1; }
	done
	expect 125 hoy run --rm --network host --sysctl net.ipv4.ip_forward=1 busybox true
	expect 125 hoy run --rm --ipc host --sysctl kernel.shm_rmid_forced=1 busybox true
	is "$(hoy run --rm --sysctl kernel.shm_rmid_forced=1 busybox cat /proc/sys/kernel/shm_rmid_forced)" 1
	host_untouched
}

@test "CVE-2020-15257: no abstract sockets, and files that only root can enter" {
	hoy run -d --name socket --network host busybox sleep 1000 >/dev/null
	is "$(hoy exec socket grep -c @ /proc/net/unix)" 0
	is "$(stat -c %a "$HOY_ROOT")" 710
	is "$(stat -c %a "$HOY_RUN_ROOT")" 700
	is "$(stat -c %a "$HOY_RUN_ROOT/$(hoy inspect -f '{{.Id}}' socket)/control")" 600
	is "$(stat -c %a "$HOY_ROOT/containers/$(hoy inspect -f '{{.Id}}' socket)" | grep -c '0$')" 1 "others may enter"
}

@test "no-new-privileges: a set-user-id program gives nothing" {
	uid='for i in 1 2 3 4 5 6 7 8 9; do p=$(pidof suid) && break; sleep 0.1; done; sed -n "s/^Uid:.//p" "/proc/$p/status" | xargs'
	for nnp in 0 1; do
		opts=()
		[ $nnp = 0 ] || opts=(--security-opt no-new-privileges)
		hoy run -d --name nnp "${opts[@]}" busybox sleep 1000 >/dev/null
		hoy cp "${HOY%/bin/hoy}/libexec/hoy/hoy-init" nnp:/suid # a static program that drops nothing
		hoy exec nnp chmod 4755 /suid
		for user in 0 1000; do
			is "$(hoy exec -u $user nnp sed -n 's/^NoNewPrivs:.//p' /proc/self/status)" $nnp
			is "$(hoy run --rm "${opts[@]}" -u $user busybox sed -n 's/^NoNewPrivs:.//p' /proc/self/status)" $nnp
		done
		hoy exec -d -u 1000 nnp /suid sleep 1000
		want='1000 0 0 0'
		[ $nnp = 0 ] || want='1000 1000 1000 1000'
		is "$(hoy exec nnp sh -c "$uid")" "$want" "a set-user-id program's users, no-new-privileges $nnp"
		hoy rm -f nnp >/dev/null
	done
}

@test "security options that would have no effect are refused" {
	expect 125 hoy run --rm --security-opt label=type:svirt_t busybox true
	one_line_error 'SELinux labels are not supported'
	expect 0 hoy run --rm --security-opt label=disable --security-opt apparmor=unconfined busybox true
	# a profile there is not: refused, whether the kernel has AppArmor or not
	expect 125 hoy run --rm --security-opt apparmor=no-such-profile busybox true
	one_line_error 'AppArmor'
}

@test "a place of our programs where others may write is refused" {
	cp -r "${HOY%/bin/hoy}/libexec/hoy" "$BATS_TEST_TMPDIR/programs"
	HOY_LIBEXECDIR=$BATS_TEST_TMPDIR/programs expect 0 hoy run --rm busybox true
	chmod 777 "$BATS_TEST_TMPDIR/programs"
	HOY_LIBEXECDIR=$BATS_TEST_TMPDIR/programs expect 125 hoy run --rm busybox true
	one_line_error 'others may write to it'
}
