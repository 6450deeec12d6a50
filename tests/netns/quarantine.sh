#!/usr/bin/env bash
# quarantine.sh: a DNS blocklist dies and lists everybody. The rule is suspended before it blocks the world; clients
# with good evidence that it blocked are released; a restart keeps the suspension, and an operator resumes the rule.
# Then the limit for all rules together, and a replay of the same lines.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq python3 iptables-legacy ip6tables-legacy
daemon_prepare
daemon_nameserver
listen 25
GOOD=()
for i in {1..9}; do GOOD+=("10.9.1.$i"); done
printf 'address add %s/32 dev mail0\n' "${GOOD[@]}" >"$WORK/addresses"
ip -n "$CLIENT" -batch "$WORK/addresses" || fail "cannot give the client its addresses"
ip -n "$SERVER" route add 10.9.1.0/24 dev mail0 || fail "no route back to the client"

# login ADDRESS DAYS_AGO
login() {
	echo "$(date -u -d "$2 days ago" +%Y-%m-%dT%H:%M:%S.000000+00:00) mx dovecot: imap-login: Login: user=<alice>, method=PLAIN, rip=$1, lip=10.9.0.1, mpid=7, TLS, session=<abcdefgh1234>"
}

connects() {
	tcp_from "$CLIENT" "$1" 10.9.0.1 25
}

n_active() {
	sql "SELECT count(*) FROM active WHERE address LIKE '10.9.1.%'"
}

is_suspended() {
	wfs status --json | jq -e '.suspended | any(.rule == "postfix-dnsbl")' >/dev/null
}

hits_are() {
	[ "$(sql "SELECT count(*) FROM hit WHERE address LIKE '$1'")" = "$2" ]
}

daemon_config "[block]
quarantine = 5
extend = no
for = 1h
[firewall]
resync = 1s"
# Before it starts: then time stamps count.
for day in 4 3 2; do for address in "${GOOD[@]}"; do login "$address" "$day"; done; done >>"$LOG"
# Two days are not three.
for day in 4 3; do login 10.9.0.4 "$day"; done >>"$LOG"
daemon_start

# A proven-good client needs twice as much.
postfix_dnsbl 10.9.1.1 >>"$LOG"
postfix_dnsbl 10.9.0.4 >>"$LOG"
wait_until listed 10.9.0.4 || fail "an address with two good days is not blocked"
connects 10.9.1.1 || fail "an address that has proven good is blocked at once"
[ "$(n_active)" = 0 ] || fail "an address that has proven good is blocked at once"

# The list is dead: everybody is on it.
for address in "${GOOD[@]:0:5}"; do postfix_dnsbl "$address" && postfix_dnsbl "$address"; done >>"$LOG"
wait_until listed 10.9.1.5 || fail "five that have proven good: not blocked by twice the threshold"
[ "$(n_active)" = 5 ] || fail "got $(n_active) blocks, want 5"
! is_suspended || fail "suspended too early"
for address in "${GOOD[@]:5}"; do postfix_dnsbl "$address" && postfix_dnsbl "$address"; done >>"$LOG"
wait_until is_suspended || fail "not suspended: $(wfs status --json)"
wait_until not listed 10.9.1.5 || fail "what it blocked is not released"
[ "$(n_active)" = 0 ] || fail "got $(n_active) blocks of who had proven good, want none"
for address in "${GOOD[@]}"; do connects "$address" || fail "$address cannot connect"; done
for address in "${GOOD[@]:0:5}"; do
	logged "released $address (rule suspended)" || fail "the log does not say that $address is released"
done
logged "rule postfix-dnsbl" && logged "SUSPENDED" || fail "it is not logged"
status_text | grep -F "PROBLEM rule postfix-dnsbl is suspended" >/dev/null || fail "status: $(wfs status)"
wfs list | grep -F "rule postfix-dnsbl is SUSPENDED" >/dev/null || fail "list: $(wfs list)"
[ "$(sql "SELECT count(*) FROM blocks WHERE ended_by = 'suspended'")" = 5 ] || fail "the database does not say why they were released"

