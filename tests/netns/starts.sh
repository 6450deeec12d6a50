#!/usr/bin/env bash
# starts.sh: the daemon starts on whatever a real system has, such as a configuration that only root may read; if it
# cannot start, it logs why and leaves nothing behind.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 iptables-legacy ip6tables-legacy timeout prlimit
daemon_prepare
N=0

# A hostile line by an address of its own, which is blocked then.
attack() {
	NEW=198.51.100.$((++N))
	postfix_dnsbl "$NEW" >>"$LOG"
	wait_until listed "$NEW" || fail "$1: not blocked"
}

# --- a configuration of mode 0600: root opens it, the engine reads it; at start, by SIGHUP, by reload
daemon_config "[allow]
address = 192.0.2.1"
chmod 600 "$CONF"
daemon_start
attack "a configuration of mode 0600"
sed -i "/^address = 192.0.2.1\$/a address = 192.0.2.2" "$CONF"
kill -HUP "$DAEMON"
wait_until logged "reloaded: " || fail "SIGHUP, with a configuration of mode 0600"
sed -i "/^address = 192.0.2.1\$/a address = 192.0.2.3" "$CONF"
wfs reload >"$WORK/out" 2>&1 || fail "reload, with a configuration of mode 0600: $(cat "$WORK/out")"
for address in 192.0.2.{1,2,3}; do
	[[ $(wfs test "$address") = *allowed* ]] || fail "$address is not allowed: $(wfs test "$address")"
done
# its directory, for root alone as well: at start and at reloads, and errors name its file
mkdir -m 700 "$CONF.d"
(umask 077 && printf '[allow]\naddress = 192.0.2.5\n' >"$CONF.d/10-office.conf")
kill -HUP "$DAEMON"
office_is_allowed() {
	[[ $(wfs test 192.0.2.5) = *allowed* ]]
}
wait_until office_is_allowed || fail "SIGHUP, with another file of the configuration"
(umask 077 && printf '[block]\ntreshold = 5\n' >"$CONF.d/20-wrong.conf")
kill -HUP "$DAEMON"
wait_until logged "reload: $CONF.d/20-wrong.conf:2: [block] has no key \"treshold\"" || fail "an error in another file is not logged"
rm "$CONF.d/20-wrong.conf"
daemon_stop || fail "exit status $? on SIGTERM"
daemon_start
office_is_allowed || fail "another file of the configuration is not read at the start"
rm -r "$CONF.d"
sed -i "/^address = 192.0.2.1\$/a adress = 192.0.2.4" "$CONF"
kill -HUP "$DAEMON"
wait_until logged "reload: $(line_of adress): [allow] has no key \"adress\"" || fail "an error in a configuration of mode 0600 is not logged"
rm "$CONF"
kill -HUP "$DAEMON"
wait_until logged "reload: $CONF: No such file" || fail "a configuration that is gone was mistaken for an empty one"
attack "after a reload that failed"
daemon_config ""
daemon_stop || fail "exit status $? on SIGTERM"
no_rules || fail "stop left rules behind"

nothing_left() {
	no_rules && [ -z "$(in_server sh -c 'ls /proc/net/xt_recent/spammer*' 2>/dev/null)" ]
}

# --- a start that fails logs why, with status 2 when an administrator must change something first, and leaves nothing behind
# does_not_start WHAT STATUS TEXT [COMMAND...]
does_not_start() {
	local what=$1
	shift
	daemon_refuses "$@"
	nothing_left || fail "$what: left behind: $(our_rules)"
}
daemon_config "[block]
treshold = 5"
does_not_start "a wrong key" 2 "has no key"
daemon_config ""
sed -i 's/^user = .*/user = nobodyx/' "$CONF"
does_not_start "a user that is not there" 2 "no user \"nobodyx\""
daemon_config ""
sed -i 's,^\[log .*,[log mail.log],' "$CONF"
does_not_start "a log by a relative path" 2 "[log mail.log]: "
DB=$WORK/nowhere/hits.db
daemon_config ""
does_not_start "no directory for the database" 2 "$DB.lock: No such file or directory"
mkdir "$WORK/nowhere"
does_not_start "a directory that the daemon's user may not write to" 2 "$DB.lock: Permission denied"
chown nobody "$WORK/nowhere"
does_not_start "an engine that is killed while it starts" 3 "the engine was killed by signal 25" prlimit --fsize=4096
DB=$WORK/db/hits.db
daemon_config ""
chmod 700 "$WFS_PROGRAM"
does_not_start "an engine that cannot be started" 2 "cannot start the engine: Permission denied"
chmod 755 "$WFS_PROGRAM"

