#!/usr/bin/env bash
# How long a fresh line waits while 300,000 or 1,000,000 blocks are active and 500 of them expire each second, with both backends, also
# where they exceed what the kernel's lists hold; how long a start takes until all is in the kernel, and what the daemon costs at rest.
#
# WFS_STALL: what to measure, "BACKEND:BLOCKS ...". WFS_STALL_S: for so many seconds each, WFS_STALL_REST_S: after so many. Ends with 1
# when a start takes longer, one line in a hundred waits longer than 50 ms, or one longer than 300 ms: run it on a quiet machine.
set -u
# shellcheck source-path=SCRIPTDIR/../netns source=../netns/daemon_lib.sh
. "$(dirname "$0")/../netns/daemon_lib.sh"
netns_need sqlite3 python3 iptables-legacy ip6tables-legacy nft
read -r -a RUNS <<<"${WFS_STALL:-recent:20000 recent:300000 nftables:100000 nftables:300000 nftables:1000000}"
SECONDS_EACH=${WFS_STALL_S:-60}
REST_S=${WFS_STALL_REST_S:-60} # from the start on: filling the kernel, then nothing
PER_S=500
daemon_prepare
slow=0

# fill BLOCKS: they expire PER_S a second, from REST_S on.
fill() {
	sqlite3 "$DB" <<-SQL || fail "cannot fill the database"
		PRAGMA synchronous = OFF;
		INSERT OR IGNORE INTO rule (id, name, category, reason) VALUES (1000, 'stall', 'dnsbl', 'to be measured');
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $1 - 1)
		INSERT INTO block (address, since, until, offence, rule)
		SELECT printf('%d.%d.%d.%d', 20 + i / 16777216, i / 65536 % 256, i / 256 % 256, i % 256), $2 - 60, $2 + $REST_S + i / $PER_S, 1, 1000 FROM n;
	SQL
	chown nobody "$DB"*
}

# fill_limit_s BLOCKS: 100,000 in half a second, a million in four.
fill_limit_s() {
	awk -v n="$1" 'BEGIN { print n <= 100000 ? 0.5 : n * 4 / 1000000 }'
}

has_engine() {
	ENGINE=$(engine_pid)
	[ -n "$ENGINE" ]
}

for run in "${RUNS[@]}"; do
	BACKEND=${run%:*}
	rm -f "$DB"*
	: >"$LOG"
	daemon_config "[block]
for = 10m
max_blocks_per_minute = 0"
	daemon_start # which makes the database
	daemon_stop || fail "exit status $?"
	fill "${run#*:}" "$(date +%s)"
	# Nothing but the start is to be waited for: no disk, and no second that was before it.
	sync "$DB"
	sleep 1
	WFS_STARTED=$(date +%s.%N)
	daemon_launch
	wait_until has_engine || fail "the daemon does not start"
	printf '%-8s %7s blocks: ' "$BACKEND" "${run#*:}"
	WFS_STARTED=$WFS_STARTED python3 "$(dirname "$0")/stall.py" "$LOG" "$DB" "$DAEMON" "$ENGINE" $((${WFS_STARTED%.*} + REST_S)) \
		"$SECONDS_EACH" 50 300 "$(fill_limit_s "${run#*:}")" || slow=1
	daemon_stop || fail "exit status $?"
done
exit "$slow"
