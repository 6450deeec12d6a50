#!/usr/bin/env bash
# trouble.sh: everything that goes wrong is reported in one clear sentence and loses nothing: a database that is locked,
# full or read-only, logs that are unreadable or garbage, invalid rules and configurations, missing privileges, a second
# daemon, another program's rules, and a stop that leaves the firewall as it is.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy setpriv timeout
daemon_prepare
listen 25
N=0
locker= # its process; bash unsets LOCKER_PID when that has ended
USUAL="[block]
for = 1h
[firewall]
resync = 1s"

down() {
	[ -z "$locker" ] || kill "$locker" 2>/dev/null
	daemon_down
}
trap down EXIT

# Another hostile line by an address of its own; to standard output.
line() {
	NEW=198.51.100.$((++N))
	postfix_dnsbl "$NEW"
}

is_read() {
	wait_until listed "$NEW" || fail "$1: the line was not read"
}

hits() {
	sql "SELECT count(*) FROM hit"
}

# has_status HITS BLOCKS: status counts what is decided, written or not, and the log is read to its end.
has_status() {
	wfs status --json 2>/dev/null | jq -e --argjson hits "$1" --argjson blocks "$2" \
		'.hits == $hits and .blocks_active == $blocks and .blocks_total == $blocks and .logs[0].lag_bytes == 0' >/dev/null
}

want_status() {
	has_status "$@" || fail "status: want $1 hits, $2 blocks, and nothing to read, got $(wfs status --json 2>/dev/null | jq -c '[.hits, .blocks_active, .blocks_total, .logs[0].lag_bytes]')"
}

# has_hits N: that many, and none twice.
has_hits() {
	[ "$(hits)" = "$1" ] && [ "$(sql "SELECT count(DISTINCT offset || ' ' || log) FROM hit")" = "$1" ]
}

is_said_once() {
	[ "$(logged_times "$1")" = 1 ] || fail "logged $(logged_times "$1") times: $1"
}

stop() {
	daemon_stop || fail "exit status $? on SIGTERM"
}

# Reloads, and waits until the daemon has logged this once more.
reload() {
	local before
	before=$(logged_times "$1")
	kill -HUP "$DAEMON"
	wait_until said_more "$before" "$1" || fail "reload: want: $1"
}

said_more() {
	[ "$(logged_times "$2")" -gt "$1" ]
}

# --- at start: what is broken is reported with its place, and nothing stays behind
daemon_config "[block]
treshold = 5"
daemon_refuses 2 "$(line_of treshold): [block] has no key \"treshold\"; did you mean \"threshold\"?"
no_rules || fail "a broken config left rules behind"
daemon_config "[block]
threshold = many"
daemon_refuses 2 "$(line_of "threshold = many"): threshold: want a whole number"

daemon_config "$USUAL"
# --- without privilege: one sentence, with the remedy
daemon_refuses 3 "CAP_NET_ADMIN" setpriv --bounding-set=-net_admin
[ "$(wc -l <"$WORK/refused")" = 1 ] || fail "more than one sentence: $(cat "$WORK/refused")"
daemon_refuses 3 "root" setpriv --reuid=nobody --regid=nogroup --clear-groups
[ "$(wc -l <"$WORK/refused")" = 1 ] || fail "more than one sentence: $(cat "$WORK/refused")"
no_rules || fail "no privilege, but rules"

# --- a database that cannot be written, at start: logged once; read on, or started again, when it can be
daemon_start
line >>"$LOG"
is_read "a first line"
stop
chmod 444 "$DB"
line >>"$LOG"
daemon_launch
wait_until logged "must be writable" || fail "a read-only database is not logged"
began=$SECONDS
wait_until second_is $((began + 3))
is_said_once "must be writable"
has_hits 1 || fail "wrote to a read-only database"
chmod 644 "$DB"* # SQLite makes the files beside it as they are
if is_alive "$DAEMON"; then
	is_read "the database can be written now"
	stop
else
	daemon_wait
	status=$?
	[ "$status" = 2 ] || fail "a read-only database: exit status $status, want 2"
fi
daemon_start
is_read "started again with a database that can be written"
wait_until has_hits 2 || fail "after a read-only database: got $(hits) hits, want 2"

# --- a second daemon with the same chain, list or database; it must not remove the first one's rules
daemon_refuses 3 "another watchforspammers (process $DAEMON) has chain \"SPAMMER\""
daemon_config "$USUAL
chain = OTHER"
daemon_refuses 3 "another watchforspammers (process $DAEMON) has list \"spammer\""
daemon_config "$USUAL
chain = OTHER
list = other"
daemon_refuses 3 "another watchforspammers uses this database"
[ -z "$(in_server iptables-legacy -S | grep OTHER)$(in_server nft list ruleset | grep OTHER)" ] || fail "a second daemon that did not start left its chain"
daemon_config "$USUAL"
! no_rules || fail "a second daemon removed the first one's rules"
! logged "missing or altered; recreated" || fail "a second daemon removed the first one's rules, and they were recreated"
line >>"$LOG"
is_read "after a second daemon was refused"