# --- what ran and was killed keeps its blocks, and a start that fails for now removes none of them
daemon_start
attack "before the engine is killed"
kill -KILL "$ENGINE"
daemon_wait
status=$?
[ "$status" = 3 ] || fail "the engine was killed: exit status $status, want 3"
listed "$NEW" || fail "the engine was killed: the blocks are gone"
sed -i "s,^path = .*,path = $WORK/nowhere/hits.db," "$CONF"
daemon_refuses 3 "the engine was killed by signal 25" prlimit --fsize=4096
listed "$NEW" || fail "a start that failed removed the blocks of the one before"
daemon_config ""

# --- cleanup: not while a daemon runs; else all of what is left
daemon_start
! in_server "$WFS_PROGRAM" -c "$CONF" cleanup >"$WORK/out" 2>&1 || fail "cleanup while a daemon runs"
grep -F "another watchforspammers (process $DAEMON) has chain \"SPAMMER\"" "$WORK/out" >/dev/null || fail "cleanup printed: $(cat "$WORK/out")"
listed "$NEW" || fail "cleanup removed what a daemon had blocked"
engine=$ENGINE
kill -KILL "$DAEMON"
daemon_wait
wait_until is_gone "$engine" || fail "the engine goes on without root"
! nothing_left || fail "a killed daemon left nothing: the test proves nothing"
printed=$(in_server "$WFS_PROGRAM" -c "$CONF" cleanup 2>&1) || fail "cleanup: status $?: $printed"
[ "$printed" = "removed chain SPAMMER, the jumps to it and its lists" ] || fail "cleanup printed: $printed"
nothing_left || fail "cleanup left: $(our_rules)"
printed=$(in_server "$WFS_PROGRAM" -c "$CONF" cleanup 2>&1) || fail "cleanup again: status $?: $printed"
[ "$printed" = "nothing was left" ] || fail "cleanup again printed: $printed"

# --- a log whose directory is not there yet is waited for, and again when it goes; one that may not be read names the remedy
usual_log=$LOG
LOG=$WORK/log/deep/er/mail.log
daemon_config ""
daemon_start
wait_until logged "cannot read $LOG: No such file or directory; waiting for it" || fail "a log without a directory is not logged"
mkdir -p "$WORK/log/deep/er"
attack "a log whose directory came later"
rm -r "$WORK/log/deep"
mkdir -p "$WORK/log/deep/er"
attack "a log whose directories went and came back"
mv "$LOG" "$LOG.1"
install -m 600 /dev/null "$LOG"
wait_until logged "cannot read $LOG: Permission denied; user nobody may not read it: 'chgrp nogroup $LOG; chmod g+r $LOG'" ||
	fail "an unreadable log without a remedy"
daemon_stop || fail "exit status $? on SIGTERM"
LOG=$WORK/log
install -m 600 /dev/null "$WORK/friends"
echo "tester 0123456789abcdef0123456789abcdef" >"$WORK/tokens"
chmod 600 "$WORK/tokens"
daemon_config "tcp = 127.0.0.1:4711
token_file = $WORK/tokens
[allow]
file = $WORK/friends"
daemon_start
logged "$WORK/friends: Permission denied; no network of it is known; user nobody may not read it: 'chgrp nogroup " ||
	fail "an [allow] file for root alone"
