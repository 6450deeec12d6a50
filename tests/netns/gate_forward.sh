#!/usr/bin/env bash
# gate_forward.sh: a gate before a container: clients that DNAT sends there are refused and let in by the port they
# connect to.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 nft
[ "$BACKEND" = nftables ] || skip "gates are made of nftables' sets"
daemon_prepare
netns_container 25 2525
ip netns exec "$CONTAINER" nc -4 -d -k -l -w 1 2525 </dev/null >/dev/null 2>&1 &
LISTENERS+=($!)

client_in() {
	tcp_from "$CLIENT" "$1" 10.9.0.1 25
}

is_closed() {
	in_server nft list set inet watchforspammers.gate mail_alive | grep -q "tcp timeout"
}

wait_until client_in 10.9.0.9 || fail "the container does not answer"
daemon_config "[gate mail]
pause = 2s
count = 2
[firewall]
hooks = forward"
daemon_start
wait_until is_closed || fail "the gate is not closed"
not client_in 10.9.0.2 || fail "10.9.0.2: let in at once"
wait_until not gate_has mail_paused4 10.9.0.2 || fail "the pause does not end"
client_in 10.9.0.2 && client_in 10.9.0.2 || fail "10.9.0.2: not let in after the pause"
not client_in 10.9.0.2 || fail "10.9.0.2: a third connection is let in"
daemon_stop || fail "exit status $?"
client_in 10.9.0.3 || fail "stop left rules"
no_sanitizer
echo "ok"
