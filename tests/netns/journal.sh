#!/usr/bin/env bash
# journal.sh: the daemon writes its records to the journal from its sandbox: clients blocked, released and voted
# against, why and by which caller. Each record has fields that journalctl can search, and no byte that a client could
# have put there.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq python3
daemon_prepare
daemon_config "[block]
for = 2s 1h
extend = no
[firewall]
ports = 25,587
resync = 1s"

# The journal's socket has a fixed place: a /run of the daemon's own, in the mount namespace "ip netns exec" makes.
RECORDS=$WORK/records
touch "$WORK/daemon.err" "$RECORDS"
python3 "$WFS_SOURCE_ROOT/tests/netns/journal.py" "$WORK/journal" "$RECORDS" &
JOURNAL=$!
LISTENERS+=("$JOURNAL")
wait_until test -S "$WORK/journal" || fail "no journal"
# shellcheck disable=SC2016
WRAP=(sh -c 'mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal && : >/run/systemd/journal/socket &&
	mount --bind "$0" /run/systemd/journal/socket && exec "$@"' "$WORK/journal")
JOURNAL_STREAM=$(stat -c %d:%i "$WORK/daemon.err")
export JOURNAL_STREAM

# Records for which a jq expression holds: recorded EXPRESSION
recorded() {
	jq -e -s "map(select($1)) | length > 0" "$RECORDS" >/dev/null
}

# The last record about an address: about ADDRESS EVENT
about() {
	jq -c -s "map(select(.WFS_ADDRESS == \"$1\" and .WFS_EVENT == \"$2\")) | last" "$RECORDS"
}

# record_is ADDRESS EVENT EXPRESSION
record_is() {
	wait_until recorded ".WFS_ADDRESS == \"$1\" and .WFS_EVENT == \"$2\"" || fail "no record that $1 is $2: $(cat "$RECORDS")"
	about "$1" "$2" | jq -e "$3" >/dev/null || fail "$1 $2: got $(about "$1" "$2"), want $3"
}

daemon_launch
wait_until is_synced_after "$STARTED_S" || fail "the daemon does not start"
ENGINE=$(engine_pid)
recorded '(.MESSAGE | test("^[0-9]+ rules from [0-9]+ files")) and .PRIORITY == "5" and .SYSLOG_IDENTIFIER == "watchforspammers" and .SYSLOG_FACILITY == "3"' ||
	fail "the start is not recorded: $(cat "$RECORDS")"

# A guesser, and the end of its block.
for _ in 1 2 3 4 5; do wrong_password 10.9.0.2 >>"$LOG"; done
record_is 10.9.0.2 blocked '.MESSAGE == "blocked 10.9.0.2 for 2s (offence 1): postfix-auth, wrong password, 5 hits; ports 25,587"
	and .WFS_RULE == "postfix-auth" and .WFS_REASON == "wrong password" and .WFS_HITS == "5" and .WFS_OFFENCE == "1"
	and (.WFS_UNTIL | test("^20..-..-..T..:..:..Z$")) and .PRIORITY == "6" and (has("WFS_WHO") | not)'
record_is 10.9.0.2 released '.MESSAGE == "released 10.9.0.2 (expired)" and .WFS_REASON == "expired"'

# By hand, and by a vote; the reason may hold any byte but control characters.
wfs block 10.9.0.3 --for 1h --reason "sent us things" >/dev/null || fail "block"
record_is 10.9.0.3 blocked '.MESSAGE == "blocked 10.9.0.3 for 1h by uid 0 (root): sent us things; ports 25,587"
	and .WFS_RULE == "manual" and .WFS_WHO == "uid 0 (root)" and .WFS_REASON == "sent us things"'
wfs unblock 10.9.0.3 --reason "a customer" >/dev/null || fail "unblock"
record_is 10.9.0.3 released '.MESSAGE == "released 10.9.0.3 (unblock by uid 0 (root): a customer)" and .WFS_WHO == "uid 0 (root)"'
for _ in 1 2; do printf 'vote black 10.9.0.4 reason a\377b\n' | nc -N -U "$SOCKET" >/dev/null; done
record_is 10.9.0.4 order '.MESSAGE == "vote black 10.9.0.4 by uid 0 (root): a\\xffb"'
record_is 10.9.0.4 blocked '.MESSAGE == "blocked 10.9.0.4 for 2s (offence 1): vote-black, voted to be bad, 2 hits; ports 25,587"'
wfs note "a new relay" >/dev/null || fail "note"
wait_until recorded '.MESSAGE == "note by uid 0 (root): a new relay" and (has("WFS_ADDRESS") | not)' ||
	fail "a note is recorded otherwise: $(cat "$RECORDS")"

# Attacker-controlled text, in the name of a list that refused the client.
postfix_dnsbl 10.9.0.5 | sed 's/zen.example;/zen\x1b[31m\xffWFS_ADDRESS=192.0.2.1;/' >>"$LOG"
record_is 10.9.0.5 blocked '.WFS_DETAIL == "zen\\x1b[31m\\xffWFS_ADDRESS=192.0.2.1" and .WFS_RULE == "postfix-dnsbl"'
not recorded '.WFS_ADDRESS == "192.0.2.1"' || fail "a client sets the address of a record: $(cat "$RECORDS")"
not grep -q '\\u00' "$RECORDS" || fail "bytes that are not escaped: $(cat "$RECORDS")"

# All of it went to the journal, and in one way. When that is gone, lines with their level are what is left.
[ ! -s "$WORK/daemon.err" ] || fail "logged twice: $(cat "$WORK/daemon.err")"
kill "$JOURNAL"
wait "$JOURNAL" 2>/dev/null
postfix_dnsbl 10.9.0.6 >>"$LOG"
wait_until grep -qx '<6>blocked 10.9.0.6 for 2s (offence 1): postfix-dnsbl, listed by a DNS blocklist, 1 hit; ports 25,587' "$WORK/daemon.err" ||
	fail "a journal that is gone: $(cat "$WORK/daemon.err")"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok"
