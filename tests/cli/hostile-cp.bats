# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr, host are set elsewhere
# cp from and to containers that do not hold still.

load helpers
load hostile

@test "CVE-2018-15664, CVE-2019-10152: cp through links of a container" {
	echo evil >"$BATS_TEST_TMPDIR/evil"
	image cp <<-EOF
		link d $host/dir
		link up ../../../../../../../..$host/dir
	EOF
	hoy run -d --name cp cp sleep 1000 >/dev/null
	for state in running stopped; do
		for to in d/ up/ d/evil up/../file "$host/dir/evil"; do
			hoy cp "$BATS_TEST_TMPDIR/evil" "cp:/$to" 2>/dev/null || true
			host_untouched
		done
		for from in d/../file up/../file "$host/file"; do
			rm -f "$BATS_TEST_TMPDIR/stolen"
			hoy cp "cp:/$from" "$BATS_TEST_TMPDIR/stolen" 2>/dev/null || true
			[ ! -e "$BATS_TEST_TMPDIR/stolen" ] || is "$(cat "$BATS_TEST_TMPDIR/stolen")" evil "$from"
		done
		hoy kill cp >/dev/null 2>&1 || true
		hoy wait cp >/dev/null
	done
	# and links that mean something inside the container do so still
	hoy exec cp true 2>/dev/null || hoy start cp
	hoy exec cp sh -c 'mkdir -p /real && ln -s /real /abs'
	hoy cp "$BATS_TEST_TMPDIR/evil" cp:/abs/there
	is "$(hoy exec cp cat /real/there)" evil
}

@test "CVE-2018-15664, CVE-2026-41567, GHSA-vp62: cp while the container swaps directories for links" {
	echo evil >"$BATS_TEST_TMPDIR/evil"
	mkdir -p "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/tree/deep" "$HOY_TEST_HOST/victim"
	touch "$BATS_TEST_TMPDIR/tree/deep/evil"
	chmod 777 "$BATS_TEST_TMPDIR/tree" "$BATS_TEST_TMPDIR/tree/deep"
	racer swap r
	race 1 hoy cp "$BATS_TEST_TMPDIR/evil" swap:/s/r/a/evil
	race 1 hoy cp "$BATS_TEST_TMPDIR/tree/." swap:/s/r/a
	# out of it: never what the link means on the host. A name of its own each time: a link that was copied out
	# as a link is followed by the next cp on the host, as it should.
	for n in {1..40}; do
		timeout 20 hoy cp swap:/s/r/a "$BATS_TEST_TMPDIR/out/$n" 2>/dev/null || true
		timeout 20 hoy cp swap:/s/r/a/../file "$BATS_TEST_TMPDIR/out/f$n" 2>/dev/null || true
	done
	eventually raced 100000
	hoy rm -f swap
	run ! grep -rq untouched "$BATS_TEST_TMPDIR/out"
	host_untouched
}

@test "GHSA-rg2x, GHSA-vp62: cp with a container whose mount points another one swaps" {
	echo evil >"$BATS_TEST_TMPDIR/evil"
	racer swap r
	hoy create --name stopped -v shared:/s -v "other:/s/r/a/t" -v "$HOY_TEST_HOST/config.json:/s/r/a/made" busybox true >/dev/null
	race 1 hoy cp "$BATS_TEST_TMPDIR/evil" stopped:/s/r/a/t/evil
	race 1 hoy cp "$BATS_TEST_TMPDIR/evil" stopped:/s/r/a/other
	hoy rm -f swap stopped
	host_untouched
}

@test "CVE-2019-14271: nothing of the container is loaded or run by cp, export, commit, diff, exec and top" {
	cat >"$BATS_TEST_TMPDIR/evil.c" <<-'EOF'
		#include <fcntl.h>
		__attribute__((constructor)) static void evil(void)
		{
			open("/pwned", O_CREAT | O_WRONLY, 0666);
		}
		void gconv(void) {}
		int gconv_init(void) { return 0; }
	EOF
	cc -shared -fPIC -o "$BATS_TEST_TMPDIR/evil.so" "$BATS_TEST_TMPDIR/evil.c"
	{
		for dir in lib lib64 usr/lib lib/x86_64-linux-gnu usr/lib/x86_64-linux-gnu; do
			for lib in libnss_files.so.2 libnss_compat.so.2 libnss_dns.so.2 libgcc_s.so.1 libc.so.6 libarchive.so.13 \
				gconv/UTF-16.so gconv/UTF-8.so gconv/ISO8859-1.so ossl-modules/legacy.so; do
				echo "host $dir/$lib $BATS_TEST_TMPDIR/evil.so"
			done
			echo "file $dir/gconv/gconv-modules module UTF-8// INTERNAL UTF-8 1\nmodule INTERNAL UTF-8// UTF-8 1\n"
		done
		echo "file etc/nsswitch.conf passwd: files compat dns\ngroup: files compat\n"
		echo "host evil.so $BATS_TEST_TMPDIR/evil.so"
		for tool in xz unxz gzip unpigz bzip2 zstd tar nsenter ps sh; do
			for dir in bin sbin usr/bin usr/local/bin; do
				[ $dir/$tool = bin/sh ] || printf '%s\n' "file $dir/$tool #!/bin/busybox sh\ntouch /pwned\n"
			done
		done
	} >"$BATS_TEST_TMPDIR/lines"
	image libs <"$BATS_TEST_TMPDIR/lines"
	hoy run -d --name libs libs sleep 1000 >/dev/null
	mkdir "$BATS_TEST_TMPDIR/src"
	touch "$BATS_TEST_TMPDIR/src/"$'n\303\244me' "$BATS_TEST_TMPDIR/src/"$'n\344me'
	for state in running stopped; do
		hoy cp "$BATS_TEST_TMPDIR/src" libs:/in
		for z in cat gzip bzip2 xz zstd; do
			tar -C "$BATS_TEST_TMPDIR/src" --owner nobody --group nogroup -cf - . | $z | hoy cp - libs:/in || [[ $z == *z*2 || $z = xz ]]
		done
		hoy cp libs:/in "$BATS_TEST_TMPDIR/out-$state"
		hoy export libs | tar tf - >"$BATS_TEST_TMPDIR/listing"
		hoy diff libs >/dev/null
		hoy commit libs committed:latest >/dev/null
		[ $state = stopped ] || hoy exec -u nobody libs true
		[ $state = stopped ] || hoy top libs >/dev/null
		[ $state = stopped ] || hoy kill libs
		hoy wait libs >/dev/null
	done
	run ! grep -qx pwned "$BATS_TEST_TMPDIR/listing"
	run ! hoy cp libs:/pwned "$BATS_TEST_TMPDIR/pwned"
	like "$output" 'Could not find'
}

