#!/usr/bin/env bash
# hooks.sh: clients of a container behind DNAT to another port: a blocked one is dropped if the hooks cover forwarded
# packets, in IPv4 and IPv6; status reports if they do not; what the container itself sends is never touched.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy nft conntrack
daemon_prepare
netns_container 587 2525

# A server that accepts and sends nothing, as listen of lib.sh: serve NAMESPACE ADDRESS PORT
serve() {
	ip netns exec "$1" nc -d -n -k -l -w 1 "$2" "$3" </dev/null >/dev/null 2>&1 &
	LISTENERS+=($!)
	wait_until tcp_from "$1" "" "$2" "$3" || fail "nothing answers on $2 port $3"
}

serve "$CONTAINER" 10.10.0.2 2525
serve "$CONTAINER" fd10::2 2525
serve "$CLIENT" 10.9.0.2 587
serve "$CLIENT" fd09::2 587
listen 25

# Both families: is the client 10.9.0.2, fd09::2 dropped on the way to PORT of the server? is_dropped PORT
is_dropped() {
	! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 "$1" && ! tcp_from "$CLIENT" fd09::2 fd09::1 "$1"
}

is_let_in() {
	tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 "$1" && tcp_from "$CLIENT" fd09::2 fd09::1 "$1"
}

# The problem that status shows, or nothing.
uncovered() {
	wfs status --json | jq -r '.problems[] | select(.kind == "hooks") | .what'
}

is_uncovered() {
	[ -n "$(uncovered)" ]
}

# A daemon with these lines under [firewall] has the client blocked: with_hooks LINES
with_hooks() {
	daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
ports = 25,587
resync = 1s
$1"
	daemon_start
	wfs block 10.9.0.2 fd09::2 --for 5m >/dev/null || fail "not blocked by hand"
	is_dropped 25 || fail "$1: not dropped on the way to this machine"
	tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 587 || fail "$1: another client does not reach the container"
	tcp_from "$CONTAINER" "" 10.9.0.2 587 || fail "$1: the container does not reach the client's own server, IPv4"
	tcp_from "$CONTAINER" "" fd09::2 587 || fail "$1: the container does not reach the client's own server, IPv6"
}

wait_until is_let_in 587 || fail "the container is not published"
with_hooks "hooks = input"
is_let_in 587 || fail "hooks = input: dropped on the way to the container"
daemon_stop || fail "exit status $?"

# A connection that DNAT led to the container is open whenever the daemon looks: the server ends one that is silent for a second.
talk() {
	while echo; do read -r -t 0.2 <> <(:); done
}
talk 2>/dev/null | ip netns exec "$CLIENT" nc -n -s 10.9.0.3 10.9.0.1 587 >/dev/null 2>&1 &
talker=$!
LISTENERS+=("$talker")
wait_until in_server sh -c 'conntrack -L -p tcp --orig-port-dst 587 2>/dev/null | grep -q ESTABLISHED' || fail "no connection to the container"
with_hooks "hooks = input"
WAIT_S=90 wait_until is_uncovered || # it looks once a minute
	fail "status does not say that the container is not covered: $(wfs status)"
[[ $(uncovered) == *"port 587"* ]] || fail "status names another port: $(uncovered)"
kill "$talker"
daemon_stop || fail "exit status $?"

# Somebody else removes what drops.
flush() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft delete table inet watchforspammers
	else
		in_server iptables-legacy -F FORWARD
	fi
}

ways=("hooks = input forward" "hooks = auto")
[ "$BACKEND" = nftables ] || ways+=("jump_from = INPUT FORWARD") # which has no meaning there
for hooks in "${ways[@]}"; do
	with_hooks "$hooks"
	is_dropped 587 || fail "$hooks: not dropped on the way to the container"
	! is_uncovered || fail "$hooks: $(uncovered)"
	flush
	wait_until is_dropped 587 || fail "$hooks: not healed after a flush"
	daemon_stop || fail "exit status $?"
	no_rules || fail "$hooks: stop left rules"
	is_let_in 587 || fail "$hooks: blocked after stop"
done

# Only what is forwarded.
daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
ports = 25,587
hooks = forward"
daemon_start
is_let_in 25 || fail "hooks = forward: dropped on the way to this machine"
is_dropped 587 || fail "hooks = forward: not dropped on the way to the container"
daemon_stop || fail "exit status $?"
if [ "$BACKEND" != recent ]; then
	no_sanitizer
	echo "ok"
	exit
fi

# Docker's own chain, in legacy tables: ours comes first there.
in_server iptables-legacy -N DOCKER-USER
in_server iptables-legacy -I FORWARD -j ACCEPT
in_server iptables-legacy -I FORWARD -j DOCKER-USER
with_hooks "jump_from = INPUT DOCKER-USER"
! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 587 || fail "DOCKER-USER: not dropped on the way to the container"
daemon_stop || fail "exit status $?"
daemon_config "[firewall]
backend = recent
jump_from = INPUT DOCKER-USER NO-SUCH"
daemon_refuses 3 "there is no chain NO-SUCH to jump from; if iptables-nft made it, jump from FORWARD, which sees the same"
no_rules || fail "a refused start left rules"

# auto, where nothing is forwarded.
in_server sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0
daemon_config "[firewall]
backend = recent
hooks = auto"
daemon_start
[ -z "$(in_server iptables-legacy -S FORWARD | grep SPAMMER)" ] || fail "auto: a jump from FORWARD, though nothing is forwarded"
in_server sysctl -qw net.ipv4.ip_forward=1
jumps_from_forward() { in_server iptables-legacy -S FORWARD | grep -q SPAMMERf; }
wait_until jumps_from_forward || fail "auto: no jump after forwarding began"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
