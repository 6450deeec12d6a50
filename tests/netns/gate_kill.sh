#!/usr/bin/env bash
# gate_kill.sh: while SYNs of many clients arrive at a gate, both processes are killed several times at random moments,
# also during a start. Each time the gate opens by itself, and the next start closes it again and keeps the clients that
# waited. So does a restart. WFS_SEED: repeats a run as far as chance allows.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 nft python3
[ "$BACKEND" = nftables ] || skip "gates are made of nftables' sets"
RANDOM=${WFS_SEED:=$((BASHPID ^ EPOCHSECONDS % 32768))}
echo "seed $WFS_SEED"
daemon_prepare
listen 25
OPEN_AFTER_S=2

client_in() {
	tcp_from "$CLIENT" "$1" 10.9.0.1 25
}

# How long it stays closed without another sign of life: at most open_after, "expires 1s892ms". Never with nft -j, which reads
# all sets of a table, and these change under the flood.
closed_no_longer() {
	! in_server nft list set inet watchforspammers.gate mail_alive 2>/dev/null | grep -E "expires ([3-9]|[0-9]{2,})s|expires [0-9]+[dhm][0-9]"
}

# Both at once. Stopped first, so that root starts nothing and cannot tidy up.
kill_both() {
	kill -STOP "$DAEMON" 2>/dev/null || fail "seed $WFS_SEED: the daemon had ended by itself"
	ENGINE=$(engine_pid)
	kill -KILL "$DAEMON" ${ENGINE:+"$ENGINE"}
	wait "$DAEMON" 2>/dev/null
	[ -z "$ENGINE" ] || wait_until is_gone "$ENGINE" || fail "the engine outlives kill -9"
	DAEMON=
	ENGINE=
}

a_random_moment() {
	read -r -t "0.$(printf %03d $((RANDOM % 400)))" <> <(:)
}

# A mail server writes lines, or the gate would open.
(
	trap 'exit 0' TERM
	while :; do
		echo "$(now) mx postfix/smtpd[411]: connect from unknown[192.0.2.1]" >>"$LOG"
		read -r -t 0.3 <> <(:)
	done
) &
LISTENERS+=($!)
ip netns exec "$CLIENT" python3 "$WFS_SOURCE_ROOT/tests/netns/synflood.py" \
	"$(in_server cat /sys/class/net/mail0/address)" &
FLOOD=$!
LISTENERS+=("$FLOOD")

daemon_config "[gate mail]
pause = 1h
window = 2h
open_after = ${OPEN_AFTER_S}s"
daemon_start
wait_until not client_in 10.9.0.2 || fail "the gate is not closed"
not client_in 10.9.0.3 || fail "10.9.0.3: let in at once" # and never comes again

for ((kill = 1; kill <= 3; kill++)); do
	a_random_moment
	kill_both
	closed_no_longer || fail "seed $WFS_SEED, kill $kill: closed for longer than open_after"
	gate_has mail_window4 10.9.0.3 || fail "seed $WFS_SEED, kill $kill: who waited is forgotten"
	# In the pause of an hour: let in only because the gate stands open.
	wait_until client_in 10.9.0.2 || fail "seed $WFS_SEED, kill $kill: the gate does not open"
	# Some are killed while they start.
	if [ $((kill % 2)) = 1 ]; then
		daemon_launch
		a_random_moment
		kill_both
		closed_no_longer || fail "seed $WFS_SEED, kill $kill: closed for longer than open_after by a start"
		wait_until client_in 10.9.0.2 || fail "seed $WFS_SEED, kill $kill: a start that was killed shuts the gate"
	fi
	daemon_start
	wait_until not client_in 10.9.0.2 || fail "seed $WFS_SEED, kill $kill: the next start does not close it"
done

# --- a restart under the same load
daemon_stop || fail "exit status $?"
client_in 10.9.0.2 || fail "stopped, and shut"
# Looked at while there is no daemon: under the flood nft takes long to read a set, and starts again whenever one writes.
gate_has mail_window4 10.9.0.3 || fail "10.9.0.3: a restart forgot who waited"
in_server nft list set inet watchforspammers.gate mail_window4 | grep "100\.64\." >/dev/null || fail "the flood did not reach the gate"
daemon_start
wait_until not client_in 10.9.0.2 || fail "a restart does not close it"
is_alive "$FLOOD" || fail "the flood had ended"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
