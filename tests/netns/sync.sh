#!/bin/bash
# sync.sh: replay --sync: the process that reads the log has no capability and is not root; the root process, which
# fills the kernel's lists, has neither the log nor the database open.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/daemon_lib.sh"
netns_need iptables-legacy ip6tables-legacy sqlite3 gzip

daemon_prepare
listen 25
daemon_config ""
PIPE=$WORK/pipe
mkfifo "$PIPE"

rules_of_ours() {
	in_server sh -c 'iptables-legacy -w -S; ip6tables-legacy -w -S' | grep -i spammer
}

sync_logs() {
	in_server "$WFS_PROGRAM" -c "$CONF" replay --sync "$@" >"$WORK/printed" 2>&1
}

# The processes that have the pipe open for reading.
readers() {
	local fd pid info
	for fd in /proc/[0-9]*/fd/*; do
		[ "$(readlink "$fd" 2>/dev/null)" = "$PIPE" ] || continue
		pid=${fd#/proc/}
		pid=${pid%%/*}
		info=$(grep '^flags:' "/proc/$pid/fdinfo/${fd##*/}" 2>/dev/null) || continue
		[ "${info: -1}" != 0 ] || echo "$pid"
	done | sort -u
}

# Every thread of it: of_status PID FIELD prints the values that differ.
of_status() {
	cat /proc/"$1"/task/*/status | awk -v field="$2:" '$1 == field { print $2 }' | sort -u
}

reader_is() {
	ENGINE=$(engine_pid)
	[ -n "$ENGINE" ] && [ "$(readers)" = "$ENGINE" ] && [ "$(of_status "$ENGINE" NoNewPrivs)" = 1 ]
}

# --- what only root may read, the replay cannot; and what it made in the kernel is gone again

courier_511 10.9.0.4 >"$LOG"
install -m 600 "$LOG" "$WORK/private.log"
sync_logs --database "$DB" "$WORK/private.log" && fail "a log for root alone was read"
grep -F "$WORK/private.log: Permission denied" "$WORK/printed" >/dev/null || fail "got: $(cat "$WORK/printed")"
[ -z "$(rules_of_ours)" ] || fail "left in the kernel: $(rules_of_ours)"

# --- while it reads

ip netns exec "$SERVER" "$WFS_PROGRAM" -c "$CONF" replay --sync --database "$DB" - <"$PIPE" >"$WORK/printed" 2>"$WORK/daemon.err" &
DAEMON=$!
exec 7>"$PIPE"
courier_511 10.9.0.2 >&7
wait_until reader_is || fail "the pipe is read by: $(readers); the root process is $DAEMON, its child $ENGINE"
for field in CapEff CapPrm CapInh CapAmb; do
	[ "$(of_status "$ENGINE" $field)" = 0000000000000000 ] || fail "$field of who reads the log: $(of_status "$ENGINE" $field)"
done
[ "$(of_status "$ENGINE" Uid)" = "$(id -u nobody)" ] || fail "the log is read by user $(of_status "$ENGINE" Uid)"
readlink /proc/"$DAEMON"/fd/* | grep -F -e "$DB" -e "$PIPE" && fail "the root process has it open"
readlink /proc/"$ENGINE"/fd/* | grep -F -e "$DB" >/dev/null || fail "nobody has the database open"
exec 7>&-
daemon_wait || fail "exit status $?: $(cat "$WORK/daemon.err")"
logged "the kernel holds 1 block" || fail "got: $(cat "$WORK/daemon.err")"
tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 && fail "10.9.0.2 is not blocked"
tcp_from "$CLIENT" 10.9.0.3 10.9.0.1 25 || fail "10.9.0.3 is blocked"
[ "$(stat -c %U "$DB")" = nobody ] || fail "the database is $(stat -c %U "$DB")'s"

# --- threads and compressed logs, with and without a database

awk -v time="$(now)" 'BEGIN { for (i = 0; i < 20000; i++) print time, "mx postfix/smtpd[411]: connect from unknown[192.0.2." i % 250 "]" }' >"$WORK/long.log"
postfix_dnsbl 10.9.0.5 >>"$WORK/long.log"
courier_511 10.9.0.6 | gzip >"$WORK/old.log.gz"
sync_logs --threads 4 --database "$DB" "$WORK/long.log" "$WORK/old.log.gz" || fail "threads: $(cat "$WORK/printed")"
grep -F "the kernel holds 3 blocks" "$WORK/printed" >/dev/null || fail "threads: $(cat "$WORK/printed")"
tcp_from "$CLIENT" 10.9.0.5 10.9.0.1 25 && fail "10.9.0.5 is not blocked"
tcp_from "$CLIENT" 10.9.0.6 10.9.0.1 25 && fail "10.9.0.6 is not blocked"
sync_logs --threads 4 "$LOG" || fail "in memory: $(cat "$WORK/printed")"
grep -F "the kernel holds 1 block" "$WORK/printed" >/dev/null || fail "in memory: $(cat "$WORK/printed")"
tcp_from "$CLIENT" 10.9.0.4 10.9.0.1 25 && fail "10.9.0.4 is not blocked"
tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 || fail "10.9.0.2 is blocked still: this database does not know it"

# --- nothing to fill

daemon_config "[firewall]
backend = observe"
sync_logs "$LOG"
[ $? = 2 ] || fail "observe: logged $(cat "$WORK/printed")"
in_server "$WFS_PROGRAM" -c "$CONF" cleanup >/dev/null || fail "cleanup: exit status $?"
no_sanitizer