# It no longer blocks, another rule does; also after a restart.
postfix_dnsbl 10.9.0.5 >>"$LOG"
courier_511 10.9.0.6 >>"$LOG"
wait_until listed 10.9.0.6 || fail "another rule does not block"
! listed 10.9.0.5 || fail "a suspended rule blocks"
daemon_stop || fail "exit status $?"
daemon_start
is_suspended || fail "a restart forgot the suspension"
postfix_dnsbl 10.9.0.5 >>"$LOG"
courier_511 10.9.0.2 >>"$LOG"
wait_until listed 10.9.0.2 || fail "after a restart: another rule does not block"
! listed 10.9.0.5 || fail "after a restart: a suspended rule blocks"

# By hand.
wfs resume postfix-dnsbl || fail "resume: exit status $?"
! is_suspended || fail "resumed, and still suspended"
postfix_dnsbl 10.9.0.3 >>"$LOG"
wait_until listed 10.9.0.3 || fail "resumed, and does not block"
! listed 10.9.0.5 || fail "resumed: what came while it was suspended counts"
postfix_dnsbl 10.9.0.5 >>"$LOG"
wait_until listed 10.9.0.5 || fail "resumed, and does not block what it could not"
! connects 10.9.0.5 || fail "blocked by a resumed rule, and connects"
wfs status | grep -F suspended && fail "resumed, and status prints: $(wfs status)"
[ "$(sql "SELECT what || ' ' || why FROM acts WHERE what = 'resume'")" = "resume postfix-dnsbl" ] || fail "nobody recorded who resumed it"
status=0
text=$(wfs resume postfix-dnsbl 2>&1) || status=$?
[ "$status" = 1 ] && [[ $text == *"no such rule is suspended"* ]] || fail "resumed twice: exit status $status, $text"
daemon_stop || fail "exit status $?"
daemon_start
! is_suspended || fail "a restart forgot that it was resumed"
# The list is dead still: what it blocked before it was resumed does not suspend it, the sixth from now on does.
for address in "${GOOD[@]:4:5}"; do postfix_dnsbl "$address" && postfix_dnsbl "$address"; done >>"$LOG"
wait_until listed 10.9.1.9 || fail "resumed: five that have proven good are not blocked"
! is_suspended || fail "resumed: suspended for what was before"
for address in "${GOOD[@]:0:1}"; do postfix_dnsbl "$address" && postfix_dnsbl "$address"; done >>"$LOG"
wait_until is_suspended || fail "resumed: the sixth does not suspend it again"
[ "$(n_active)" = 0 ] || fail "resumed: got $(n_active) blocks of who had proven good, want none"
daemon_stop || fail "exit status $?"

# --- the brake: three blocks a minute, of all since the last start too. A minute that changes in between makes six.
rm -f "$WORK"/db/hits.db*
: >"$LOG"
daemon_config "[block]
max_blocks_per_minute = 3
for = 1h
[firewall]
resync = 1s"
daemon_start
for i in {11..30}; do courier_511 "10.9.2.$i"; done >>"$LOG"
wait_until hits_are "10.9.2.%" 20 || fail "not all hits are stored"
got=$(sql "SELECT count(*) FROM block WHERE address LIKE '10.9.2.%'")
[[ $got -ge 3 && $got -le 6 ]] || fail "the brake let $got blocks through, want 3"
logged "more than 3 blocks in one minute" || fail "it is not logged"
daemon_stop || fail "exit status $?"

