# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A normal user for tests, with ranges of ids, who is gone with the mount namespace of the caller: the machine's
# own /etc stays as it is, an overlay lies over it.

HOY_TEST_USER=hoytest HOY_TEST_UID=61234 HOY_TEST_RANGE=1610612736

# as_test_user HOW HOY FILE.bats…: the tests as that user (in a mount namespace of the tests' own), with the folder
# HOY_TEST_HOST for a home; HOW is --rootless, or --userns for root in a user namespace. Does not return.
as_test_user() {
	local how=$1 hoy=$2 become=(setpriv --reuid "$HOY_TEST_UID" --regid "$HOY_TEST_UID" --clear-groups)
	local env=(TERM="${TERM:-dumb}" HOY_TEST_HOST="$HOY_TEST_HOST" HOY_TEST_ROOTLESS=1)
	shift 2
	make_test_user
	make_way_out
	if ! "${become[@]}" test -x "$hoy" -a -r helpers.bash; then
		# The user may not come here: a checkout in /root. The programs look for each other where they were installed.
		mkdir -p "$HOY_TEST_HOST/src/tests"
		cp -a ../cli "$HOY_TEST_HOST/src/tests"
		cp -a ../../tools "${hoy%/*/*}" "$HOY_TEST_HOST/src"
		chmod -R go+rX,go-w "$HOY_TEST_HOST/src"
		hoy=${hoy%/*/*}
		hoy=$HOY_TEST_HOST/src/${hoy##*/}/bin/hoy
		env+=(HOY_LIBEXECDIR="${hoy%/*/*}/libexec/hoy")
		cd "$HOY_TEST_HOST/src/tests/cli" || exit 1
	fi
	if [ "$how" = --userns ]; then
		# From the id on which HOY_TEST_RANGE begins, which is root's then.
		become=(unshare -Um --map-users="$HOY_TEST_RANGE,0,65536" --map-groups="$HOY_TEST_RANGE,0,65536" --setuid 0 --setgid 0)
		chown -R "$HOY_TEST_RANGE:$HOY_TEST_RANGE" "$HOY_TEST_HOST"/{,home,xdg,tmp}
		env+=(USER=root)
	else
		delegate_cgroup
		env+=(USER="$HOY_TEST_USER" HOY_TEST_DELEGATED="${HOY_TEST_DELEGATED:-}")
	fi
	exec "${become[@]}" env -i PATH="$PATH" "${env[@]}" HOME="$HOY_TEST_HOST/home" TMPDIR="$HOY_TEST_HOST/tmp" \
		./run "$how" "$hoy" "$@"
}

# A part of the v2 tree becomes the user's, as systemd does it; we go into a group of its own there, because groups
# with processes cannot pass controllers on.
delegate_cgroup() {
	local base=/sys/fs/cgroup top f c
	[ ! -d $base/unified ] || base=$base/unified
	[ -f $base/cgroup.procs ] || return 0
	top=$base/hoyuser-${HOY_TEST_HOST##*.}
	mkdir -p "$top/tests" || exit 1
	for c in $(cat $base/cgroup.controllers); do
		echo "+$c" >>$base/cgroup.subtree_control
	done 2>/dev/null
	for f in . cgroup.procs cgroup.subtree_control cgroup.threads tests tests/cgroup.procs tests/cgroup.subtree_control; do
		chown "$HOY_TEST_UID:$HOY_TEST_UID" "$top/$f"
	done
	echo $$ >"$top/tests/cgroup.procs"
	HOY_TEST_DELEGATED=/${top##*/}
}

# pasta takes address and route from the host's; both programs want /dev/net/tun, which some hosts keep for root.
make_way_out() {
	ip link add hoyup0 type veth peer name hoyup1
	ip addr add 192.0.2.2/24 dev hoyup0
	ip link set hoyup0 up
	ip link set hoyup1 up
	ip route add default via 192.0.2.1
	[ -c /dev/net/tun ] || return 0
	mknod -m 666 "$HOY_TEST_HOST/tun" c 10 200 && mount --bind "$HOY_TEST_HOST/tun" /dev/net/tun
}

make_test_user() {
	local etc=$HOY_TEST_HOST/etc f
	mkdir -p "$etc/upper" "$etc/work" "$HOY_TEST_HOST/home" "$HOY_TEST_HOST/xdg" "$HOY_TEST_HOST/tmp"
	chown "$HOY_TEST_UID:$HOY_TEST_UID" "$HOY_TEST_HOST" "$HOY_TEST_HOST"/{home,xdg,tmp}
	chmod 711 "$HOY_TEST_HOST"
	chmod 700 "$HOY_TEST_HOST/xdg"
	mount -t overlay overlay -o "lowerdir=/etc,upperdir=$etc/upper,workdir=$etc/work" /etc || exit 1
	echo "$HOY_TEST_USER:x:$HOY_TEST_UID:$HOY_TEST_UID::$HOY_TEST_HOST/home:/bin/bash" >>/etc/passwd
	echo "$HOY_TEST_USER:x:$HOY_TEST_UID:" >>/etc/group
	for f in subuid subgid; do
		printf '%s:%s:65536\n' "$HOY_TEST_USER" "$HOY_TEST_RANGE" root "$HOY_TEST_RANGE" >>"/etc/$f"
	done
}
