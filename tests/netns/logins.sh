#!/usr/bin/env bash
# logins.sh: stories about logins: an office whose telephone has an old password, guessers beside it and elsewhere, good
# evidence that does not pay for guesses, a network whose addresses take turns, an account that many networks try. They
# run once live; then a replay of the same lines must decide the same.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare

# ACCOUNT ADDRESS
login() {
	echo "$(now) mx dovecot: imap-login: Login: user=<$1>, method=PLAIN, rip=$2, lip=10.9.0.1, mpid=7, TLS, session=<abcdefgh1234>"
}

guess() {
	echo "$(now) mx postfix/submission/smtpd[412]: warning: unknown[$2]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=$1"
}

delivery() {
	echo "$(now) mx postfix/smtpd[411]: disconnect from mail.example.net[$1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"
}

story() {
	for i in {1..20}; do login "user$i" 10.9.1.1; done # the office
	for i in {1..25}; do guess user7 10.9.1.1; done    # its telephone
	for i in {1..6}; do guess admin 10.9.1.2; done     # five block, at one account ...
	for i in {1..6}; do guess "name$i" 10.9.1.3; done  # ... or at several
	for i in {1..6}; do delivery 10.9.1.4; guess "name$i" 10.9.1.4; done
	for i in {1..6}; do login own 10.9.1.5; guess "name$i" 10.9.1.5; done
	for i in {1..16}; do guess "other$i" "10.9.2.$i"; done # fifteen of a network block fifteen
	for i in {1..8}; do guess boss "10.9.$((10 + i)).9"; done # the last three count double
	guess user3 10.9.1.6
}

is_done() {
	[ "$(sql "SELECT count(*) FROM hit WHERE address = '10.9.1.6'")" = 1 ]
}

# want WHAT QUESTION ANSWER
want() {
	local got
	got=$(sql "$2")
	[ "$got" = "$3" ] || fail "$1: got $got, want $3"
}

daemon_config "[block]
extend = no
for = 1h
[firewall]
resync = 1s"
daemon_start
story >>"$LOG"
wait_until is_done || fail "the story is not read to its end"
want "the office" "SELECT count(*) FROM block WHERE address = '10.9.1.1'" 0
want "its telephone" "SELECT group_concat(n, ' ') FROM (SELECT weight || 'x' || count(*) || '=' || sum(score) AS n FROM hit
	WHERE address = '10.9.1.1' GROUP BY weight ORDER BY weight)" "1x24=0 2x1=5"
for i in 2 3 4 5; do
	want "guesser 10.9.1.$i" "SELECT count(*) FROM hit WHERE address = '10.9.1.$i' AND ignored = 2 AND id = (SELECT max(id) FROM
	hit WHERE address = '10.9.1.$i' AND ignored <> 1)" 1
	want "guesses of 10.9.1.$i" "SELECT count(*) FROM hit WHERE address = '10.9.1.$i' AND ignored <> 1" 5
done
want "the network" "SELECT count(*) FROM blocks WHERE address LIKE '10.9.2.%' AND rule = 'network-score'" 15
want "the account" "SELECT group_concat(score, ' ') FROM (SELECT score FROM hit WHERE address LIKE '10.9.1_.9' ORDER BY id)" \
	"20 20 20 20 20 40 40 40"
wfs why 10.9.18.9 | grep -F "counts double: many networks are trying this account" >/dev/null || fail "why: $(wfs why 10.9.18.9)"
wfs why 10.9.1.1 | grep -F "counts nothing more: repeats one of the last ten minutes" >/dev/null || fail "why: $(wfs why 10.9.1.1)"
# A restart in between changes nothing: the telephone is known, the account is under attack.
daemon_stop || fail "exit status $?"
daemon_start
{ guess user7 10.9.1.1 && guess boss 10.9.30.9; } >>"$LOG"
is_read() { [ "$(sql "SELECT count(*) FROM hit WHERE address = '10.9.30.9'")" = 1 ]; }
wait_until is_read || fail "after a restart: not read"
want "after a restart" "SELECT group_concat(weight || '=' || score, ' ') FROM (SELECT * FROM hit ORDER BY id DESC LIMIT 2)" "3=40 1=0"
daemon_stop || fail "exit status $?"

wfs replay --database "$WORK/replayed.db" "$LOG" >/dev/null || fail "replay: exit status $?"
of_blocks="SELECT b.address, b.offence, b.cause, r.name FROM block b JOIN rule r ON r.id = b.rule ORDER BY b.id"
of_hits="SELECT address, score, ignored, weight, account FROM hit ORDER BY id"
of_logins="SELECT * FROM login ORDER BY pair"
for question in "$of_blocks" "$of_hits" "$of_logins"; do
	got=$(sqlite3 "$WORK/replayed.db" "$question") expected=$(sql "$question")
	[ "$got" = "$expected" ] || fail "replay is not as the daemon: $question: $(diff <(echo "$got") <(echo "$expected") | head -n 9)"
	[ -n "$expected" ] || fail "nothing to compare: $question"
done
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
