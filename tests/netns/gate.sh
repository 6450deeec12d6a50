#!/usr/bin/env bash
# gate.sh: a gate never lets in a client that does not come back, nor one that hammers; after the pause a client may
# connect "count" times; the longest network decides; IPv6 counts by prefix; without the daemon the gate opens, and
# after a restart a client that waited need not start over. Also what observe counts, and what the configuration
# refuses.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nft
[ "$BACKEND" = nftables ] || skip "gates are made of nftables' sets"
daemon_prepare
listen 25 143

gate_config() {
	daemon_config "[gate mail]
pause = ${PAUSE:-2s}
window = ${WINDOW:-60s}
count = 3
open_after = ${OPEN_AFTER:-20s}
${1:-}"
}

# client_in ADDRESS [PORT]: it can connect. client_out: it is refused, at once.
client_in() {
	local server=10.9.0.1
	[[ $1 != *:* ]] || server=fd09::1
	tcp_from "$CLIENT" "$1" "$server" "${2:-25}"
}

client_out() {
	! client_in "$@"
}

# The pause of a client is over. To try again and again would be to hammer.
pause_is_over() {
	if [[ $1 == *:* ]]; then not gate_has mail_paused6 "${1%::*}::"; else not gate_has mail_paused4 "$1"; fi
}

gate_rules() {
	in_server nft list table inet watchforspammers.gate 2>/dev/null | grep -q "goto mail_gate4"
}

is_closed() {
	in_server nft list set inet watchforspammers.gate mail_alive | grep -q "tcp timeout"
}

# A mail server writes lines, or the gate would open.
(
	trap 'exit 0' TERM
	until [ -e "$WORK/quiet" ]; do
		echo "$(now) mx postfix/smtpd[411]: connect from unknown[192.0.2.1]" >>"$LOG"
		read -r -t 0.3 <> <(:)
	done
) &
LISTENERS+=($!)

# status_has FILTER: of the gate "mail"
status_has() {
	wfs status --json | jq -e ".gates[] | select(.name == \"mail\") | $1"
}

was_counted_after() {
	[ "$(sql "SELECT at FROM gate_now")" -ge "$1" ]
}

report_has() {
	wfs report | grep -E -- "$1"
}

# --- a client that comes back, and its count
gate_config
daemon_start
wait_until is_closed || fail "the gate is not closed"
for client in 10.9.0.2 fd09::2; do
	client_out "$client" || fail "$client: let in at once"
	client_in "$client" 143 || fail "$client: the gate is for port 25 alone"
done
client_out fd09::3 || fail "another address of the /64 that waits already is let in"
gate_has mail_paused4 10.9.0.2 || fail "10.9.0.2 is not paused"
tcp_from "$SERVER" "" 10.9.0.1 25 || fail "the machine itself has to wait"
for client in 10.9.0.2 fd09::2; do
	wait_until pause_is_over "$client" || fail "$client: the pause does not end"
	client_in "$client" || fail "$client: not let in after the pause"
	client_in "$client" && client_in "$client" || fail "$client: three connections are allowed"
	client_out "$client" || fail "$client: a fourth connection is let in"
done
client_out fd09::3 || fail "the count is not that of the /64"

# --- who hammers stays out, for longer than the pause
end=$((SECONDS + 3))
tries=0
until second_is "$end" && [ "$tries" -gt 60 ]; do
	client_out 10.9.0.4 || fail "who hammers is let in at try $tries"
	tries=$((tries + 1))
done

# --- and goes on, now slower than 30 times in a pause: it has not been silent
end=$((SECONDS + 7))
until second_is "$end"; do
	client_out 10.9.0.4 || fail "who hammered is let in without a silent pause"
	read -r -t 0.2 <> <(:)
done
wait_until pause_is_over 10.9.0.4 || fail "who hammered is shut out though it is silent"

# --- what is shown
export WAIT_S=30
wait_until status_has '.let_in_today == 6 and .closed' || fail "status: $(wfs status --json | jq -c .gates)"
wait_until status_has '.refused_today > 60 and .waits_longest == "10.9.0.4" and .waiting == 1' ||
	fail "status: $(wfs status --json | jq -c .gates)"
wfs status | grep -q "^gate  *mail, closed: " || fail "status: $(wfs status)"
unset WAIT_S
report_has "gate mail: 3 clients had to come back" || fail "report: $(wfs report)"
report_has "^ *2  came back in time, after [0-9]+s on average" || fail "report: $(wfs report)"
report_has "^ *1  still wait" || fail "report: $(wfs report)"
wfs report --html "$WORK/page.html" && grep -q "<h2>Gates</h2>" "$WORK/page.html" || fail "the page has no gates"

