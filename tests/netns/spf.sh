#!/usr/bin/env bash
# spf.sh: [allow] spf: the networks of chosen domains are not blocked, whatever the evidence. They follow the record,
# over restarts and trouble, and each change is an event. "spf DOMAIN" prints them; if pyspf is installed (python3-spf,
# python3-dns), both agree on a dozen providers' records. ADDRESSES: how many are compared for each; default 100.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 python3 jq iptables-legacy ip6tables-legacy
daemon_prepare
daemon_nameserver

# With the resolv.conf of the test.
with_names() {
	in_server "${WRAP[@]}" "$@"
}

spf() {
	with_names "$WFS_PROGRAM" -c "$CONF" spf "$@"
}

# prints DOMAIN STATUS TEXT: what "spf" prints, errors too.
prints() {
	local status=0
	spf "$1" >"$WORK/printed" 2>&1 || status=$?
	[ "$status" = "$2" ] || fail "spf $1: exit status $status, want $2: $(cat "$WORK/printed")"
	[ "$(tr '\n' ' ' <"$WORK/printed")" = "$3 " ] || fail "spf $1 prints: $(cat "$WORK/printed")"
}

# The shapes that providers' records have: includes of includes, one block split over several, a and mx, redirect, exclusions,
# a record longer than a datagram, an alias, mail servers of both families, more than one string.
cat >"$WORK/zone" <<-END
	big.example TXT v=spf1 redirect=_spf.big.example
	_spf.big.example TXT v=spf1 include:_netblocks.big.example include:_netblocks2.big.example include:_netblocks3.big.example ~all
	_netblocks.big.example TXT v=spf1 ip4:35.190.247.0/24 ip4:64.233.160.0/19 ip4:66.102.0.0/20 ip4:66.249.80.0/20 ip4:72.14.192.0/18 ~all
	_netblocks2.big.example TXT v=spf1 ip6:2001:4860:4000::/36 ip6:2404:6800:4000::/36 ip6:2607:f8b0:4000::/36 ~all
	_netblocks3.big.example TXT v=spf1 ip4:172.217.0.0/19 ip4:172.253.56.0/21 ip4:108.177.96.0/19 ~all
	office.example TXT v=spf1 include:spf.protection.office.example -all
	office.example TXT MS=ms12345678
	spf.protection.office.example TXT v=spf1 ip4:40.92.0.0/15 ip4:40.107.0.0/16 ip4:52.100.0.0/15 ip4:52.102.0.0/16 ip4:104.47.0.0/17 ip6:2a01:111:f400::/48 ip6:2a01:111:f403::/49 -all
	hoster.example TXT v=spf1 a mx a:web1.hoster.example/28 ~all
	hoster.example 192.0.2.1 2001:db8:1::1
	hoster.example MX mx1.hoster.example
	hoster.example MX mx2.hoster.example
	mx1.hoster.example 198.51.100.1 2001:db8:1::25
	mx2.hoster.example 198.51.100.129
	web1.hoster.example 203.0.113.77
	list.example TXT v=spf1 -ip4:192.0.2.128/25 ?ip4:192.0.2.64/27 ip4:192.0.2.0/24 -all
	alias.example CNAME hoster.example
	relay.example TXT v=spf1 a:alias.example include:alias.example -all
	six.example TXT v=spf1 ip6:2001:db8:6::/48 a:mx1.hoster.example//64 -all
	alone.example TXT v=spf1 ip4:203.0.113.25 -all
	mapped.example TXT v=spf1 ip6:2001:db8::/33 -ip4:198.51.100.0/24 include:list.example ?all
	deep.example TXT v=spf1 include:d1.example -all
	d1.example TXT v=spf1 ip4:192.0.2.1 include:d2.example -all
	d2.example TXT v=spf1 ip4:192.0.2.2 include:d3.example -all
	d3.example TXT v=spf1 ip4:192.0.2.3 redirect=d4.example
	d4.example TXT v=spf1 ip4:192.0.2.4 mx:hoster.example/29//48 -all
	no.example TXT v=spf1 -all
	not.example TXT v=spf1 -include:list.example ip4:192.0.2.0/25 -all
	all.example TXT v=spf1 ip4:192.0.2.1 +all
	self.example TXT v=spf1 include:self.example -all
	ptr.example TXT v=spf1 ptr ip4:192.0.2.7 exists:%{i}.bl.example -all
	ten.example TXT v=spf1 $(printf 'a:%s.ten.example ' {1..11})-all
	trouble.example servfail
	partner.example TXT v=spf1 ip4:198.51.100.0/28 ip6:2001:db8:5::/64 -all
END
echo "long.example TXT v=spf1$(printf ' ip4:10.%s.0.0/24' {0..250}) -all" >>"$WORK/zone"
echo "huge.example TXT v=spf1$(printf ' ip4:10.%s.0.0/24' {0..250})$(printf '%060000d' 0)" >>"$WORK/zone"
daemon_config ""

