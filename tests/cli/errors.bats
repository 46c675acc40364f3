# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# What is wrong gets one line, the right exit code, and leaves nothing half-made.
load helpers

# An image archive of our own with changes: unpack, then `repack OUT`.
unpack() {
	mkdir -p "$BATS_TEST_TMPDIR/i"
	tar -xf "$HOY_TEST_IMAGE" -C "$BATS_TEST_TMPDIR/i"
}
repack() { tar -cf "$BATS_TEST_TMPDIR/bad.tar" -C "$BATS_TEST_TMPDIR/i" .; }

# load_fails REGEX: loading bad.tar into an empty root fails, and the root stays empty.
load_fails() {
	local root=$BATS_TEST_TMPDIR/root
	expect 1 hoy --root "$root" load -i "$BATS_TEST_TMPDIR/bad.tar"
	one_line_error "$1"
	is "$(hoy --root "$root" images -qa)" ""
	is "$(find "$root/tmp" "$root/layers" -mindepth 1)" ""
	is "$(hoy --root "$root" system check)" "clean"
}

@test "flags, images, commands, names" {
	expect 125 hoy run --no-such-flag busybox true
	like "$stderr" "^unknown flag: --no-such-flag"
	expect 125 hoy run no-such-image
	one_line_error "Unable to find image 'no-such-image'"
	expect 127 hoy run --rm busybox no-such-command
	one_line_error '"no-such-command"'
	hoy create --name taken busybox true >/dev/null
	expect 1 hoy create --name taken busybox true
	one_line_error '"/taken" is already in use'
	hoy rm taken >/dev/null
	is "$(hoy ps -aq)" ""
	leftovers
}

@test "load: what is no archive, and a truncated one" {
	head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/bad.tar"
	load_fails .
	head -c 300000 "$HOY_TEST_IMAGE" >"$BATS_TEST_TMPDIR/bad.tar"
	load_fails .
}

@test "load: a blob that is not what its digest says" {
	unpack
	blob=$(find "$BATS_TEST_TMPDIR/i/blobs" -type f -size +50k | head -n 1)
	printf x | dd of="$blob" bs=1 seek=20000 conv=notrunc status=none
	repack
	load_fails .
}

@test "load: JSON without end" {
	unpack
	{ printf '[' && head -c 40000000 /dev/zero | tr '\0' '['; } >"$BATS_TEST_TMPDIR/i/manifest.json"
	cp "$BATS_TEST_TMPDIR/i/manifest.json" "$BATS_TEST_TMPDIR/i/index.json"
	repack
	load_fails .
}

# nothing_came NAME: no image of that name, nothing unfinished, and the host as it was.
nothing_came() {
	is "$(hoy images -q "$1")" ""
	is "$(find "$HOY_ROOT/tmp" -mindepth 1)" ""
	is "$(find "$HOY_ROOT/layers" -mindepth 1 -maxdepth 1 | wc -l)" 1 "layers"
	is "$(hoy system check)" clean
}

# bomb KIND: a small zstd stream of an archive that is large, or has many entries.
bomb() {
	python3 -c '
import sys, tarfile
def header(name, size=0, kind=tarfile.REGTYPE):
    t = tarfile.TarInfo(name)
    t.size, t.type = size, kind
    return t.tobuf()
out = sys.stdout.buffer
try:
    if sys.argv[1] == "zeros":
        out.write(header("zeros", 64 << 30))
        for i in range(2000):
            out.write(bytes(1 << 20))
    else:
        for i in range(1500):
            out.write(header("d/", 0, tarfile.DIRTYPE) * 2048)
except BrokenPipeError:
    pass' "$1" | zstd -q -1
}

@test "import: a small archive that expands hugely, or to millions of entries" {
	for kind in zeros entries; do
		bomb "$kind" >"$BATS_TEST_TMPDIR/bomb.tar.zst"
		[ "$(stat -c %s "$BATS_TEST_TMPDIR/bomb.tar.zst")" -lt 1000000 ]
		expect 1 timeout 20 hoy import "$BATS_TEST_TMPDIR/bomb.tar.zst" bomb
		one_line_error 'expands to more than 1000 times its size'
		nothing_came bomb
	done
}

@test "load: an archive of more files than an image can have" {
	python3 -c '
import sys, tarfile
for i in range(20001):
    t = tarfile.TarInfo("blobs/sha256/%064x" % i)
    sys.stdout.buffer.write(t.tobuf())' >"$BATS_TEST_TMPDIR/bad.tar"
	load_fails '20000'
}

