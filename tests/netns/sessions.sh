#!/usr/bin/env bash
# sessions.sh: connections that are open when their client is blocked are dropped, kept or ended, in IPv4 and IPv6, to a
# server of this machine and to a container behind it. The TCP sessions are real; their end is checked on both sides.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy nft conntrack
daemon_prepare
netns_container 587 587
SESSIONS=()

sessions_down() {
	[ "${#SESSIONS[@]}" = 0 ] || kill "${SESSIONS[@]}" 2>/dev/null
	daemon_down
}
trap sessions_down EXIT

# A session from a client to a server that writes what it gets: session NAME CLIENT SERVER-NAMESPACE LISTENS-ON CONNECTS-TO PORT.
# $WORK/NAME.in: what the client will send. $WORK/NAME.got: what the server got. $NAME_client and $NAME_server: their processes.
session() {
	local name=$1 client=$2 where=$3 listens=$4 connects=$5 port=$6
	mkfifo "$WORK/$name.in"
	ip netns exec "$where" nc -d -n -l "$listens" "$port" </dev/null >"$WORK/$name.got" 2>/dev/null &
	printf -v "${name}_server" %s $!
	SESSIONS+=($!)
	wait_until listens_in "$where" "$port" || fail "$name: nothing listens"
	ip netns exec "$CLIENT" nc -n -s "$client" "$connects" "$port" <>"$WORK/$name.in" >/dev/null 2>&1 &
	printf -v "${name}_client" %s $!
	SESSIONS+=($!)
	echo "EHLO $name" >"$WORK/$name.in"
	wait_until grep -qx "EHLO $name" "$WORK/$name.got" || fail "$name: the session does not begin"
}

listens_in() {
	[ -n "$(ip netns exec "$1" ss -Hltn "sport = :$2")" ]
}

# Prints how many milliseconds passed until the command succeeded.
measure() {
	local from=${EPOCHREALTIME/./}
	wait_until "$@" || return 1
	echo $(((${EPOCHREALTIME/./} - from) / 1000))
}

block() {
	local address
	for address; do postfix_dnsbl "$address" >>"$LOG"; done
	for address; do wait_until blocks "$address" || fail "$address is not blocked"; done
}

blocks() {
	[ "$(sql "SELECT count(*) FROM active WHERE address = '$1'")" = 1 ]
}

is_tracked() {
	in_server conntrack -L -f "$1" -p tcp --orig-src "$2" --orig-port-dst 587 2>/dev/null | grep -q ESTABLISHED
}

# --- kill: sessions of this machine end on both sides, within a second
echo 198.51.100.0/24 >"$WORK/drop.txt"
daemon_config "[block]
ip6_prefix = 128
file = $WORK/drop.txt
[firewall]
backend = $BACKEND
sessions = kill
ports = 25,587
resync = 1s
hooks = input"
daemon_start
session four 10.9.0.2 "$SERVER" 10.9.0.1 10.9.0.1 25
session six fd09::2 "$SERVER" fd09::1 fd09::1 25
session other 10.9.0.3 "$SERVER" 10.9.0.1 10.9.0.1 2525
postfix_dnsbl 10.9.0.2 >>"$LOG"
# shellcheck disable=SC2154
ms=$(measure is_gone "$four_server") || fail "IPv4: the server's session does not end"
in_time "$ms" || fail "IPv4: the server's session ended after $ms ms"
# shellcheck disable=SC2154
wait_until is_gone "$four_client" || fail "IPv4: the client's session does not end"
postfix_dnsbl fd09::2 >>"$LOG"
# shellcheck disable=SC2154
ms=$(measure is_gone "$six_server") || fail "IPv6: the server's session does not end"
in_time "$ms" || fail "IPv6: the server's session ended after $ms ms"
# shellcheck disable=SC2154
wait_until is_gone "$six_client" || fail "IPv6: the client's session does not end"
logged "ended 1 open connection of clients that were just blocked" || fail "not in the log"
# shellcheck disable=SC2154
is_alive "$other_server" || fail "a session to another port ends"
wfs status --json | jq -e '.problems | map(select(.kind == "sessions")) == []' >/dev/null || fail "a problem: $(wfs status)"

