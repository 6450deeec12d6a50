#!/usr/bin/env bash
# prefix.sh: networks, with real packets: an IPv6 client is its /64, unless an allowed address is in it. Enough blocked
# addresses in an IPv4 /24 or an IPv6 /48 block all of it, until the evidence ages; never with an allowed address
# inside.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
listen 25

HERE4=(10.9.4.1 10.9.4.2 10.9.4.3 10.9.4.9 10.9.5.1 10.9.5.2 10.9.5.3 10.9.5.7 10.9.5.9 10.9.6.9)
HERE6=(fd0a:5::1 fd0a:5::2 fd0a:5:0:1::1 fd0a:6:0:1::1 fd0a:6:0:2::1 fd0a:6:0:3::1 fd0a:6:0:9::1)
{
	printf 'address add %s/32 dev mail0\n' "${HERE4[@]}"
	printf 'address add %s/128 dev mail0 nodad\n' "${HERE6[@]}"
} >"$WORK/addresses"
ip -n "$CLIENT" -batch "$WORK/addresses" || fail "cannot give the client its addresses"
ip -n "$SERVER" route add 10.9.4.0/22 dev mail0 || fail "no route back to the client"
ip -n "$SERVER" -6 route add fd0a::/16 dev mail0 || fail "no IPv6 route back to the client"

connects() {
	case $1 in
	*:*) tcp_from "$CLIENT" "$1" fd09::1 25 ;;
	*) tcp_from "$CLIENT" "$1" 10.9.0.1 25 ;;
	esac
}

# Prints those that can connect; all are tried at once.
open_of() {
	local address
	for address; do
		connects "$address" && echo "$address" &
	done
	wait
}

shut() {
	local got
	got=$(open_of "$@")
	[ -z "$got" ] || fail "connects though blocked: $got"
}

open() {
	local address
	for address; do
		connects "$address" || fail "$address cannot connect"
	done
}

config() {
	daemon_config "[block]
for = ${FOR:-20s}
window = ${WINDOW:-20s}
extend = no
network_after = 3
[allow]
address = 10.9.5.7
file = $WORK/allow.txt
name = mx.example.org
client = *.example.org
$1
[firewall]
resync = 1s"
}
: >"$WORK/allow.txt"
config ""
daemon_start
open "${HERE4[@]}" "${HERE6[@]}" fd09::3

# --- an IPv6 client is its /64: blocked for what one address did, and for what five did together
postfix_dnsbl fd0a:5::1 >>"$LOG"
wait_until listed fd0a:0005:0000:0000:0000:0000:0000:0000 spammer64 || fail "fd0a:5::/64 is not in spammer64"
shut fd0a:5::1 fd0a:5::2
open fd0a:5:0:1::1
for i in 1 2 3 4 5; do wrong_password "fd0a:5:0:1::$i"; done >>"$LOG"
wait_until listed fd0a:0005:0000:0001:0000:0000:0000:0000 spammer64 || fail "five addresses of a /64 do not block it"
shut fd0a:5:0:1::1
[ "$(wfs list --json | jq -r 'select(.address == "fd0a:5:0:1::/64") | .hits')" = 5 ] || fail "list: $(wfs list --json)"
wfs why --json fd0a:5::2 | jq -e '.blocked and .blocks[0].address == "fd0a:5::/64"' >/dev/null ||
	fail "why, of another address of the /64: $(wfs why --json fd0a:5::2)"
wfs status --json | jq -e '.prefixes | any(.address == "fd0a:5::/64" and .list == "spammer64")' >/dev/null ||
	fail "status does not say how a prefix is held: $(wfs status --json)"

# --- but where this machine itself lives, each address counts alone
postfix_dnsbl fd09::2 >>"$LOG"
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 || fail "fd09::2 is not in spammer6"
shut fd09::2
open fd09::3
! listed fd09:0000:0000:0000:0000:0000:0000:0000 spammer64 || fail "the own network is blocked"

# --- enough of one /24, but not with an allowed address in it
for i in 1 2 3; do
	postfix_dnsbl "10.9.4.$i"
	postfix_dnsbl "10.9.5.$i"
	postfix_dnsbl "fd0a:6:0:$i::1"
done >>"$LOG"
BEGAN=$SECONDS
wait_until listed 10.9.4.0 spammer24 || fail "10.9.4.0/24 is not in spammer24"
wait_until listed fd0a:0006:0000:0000:0000:0000:0000:0000 spammer48 || fail "fd0a:6::/48 is not in spammer48"
shut 10.9.4.1 10.9.4.2 10.9.4.3 10.9.4.9 10.9.5.1 10.9.5.2 10.9.5.3 fd0a:6:0:9::1
open 10.9.5.7 10.9.5.9 10.9.6.9
! listed 10.9.5.0 spammer24 || fail "a network is blocked though an allowed address lives in it"
wfs status --json | jq -e '.prefixes | any(.address == "10.9.4.0/24" and .list == "spammer24")' >/dev/null ||
	fail "status does not say how a network is held"

# --- somebody allowed moves in: the network is released, what its addresses did is not
echo "10.9.4.9 # moved here" >"$WORK/allow.txt"
wait_until not listed 10.9.4.0 spammer24 || fail "a network stays blocked though an allowed address lives in it"
open 10.9.4.9
[ $((SECONDS - BEGAN)) -ge 18 ] || shut 10.9.4.1 10.9.4.2
[ "$(sql "SELECT ended_by FROM blocks WHERE address = '10.9.4.0/24'")" = allowed ] || fail "the database does not say why"

# --- when the evidence ages, the network is open again
wait_until second_is $((BEGAN + 9))
wait_until second_is $((BEGAN + 18))
wait_until not listed fd0a:0006:0000:0000:0000:0000:0000:0000 spammer48 || fail "fd0a:6::/48 is still blocked"
wait_until connects fd0a:6:0:9::1 || fail "fd0a:6:0:9::1 cannot connect after the block of its network"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"

# --- the network goes before its addresses when the window is shorter than their blocks; and all that over a restart
FOR=1h WINDOW=8s config ""
: >"$WORK/allow.txt"
daemon_start
for i in 1 2 3; do postfix_dnsbl "10.9.6.$i"; done >>"$LOG"
wait_until listed 10.9.6.0 spammer24 || fail "10.9.6.0/24 is not in spammer24"
daemon_stop || fail "exit status $?"
daemon_start
listed 10.9.6.0 spammer24 || [ "$(sql "SELECT count(*) FROM active WHERE address = '10.9.6.0/24'")" = 0 ] ||
	fail "10.9.6.0/24 is not in spammer24 after a restart"
wait_until not listed 10.9.6.0 spammer24 || fail "10.9.6.0/24 is still blocked"
open 10.9.6.9
for i in 1 2 3; do listed "10.9.6.$i" || fail "10.9.6.$i went with its network"; done
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
