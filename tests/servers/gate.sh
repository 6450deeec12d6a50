#!/usr/bin/env bash
# A gate between two real Postfixes: the first delivery is refused in the kernel, so that the receiving server does not notice it;
# the retry after the pause is delivered, and from then on mail comes at once. A bot that tries once never reaches Postfix.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
BACKEND=nftables
server_prepare postfix nft
logs_follow mail.log
SENDER_INIT=

sender_down() {
	if [ -n "$SENDER_INIT" ]; then
		kill -KILL "$SENDER_INIT" 2>/dev/null
		wait "$SENDER_INIT" 2>/dev/null
		wait_until client_is_empty
	fi
	server_down
}
trap sender_down EXIT

client_is_empty() {
	[ -z "$(ip netns pids "$CLIENT" 2>/dev/null)" ]
}

server_start <<'END'
postconf -e 'myhostname = mx.example.org' 'inet_protocols = all' 'smtpd_tls_security_level = none'
newaliases
postfix start
END
wait_long is_listening 25 || server_fail "no smtpd"

# The sender: the same root, in the other namespace, with a directory of its own. It tries again soon.
SENDER=$WORK/sender
mkdir "$SENDER" "$SENDER/log"
touch "$SENDER/log/mail.log"
cat >"$SENDER/setup" <<'END'
postconf -e 'myhostname = honest.example.net' 'inet_interfaces = loopback-only' 'inet_protocols = ipv4' 'smtp_bind_address = 10.9.0.3' \
	'smtp_tls_security_level = none' 'relayhost = [10.9.0.1]' 'mydestination =' 'minimal_backoff_time = 3s' \
	'maximal_backoff_time = 6s' 'queue_run_delay = 3s' 'transport_retry_time = 3s'
newaliases
postfix start
END
ip netns exec "$CLIENT" setpriv --pdeathsig KILL -- unshare --mount --pid --uts --ipc --fork --kill-child=KILL -- \
	bash -eu "$SERVERS_HERE/inside.sh" "$ROOT" "$SENDER" "$PASSWORD" file </dev/null >"$SENDER/out" 2>&1 &
SENDER_INIT=$!
wait_long [ -e "$SENDER/up" ] || server_fail "the sending Postfix does not start: $(cat "$SENDER/out")"

daemon_config "[gate mail]
pause = 5s
window = 10m
pass = 1d
[firewall]
backend = nftables
resync = 1s"
daemon_start
is_closed() {
	in_server nft list set inet watchforspammers.gate mail_alive | grep -q "tcp timeout"
}
wait_until is_closed || server_fail "the gate is not closed"

# send SUBJECT: hands a message to the sending Postfix.
send() {
	local inside
	# The file has no newline, so read returns an error.
	read -r inside _ <"/proc/$SENDER_INIT/task/$SENDER_INIT/children"
	nsenter -t "$inside" -m -p -u -n -i chroot "$SENDER/layer/root" \
		sendmail -f sender@example.net alice@mx.example.org <<<"Subject: $1"$'\n\nHello'
}

# The sender's log has a line with this: sender_logged TEXT
sender_logged() {
	grep -qF -- "$1" "$SENDER/log/mail.log"
}

delivered_times() {
	[ "$(grep -c "status=sent (delivered to " "$WORK/log/mail.log")" -ge "$1" ]
}

has_pass() {
	gate_has pass4_32 "$1"
}

# --- a bot tries once
! mail_from 10.9.0.5 || server_fail "a bot is let in at once"

# --- the first delivery is refused, the retry comes through
send first || server_fail "sendmail"
wait_long sender_logged "Connection refused" || server_fail "the first delivery is not refused: $(cat "$SENDER/log/mail.log")"
not delivered_times 1 || server_fail "the first delivery came through"
not grep -q "connect from" "$WORK/log/mail.log" || server_fail "Postfix noticed a connection: $(grep "connect from" "$WORK/log/mail.log")"
wait_long delivered_times 1 || server_fail "the retry did not come through: $(cat "$SENDER/log/mail.log")"
wait_long has_pass 10.9.0.3 || server_fail "a delivery gives no pass"

# --- further mail comes at once: no other connection is refused
refused=$(grep -c "Connection refused" "$SENDER/log/mail.log")
send second || server_fail "sendmail"
wait_long delivered_times 2 || server_fail "the second message did not come"
[ "$(grep -c "Connection refused" "$SENDER/log/mail.log")" = "$refused" ] || server_fail "the second message had to wait"
not grep -F "10.9.0.5" "$WORK/log/mail.log" || server_fail "a bot that does not come back reached Postfix"

report_has() {
	wfs report | grep -E -- "$1"
}
wait_long report_has "^ *1  came back in time, after [0-9]+s on average" || server_fail "report: $(wfs report)"
daemon_stop || server_fail "exit status $?"
no_sanitizer
echo "ok"
