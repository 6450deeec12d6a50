#!/usr/bin/env bash
# export.sh: [export]: the daemon keeps a file of what is blocked now up to date, atomically: from its start, and after
# each block and each end of one. A failure to write is reported and retried; the writing process ends with the daemon,
# however that ends.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq

daemon_prepare
mkdir "$WORK/out"
chown nobody "$WORK/out"
daemon_config "[export]
file = $WORK/out/blocked
format = cidr"
daemon_start

has() { [ -e "$WORK/out/blocked" ] && [ "$(cat "$WORK/out/blocked" 2>/dev/null)" = "$1" ]; }
# The engine's child.
writer() {
	local children=
	read -r children _ 2>/dev/null <"/proc/$ENGINE/task/$ENGINE/children"
	echo "$children"
}
wait_until has "" || fail "no empty file at the start"
[ "$(stat -c %a "$WORK/out/blocked")" = 644 ] || fail "mode $(stat -c %a "$WORK/out/blocked")"
postfix_dnsbl 10.9.0.2 >>"$LOG"
wait_until has "10.9.0.2/32" || fail "a block is not in it: $(cat "$WORK/out/blocked")"
wfs block 10.9.7.0/24 --for 1h >/dev/null || fail "block"
wfs block 10.9.0.3 --for 2s >/dev/null || fail "block"
wait_until has "10.9.0.2/32
10.9.0.3/32
10.9.7.0/24" || fail "manual blocks: got $(cat "$WORK/out/blocked")"
wait_until has "10.9.0.2/32
10.9.7.0/24" || fail "one that expired is in it: $(cat "$WORK/out/blocked")"
wfs unblock 10.9.7.0/24 >/dev/null || fail "unblock"
wait_until has "10.9.0.2/32" || fail "one that was unblocked is in it: $(cat "$WORK/out/blocked")"

# A program that reads it meanwhile finds a whole one.
for i in {1..15}; do
	wfs block "198.51.100.$i" >/dev/null || fail "block"
	[ "$(tail -c 1 "$WORK/out/blocked" | od -An -c | tr -d ' ')" = '\n' ] || fail "half a file: $(cat "$WORK/out/blocked")"
done
wfs unblock --all >/dev/null || fail "unblock --all"
wait_until has "" || fail "what was unblocked is in it: $(cat "$WORK/out/blocked")"
[ "$(ls "$WORK/out")" = blocked ] || fail "left behind: $(ls "$WORK/out")"

# A directory that is closed, and opened again.
chown root "$WORK/out"
wfs block 10.9.0.4 >/dev/null || fail "block"
problem() { wfs status --json | jq -e '.problems[] | select(.kind == "export") | .what | startswith("cannot write beside ")' >/dev/null; }
wait_until problem || fail "status does not say that the file cannot be written: $(wfs status)"
wfs check >"$WORK/checked" 2>&1
grep -q "\[export\] file: cannot write beside" "$WORK/checked" || fail "check: $(cat "$WORK/checked")"
chown nobody "$WORK/out"
wfs block 10.9.0.5 >/dev/null || fail "block"
wait_until has "10.9.0.4/32
10.9.0.5/32" || fail "not written again: $(cat "$WORK/out/blocked")"
wait_until not problem || fail "the problem stays"

# It ends with the engine; and the daemon goes on without it.
first=$(writer)
[ -n "$first" ] || fail "no process of its own"
daemon_stop || fail "exit status $?"
wait_until is_gone "$first" || fail "it is left behind after a stop"
daemon_start
second=$(writer)
kill -KILL "$ENGINE"
daemon_wait
[ -n "$second" ] || fail "no process of its own"
wait_until is_gone "$second" || fail "it is left behind after a kill"
daemon_start
kill -KILL "$(writer)"
wfs block 10.9.0.6 >/dev/null || fail "block"
wait_until logged "the process that writes the file has ended" || fail "its end is not reported"
postfix_dnsbl 10.9.0.7 >>"$LOG"
wait_until listed 10.9.0.7 || fail "the daemon does not go on without it"

# Another format; and none that is not there.
daemon_stop || fail "exit status $?"
daemon_config "[export]
file = $WORK/out/zone
format = rbldnsd"
daemon_start
zone() { grep -q '^10\.9\.0\.7/32 :2:listed by a DNS blocklist - postfix-dnsbl$' "$WORK/out/zone"; }
wait_until zone || fail "the zone: $(cat "$WORK/out/zone")"
daemon_stop || fail "exit status $?"
daemon_config "[export]
file = $WORK/out/zone
format = xml"
wfs check >"$WORK/checked" 2>&1
grep -q "one of plain cidr csv json nft ipset rbldnsd bind" "$WORK/checked" || fail "format = xml: $(cat "$WORK/checked")"
no_sanitizer
echo "ok"
