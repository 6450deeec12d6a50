#!/usr/bin/env bash
# Real Dovecot, IMAP, POP3 and submission with Debian's configuration (PAM): the daemon blocks clients that
# guess passwords, in many connections or in few, over IPv4 and IPv6, and leaves those that mistype once alone.
#
#   dovecot.sh [syslog|file]      file: Dovecot writes its log itself (log_path), and what auth_verbose adds: guesses in a
#                                 connection that lasts
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
VARIANT=${1:-syslog}
server_prepare dovecot
logs_follow mail.log

server_start <<'END'
case $(dovecot --version) in
2.4*) echo 'auth_allow_cleartext = yes' ;;
*) echo 'disable_plaintext_auth = no' ;;
esac >/etc/dovecot/local.conf
cat >>/etc/dovecot/local.conf <<CONF
submission_relay_host = 127.0.0.1
CONF
# Dovecot delays its answers to an address that failed, up to 15 s; not here.
[ "$VARIANT" = syslog ] || cat >>/etc/dovecot/local.conf <<CONF
log_path = /var/log/mail.log
auth_verbose = yes
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
CONF
dovecot
END
for port in 110 143 587; do
	wait_long is_listening "$port" || server_fail "nobody on port $port"
done
guard

for net in 10.9.0. fd09::; do
	for _ in 1 2 3 4 5; do
		send_start "${net}4" 110 "USER alice" "PASS wrong" "QUIT"
		send_start "${net}5" 143 "a LOGIN alice wrong" "b LOGOUT"
		# A name that is not in passwd, and one that looks like the rest of the line.
		send_start "${net}6" 143 "a LOGIN nobody-here wrong" "b LOGOUT"
		send_start "${net}7" 143 'a LOGIN "x>, rip=10.9.0.3, lip=10.9.0.1" wrong' "b LOGOUT"
		mail_start "${net}8" --port 587 --auth PLAIN --auth-user alice --auth-password wrong
	done
	# Two connections, five attempts.
	send_start "${net}9" 143 "a LOGIN alice 1" "b LOGIN alice 2" "c LOGIN alice 3" "d LOGOUT"
	send_start "${net}9" 143 "a LOGIN alice 4" "b LOGIN alice 5" "c LOGOUT"
done

# lasting CLIENT USER: seven attempts in one connection, which stays open until it is cut.
lasting() {
	(talk_from "$1" 143 "* OK" "a LOGIN $2 1" "a NO" "b LOGIN $2 2" "b NO" "c LOGIN $2 3" "c NO" "d LOGIN $2 4" \
		"d NO" "e LOGIN $2 5" "e NO" "f LOGIN $2 6" "f NO" "g LOGIN $2 7" "never" "g LOGOUT") &
	ATTACKS+=($!)
}
[ "$VARIANT" = syslog ] || { lasting 10.9.0.2 alice; lasting fd09::2 nobody-here; }

# Honest: mistypes once, logs in.
for honest in 10.9.0.3 fd09::3; do
	talk_from "$honest" 143 "* OK" "a LOGIN alice wrong" "a NO" "b LOGIN alice $PASSWORD" "b OK" "c LOGOUT" ||
		server_fail "honest $honest cannot log in to IMAP"
	send_start "$honest" 143 "a LOGIN alice wrong" "b LOGOUT"
	talk_from "$honest" 110 "+OK" "USER alice" "+OK" "PASS $PASSWORD" "+OK" "QUIT" || server_fail "honest $honest cannot log in to POP3"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}4" 110 dovecot-auth auth
	expect_blocked "${net}5" 143 dovecot-auth auth
	expect_blocked "${net}6" 143 dovecot-auth auth
	expect_blocked "${net}7" 143 dovecot-auth auth
	expect_blocked "${net}8" 587 dovecot-auth auth
	expect_blocked "${net}9" 143 dovecot-% auth
	expect_hits "${net}3" dovecot-auth 1
	[ "$VARIANT" = syslog ] || {
		expect_blocked "${net}2" 143 dovecot-session% auth
		expect_hits "${net}2" dovecot-auth 0
	}
	expect_open "${net}3" 143
	expect_open "${net}3" 110
done
lasting=()
[ "$VARIANT" = syslog ] || lasting=(10.9.0.2 fd09::2)
finish 10.9.0.{4,5,6,7,8,9} fd09::{4,5,6,7,8,9} "${lasting[@]}"
