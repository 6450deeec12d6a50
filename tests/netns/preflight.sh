#!/usr/bin/env bash
# preflight.sh: "check" reports beforehand what "run" would meet on this machine: its user, the logs and their contents,
# the kernel, and ports that stay open. Errors are what keeps "run" from working, the rest are warnings. It leaves
# nothing behind.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy setpriv unshare
daemon_prepare
GROUP=$(id -gn nobody)
# One rule of two examples: check tries them all, each time.
rm "$WORK/patterns/"*.rules
cat >"$WORK/patterns/listed.rules" <<'END'
[listed]
program  = postfix/smtpd
match    = ^NOQUEUE: reject: RCPT from unknown\[<ADDR>\]: 554 5\.7\.1 Service unavailable
category = dnsbl
reason   = listed by a DNS blocklist
score    = 100
hit      = 198.51.100.66 | Nov 20 13:37:42 mx postfix/smtpd[105]: NOQUEUE: reject: RCPT from unknown[198.51.100.66]: 554 5.7.1 Service unavailable; Client host [198.51.100.66] blocked
miss     = Nov 20 13:37:42 mx postfix/smtpd[105]: NOQUEUE: reject: RCPT from unknown[198.51.100.66]: 450 4.7.1 Service unavailable; Client host [198.51.100.66] blocked
END

# config USER LOG... : with all mail ports, unless $CLOSED names others.
config() {
	local user=$1 log
	shift
	for log; do echo "[log $log]"; done >"$CONF"
	cat >>"$CONF" <<-END
	[database]
	path = $DB
	[run]
	user = $user
	patterns = $WORK/patterns
	[control]
	socket = $SOCKET
	group = $GROUP
	readers = ${READERS-}
	[firewall]
	backend = $BACKEND
	${CLOSED:+ports = $CLOSED}
	[allow]
	private = no
	END
}

