# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
# shellcheck disable=SC2016 # the container's shell expands
# hoy-oci by itself: bundles of busybox, one root folder and one cgroup for each test.
load helpers

setup() {
	! rootless || skip "needs root: an OCI runtime for a normal user is tested apart"
	export OCI_ROOT=$BATS_TEST_TMPDIR/root OCI_CGROUP=$HOY_TEST_CGROUP/oci
	mkdir -p "$BATS_TEST_TMPDIR/b/rootfs"
	cd "$BATS_TEST_TMPDIR/b" || exit
	hoy create --name oci-source busybox true >/dev/null
	hoy export oci-source | tar -x -C rootfs
	hoy rm oci-source >/dev/null
	oci spec
	configure '.process.terminal = false | .root.readonly = false'
}

teardown() {
	local id
	for id in $(oci list -q); do oci delete -f "$id"; done
	is "$(find "$OCI_ROOT" -mindepth 1 -maxdepth 1 ! -name @seccomp)" "" "records left"
	[ -z "$(find /sys/fs/cgroup -type d -path "*$OCI_CGROUP/*")" ] || { echo "cgroups left"; return 1; }
	find /sys/fs/cgroup -depth -type d -path "*$OCI_CGROUP" -exec rmdir {} + 2>/dev/null || true
}

oci() { "${HOY%/*}/hoy-oci" --root "$OCI_ROOT" "$@"; }

# configure FILTER: changes config.json (jq); the cgroup is always the test's.
configure() {
	jq "$1 | .linux.cgroupsPath = \"$OCI_CGROUP/c\"" config.json >config.new
	mv config.new config.json
}

# command WORD…: what the container executes.
command_is() {
	configure ".process.args = $(jq -cn '$ARGS.positional' --args -- "$@")"
}

# detached STATUS COMMAND…: as expect, for what leaves a process behind that keeps stdout and stderr open.
detached() {
	local want=$1
	shift
	status=0
	"$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	stderr=$(cat "$BATS_TEST_TMPDIR/err")
	is "$status" "$want" "$*: $stderr"
}

state_of() { oci state "$1" | jq -r .status; }
has_state() { [ "$(state_of "$1")" = "$2" ]; }

@test "oci: run passes output, input and the exit code on, and leaves nothing" {
	command_is sh -c 'cat; echo out; echo err >&2; exit 7'
	expect 7 oci run box <<<in
	is "$output" $'in\nout'
	is "$stderr" err
	expect 1 oci state box
	one_line_error 'container "box" does not exist'
	command_is sh -c 'kill -KILL $$'
	configure '.linux.namespaces |= map(select(.type != "pid"))'
	expect 137 oci run box
}

@test "oci: hoy oci is the same program" {
	command_is echo hello
	is "$(hoy oci --root "$OCI_ROOT" run box)" hello
	is "$(hoy oci --version | head -n 1)" "$(oci --version | head -n 1)"
}

@test "oci: create, start, kill, delete" {
	command_is sh -c 'echo started >/started; exec sleep 1000'
	detached 0 oci create --pid-file pid box
	has_state box created
	[ ! -e rootfs/started ]
	is "$(oci state box | jq .pid)" "$(cat pid)"
	expect 1 oci create box
	like "$stderr" "already exists"
	detached 0 oci start box
	eventually [ -e rootfs/started ]
	has_state box running
	expect 1 oci start box
	one_line_error "cannot start an already running container"
	expect 1 oci delete box
	one_line_error "not stopped: running"
	expect 0 oci kill box KILL
	eventually has_state box stopped
	is "$(oci state box | jq .pid)" 0
	expect 1 oci start box
	one_line_error "cannot start a container that has stopped"
	expect 1 oci kill box
	one_line_error "container not running"
	expect 0 oci delete box
	expect 1 oci delete box
	expect 0 oci delete --force box
}

@test "oci: a container that was never started is deleted; ids are checked" {
	command_is true
	detached 0 oci create box
	expect 0 oci delete box
	for id in ../x .. a/b 'a b' @seccomp ''; do
		expect 1 oci create "$id"
		like "$stderr" "container id cannot be empty|invalid container ID format"
	done
}

@test "oci: what cannot be executed is told at create or start" {
	command_is no-such-command
	expect 1 oci create box
	one_line_error 'exec: "no-such-command": executable file not found in \$PATH'
	printf '#!/no/interpreter\n' >rootfs/bad
	chmod 755 rootfs/bad
	command_is /bad
	detached 0 oci create box
	expect 1 oci start box
	one_line_error 'exec /bad: no such file or directory'
	eventually has_state box stopped
	expect 1 oci run other
	like "$stderr" "exec /bad"
}

@test "oci: list, ps, events, features" {
	is "$(oci list --format json)" null
	command_is sleep 1000
	detached 0 oci run -d box
	like "$(oci list)" $'^ID +PID +STATUS +BUNDLE +CREATED +OWNER\nbox +[0-9]+ +running +'
	is "$(oci list -q)" box
	is "$(oci list -f json | jq -r '.[0].rootfs')" "$PWD/rootfs"
	is "$(oci ps -f json box)" "[$(oci state box | jq .pid)]"
	like "$(oci ps box)" "UID +PID .*sleep 1000"
	expect 1 oci list -f yaml
	is "$(oci events --stats box | jq -r '.type, .data.pids.current')" $'stats\n1'
	like "$(oci features | jq -r .linux.seccomp.actions)" SCMP_ACT_ERRNO
}

@test "oci: exec" {
	command_is sleep 1000
	detached 0 oci run -d box
	expect 5 oci exec -e A=b --cwd /tmp -u 7:8 -g 9 box sh -c 'id -u; id -G; pwd; echo $A; exit 5'
	is "$output" $'7\n8 9\n/tmp\nb'
	expect 255 oci exec box no-such-command
	one_line_error 'exec failed: exec: "no-such-command": executable file not found'
	echo '{"cwd": "/", "args": ["echo", "from file"], "env": ["PATH=/bin"]}' >process.json
	is "$(oci exec -process process.json box)" "from file"
	expect 255 oci exec box
	is "$(oci exec --no-new-privs=false box grep NoNewPrivs /proc/self/status)" $'NoNewPrivs:\t0'
	like "$(oci exec --cap CAP_SYS_PTRACE box grep CapEff /proc/self/status)" '0000000020080420'
	detached 0 oci exec -d --pid-file pid box sleep 2000
	is "$(oci ps -f json box | jq length)" 2
	kill -KILL "$(cat pid)"
	echo kept >file
	is "$(oci exec --preserve-fds 1 box cat /proc/self/fd/3 3<file)" kept
	expect 255 oci exec --preserve-fds 1000 box true
	group=$(jq -r .cgroup_path "$OCI_ROOT/box/state.json")
	expect 255 oci exec --cgroup "../${group##*/}2" box true # begins alike, and is another's
	one_line_error "is not a sub cgroup path"
}

