#!/usr/bin/env bash
# How long from a hostile line in the log to the address in the kernel's list: the median of 90, with each backend, on a quiet
# daemon and on one whose log is busy with other lines. WFS_BANLAT: the program banlat.
set -u
# shellcheck source-path=SCRIPTDIR/../netns source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
: "${WFS_BANLAT:?}"
netns_need sqlite3 iptables-legacy ip6tables-legacy
daemon_prepare
WRITER=

down() {
	[ -z "$WRITER" ] || { kill "$WRITER" && wait "$WRITER"; } 2>/dev/null
	daemon_down
}
trap down EXIT

# A server that is used: some thousand harmless lines a second.
writer() {
	local stamp
	while :; do
		printf -v stamp '%(%Y-%m-%dT%H:%M:%S+00:00)T' -1
		for _ in {1..20}; do
			echo "$stamp mx postfix/smtpd[9]: connect from mail.example.com[198.51.100.9]"
		done
		read -r -t 0.004 <> <(:)
	done >>"$LOG"
}

# measure WHAT
measure() {
	printf '%-8s  %-5s log: ' "$BACKEND" "$1"
	in_server "$WFS_BANLAT" "$BACKEND" "$LOG" spammer 90 || fail "no measurement"
}

for BACKEND in recent nftables; do
	daemon_config "[block]
for = 1h"
	daemon_start
	measure quiet
	daemon_stop || fail "exit status $?"
	rm "$DB"*
	: >"$LOG"
	daemon_start
	writer &
	WRITER=$!
	measure busy
	kill "$WRITER" && wait "$WRITER" 2>/dev/null
	WRITER=
	daemon_stop || fail "exit status $?"
	rm "$DB"*
	: >"$LOG"
done
