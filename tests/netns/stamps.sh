#!/usr/bin/env bash
# stamps.sh: a line appended while the daemon watches counts as written now, whatever its time stamp says, since a
# container may use another time zone. The difference is reported once. Lines written while the daemon was stopped count
# by their stamps, corrected by that difference.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare

# at AGO: what is on standard input, with time stamps of so long ago.
at() {
	local stamp
	stamp=$(date -u -d "$1 ago" +%Y-%m-%dT%H:%M:%S.000000+00:00)
	sed "s/^[^ ]*/$stamp/"
}

has_problem() {
	wfs status --json | jq -e '.problems | any(.kind == "stamps")' >/dev/null
}

n_hits() {
	[ "$(sql "SELECT count(*) FROM hit")" = "$1" ]
}

ignored() {
	[ "$(sql "SELECT ignored FROM hit WHERE address = '$1'")" = "$2" ]
}

daemon_config "[firewall]
resync = 1s"
daemon_start
postfix_dnsbl 10.9.0.2 | at "2 hours" >>"$LOG"
wait_until listed 10.9.0.2 || fail "a line of two hours ago, just written, does not block"
has_problem || fail "status does not say it: $(wfs status)"
status_text | grep -F "its time stamps are 2h behind the clock" >/dev/null || fail "status: $(wfs status)"
postfix_dnsbl 10.9.0.3 | at "-5 hours" >>"$LOG" # five hours ahead
wait_until listed 10.9.0.3 || fail "a line of the future does not block"
postfix_dnsbl 10.9.0.4 >>"$LOG"
wait_until listed 10.9.0.4 || fail "a line of now does not block"
wait_until not has_problem || fail "the last stamp is right, and still a problem: $(wfs status)"
postfix_dnsbl 10.9.0.5 | at "2 hours" >>"$LOG"
wait_until listed 10.9.0.5 || fail "off again: does not block"
[ "$(logged_times "time stamps are")" = 1 ] || fail "logged $(logged_times "time stamps are") times, want once"
daemon_stop || fail "exit status $?"

# --- while it is stopped: of now by a clock that is two hours behind, and of two hours before that
postfix_dnsbl 10.9.0.6 | at "2 hours" >>"$LOG"
postfix_dnsbl 10.9.0.7 | at "4 hours" >>"$LOG"
daemon_start
wait_until listed 10.9.0.6 || fail "written while it was stopped, a minute ago by the log's clock: does not block"
wait_until n_hits 6 || fail "got $(sql "SELECT count(*) FROM hit") hits, want 6"
ignored 10.9.0.7 1 || fail "a line from before the window counts"
! listed 10.9.0.7 || fail "a line from before the window blocks"
postfix_dnsbl 10.9.0.8 | at "2 hours" >>"$LOG"
wait_until listed 10.9.0.8 || fail "after the restart: a line just written does not block"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
