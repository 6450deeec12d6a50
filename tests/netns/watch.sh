#!/usr/bin/env bash
# watch.sh: "watch ID" on the control socket: a reader that is killed 200 times, at any point, continues after its last
# event, misses none and gets none twice. A reader that is stopped delays nobody and gets everything later. Also who may
# watch.
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

# The number of the last event whose line is complete, in $since: what a killed reader left of one is dropped.
touch got
last() {
	local line
	since=0
	while IFS= read -r line; do
		[[ ! $line =~ ^\{\"id\":([0-9]+), ]] || since=${BASH_REMATCH[1]}
	done <got
	[ -z "$line" ] || sed -i '$d' got
}

coproc nc -U "$SOCKET"
writer=$COPROC_PID
for i in {1..200}; do
	last
	reader "$since" got &
	pid=$!
	request="block 192.0.2.$i for 1h reason round $i" # one, since requests have a tenth of the processor
	((i % 10)) || request="unblock all"
	echo "$request" >&"${COPROC[1]}"
	read -r -t 20 reply <&"${COPROC[0]}"
	[[ $reply = *'"ok":true'* ]] || fail "round $i: got \"$reply\""
	for ((spin = i * 7919 % 3000; spin > 0; spin--)); do :; done
	kill -KILL "$pid"
	wait "$pid" 2>/dev/null
done
kill "$writer"
wait "$writer" 2>/dev/null

# The last reader stays: it has all that is stored, and gets what happens, in the same order as the database.
last
reader "$since" got &
pid=$!
all() { [ "$(jq -c '.id // empty' got)" = "$(sql "SELECT id FROM event ORDER BY id")" ]; }
wait_until all || fail "missed or twice: $(diff <(sql "SELECT id FROM event ORDER BY id") <(jq '.id // empty' got) | head -n 5)"
[ "$(sql "SELECT count(*) FROM event")" -ge 360 ] || fail "only $(sql "SELECT count(*) FROM event") events"
ask "allow 192.0.2.1 for 1h" >/dev/null
wait_until all || fail "an event that happened while it read is missing"
[ "$(tail -n 1 got | jq -c '[.event, .address]')" = '["allow","192.0.2.1"]' ] || fail "got $(tail -n 1 got)"
[ "$(grep -v '"ok"' got)" = "$(wfs events --json)" ] || fail "the command prints other events than the socket"

# Hits, on demand, have numbers of their own.
{ postfix_dnsbl 203.0.113.241; postfix_dnsbl 203.0.113.242; } >>"$LOG"
two() { [ "$(sql "SELECT count(*) FROM hit")" = 2 ]; }
wait_until two || fail "hits: $(sql "SELECT * FROM hit")"
nc -U "$SOCKET" <<<"watch hits 1" >hits &
hits_pid=$!
postfix_dnsbl 203.0.113.243 >>"$LOG"
three() { [ "$(jq -c 'select(.id) | [.id, .event, .address, .rule]' hits | tail -n 1)" = '[3,"hit","203.0.113.243","postfix-dnsbl"]' ]; }
wait_until three || fail "watch hits: got $(cat hits)"
kill "$hits_pid"
[ "$(jq -c .id hits | sed 1d)" = $'2\n3' ] || fail "watch hits 1: got $(cat hits)"
[ "$(wfs events --hits --since 1 --json)" = "$(sed 1d hits)" ] || fail "the command prints other hits than the socket"

# Stopped with all that happened unread: others are served, nothing is lost.
kill -STOP "$pid"
for i in {1..20}; do
	ask "block 203.0.113.$i reason $(printf '%0190d' 0)" >/dev/null || fail "delayed by a reader that is stopped"
done
kill -CONT "$pid"
wait_until all || fail "a reader that was stopped for a while misses events"

# The end of the daemon ends the reader; its number is good for the next one.
daemon_stop || fail "exit status $?"
wait "$pid"
daemon_start
last
reader "$since" got &
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
