#!/usr/bin/env bash
# stories.sh: decisions that depend on the time, on a log's time zone or on several lines, as stories: a block that
# ends, private networks, a container's clock, a slow guesser, repeated and doubled lines, a connection that stays open.
# They run once live; then a replay of the same logs must decide the same.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
CONTAINER=$WORK/log/container.log # its clock is two hours behind
MISSED=$WORK/log/missed.log       # is written while the daemon is stopped
touch "$CONTAINER" "$MISSED"

# at "AGO": standard input, with time stamps of so long ago.
at() {
	local stamp
	stamp=$(date -u -d "$1 ago" +%Y-%m-%dT%H:%M:%S.000000+00:00)
	sed "s/^[^ ]*/$stamp/"
}

ftp_twice() {
	echo "$(now) mx vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=$1"
	echo "$(now) mx vsftpd[311]: [bob] FAIL LOGIN: Client \"$1\""
}

# An attempt in a connection that is open: dovecot_attempt SESSION ADDRESS.
dovecot_attempt() {
	echo "$(now) mx dovecot: auth: passwd-file(bob,$2,<$1>): unknown user"
	echo "$(now) mx dovecot: auth-worker(9): conn unix:auth-worker (pid=8,uid=101): auth-worker<3>: pam(bob,$2,<$1>): pam_authenticate() failed: Authentication failure (Password mismatch?)"
}

has_hit() {
	[ "$(hits_of "$1")" -ge 1 ]
}

# want WHAT QUESTION ANSWER
want() {
	local got
	got=$(sql "$2")
	[ "$got" = "$3" ] || fail "$1: got $got, want $3"
}

blocks_of() {
	want "blocks of $1: offence, seconds" \
		"SELECT coalesce(group_concat(offence || ':' || (until - since), ' '), 'none') FROM block WHERE address = '$1'" "$2"
}

PRIVATE=yes
daemon_config "[log $CONTAINER]
[log $MISSED]
[block]
for = 4s 1h
[firewall]
resync = 1s"
daemon_start

# --- a block ends; only new evidence makes the next one, which is longer
{ for _ in 1 2 3; do postfix_dnsbl 198.51.100.1; done; } >>"$LOG"
wait_until listed 198.51.100.1 || fail "198.51.100.1 is not blocked"
# --- private networks are never blocked, whatever they do
{ for _ in 1 2 3; do postfix_dnsbl 10.9.0.2; done && postfix_dnsbl fd09::2 && postfix_dnsbl 172.18.0.9; } >>"$LOG"
# --- a line that is repeated, and an event that two logs report
{ wrong_password 198.51.100.2 && echo "$(now) mx last message repeated 4 times"; } >>"$LOG"
{ for _ in 1 2 3 4; do ftp_twice 198.51.100.3; done; } >>"$LOG"
# --- a container's lines are of now, two hours late as they look
{ for _ in 1 2 3 4 5; do wrong_password 198.51.100.4; done; } | at "2 hours" >>"$CONTAINER"
wait_until listed 198.51.100.4 || fail "a container's line does not block"
wait_until has_hit 198.51.100.3 || fail "the lines are not read"
wait_until not listed 198.51.100.1 || fail "a block of four seconds does not end"
postfix_dnsbl 198.51.100.1 >>"$LOG"
wait_until listed 198.51.100.1 || fail "new evidence does not block"
daemon_stop || fail "exit status $?"

# --- while it is stopped: a guess every twenty minutes, ten of one and nine of another; five attempts in a connection that is open
{
	for ((minutes = 200; minutes > 0; minutes -= 20)); do
		wrong_password 198.51.100.5 | at "$minutes minutes"
		[ "$minutes" = 20 ] || wrong_password 198.51.100.6 | at "$minutes minutes"
	done
	for seconds in 600 596 592 588 584 580; do dovecot_attempt olPsa7VgAbrAAAIU 198.51.100.7 | at "$seconds seconds"; done
	relay_denied 198.51.100.8 | at "10 seconds" # the last line
} >>"$MISSED"
daemon_start
wait_until has_hit 198.51.100.8 || fail "what was written while it was stopped is not read"

blocks_of 198.51.100.1 "1:4 2:3600"
for address in 10.9.0.2 fd09::2 172.18.0.9 198.51.100.3 198.51.100.6; do blocks_of "$address" none; done
for address in 198.51.100.2 198.51.100.4 198.51.100.5 198.51.100.7; do blocks_of "$address" 1:4; done
want "repeated: hits, points" "SELECT count(*) || ' ' || sum(score) FROM hit WHERE address = '198.51.100.2'" "2 100"
want "reported twice: hits, points" "SELECT count(*) || ' ' || sum(score) FROM hit WHERE address = '198.51.100.3'" "8 80"
want "a connection that is open: hits" "SELECT count(*) FROM hit WHERE address = '198.51.100.7' AND ignored <> 1" 5
daemon_stop || fail "exit status $?"

wfs replay --database "$WORK/replayed.db" "$LOG" "$CONTAINER" "$MISSED" >/dev/null || fail "replay: exit status $?"
of_blocks="SELECT b.address, b.offence, b.until - b.since, b.cause, r.name FROM block b JOIN rule r ON r.id = b.rule ORDER BY b.address, b.offence"
of_hits="SELECT h.address, r.name, h.score, h.ignored, h.weight, h.account FROM hit h JOIN rule r ON r.id = h.rule ORDER BY h.address, h.id"
for question in "$of_blocks" "$of_hits"; do
	got=$(sqlite3 "$WORK/replayed.db" "$question") expected=$(sql "$question")
	[ "$got" = "$expected" ] || fail "replay is not as the daemon: $question: $(diff <(echo "$got") <(echo "$expected") | head -n 9)"
	[ -n "$expected" ] || fail "nothing to compare: $question"
done
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
