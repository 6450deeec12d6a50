#!/usr/bin/env bash
# counters.sh: the counts of packets and bytes dropped from each client are exact: over refreshes of the kernel's
# entries, a restart, a kill, a flush by another program, and until the block ends. xt_recent counts no bytes: they are
# then reported as unknown.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq python3 iptables-legacy ip6tables-legacy nft
daemon_prepare
# Of IPv6 also the neighbours' questions would be dropped, and counted.
neighbour() {
	local mac
	mac=$(ip netns exec "$2" cat /sys/class/net/mail0/address)
	ip -n "$1" neigh replace "$3" lladdr "$mac" dev mail0 nud permanent || fail "no neighbour"
}
neighbour "$CLIENT" "$SERVER" fd09::1
neighbour "$SERVER" "$CLIENT" fd09::2
# seconds: each entry is added again every five seconds, by add, delete, add on old kernels.
daemon_config "[block]
for = 1h
extend = no
[firewall]
seconds = 10s
resync = 1s"

# How many packets of the family of an address the server's kernel has looked at.
received() {
	if [[ $1 == *:* ]]; then
		in_server awk '$1 == "Ip6InReceives" { print $2 }' /proc/net/snmp6
	else
		in_server awk '$1 == "Ip:" && !seen++ { for (i = 2; i <= NF; i++) if ($i == "InReceives") at = i; next } $1 == "Ip:" { print $at }' /proc/net/snmp
	fi
}
has_received() { [ "$(received "$1")" -ge "$2" ]; }

# send FROM TO HOW_MANY: segments to the mail port, each of 108 bytes and the IP header, made here so that no kernel sends them again.
send() {
	local before
	before=$(received "$1")
	in_client python3 -c '
import socket, struct, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
segment = struct.pack("!HHIIBBHHH", 40000, 25, 1, 0, 5 << 4, 2, 1024, 0, 0) + b"x" * 88
with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as s:
    s.bind((sys.argv[1], 0))
    for i in range(int(sys.argv[3])):
        s.sendto(segment, (sys.argv[2], 0))
' "$@" || fail "cannot send"
	wait_until has_received "$1" $((before + $3)) || fail "what was sent does not arrive" # a busy kernel takes its time
}
of() { sql "SELECT packets || ' ' || coalesce(bytes, 'null') FROM blocks WHERE address = '$1' ORDER BY id DESC LIMIT 1"; }
# What it should be: expected PACKETS BYTES_OF_EACH.
expected() {
	if [ "$BACKEND" = nftables ] || [ "$1" = 0 ]; then echo "$1 $(($1 * $2))"; else echo "$1 null"; fi
}
is() { [ "$(of "$1")" = "$(expected "$2" "$3")" ]; }
counts4() { wait_until is 10.9.0.2 "$2" 128 || fail "$1: 10.9.0.2: got $(of 10.9.0.2), want $(expected "$2" 128)"; }
counts6() { wait_until is fd09::2 "$2" 148 || fail "$1: fd09::2: got $(of fd09::2), want $(expected "$2" 148)"; }
sends4() { send 10.9.0.2 10.9.0.1 "$1"; }
sends6() { send fd09::2 fd09::1 "$1"; }
is_blocked() { listed 10.9.0.2 && [ -n "$(our_rules)" ] && kernel_set | grep -q '^fd09'; }

daemon_start
{ postfix_dnsbl 10.9.0.2; postfix_dnsbl fd09::2; } >>"$LOG"
wait_until is_blocked || fail "they are not blocked: $(kernel_set)"
counts4 "nothing was sent" 0
sends4 3
sends6 2
counts4 "first" 3
counts6 "first" 2

# --- the kernel's entries are added again meanwhile
began=$SECONDS
wait_until second_is $((began + 6))
sends4 2
counts4 "after entries were added again" 5

