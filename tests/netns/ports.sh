#!/usr/bin/env bash
# ports.sh: which ports a block closes depends on what the client did, in IPv4 and IPv6; a client that did several
# things loses the ports of all; a restart keeps that; "list" and the log say which.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy nft
daemon_prepare
PORTS=
listen 22 25 143
daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND"
daemon_start

# The ports of 22, 25 and 143 that the client cannot connect to: closed_to CLIENT
closed_to() {
	local server=10.9.0.1 port closed=
	[[ $1 != *:* ]] || server=fd09::1
	for port in 22 25 143; do
		tcp_from "$CLIENT" "$1" "$server" "$port" || closed+=" $port"
	done
	echo "$closed"
}

is_closed_to() {
	[ "$(closed_to "$1")" = "$2" ]
}

is_blocked() {
	[ "$(sql "SELECT count(*) FROM active WHERE address = '$1' AND category LIKE '${2:-%}'")" -gt 0 ]
}

guess_at_sshd() {
	echo "$(now) mx sshd[4711]: Failed password for invalid user admin from $1 port 4711 ssh2"
}

# The ports of each active block, as list --json has them: listed_ports CLIENT
listed_ports() {
	wfs list --json | jq -r "select(.address == \"$1\") | .ports" | sort | tr '\n' ' '
}

MAIL=25,110,143,465,587,993,995,4190
for net in 10.9.0. fd09::; do
	postfix_dnsbl "${net}2" >>"$LOG"
	for _ in 1 2 3 4 5; do wrong_password "${net}3" >>"$LOG"; done
	for _ in 1 2 3 4 5 6 7 8 9 10; do guess_at_sshd "${net}4" >>"$LOG"; done
	for client in "${net}2 dnsbl" "${net}3 auth" "${net}4 auth"; do
		# shellcheck disable=SC2086
		wait_until is_blocked $client || fail "$client: not blocked"
	done
	is_closed_to "${net}2" " 25" || fail "${net}2, on a DNS blocklist: closed are$(closed_to "${net}2")"
	is_closed_to "${net}3" " 25 143" || fail "${net}3, a password guesser: closed are$(closed_to "${net}3")"
	is_closed_to "${net}4" " 22" || fail "${net}4, a password guesser at sshd: closed are$(closed_to "${net}4")"
	is_closed_to "${net}5" "" || fail "${net}5, an innocent client: closed are$(closed_to "${net}5")"
	[ "$(listed_ports "${net}2")" = "25 " ] || fail "list, ${net}2: $(listed_ports "${net}2")"
	[ "$(listed_ports "${net}3")" = "$MAIL " ] || fail "list, ${net}3: $(listed_ports "${net}3")"

	# One password is mistyped by customers, five are guessed.
	wrong_password "${net}2" >>"$LOG"
	postfix_dnsbl "${net}6" >>"$LOG"
	wait_until is_blocked "${net}6" || fail "${net}6: not blocked"
	is_closed_to "${net}2" " 25" || fail "${net}2, one wrong password: closed are$(closed_to "${net}2")"
	for _ in 1 2 3 4; do wrong_password "${net}2" >>"$LOG"; done
	wait_until is_blocked "${net}2" auth || fail "${net}2: guesses on IMAP though blocked on port 25"
	is_closed_to "${net}2" " 25 143" || fail "${net}2, both: closed are$(closed_to "${net}2")"
	[ "$(sql "SELECT count(DISTINCT until) || ' ' || max(offence) FROM active WHERE address = '${net}2'")" = "1 2" ] ||
		fail "${net}2: its blocks do not end together: $(sql "SELECT * FROM active")"
done
logged "listed by a DNS blocklist, 1 hit; ports 25" || fail "the log does not say which ports"
logged "; ports $MAIL" || fail "the log does not say which ports"
wfs list | grep -qx "ports closed to them: 25" || fail "list: $(wfs list)"
wfs list | grep -qx "  to those of auth, manual, vote, flood, network, file: $MAIL" || fail "list: $(wfs list)"
wfs list | grep -qx "  to those of sshd, dropbear: 22" || fail "list: $(wfs list)"

# What the database says is enough to go on.
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$ENGINE"
daemon_wait 2>/dev/null
daemon_start
is_closed_to 10.9.0.2 " 25 143" || fail "after a restart: 10.9.0.2: closed are$(closed_to 10.9.0.2)"
is_closed_to 10.9.0.4 " 22" || fail "after a restart: 10.9.0.4: closed are$(closed_to 10.9.0.4)"
is_closed_to fd09::3 " 25 143" || fail "after a restart: fd09::3: closed are$(closed_to fd09::3)"
wfs unblock 10.9.0.2 >/dev/null || fail "not unblocked"
is_closed_to 10.9.0.2 "" || fail "after unblock: closed are$(closed_to 10.9.0.2)"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules"

# Who sets the ports means all blocks.
daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
ports = 25,143"
daemon_start
postfix_dnsbl 10.9.0.7 >>"$LOG"
wait_until is_blocked 10.9.0.7 || fail "10.9.0.7: not blocked"
is_closed_to 10.9.0.7 " 25 143" || fail "ports = 25,143: closed are$(closed_to 10.9.0.7)"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
