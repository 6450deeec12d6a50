#!/usr/bin/env bash
# Real Exim, Debian's configuration with a DNS blocklist and its own authenticators: the daemon blocks clients
# that are listed, relay, guess passwords or names or do not keep to SMTP, over IPv4 and IPv6,
# and leaves honest ones alone.
#
#   exim.sh [file|syslog|syslog-twice]
#
# file: Exim's own mainlog. syslog-twice: as Exim comes, it writes each rejection to syslog twice, for mainlog
# and rejectlog; one wrong password is one wrong password all the same. syslog: syslog_duplication = no.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
VARIANT=${1:-file}
server_prepare exim
case $VARIANT in
file) logs_follow exim4/mainlog ;;
*) logs_follow mail.log ;;
esac

server_start <<'END'
cd /etc/exim4
sed -i "s/^dc_eximconfig_configtype=.*/dc_eximconfig_configtype='internet'/; s/^dc_local_interfaces=.*/dc_local_interfaces=''/
	s/^dc_other_hostnames=.*/dc_other_hostnames='mx.example.org'/" update-exim4.conf.conf
cat >exim4.conf.localmacros <<CONF
MAIN_HARDCODE_PRIMARY_HOSTNAME = mx.example.org
CHECK_RCPT_LOCAL_ACL_FILE = /etc/exim4/local_acl
AUTH_SERVER_ALLOW_NOTLS_PASSWORDS = yes
smtp_accept_max_per_host = 0
CONF
[ "$VARIANT" = file ] || echo 'log_file_path = syslog' >>exim4.conf.localmacros
[ "$VARIANT" != syslog ] || echo 'syslog_duplication = no' >>exim4.conf.localmacros
cat >local_acl <<'CONF'
deny
  dnslists = dnsbl.test
  message = $sender_host_address is listed at $dnslist_domain: $dnslist_text
CONF
# Debian's examples of authenticators.
sed -i '/^# plain_server:/,/^# *\.endif/s/^# \?//; /^# login_server:/,/^# *\.endif/s/^# \?//' exim4.conf.template
echo "alice:$(perl -e 'print crypt($ENV{PASSWORD}, "\$6\$saltsalt\$")'):" >passwd
chown -R Debian-exim:adm /var/log/exim4
chmod 755 /var/log/exim4
update-exim4.conf
exim4 -bd -q30m
END
wait_long is_listening 25 || server_fail "no Exim"
guard

for net in 10.9.0. fd09::; do
	# On the blocklist.
	mail_start "${net}2"
	# Relays, twice.
	mail_start "${net}4" --to one@example.com
	mail_start "${net}4" --to two@example.com
	# Five wrong passwords.
	for mechanism in LOGIN PLAIN LOGIN PLAIN LOGIN; do
		mail_start "${net}5" --auth "$mechanism" --auth-user alice --auth-password wrong
	done
	# Five names that do not exist.
	mail_start "${net}6" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
	# Send everything at once though the server did not offer it; talk HTTP.
	for _ in 1 2 3; do
		send_start "${net}7" 25 "HELO early.example" "MAIL FROM:<a@example.net>" "RCPT TO:<alice@mx.example.org>"
		send_start "${net}8" 25 "GET / HTTP/1.1" "Host: mx.example.org" "User-Agent: x" "Accept: */*" ""
	done
done

# Honest: delivers, mistypes a recipient and a password once.
for honest in 10.9.0.3 fd09::3; do
	mail_from "$honest" || server_fail "honest mail from $honest is not accepted"
	! mail_from "$honest" --to alcie@mx.example.org || server_fail "an unknown user is accepted"
	! mail_from "$honest" --auth PLAIN --auth-user alice --auth-password wrong || server_fail "logs in with a wrong password"
	mail_from "$honest" --auth PLAIN --auth-user alice --auth-password "$PASSWORD" --to bob@example.com ||
		server_fail "honest login from $honest is not accepted"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}2" 25 exim-dnsbl dnsbl
	expect_blocked "${net}4" 25 exim-relay relay
	expect_blocked "${net}5" 25 exim-auth auth
	expect_hits "${net}5" exim-auth 5
	expect_blocked "${net}6" 25 exim-unknown-user unknown-user
	expect_blocked "${net}7" 25 exim-synchronization protocol
	expect_blocked "${net}8" 25 exim-errors protocol
	mail_from "${net}3" || server_fail "honest mail from ${net}3 is no longer accepted"
	expect_open "${net}3" 25
done
finish 10.9.0.{2,4,5,6,7,8} fd09::{2,4,5,6,7,8}
