# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers


@test "images: Docker's columns, one row a name" {
	hoy tag busybox other:v1
	expect 0 hoy images
	like "${lines[0]}" "^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$"
	is "$(hoy images --format '{{.Repository}}:{{.Tag}}' | sort | tr '\n' ' ')" "busybox:latest other:v1 "
	is "$(hoy images -q | wc -l)" 1
	is "$(hoy images other --format '{{.Tag}}')" "v1"
	like "$(hoy images -q --no-trunc)" '^sha256:[0-9a-f]{64}$'
	like "$(hoy images --digests | head -1)" "^REPOSITORY +TAG +DIGEST +IMAGE ID"
	expect 0 hoy rmi other:v1
	is "$output" "Untagged: other:v1"
}

@test "rmi: in use, by id, the last name" {
	hoy load -qi "$HOY_TEST_IMAGE"
	hoy create --name user busybox true >/dev/null
	expect 1 hoy rmi busybox
	one_line_error "conflict"
	hoy rm user >/dev/null
	hoy tag busybox second
	id=$(hoy images -q busybox)
	expect 1 hoy rmi "$id"
	one_line_error "referenced in multiple repositories"
	hoy rmi second >/dev/null
	expect 1 hoy rmi no-such-image
	one_line_error "No such image: no-such-image"
	expect 0 hoy rmi busybox
	like "$output" "^Untagged: busybox:latest"
	like "$output" "Deleted: sha256:"
	is "$(hoy images -q)" ""
	expect 0 hoy load -i "$HOY_TEST_IMAGE"
	is "$output" "Loaded image: busybox:latest"
	is "$(hoy images -q)" "$id"
}

@test "save and load: the same id, through pipe, file and gzip" {
	id=$(hoy images -q --no-trunc busybox)
	hoy save busybox >"$BATS_TEST_TMPDIR/a.tar"
	hoy save -o "$BATS_TEST_TMPDIR/b.tar" busybox
	gzip -k "$BATS_TEST_TMPDIR/b.tar"
	is "$(tar xOf "$BATS_TEST_TMPDIR/a.tar" manifest.json | jq -r '.[0].RepoTags[0]')" "busybox:latest"
	for f in a.tar b.tar b.tar.gz; do
		hoy rmi busybox >/dev/null
		is "$(hoy load -i "$BATS_TEST_TMPDIR/$f")" "Loaded image: busybox:latest"
		is "$(hoy images -q --no-trunc busybox)" "$id" "$f"
	done
	hoy rmi busybox >/dev/null
	is "$(hoy load <"$BATS_TEST_TMPDIR/a.tar")" "Loaded image: busybox:latest"
	is "$(hoy run --rm busybox echo works)" "works"
	expect 1 hoy save no-such-image
	one_line_error "No such image: no-such-image"
	[ ! -e "$BATS_TEST_TMPDIR/none.tar" ]
	expect 1 hoy save -o "$BATS_TEST_TMPDIR/none.tar" no-such-image
	is "$(find "$BATS_TEST_TMPDIR" -name "*none*")" "" "half a file"
}

@test "load: what is no image says so, and leaves nothing" {
	echo nonsense >"$BATS_TEST_TMPDIR/bad"
	expect 1 hoy load -i "$BATS_TEST_TMPDIR/bad"
	one_line_error "."
	head -c 100000 "$HOY_TEST_IMAGE" >"$BATS_TEST_TMPDIR/cut"
	expect 1 hoy load -i "$BATS_TEST_TMPDIR/cut"
	one_line_error "."
	expect 1 hoy load -i /nonexistent
	one_line_error "/nonexistent: No such file"
	hoy system check
}

@test "export, import, commit: a container becomes an image" {
	hoy run --name made busybox sh -c 'echo content >/file'
	hoy export made >"$BATS_TEST_TMPDIR/root.tar"
	is "$(tar xOf "$BATS_TEST_TMPDIR/root.tar" file)" "content"
	expect 0 hoy import -c 'CMD ["cat","/file"]' -m hello "$BATS_TEST_TMPDIR/root.tar" imported:1
	like "$output" '^sha256:[0-9a-f]{64}$'
	is "$(hoy run --rm imported:1)" "content"
	expect 0 hoy commit -a me -m why -c 'ENV A=b' -c 'CMD ["sh","-c","echo $A; cat /file"]' made committed
	like "$output" '^sha256:[0-9a-f]{64}$'
	is "$(hoy run --rm committed)" $'b\ncontent'
	is "$(hoy image inspect -f '{{.Author}} {{.Comment}}' committed)" "me why"
	hoy rmi imported:1 committed >/dev/null
}

@test "history: newest first" {
	expect 0 hoy history busybox
	like "${lines[0]}" "^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$"
	is "$(hoy history -q busybox | head -1)" "$(hoy images -q busybox)"
	is "$(hoy history --format '{{.ID}}' --no-trunc busybox | head -1)" "$(hoy images -q --no-trunc busybox)"
	expect 1 hoy history no-such-image
	one_line_error "No such image: no-such-image"
}

@test "image prune: dangling ones; -a: all that no container uses" {
	hoy run --name keep busybox true
	hoy import "$HOY_TEST_IMAGE" >/dev/null
	expect 0 hoy image prune -f
	like "$output" "Deleted Images:"
	like "$output" "Total reclaimed space: "
	is "$(hoy images --format '{{.Repository}}')" "busybox"
	hoy tag busybox unused
	expect 0 hoy image prune -af
	is "$(hoy images --format '{{.Repository}}' busybox)" "busybox"
	hoy rmi unused >/dev/null 2>&1 || true
}

@test "tag: bad references" {
	expect 1 hoy tag busybox UPPER
	one_line_error "repository name.*must be lowercase"
	expect 1 hoy tag busybox 'a b'
	one_line_error "invalid reference format"
	expect 1 hoy tag no-such-image x
	one_line_error "No such image: no-such-image"
}

@test "--platform: an image is what it is" {
	local other=linux/s390x
	local want="does not match the specified platform: wanted $other"
	for cmd in "image inspect" history save rmi; do
		# shellcheck disable=SC2086 # one or two words
		expect 1 hoy $cmd --platform "$other" busybox
		like "$stderr" "$want" "$cmd"
		# shellcheck disable=SC2086
		[ "$cmd" = rmi ] || hoy $cmd --platform linux busybox >/dev/null
	done
	expect 1 hoy load --platform "$other" -i "$HOY_TEST_IMAGE"
	one_line_error "not for $other"
	expect 0 hoy load --platform linux -i "$HOY_TEST_IMAGE"
	hoy tag busybox other:1
	expect 0 hoy rmi --platform linux other:1
	is "$output" "Untagged: other:1"
}
