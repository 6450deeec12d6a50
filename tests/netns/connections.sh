#!/usr/bin/env bash
# connections.sh: [firewall] connections: the kernel reports a client that opens too many connections at once, and the
# daemon blocks it as for a hostile line; but not for connections that were never established (their senders can be
# forged), and never if it is allowed.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
grep -q "^hashlimit$" /proc/net/ip_tables_matches 2>/dev/null || modprobe -a xt_hashlimit xt_connbytes xt_state 2>/dev/null
grep -q "^hashlimit$" /proc/net/ip_tables_matches 2>/dev/null || skip "the kernel has no hashlimit"
daemon_prepare
listen 25

config() {
	daemon_config "[block]
for = 1h
extend = no
[allow]
address = 10.9.0.4
file = $WORK/allow.txt
[firewall]
resync = 1s
$1"
}

# Real ones, from a socket each: connect ADDRESS TIMES. A busy listener may drop one.
connect() {
	local i to=10.9.0.1
	case $1 in *:*) to=fd09::1 ;; esac
	for ((i = 0; i < $2; i++)); do tcp_from "$CLIENT" "$1" "$to" 25; done
}

# Many, or until it is blocked: flood ADDRESS LISTED LIST
flood() {
	local i
	for ((i = 0; i < 20; i++)); do
		connect "$1" 5
		! listed "$2" "$3" || return 0
	done
}

# Waits for a whole comparison from now on.
compared() {
	local now
	printf -v now '%(%s)T' -1
	wait_until is_synced_after $((now + 2))
}

echo "10.9.0.6 # a partner" >"$WORK/allow.txt"
config "connections = 10/60s"
daemon_start
connect 10.9.0.2 10
connect fd09::2 10
compared
[ "$(sql "SELECT count(*) FROM hit")" = 0 ] || fail "ten connections are too many: $(sql "SELECT * FROM hits")"
PIDS=()
flood 10.9.0.3 10.9.0.3 spammer & PIDS+=($!)
flood fd09::3 fd09:0000:0000:0000:0000:0000:0000:0003 spammer6 & PIDS+=($!)
connect 10.9.0.4 30 & PIDS+=($!) # as often as need be to count as a flood
connect 10.9.0.6 30 & PIDS+=($!)
wait "${PIDS[@]}"
wait_until listed 10.9.0.3 || fail "more than ten connections: not blocked"
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0003 spammer6 || fail "IPv6: more than ten connections: not blocked"
! tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 25 || fail "blocked, and connects"
! tcp_from "$CLIENT" fd09::3 fd09::1 25 || fail "IPv6: blocked, and connects"
wfs why --json 10.9.0.3 | jq -e '.blocked and .hits[0].rule == "kernel-connections" and (.hits[0].text | test("more than 10 new connections in 60 s")) and .hits[0].score == 100' >/dev/null ||
	fail "why: $(wfs why --json 10.9.0.3)"
[ "$(sql "SELECT category FROM hits WHERE address = '10.9.0.3'")" = flood ] || fail "the category is $(sql "SELECT category FROM hits")"

# --- an allowed client is not dropped, not even for a moment, and nothing is stored of it
for address in 10.9.0.4 10.9.0.6 10.9.0.8; do
	WAIT_S=4 wait_until tcp_from "$CLIENT" "$address" 10.9.0.1 25 || fail "$address cannot connect"
done
compared
[ "$(sql "SELECT count(*) FROM hit WHERE address NOT IN ('10.9.0.3', 'fd09::3')")" = 0 ] || fail "stored: $(sql "SELECT * FROM hits")"
sql "SELECT address FROM block" | grep -F -e 10.9.0.4 -e 10.9.0.6 && fail "an allowed address is blocked"

# --- what never became a connection counts for no client: anyone could have forged that sender
in_client iptables-legacy -A INPUT -d 10.9.0.5 -j DROP || fail "cannot make a client deaf"
PIDS=()
for _ in {1..40}; do
	tcp_from "$CLIENT" 10.9.0.5 10.9.0.1 25 & PIDS+=($!)
done
wait "${PIDS[@]}"
compared
in_client iptables-legacy -F INPUT
[ "$(sql "SELECT count(*) FROM hit WHERE address = '10.9.0.5'")" = 0 ] || fail "forged connections count: $(sql "SELECT * FROM hits")"
WAIT_S=4 wait_until tcp_from "$CLIENT" 10.9.0.5 10.9.0.1 25 || fail "forged connections blocked somebody"

# The rule that counts connections.
counts() {
	our_rules | grep -qE "hashlimit|limit rate over"
}

flush_chain() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft flush chain inet watchforspammers SPAMMER
	else
		in_server iptables-legacy -F SPAMMER
	fi
}

# --- lifted by hand, and again; it is an offence like any other
wfs unblock 10.9.0.3 >/dev/null || fail "unblock: exit status $?"
flood 10.9.0.3 10.9.0.3 spammer
wait_until listed 10.9.0.3 || fail "not blocked again"
wait_until sql_is "SELECT group_concat(offence) FROM block WHERE address = '10.9.0.3'" 1,2 || fail "offences: $(sql "SELECT * FROM blocks")"
# A flushed firewall is healed with that rule, too, and a stop removes it.
flush_chain
compared
counts || fail "not healed: $(our_rules)"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
! in_server ls /proc/net/xt_recent | grep -q spammer || fail "stop left lists behind"

# --- off by default
config ""
daemon_start
connect 10.9.0.7 30
compared
! counts || fail "on by default"
[ "$(hits_of 10.9.0.7)" = 0 ] || fail "off, and counts"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
