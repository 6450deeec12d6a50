#!/usr/bin/env bash
# shared_away.sh: two hosts are disconnected for an hour. What the other published meanwhile arrives at once,
# WFS_ENTRIES messages (default 600; the long run has 100000), and the daemon is killed in the middle. Nothing is lost,
# nothing counts twice, and each block ends at its own time.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq nc
N=${WFS_ENTRIES:-600}
WAIT_S=$((60 + N / 50))

KEY=ed25519:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=
daemon_prepare
echo "mx2 $KEY block,lift per_minute=1000000" >"$WORK/peers"
daemon_config "[share]
peers = $WORK/peers
group = $(id -gn nobody)"
daemon_start

# The line of each entry: said evenly within an hour that has just passed by the server's clock; each lasts two hours.
awk -v n="$N" 'BEGIN {
	for (i = 1; i <= n; i++)
		printf "foreign mx2 %.0f-0 1800003600000 1:%d block 198.%d.%d.%d for 7200 offence 1 rule a category b\n", 1800000000000 + int(i * 3600000 / n), i, 18 + int(i / 65536), int(i / 256) % 256, i % 256
}' >"$WORK/entries"
answered() { [ "$(grep -c '"ok":true\|"ok": true' "$WORK/answers")" -ge "$1" ]; }
received() { printf 'peer mx2\n' | timeout 20 nc -N -U "$SOCKET.share" | jq -r .stream; }

# Half of it; when a third was accepted, kill -9.
head -n $((N / 2)) "$WORK/entries" >"$WORK/half"
: >"$WORK/answers"
nc -N -U "$SOCKET.share" <"$WORK/half" >"$WORK/answers" &
wait_until answered $((N / 3)) || fail "answers: $(wc -l <"$WORK/answers"), $(tail -n 1 "$WORK/answers")"
kill -KILL "$ENGINE" "$DAEMON"
daemon_wait
wait
daemon_start
first=$(received)
number=$(((${first%-0} - 1800000000000) * N / 3600000))
[ "$number" -ge $((N / 3)) ] || fail "it was answered $((N / 3)) times, and has only $number"
[ "$(sql "SELECT count(*) FROM claim")" = "$(sql "SELECT accepted FROM peer")" ] || fail "accepted: $(sql "SELECT accepted FROM peer"), claims $(sql "SELECT count(*) FROM claim")"
# From there on, and some that it has already.
tail -n +$((number - 50)) "$WORK/entries" >"$WORK/rest"
nc -N -U "$SOCKET.share" <"$WORK/rest" >"$WORK/answers" || fail "nc: $?"
answered "$(wc -l <"$WORK/rest")" || fail "answers: $(grep -v '"ok": *true' "$WORK/answers" | head -n 2)"

[ "$(received)" = 1800003600000-0 ] || fail "received up to $(received)"
got=$(sql "SELECT count(*), count(DISTINCT address) FROM block WHERE ended IS NULL")
[ "$got" = "$N|$N" ] || fail "blocks: $got, want $N"
[ "$(sql "SELECT accepted, refused FROM peer")" = "$N|0" ] || fail "peer: $(sql "SELECT * FROM peer")"
# The first was said within the first seconds of the hour: it has an hour left, the last two.
[ "$(sql "SELECT min(until - since) <= $((3605 + 3600 / N)), max(until - since) FROM block")" = "1|7200" ] || fail "left: $(sql "SELECT min(until - since), max(until - since) FROM block")"
in_kernel() { listed "198.18.0.1" && listed "198.$((18 + N / 65536)).$((N / 256 % 256)).$((N % 256))"; }
wait_until in_kernel || fail "the kernel has not all of it"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