# --- a restart: a client that waited need not start again; stopped, nobody is refused
client_out 10.9.0.5 || fail "10.9.0.5: let in at once"
daemon_stop || fail "exit status $?"
not gate_rules || fail "stop left rules"
gate_has mail_window4 10.9.0.5 || fail "stop forgot who waits"
client_in 10.9.0.6 || fail "the gate is shut without a daemon"
daemon_start
wait_until is_closed || fail "the gate is not closed"
client_out 10.9.0.6 || fail "10.9.0.6: let in at once after a restart"
wait_until pause_is_over 10.9.0.5 || fail "10.9.0.5: the pause does not end"
client_in 10.9.0.5 || fail "10.9.0.5: has to start again after a restart"
client_out 10.9.0.2 || fail "the restart forgot the count"

# --- kill -9 of both: nobody is shut out for ever
daemon_stop || fail "exit status $?"
OPEN_AFTER=2s PAUSE=1h WINDOW=2h gate_config
daemon_start
wait_until is_closed || fail "the gate is not closed"
wait_until client_out 10.9.0.7 || fail "10.9.0.7: let in at once"
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$DAEMON"
daemon_wait 2>/dev/null
gate_rules || fail "the rules went with the daemon: nothing was tested"
wait_until client_in 10.9.0.7 || fail "the gate does not open without a daemon"

# --- somebody removes our rules: they come back
OPEN_AFTER=2s PAUSE=1h WINDOW=2h gate_config
daemon_start
wait_until is_closed || fail "the gate is not closed"
in_server nft flush chain inet watchforspammers.gate networks
wait_until logged "the gates' rules were missing or altered" || fail "the daemon does not see that its rules are gone"
wait_until client_out 10.9.0.8 || fail "10.9.0.8: let in after a repair"

# --- connections are let in and no line comes: the log is not that of this mail server, so the gate opens
touch "$WORK/quiet"
printf -v quiet_s '%(%s)T' -1
wait_until was_counted_after $((quiet_s + 3)) || fail "the daemon does not count"
in_server nft add element inet watchforspammers.gate mail_window4 '{ 10.9.0.9 timeout 1h }'
client_in 10.9.0.9 || fail "10.9.0.9: in the window, and refused"
WAIT_S=20 wait_until logged "no line about any was read" || fail "nobody notices that the log is silent"
wait_until client_in 10.9.0.8 || fail "a gate whose log is silent stays shut"
lost_login 192.0.2.1 >>"$LOG"
wait_until logged "lines arrive again" || fail "a line does not close it again"
daemon_stop || fail "exit status $?"

# --- several gates: the longest network
daemon_config "[gate all]
pause = 1h
[gate near]
networks = 10.9.0.0/29
ports = 143
pause = 1h"
in_server nft delete table inet watchforspammers.gate
daemon_start
wait_until client_out 10.9.0.8 || fail "10.9.0.8: in no gate"
client_in 10.9.0.7 || fail "10.9.0.7: in the gate for all, though its network has one of its own"
client_out 10.9.0.7 143 || fail "10.9.0.7: port 143 is open"
client_in 10.9.0.8 143 || fail "10.9.0.8: port 143 is closed"
daemon_stop || fail "exit status $?"
in_server "$WFS_PROGRAM" -c "$CONF" cleanup >/dev/null || fail "cleanup"
no_rules || fail "cleanup left $(our_rules)"

# --- observe refuses nobody, and counts
gate_config "[firewall]
backend = observe"
daemon_start
wait_until is_closed || fail "the gate is not closed"
client_in 10.9.0.2 && client_in 10.9.0.2 || fail "observe refuses"
daemon_stop || fail "exit status $?"
# --- without gates their table goes
daemon_config ""
daemon_start
not in_server nft list table inet watchforspammers.gate 2>/dev/null || fail "a start without gates left their table"
daemon_stop || fail "exit status $?"

# --- what is refused
refused() {
	local status=0
	gate_config "$2"
	wfs check >"$WORK/check" 2>&1 || status=$?
	[ "$status" = 2 ] || fail "$2: exit status $status"
	grep -qF -- "$1" "$WORK/check" || fail "$2: got: $(cat "$WORK/check"); want: $1"
}
refused "[gate mail] needs nftables: set [firewall] backend = nftables" "[firewall]
backend = recent"
refused "ports other than 465 and 587" "ports = 25,465"
refused "are both for everybody" "[gate other]"
PAUSE=2m refused "pause is longer than window" ""
no_sanitizer
echo "ok"