@test "oci: nothing of the caller is open in the container" {
	command_is sh -c 'ls /proc/self/fd'
	is "$(oci run box 7<config.json)" $'0\n1\n2\n3'
}

@test "oci: pause, resume, kill --all" {
	command_is sh -c 'sleep 1000 & exec sleep 2000'
	detached 0 oci run -d box
	expect 0 oci pause box
	has_state box paused
	expect 255 oci exec box true
	one_line_error "cannot exec in a paused container"
	expect 1 oci pause box
	expect 0 oci resume box
	expect 1 oci resume box
	has_state box running
	expect 0 oci kill --all box KILL
	eventually has_state box stopped
	oci delete box
	detached 0 oci create two
	oci start two
	oci pause two
	expect 0 oci delete --force two
}

@test "oci: update changes the limits, by options and from a file" {
	command_is sleep 1000
	detached 0 oci run -d box
	limit() {
		cat "/sys/fs/cgroup/pids$OCI_CGROUP/c/pids.max" 2>/dev/null || cat "/sys/fs/cgroup$OCI_CGROUP/c/pids.max"
	}
	expect 0 oci update --pids-limit 33 box
	is "$(limit)" 33
	expect 0 oci update -r - box <<<'{"pids": {"limit": 44}}'
	is "$(limit)" 44
	expect 1 oci update -r - box <<<'{"pids": {"limit": "many"}}'
	one_line_error 'resources.*pids.limit'
	expect 1 oci update --memory lots box
}

@test "oci: a terminal in the foreground, and one over a console socket" {
	configure '.process.terminal = true'
	command_is sh -c 'tty; stty size 2>/dev/null || true; exit 3'
	expect 1 oci create box
	one_line_error "without setting console socket"
	expect 3 "$BATS_TEST_DIRNAME/pty" 24x80 -- "${HOY%/*}/hoy-oci" --root "$OCI_ROOT" run box
	like "$output" /dev/pts/0
	python3 - "$BATS_TEST_TMPDIR/console" >received <<-'END' &
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		s.bind(sys.argv[1])
		s.listen()
		c, _ = s.accept()
		text, fds, _, _ = socket.recv_fds(c, 100, 1)
		print(text.decode())
		while True:
		    try:
		        data = os.read(fds[0], 1000)
		    except OSError:
		        break
		    if not data:
		        break
		    sys.stdout.write(data.decode())
	END
	eventually [ -S "$BATS_TEST_TMPDIR/console" ]
	detached 0 oci run -d --console-socket "$BATS_TEST_TMPDIR/console" box
	wait $!
	like "$(cat received)" '^/dev/pts/[0-9]+.*/dev/pts/0'
}

