#!/usr/bin/env bash
# first.sh: the kernel is notified of a block before anything else is done: counts the system calls between the wake-up for
# a line and the packet to the root process, and checks what wakes the daemon at all. Then the database is full for a
# while under load, and the daemon is killed meanwhile. WFS_FULL_S: for how many more seconds, each with a client of its
# own; 60 if run by hand, as the number of hits matters.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/daemon_lib.sh"
netns_need iptables-legacy ip6tables-legacy sqlite3 strace jq

daemon_prepare
listen 25

# --- system calls, which do not depend on the machine's load
daemon_config ""
daemon_start
strace -o "$WORK/calls" -p "$ENGINE" 2>"$WORK/strace" &
TRACER=$!
LISTENERS+=("$TRACER")
wait_until grep -q attached "$WORK/strace" || skip "strace does not work here: $(cat "$WORK/strace")"

# Only whole calls, and those that ended.
has_calls() {
	[ "$(grep -c "$1" "$WORK/calls")" -ge "$2" ]
}

wait_until has_calls . 1 || postfix_dnsbl 198.51.100.1 >>"$LOG"
for i in 2 3 4 5 6 7 8 9; do
	packets=$(grep -c '^send' "$WORK/calls")
	postfix_dnsbl "198.51.100.$i" >>"$LOG"
	wait_until listed "198.51.100.$i" || fail "198.51.100.$i is not blocked"
	wait_until has_calls '^send' "$((packets + 1))" || fail "no packet is seen"
	wait_until is_counted "198.51.100.$i" || fail "198.51.100.$i has $(hits_of "198.51.100.$i") hits"
