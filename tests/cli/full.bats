# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # status, output and stderr are bats' own
load helpers

# A full disk: what does not fit fails with one line, and leaves nothing half-made.

setup() {
	FULL=$BATS_TEST_TMPDIR/full
	mkdir "$FULL"
	mount -t tmpfs -o size=8m tmpfs "$FULL"
	export HOY_ROOT=$FULL/root
}

teardown() {
	rm -f "$FULL/ballast"
	hoy ps -aq --no-trunc | xargs -r "$HOY" rm -fv >/dev/null
	eventually umount "$FULL"
}

# fill [KIB]: all but so much is taken.
fill() {
	rm -f "$FULL/ballast"
	dd if=/dev/zero of="$FULL/ballast" bs=4k 2>/dev/null || true
	truncate -s -"${1:-0}"K "$FULL/ballast"
}

no_space() { # STATUS COMMAND…: fails with one line that says why
	expect "$@"
	one_line_error 'No space left on device|disk (I/O error|is full)|database or disk is full'
}

@test "load onto a full disk fails with one line, and works once there is room" {
	hoy system check
	for kib in 0 64 512 1200; do
		fill "$kib"
		no_space 1 hoy load -i "$HOY_TEST_IMAGE"
		is "$(hoy images -q)" "" "images with $kib KiB left"
		eventually hoy system check
	done
	rm "$FULL/ballast"
	expect 0 hoy load -i "$HOY_TEST_IMAGE"
	expect 0 hoy run --rm busybox true
}

@test "create and run on a full disk fail with one line and leave no container" {
	expect 0 hoy load -i "$HOY_TEST_IMAGE"
	eventually test ! -e "$HOY_ROOT/keeper.todo"
	for kib in 0 4 8 12 16 24 32; do
		fill "$kib"
		run --separate-stderr hoy run -d busybox sleep 100
		if [ "$status" = 0 ]; then # there was just room enough
			expect 0 hoy rm -f "$output"
		else
			is "$status" 125 "exit code of run with $kib KiB left: $stderr"
			one_line_error 'No space left on device|database or disk is full'
			is "$(hoy ps -q | wc -l)" 0 "running with $kib KiB left"
		fi
	done
	fill
	no_space 1 hoy create busybox true
	hoy ps -aq | xargs -r "$HOY" rm >/dev/null
	is "$(hoy ps -aq | wc -l)" 0 "left"
	eventually hoy system check
	is "$(ls "$HOY_ROOT/containers")" "" "directories left"
}

@test "a full disk stops neither a container nor its removal" {
	expect 0 hoy load -i "$HOY_TEST_IMAGE"
	# shellcheck disable=SC2016
	hoy run -d --name talker busybox sh -c 'for i in $(seq 100000); do echo line $i of many that fill the log; done; echo end; sleep 100'
	# shellcheck disable=SC2016 # for the container's shell
	hoy run -d --name quiet busybox sh -c 'trap "exit 7" TERM; while :; do sleep 0.1; done'
	fill
	sleep 1
	has_status talker running
	has_status quiet running
	expect 0 hoy exec talker true
	expect 0 hoy logs --tail 1 talker
	expect 0 hoy stop quiet
	is "$(hoy inspect -f '{{.State.Status}} {{.State.ExitCode}}' quiet)" "exited 7"
	expect 0 hoy rm -f talker
	expect 0 hoy rm quiet
	is "$(hoy ps -aq)" "" "containers"
	eventually hoy system check
}

@test "commit and cp on a full disk fail with one line and change nothing" {
	expect 0 hoy load -i "$HOY_TEST_IMAGE"
	hoy run --name box busybox dd if=/dev/zero of=/data bs=64k count=8 2>/dev/null
	head -c 300000 /dev/urandom >"$BATS_TEST_TMPDIR/file"
	images=$(hoy images -q)
	fill 8
	no_space 1 hoy commit box boxed
	is "$(hoy images -q)" "$images" "images"
	no_space 1 hoy cp "$BATS_TEST_TMPDIR/file" box:/copy
	eventually hoy system check
	expect 0 hoy rm box
	eventually hoy system check
	rm "$FULL/ballast"
	expect 0 hoy run --rm busybox true
}
