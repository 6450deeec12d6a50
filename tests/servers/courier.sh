#!/usr/bin/env bash
# Real Courier, SMTP, IMAP and POP3 with passwords in userdb and a DNS blocklist: the daemon blocks clients that are
# listed, relay or guess passwords or names, over IPv4 and IPv6, and leaves honest ones alone.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
server_prepare courier
logs_follow mail.log

server_start <<'END'
cd /etc/courier
echo mx.example.org >me
echo mx.example.org >defaultdomain
printf 'localhost\nmx.example.org\n' >locals
echo mx.example.org >esmtpacceptmailfor.dir/local
sed -i 's/^BLACKLISTS=.*/BLACKLISTS="-block=dnsbl.test,BLOCK,*"/; s/^ESMTPAUTH=.*/ESMTPAUTH="LOGIN PLAIN"/; s/^TARPIT=.*/TARPIT=0/
	s/^MAXPERIP=.*/MAXPERIP=20/; s/^MAXPERC=.*/MAXPERC=40/' esmtpd
sed -i 's/^MAXPERIP=.*/MAXPERIP=20/' imapd pop3d
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' authdaemonrc
userdb alice set "uid=$(id -u alice)" "gid=$(id -g alice)" home=/home/alice shell=/bin/sh
echo "$PASSWORD" | userdbpw -md5 | userdb alice set systempw
makeuserdb
# Debian lets 10.0.0.0/8 relay.
rm -f smtpaccess/default
printf '127.0.0.1\tallow,RELAYCLIENT\n' >smtpaccess/local
makealiases
makeacceptmailfor
makesmtpaccess
su alice -c 'maildirmake /home/alice/Maildir'
mkdir -p /run/courier/authdaemon
chown -R courier:courier /run/courier
# As systemd would: where the programs are differs between releases.
for unit in courier-authdaemon courier courier-mta courier-imap courier-pop; do
	$(sed -n 's/^ExecStart=//p' "/lib/systemd/system/$unit.service")
done
END
for port in 25 110 143; do
	wait_long is_listening "$port" || server_fail "nobody on port $port"
done
guard

for net in 10.9.0. fd09::; do
	# On the blocklist.
	mail_start "${net}2"
	# Relays, twice.
	mail_start "${net}4" --to one@example.com
	mail_start "${net}4" --to two@example.com
	for _ in 1 2 3 4 5; do
		# Five wrong passwords: SMTP, IMAP, POP3.
		mail_start "${net}5" --auth LOGIN --auth-user alice --auth-password wrong
		send_start "${net}7" 143 "a LOGIN alice wrong" "b LOGOUT"
		send_start "${net}8" 110 "USER alice" "PASS wrong" "QUIT"
	done
	# Five names that do not exist.
	mail_start "${net}6" --to a@mx.example.org,b@mx.example.org,c@mx.example.org,d@mx.example.org,e@mx.example.org
	# Four senders of a domain that does not exist.
	for _ in 1 2 3 4; do
		mail_start "${net}9" --from someone@nowhere.invalid
	done
done

# Honest: delivers, mistypes a recipient and a password once each.
for honest in 10.9.0.3 fd09::3; do
	mail_from "$honest" || server_fail "honest mail from $honest is not accepted"
	! mail_from "$honest" --to alcie@mx.example.org || server_fail "an unknown user is accepted"
	! mail_from "$honest" --auth PLAIN --auth-user alice --auth-password wrong || server_fail "logs in with a wrong password"
	mail_from "$honest" --auth PLAIN --auth-user alice --auth-password "$PASSWORD" --to bob@example.com ||
		server_fail "honest login from $honest is not accepted"
	talk_from "$honest" 143 "* OK" "a LOGIN alice wrong" "a NO" "b LOGIN alice $PASSWORD" "b OK" "c LOGOUT" ||
		server_fail "honest $honest cannot log in to IMAP"
	talk_from "$honest" 110 "+OK" "USER alice" "+OK" "PASS $PASSWORD" "+OK" "QUIT" || server_fail "honest $honest cannot log in to POP3"
done

for net in 10.9.0. fd09::; do
	expect_blocked "${net}2" 25 courier-dnsbl dnsbl
	expect_blocked "${net}4" 25 courier-relay relay
	expect_blocked "${net}5" 25 courier-auth auth
	expect_blocked "${net}6" 25 courier-unknown-user unknown-user
	expect_blocked "${net}7" 143 courier-imap-auth auth
	expect_blocked "${net}8" 110 courier-imap-auth auth
	expect_blocked "${net}9" 25 courier-sender protocol
	mail_from "${net}3" || server_fail "honest mail from ${net}3 is no longer accepted"
	expect_open "${net}3" 25
	expect_open "${net}3" 143
done
finish 10.9.0.{2,4,5,6,7,8,9} fd09::{2,4,5,6,7,8,9}
