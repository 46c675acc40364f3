# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A normal user for tests, with ranges of ids, who is gone with the mount namespace of the caller: the machine's
# own /etc stays as it is, an overlay lies over it.

HOY_TEST_USER=hoytest HOY_TEST_UID=61234 HOY_TEST_RANGE=1610612736

# as_test_user COMMAND…: becomes that user (in a mount namespace of the tests' own), with the folder HOY_TEST_HOST
# for a home. Does not return.
as_test_user() {
	make_test_user
	delegate_cgroup
	make_way_out
	exec setpriv --reuid "$HOY_TEST_UID" --regid "$HOY_TEST_UID" --clear-groups \
		env -i PATH="$PATH" TERM="${TERM:-dumb}" HOY_TEST_HOST="$HOY_TEST_HOST" USER="$HOY_TEST_USER" \
		HOY_TEST_DELEGATED="${HOY_TEST_DELEGATED:-}" \
		HOME="$HOY_TEST_HOST/home" TMPDIR="$HOY_TEST_HOST/tmp" "$@"
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
		echo "$HOY_TEST_USER:$HOY_TEST_RANGE:65536" >>"/etc/$f"
	done
}