# --- the command
prints list.example 0 "192.0.2.0/26 192.0.2.96/27"
prints LIST.Example. 0 "192.0.2.0/26 192.0.2.96/27"
prints hoster.example 0 "192.0.2.1 198.51.100.1 198.51.100.129 203.0.113.64/28 2001:db8:1::1 2001:db8:1::25"
[ "$(spf long.example | wc -l)" = 251 ] || fail "a record longer than a datagram: $(spf long.example 2>&1 | head -n 3)"
[ -z "$(spf no.example 2>&1)" ] || fail "a domain without networks: $(spf no.example 2>&1)"
prints none.example 1 "watchforspammers: none.example has no SPF record"
prints all.example 1 'watchforspammers: SPF of all.example: "+all" allows everybody'
prints self.example 1 "watchforspammers: SPF of self.example: it includes itself, through self.example"
prints ten.example 1 "watchforspammers: SPF of ten.example: more than 10 terms that ask name servers"
prints trouble.example 3 "watchforspammers: trouble.example: no name server answers"
spf ptr.example >"$WORK/printed" 2>"$WORK/notes" || fail "spf ptr.example: $?"
[ "$(cat "$WORK/printed")" = 192.0.2.7 ] || fail "spf ptr.example prints $(cat "$WORK/printed")"
grep -qF 'ptr.example: "exists:%{i}.bl.example" depends on the message; it allows nothing' "$WORK/notes" || fail "notes: $(cat "$WORK/notes")"
[ "$(spf --json ptr.example | jq -c '[.domain, .ttl, .networks, (.notes | length), .error]')" = '["ptr.example",60,["192.0.2.7"],2,null]' ] ||
	fail "spf --json prints $(spf --json ptr.example)"
status=0
spf huge.example >"$WORK/printed" 2>&1 || status=$?
[ "$status" = 1 ] && [ "$(wc -c <"$WORK/printed")" -lt 300 ] || fail "60 KB of nonsense: exit status $status: $(head -c 300 "$WORK/printed")"

# --- pyspf: more than a thousand addresses
python=/usr/bin/python3 # the system's, which has Debian's modules
[ -x "$python" ] || python=python3
status=0
with_names "$python" "$WFS_SOURCE_ROOT/tests/netns/spfcheck.py" "$WFS_PROGRAM" "${SEED:-20261129}" "${ADDRESSES:-100}" \
	big.example office.example hoster.example list.example relay.example six.example alone.example mapped.example deep.example \
	no.example not.example long.example >"$WORK/compared" 2>&1 || status=$?
case $status in
0) cat "$WORK/compared" ;;
77) echo "pyspf is not installed (python3-spf): not compared" ;;
*) fail "pyspf: $(tail -n 20 "$WORK/compared")" ;;
esac

# --- the daemon
is_allowed() {
	[ "$(sql "SELECT count(*) FROM allowance WHERE cause = 'spf' AND why = 'partner.example' AND address = '$1' AND until > strftime('%s', 'now')")" = 1 ]
}

N=0
blocked() {
	courier_511 "$1" >>"$LOG"
	wait_until listed "$1" || fail "$2: $1 is not blocked"
}

spared() {
	courier_511 "$1" >>"$LOG"
	blocked "203.0.113.$((++N))" "$2"
	! listed "$1" || fail "$2: $1 is blocked"
}

asked_more_than() {
	[ "$(wc -l <"$WORK/asked")" -gt "$1" ]
}

# Asks again.
reload() {
	local before
	before=$(wc -l <"$WORK/asked")
	kill -HUP "$DAEMON"
	wait_until asked_more_than "$before" || fail "nothing is asked after a reload"
}

daemon_config "[allow]
spf = Partner.example none.example"
daemon_start
wait_until is_allowed 198.51.100.0/28 || fail "the record is not resolved: asked $(tr '\n' ',' <"$WORK/asked")"
wait_until logged "SPF of partner.example: 2 networks are allowed, 0 no longer" || fail "it is not logged"
wait_until logged "none.example has no SPF record; nothing is allowed because of it" || fail "a domain without a record is not reported"
spared 198.51.100.7 "allowed by SPF"
spared 2001:db8:5::7 "allowed by SPF"
blocked 198.51.100.17 "nobody allowed it"
wfs list --allowed | grep -q "198.51.100.0/28" || fail "list --allowed prints $(wfs list --allowed)"

# --- the record changes: what is new is released, what is gone may be blocked; both are events
sed -i 's|^partner.example .*|partner.example TXT v=spf1 ip4:198.51.100.16/28 ip6:2001:db8:5::/64 -all|' "$WORK/zone"
reload
wait_until not listed 198.51.100.17 || fail "an address that is allowed now stays blocked"
wait_until is_allowed 198.51.100.16/28 || fail "the new network is not remembered"
wait_until logged "SPF of partner.example: 2 networks are allowed, 1 no longer" || fail "the change is not logged"
blocked 198.51.100.7 "no longer allowed"
spared 2001:db8:5::7 "still allowed"
wfs events --json | jq -es 'any(.[]; .event == "allow" and .address == "198.51.100.16/28" and .text == "spf: partner.example")' >/dev/null ||
	fail "no event of the new network: $(wfs events --json)"
wfs events --json | jq -es 'any(.[]; .event == "disallow" and .address == "198.51.100.0/28")' >/dev/null ||
	fail "no event of the network that is gone: $(wfs events --json)"

# --- trouble, and a start without a name server
sed -i 's|^partner.example .*|partner.example servfail|' "$WORK/zone"
reload
wait_until logged "what SPF of partner.example allowed before stays allowed" || fail "trouble is not logged"
spared 198.51.100.18 "the name server is in trouble"
kill "${LISTENERS[0]}"
wait "${LISTENERS[0]}" 2>/dev/null
daemon_stop || fail "the daemon ends with $?"
daemon_start
spared 198.51.100.18 "the name server is gone"
blocked 198.51.100.8 "the name server is gone"

# --- the domain is configured no more
daemon_stop || fail "the daemon ends with $?"
daemon_config ""
daemon_start
blocked 198.51.100.18 "no longer configured"
daemon_stop || fail "the daemon ends with $?"
no_sanitizer
echo "spf.sh: the networks follow the record"
