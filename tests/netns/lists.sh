#!/usr/bin/env bash
# lists.sh: [dns] list: DNS lists are evidence. Their answers about an address add to its lines' scores and block it, or
# lift its block. The lists lie, are dead, in trouble or silent; no line waits for them. A restart forgets nothing; a
# replay queries none.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq python3 iptables-legacy ip6tables-legacy
daemon_prepare
daemon_nameserver
NET=100.51.198 # 198.51.100.0/24
SIX=7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.3.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2
cat >"$WORK/zone" <<-END
	*.silent.test silence
	*.dead.test 127.0.0.2
	7.$NET.black.test 127.0.0.2 127.0.0.4
	7.$NET.codes.test 127.0.0.3 127.0.0.9
	8.$NET.codes.test 127.0.0.4
	8.$NET.black.test 127.0.0.2
	9.$NET.white.test 127.0.5.1
	9.$NET.black.test 127.0.0.2
	10.$NET.black.test 127.255.255.254
	11.$NET.black.test 203.0.113.80
	12.$NET.black.test servfail
	12.$NET.white.test 127.0.0.255
	13.$NET.black.test 127.0.0.2 203.0.113.80
	$SIX.black.test 127.0.0.2
END

lists() {
	daemon_config "[dns]
list = black.test 60
list = codes.test 25 =127.0.0.9
list = white.test allow
list = silent.test 100
list = dead.test 100
allow_for = 2h"
}

# How often something was asked: times NAME
times() {
	grep -cx "$1 A" "$WORK/asked"
}

asked_after() {
	[ "$(wc -l <"$WORK/asked")" -gt "$1" ]
}

is_asked() {
	[ "$(times "$1")" -ge 1 ]
}

# The lists' answers on an address: "black.test 60 0,": detail, score, whether it was ignored.
evidence_of() {
	sql "SELECT detail, score, ignored = 1 FROM hit JOIN rule ON rule.id = hit.rule WHERE name = 'dns-list' AND address = '$1' ORDER BY detail" |
		tr '|\n' ' ,'
}

has_evidence() {
	[ "$(evidence_of "$1")" = "$2" ]
}

# All that was asked before this has been answered, but by the silent one: somebody new is blocked by a list.
N=20
settled() {
	echo "$((++N)).$NET.black.test 127.0.0.2" >>"$WORK/zone"
	wrong_password "198.51.100.$N" >>"$LOG"
	wait_until has_evidence "198.51.100.$N" "black.test 60 0," || fail "$1: the answers of the lists are not received any more"
}

lists
daemon_start
wait_until logged "DNS list dead.test lists 127.0.0.1 (127.0.0.2)" || fail "nobody notices a dead list"

# --- 20 for a wrong password, 60 and 25 for the lists, and another password
wrong_password 198.51.100.7 >>"$LOG"
wait_until has_evidence 198.51.100.7 "black.test 60 0,codes.test 25 0," || fail "the lists: got $(evidence_of 198.51.100.7)"
wait_until listed 198.51.100.7 || fail "an address in two lists is not blocked"
[ "$(wfs why --json 198.51.100.7 | jq -r '[.hits[] | select(.rule == "dns-list") | .detail] | sort | join(" ")')" = "black.test codes.test" ] ||
	fail "why prints $(wfs why --json 198.51.100.7)"
wfs why 198.51.100.7 | grep -F "black.test answers 127.0.0.2 for 198.51.100.7" >/dev/null ||
	fail "why prints $(wfs why 198.51.100.7)"
wrong_password 198.51.100.8 >>"$LOG"
wait_until has_evidence 198.51.100.8 "black.test 60 0," || fail "the lists: got $(evidence_of 198.51.100.8)"
! listed 198.51.100.8 || fail "blocked for 80"
wrong_password 198.51.100.8 >>"$LOG"
wait_until listed 198.51.100.8 || fail "not blocked for 100"
wrong_password 2001:db8:0:3::7 >>"$LOG"
wait_until has_evidence 2001:db8:0:3::7 "black.test 60 0," || fail "IPv6: got $(evidence_of 2001:db8:0:3::7)"

# --- a list of the good lifts what a line has done, at once
courier_511 198.51.100.9 >>"$LOG"
wait_until logged "blocked 198.51.100.9 " || fail "a line waits for a list"
wait_until logged "allowed 198.51.100.9 for 2h: white.test; its block ended" || fail "an allow list does not allow"
wait_until not listed 198.51.100.9 || fail "a block stays although the address is allowed"
[ "$(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.9'")" = "allowed by white.test" ] ||
	fail "the database says it was ended by $(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.9'")"
