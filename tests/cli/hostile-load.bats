# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154 # $ inside '' is for the container's shell; status, output, stderr, host are set elsewhere
# Archives that lead out, grow, or contradict themselves.

load helpers
load hostile

@test "archives that lead out: .., absolute names, links as parents, hard links" {
	rows=(
		"file ../../../../../../../../..$host/evil x"
		"file $host/evil x"
		"file a/../../../../../../../../../..$host/evil x"
		"link d $host/dir|file d/evil x"
		"link d ../../../../../../../../../../..$host|file d/file evil"
		"link d /|link e d$host|file e/dir/evil x"
		"hard h ../../../../../../../../../../..$host/file|file h evil"
		"hard h $host/file"
		"link l $host/file|hard h l|file h evil"
		"link d $host|hard h d/file|file h evil"
		"link d $host|file d/.wh.file x"
		"link d $host|file d/.wh..wh..opq x"
		"file .wh... x"
		"file .wh.. x"
		"fifo d/f|file d/f x"
	)
	for row in "${rows[@]}"; do
		for how in import load; do
			tr '|' '\n' <<<"$row" | tarball "$HOY_TEST_HOST/empty.tar" >"$BATS_TEST_TMPDIR/t.tar"
			if [ "$how" = import ]; then
				run --separate-stderr timeout 20 hoy import "$BATS_TEST_TMPDIR/t.tar" led
			else
				run --separate-stderr load_layer led <"$BATS_TEST_TMPDIR/t.tar"
			fi
			[ "$status" = 0 ] || one_line_error '^hoy: '
			echo "$row: $how: $status $stderr"
			host_untouched
		done
	done
}

