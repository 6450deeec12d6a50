#!/usr/bin/env bash
# shared.sh: messages of other hosts, as watchforspammers-share forwards them, with the real daemon: blocks of peers and
# their ends, weights, what always takes precedence, amnesties, suspension; nothing counts twice or is lost over
# restarts.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nc setpriv

KEY=ed25519:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=
daemon_prepare
GROUP=$(id -gn nobody)
cat >"$WORK/peers" <<END
full $KEY block,lift,white longest=1h
half1 $KEY block,lift weight=50
half2 $KEY block,lift weight=50
quiet $KEY block observe
mad $KEY block per_minute=20
END
daemon_config "[share]
peers = $WORK/peers
group = $GROUP
[allow]
address = 203.0.113.0/24"

ask() {
	printf '%s\n' "$@" | timeout 20 nc -N -U "$SOCKET"
}

NUMBER=0
SERVER_MS=1800000000000 # the server's clock: another than ours
ANSWER=
# hand_over PEER AGE_MS WORDS...: the next message of that peer, of so long ago by the server's clock.
hand_over() {
	SERVER_MS=$((SERVER_MS + 10))
	NUMBER=$((NUMBER + 1))
	ANSWER=$(ask "foreign $1 $((SERVER_MS - $2))-0 $SERVER_MS 1:$NUMBER ${*:3}")
}
says() { hand_over "$1" 0 "${@:2}"; }
blocks() { hand_over "$1" "${4:-0}" "block $2 for ${3:-600} offence 1 rule postfix-relay category relay"; }
ok() { "$@" && jq -e '.ok and .refused == null' >/dev/null <<<"$ANSWER" || fail "$*: got $ANSWER"; }
# refused WHY COMMAND...
refused() { "${@:2}" && jq -e --arg why "$1" '.ok and (.refused | contains($why))' >/dev/null <<<"$ANSWER" || fail "${*:2}: got $ANSWER, want $1"; }
active() { sql "SELECT count(*) FROM active WHERE address = '$1'"; }
# Networks lie in lists of their own, by backend.
in_kernel() { [[ $1 = */* ]] || listed "$1"; }
stands() { [ "$(active "$1")" = 1 ] && in_kernel "$1"; }
free() { [ "$(active "$1")" = 0 ] && { [[ $1 = */* ]] || not listed "$1"; }; }
is() { wait_until "$@" || fail "not so: $* ($(sql "SELECT * FROM active"))"; }

daemon_start
[ "$(stat -c '%a %G' "$SOCKET.share")" = "660 $GROUP" ] || fail "the socket: $(stat -c '%a %G' "$SOCKET.share")"
# Who may only share can do nothing else.
share_asks() { timeout 20 setpriv --reuid 4712 --regid "$GROUP" --clear-groups nc -N -U "$SOCKET.share" <<<"$1"; }
share_asks "peer full" | jq -e '.stream == "0-0"' >/dev/null || fail "peer: $(share_asks "peer full")"
share_asks "block 192.0.2.99" | jq -e '.error' >/dev/null || fail "who may share may block"
share_asks list | jq -e '.error' >/dev/null || fail "who may share may list"
ask "peer nobody" | jq -e '.error | contains("no peer")' >/dev/null || fail "an unknown peer"

# A block of a peer with full weight stands at once, is capped by its longest, and is shown with its origin.
ok blocks full 192.0.2.1 999999
is stands 192.0.2.1
[ "$(sql "SELECT rule, category, reason, until_s - since_s FROM active")" = "peer/full|relay|blocked on full|3600" ] ||
	fail "got $(sql "SELECT rule, category, reason, until_s - since_s FROM active")"