@test "CVE-2019-14271: the worker that unpacks can load no code any more" {
	hoy create --name wx busybox true >/dev/null
	mkfifo "$BATS_TEST_TMPDIR/stream"
	hoy cp - wx:/tmp <"$BATS_TEST_TMPDIR/stream" 2>/dev/null & # it waits for a stream that never comes
	cp=$!
	exec 9>"$BATS_TEST_TMPDIR/stream"
	eventually confined
	worker=$(pgrep -P $cp)
	is "$(cat "/proc/$worker/comm")" hoy-archive
	is "$(sed -n 's/^Seccomp:.//p; s/^NoNewPrivs:.//p' "/proc/$worker/status" | xargs)" "1 2"
	is "$(sed -n 's/^CapBnd:.//p' "/proc/$worker/status")" 000000008800001b
	exec 9>&-
	wait $cp || true
}

confined() { grep -q '^Seccomp:.2' "/proc/$(pgrep -P $cp)/status"; }

@test "CVE-2021-41089: cp changes no mode and no owner outside the container" {
	mkdir -m 777 "$BATS_TEST_TMPDIR/wide"
	touch "$BATS_TEST_TMPDIR/wide/f"
	image modes <<-EOF
		link wide $host/dir
		link f $host/file
	EOF
	hoy create --name modes modes true >/dev/null
	for how in "" -a; do
		# shellcheck disable=SC2086 # a word or none
		hoy cp $how "$BATS_TEST_TMPDIR/wide/." modes:/ || true
		# shellcheck disable=SC2086
		hoy cp $how "$BATS_TEST_TMPDIR/wide" modes:/ || true
		host_untouched
	done
	chmod 700 "$BATS_TEST_TMPDIR/wide"
	# out of a container: into a directory that is there, whose mode stays
	mkdir -m 700 "$BATS_TEST_TMPDIR/kept"
	hoy cp modes:/etc/. "$BATS_TEST_TMPDIR/kept"
	is "$(stat -c %a "$BATS_TEST_TMPDIR/kept")" 700
}

@test "CVE-2025-6032, CVE-2026-19730: a file that is written over is cut to its new length" {
	head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/long"
	hoy create --name cut busybox true >/dev/null
	hoy cp "$BATS_TEST_TMPDIR/long" cut:/file
	echo short >"$BATS_TEST_TMPDIR/short"
	hoy cp "$BATS_TEST_TMPDIR/short" cut:/file
	cp "$BATS_TEST_TMPDIR/long" "$BATS_TEST_TMPDIR/back"
	hoy cp cut:/file "$BATS_TEST_TMPDIR/back"
	is "$(cat "$BATS_TEST_TMPDIR/back")" short
	hoy export cut | sha256sum >"$BATS_TEST_TMPDIR/piped"
	for what in "export cut" "save busybox"; do
		# shellcheck disable=SC2086 # words
		hoy $what >"$BATS_TEST_TMPDIR/plain.tar"
		head -c 5000000 /dev/urandom >"$BATS_TEST_TMPDIR/over.tar"
		# shellcheck disable=SC2086
		hoy $what -o "$BATS_TEST_TMPDIR/over.tar"
		is "$(stat -c %s "$BATS_TEST_TMPDIR/over.tar")" "$(stat -c %s "$BATS_TEST_TMPDIR/plain.tar")" "$what"
	done
}

@test "CVE-2023-0778: what is exported while links are swapped holds nothing of the host" {
	racer swap r
	for n in {1..15}; do
		timeout 20 hoy cp swap:/s "$BATS_TEST_TMPDIR/$n" 2>/dev/null || true
		timeout 20 hoy cp swap:/s - >"$BATS_TEST_TMPDIR/$n.tar" 2>/dev/null || true
	done
	hoy rm -f swap
	# a round may meet what is just gone; not all do
	[ -n "$(find "$BATS_TEST_TMPDIR" -maxdepth 1 -name '*.tar' -size +0)" ]
	run ! grep -rq untouched "$BATS_TEST_TMPDIR"
	host_untouched
}