# --- what was sent in the last moment, and nothing twice afterwards
sends4 4
daemon_stop || fail "exit status $?"
counts4 "at the end of the daemon" 9
daemon_start
wait_until is_blocked || fail "not blocked after a restart"
sends4 1
sends6 3
counts4 "after a restart" 10
counts6 "after a restart" 5

# --- a daemon that was killed leaves its counters in the kernel
kill -KILL "$DAEMON" "$ENGINE"
daemon_wait
daemon_start
wait_until is_blocked || fail "not blocked after a kill"
sends4 2
counts4 "after a kill" 12

# --- somebody flushes: counters begin again, and soon count more than before
flush_firewall
wait_until is_blocked || fail "not blocked after a flush"
sends4 5
counts4 "after a flush" 17
counts6 "after a flush" 5

# --- lifted before the next comparison
sends4 2
wfs unblock 10.9.0.2 >/dev/null || fail "unblock: exit status $?"
counts4 "when it was lifted" 19

# --- where it is shown
bytes=$((19 * 128 + 5 * 148))
[ "$BACKEND" = nftables ] || bytes=null
got=$(wfs status --json | jq -c '[.packets, .bytes]')
[ "$got" = "[24,$bytes]" ] || fail "status --json: got $got, want [24,$bytes]"
got=$(wfs list --json | jq -c '[.packets, .bytes]')
want=$(expected 5 148)
[ "$got" = "[${want/ /,}]" ] || fail "list --json: got $got, want [${want/ /,}]"
got=$(wfs why --json 10.9.0.2 | jq -c '[.blocks[0].packets, .blocks[0].bytes]')
want=$(expected 19 128)
[ "$got" = "[${want/ /,}]" ] || fail "why --json: got $got, want [${want/ /,}]"
[ "$(sql "SELECT packets FROM sums WHERE rule = 0")" = 24 ] || fail "sums: $(sql "SELECT * FROM sums")"
wfs status --prometheus | grep -q '^wfs_dropped_packets_total{rule="postfix-dnsbl",category="dnsbl"} 24$' || fail "--prometheus: $(wfs status --prometheus)"
# munin: three graphs, each value with a label.
mkdir "$WORK/bin"
printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$WFS_PROGRAM" "$CONF" >"$WORK/bin/watchforspammers"
chmod 755 "$WORK/bin/watchforspammers"
munin() { PATH=$WORK/bin:$PATH sh "$WFS_SOURCE_ROOT/contrib/monitoring/munin" "$@"; }
want="multigraph watchforspammers_blocked
blocked.value $(sql "SELECT count(*) FROM active")
multigraph watchforspammers_hits
dnsbl.value $(sql "SELECT count(*) FROM hit")
multigraph watchforspammers_packets
dnsbl.value 24"
[ "$(munin)" = "$want" ] || fail "munin: got $(munin), want $want"
[ "$(munin config | sed -n 's/^multigraph \|\.label .*//p')" = "$(sed 's/^multigraph \|\.value .*//' <<<"$want")" ] || fail "munin config: $(munin config)"
[ "$(munin config | grep -c '^graph_title ')" = 3 ] || fail "munin config: $(munin config)"
wfs report | grep -Eq '^packets dropped +24$' || fail "report: $(wfs report | head)"
if [ "$BACKEND" = nftables ]; then
	wfs list | grep -Eq '^fd09::2 .* 5    740  postfix-dnsbl' || fail "list: $(wfs list)"
	wfs why 10.9.0.2 | grep -q '^      dropped: 19 packets, 2.3K bytes, last ' || fail "why: $(wfs why 10.9.0.2)"
	[[ $(status_text) == *"dropped 24 packets, 3.0K bytes"* ]] || fail "status: $(status_text)"
else
	wfs list | grep -Eq '^fd09::2 .* 5  postfix-dnsbl' || fail "list: $(wfs list)"
	wfs why 10.9.0.2 | grep -q '^      dropped: 19 packets, last ' || fail "why: $(wfs why 10.9.0.2)"
	[[ $(status_text) == *"dropped 24 packets firewall"* ]] || fail "status: $(status_text)"
fi
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
