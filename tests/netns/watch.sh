#!/usr/bin/env bash
# "watch ID" on the control socket: a reader that is killed 200 times, at any point, goes on after the last event it has, and
# misses none and gets none twice; one that is stopped delays nobody and gets everything later; who may watch.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nc setpriv

daemon_prepare
daemon_config ""
daemon_start
cd "$WORK" || fail "no $WORK"

ask() {
	printf '%s\n' "$@" | timeout 20 nc -N -U "$SOCKET"
}

# A reader in the background, which appends to the file: reader ID FILE
reader() {
	exec nc -U "$SOCKET" <<<"watch $1" >>"$2"
}

# The last event whose line is complete: what a killed reader left of one is dropped.
touch got
last() {
	[ -z "$(tail -c 1 got)" ] || sed -i '$d' got
	tail -n 2 got | jq '.id // empty' | tail -n 1 # the very last may be the reply to "watch"
}

for i in {1..200}; do
	since=$(last)
	reader "${since:-0}" got &
	pid=$!
	ask "block 192.0.2.$i for 1h reason round $i" "block 198.51.100.$i" "unblock 192.0.2.$i" >/dev/null || fail "round $i"
	for ((spin = i * 7919 % 3000; spin > 0; spin--)); do :; done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
done

# The last reader stays: it has all that is stored, and gets what happens, in the same order as the database.
reader "$(last)" got &
pid=$!
all() { [ "$(jq -c '.id // empty' got)" = "$(sql "SELECT id FROM event ORDER BY id")" ]; }
wait_until all || fail "missed or twice: $(diff <(sql "SELECT id FROM event ORDER BY id") <(jq '.id // empty' got) | head -n 5)"
[ "$(sql "SELECT count(*) FROM event")" -ge 600 ] || fail "only $(sql "SELECT count(*) FROM event") events"
ask "allow 192.0.2.1 for 1h" >/dev/null
wait_until all || fail "an event that happened while it read is missing"
[ "$(tail -n 1 got | jq -c '[.event, .address]')" = '["allow","192.0.2.1"]' ] || fail "got $(tail -n 1 got)"
[ "$(grep -v '"ok"' got)" = "$(wfs events --json)" ] || fail "the command prints other events than the socket"

# Stopped with all that happened unread: others are served, nothing is lost.
kill -STOP "$pid"
for i in {1..50}; do
	ask "block 203.0.113.$i reason $(printf '%0190d' 0)" "unblock 203.0.113.$i" "block 203.0.113.$i" >/dev/null || fail "delayed by a reader that is stopped"
done
kill -CONT "$pid"
wait_until all || fail "a reader that was stopped for a while misses events"

# The end of the daemon ends the reader; its number is good for the next one.
daemon_stop || fail "exit status $?"
wait "$pid"
daemon_start
reader "$(last)" got &
pid=$!
ask "disallow 192.0.2.1" >/dev/null
wait_until all || fail "events are missing after a restart"
kill "$pid"

# What cannot be, and who may.
ask "watch 9007199254740992" | jq -e '.error | contains("another database")' >/dev/null || fail "got $(ask "watch 9007199254740992")"
ask "watch 0" list | tail -n 1 | jq -e '.error | contains("use another one")' >/dev/null || fail "another request while it watches"
timeout 20 setpriv --reuid 4712 --regid 4712 --clear-groups nc -N -U "$SOCKET" <<<"watch 0" >refused 2>&1
[ "$(grep -c '"event"' refused)" = 0 ] || fail "a user without rights got $(head -n 1 refused)"

daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
