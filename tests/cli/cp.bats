# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

setup() {
	hoy create --name box busybox sleep 1000 >/dev/null
	mkdir -p "$BATS_TEST_TMPDIR/src/sub"
	echo one >"$BATS_TEST_TMPDIR/src/one"
	echo two >"$BATS_TEST_TMPDIR/src/sub/two"
}

@test "cp: a file there and back, stopped and running" {
	for state in stopped running; do
		expect 0 hoy cp "$BATS_TEST_TMPDIR/src/one" box:/tmp/copied
		expect 0 hoy cp box:/tmp/copied "$BATS_TEST_TMPDIR/$state"
		is "$(cat "$BATS_TEST_TMPDIR/$state")" "one" "$state"
		hoy start box >/dev/null
	done
	is "$(hoy exec box cat /tmp/copied)" "one"
}

@test "cp: directories by Docker's rules" {
	hoy start box >/dev/null
	hoy cp "$BATS_TEST_TMPDIR/src" box:/new # does not exist: becomes it
	is "$(hoy exec box cat /new/one /new/sub/two)" $'one\ntwo'
	hoy cp "$BATS_TEST_TMPDIR/src" box:/new # exists: goes into it
	is "$(hoy exec box cat /new/src/one)" "one"
	hoy cp "$BATS_TEST_TMPDIR/src/." box:/tmp # only what is in it
	is "$(hoy exec box cat /tmp/sub/two)" "two"
	mkdir "$BATS_TEST_TMPDIR/back"
	hoy cp box:/new/. "$BATS_TEST_TMPDIR/back"
	is "$(cat "$BATS_TEST_TMPDIR/back/src/sub/two")" "two"
}

@test "cp: tar streams" {
	tar -C "$BATS_TEST_TMPDIR/src" -cf - . | hoy cp - box:/tmp
	is "$(hoy cp box:/tmp/sub/two - | tar xO)" "two"
}

@test "cp: links in the container never lead out of it" {
	hoy start box >/dev/null
	hoy exec box ln -s /etc/hostname /tmp/abs
	hoy exec box ln -s ../../../../../../etc/hostname /tmp/rel
	for link in abs rel; do
		hoy cp -L "box:/tmp/$link" "$BATS_TEST_TMPDIR/$link"
		is "$(cat "$BATS_TEST_TMPDIR/$link")" "$(hoy exec box hostname)" "$link"
	done
}

@test "cp: what cannot be copied" {
	expect 1 hoy cp box:/nonexistent "$BATS_TEST_TMPDIR/x"
	one_line_error "(nonexistent|No such)"
	expect 1 hoy cp /nonexistent-here box:/tmp
	one_line_error "nonexistent-here"
	expect 1 hoy cp no-such:/x "$BATS_TEST_TMPDIR/x"
	one_line_error "No such container: no-such"
	expect 1 hoy cp box:/a box:/b
	one_line_error "copying between containers is not supported"
	expect 1 hoy cp ./a ./b
	one_line_error "must specify at least one container source"
}

@test "diff: added, changed, deleted" {
	hoy run --name dd busybox sh -c 'echo x >/new; rm /etc/passwd; echo y >>/etc/group'
	expect 0 hoy diff dd
	is "$(sort <<<"$output")" $'A /new\nC /etc\nC /etc/group\nD /etc/passwd'
}

@test "cp: the root of a running container, without what the kernel shows in it" {
	hoy run -d --name whole -v data:/data busybox sh -c 'echo v >/data/f; echo x >/own; sleep 1000' >/dev/null
	eventually hoy exec whole test -e /own
	mkdir "$BATS_TEST_TMPDIR/all"
	expect 0 hoy cp whole:/ "$BATS_TEST_TMPDIR/all"
	is "$(cat "$BATS_TEST_TMPDIR/all/own" "$BATS_TEST_TMPDIR/all/data/f" | xargs)" "x v"
	is "$(find "$BATS_TEST_TMPDIR/all/proc" "$BATS_TEST_TMPDIR/all/sys" -mindepth 1)" ""
	hoy cp whole:/ - | tar -t >/dev/null
}
