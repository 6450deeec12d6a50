#!/usr/bin/env bash
# waits.sh: [dns] wait and ptr: a client that a list allows is never blocked, not even for a moment. One that it does
# not allow is blocked after the answer, or after the wait if the name server is silent. An address without a host name
# has a score.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq python3 iptables-legacy ip6tables-legacy
daemon_prepare
daemon_nameserver
NET=100.51.198 # 198.51.100.0/24
ARPA=$NET.in-addr.arpa
cat >"$WORK/zone" <<-END
	7.$NET.white.test 127.0.5.1
	8.$NET.white.test silence
	7.$ARPA PTR mx.example
	20.$ARPA PTR mx20.example
	mx20.example 198.51.100.20
	21.$ARPA PTR mx20.example
	23.$ARPA servfail
	25.$ARPA silence
END

asked() {
	grep -qx "$1" "$WORK/asked"
}

# When the log said TEXT: the line's number.
said_at() {
	grep -nF -m 1 -- "$1" "$WORK/daemon.err" | cut -d: -f1
}

score_of() {
	sql "SELECT detail, score FROM hit JOIN rule ON rule.id = hit.rule WHERE name = 'dns-ptr' AND address = '$1'"
}

has_score() {
	[ "$(score_of "$1")" = "$2" ]
}

daemon_config "[dns]
list = white.test allow
wait = 2s"
daemon_start
wait_until asked "1.0.0.127.white.test A" || fail "the list is not checked"

# --- allowed: never blocked, and the database has both
courier_511 198.51.100.7 >>"$LOG"
wait_until logged "allowed 198.51.100.7 for 1d: white.test" || fail "an allow list does not allow"
[ -z "$(said_at "blocked 198.51.100.7 ")" ] || fail "a client was blocked before the list answered"
[ "$(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.7'")" = "allowed by white.test" ] ||
	fail "the database says it was ended by $(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.7'")"

# --- not in the list: blocked once it has said so
courier_511 198.51.100.9 >>"$LOG"
wait_until listed 198.51.100.9 || fail "a client that is not in the list is not blocked"
asked "9.$NET.white.test A" || fail "blocked before the list was asked"
logged "blocked 198.51.100.9 for 10m (offence 1): courier-dnsbl" || fail "the log does not say why"
wait_until not listed 198.51.100.7 || fail "the allowed client is in the kernel"

# --- silent: blocked after two seconds, not before; a client that is queried meanwhile does not wait for that
from=$SECONDS
courier_511 198.51.100.8 >>"$LOG"
wait_until asked "8.$NET.white.test A" || fail "the list is not asked"
courier_511 198.51.100.10 >>"$LOG"
wait_until listed 198.51.100.10 || fail "another client is not blocked"
wait_until listed 198.51.100.8 || fail "a silent list saves a client"
[ $((SECONDS - from)) -ge 1 ] || fail "the block did not wait: $((SECONDS - from)) s"

# --- unblocked while it waits: it is not blocked afterwards
echo "11.$NET.white.test silence" >>"$WORK/zone"
courier_511 198.51.100.11 >>"$LOG"
wait_until asked "11.$NET.white.test A" || fail "the list is not asked"
wait_until in_server "$WFS_PROGRAM" -c "$CONF" unblock 198.51.100.11 || fail "cannot unblock"
echo "12.$NET.white.test silence" >>"$WORK/zone"
courier_511 198.51.100.12 >>"$LOG"
wait_until listed 198.51.100.12 || fail "a silent list saves a client"
! listed 198.51.100.11 || fail "a client was blocked after it was unblocked"

# --- nobody serves names: the list is given up, and nobody waits for it
kill "${LISTENERS[0]}"
wait "${LISTENERS[0]}" 2>/dev/null
courier_511 198.51.100.13 >>"$LOG"
wait_until listed 198.51.100.13 || fail "no name server saves a client"
daemon_stop || fail "the daemon ends with $?"

# --- names
daemon_nameserver
daemon_config "[dns]
ptr = 90
ptr_mismatch = 30"
daemon_start
for host in 20 21 22 23 25; do wrong_password "198.51.100.$host"; done >>"$LOG"
wait_until has_score 198.51.100.22 "no name|90" || fail "no PTR: got $(score_of 198.51.100.22)"
wait_until listed 198.51.100.22 || fail "a client without a name is not blocked"
wait_until has_score 198.51.100.21 "its name has other addresses|30" || fail "another's name: got $(score_of 198.51.100.21)"
! listed 198.51.100.21 || fail "blocked for 50"
asked "mx20.example A" || fail "nobody asks where the name leads"
M=0
# Others go on being asked about, so that our own name server is above suspicion.
fails_twice() {
	wrong_password "2001:db8:0:$((++M))::7" >>"$LOG"
	has_score 198.51.100.23 "its name server fails|90"
}
WAIT_S=30 wait_until fails_twice || fail "SERVFAIL twice: got $(score_of 198.51.100.23)"
[ -z "$(score_of 198.51.100.20)$(score_of 198.51.100.25)" ] || fail "scores: $(score_of 198.51.100.20) $(score_of 198.51.100.25)"
daemon_stop || fail "the daemon ends with $?"
no_sanitizer
echo "waits.sh: blocked after the answer, or after the wait"