# --- another program writes to the database for a while
coproc LOCKER { sqlite3 "$DB"; }
locker=$LOCKER_PID
echo "BEGIN IMMEDIATE; SELECT 'held';" >&"${LOCKER[1]}"
read -r -t 10 held <&"${LOCKER[0]}"
[ "${held:-}" = held ] || fail "cannot lock the database"
before=$N
line >>"$LOG"
locked=$SECONDS
wait_until logged "another program is writing; hits are kept" || fail "a locked database is not logged"
for _ in {1..30}; do line; done >>"$LOG"
# What was found by these rules must be written as found by them, so others have to wait.
sed -i 's/^\[postfix-dnsbl\]$/[postfix-renamed]/' "$WORK/patterns/postfix.rules"
kill -HUP "$DAEMON"
wait_until logged "reload: waiting until the hits are written" || fail "a reload while the database is locked is not logged to wait"
answer=$(wfs reload 2>&1)
[[ $answer = *"hits are waiting for the database; reload again in a second" ]] || fail "reload over the socket while the database is locked: got $answer"
for order in "block 198.51.100.200" "vote black 198.51.100.200" "unblock 198.51.100.200"; do
	answer=$(wfs $order 2>&1)
	[[ $answer = *"hits are waiting for the database, try again in a second; nothing was changed" ]] ||
		fail "$order while the database is locked: got $answer"
done
wait_until second_is $((locked + 4))
! logged "eloaded: " || fail "reloaded while hits wait to be written"
wait_until listed "$NEW" || fail "not blocked while the database is locked"
want_status "$N" "$N"
# What cannot be shown is counted, and nothing denies it.
wfs why "$NEW" >"$WORK/printed" || fail "why while the database is locked: exit status $?, it printed: $(cat "$WORK/printed")"
grep "^$NEW is blocked until " "$WORK/printed" >/dev/null && tr -s ' \n' ' ' <"$WORK/printed" | grep -F "not in the database yet, and so not shown: 1 hit and 1 block ($DB: " >/dev/null ||
	fail "why while the database is locked: $(cat "$WORK/printed")"
wfs list 2>&1 >/dev/null | grep -F "not in the database yet, and so not shown: 31 hits and 31 blocks ($DB: " >/dev/null || fail "list while the database is locked: $(wfs list 2>&1)"
echo list | in_server nc -N -U "$SOCKET" | jq -e '.waiting | .hits == 31 and .blocks == 31 and (.why | contains("another program is writing"))' >/dev/null ||
	fail "the socket's list while the database is locked: $(echo list | in_server nc -N -U "$SOCKET" | jq -c .waiting)"
wfs why --json 198.51.100.1 | jq -e '.waiting == null' >/dev/null || fail "why of an address of which nothing waits: $(wfs why --json 198.51.100.1)"
has_hits "$before" || fail "wrote to a locked database"
echo .quit >&"${LOCKER[1]}"
wait "$locker"
locker=
freed=198.51.100.$((before + 1)) # its line waits, up to a second: an unblock covers that, too
wait_until wfs unblock "$freed" || fail "$freed cannot be unblocked: $(wfs unblock "$freed" 2>&1)"
is_read "the database is free again"
! listed "$freed" || fail "$freed was unblocked, and then blocked by a line from before"
wait_until has_hits "$N" || fail "after the lock: got $(hits) hits, want $N"
wfs why --json "$NEW" | jq -e '.blocked and .waiting == null and (.hits | length) == 1' >/dev/null || fail "why after the lock: $(wfs why --json "$NEW")"
[ -z "$(wfs list 2>&1 >/dev/null)" ] || fail "list after the lock: $(wfs list 2>&1 >/dev/null)"
wait_until logged "the database can be written again" || fail "the log does not hold that the database can be written again"
wait_until logged "reloaded: " || fail "nobody reloaded after the database was free again"
rules=$(sql "SELECT rule || ' ' || count(*) FROM hits GROUP BY rule" | paste -sd ' ')
[ "$rules" = "postfix-dnsbl $((before + 31))" ] || fail "a reload that waited: got hits of $rules"
is_said_once "hits are kept"
is_said_once "the database can be written again"
wait_until is_synced_after $(($(date +%s) + 2))
[ "$(sql "SELECT sum(knocks) FROM block")" = 0 ] || fail "nobody sent a packet, and $(sql "SELECT count(*) FROM block WHERE knocks > 0") addresses have dropped packets"
[ "$(logged_times "ying again every second")" = 0 ] || fail "a locked database is blamed on the firewall"