# --- a replay of the same lines decides what the daemon decided
rm -f "$WORK"/db/hits.db*
: >"$LOG"
daemon_config "[block]
network_after = 3
quarantine = 2
extend = no
for = 1h
[firewall]
resync = 1s"
for day in 4 3 2; do for i in 1 2 3 4; do login "10.9.1.$i" "$day"; done; done >>"$LOG"
daemon_start
{
	for i in 1 2 3 4; do postfix_dnsbl "10.9.1.$i"; postfix_dnsbl "10.9.1.$i"; done
	for i in 1 2 3 4 5; do wrong_password "10.9.3.$i"; wrong_password 10.9.3.9; done
	for i in 1 2 3 4; do courier_511 "10.9.4.$i"; courier_511 "fd0a:6:0:$i::1"; done
	login 10.9.3.8 0
	for i in 1 2 3 4 5 6 7; do wrong_password 10.9.3.8; done
} >>"$LOG"
wait_until listed 10.9.3.8 || fail "the last of the lines does not block"
is_suspended || fail "not suspended"
daemon_stop || fail "exit status $?"
wfs replay --database "$WORK/replayed.db" "$LOG" >/dev/null || fail "replay: exit status $?"
of_blocks="SELECT address, offence, cause, proven, until - since, ended_by FROM block WHERE cause = 0 ORDER BY id"
of_networks="SELECT address, cause FROM block WHERE cause = 1 ORDER BY id"
of_hits="SELECT address, score, ignored FROM hit ORDER BY id"
of_good="SELECT address, day, times FROM good ORDER BY address, day"
for question in "$of_blocks" "$of_networks" "$of_hits" "$of_good"; do
	got=$(sqlite3 "$WORK/replayed.db" "$question") want=$(sql "$question")
	[ "$got" = "$want" ] || fail "replay is not as the daemon: $question: got
$got
want
$want"
	[ -n "$want" ] || fail "nothing to compare: $question"
done

# --- a DNS list that the daemon queries dies: it lists everybody that is asked about, but not 127.0.0.1
rm -f "$WORK"/db/hits.db*
: >"$LOG"
for i in 1 2 3 4 5 6; do echo "$i.1.9.10.bl.test 127.0.0.2" && login "10.9.1.$i" 1 >>"$LOG"; done >"$WORK/zone"
daemon_config "[block]
quarantine = 2
[allow]
earn_days = 1
[dns]
list = bl.test 300
[firewall]
resync = 1s"
list_is_suspended() {
	wfs status --json | jq -e '.suspended | any(.rule == "dns-list")' >/dev/null
}
daemon_start
for i in 1 2 3 4; do wrong_password "10.9.1.$i"; done >>"$LOG"
wait_until list_is_suspended || fail "the dead list is not suspended: $(wfs status --json)"
wait_until not listed 10.9.1.1 || fail "what the dead list blocked is not released"
wait_until hits_are "10.9.1.%" 8 || fail "not all hits are stored"
[ "$(n_active)" = 0 ] || fail "the dead list: got $(n_active) blocks of who had proven good, want none"
logged "rule dns-list (listed by a DNS blocklist)" || fail "it is not logged"
wfs list | grep -F "rule dns-list is SUSPENDED" >/dev/null || fail "list: $(wfs list)"
daemon_stop || fail "exit status $?"
daemon_start
list_is_suspended || fail "a restart forgot that the dead list is suspended"
wrong_password 10.9.1.5 >>"$LOG"
wait_until hits_are 10.9.1.5 2 || fail "no hit of the dead list after a restart"
! listed 10.9.1.5 || fail "after a restart: a suspended list blocks"
wfs resume dns-list || fail "resume: exit status $?"
! list_is_suspended || fail "resumed, and still suspended"
wrong_password 10.9.1.6 >>"$LOG"
wait_until listed 10.9.1.6 || fail "resumed, and the list does not block"
daemon_stop || fail "exit status $?"

# --- a client of a network that is blocked as a whole logs in through another port, and proves good
rm -f "$WORK"/db/hits.db*
: >"$LOG"
daemon_config "[block]
network_after = 3
for = 1h
[allow]
earn_days = 1
[firewall]
resync = 1s"
network_is_blocked() {
	[ "$(sql "SELECT count(*) FROM active WHERE address = '10.9.1.0/24'")" = 1 ]
}
daemon_start
for i in 1 2 3; do courier_511 "10.9.1.$i"; done >>"$LOG"
wait_until network_is_blocked || fail "three clients do not block their network"
wait_until not connects 10.9.1.9 || fail "connects from a blocked network"
login 10.9.1.9 0 >>"$LOG"
wait_until not network_is_blocked || fail "a proven good client's network stays blocked"
wait_until connects 10.9.1.9 || fail "a proven good client cannot connect"
[ "$(n_active)" = 3 ] || fail "the network: got $(n_active) blocks of its clients, want 3"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
