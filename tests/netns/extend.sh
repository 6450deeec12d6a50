#!/usr/bin/env bash
# extend.sh: a client that keeps sending stays blocked. It is released when it has been quiet for the duration of the
# block, or at the latest when the next block's duration would be over. With "extend = no" it is released on time
# whatever it does. Each further offence blocks for longer.
#
# WFS_KNOCK: the program knock.
set -u
: "${WFS_KNOCK:?}"
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 iptables-legacy ip6tables-legacy
daemon_prepare
listen 25

knock() {
	tcp_from "$CLIENT" "$1" 10.9.0.1 25
}

# Knocks in the background until it gets in: $!. Not by in_client, see listen in lib.sh.
keep_knocking() {
	ip netns exec "$CLIENT" "$WFS_KNOCK" until 25 10.9.0.1 fd09::1 "$1" &
	LISTENERS+=($!)
}

# Of the newest block of an address.
of_block() {
	sql "SELECT $2 FROM blocks WHERE address = '$1' ORDER BY id DESC LIMIT 1"
}

# --- extend = yes; resync far away, so that only the block's own end makes the daemon look
daemon_config "[block]
for = 3s 20s
extend = yes
[firewall]
resync = 1h"
daemon_start
for address in 10.9.0.2 fd09::2 10.9.0.3; do postfix_dnsbl "$address"; done >>"$LOG" # the last is quiet
wait_until listed 10.9.0.2 || fail "10.9.0.2 is not blocked"
keep_knocking 10.9.0.2
knocker=$!
wait_until listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 || fail "fd09::2 is not blocked"
keep_knocking fd09::2
knocker6=$!
began=$SECONDS
wait_until listed 10.9.0.3 || fail "10.9.0.3 is not blocked"
# --- also a client that knocks in the very second it was fed
postfix_dnsbl 10.9.0.7 >>"$LOG"
wait_until listed 10.9.0.7 || fail "10.9.0.7 is not blocked"
! knock 10.9.0.7 || fail "10.9.0.7 connects though blocked"
wait_until second_is $((began + 9))
is_alive "$knocker" || fail "connected within $((SECONDS - began)) s, though it knocked all the time"
is_alive "$knocker6" || fail "IPv6: connected within $((SECONDS - began)) s, though it knocked all the time"
kill "$knocker" "$knocker6"
wait "$knocker" "$knocker6" 2>/dev/null
quiet=$SECONDS
! listed 10.9.0.3 || fail "10.9.0.3 did not knock and is blocked after $((SECONDS - began)) s"
[ "$(of_block 10.9.0.3 "(until_s - since_s) || ' ' || knocks || ' ' || ended_by")" = "3 0 expired" ] ||
	fail "10.9.0.3 did not knock: $(of_block 10.9.0.3 "(until_s - since_s) || ' ' || knocks || ' ' || ended_by"), want 3 0 expired"
wait_until not listed 10.9.0.2 || fail "still blocked ten seconds after the last packet"
took=$((SECONDS - quiet))
# The last packet left up to a second before it counted as quiet, and both clocks count whole seconds.
[[ $took -ge 1 && $took -le 15 ]] || fail "released $took s after the last packet, want about 3"
wait_until not listed fd09:0000:0000:0000:0000:0000:0000:0002 spammer6 || fail "IPv6: not released"
knock 10.9.0.2 || fail "released, but does not connect"
[ "$(of_block 10.9.0.2 "knocks >= 2 AND until_s - since_s BETWEEN 9 AND 24")" = 1 ] ||
	fail "got $(of_block 10.9.0.2 "knocks || ' knocks, ' || (until_s - since_s) || ' s'"), want 2 knocks or more and about 11 s"
[ "$(of_block 10.9.0.7 knocks)" = 1 ] || fail "a knock in the second of the feeding: got $(of_block 10.9.0.7 knocks), want 1"
[ "$(sql "SELECT count(*) FROM blocks WHERE address = '10.9.0.2'")" = 1 ] || fail "knocking made a second block"
daemon_stop || fail "exit status $?"

# --- one that never stops: the second duration ends the first block
daemon_config "[block]
for = 2s 6s
extend = yes
[firewall]
resync = 1h"
daemon_start
postfix_dnsbl 10.9.0.8 >>"$LOG"
wait_until listed 10.9.0.8 || fail "10.9.0.8 is not blocked"
keep_knocking 10.9.0.8
wait_until is_gone "$!" || fail "extend: still blocked long after 6 s"
got=$(of_block 10.9.0.8 "until_s - since_s")
[ "$got" = 6 ] || fail "extend: the block of one that never stops lasted $got s, want 6"
daemon_stop || fail "exit status $?"

# --- extend = no
daemon_config "[block]
for = 3s
extend = no
[firewall]
resync = 1s"
daemon_start
postfix_dnsbl 10.9.0.4 >>"$LOG"
wait_until listed 10.9.0.4 || fail "10.9.0.4 is not blocked"
began=$SECONDS
! knock 10.9.0.4 || fail "10.9.0.4 connects though blocked"
until knock 10.9.0.4; do
	[ $((SECONDS - began)) -le 6 ] || fail "extend = no: still blocked after $((SECONDS - began)) s"
done
got=$(of_block 10.9.0.4 "until_s - since_s")
[ "$got" = 3 ] || fail "extend = no: the block lasted $got s, want 3"
daemon_stop || fail "exit status $?"

# --- a short "seconds" with a long resync: the kernel must not forget in between
daemon_config "[block]
for = 9s
extend = no
[firewall]
seconds = 3s
resync = 1h"
daemon_start
postfix_dnsbl 10.9.0.5 >>"$LOG"
wait_until listed 10.9.0.5 || fail "10.9.0.5 is not blocked"
began=$SECONDS
wait_until second_is $((began + 6))
! knock 10.9.0.5 || fail "seconds = 3s: connects after $((SECONDS - began)) s of 9"
daemon_stop || fail "exit status $?"

# --- every further offence lasts longer
daemon_config "[block]
for = 1s 2s 4s
extend = no
[firewall]
resync = 1s"
daemon_start
for offence in 1 2 3 4; do
	postfix_dnsbl 10.9.0.6 >>"$LOG"
	wait_until listed 10.9.0.6 || fail "offence $offence: not blocked"
	wait_until not listed 10.9.0.6 || fail "offence $offence: not released"
done
got=$(sql "SELECT group_concat(offence || ':' || (until_s - since_s), ' ') FROM (SELECT * FROM blocks WHERE address = '10.9.0.6' ORDER BY id)")
[ "$got" = "1:1 2:2 3:4 4:4" ] || fail "offences and their durations: got $got, want 1:1 2:2 3:4 4:4"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
