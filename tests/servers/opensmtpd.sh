#!/usr/bin/env bash
# Real OpenSMTPD with TLS and passwords in a table: every error names only the session, and still the daemon
# blocks clients that guess passwords or names or relay, over IPv4 and IPv6, and leaves honest ones alone.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
server_prepare opensmtpd
logs_follow mail.log
# Logging in needs TLS, which OpenSMTPD before 7 cannot do with OpenSSL 3, that is in Debian 12:
# https://github.com/OpenSMTPD/OpenSMTPD/issues/1239
version=$(dpkg-query --admindir="$ROOT/var/lib/dpkg" -W -f '${Version}' opensmtpd) || fail "OpenSMTPD is not in its root"
guessers=()
case $version in
6.*) tls=no ;;
*) tls=yes ;;
esac

server_start <<'END'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=mx.example.org -keyout /etc/ssl/private/mx.key -out /etc/ssl/mx.crt
chmod 600 /etc/ssl/private/mx.key
echo "alice $(smtpctl encrypt "$PASSWORD")" >/etc/smtpd.creds
cat >/etc/smtpd.conf <<CONF
pki test cert "/etc/ssl/mx.crt"
pki test key "/etc/ssl/private/mx.key"
table aliases file:/etc/aliases
table creds file:/etc/smtpd.creds
listen on 0.0.0.0 tls pki test auth-optional <creds> hostname mx.example.org
listen on :: tls pki test auth-optional <creds> hostname mx.example.org
action "local" maildir alias <aliases>
action "relay" relay
match from any for domain "mx.example.org" action "local"
match auth from any for any action "relay"
CONF
[ -e /etc/aliases ] || echo 'postmaster: root' >/etc/aliases
smtpd
END
wait_long is_listening 25 || server_fail "no smtpd"
guard

for net in 10.9.0. fd09::; do
	# Relays.
	mail_start "${net}4" --to a@example.com,b@example.com,c@example.com,d@example.com,e@example.com
	# Five wrong passwords.
	for _ in 1 2 3 4 5; do
		[ "$tls" = no ] || mail_start "${net}5" -tls --auth LOGIN --auth-user alice --auth-password wrong
	done
	# Five names that do not exist.
	mail_start "${net}6" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
done

# Honest: delivers, mistypes a recipient and a password once.
for honest in 10.9.0.3 fd09::3; do
	mail_from "$honest" || server_fail "honest mail from $honest is not accepted"
	! mail_from "$honest" --to alcie@mx.example.org || server_fail "an unknown user is accepted"
	[ "$tls" = yes ] || continue
	! mail_from "$honest" -tls --auth PLAIN --auth-user alice --auth-password wrong || server_fail "logs in with a wrong password"
	mail_from "$honest" -tls --auth PLAIN --auth-user alice --auth-password "$PASSWORD" --to bob@example.com ||
		server_fail "honest login from $honest is not accepted"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}4" 25 opensmtpd-recipient unknown-user
	if [ "$tls" = yes ]; then
		expect_blocked "${net}5" 25 opensmtpd-auth% auth
		expect_hits "${net}5" opensmtpd-auth% 5
	fi
	expect_blocked "${net}6" 25 opensmtpd-recipient unknown-user
	mail_from "${net}3" || server_fail "honest mail from ${net}3 is no longer accepted"
	expect_open "${net}3" 25
done
[ "$tls" = no ] || guessers=(10.9.0.5 fd09::5)
finish 10.9.0.{4,6} fd09::{4,6} "${guessers[@]}"
