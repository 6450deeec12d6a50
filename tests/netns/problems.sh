#!/usr/bin/env bash
# problems.sh: status begins with the problems and their remedies, in words and as exit status; each problem comes and
# goes. While the configuration has an error, the commands that only need to find the daemon still work.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy setpriv
daemon_prepare
listen 25
locker=
USUAL="[firewall]
resync = 1s"

down() {
	[ -z "$locker" ] || kill "$locker" 2>/dev/null
	daemon_down
}
trap down EXIT

# has_problem KIND TEXT REMEDY: status shows it, in JSON and in words.
has_problem() {
	wfs status --json 2>/dev/null | jq -e --arg kind "$1" --arg what "$2" --arg remedy "$3" \
		'.problems | any(.kind == $kind and (.what | contains($what)) and (.remedy | contains($remedy)))' &&
		status_text | grep -F -- "$2" | grep -F -- "$3"
}

no_problem() {
	wfs status >"$WORK/printed" 2>&1 && ! grep -q PROBLEM "$WORK/printed" && wfs status --json | jq -e '.problems == []'
}

want_problem() {
	wait_until has_problem "$@" || fail "want problem $1: $2 ($3); got $(wfs status --json 2>&1)"
}

want_none() {
	wait_until no_problem || fail "$1: got $(wfs status 2>&1)"
}

# checks STATUS TEXT
checks() {
	local status=0
	wfs status --check >"$WORK/printed" 2>/dev/null || status=$?
	[ "$status" = "$1" ] && grep "^$2" "$WORK/printed" >/dev/null || fail "status --check: got $status, $(cat "$WORK/printed"); want $1, $2"
	[ "$(wc -l <"$WORK/printed")" = 1 ] || fail "status --check is not one line: $(cat "$WORK/printed")"
}

# ends STATUS COMMAND...
ends() {
	local want=$1 status=0
	shift
	"$@" >"$WORK/printed" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "$*: got status $status, want $want; it printed: $(cat "$WORK/printed")"
}

# prints TEXT: whatever the lines are broken at.
prints() {
	tr -s ' \n' ' ' <"$WORK/printed" | grep -F -- "$1" >/dev/null || fail "want $1, got $(cat "$WORK/printed")"
}

# --- nothing is there yet
daemon_config "$USUAL"
ends 1 wfs status
prints "the daemon is not running, so nobody is blocked now"
prints "systemctl start watchforspammers"
checks 2 "CRITICAL: the daemon is not running"
ends 3 wfs -c "$WORK/none.conf" status --check
prints "UNKNOWN: $WORK/none.conf: No such file or directory"
ends 2 wfs -c "$WORK/none.conf" status

# --- a log without a line
daemon_start
want_problem silent "no log has had a line yet" "set [journal] read = yes"
checks 1 "WARNING: no log has had a line yet"
ends 1 wfs status
postfix_dnsbl 10.9.0.2 >>"$LOG"
wait_until listed 10.9.0.2 || fail "10.9.0.2 is not blocked"
want_none "a log with a line"
checks 0 "OK: running | blocked=1 hits=1c"

# --- the configuration has an error: it is reported, and what is needed still works
daemon_config "$USUAL
[allow]
adress = 192.0.2.1"
ends 1 wfs status
prints "$(line_of adress): [allow] has no key \"adress\""
want_problem config "adress" "watchforspammers check"
checks 1 "WARNING: $(line_of adress): "
ends 0 wfs list
prints 10.9.0.2
prints "warning: $(line_of adress): "
ends 0 wfs why 10.9.0.2
ends 0 wfs block 10.9.0.3 --for 1h
ends 0 wfs test 10.9.0.3
ends 0 wfs unblock 10.9.0.3
ends 0 wfs vote white 10.9.0.3
ends 1 wfs reload
prints "$(line_of adress): "
want_problem config "the old one is in force" "watchforspammers check"
for command in check run "replay $LOG"; do
	# shellcheck disable=SC2086
	ends 2 wfs $command
	prints "$(line_of adress): "
done
# Also one whose form is wrong.
{ echo "nonsense"; cat "$CONF"; } >"$WORK/worse" && cat "$WORK/worse" >"$CONF"
ends 0 wfs unblock 10.9.0.3
prints "$CONF:1: "
daemon_config "$USUAL"
ends 0 wfs reload
want_none "the configuration is good again"

