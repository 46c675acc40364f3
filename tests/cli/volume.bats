# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

no_volumes() {
	local names
	names=$(hoy volume ls -q)
	# shellcheck disable=SC2086 # one word a name
	[ -z "$names" ] || hoy volume rm $names >/dev/null
}

@test "volume: create, ls, inspect, rm" {
	no_volumes
	expect 0 hoy volume ls
	is "$output" "DRIVER    VOLUME NAME"
	expect 0 hoy volume create --label a=b data
	is "$output" "data"
	expect 0 hoy volume create data # there already
	expect 0 hoy volume create
	like "$output" '^[0-9a-f]{64}$'
	is "$(hoy volume ls -q | wc -l)" 2
	is "$(hoy volume ls -f name=dat --format '{{.Driver}} {{.Name}} {{.Scope}}')" "local data local"
	is "$(hoy volume inspect -f '{{.Name}} {{.Labels.a}}' data)" "data b"
	[ -d "$(hoy volume inspect -f '{{.Mountpoint}}' data)" ]
	expect 0 hoy volume rm data
	is "$output" "data"
	expect 1 hoy volume rm data
	one_line_error "(No|no) such volume"
	expect 0 hoy volume rm -f data
	no_volumes
}

@test "volume: bad names and drivers" {
	expect 1 hoy volume create 'a b'
	one_line_error "a b"
	expect 1 hoy volume create ../x
	one_line_error "\.\./x"
	expect 1 hoy volume create -d nope some-name
	one_line_error "nope"
	is "$(hoy volume ls -q)" ""
}

@test "volume: contents outlive containers; in use it stays" {
	hoy run --rm -v data:/d busybox sh -c 'echo kept >/d/f'
	is "$(hoy run --rm -v data:/x:ro busybox cat /x/f)" "kept"
	hoy create --name user -v data:/d busybox true >/dev/null
	expect 1 hoy volume rm data
	one_line_error "in use"
	hoy rm user >/dev/null
	hoy volume rm data >/dev/null
}

@test "volume: an empty one gets what the image has there" {
	is "$(hoy run --rm -v etc:/etc busybox sh -c 'ls /etc | wc -l')" "$(hoy run --rm busybox sh -c 'ls /etc | wc -l')"
	hoy volume rm etc >/dev/null
}

@test "volume prune: anonymous ones that nobody uses; -a: named ones, too" {
	no_volumes
	hoy volume create named >/dev/null
	hoy volume create >/dev/null
	hoy create --name user -v /anon busybox true >/dev/null
	expect 0 hoy volume prune -f
	like "$output" "Deleted Volumes:"
	is "$(hoy volume ls -q | wc -l)" 2
	expect 0 hoy volume prune -af
	is "$(hoy volume ls -q | wc -l)" 1
	hoy rm -v user >/dev/null
	is "$(hoy volume ls -q)" ""
}

@test "volumes-from: the same volumes" {
	hoy run --name aa -v /shared busybox sh -c 'echo x >/shared/f'
	is "$(hoy run --rm --volumes-from aa busybox cat /shared/f)" "x"
	expect 1 hoy run --rm --volumes-from aa:ro busybox touch /shared/g
	hoy rm -v aa >/dev/null
}