logged "user nobody must own it: 'chown nobody $WORK/tokens'" || fail "a token_file for root alone"
wait_until logged "cannot read $LOG: it is a directory; waiting for it" || fail "a directory as a log is not logged"
daemon_stop || fail "exit status $? on SIGTERM"
LOG=$usual_log

# --- jump_from is for recent: with nftables, hooks alone says which packets are dropped
listen 25
daemon_config "[firewall]
jump_from = INPUT FORWARD"
[ "$BACKEND" = recent ] || sed -i 's/^jump_from = .*/jump_from = FORWARD/' "$CONF"
daemon_start
wfs block 10.9.0.2 --for 1h >/dev/null || fail "cannot block"
wait_until listed 10.9.0.2 || fail "10.9.0.2 is not blocked"
! tcp_from "$CLIENT" 10.9.0.2 10.9.0.1 25 || fail "jump_from: connects though blocked"
daemon_stop || fail "exit status $?"

# --- a file that systemd hides: the drop-in, but only when systemd started us
edited() { # LINE: the remedy with that line
	printf '%s' ": 'systemctl edit watchforspammers', write the lines \"[Service]\" and \"$1\", 'systemctl restart watchforspammers'"
}
for home in /home /root; do
	[ -d "$home" ] || continue
	WRAP=(sh -c 'mount -t tmpfs -o mode=000 tmpfs "$0" && exec "$@"' "$home")
	LOG=$home/mail/mail.log
	daemon_config ""
	daemon_start
	wait_until logged "cannot read $LOG: Permission denied; user nobody may not enter $home: 'chmod o+x $home'" ||
		fail "a log in a closed directory"
	daemon_stop || fail "exit status $? on SIGTERM"
	export NOTIFY_SOCKET=$WORK/notify
	daemon_start
	wait_until logged "systemd hides $home from its services$(edited ProtectHome=read-only)" || fail "a log that systemd hides in $home"
	daemon_stop || fail "exit status $? on SIGTERM"
	LOG=$usual_log
	DB=$home/mail/hits.db
	daemon_config ""
	does_not_start "a database that systemd hides in $home" 2 "systemd hides $home from its services$(edited ProtectHome=no)" "${WRAP[@]}"
	DB=$WORK/db/hits.db
	unset NOTIFY_SOCKET
done
export NOTIFY_SOCKET=$WORK/notify
mkdir -p "$WORK/systemd-private-1/tmp"
WRAP=(sh -c 'mount --bind "$0" /var/tmp && exec "$@"' "$WORK/systemd-private-1/tmp")
LOG=/var/tmp/wfs/mail.log
daemon_config ""
daemon_start
wait_until logged "systemd gives the service a private /var/tmp$(edited PrivateTmp=no)" || fail "a log in the /var/tmp that systemd hides"
daemon_stop || fail "exit status $? on SIGTERM"
WRAP=()
LOG=$usual_log
DB=$WORK/nowhere/hits.db
daemon_config ""
does_not_start "a database where systemd lets nobody write" 2 \
	"systemd lets the service write only to permitted directories$(edited "ReadWritePaths=$WORK/nowhere")" \
	sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$WORK/nowhere"
unset NOTIFY_SOCKET
DB=$WORK/db/hits.db
daemon_config ""

# --- one daemon for each network namespace, with the same names
daemon_start
attack "the first namespace"
mkdir "$WORK/db2"
chown nobody "$WORK/db2"
sed "s,$WORK/db/,$WORK/db2/," "$CONF" >"$WORK/second.conf"
ip netns exec "$CLIENT" "$WFS_PROGRAM" -c "$WORK/second.conf" run 2>"$WORK/second.err" &
second=$!
wait_until grep -F ", database $WORK/db2/" "$WORK/second.err" || fail "the second namespace: $(cat "$WORK/second.err")"
kill "$second"
wait "$second" || fail "the second namespace: status $?: $(cat "$WORK/second.err")"
listed "$NEW" || fail "a daemon in another namespace removed the blocks"
daemon_stop || fail "exit status $? on SIGTERM"
nothing_left || fail "stop left something behind"

no_sanitizer
echo "ok"
