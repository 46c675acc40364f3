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

@test "import: paths out of the root stay inside, or are refused" {
	mkdir -p "$BATS_TEST_TMPDIR/t/x"
	echo evil >"$BATS_TEST_TMPDIR/t/x/f"
	tar -cPf "$BATS_TEST_TMPDIR/bad.tar" -C "$BATS_TEST_TMPDIR/t" --transform 's,^x/f,../../../../../../escaped-by-hoy,' x/f
	run hoy import "$BATS_TEST_TMPDIR/bad.tar" evil:1
	[ ! -e /escaped-by-hoy ]
	[ "$status" = 1 ] || hoy rmi evil:1 >/dev/null
	is "$(hoy images -q evil)" ""
}
