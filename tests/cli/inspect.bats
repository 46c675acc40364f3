# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2154 # output, stderr, lines and status are set by run, in expect
load helpers

@test "inspect: one array, whatever the kinds" {
	id=$(hoy create --name box busybox echo hi)
	hoy volume create vol >/dev/null
	expect 0 hoy inspect box busybox vol
	is "$(jq -r 'length' <<<"$output")" 3
	is "$(jq -r '.[0].Id' <<<"$output")" "$id"
	is "$(jq -r '.[0].Name' <<<"$output")" "/box"
	like "$(jq -r '.[1].Id' <<<"$output")" "^sha256:"
	is "$(jq -r '.[2].Driver' <<<"$output")" "local"
	like "$output" $'^\\[\n    \\{\n        "Id"' "indented by four"
	hoy volume rm vol >/dev/null
}

@test "inspect: what is missing has its line, the rest is printed" {
	hoy create --name box busybox true >/dev/null
	expect 1 hoy inspect box no-such
	one_line_error "No such object: no-such"
	is "$(jq -r '.[0].Name' <<<"$output")" "/box"
	expect 1 hoy inspect no-such
	is "$output" "[]"
	expect 1 hoy inspect --type volume box
	expect 1 hoy inspect --type nonsense box
	one_line_error "nonsense"
}

@test "inspect -f: fields, functions, one line each" {
	hoy create --name box -l a=b -e X=1 busybox echo hi >/dev/null
	is "$(hoy inspect -f '{{.Name}} {{.Config.Image}}' box)" "/box busybox"
	is "$(hoy inspect -f '{{json .Config.Cmd}}' box)" '["echo","hi"]'
	is "$(hoy inspect -f '{{join .Config.Cmd ","}}' box)" 'echo,hi'
	is "$(hoy inspect -f '{{range .Config.Cmd}}<{{.}}>{{end}}' box)" '<echo><hi>'
	is "$(hoy inspect -f '{{if .State.Running}}yes{{else}}no{{end}}' box)" 'no'
	is "$(hoy inspect -f '{{index .Config.Labels "a"}}' box)" 'b'
	is "$(hoy inspect -f '{{len .Config.Cmd}}' box)" 2
	is "$(hoy inspect -f json box | jq -r .Name)" "/box"
	is "$(hoy inspect -f '{{.Id}}' box box | sort -u | wc -l)" 1
	expect 1 hoy inspect -f '{{.NoSuchField}}' box
	one_line_error "NoSuchField"
}

@test "inspect: state of a container that ran" {
	hoy run --name ran busybox sh -c 'exit 2' || true
	expect 0 hoy container inspect ran
	is "$(jq -r '.[0].State | "\(.Status) \(.ExitCode) \(.Running) \(.OOMKilled)"' <<<"$output")" "exited 2 false false"
	like "$(jq -r '.[0].State.StartedAt' <<<"$output")" '^20[0-9]{2}-'
	like "$(jq -r '.[0].State.FinishedAt' <<<"$output")" '^20[0-9]{2}-'
}