# oci NAME <PYTHON: an OCI layout as a tar. The code gets blob(bytes) -> descriptor, layer, config, manifest (dicts)
# and index, and may change what it likes before they are written: `files` maps names to bytes.
oci() {
	python3 -c '
import hashlib, io, json, sys, tarfile
files = {"oci-layout": b"{\"imageLayoutVersion\":\"1.0.0\"}"}
OCI = "application/vnd.oci.image."
def blob(data, kind):
    hex = hashlib.sha256(data).hexdigest()
    files["blobs/sha256/" + hex] = data
    return {"mediaType": OCI + kind, "digest": "sha256:" + hex, "size": len(data)}
def text(x):
    return json.dumps(x).encode()
buf = io.BytesIO()
with tarfile.open(fileobj=buf, mode="w") as t:
    info = tarfile.TarInfo("file")
    t.addfile(info)
data = buf.getvalue()
layer = blob(data, "layer.v1.tar")
config = {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
manifest = {"schemaVersion": 2, "mediaType": OCI + "manifest.v1+json", "layers": [layer]}
index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json"}
def finish():
    if "config" not in manifest:
        manifest["config"] = blob(text(config), "config.v1+json")
    if "manifests" not in index:
        index["manifests"] = [dict(blob(text(manifest), "manifest.v1+json"),
                                   annotations={"org.opencontainers.image.ref.name": "docker.io/library/" + sys.argv[1] + ":latest"})]
    files.setdefault("index.json", text(index))
exec(sys.stdin.read())
finish()
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as out:
    for name, data in files.items():
        t = tarfile.TarInfo(name)
        t.size = len(data)
        out.addfile(t, io.BytesIO(data))' "$1"
}

# refused: `hoy load` of what comes on stdin says no in one line, in time, and keeps nothing.
refused() {
	run --separate-stderr timeout 20 hoy load
	[ "$status" != 0 ] && [ "$status" != 124 ] || { echo "exit code $status: $output $stderr"; return 1; }
	one_line_error '^hoy: '
	is "$(hoy images -q | wc -l)" 1 "something was kept"
}

@test "CVE-2021-41190: a manifest that is two things at once, or not what its descriptor says" {
	oci good </dev/null | hoy load -q # what all below differ from is loaded
	hoy rmi good >/dev/null
	refused < <(oci bad <<<'manifest["manifests"] = [layer]')
	refused < <(oci bad <<<'index["layers"] = [layer]; index["config"] = layer')
	refused < <(oci bad <<<'manifest["mediaType"] = OCI + "index.v1+json"')
	refused < <(oci bad <<<'manifest["config"] = layer')
	refused < <(oci bad <<<'index["manifests"] = [dict(blob(text(manifest), "manifest.v1+json"), mediaType="text/html")]')
	refused < <(oci bad <<<'layer["size"] += 1')
	refused < <(oci bad <<<'layer["size"] = -1')
	refused < <(oci bad <<<'config["rootfs"]["diff_ids"] = []')
	refused < <(oci bad <<<'config["rootfs"]["diff_ids"] = ["sha256:" + "0" * 64]')
	refused < <(oci bad <<<'files["blobs/sha256/" + layer["digest"][7:]] = data + b"x"')
	refused < <(oci bad <<<'m = blob(text({"schemaVersion": 2, "manifests": []}), "index.v1+json"); index["manifests"] = [m] * 100000')
	host_untouched
}

@test "CVE-2024-3727, CVE-2026-95839: digests that are paths, short, long, of no known algorithm, or no text" {
	zeros=$(printf '0%.0s' {1..64})
	for digest in ../../x sha256:../../../../etc/passwd "sha256:/etc/passwd" sha256: sha256 : "" "sha256:$zeros/../x" \
		"sha256:${zeros}0" "sha256:${zeros%0}" "sha256:${zeros%0}G" "md5:$zeros" "SHA256:$zeros" \
		"sha256:${zeros%a}A" "sha512:$zeros" 'sha256:\u0000'; do
		refused < <(oci bad <<<"layer['digest'] = '$digest'")
	done
	for digest in ../../x "sha256:/etc/passwd" sha256:; do
		refused < <(oci bad <<<"manifest['config'] = dict(layer, digest='$digest')")
		refused < <(oci bad <<<"index['manifests'] = [dict(layer, mediaType=OCI + 'manifest.v1+json', digest='$digest')]")
	done
	for value in 7 null '["a"]'; do
		refused < <(oci bad <<<"layer['digest'] = json.loads('$value')")
	done
	host_untouched
}

@test "CVE-2021-21285: configurations that are deep, huge or of the wrong type are refused" {
	refused < <(oci bad <<<'files["index.json"] = b"[" * 200000')
	refused < <(oci bad <<<'manifest["config"] = blob(b"{\"a\":" * 100000 + b"1" + b"}" * 100000, "config.v1+json")')
	refused < <(oci bad <<<'manifest["config"] = blob(b" " * (64 << 20), "config.v1+json")')
	refused < <(oci bad <<<'config["config"]["Env"] = 7')
	refused < <(oci bad <<<'config["config"]["Entrypoint"] = {"a": 1}')
	refused < <(oci bad <<<'manifest["layers"] = [layer] * 100000')
	refused < <(oci bad <<<'manifest["layers"] = {}')
	host_untouched
}

@test "CVE-2026-32288: bombs: compressed, sparse, of a million entries, deep" {
	before=$(df --output=avail -k "$HOY_ROOT" | tail -n 1)
	bomb() {
		python3 -c '
import sys
data = sys.stdin.buffer.read()
print("layer.update(blob(bytes.fromhex(\"" + data.hex() + "\"), \"layer.v1.tar+" + sys.argv[1] + "\"))")' "$1"
	}
	# 25 GB of zeros in two megabytes: frames follow each other
	head -c 128M /dev/zero | zstd -q -1 >"$BATS_TEST_TMPDIR/piece"
	python3 -c "$zeros" 25000000000 0 | zstd -q >"$BATS_TEST_TMPDIR/bomb"
	for _ in {1..200}; do cat "$BATS_TEST_TMPDIR/piece"; done >>"$BATS_TEST_TMPDIR/bomb"
	refused < <(oci bad < <(bomb zstd <"$BATS_TEST_TMPDIR/bomb"))
	like "$stderr" 'expands to more than 1000 times'
	# a file of 8 EB, a sparse one with a hole of 8 TB
	refused < <(oci bad < <(python3 -c "$zeros" 9000000000000000000 1 | gzip | bomb gzip))
	truncate -s 8T "$BATS_TEST_TMPDIR/hole" && tar -C "$BATS_TEST_TMPDIR" -S -cf - hole | gzip >"$BATS_TEST_TMPDIR/hole.tar.gz"
	refused < <(oci bad < <(bomb gzip <"$BATS_TEST_TMPDIR/hole.tar.gz"))
	# a name of a thousand directories below each other, and one that no file system takes
	tarball "$HOY_TEST_HOST/empty.tar" <<<"file $(printf 'd/%.0s' {1..3000})f x" | gzip >"$BATS_TEST_TMPDIR/deep.gz"
	run --separate-stderr timeout 20 hoy load < <(oci deep < <(bomb gzip <"$BATS_TEST_TMPDIR/deep.gz"))
	[ "$status" != 124 ]
	refused < <(oci bad < <(tarball "$HOY_TEST_HOST/empty.tar" <<<"file $(printf 'n%.0s' {1..300}) x" | gzip | bomb gzip))
	[ $((SECONDS - start)) -lt 30 ]
	after=$(df --output=avail -k "$HOY_ROOT" | tail -n 1)
	[ $((before - after)) -lt 200000 ] || { echo "it took $((before - after)) KB"; return 1; }
	host_untouched
}
