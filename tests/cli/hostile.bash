# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # status and output are bats' own
#
# For hostile-*.bats (load hostile, after helpers): a host that can be looked at before and after, images made
# entry by entry, archives as nobody sane writes them, and processes that race.
#
# A test is named after the published holes of other platforms that it would find here; docs/security.md lists
# them, and tests/lint/attacks compares the two.

setup_file() {
	[ ! -e "$HOY_TEST_HOST/rootfs.tar" ] || return 0
	cc -static -O1 -o "$HOY_TEST_HOST/attack" attack.c
	tar -cf "$HOY_TEST_HOST/empty.tar" -T /dev/null
	hoy create --name rootfs busybox true >/dev/null
	hoy export -o "$HOY_TEST_HOST/rootfs.tar" rootfs
	hoy rm rootfs >/dev/null
}

# What must not change: a directory of the host with a file, and what the host has in /etc.
setup() {
	host=$HOY_TEST_HOST/sentinel
	attack=$HOY_TEST_HOST/attack
	rm -rf "$host"
	mkdir -p "$host/dir"
	echo untouched >"$host/file"
	remember
}

# After a test has changed the sentinel itself.
remember() { sums=$(fingerprint); }

fingerprint() {
	(cd "$host" && find . -printf '%p %y %m %U:%G %s %l\n' | sort)
	cat /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname
	sha256sum "$host/file" /etc/passwd /etc/hosts /etc/hostname "${HOY%/bin/hoy}"/libexec/hoy/*
	stat -c '%n %F %a %t:%T' / /etc /dev /dev/null /tmp
}

host_untouched() {
	is "$(fingerprint)" "$sums" "the host changed"
}

# image NAME [hoy import's OPTION…] <<<LINES: busybox and what the lines say, as `hoy import` takes it:
#   link NAME TARGET | hard NAME TARGET | fifo NAME | dir NAME | file NAME TEXT | host NAME FILE-OF-THE-HOST
#   big NAME MEGABYTES | none NAME
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
    elif kind == "host":
        data = open(rest[0], "rb").read()
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

# racer NAME DIR [OPTION…]: a container that exchanges /s/DIR/a, a directory, and /s/DIR/b, a link to the host's
# sentinel, as fast as it can (volume "shared" at /s).
racer() {
	local name=$1 dir=$2
	shift 2
	hoy run -d --name "$name" -v shared:/s -v "$attack:/attack:ro" "$@" busybox sh -c '
		mkdir -p /s/'"$dir"'/a && cd /s/'"$dir"' && ln -s '"$host/dir"' b && exec /attack swap a b /s/swaps' >/dev/null
	eventually raced 1
}

swaps() { cat "$(hoy volume inspect -f '{{.Mountpoint}}' shared)/swaps"; }
raced() { [ "$(swaps)" -ge "$1" ]; }

# race SECONDS COMMAND…: again and again, about so long, and ten times at least. What it says and returns does not count, but that it
# ends: exit code 124 of `timeout` is a failure.
race() {
	local end=$((SECONDS + $1)) status
	shift
	rounds=0
	while [ "$SECONDS" -lt "$end" ] || [ "$rounds" -lt 10 ]; do
		status=0
		timeout 20 "$@" >/dev/null 2>&1 </dev/null || status=$?
		[ "$status" != 124 ] || { echo "hangs: $*"; return 1; }
		rounds=$((rounds + 1))
	done
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