# checks STATUS [TEXT...]: check ends so and prints all of these; nothing at all without.
checks() {
	local want=$1 status=0 text
	shift
	in_server "${AS[@]}" "$WFS_PROGRAM" -c "$CONF" check >"$WORK/printed" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "got status $status, want $want: $(cat "$WORK/printed")"
	for text; do
		grep -F -- "$text" "$WORK/printed" >/dev/null || fail "want $text, got $(cat "$WORK/printed")"
	done
	[ $# -gt 0 ] || [ "$(wc -l <"$WORK/printed")" = 1 ] || fail "want no warnings, got $(cat "$WORK/printed")"
}
AS=()

# --- all is well
postfix_dnsbl 10.9.0.2 >>"$LOG"
config nobody "$LOG"
checks 0
no_rules || fail "check left rules behind"

# --- user and groups
config nobodyx "$LOG"
checks 1 '[run] user: no user "nobodyx"' "systemd-sysusers"
READERS=nogroupx config nobody "$LOG"
checks 0 'warning: [control] readers: no group "nogroupx"' "groupadd -r nogroupx"

# --- logs that cannot be read: an error when there is no other
mkdir "$WORK/log/directory"
mkfifo "$WORK/log/fifo"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$WORK/log/socket"
config nobody "$WORK/log/directory" "$WORK/log/fifo" "$WORK/log/socket"
checks 1 "cannot read $WORK/log/directory: it is a directory; name a regular file" \
	"cannot read $WORK/log/fifo: it is not a regular file" "cannot read $WORK/log/socket: it is not a regular file" "3 errors"
in_server "$WFS_PROGRAM" -c "$CONF" check --json >"$WORK/printed"
jq -es 'map(select(.kind == "fault" and .file == null)) | length == 3' <"$WORK/printed" >/dev/null || fail "check --json: $(cat "$WORK/printed")"
config nobody "$LOG" "$WORK/log/directory"
checks 0 "warning: cannot read $WORK/log/directory: it is a directory"
install -m 640 -g adm /dev/null "$WORK/log/closed"
config nobody "$WORK/log/closed"
checks 1 "cannot read $WORK/log/closed: Permission denied; usermod -aG adm nobody"
chmod 600 "$WORK/log/closed"
checks 1 "chgrp adm $WORK/log/closed && chmod g+r $WORK/log/closed"
# Other users judge by the modes.
AS=(setpriv --reuid 4712 --regid 4712 --clear-groups)
checks 1 "cannot read $WORK/log/closed: Permission denied"
config nobody "$LOG"
checks 0
AS=()
mkdir -m 700 "$WORK/log/private"
cp "$LOG" "$WORK/log/private/mail.log"
config nobody "$WORK/log/private/mail.log"
checks 1 "cannot read $WORK/log/private/mail.log" "chmod g+x $WORK/log/private"

# --- a log that is not there: it may come; where only the journal has the mail, that is reported
config nobody "$WORK/log/none.log"
checks 0 "warning: cannot read $WORK/log/none.log: No such file or directory"
cat >"$WORK/journal_only" <<'END2'
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal || exit 9
for program in rsyslogd syslog-ng syslogd; do
	[ ! -e "/usr/sbin/$program" ] || mount --bind /dev/null "/usr/sbin/$program" || exit 9
done
exec "$@"
END2
unshare -m sh "$WORK/journal_only" "$WFS_PROGRAM" -c "$CONF" check >"$WORK/printed" 2>&1 || fail "status $?: $(cat "$WORK/printed")"
grep -F "mail logs are in the journal only: set [journal] read = yes, and restart" "$WORK/printed" >/dev/null || fail "journal only: $(cat "$WORK/printed")"

# --- what is in it
stamp=$(now)
for i in {1..4000}; do
	printf '%s mx CRON[%d]: (root) CMD (true)\n%s mx ev\033il[%d]: text\n' "$stamp" "$i" "$stamp" "$i"
done >"$WORK/log/other"
config nobody "$WORK/log/other"
checks 0 "warning: $WORK/log/other: none of its last " "of a program that the rules know, but of CRON" "is it the log of your mail server?"
! grep -q $'\033' "$WORK/printed" || fail "a control character of the log is printed"

# --- the kernel, tried in a place that nothing uses
config nobody "$LOG"
AS=(setpriv --bounding-set=-net_admin)
checks 1 "CAP_NET_ADMIN"
AS=()
daemon_start
rules=$(our_rules)
checks 0
[ "$(our_rules)" = "$rules" ] || fail "check changed the rules of a running daemon: $(our_rules)"
listed 10.9.0.2 || fail "check released somebody"
daemon_stop || fail "exit status $?"

# --- ports that stay open
for port in 993 143; do
	ip netns exec "$SERVER" nc -4 -d -k -l 10.9.0.1 "$port" </dev/null >/dev/null 2>&1 &
	LISTENERS+=($!)
done
ip netns exec "$SERVER" nc -6 -d -k -l fd09::1 110 </dev/null >/dev/null 2>&1 &
LISTENERS+=($!)
for address in 127.0.0.1 ::1; do # no other host gets there
	ip netns exec "$SERVER" nc -d -k -l "$address" 4190 </dev/null >/dev/null 2>&1 &
	LISTENERS+=($!)
done
for port in 993 143 110 4190; do wait_until is_listening "$port" || fail "nothing listens on $port"; done
checks 0
CLOSED=25,110 config nobody "$LOG"
checks 0 "warning: nc listens on 143 and 993, which stay open to blocked clients: add them to [firewall] ports" "1 warning"
CLOSED=25,110,993 config nobody "$LOG"
checks 0 "warning: nc listens on 143, which stays open to blocked clients: add it to [firewall] ports"
AS=(setpriv --reuid 4712 --regid 4712 --clear-groups)
checks 0 "warning: a server listens on 143, which stays open"
AS=()
no_rules || fail "check left rules behind"
no_sanitizer
echo "ok"
