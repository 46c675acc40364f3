# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # $ inside '' is for the container's shell
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
	sha256sum "$host/file" /etc/passwd /etc/hosts /etc/hostname "${HOY%/bin/hoy}"/libexec/hoy/*
	stat -c '%n %F %a %t:%T' / /etc /dev /dev/null /tmp
}

host_untouched() {
	is "$(fingerprint)" "$sums" "the host changed"
}

# image NAME [KEY=VALUE]… <<<LINES: busybox and what the lines say, as `hoy import` takes it:
#   link NAME TARGET | hard NAME TARGET | fifo NAME | dir NAME | file NAME TEXT | none NAME (remove)
image() {
	local name=$1
	shift
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
    if kind == "file":
        data = rest[0].encode().decode("unicode_escape").encode()
        t.size = len(data)
    else:
        t.type = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "fifo": tarfile.FIFOTYPE, "dir": tarfile.DIRTYPE}[kind]
        t.linkname = rest[0] if rest else ""
    out.addfile(t, io.BytesIO(data))
out.close()' "$HOY_TEST_HOST/rootfs.tar" >"$BATS_TEST_TMPDIR/image.tar"
	hoy import "$@" "$BATS_TEST_TMPDIR/image.tar" "$name" >/dev/null
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
