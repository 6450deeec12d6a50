#!/usr/bin/env bash
# Which ports a peer's block closes here: those that this host's [firewall] ports.* says for what the client did there; of a
# client that did several things, the ports of all; the same after a kill and a reload, and when a block begins later.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nc

KEY=ed25519:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=
daemon_prepare
GROUP=$(id -gn nobody)
cat >"$WORK/peers" <<END
first $KEY block,lift
second $KEY block,lift
half $KEY block,lift weight=50
END
PORTS=
listen 22 25 143
daemon_config "[block]
ip6_prefix = 128
[firewall]
backend = $BACKEND
[share]
peers = $WORK/peers
group = $GROUP"
daemon_start

NUMBER=0
SERVER_MS=1800000000000
# says PEER WORDS...: the next message of that peer.
says() {
	local answer

	SERVER_MS=$((SERVER_MS + 10))
	NUMBER=$((NUMBER + 1))
	answer=$(timeout 20 nc -N -U "$SOCKET" <<<"foreign $1 $SERVER_MS-0 $SERVER_MS 1:$NUMBER ${*:2}")
	jq -e '.ok and .refused == null' >/dev/null <<<"$answer" || fail "$*: got $answer"
}
# blocks PEER ADDRESS RULE CATEGORY [SECONDS]
blocks() { says "$1" block "$2" for "${5:-600}" offence 1 rule "$3" category "$4"; }

# The ports of 22, 25 and 143 that the client cannot connect to: closed_to CLIENT
closed_to() {
	local server=10.9.0.1 port

	[[ $1 != *:* ]] || server=fd09::1
	for port in 22 25 143; do
		tcp_from "$CLIENT" "$1" "$server" "$port" || echo "$port" &
	done | sort -n | sed 's/^/ /' | tr -d '\n'
}
is_closed_to() { [ "$(closed_to "$1")" = "$2" ]; }
closed() { wait_until is_closed_to "$1" "$2" || fail "$3: closed are$(closed_to "$1"), want$2 ($(sql "SELECT * FROM active"))"; }
# The ports of each active block, as list --json has them: listed_ports CLIENT
listed_ports() { wfs list --json | jq -r "select(.address == \"$1\") | .ports" | sort | tr '\n' ' '; }

MAIL=25,110,143,465,587,993,995,4190
for net in 10.9.0. fd09::; do
	blocks second "${net}2" sshd-auth auth
	blocks second "${net}3" dovecot-auth auth
	blocks second "${net}4" postfix-dnsbl dnsbl
	blocks second "${net}5" sshd auth # no rule of sshd: those are named sshd-...
	closed "${net}2" " 22" "${net}2, a guesser at sshd"
	closed "${net}3" " 25 143" "${net}3, a guesser at Dovecot"
	closed "${net}4" " 25" "${net}4, on a DNS blocklist"
	closed "${net}5" " 25 143" "${net}5, a rule with a short name"
	[ "$(listed_ports "${net}2")" = "22 " ] || fail "list, ${net}2: $(listed_ports "${net}2")"
	[ "$(listed_ports "${net}3")" = "$MAIL " ] || fail "list, ${net}3: $(listed_ports "${net}3")"

	# It guesses at Dovecot, too: the ports of both, until both are lifted. A longer one makes both last as long.
	blocks second "${net}6" sshd-auth auth
	blocks second "${net}6" dovecot-auth auth
	closed "${net}6" " 22 25 143" "${net}6, both"
	blocks second "${net}6" dovecot-auth auth 3000
	[ "$(sql "SELECT count(DISTINCT until) || ' ' || count(*) || ' ' || min(until_s - since_s >= 2900) FROM active WHERE address = '${net}6'")" = "1 2 1" ] ||
		fail "${net}6: its blocks do not end together: $(sql "SELECT * FROM active")"
	says second lift "${net}6"
	closed "${net}6" "" "${net}6, lifted"

	# The weight of its peer is not enough until this host has a hit: the peer's word says which ports.
	blocks half "${net}7" sshd-root auth
	wrong_password "${net}7" >>"$LOG"
	closed "${net}7" " 22" "${net}7, half the weight and a hit"
	[ "$(sql "SELECT DISTINCT rule || ' ' || reason || ' ' || category FROM active WHERE address = '${net}7'")" = "peer/half/sshd blocked on half auth" ] ||
		fail "${net}7: $(sql "SELECT * FROM active")"
	# One of two ends: what the other said goes on.
	blocks first "${net}8" postfix-dnsbl dnsbl 900
	blocks second "${net}8" sshd-auth auth 300
	closed "${net}8" " 22 25" "${net}8, of two peers"
	says first lift "${net}8"
	closed "${net}8" " 22" "${net}8, the other goes on"
done
wfs list --origin second | grep -q '^10.9.0.2 ' || fail "list --origin: $(wfs list --origin second)"
wfs list --origin second | grep -q '^10.9.0.3 ' || fail "list --origin: $(wfs list --origin second)"
! wfs list --origin half | grep -q '^10.9.0.2 ' || fail "list --origin: $(wfs list --origin half)"
[ "$(sql "SELECT count(*) FROM rule WHERE name LIKE 'peer/%'")" -le 6 ] || fail "rules: $(sql "SELECT * FROM rule")"

# What the database has is enough.
again() {
	closed 10.9.0.2 " 22" "$1: 10.9.0.2"
	closed 10.9.0.3 " 25 143" "$1: 10.9.0.3"
	closed fd09::4 " 25" "$1: fd09::4"
	closed fd09::7 " 22" "$1: fd09::7"
}
kill -KILL "$DAEMON" "$ENGINE"
wait_until is_gone "$ENGINE"
daemon_wait 2>/dev/null
daemon_start
again "after a kill"
timeout 20 nc -N -U "$SOCKET" <<<reload >/dev/null
again "after a reload"
# When no block of a peer is left, they begin again as the peers said.
daemon_stop || fail "exit status $?"
sqlite3 "$DB" "UPDATE block SET ended = since + 1 WHERE cause = 4 AND ended IS NULL"
daemon_start
again "begun again"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules"
no_sanitizer
echo "ok"