@test "oci: hooks at their moments, in their namespaces" {
	local n host
	for n in prestart createRuntime createContainer poststart poststop; do
		configure ".hooks.$n = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
			\"echo $n \$(readlink /proc/self/ns/mnt) >>$PWD/log; cat >$PWD/state.$n\"]}]"
	done
	configure '.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "echo in >/in-container"]}]'
	command_is true
	expect 0 oci run box
	is "$(cut -d' ' -f1 log | paste -sd' ')" "prestart createRuntime createContainer poststart poststop"
	host=$(readlink /proc/self/ns/mnt)
	is "$(grep -c -F "$host" log)" 4 "hooks on the host"
	[ "$(sed -n 's/^createContainer //p' log)" != "$host" ]
	is "$(cat rootfs/in-container)" in
	is "$(jq -r '.id, .status, .bundle' state.createRuntime)" $'box\ncreating\n'"$PWD"
	is "$(jq -r .status state.poststop)" stopped
	configure '.hooks = {"createRuntime": [{"path": "/bin/false"}]}'
	expect 1 oci run box
	like "$stderr" "createRuntime hook"
}

@test "oci: a create that is killed leaves no process, and what it left is swept" {
	command_is sleep 1000
	configure ".hooks.createRuntime = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\",
		\"touch $PWD/there; exec sleep 3\"]}]"
	"${HOY%/*}/hoy-oci" --root "$OCI_ROOT" create box </dev/null >/dev/null 2>&1 3>&- &
	eventually [ -e there ]
	is "$(state_of box)" creating
	kill -KILL $!
	wait $! || true
	gone() { ! oci state box; }
	eventually gone
	[ ! -e "$OCI_ROOT/box" ]
	configure 'del(.hooks)'
	detached 0 oci run -d box
	has_state box running
}

@test "oci: errors go to the log as JSON, too" {
	expect 1 oci --log log.json --log-format json state nobody
	is "$(jq -r '.level, .msg' log.json)" $'error\ncontainer "nobody" does not exist'
	like "$(jq -r .time log.json)" '^20[0-9-]+T[0-9:]+Z$'
	expect 1 oci --log-format yaml state nobody
	expect 1 oci --systemd-cgroup state nobody
	one_line_error "systemd"
	expect 1 oci checkpoint box
	one_line_error "checkpoint is not supported"
	expect 1 oci run -no-such-flag box
	expect 1 oci run
}

@test "oci: --debug tells the steps, and only then" {
	command_is true
	expect 0 oci --log log run box
	[ ! -s log ]
	expect 0 oci --debug --log log --log-format json run box
	is "$(jq -r .level log | uniq)" debug
	like "$(jq -r .msg log | tr '\n' ' ')" 'container box: bundle .* waits for its start .* runs .* deleted'
	is "$stderr" ""
}

@test "oci: wrong configurations are refused with the place" {
	configure '.process.args = "sh"'
	expect 1 oci run box
	one_line_error 'config.json: .*process.args'
	rm config.json
	expect 1 oci run box
	one_line_error 'config.json not found'
}

@test "oci: seccomp is compiled once" {
	command_is sh -c 'mkdir /made 2>&1; echo code $?'
	configure '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}'
	like "$(oci run box)" "Operation not supported|Not supported"
	is "$(ls "$OCI_ROOT/@seccomp" | wc -l)" 1
	like "$(oci run box)" "code 1"
	is "$(ls "$OCI_ROOT/@seccomp" | wc -l)" 1
}

@test "oci: its own program cannot be written from a container" {
	command_is true
	sum=$(sha256sum <"${HOY%/*}/hoy-oci")
	detached 0 oci create box
	pid=$(oci state box | jq .pid)
	exec 9<"/proc/$pid/exe"
	oci delete box
	# Nothing executes it any more, and through this file it still cannot be written.
	if (echo x >/proc/self/fd/9) 2>err; then false; fi
	like "$(cat err)" "Read-only file system"
	exec 9<&-
	is "$(sha256sum <"${HOY%/*}/hoy-oci")" "$sum"
}
