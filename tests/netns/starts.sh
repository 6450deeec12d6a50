#!/usr/bin/env bash
# It starts, whatever a real system has: a configuration for root alone; and where it does not start it says why and
# leaves nothing behind.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 iptables-legacy ip6tables-legacy timeout
daemon_prepare
N=0

# A hostile line by an address of its own, which is blocked then.
attack() {
	NEW=198.51.100.$((++N))
	postfix_dnsbl "$NEW" >>"$LOG"
	wait_until listed "$NEW" || fail "$1: not blocked"
}

# --- a configuration of mode 0600: root opens it, the engine reads it; at start, by SIGHUP, by reload
daemon_config "[allow]
address = 192.0.2.1"
chmod 600 "$CONF"
daemon_start
attack "a configuration of mode 0600"
echo "address = 192.0.2.2" >>"$CONF"
kill -HUP "$DAEMON"
wait_until said "reloaded: " || fail "SIGHUP, with a configuration of mode 0600"
echo "address = 192.0.2.3" >>"$CONF"
wfs reload >"$WORK/out" 2>&1 || fail "reload, with a configuration of mode 0600: $(cat "$WORK/out")"
for address in 192.0.2.{1,2,3}; do
	[[ $(wfs test "$address") = *allowed* ]] || fail "$address is not allowed: $(wfs test "$address")"
done
echo "adress = 192.0.2.4" >>"$CONF"
kill -HUP "$DAEMON"
wait_until said "reload: $CONF:13: [allow] has no key \"adress\"" || fail "a fault in a configuration of mode 0600 is not said"
rm "$CONF"
kill -HUP "$DAEMON"
wait_until said "reload: $CONF: No such file" || fail "a configuration that is gone was taken for an empty one"
attack "after a reload that failed"
daemon_config ""
daemon_stop || fail "exit status $? on SIGTERM"
no_rules || fail "stop left rules behind"

no_sanitizer
echo "ok"
