#!/usr/bin/env bash
# names.sh: [allow] name: the running daemon, with seccomp, queries a name server. A client whose address becomes the
# name's is released. While the server is silent, in trouble or gone, the last answer stays valid and no line waits.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 python3 iptables-legacy ip6tables-legacy
daemon_prepare
daemon_nameserver

asked_more_than() {
	[ "$(wc -l <"$WORK/asked")" -gt "$1" ]
}

# Asks again.
reload() {
	local before
	before=$(wc -l <"$WORK/asked")
	kill -HUP "$DAEMON"
	wait_until asked_more_than "$before" || fail "nothing is asked after a reload"
}

is_known() {
	[ "$(sql "SELECT count(*) FROM allowance WHERE cause = 'name' AND address = '$1' AND until > CAST(strftime('%s') AS INTEGER)")" -ge 1 ]
}

# blocked ADDRESS, spared ADDRESS: a line is written about it, and about somebody else behind it.
N=0
blocked() {
	courier_511 "$1" >>"$LOG"
	wait_until listed "$1" || fail "$2: $1 is not blocked"
}

spared() {
	courier_511 "$1" >>"$LOG"
	blocked "203.0.113.$((++N))" "$2"
	! listed "$1" || fail "$2: $1 is blocked"
}

echo "partner.example 198.51.100.6 198.51.100.7 2001:db8::7" >"$WORK/zone"
daemon_config "[allow]
name = Partner.example
name = nobody.example"
daemon_start
wait_until is_known 198.51.100.7 || fail "the name is not resolved: asked $(tr '\n' ',' <"$WORK/asked")"
wait_until is_known 2001:db8::7 || fail "the name's IPv6 address is not known"
[ "$(sort -u "$WORK/asked" | tr '\n' ,)" = "nobody.example A,nobody.example AAAA,partner.example A,partner.example AAAA," ] ||
	fail "asked $(sort -u "$WORK/asked" | tr '\n' ,)"
spared 198.51.100.7 "allowed by name"
spared 2001:db8::7 "allowed by name"
blocked 198.51.100.8 "nobody allowed it"

# --- the partner moves
echo "partner.example 198.51.100.8" >"$WORK/zone"
reload
wait_until not listed 198.51.100.8 || fail "an address that is allowed now stays blocked"
[ "$(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.8'")" = allowed ] || fail "the database does not say why"
wait_until is_known 198.51.100.8 || fail "the new address is not remembered"
wait_until not is_known 198.51.100.7 || fail "an address that the name had before stays allowed"
wait_until not is_known 2001:db8::7 || fail "an address that the name had before stays allowed"
blocked 198.51.100.7 "the name has moved away from it"

# --- trouble
echo "partner.example servfail" >"$WORK/zone"
reload
spared 198.51.100.8 "the name server is in trouble"
echo "partner.example silence" >"$WORK/zone"
reload
spared 198.51.100.8 "the name server is silent"

# --- a start without a name server
kill "${LISTENERS[0]}"
wait "${LISTENERS[0]}" 2>/dev/null
daemon_stop || fail "the daemon ends with $?"
daemon_start
spared 198.51.100.8 "the name server is gone"
blocked 198.51.100.9 "the name server is gone"
blocked 198.51.100.6 "the name had that address before it moved"
[ "$(engine_pid)" = "$ENGINE" ] || fail "the engine is another one"
daemon_stop || fail "the daemon ends with $?"
no_sanitizer