logged "blocked 192.0.2.1 for 1h by peer/full" || fail "not logged"
[ "$(ask "peer full" | jq -r .stream)" = "$SERVER_MS-0" ] || fail "the position: $(ask "peer full")"
# The same again, and an older one: no effect.
count=$(sql "SELECT count(*) FROM block")
ask "foreign full $SERVER_MS-0 $SERVER_MS 1:$NUMBER block 192.0.2.2 for 60 offence 1 rule a category b" >/dev/null
ask "foreign full $SERVER_MS-1 $SERVER_MS 0:999999 block 192.0.2.2 for 60 offence 1 rule a category b" >/dev/null
[ "$(sql "SELECT count(*) FROM block")" = "$count" ] || fail "a message counted twice"
# It ends by a lift of its origin alone; an unknown category is none of ours.
ok says half1 lift 192.0.2.1
is stands 192.0.2.1
ok says full lift 192.0.2.1
is free 192.0.2.1
[ "$(sql "SELECT ended_by FROM blocks ORDER BY id DESC LIMIT 1")" = "lifted on full" ] || fail "ended_by: $(sql "SELECT ended_by FROM blocks")"
ok says full block 2001:db8:1:2::/64 for 6000 offence 1 rule x category no-such-thing
is stands 2001:db8:1:2::/64
[ "$(sql "SELECT category FROM active")" = other ] || fail "category $(sql "SELECT category FROM active")"
ok says full lift 2001:db8:1:2::/64
# One that a person blocked there closes the ports here that one would close who is blocked by hand here.
ok says full block 192.0.2.77 for 600 offence 1 rule manual category manual
is stands 192.0.2.77
[ "$(sql "SELECT category FROM active")" = manual ] || fail "category $(sql "SELECT category FROM active")"
ok says full lift 192.0.2.77

# Two of half weight; the shorter one ends it. Or one, and a hit of ours, whichever comes first.
ok blocks half1 192.0.2.3 600
is free 192.0.2.3
ok blocks half2 192.0.2.3 300
is stands 192.0.2.3
[ "$(sql "SELECT until_s - since_s FROM active WHERE address = '192.0.2.3'")" -le 300 ] || fail "longer than both say"
ok says half1 lift 192.0.2.3
is free 192.0.2.3
ok blocks half1 192.0.2.4
wrong_password 192.0.2.4 >>"$LOG"
is stands 192.0.2.4
wrong_password 192.0.2.5 >>"$LOG"
wait_until is_counted 192.0.2.5 || fail "no hit"
ok blocks half2 192.0.2.5
is stands 192.0.2.5
# One that is observed blocks nobody, and is recorded.
ok blocks quiet 192.0.2.6
[ "$(active 192.0.2.6)" = 0 ] || fail "an observed peer blocks"
[ "$(sql "SELECT count(*) FROM claim WHERE peer = 'quiet'")" = 1 ] || fail "an observed peer is not recorded"

# What is always stronger, and rights.
refused "never blocked here" blocks full 203.0.113.7
refused "never blocked here" blocks full 10.9.0.1
refused "never blocked here" blocks full 127.0.0.1
refused "wider network" blocks full 203.0.112.0/22
refused "wider network" blocks full 2001:db8::/32
refused "no right" says quiet lift 192.0.2.6
refused "no right" says half1 white 192.0.2.3 for 60
refused "no peer" says nobody lift 192.0.2.3
# What was on its way for longer than it lasts; the clock of this host plays no part.
ok blocks full 192.0.2.7 60 61000
[ "$(active 192.0.2.7)" = 0 ] || fail "an old block stands"
ok blocks full 192.0.2.7 60 30000
is stands 192.0.2.7
[ "$(sql "SELECT until_s - since_s FROM active WHERE address = '192.0.2.7'")" = 30 ] || fail "the time on its way does not count"

# An address of a peer is safe, and was blocked until now.
ok blocks half1 198.51.100.1
ok blocks half2 198.51.100.1
is stands 198.51.100.1
ok says full own 198.51.100.1 for 3600
is free 198.51.100.1
refused "never blocked here" blocks half1 198.51.100.1
refused "a network" says full own 198.51.100.0/24 for 3600

