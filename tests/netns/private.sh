#!/usr/bin/env bash
# private.sh: hostile lines that name a private address block nobody, as that is a proxy or one of our own users. Log
# and status report it once; naming the network in [allow] address silences it. The root process refuses to block it,
# too.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare

PRIVATES=(10.9.0.2 172.18.0.1 192.168.7.7 100.64.0.9 fd09::2)

has_problem() {
	wfs status --json | jq -e '.problems | any(.kind == "proxy")' >/dev/null
}

n_hits() {
	[ "$(sql "SELECT count(*) FROM hit")" = "$1" ]
}

PRIVATE=yes
daemon_config "[firewall]
resync = 1s"
daemon_start
! has_problem || fail "a problem before any hit"
for address in "${PRIVATES[@]}"; do postfix_dnsbl "$address" && postfix_dnsbl "$address"; done >>"$LOG"
wait_until n_hits 10 || fail "got $(sql "SELECT count(*) FROM hit") hits, want 10"
[ "$(sql "SELECT count(*) FROM block")" = 0 ] || fail "blocked: $(sql "SELECT address FROM block")"
has_problem || fail "status does not say it: $(wfs status)"
status_text | grep -F "a proxy hides the clients" >/dev/null || fail "status: $(wfs status)"
[ "$(logged_times "a proxy hides the clients")" = 1 ] || fail "logged $(logged_times "a proxy hides the clients") times, want once"
text=$(wfs block 172.18.0.1 2>&1) && fail "blocked by hand: $text"
[[ $text == *"[allow] private"* ]] || fail "block: $text"
postfix_dnsbl 198.51.100.7 >>"$LOG"
wait_until listed 198.51.100.7 || fail "a public address is not blocked"
daemon_stop || fail "exit status $?"

# --- known users with private addresses
daemon_config "[firewall]
resync = 1s
[allow]
address = 10.9.0.0/24"
daemon_start
postfix_dnsbl 10.9.0.2 >>"$LOG"
wait_until n_hits 12 || fail "the hit of a known network is not stored"
! has_problem || fail "a known network is a problem: $(wfs status)"
daemon_stop || fail "exit status $?"

# --- the last word is root's: a block that is in the database from before does not reach the kernel
PRIVATE=no
daemon_config "[block]
for = 1d
[firewall]
resync = 1s"
daemon_start
postfix_dnsbl 10.9.0.3 >>"$LOG"
wait_until listed 10.9.0.3 || fail "private = no: not blocked"
daemon_stop || fail "exit status $?"
PRIVATE=yes
daemon_config "[firewall]
resync = 1s"
daemon_start
postfix_dnsbl 198.51.100.8 >>"$LOG"
wait_until listed 198.51.100.8 || fail "a public address is not blocked"
! listed 10.9.0.3 || fail "a private address is in the kernel"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