[ "$(sql "SELECT cause, why, until - since FROM allowance WHERE address = '198.51.100.9'")" = "dns-list|allowed by white.test|7200" ] ||
	fail "the allowance is $(sql "SELECT cause, why, until - since FROM allowance WHERE address = '198.51.100.9'")"
courier_511 198.51.100.9 >>"$LOG"

# --- but not what somebody has blocked by hand, whatever else is lifted
echo "14.$NET.white.test 127.0.5.1" >>"$WORK/zone"
in_server "$WFS_PROGRAM" -c "$CONF" block 198.51.100.14 --for 1h >/dev/null || fail "no block by hand"
courier_511 198.51.100.14 >>"$LOG"
wait_until logged "allowed 198.51.100.14 for" || fail "an allow list does not allow who is blocked by hand"
settled "after a block by hand"
listed 198.51.100.14 || fail "a DNS list has lifted a block by hand"
[ "$(sql "SELECT rule || ' ' || coalesce(ended_by, 'runs') FROM blocks WHERE address = '198.51.100.14' ORDER BY rule" | tr '\n' ,)" = \
	"courier-dnsbl allowed by white.test,manual runs," ] ||
	fail "the blocks: $(sql "SELECT rule, ended_by FROM blocks WHERE address = '198.51.100.14'")"

# --- lies, words for "not you", trouble
for host in 10 11 12 13; do wrong_password "198.51.100.$host"; done >>"$LOG"
for host in 10 11 12 13; do
	wait_until is_asked "$host.$NET.black.test" || fail "nobody asks about 198.51.100.$host"
done
settled "after lies"
for host in 10 11 12 13; do
	has_evidence "198.51.100.$host" "" || fail "198.51.100.$host: believed $(evidence_of "198.51.100.$host")"
done
[ "$(sql "SELECT count(*) FROM allowance")" = 2 ] || fail "somebody else is allowed"
! listed 198.51.100.9 || fail "an allowed address was blocked again"
[ "$(grep -c "$NET.dead.test" "$WORK/asked")" = 0 ] || fail "a dead list is asked: $(grep "$NET.dead.test" "$WORK/asked")"

# --- once, also over a restart; no answer is forgotten
wrong_password 198.51.100.10 >>"$LOG"
settled "after more of the same"
daemon_stop || fail "the daemon ends with $?"
daemon_start
LAST=$N
wrong_password 198.51.100.10 >>"$LOG"
wrong_password "198.51.100.$LAST" >>"$LOG"
wait_until listed "198.51.100.$LAST" || fail "the evidence of a list is forgotten"
settled "after a restart"
for host in 7 10 "$LAST"; do
	[ "$(times "$host.$NET.black.test")" = 1 ] || fail "198.51.100.$host is asked about $(times "$host.$NET.black.test") times"
done
courier_511 198.51.100.9 >>"$LOG"
settled "after an allowed one"
! listed 198.51.100.9 || fail "an allowance is forgotten"
listed 198.51.100.14 || fail "a restart has lifted a block by hand"

# --- a reload removes the list; a replay queries none
daemon_config ""
kill -HUP "$DAEMON"
wait_until logged "reloaded: " || fail "no reload"
before=$(wc -l <"$WORK/asked")
wrong_password 198.51.100.30 >>"$LOG"
courier_511 198.51.100.31 >>"$LOG"
wait_until listed 198.51.100.31 || fail "not blocked after a reload"
lists
ip netns exec "$SERVER" "${WRAP[@]}" "$WFS_PROGRAM" -c "$CONF" replay "$LOG" >/dev/null || fail "the replay ends with $?"
[ "$(wc -l <"$WORK/asked")" = "$before" ] || fail "asked: $(tail -n "+$((before + 1))" "$WORK/asked")"

# --- no server answers any more
kill -HUP "$DAEMON"
wait_until asked_after "$before" || fail "no reload"
echo "*.test silence" >"$WORK/zone"
courier_511 198.51.100.32 >>"$LOG"
wait_until listed 198.51.100.32 || fail "a line waits for a list"
[ "$(engine_pid)" = "$ENGINE" ] || fail "the engine is another one"
daemon_stop || fail "the daemon ends with $?"
no_sanitizer