# --- a log that cannot be read
chmod 600 "$LOG"
mv "$LOG" "$LOG.1"
install -m 600 /dev/null "$LOG"
line >>"$LOG"
wait_until logged "cannot read $LOG: Permission denied; user nobody may not read it: " || fail "an unreadable log is not logged"
seen=$SECONDS
wait_until second_is $((seen + 6)) # it is looked at every five seconds
is_said_once "cannot read $LOG: Permission denied"
chmod 644 "$LOG"
is_read "the log can be read now"

# --- garbage
{
	head -c 3000000 /dev/urandom
	head -c 100000 /dev/zero
	printf '\n\0\n\n \n\t\n%s mx postfix/smtpd[1]: \0\n' "$(now)"
	head -c 5000000 /dev/zero | tr '\0' x
	echo
	# A hostile line with a NUL in it, one that is too long, and one that continues the line before: no hit.
	postfix_dnsbl 192.0.2.1 | sed 's/blocked using/blocked\x00using/'
	postfix_dnsbl 192.0.2.1 | sed "s/from=</from=<$(head -c 9000 /dev/zero | tr '\0' y)/"
	postfix_dnsbl 192.0.2.1 | sed 's/^/ /'
	line
} >>"$LOG"
is_read "after garbage"
wait_until has_hits "$N" || fail "garbage: got $(hits) hits, want $N"
[ "$(sql "SELECT sum(cut) >= 2 FROM log")" = 1 ] || fail "lines that are too long are not counted as cut"
is_alive "$ENGINE" || fail "the engine did not survive garbage"

# --- reload: what is broken is reported and the old stays; what is good works at once
echo "nonsense" >"$WORK/patterns/zz.rules"
reload "$WORK/patterns/zz.rules:1: "
wait_until logged "keeping the old" || fail "a broken rule at reload: what happens now is not logged"
line >>"$LOG"
is_read "after a reload with a broken rule"
cat >"$WORK/patterns/zz.rules" <<'END'
[tested]
program  = tester
match    = ^bad client <ADDR>$
category = auth
reason   = tested
score    = 100
hit      = 198.51.100.7 | Nov 20 13:37:57 mx tester: bad client 198.51.100.7
miss     = Nov 20 13:37:57 mx tester: bad client nobody
END
reload "reloaded: "
echo "$(now) mx tester: bad client 198.51.100.$((++N))" >>"$LOG"
NEW=198.51.100.$N
is_read "a rule that a reload brought"
daemon_config "$USUAL
[allow]
address = nobody"
reload "$(line_of "address = nobody"): address: \"nobody\" is not an IPv4 or IPv6 address"
daemon_config "$USUAL
[allow]
address = 198.51.100.$N
address = 192.0.2.0/24"
reload "released 198.51.100.$N (allowed now)"
wait_until not listed "198.51.100.$N" || fail "an address that is allowed now stays in the kernel's list"
[ "$(sql "SELECT ended_by FROM blocks WHERE address = '198.51.100.$N'")" = allowed ] || fail "the database does not say it was allowed"
{ postfix_dnsbl "198.51.100.$N"; postfix_dnsbl 192.0.2.1; line; } >>"$LOG"
is_read "after the allowed ones"
! listed "198.51.100.$((N - 1))" || fail "an allowed address was blocked"
! listed 192.0.2.1 || fail "an address of an allowed network was blocked"
daemon_config "$USUAL"
stop
no_rules || fail "stop left rules behind"

# --- keep_on_stop: the firewall stays, the next start goes on with it
daemon_config "$USUAL
keep_on_stop = yes"
daemon_start
postfix_dnsbl 10.9.0.2 >>"$LOG"
wait_until listed 10.9.0.2 || fail "10.9.0.2 is not blocked"
stop
! no_rules || fail "keep_on_stop = yes, but the rules are gone"
listed 10.9.0.2 || fail "keep_on_stop = yes, but the list is empty"
tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 25 || fail "keep_on_stop = yes: another client is blocked"
! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 || fail "keep_on_stop = yes: connects after the stop"
daemon_start
listed 10.9.0.2 || fail "what was kept is not adopted"
[ "$(our_rules | grep -cE -- '-p tcp .*-j SPAMMER|jump SPAMMER')" = "$([ "$BACKEND" = recent ] && echo 2 || echo 1)" ] || fail "not one jump for each family: $(our_rules)"
! logged "missing or altered; recreated" || fail "what was kept is logged as removed"
stop
daemon_config "$USUAL"
daemon_start
stop
no_rules || fail "keep_on_stop = no: the kept rules stay"