# --- rules with an error
echo "nonsense" >"$WORK/patterns/zz.rules"
want_problem rules "$WORK/patterns/zz.rules:1: " "watchforspammers check"
checks 1 "WARNING: "
rm "$WORK/patterns/zz.rules"
want_none "the rules are good again"

# --- another program holds the database: known although nothing can be written
coproc LOCKER { sqlite3 "$DB"; }
locker=$LOCKER_PID
echo "BEGIN IMMEDIATE; SELECT 'held';" >&"${LOCKER[1]}"
read -r -t 10 held <&"${LOCKER[0]}"
[ "${held:-}" = held ] || fail "cannot lock the database"
postfix_dnsbl 10.9.0.4 >>"$LOG"
want_problem database "another program is writing" "end the other program"
checks 2 "CRITICAL: "
echo .quit >&"${LOCKER[1]}"
wait "$locker"
locker=
want_none "the database can be written again"

# --- the firewall refuses: its rules are gone, and another program does not let go of the tables, or uses the name
if [ "$BACKEND" = recent ]; then
	exec 9>>"$XTABLES_LOCKFILE"
	flock 9
	for flush in iptables-legacy ip6tables-legacy; do
		XTABLES_LOCKFILE=$WORK/other.lock in_server "$flush" -F || fail "$flush -F: exit status $?"
	done
	want_problem firewall "locked by another program" "tried every second"
	exec 9>&-
	want_none "the tables are free again"
else
	printf 'delete table inet watchforspammers\nadd table inet watchforspammers\n' | in_server nft -f - || fail "nft: exit status $?"
	want_problem firewall "there is a table inet watchforspammers that watchforspammers did not make" "tried every second"
	in_server nft delete table inet watchforspammers
	want_none "the table's name is free again"
fi

# --- a log that cannot be read: which user, which group
mv "$LOG" "$LOG.1"
install -m 640 -g adm /dev/null "$LOG"
echo "x" >>"$LOG"
want_problem log "cannot read $LOG: Permission denied" "usermod -aG adm nobody"
checks 2 "CRITICAL: cannot read $LOG"
chmod 600 "$LOG"
ends 1 wfs status
daemon_stop || fail "exit status $?"
daemon_start
want_problem log "cannot read $LOG: Permission denied" "chgrp adm $LOG && chmod g+r $LOG"
chmod 644 "$LOG"
want_none "the log can be read again"
daemon_stop || fail "exit status $?"

# --- what is no log, beside one that is
mkdir "$WORK/log/directory"
mkfifo "$WORK/log/fifo"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/log/socket"
daemon_config "[log $WORK/log/directory]
[log $WORK/log/fifo]
[log $WORK/log/socket]
$USUAL"
daemon_start
want_problem log "$WORK/log/directory: it is a directory" "name a regular file"
want_problem log "$WORK/log/fifo: it is not a regular file" "name a regular file"
want_problem log "$WORK/log/socket: it is not a regular file" "name a regular file"
checks 1 "WARNING: cannot read $WORK/log/directory: it is a directory (and 2 more)"

# --- a user without access to the daemon or its database learns nothing
chmod 700 "$WORK/db"
status=0
setpriv --reuid 4712 --regid 4712 --clear-groups "$WFS_PROGRAM" -c "$CONF" status --check >"$WORK/printed" 2>&1 || status=$?
[ "$status" = 3 ] || fail "status --check of another user: status $status, want 3: $(cat "$WORK/printed")"
prints "UNKNOWN: "
daemon_stop || fail "exit status $?"

# --- stopped: judged from outside
ends 1 wfs status
grep -q "^PROBLEM    the daemon is not running" "$WORK/printed" || fail "the worst is not first: $(cat "$WORK/printed")"
[ -z "$(awk 'length > 80 && $2 != ""' "$WORK/printed" | grep -v "$WORK")" ] || fail "more than 80 columns: $(cat "$WORK/printed")"
prints "the daemon is not running, so nobody is blocked now"
prints "$WORK/log/fifo: it is not a regular file"
no_sanitizer
echo "ok"
