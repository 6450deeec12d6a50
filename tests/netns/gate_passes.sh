#!/usr/bin/env bash
# gate_passes.sh: clients that need not wait at a gate: allowed networks, pass_networks, those that delivered mail or
# logged in, those allowed by an order or a white vote, a pool of senders that the cluster rule lets in. A hit closes
# the window; a block and a black vote take the pass away. What was earned survives a restart and the loss of the
# kernel's table.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nft python3
[ "$BACKEND" = nftables ] || skip "gates are made of nftables' sets"
daemon_prepare
listen 25

client_in() {
	local server=10.9.0.1
	[[ $1 != *:* ]] || server=fd09::1
	tcp_from "$CLIENT" "$1" "$server" 25
}

client_out() {
	! client_in "$1"
}

# passes LENGTH ADDRESS: the kernel has a pass of it. Without another try, which would use up the window.
passes() {
	local family=4
	[[ $2 != *:* ]] || family=6
	gate_has "pass${family}_$1" "$2"
}

waits() {
	gate_has mail_window4 "$1"
}

# Passes of more than nine days, in the database: are_stored NUMBER
are_stored() {
	[ "$(sql "SELECT count(*) FROM pass WHERE until > CAST(strftime('%s') AS INTEGER) + 9 * 86400")" = "$1" ]
}

is_closed() {
	in_server nft list set inet watchforspammers.gate mail_alive | grep -q "tcp timeout"
}

delivered() {
	echo "$(now) mx postfix/smtpd[411]: disconnect from mx.example.net[$1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"
}

logged_in() {
	echo "$(now) mx postfix/submission/smtpd[115]: 7203EA90178: client=phone.example.net[$1], sasl_method=PLAIN, sasl_username=alice"
}

postgrey() {
	echo "$(now) mx postgrey[7]: action=greylist, reason=new, client_name=out.example.net, client_address=$1, sender=a@example.net, recipient=b@example.org"
}

postfix_grey() {
	echo "$(now) mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from out$2.example.net[$1]: 450 4.2.0 <b@example.org>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/example.org.html; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<out$2.example.net>"
}

daemon_config "[gate mail]
pause = 1h
pass = 10d
pass_networks = 10.9.0.8/32
open_after = 1h
[allow]
address = 10.9.0.9
[block]
ip6_prefix = 64"
daemon_start
wait_until is_closed || fail "the gate is not closed"
client_in 10.9.0.9 || fail "10.9.0.9: allowed, and refused"
client_in 10.9.0.8 || fail "10.9.0.8: in pass_networks, and refused"
client_out 10.9.0.2 || fail "10.9.0.2: let in at once"

# --- what is earned
delivered 10.9.0.2 >>"$LOG"
wait_until passes 32 10.9.0.2 || fail "10.9.0.2: delivered, and has no pass"
client_in 10.9.0.2 || fail "10.9.0.2: has a pass, and is refused"
logged_in 10.9.0.3 >>"$LOG"
wait_until passes 32 10.9.0.3 || fail "10.9.0.3: logged in, and has no pass"
delivered fd09::2 >>"$LOG"
# The server is in the same /64, so that its addresses count one by one.
wait_until passes 128 fd09::2 || fail "fd09::2: delivered, and has no pass"
client_in fd09::2 || fail "fd09::2: has a pass, and is refused"
delivered 2001:db8::2 >>"$LOG"
wait_until passes 64 2001:db8:: || fail "2001:db8::2: delivered, and its network has no pass"
wait_until are_stored 4 ||
	fail "stored are: $(sql "SELECT * FROM pass")"

# --- orders and votes
client_out 10.9.0.4 || fail "10.9.0.4: let in at once"
wfs allow 10.9.0.4 >/dev/null || fail "allow"
wait_until passes 32 10.9.0.4 || fail "10.9.0.4: allowed, and has no pass"
wfs disallow 10.9.0.4 >/dev/null || fail "disallow"
wait_until not passes 32 10.9.0.4 || fail "10.9.0.4: not allowed any more, and passes"
wfs vote white 10.9.0.4 >/dev/null || fail "vote white"
wait_until passes 32 10.9.0.4 || fail "10.9.0.4: a white vote, and no pass"
client_in 10.9.0.4 || fail "10.9.0.4: a white vote, and refused"
# An allowance that ends does not take what was earned.
wfs allow 10.9.0.2 >/dev/null || fail "allow"
wfs disallow 10.9.0.2 >/dev/null || fail "disallow"
wait_until passes 32 10.9.0.2 || fail "10.9.0.2: its pass went with an allowance"
wfs vote black 10.9.0.3 >/dev/null || fail "vote black"
wait_until not passes 32 10.9.0.3 || fail "10.9.0.3: a black vote, and still a pass"
client_out 10.9.0.3 || fail "10.9.0.3: a black vote, and let in"

