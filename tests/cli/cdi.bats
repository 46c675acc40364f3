# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# Devices by the Container Device Interface: files of /etc/cdi, which is ours in the tests' host.
load helpers

setup() {
	needs_root "the files are below /etc"
	[ -d /etc/cdi ] || { mkdir /etc/cdi && touch "$BATS_TEST_TMPDIR/made"; }
	mkdir -p "$BATS_TEST_TMPDIR/cdi"
	mount --bind "$BATS_TEST_TMPDIR/cdi" /etc/cdi
	mkdir -p "$BATS_TEST_TMPDIR/lib"
	echo driver >"$BATS_TEST_TMPDIR/lib/file"
	cat >/etc/cdi/test.json <<-END
	{"cdiVersion": "0.6.0", "kind": "test.com/gpu", "containerEdits": {"env": ["COMMON=1"], "mounts": [
	   {"hostPath": "$BATS_TEST_TMPDIR/lib", "containerPath": "/opt/lib", "options": ["ro", "nosuid"]}]},
	 "devices": [
	   {"name": "all", "containerEdits": {"env": ["GPU=all"]}},
	   {"name": "0", "containerEdits": {"env": ["GPU=0"], "additionalGids": [44], "deviceNodes":
	      [{"path": "/dev/gpu0", "hostPath": "/dev/zero", "fileMode": 432, "gid": 44, "permissions": "r"}]}},
	   {"name": "hook", "containerEdits": {"hooks": [{"hookName": "createContainer", "path": "/bin/sh",
	      "args": ["sh", "-c", "cat > $BATS_TEST_TMPDIR/state"]}]}}]}
	END
}

teardown() {
	umount /etc/cdi
	[ ! -e "$BATS_TEST_TMPDIR/made" ] || rmdir /etc/cdi
	hoy rm -f box >/dev/null 2>&1 || true
}

@test "--device vendor.com/class=name: node, rule, groups, environment, mounts" {
	expect 0 hoy run --rm --device test.com/gpu=0 busybox sh -c \
		'echo $COMMON $GPU; stat -c "%t:%T %a %g" /dev/gpu0; head -c1 /dev/gpu0 | wc -c; id -G; cat /opt/lib/file; touch /opt/lib/x 2>&1 || true'
	is "${lines[0]}" "1 0"
	is "${lines[1]}" "1:5 660 44"
	is "${lines[2]}" 1
	like "${lines[3]}" "44"
	is "${lines[4]}" driver
	like "${lines[5]}" "Read-only"
}

@test "--gpus: all, a count, ids, and what is not there" {
	is "$(hoy run --rm --gpus all busybox sh -c 'echo $GPU')" all
	is "$(hoy run --rm --gpus 1 busybox sh -c 'echo $GPU')" 0
	is "$(hoy run --rm --gpus device=0 busybox sh -c 'echo $GPU')" 0
	expect 125 hoy run --rm --gpus 2 busybox true
	one_line_error "unresolvable CDI devices test.com/gpu=1"
	expect 125 hoy run --rm --gpus driver=other busybox true
	one_line_error 'could not select device driver "other" with capabilities: \[\[gpu\]\]'
	rm /etc/cdi/test.json
	expect 125 hoy run --rm --gpus all busybox true
	one_line_error 'could not select device driver "" with capabilities: \[\[gpu\]\]'
}

@test "CDI: a hook gets the state; exec has the environment; inspect tells the request" {
	hoy run -d --name box --device test.com/gpu=hook --device test.com/gpu=all busybox sleep 100 >/dev/null
	like "$(cat "$BATS_TEST_TMPDIR/state")" '"status": ?"creating"'
	is "$(hoy exec box sh -c 'echo $GPU $COMMON')" "all 1"
	is "$(hoy inspect -f '{{(index .HostConfig.DeviceRequests 0).Driver}}' box)" cdi
}

@test "CDI: unknown devices and files that are wrong" {
	expect 125 hoy run --rm --device test.com/gpu=9 busybox true
	one_line_error "CDI device injection failed: unresolvable CDI devices test.com/gpu=9"
	echo '{"cdiVersion": "0.6.0", "kind": "x"}' >/etc/cdi/bad.json
	expect 125 hoy run --rm --device other.com/x=9 busybox true
	one_line_error '/etc/cdi/bad.json: kind "x" is not vendor.com/class'
	is "$(hoy run --rm --device test.com/gpu=all busybox sh -c 'echo $GPU')" all "the others work"
}