done
# A block is the first packet after a poll that the log's descriptor ended.
mapfile -t COUNTS < <(awk '/^(poll|ppoll|epoll)/ { n = 0; counting = 1; next } counting { n++ } /^send.*\\2\\0\\0\\0/ && counting { print n; counting = 0 }' "$WORK/calls" | sort -n)
[ "${#COUNTS[@]}" -ge 4 ] || fail "no packets are seen: $(tail -n 30 "$WORK/calls")"
median=${COUNTS[$((${#COUNTS[@]} / 2))]}
[ "$median" -le 8 ] || fail "$median system calls from the wake-up to the packet, want 8 at most: $(grep -B 20 -m 3 '^send' "$WORK/calls" | tail -n 40)"

# --- files beside the log that are written to wake nobody
polls=$(grep -c '^poll' "$WORK/calls")
for i in {1..300}; do echo "$i" >>"$WORK/log/other.log"; done
rm "$WORK/log/other.log"
woken=$(($(grep -c '^poll' "$WORK/calls") - polls))
[ "$woken" -lt 50 ] || fail "300 writes to another file woke the daemon $woken times"
kill "$TRACER" && wait "$TRACER" 2>/dev/null
postfix_dnsbl 198.51.100.10 >>"$LOG"
wait_until listed 198.51.100.10 || fail "no block after that"
daemon_stop || fail "exit status $?"

# --- the disk is full under load: every hostile client is dropped meanwhile, and every hit is there once afterwards
daemon_small_disk 32m
daemon_config ""
: >"$LOG"
daemon_start
postfix_dnsbl 198.51.100.1 >>"$LOG"
wait_until listed 198.51.100.1 || fail "no block on a small disk"
dd if=/dev/zero of="$WORK/small/fill" bs=4k 2>/dev/null && fail "the disk does not get full"
many() {
	local line i
	line=$(relay_denied 203.0.113.9)
	for ((i = 0; i < $1; i++)); do echo "$line"; done
}

N=1
# Many lines of one client, so that what is in memory is far more than one batch; now and then a new one.
for client in 3 4 5 6 7 8; do
	many 400 >>"$LOG"
	N=$((N + 400))
	tcp_from "$CLIENT" "10.9.0.$client" 10.9.0.1 25 || fail "10.9.0.$client is blocked before it did anything"
	postfix_dnsbl "10.9.0.$client" >>"$LOG"
	N=$((N + 1))
	wait_until listed "10.9.0.$client" || fail "10.9.0.$client is not blocked while the disk is full"
	tcp_from "$CLIENT" "10.9.0.$client" 10.9.0.1 25 && fail "10.9.0.$client connects while the disk is full"
done
wait_until logged "hits are kept, clients are blocked" || fail "a full disk is not logged"
says_so() {
	wfs status | tr -s ' \n' ' ' | grep -E "^PROBLEM .* [0-9]+ hits wait in memory; clients are blocked all the same"
}
wait_until says_so || fail "status: $(wfs status)"

# Another line, by a client of its own, in a log that has just been rotated: rotated HOW ADDRESS
rotated() {
	postfix_dnsbl "$2" >>"$LOG"
	N=$((N + 1))
	wait_until listed "$2" || fail "$2 is not blocked after a rotation ($1) while the disk is full"
}
mv "$LOG" "$LOG.1"
rotated "renamed" 198.51.100.20
cp "$LOG" "$LOG.copy" && : >"$LOG"
rotated "copied and truncated" 198.51.100.21
mv "$LOG.1" "$LOG.3" && mv "$LOG.copy" "$LOG.2" && mv "$LOG" "$LOG.1"
rotated "renamed again" 198.51.100.22
[ "$(sql "SELECT count(*) FROM hit")" -lt "$N" ] || fail "the disk was not full"

# --- a kill in between: the next start removes what the database lacks, and the lines that are read again add it again
kill -KILL "$ENGINE" "$DAEMON"
wait "$DAEMON" 2>/dev/null
DAEMON=
rm "$WORK/small/fill"
daemon_start
all_hits() {
	[ "$(sql "SELECT count(*) FROM hit")" = "$N" ]
}
wait_until all_hits || fail "after a kill: got $(sql "SELECT count(*) FROM hit") hits, want $N"
for client in 3 4 5 6 7 8; do
	wait_until listed "10.9.0.$client" || fail "10.9.0.$client is not blocked after a kill"
	is_counted "10.9.0.$client" || fail "10.9.0.$client has $(hits_of "10.9.0.$client") hits"
done

# --- full again, without a kill
dd if=/dev/zero of="$WORK/small/fill" bs=4k 2>/dev/null && fail "the disk does not get full"
many 3000 >>"$LOG"
postfix_dnsbl 10.9.0.9 >>"$LOG"
N=$((N + 3001))
wait_until listed 10.9.0.9 || fail "10.9.0.9 is not blocked while the disk is full"
wait_until says_so || fail "status: $(wfs status)"
mv "$LOG" "$LOG.4" # as logrotate with dateext: another name each time
rotated "renamed" 198.51.100.23
mv "$LOG" "$LOG.away" && mv "$LOG.away" "$LOG" # which is no rotation, but looks like one
postfix_dnsbl 198.51.100.24 >>"$LOG"
N=$((N + 1))
wait_until says_so || fail "status: $(wfs status)"
began=$SECONDS
for ((i = 0; i < ${WFS_FULL_S:-0}; i++)); do
	many 100 >>"$LOG"
	rotated "$i clients ago" "198.18.0.$((i + 1))"
	N=$((N + 100))
	wait_until second_is $((began + i + 1))
done
rm "$WORK/small/fill"
wait_until all_hits || fail "after a full disk: got $(sql "SELECT count(*) FROM hit") hits, want $N"
is_counted 10.9.0.9 || fail "10.9.0.9 has $(hits_of 10.9.0.9) hits"
wait_until wfs status --check || fail "status --check: $(wfs status --check)"
listed 10.9.0.9 || fail "10.9.0.9 is not blocked any more"
[ "$(sql "SELECT count(*) FROM hit WHERE address LIKE '198.18.%'") $(sql "SELECT count(DISTINCT address) FROM hit WHERE address LIKE '198.18.%'")" = "$i $i" ] ||
	fail "not every hit of the last clients is there once"
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