# --- a hit closes the window, but takes no pass; a block does
client_out 10.9.0.5 || fail "10.9.0.5: let in at once"
waits 10.9.0.5 || fail "10.9.0.5: does not wait"
wrong_password 10.9.0.5 >>"$LOG"
wait_until not waits 10.9.0.5 || fail "10.9.0.5: a hit, and its window goes on"
wrong_password 10.9.0.2 >>"$LOG"
wait_until is_counted 10.9.0.2 1 || fail "10.9.0.2: no hit"
passes 32 10.9.0.2 || fail "10.9.0.2: one wrong password took its pass"
for _ in 1 2 3 4 5; do wrong_password 10.9.0.4 >>"$LOG"; done
postfix_dnsbl 10.9.0.4 >>"$LOG"
postfix_dnsbl 10.9.0.4 >>"$LOG"
wait_until listed 10.9.0.4 || fail "10.9.0.4: not blocked"
wait_until not passes 32 10.9.0.4 || fail "10.9.0.4: blocked, and still has a pass"

delivered 198.51.100.31 >>"$LOG"
wait_until passes 32 198.51.100.31 || fail "198.51.100.31: delivered, and has no pass"
wfs block 198.51.100.31 >/dev/null || fail "block"
wait_until not passes 32 198.51.100.31 || fail "198.51.100.31: blocked by hand, and still has a pass"

# Blocked with its network's other clients, after the hit of another one.
delivered 198.51.100.25 >>"$LOG"
wait_until passes 32 198.51.100.25 || fail "198.51.100.25: delivered, and has no pass"
for client in 25 24 23 22 21; do
	for _ in 1 2 3; do wrong_password "198.51.100.$client" >>"$LOG"; done
done
wait_until listed 198.51.100.25 || fail "198.51.100.25: not blocked with its network"
wait_until not passes 32 198.51.100.25 || fail "198.51.100.25: blocked with its network, and still has a pass"

# --- all of that stays, even if the kernel's table is lost meanwhile
daemon_stop || fail "exit status $?"
in_server nft delete table inet watchforspammers.gate || fail "no table"
daemon_start
wait_until is_closed || fail "the gate is not closed after a restart"
for pass in "32 10.9.0.2" "128 fd09::2" "64 2001:db8::"; do
	# shellcheck disable=SC2086
	passes $pass || fail "after a restart: no pass of $pass"
done
for client in 10.9.0.3 10.9.0.4 198.51.100.25 198.51.100.31; do
	not passes 32 "$client" || fail "after a restart: $client has its pass back"
done

# --- a pool of senders: two of them send the same message, so their network passes
postfix_grey 10.9.0.6 1 >>"$LOG"
postfix_grey 10.9.0.7 2 >>"$LOG"
wait_until passes 24 10.9.0.0 || fail "the pool of senders has no pass: $(sql "SELECT * FROM allowance")"
client_in 10.9.0.7 || fail "10.9.0.7: of a pool that passes"
daemon_stop || fail "exit status $?"
daemon_start
wait_until passes 24 10.9.0.0 || fail "after a restart: the pool of senders has no pass"

in_server nft flush ruleset
wait_until passes 32 10.9.0.2 || fail "after a flush: no pass of 10.9.0.2"
daemon_stop || fail "exit status $?"

# --- blocked because its address has no name: what a name server answers counts like a line
daemon_nameserver
daemon_config "[gate mail]
pause = 1h
pass = 10d
[dns]
ptr = 90"
daemon_start
delivered 198.51.100.30 >>"$LOG"
wait_until passes 32 198.51.100.30 || fail "198.51.100.30: delivered, and has no pass"
wrong_password 198.51.100.30 >>"$LOG"
wait_until listed 198.51.100.30 || fail "198.51.100.30: has no name, and is not blocked"
wait_until not passes 32 198.51.100.30 || fail "198.51.100.30: blocked by dns-ptr, and still has a pass"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
