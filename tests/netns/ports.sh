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

# --- lists of an earlier configuration go at the start and by cleanup; what is not ours stays, and another daemon's
# configure PORTS KEEP: PORTS "": the default
configure() {
	daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
${1:+ports = $1}
keep_on_stop = $2"
}

# The names of the chains or tables of our lists.
our_lists() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft list tables | sed -n 's/^table inet watchforspammers_//p' | sort | tr '\n' ' '
	else
		in_server iptables-legacy -S | sed -n 's/^-N \(SPAMMER_[a-z]\{2,\}\)$/\1/p' | sort | tr '\n' ' '
	fi
}

our_lists_are() {
	[ "$(our_lists)" = "$1" ]
}

# What bears a name as our lists have, but not our mark.
foreign() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft "$1" table inet watchforspammers_SPAMMER_foreign
	elif [ "$1" = add ]; then
		in_server iptables-legacy -N SPAMMER_foreign
	else
		in_server iptables-legacy -X SPAMMER_foreign
	fi
}

foreign add || fail "no foreign list"
configure "" no
mkdir "$WORK/db2"
chown nobody "$WORK/db2"
sed "s,$WORK/db/,$WORK/db2/,; s/^\[firewall\]$/&\nchain = SPAMMER_second\nlist = spammer_second\nports = 22/" "$CONF" >"$WORK/second.conf"
ip netns exec "$SERVER" "$WFS_PROGRAM" -c "$WORK/second.conf" run 2>"$WORK/second.err" &
second=$!
wait_until grep -F ", database $WORK/db2/" "$WORK/second.err" >/dev/null || fail "the second daemon: $(cat "$WORK/second.err")"
OTHERS="SPAMMER_foreign SPAMMER_second "

configure "" yes
daemon_start
for client in 10.9.0.8 fd09::8; do
	wfs block "$client" --for 1d >/dev/null || fail "$client: not blocked"
	is_closed_to "$client" " 25 143" || fail "$client: closed are$(closed_to "$client")"
done
daemon_stop || fail "exit status $?"
our_lists_are "SPAMMER_auth SPAMMER_foreign SPAMMER_second SPAMMER_sshd " || fail "keep_on_stop kept: $(our_lists)"
configure 25 yes
daemon_start
wait_until our_lists_are "$OTHERS" || fail "a start with other ports left: $(our_lists)"
logged "removed the lists of ports of an earlier configuration from the firewall" || fail "the removal is not logged"
for client in 10.9.0.8 fd09::8; do
	is_closed_to "$client" " 25" || fail "$client, ports = 25: closed are$(closed_to "$client")"
	wfs unblock "$client" >/dev/null || fail "$client: not unblocked"
	is_closed_to "$client" "" || fail "$client, unblocked: closed are$(closed_to "$client")"
done
daemon_stop || fail "exit status $?"

# So many that xt_recent has 256 lists of each kind, whose chains are named alike; and a daemon that is killed.
configure "" no
daemon_start
for i in {1..120}; do echo "198.51.100.$i"; done >"$WORK/many"
wfs import list "$WORK/many" --for 1d >"$WORK/out" 2>&1 || fail "import: $(cat "$WORK/out")"
count_many() {
	if [ "$BACKEND" = nftables ]; then
		in_server nft list ruleset
	else
		in_server sh -c 'cat /proc/net/xt_recent/spammer*'
	fi | grep -o '198\.51\.100\.[0-9]*' | sort -u | wc -l
}
all_are_listed() {
	[ "$(count_many)" = 120 ]
}
wait_until all_are_listed || fail "not all are listed"
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$ENGINE"
daemon_wait 2>/dev/null
configure 25 no
daemon_start
wait_until our_lists_are "$OTHERS" || fail "a start after a kill left: $(our_lists)"
all_are_listed || fail "only $(count_many) of 120 are listed"
configure "" no
daemon_stop || fail "exit status $?"
daemon_start
wait_until all_are_listed || fail "not all are listed again"
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$ENGINE"
daemon_wait 2>/dev/null
configure 25 no
printed=$(in_server "$WFS_PROGRAM" -c "$CONF" cleanup 2>&1) || fail "cleanup: status $?: $printed"
[ "$printed" = "removed chain SPAMMER, the jumps to it and its lists" ] || fail "cleanup printed: $printed"
our_lists_are "$OTHERS" || fail "cleanup left: $(our_lists)"
printed=$(in_server "$WFS_PROGRAM" -c "$CONF" cleanup 2>&1) || fail "cleanup again: status $?: $printed"
[ "$printed" = "nothing was left" ] || fail "cleanup again printed: $printed"
foreign delete || fail "cleanup removed what is not ours"
kill "$second"
wait "$second" || fail "the second daemon: status $?: $(cat "$WORK/second.err")"
no_rules || fail "left behind: $(our_rules)"
no_sanitizer
echo "ok"
