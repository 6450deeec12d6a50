#!/usr/bin/env bash
# missed.sh: the daemon was stopped during two rotations with compression, in each of the four formats. After its start
# every line is counted once; also if it is killed while catching up, and if one of the files is damaged.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 iptables-legacy ip6tables-legacy gzip bzip2 xz zstd
daemon_prepare
N=0       # lines of today
OLD=0     # and of two days ago
MANY=150000

line() {
	postfix_dnsbl "198.51.100.$((++N))"
}

hits() {
	sql "SELECT count(*) FROM hit"
}

hits_are() {
	[ "$(hits)" = "$1" ]
}

# Every line so far, once: are_read WHERE
are_read() {
	wait_until hits_are $((N + OLD)) || fail "$1: got $(hits) hits, want $((N + OLD))"
	[ "$(sql "SELECT count(DISTINCT address) FROM hit")" = $((N + OLD)) ] || fail "$1: a line was counted twice, and another not at all"
}

# As logrotate with "compress" does it; the first is the program and the ending of its files.
rotate() {
	[ ! -e "$LOG.1.$2" ] || mv "$LOG.1.$2" "$LOG.2.$2"
	mv "$LOG" "$LOG.1"
	"$1" -q "$LOG.1" || fail "$1 fails"
	rm -f "$LOG.1"
	touch "$LOG"
}

# A line of two days ago by an address of its own, for each: they are history, and block no client.
many() {
	awk -v n="$1" -v stamp="$(date -u -d '2 days ago' +%Y-%m-%dT%H:%M:%S+00:00)" 'BEGIN {
		for (i = 0; i < n; i++) {
			a = sprintf("31.%d.%d.%d", i / 65536, i / 256 % 256, i % 256)
			print stamp " mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from unknown[" a "]: 554 5.7.1 Service unavailable; Client host [" a "] blocked using zen.example; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>"
		}
	}'
}

daemon_config "[block]
for = 1h"
daemon_start

# --- two rotations with compression, in all four formats
while read -r program ending; do
	line >>"$LOG"
	are_read "$program: before the stop"
	daemon_stop || fail "exit status $?"
	line >>"$LOG" # the log as the daemon knows it has lines that it has not read
	line >>"$LOG"
	rotate "$program" "$ending"
	line >>"$LOG"
	line >>"$LOG"
	rotate "$program" "$ending"
	line >>"$LOG"
	daemon_start
	are_read "$program: after the start"
	logged "$LOG.2.$ending: reading lines missed" || fail "$program: it is not logged what is read"
	daemon_stop || fail "exit status $?"
	daemon_start
	are_read "$program: started once more"
	! logged "reading what was missed" || fail "$program: read again"
	rm "$LOG".[12]."$ending"
done <<-END
	gzip gz
	bzip2 bz2
	xz xz
	zstd zst
END

# --- killed in the middle of catching up
daemon_stop || fail "exit status $?"
rotate gzip gz
many "$MANY" >>"$LOG"
OLD=$MANY
rotate gzip gz
line >>"$LOG"
daemon_launch
more_than() {
	[ "$(hits)" -gt "$1" ]
}
for at in 20 40 60; do
	wait_until more_than $((MANY * at / 100)) || fail "it does not catch up: $(hits) hits"
	kill -KILL "$DAEMON" "$(engine_pid)"
	daemon_wait 2>/dev/null
	[ "$(hits)" -lt $((N + OLD)) ] || fail "it was killed too late: this proves nothing"
	daemon_launch
done
are_read "killed while catching up"
wait_until is_synced || fail "the daemon does not start"
ENGINE=$(engine_pid)

# --- a damaged file: what is before the damage is read, and the files after it
newest_is_read() {
	is_counted "198.51.100.$N"
}

# damaged LINES AT_LEAST: of so many lines at least so many can be read.
damaged() {
	local before after i
	daemon_stop || fail "exit status $?"
	rm -f "$LOG".*.gz
	many "$1" | sed 's/\[31/[37/g' >>"$LOG"
	rotate gzip gz
	line >>"$LOG"
	rotate gzip gz
	line >>"$LOG"
	touch -r "$LOG.2.gz" "$WORK/written" # the damage is not its last write
	truncate -s "$(($(stat -c %s "$LOG.2.gz") / 2))" "$LOG.2.gz"
	touch -r "$WORK/written" "$LOG.2.gz"
	before=$(hits)
	daemon_start
	line >>"$LOG"
	wait_until newest_is_read || fail "the log is not read after a damaged file"
	logged "$LOG.2.gz: cannot unpack " || fail "a damaged file is not logged"
	for i in 2 1 0; do
		is_counted "198.51.100.$((N - i))" || fail "a file after the damaged one is not read"
	done
	after=$(hits)
	[ "$after" -ge $((before + 3 + $2)) ] || fail "what is before the damage is not read: $((after - before)) hits"
	daemon_stop || fail "exit status $?"
	daemon_start
	line >>"$LOG"
	wait_until newest_is_read || fail "the log is not read after a damaged file, the second time"
	hits_are $((after + 1)) || fail "a damaged file is counted twice: got $(hits) hits, want $((after + 1))"
}

damaged "$MANY" 1000
damaged 1000 0 # so little that it cannot be unpacked at all
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok, $((N + OLD)) lines"
