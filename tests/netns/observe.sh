#!/bin/bash
# observe.sh: [firewall] backend = observe decides and logs everything, and blocks no client. Its start removes what a
# daemon with another backend left in the kernel; when that backend is configured again, the blocks come back.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/daemon_lib.sh"
netns_need iptables-legacy ip6tables-legacy jq sqlite3

daemon_prepare
listen 25

lists_of_ours() {
	in_server sh -c 'ls /proc/net/xt_recent 2>/dev/null' | grep -i spammer
}

blocks() {
	[ "$(sql "SELECT count(*) FROM active WHERE address = '$1'")" = 1 ]
}

daemon_config "[firewall]
resync = 1s
backend = $BACKEND"
daemon_start
courier_511 10.9.0.3 >>"$LOG"
wait_until blocks 10.9.0.3 || fail "10.9.0.3 is not blocked"
kill -KILL "$DAEMON" "$ENGINE"
daemon_wait
[ -n "$(our_rules)" ] || fail "a daemon that was killed left nothing"

daemon_config "[firewall]
resync = 1s
backend = observe"
wfs check >/dev/null 2>"$WORK/check.err" || fail "check: $(cat "$WORK/check.err")"
daemon_start
logged "backend = observe: nobody is blocked" || fail "the log does not say that nobody is blocked"
logged "removed what a daemon with another backend left" || fail "the log does not say that the rules are gone"
[ -z "$(our_rules)$(lists_of_ours)" ] || fail "in the kernel: $(our_rules) $(lists_of_ours)"
tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 25 || fail "10.9.0.3 is blocked still"

courier_511 10.9.0.2 >>"$LOG"
courier_511 fd09::2 >>"$LOG"
wait_until blocks 10.9.0.2 || fail "10.9.0.2 would not be blocked"
wait_until blocks fd09::2 || fail "fd09::2 would not be blocked"
wfs block 10.9.0.8/29 --for 1h >/dev/null || fail "block: exit status $?"
tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 || fail "10.9.0.2 is blocked"
tcp_from "$CLIENT" fd09::2 fd09::1 25 || fail "fd09::2 is blocked"
[ -z "$(our_rules)$(lists_of_ours)" ] || fail "in the kernel: $(our_rules) $(lists_of_ours)"
logged "would block 10.9.0.2 for" || fail "the log does not say whom it would block"

wfs why 10.9.0.2 | grep -F "10.9.0.2 would be blocked until" >/dev/null || fail "why: $(wfs why 10.9.0.2)"
wfs why 10.9.0.2 --json | jq -e '.blocked and (.hits | length) == 1' >/dev/null || fail "why: $(wfs why 10.9.0.2 --json)"
wfs list | grep -E "^10\.9\.0\.2 .*courier-dnsbl" >/dev/null || fail "list: $(wfs list)"
wfs list | grep -F "they would be blocked; backend observe blocks nobody" >/dev/null || fail "list: $(wfs list)"
status_text | grep -F "firewall observe: nobody is blocked" >/dev/null || fail "status: $(wfs status)"

# A comparison finds all as it should be, and counts nothing as a dropped packet.
printf -v now_s '%(%s)T' -1
wait_until is_synced_after $((now_s + 2)) || fail "no comparison"
wfs status --json | jq -e '.backend == "observe" and .drift == 0 and .refused == 0 and .ports == "none"' >/dev/null ||
	fail "status: $(wfs status --json)"
[ "$(wfs list --json | jq -s 'map(.knocks) | add')" = 0 ] || fail "knocks: $(wfs list --json)"

wfs unblock 10.9.0.8/29 >/dev/null || fail "unblock: exit status $?"
wfs unblock fd09::2 >/dev/null || fail "unblock: exit status $?"
wfs why fd09::2 | grep -F "fd09::2 would not be blocked" >/dev/null || fail "why: $(wfs why fd09::2)"
daemon_stop || fail "exit status $?"

daemon_config "[firewall]
resync = 1s"
daemon_start
[ -n "$(our_rules)" ] || fail "recent makes no rules after observe"
daemon_stop || fail "exit status $?"
[ -z "$(our_rules)$(lists_of_ours)" ] || fail "left in the kernel: $(our_rules) $(lists_of_ours)"
no_sanitizer