# layer NAME ROW…: a tar with the rows "file NAME", "dir NAME", "link NAME TARGET", "hard NAME TARGET",
# "chr NAME MAJOR MINOR", "blk NAME MAJOR MINOR"; names as they are.
layer() {
	python3 -c '
import io, sys, tarfile
kinds = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "dir": tarfile.DIRTYPE, "chr": tarfile.CHRTYPE,
         "blk": tarfile.BLKTYPE, "file": tarfile.REGTYPE}
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
    for row in sys.argv[1:]:
        kind, name, *rest = row.split(" ")
        t = tarfile.TarInfo(name)
        t.type, t.mode = kinds[kind], 0o666
        if kind in ("chr", "blk"):
            t.devmajor, t.devminor = map(int, rest)
        elif rest:
            t.linkname = rest[0]
        t.size = 5 if kind == "file" else 0
        out.addfile(t, io.BytesIO(b"evil\n"))' "$@" >"$BATS_TEST_TMPDIR/layer.tar"
}

@test "import: names and links that lead out of the root are refused in one line" {
	while IFS='|' read -r rows want; do
		IFS=';' read -ra rows <<<"$rows"
		layer "${rows[@]}"
		expect 1 hoy import "$BATS_TEST_TMPDIR/layer.tar" bad
		one_line_error "^hoy: layer sha256:[0-9a-f]{12}: $want"
		nothing_came bad
	done <<-'EOF'
		file ../../../../../../evil|unpack .*/evil: leads out of the root
		file ..|unpack \.\.: leads out of the root
		file a/../../evil|unpack .*: leads out of the root
		hard h ../../../../etc/passwd|unpack .*/etc/passwd: leads out of the root
		hard h /etc/passwd|link /h to /etc/passwd: No such file
		link d /etc;hard h d/passwd|link /h to d/passwd: No such file
		link l l;file l/x|unpack /l/x: Too many levels of symbolic links
		file x;file x/y|unpack /x/y: Not a directory
		file .wh...|unpack .*: impossible whiteout
		chr c 1048576 0|create /c: Invalid argument
	EOF
}

@test "import: absolute names and links mean the image's root" {
	layer 'file /hoy-evil' 'link d /' 'file d/hoy-evil2' 'link l /etc/passwd' 'hard h l'
	expect 0 hoy import "$BATS_TEST_TMPDIR/layer.tar" inside
	hoy create --name inside inside x >/dev/null
	is "$(hoy cp inside:/hoy-evil - | tar -xO)" evil
	is "$(hoy cp inside:/hoy-evil2 - | tar -xO)" evil
	is "$(hoy cp inside:/h - | tar -tv | sed 's/.* h/h/')" "h -> /etc/passwd"
	[ ! -e /hoy-evil ] && [ ! -e /hoy-evil2 ]
}

@test "a device node of an image is not a way to the host's device" {
	disk=$(stat -c '%Hd %Ld' "$(find /dev -maxdepth 1 -type b | sort | head -n 1)")
	layer "blk disk $disk" 'chr mem 1 1' 'chr null 1 3'
	hoy create --name nodes busybox true >/dev/null
	hoy export nodes >"$BATS_TEST_TMPDIR/all.tar"
	tar -Af "$BATS_TEST_TMPDIR/all.tar" "$BATS_TEST_TMPDIR/layer.tar"
	expect 0 hoy import "$BATS_TEST_TMPDIR/all.tar" nodes
	for f in disk mem; do
		expect 1 hoy run --rm nodes head -c 1 "/$f"
		like "$stderr" 'Operation not permitted'
	done
	expect 0 hoy run --rm nodes sh -c 'echo x >/null'
}

@test "a limit whose cgroup controller the host lacks" {
	while read -r name flag; do
		[ -d "/sys/fs/cgroup/$name" ] && mountpoint -q "/sys/fs/cgroup/$name" || skip "no v1 controller $name to take away"
		# shellcheck disable=SC2086 # flag and value
		expect 125 unshare -m --propagation private sh -c 'umount "/sys/fs/cgroup/$0" && hoy run --rm "$@" busybox true' \
			"$name" $flag
		one_line_error "this host has no cgroup controller \"$name\"$"
		# without that limit it is not missed
		expect 0 unshare -m --propagation private sh -c 'umount "/sys/fs/cgroup/$0" && hoy run --rm busybox true' "$name"
		# and nothing of ours is where it was
		is "$(unshare -m --propagation private sh -c 'umount "/sys/fs/cgroup/$0" && ls "/sys/fs/cgroup/$0"' "$name")" ""
	done <<-'EOF'
		pids --pids-limit 5
		memory --memory 64m
		cpuset --cpuset-cpus 0
		cpu --cpus 1
	EOF
	is "$(hoy ps -aq)" ""
	leftovers
}
