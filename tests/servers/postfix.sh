#!/usr/bin/env bash
# Real Postfix, Debian's configuration with a DNS blocklist and Dovecot's SASL: the daemon blocks clients that are
# listed, relay or guess passwords or names, over IPv4 and IPv6, and leaves honest ones alone.
#
#   postfix.sh [syslog|file]      file: Postfix writes its log itself (maillog_file)
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
VARIANT=${1:-syslog}
server_prepare postfix
logs_follow mail.log

server_start <<'END'
postconf -e 'myhostname = mx.example.org' 'inet_protocols = all' 'smtpd_tls_security_level = none' \
	'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' 'smtpd_sasl_local_domain = $myhostname' \
	'smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_rbl_client dnsbl.test' \
	'smtpd_error_sleep_time = 0' \
	'postscreen_greet_wait = 5s' 'postscreen_dnsbl_sites = dnsbl.test' 'postscreen_dnsbl_action = enforce' \
	'postscreen_greet_action = enforce'
# smtpd for clients that passed, a screen on a port of its own before it.
postconf -M 'submission/inet=submission inet n - y - - smtpd'
postconf -P 'submission/inet/syslog_name=postfix/submission' 'submission/inet/smtpd_sasl_auth_enable=yes' \
	'submission/inet/smtpd_relay_restrictions=permit_sasl_authenticated,reject' \
	'submission/inet/smtpd_recipient_restrictions='
postconf -M '2525/inet=2525 inet n - y - 1 postscreen' 'smtpd/pass=smtpd pass - - y - - smtpd' \
	'dnsblog/unix=dnsblog unix - - y - 0 dnsblog' 'tlsproxy/unix=tlsproxy unix - - y - 0 tlsproxy'
newaliases
[ "$VARIANT" = syslog ] || postconf -e 'maillog_file = /var/log/mail.log'
dovecot_for_postfix
# First: it makes the directory of the other's socket.
postfix start
dovecot
END
wait_long is_listening 25 || server_fail "no smtpd"
wait_long is_listening 587 || server_fail "no submission"
guard

for net in 10.9.0. fd09::; do
	# On the blocklist.
	mail_start "${net}2"
	# Relays, twice.
	mail_start "${net}4" --to one@example.com
	mail_start "${net}4" --to two@example.com
	# Five wrong passwords.
	for _ in 1 2 3 4 5; do
		mail_start "${net}5" --port 587 --auth LOGIN --auth-user alice --auth-password wrong
	done
	# Five names that do not exist.
	mail_start "${net}6" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
	# A web client: a command that is none, or since Postfix 3.9 only "improper pipelining", which counts less.
	for _ in 1 2; do
		send_start "${net}7" 25 "GET / HTTP/1.1" "Host: mx.example.org" ""
	done
	# postscreen: on the blocklist, and talks before it is greeted.
	mail_start "${net}8" --port 2525
	send_start "${net}9" 2525 "EHLO early.example" "QUIT"
done

# Honest: delivers, mistypes a recipient and a password once.
for honest in 10.9.0.3 fd09::3; do
	mail_from "$honest" || server_fail "honest mail from $honest is not accepted"
	! mail_from "$honest" --to alcie@mx.example.org || server_fail "an unknown user is accepted"
	! mail_from "$honest" --port 587 --auth PLAIN --auth-user alice --auth-password wrong || server_fail "logs in with a wrong password"
	mail_from "$honest" --port 587 --auth PLAIN --auth-user alice --auth-password "$PASSWORD" --to bob@example.com ||
		server_fail "honest login from $honest is not accepted"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}2" 25 postfix-dnsbl dnsbl
	expect_blocked "${net}4" 25 postfix-relay relay
	expect_blocked "${net}5" 587 postfix-auth auth
	expect_hits "${net}5" postfix-auth 5
	expect_blocked "${net}6" 25 postfix-unknown-user unknown-user
	expect_blocked "${net}7" 25 postfix-% protocol
	expect_blocked "${net}8" 25 postscreen-dnsbl% dnsbl
	expect_blocked "${net}9" 25 postscreen-pregreet protocol
	mail_from "${net}3" || server_fail "honest mail from ${net}3 is no longer accepted"
	expect_open "${net}3" 25
	expect_open "${net}3" 587
done
finish 10.9.0.{2,4,5,6,7,8,9} fd09::{2,4,5,6,7,8,9}