# --- rules of somebody else
if [ "$BACKEND" = recent ]; then
daemon_config "$USUAL
manage_rules = no"
daemon_refuses 3 "iptables -I INPUT -p tcp --dport 25 -m recent --name spammer --update --seconds 600 -j DROP"
in_server iptables-legacy -I INPUT -p tcp --dport 25 -m recent --name spammer --update --seconds 600 -j DROP
in_server ip6tables-legacy -I INPUT -p tcp --dport 25 -m recent --name spammer6 --update --seconds 600 -j DROP
daemon_start
wait_until listed 10.9.0.2 || fail "manage_rules = no: the running block is not in the list"
postfix_dnsbl 10.9.0.4 >>"$LOG"
wait_until listed 10.9.0.4 || fail "manage_rules = no: not in the list"
! tcp_from "$CLIENT" 10.9.0.4 10.9.0.1 25 || fail "manage_rules = no: connects though blocked"
no_rules || fail "manage_rules = no, and rules were made"
stop
[ -z "$(kernel_set)" ] || fail "manage_rules = no: stop left addresses: $(kernel_set)"
[ "$(in_server iptables-legacy -S INPUT | grep -c recent)" = 1 ] || fail "manage_rules = no: the rule is gone"
tcp_from "$CLIENT" 10.9.0.4 10.9.0.1 25 || fail "manage_rules = no: blocked after the stop"
in_server iptables-legacy -F
in_server ip6tables-legacy -F
else
	daemon_config "$USUAL
manage_rules = no
list = filter bad"
	daemon_refuses 3 "nft add set inet filter bad { type ipv4_addr; flags timeout; size 65536; }"
	in_server nft -f - <<-END
	table inet filter {
		set bad { type ipv4_addr; flags timeout; size 65536; }
		set bad6 { type ipv6_addr; flags timeout; size 65536; }
		chain input { type filter hook input priority filter; ip saddr @bad drop; ip6 saddr @bad6 drop; }
	}
	END
	in_bad() { set_has "$SERVER" filter bad "$1"; }
	daemon_start
	wait_until in_bad 10.9.0.2 || fail "manage_rules = no: the running block is not in the set"
	postfix_dnsbl 10.9.0.4 >>"$LOG"
	wait_until in_bad 10.9.0.4 || fail "manage_rules = no: not in the set"
	! tcp_from "$CLIENT" 10.9.0.4 10.9.0.1 25 || fail "manage_rules = no: connects though blocked"
	no_rules || fail "manage_rules = no, and rules were made"
	in_server nft flush set inet filter bad
	wait_until in_bad 10.9.0.4 || fail "manage_rules = no: not healed"
	stop
	! in_bad 10.9.0.4 2>/dev/null || fail "manage_rules = no: stop left addresses"
	tcp_from "$CLIENT" 10.9.0.4 10.9.0.1 25 || fail "manage_rules = no: blocked after the stop"
	in_server nft delete table inet filter
fi
no_sanitizer

# --- the disk is full
daemon_small_disk 2m
daemon_config "$USUAL"
: >"$LOG"
rm -f "$LOG".*
N=0
daemon_start
line >>"$LOG"
is_read "a small disk"
dd if=/dev/zero of="$WORK/small/fill" bs=4k 2>/dev/null && fail "the disk does not get full"
# The journal has space for some: many lines of few addresses.
for _ in {1..20}; do line; done >"$WORK/lines"
for _ in {1..100}; do cat "$WORK/lines"; done >>"$LOG"
wait_until logged "free space on its file system; hits are kept" || fail "a full disk is not logged"
full=$SECONDS
wait_until second_is $((full + 3))
is_said_once "free space on its file system; hits are kept"
[ "$(hits)" -lt 2001 ] || fail "the disk was not full"
status=0
wfs status --check >"$WORK/printed" 2>&1 || status=$?
[ "$status" = 2 ] && grep -q "^CRITICAL: .*free space on its file system" "$WORK/printed" || fail "a full disk: status --check: $status, $(cat "$WORK/printed")"
wait_until has_status 2001 21 || want_status 2001 21
rm "$WORK/small/fill"
is_read "there is space again"
wait_until has_hits 2001 || fail "after a full disk: got $(hits) hits, want 2001"
is_said_once "the database can be written again"
wait_until wfs status --check || fail "there is space again: status --check: $(wfs status --check)"
[ "$(sql "PRAGMA integrity_check")" = ok ] || fail "after a full disk: $(sql "PRAGMA integrity_check")"
stop
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
