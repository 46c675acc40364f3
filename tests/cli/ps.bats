# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "ps: Docker's columns" {
	expect 0 hoy ps
	is "$output" "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES"
	id=$(hoy run -d --name box busybox sleep 1000)
	expect 0 hoy ps
	is "${lines[0]}" "CONTAINER ID   IMAGE     COMMAND        CREATED                  STATUS                  PORTS     NAMES"
	like "${lines[1]}" "^${id:0:12}   busybox   \"sleep 1000\"   Less than a second ago   Up Less than a second             box$"
}

@test "ps: -a, -q, -n, -l, --no-trunc" {
	a=$(hoy create --name first busybox sh -c 'echo a long command that is cut')
	b=$(hoy run -d --name second busybox sleep 100)
	is "$(hoy ps -q)" "${b:0:12}"
	is "$(hoy ps -aq --no-trunc)" "$b"$'\n'"$a"
	is "$(hoy ps -q -n 1)" "${b:0:12}"
	is "$(hoy ps -lq)" "${b:0:12}"
	is "$(hoy ps -a --format '{{.Command}}' -f name=first)" "\"sh -c 'echo a long …\""
	like "$(hoy ps -a --no-trunc -f name=first)" "\"sh -c 'echo a long command that is cut'\""
	hoy create --name ported --expose 80 busybox true >/dev/null
	is "$(hoy ps -aq -f health=starting)$(hoy ps -aq -f expose=80)$(hoy ps -aq -f publish=80)" ""
	is "$(hoy ps -aq -f health=none -f name=ported | wc -l)" 1
}

@test "ps: --format" {
	hoy run -d --name box -l a=b -l c=d busybox sleep 100 >/dev/null
	is "$(hoy ps --format '{{.Names}}\t{{.Image}}')" $'box\tbusybox'
	is "$(hoy ps --format 'table {{.Names}}\t{{.State}}')" $'NAMES     STATE\nbox       running'
	is "$(hoy ps --format json | jq -r .Names)" "box"
	is "$(hoy ps --format '{{json .}}' | jq -r .State)" "running"
	is "$(hoy ps --format '{{.Labels}}')" "a=b,c=d"
	is "$(hoy ps --format '{{.Label "a"}}')" "b"
	is "$(hoy ps --format '{{upper .Names}} {{len .Names}}')" "BOX 3"
	expect 1 hoy ps --format '{{.Names'
	one_line_error "template"
}

@test "ps: --filter" {
	hoy run -d --name up -l role=web busybox sleep 100 >/dev/null
	hoy run --name down -l role=db busybox sh -c 'exit 3' || true
	names() { hoy ps -a --format '{{.Names}}' "$@"; }
	is "$(names -f status=running)" "up"
	is "$(names -f status=exited)" "down"
	is "$(names -f exited=3)" "down"
	is "$(names -f label=role=web)" "up"
	is "$(names -f label=role | sort | tr '\n' ' ')" "down up "
	is "$(names -f name=do)" "down"
	is "$(names -f ancestor=busybox | wc -l)" 2
	is "$(names -f before=down)" "up"
	is "$(names -f since=up)" "down"
	expect 1 hoy ps -f nonsense=1
	one_line_error "invalid filter 'nonsense'"
	expect 125 hoy ps -f nonsense
	like "$stderr" "invalid filter 'nonsense'"
}

@test "ps: statuses" {
	hoy create --name cc busybox true >/dev/null
	is "$(hoy ps -a --format '{{.Status}}')" "Created"
	hoy start cc >/dev/null
	eventually has_status cc exited
	like "$(hoy ps -a --format '{{.Status}}')" '^Exited \(0\) (Less than a second|1 second|[0-9]+ seconds) ago$'
}

@test "ps -s: sizes" {
	hoy run --name ss busybox sh -c 'head -c 100000 /dev/zero >/file'
	like "$(hoy ps -as --format '{{.Size}}')" '^1[0-9][0-9](\.[0-9])?kB \(virtual .*\)$'
}
