# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr, host are set elsewhere
# Volumes, tmpfs and binds on paths that an image or another container prepared.

load helpers
load hostile

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

@test "CVE-2021-30465, CVE-2024-45310: mounts into a volume while another container swaps its directories" {
	racer swap r
	# a directory, a file and a deep path that must be made, all behind the name that changes
	race 2 hoy run --rm -v shared:/s --tmpfs /s/r/a/t -v "$HOY_TEST_HOST/config.json:/s/r/a/file:ro" \
		--tmpfs /s/r/a/deep/er/t busybox sh -c 'touch /s/r/a/t/evil; echo evil >/s/r/a/new'
	host_untouched
	eventually raced 100000
	hoy rm -f swap
	hoy volume rm shared
	host_untouched
}

@test "CVE-2021-30465, CVE-2025-52881: a race to mount over /proc" {
	hoy run -d --name swap -v shared:/s -v "$attack:/attack:ro" busybox sh -c '
		mkdir -p /s/a && ln -s /proc/self/attr /s/b && exec /attack swap /s/a /s/b /s/swaps' >/dev/null
	eventually raced 1
	end=$((SECONDS + 2)) in=0
	while [ $SECONDS -lt $end ]; do
		run hoy run --rm -v shared:/s --tmpfs /s/a --sysctl kernel.shm_rmid_forced=1 busybox sh -c '
			grep -E " /proc/(self|[0-9]+)" /proc/self/mountinfo; cat /proc/sys/kernel/shm_rmid_forced'
		[ "$status" != 0 ] || is "$output" 1 "something is mounted in /proc"
		[ "$status" != 0 ] || in=$((in + 1))
	done
	[ $in -gt 0 ]
	host_untouched
}

@test "CVE-2025-31133, CVE-2025-52565: /dev on a volume whose null and console are swapped" {
	hoy run -d --name swap -v shared:/s -v "$attack:/attack:ro" busybox sh -c '
		for f in null console; do ln -s /proc/sys/kernel/core_pattern /s/$f; done
		ln -s '"$host/file"' /s/x; mknod /s/y c 1 3; /attack swap /s/null /s/y /s/swaps & exec /attack swap /s/console /s/x /s/swaps' \
		>/dev/null
	eventually raced 1
	end=$((SECONDS + 2)) in=0
	while [ $SECONDS -lt $end ]; do
		for t in "" -t; do
			# shellcheck disable=SC2086 # a word or none
			run --separate-stderr timeout 20 hoy run --rm $t -v shared:/dev busybox sh -c 'stat -c %t:%T /proc/interrupts; cat /proc/interrupts'
			[ "$status" != 124 ]
			[ "$status" != 0 ] || is "$(tr -d '\r' <<<"$output")" 1:3 "a mask is not the null device"
			[ "$status" != 0 ] || in=$((in + 1))
		done
	done
	[ $in -gt 0 ]
	host_untouched
}

@test "CVE-2024-9676, CVE-2021-25741: a volume's sub-path through links of the volume" {
	hoy run --rm -v vol:/v busybox sh -c '
		mkdir -p /v/real/sub && echo inside >/v/real/sub/f
		ln -s '"$host"' /v/out; ln -s ../../../../../../../../../../..'"$host"' /v/up; ln -s /real /v/in; ln -s / /v/root'
	is "$(hoy run --rm --mount type=volume,src=vol,dst=/x,volume-subpath=real/sub busybox cat /x/f)" inside
	is "$(hoy run --rm --mount type=volume,src=vol,dst=/x,volume-subpath=in/sub busybox cat /x/f)" inside
	for sub in out out/dir up up/dir root/etc "root$host" ../.. real/../../..; do
		run hoy run --rm --mount "type=volume,src=vol,dst=/x,volume-subpath=$sub" busybox sh -c 'touch /x/evil; ls /x'
		[ "$status" != 0 ] || { echo "$sub: $output"; return 1; }
		run hoy create --name sub --mount "type=volume,src=vol,dst=/x,volume-subpath=$sub" busybox
		run hoy cp sub:/x/file "$BATS_TEST_TMPDIR/stolen"
		[ ! -e "$BATS_TEST_TMPDIR/stolen" ]
		run hoy rm sub
	done
	host_untouched
}

@test "CVE-2021-25741: a sub-path that is swapped while it is mounted" {
	racer swap r
	race 1 hoy run --rm --mount type=volume,src=shared,dst=/x,volume-subpath=r/a busybox touch /x/evil
	hoy rm -f swap
	host_untouched
}

@test "CVE-2026-53492: annotations and labels of an image give it nothing" {
	image cdi -c 'LABEL cdi.k8s.io/x=vendor.com/device=all' -c 'LABEL run.oci.keep_original_groups=1' \
		-c 'LABEL io.hoy.privileged=true' <<<'none x'
	is "$(hoy run --rm cdi sh -c 'ls /dev | xargs; id -G; sed -n "s/^CapEff:.//p" /proc/self/status')" \
		"$(hoy run --rm busybox sh -c 'ls /dev | xargs; id -G; sed -n "s/^CapEff:.//p" /proc/self/status')"
}