# A person unblocks it here: what peers said before is void, what they say later counts. Peers are notified.
ok blocks full 192.0.2.8
is stands 192.0.2.8
ask "unblock 192.0.2.8" >/dev/null
is free 192.0.2.8
refused "unblocked" blocks full 192.0.2.8 600 60000
[ "$(wfs events --json | jq -s 'map(select(.event == "white") | .address)' -c)" = '["192.0.2.8"]' ] || fail "events: $(wfs events --json | grep white)"
daemon_stop || fail "exit status $?"
daemon_start
is free 192.0.2.8
refused "unblocked" blocks full 192.0.2.8 600 60000
SERVER_MS=$((SERVER_MS + 60000))
ok blocks full 192.0.2.8
is stands 192.0.2.8
# A person unblocks it there: all blocks that are not younger end, ours as well.
ask "block 192.0.2.9" >/dev/null
ok blocks half1 192.0.2.10
ok blocks half2 192.0.2.10
is stands 192.0.2.10
ok says full white 192.0.2.0/24 for 3600
is free 192.0.2.9
is free 192.0.2.10
is free 192.0.2.8
refused "unblocked" blocks half1 192.0.2.10 600 1000

# Nothing is lost by kill -9, and nothing counts twice.
ok blocks full 192.0.2.11
ok blocks half1 192.0.2.12
kill -KILL "$ENGINE" "$DAEMON"
daemon_wait
daemon_start
is stands 192.0.2.11
ok blocks half2 192.0.2.12
is stands 192.0.2.12

# The own network of this host in a block of a peer; and a peer that says of three clients within an hour that they are hostile who
# have proven good here: it is suspended, and they are free.
refused "never blocked here" blocks full 10.9.0.0/24
for i in 2 3 4; do
	for ago in 1 2 3; do
		sqlite3 "$DB" "PRAGMA busy_timeout = 9000; INSERT INTO good VALUES ($(($(date +%s) / 86400 - ago)), '198.51.100.$i', 1, 0)" >/dev/null || fail "no good day"
	done
done
ask reload >/dev/null
ok blocks half2 198.51.100.2
ok blocks half2 198.51.100.3
refused "proven good here" blocks half2 198.51.100.4
is free 198.51.100.2
wfs resume peer/half2 >/dev/null || fail "cannot be resumed"

# One that blocks everything in steps of /24.
SERVER_MS=$((SERVER_MS / 60000 * 60000 + 60000)) # a minute begins
for i in {1..20}; do
	ok blocks mad "198.18.$i.0/24"
done
is stands 198.18.20.0/24
refused per_minute blocks mad 198.18.21.0/24
is free 198.18.1.0/24
is free 198.18.20.0/24
wfs resume peer/mad >/dev/null || fail "cannot be resumed"

# One that is too fast, and one whose stream has what it cannot have signed: suspended, and all that they said is void.
SERVER_MS=$((SERVER_MS / 60000 * 60000 + 60000)) # a minute begins
for i in {1..20}; do
	ok blocks mad "198.51.100.$((100 + i))"
done
is stands 198.51.100.101
refused per_minute blocks mad 198.51.100.121
is free 198.51.100.101
is free 198.51.100.120
logged "peer mad is suspended" || fail "not logged"
refused suspended blocks mad 198.51.100.122
daemon_stop || fail "exit status $?"
daemon_start
refused suspended blocks mad 198.51.100.122
wfs resume peer/mad >/dev/null || fail "cannot be resumed"
ok blocks mad 198.51.100.122
is stands 198.51.100.122
ANSWER=$(ask "foreign mad $SERVER_MS-0 $SERVER_MS wrong its signature is not by its key")
refused "its signature" :
is free 198.51.100.122

# A peer that is no longer in the file: its blocks end with a reload.
ok blocks full 192.0.2.13
is stands 192.0.2.13
sed -i /^full/d "$WORK/peers"
ask reload >/dev/null
is free 192.0.2.13

daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
