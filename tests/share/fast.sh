#!/usr/bin/env bash
# How long until a block of one host is in the kernels of the others, and what that costs: WFS_BLOCKS lines in the log of each of three
# hosts, WFS_RATE of each in a second, each of another client, who is blocked for it. Not run by itself: it needs a quiet machine, on which
# all three hosts, the server and the measuring share the processors. Prints median, 99th percentile and the longest, the time of a
# processor that each process used, and whether any block was lost.
#   meson test -C build --benchmark --verbose share_fast
set -u
# shellcheck source-path=SCRIPTDIR source=share_lib.sh
. "$(dirname "$0")/share_lib.sh"
N=${WFS_BLOCKS:-10000} RATE=${WFS_RATE:-1000}
WAIT_S=${WFS_WAIT_S:-120}
HOST_CONFIG="[block]
threshold = 1
max_blocks_per_minute = 1000000"
WATCH=()
declare -A ENGINE BEFORE
share_up mx1 mx2 mx3
trap 'kill "${WATCH[@]}" 2>/dev/null; share_down' EXIT
FAST=$(dirname "$0")/fast.py
for host in mx1 mx2 mx3; do
	ip netns exec "$(namespace "$host")" python3 "$FAST" watch "$WORK/$host/seen" &
	WATCH+=($!)
	wait_until test -e "$WORK/$host/seen" || fail "nobody watches $host"
done

# Milliseconds of a processor that a process has used, and its threads.
used() {
	local ns
	read -r ns _ <"/proc/$1/schedstat" && echo $((ns / 1000000))
}
# used_by NAME PID SINCE
used_by() {
	local ms=$(($(used "$2") - $3))
	echo "  $1: $ms ms, $((ms * 1000 / N)) us for each own block"
}
children() { cat "/proc/$1/task/$1/children"; }

for host in mx1 mx2 mx3; do
	read -r ENGINE[$host] _ < <(children "${DAEMON[$host]}") || :
	BEFORE[$host]=$(used "${ENGINE[$host]}")
done
python3 "$FAST" write "$RATE" "$N" "$WORK"/mx{1,2,3}/mail.log
has_all() { [ "$(sql_on "$1" "SELECT count(*) FROM block")" = $((3 * N)) ]; }
for host in mx1 mx2 mx3; do
	wait_until has_all "$host" || fail "$host has $(sql_on "$host" "SELECT count(*), count(DISTINCT address) FROM active")"
done
for host in mx1 mx2 mx3; do
	echo "$host:"
	used_by "daemon" "${ENGINE[$host]}" "${BEFORE[$host]}"
	used_by "its root process" "${DAEMON[$host]}" 0
	used_by "share" "${SHARE[$host]}" 0
done
echo "server:"
used_by redis "$SERVER_PID" 0
kill "${WATCH[@]}"
wait "${WATCH[@]}"
python3 "$FAST" sum "$N" "$WORK"/mx{1,2,3}/seen || fail "not all arrived"
for host in mx1 mx2 mx3; do
	[ "$(sql_on "$host" "SELECT count(*), count(DISTINCT address) FROM active")" = "$((3 * N))|$((3 * N))" ] ||
		fail "$host has $(sql_on "$host" "SELECT count(*), count(DISTINCT address) FROM active")"
done
no_sanitizer