# A network that others list, when it comes into the file.
session listed 10.9.0.9 "$SERVER" 10.9.0.1 10.9.0.1 25
echo 10.9.0.8/31 >"$WORK/drop.new" && mv "$WORK/drop.new" "$WORK/drop.txt"
# shellcheck disable=SC2154
wait_until is_gone "$listed_server" || fail "a listed network: the server's session does not end"
is_alive "$other_server" || fail "a listed network: a session to another port ends"

# By hand, a whole network, over an IPv6 socket that accepts IPv4.
session mapped 10.9.0.4 "$SERVER" :: 10.9.0.1 25
wfs block 10.9.0.4/31 --for 1m >/dev/null || fail "a network is not blocked by hand"
# shellcheck disable=SC2154
wait_until is_gone "$mapped_server" || fail "IPv4 over an IPv6 socket: the session does not end"
daemon_stop || fail "exit status $?"
no_sanitizer

# --- kill: what is listed when the daemon starts ends, too
session early 10.9.0.9 "$SERVER" 10.9.0.1 10.9.0.1 25
daemon_start
# shellcheck disable=SC2154
wait_until is_gone "$early_server" || fail "a network that is listed at the start: the server's session does not end"
daemon_stop || fail "exit status $?"

# --- kill: a session of a container ends as well; its entry of connection tracking goes, and so nothing gets through
daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
sessions = kill
ports = 25,587
hooks = auto"
daemon_start
session four_to 10.9.0.8 "$CONTAINER" 10.10.0.2 10.9.0.1 587
session six_to fd09::8 "$CONTAINER" fd10::2 fd09::1 587
{ is_tracked ipv4 10.9.0.8 && is_tracked ipv6 fd09::8; } || fail "sessions of the container are not tracked"
postfix_dnsbl 10.9.0.8 >>"$LOG"
ms=$(measure not is_tracked ipv4 10.9.0.8) || fail "IPv4: the container's session does not end"
in_time "$ms" || fail "IPv4: the container's session ended after $ms ms"
postfix_dnsbl fd09::8 >>"$LOG"
ms=$(measure not is_tracked ipv6 fd09::8) || fail "IPv6: the container's session does not end"
in_time "$ms" || fail "IPv6: the container's session ended after $ms ms"
for name in four_to six_to; do
	echo "MAIL FROM:<>" >"$WORK/$name.in"
done
tcp_from "$CLIENT" 10.9.0.6 10.9.0.1 587 || fail "another client is blocked as well"
[ "$(cat "$WORK/four_to.got" "$WORK/six_to.got")" = $'EHLO four_to\nEHLO six_to' ] || fail "a blocked client's text gets through"
daemon_stop || fail "exit status $?"

# --- drop, the default: nothing more gets through, and neither side is told; keep: the session goes on, a new one does not
for sessions in drop keep; do
	daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
sessions = $sessions
ports = 25,587"
	daemon_start
	session "$sessions"_4 10.9.0.7 "$SERVER" 10.9.0.1 10.9.0.1 25
	session "$sessions"_6 fd09::7 "$SERVER" fd09::1 fd09::1 25
	wfs block 10.9.0.7 fd09::7 --for 1m >/dev/null || fail "not blocked by hand"
	for name in "$sessions"_4 "$sessions"_6; do
		echo "MAIL FROM:<>" >"$WORK/$name.in"
		if [ "$sessions" = keep ]; then
			wait_until grep -qx "MAIL FROM:<>" "$WORK/$name.got" || fail "$name: the session is not kept"
		fi
	done
	! tcp_from "$CLIENT" 10.9.0.7 10.9.0.1 25 || fail "$sessions, IPv4: a blocked client connects"
	! tcp_from "$CLIENT" fd09::7 fd09::1 25 || fail "$sessions, IPv6: a blocked client connects"
	tcp_from "$CLIENT" 10.9.0.6 10.9.0.1 25 || fail "$sessions: another client is blocked as well"
	server=${sessions}_4_server
	is_alive "${!server}" || fail "$sessions: the server's session ends"
	[ "$sessions" = keep ] || ! grep -q MAIL "$WORK/drop_4.got" "$WORK/drop_6.got" || fail "drop: a blocked client's text gets through"
	wfs unblock 10.9.0.7 fd09::7 >/dev/null
	kill "${SESSIONS[@]}" 2>/dev/null
	wait "${SESSIONS[@]}" 2>/dev/null
	SESSIONS=()
	daemon_stop || fail "exit status $?"
done
no_sanitizer
echo "ok"
