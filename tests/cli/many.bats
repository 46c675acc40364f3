# SPDX-License-Identifier: Apache-2.0
load helpers

@test "200 containers at once start, are listed, and leave nothing when removed" {
	for i in $(seq 200); do
		hoy run -d --name "many$i" busybox sleep 1000 >/dev/null &
		[ $((i % 8)) != 0 ] || wait
	done
	wait
	is "$(hoy ps -q | wc -l)" 200 "running"
	# shellcheck disable=SC2046 # one word an id
	expect 0 hoy rm -f $(hoy ps -q)
	is "$(hoy ps -aq | wc -l)" 0 "left in ps"
	leftovers
	zombies=$(ps -eo stat=,ppid=,comm= | awk -v me=$$ '$1 ~ /^Z/ && $2 == me')
	is "$zombies" "" "zombies"
}

@test "50 starts of one name at once: one wins, the others say why" {
	for i in $(seq 50); do
		hoy create --name the-one busybox true >"$BATS_TEST_TMPDIR/out.$i" 2>"$BATS_TEST_TMPDIR/err.$i" &
	done
	wait
	is "$(cat "$BATS_TEST_TMPDIR"/out.* | grep -cE '^[0-9a-f]{64}$')" 1 "winners"
	is "$(cat "$BATS_TEST_TMPDIR"/err.* | grep -c 'is already in use')" 49 "losers that were told"
	is "$(hoy ps -aq | wc -l)" 1 "containers"
}
