#!/usr/bin/env bash
# Real MIMEDefang before real Postfix, with SpamAssassin and Debian's filter: the votes of contrib/mimedefang-filter.pl,
# and those of contrib/vote in procmail, reach the daemon over the control socket, and what the filter logs counts as
# well. Clients that send spam or have a name of broadband are blocked; those without a name, logged in or honest are not.
# Without a daemon, or with one that does not answer, mail goes on.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
server_prepare mimedefang
logs_follow mail.log
# Where both can get at it: the server's /var/log is ours.
mkdir "$WORK/log/wfs"
chown nobody "$WORK/log/wfs"
SOCKET=$WORK/log/wfs/control
cp -r "$WFS_SOURCE_ROOT/contrib" "$WORK/log/"

# Not watchforspammers: the daemon must be in the group of its socket, and both systems know it by the same number.
GROUP=nogroup
server_start <<'END'
ln -s /var/log/wfs /run/watchforspammers
usermod -aG nogroup defang
usermod -aG nogroup alice

# As in contrib: the whole before the last line, and the vote where the score is known; this one with a reason that
# would be a second request.
cd /etc/mail
sed -i '$d' mimedefang-filter
{ cat /var/log/contrib/mimedefang-filter.pl; echo '1;'; } >>mimedefang-filter
sed -i "/md_graphdefang_log('spam', \$hits/a wfs_vote('black', \$RelayAddr, 25, \"SpamAssassin \$hits\\\\nblock 10.9.0.3\") if \$hits > 10;" mimedefang-filter
grep -q '^wfs_vote' mimedefang-filter
sed -i 's/^# MX_SENDER_CHECK=.*/MX_SENDER_CHECK=yes/; s|^# SOCKET=.*|SOCKET=inet:10024@127.0.0.1|' /etc/default/mimedefang
mimedefang.pl -test
/etc/init.d/mimedefang start

install -m 755 /var/log/contrib/vote /usr/local/bin/vote
{
	printf '%s\n' 'PATH=/usr/local/bin:/usr/bin:/bin' 'DEFAULT=$HOME/Maildir/' ':0 fw' '| spamassassin --local'
	sed -n '/^#   CLIENT=/,/^#   |/s/^#   //p' /usr/local/bin/vote
} >/home/alice/.procmailrc
chown alice: /home/alice/.procmailrc

# Some are at home.
for host in 7 8; do
	echo "10.9.0.$host dsl-10-9-0-$host.pool.example.net"
done >>/etc/hosts
postconf -F 'smtp/inet/chroot=n'
postconf -e 'myhostname = mx.example.org' 'inet_protocols = all' 'smtpd_tls_security_level = none' \
	'smtpd_sasl_auth_enable = yes' 'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' \
	'smtpd_milters = inet:127.0.0.1:10024' 'mailbox_command = procmail -a "$CLIENT_ADDRESS"'
newaliases
dovecot_for_postfix
postfix start
dovecot
END
wait_long is_listening 25 || server_fail "no smtpd"
GTUBE='XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X'

is_delivered() { [ "$(grep -c 'postfix/qmgr.*: removed$' "$LOG")" -ge "$1" ]; }

# There is no daemon yet.
mail_from 10.9.0.9 --body "$GTUBE" || server_fail "without a daemon mail is not accepted"
wait_long is_delivered 1 || server_fail "without a daemon mail is not delivered"
daemon_config "group = $GROUP
readers =
[firewall]
ports = 25
resync = 1s"
daemon_start

# What a vote waits for at the most is two seconds; it counts when the daemon answers again.
kill -STOP "$ENGINE"
from=$SECONDS
mail_from fd09::9 --body "$GTUBE" || server_fail "with a daemon that does not answer mail is not accepted"
took=$((SECONDS - from))
kill -CONT "$ENGINE"
[ "$took" -le 10 ] || server_fail "mail waited $took s for a daemon that does not answer"

for net in 10.9.0. fd09::; do
	mail_start "${net}5" --body "$GTUBE"
	mail_from "${net}3" || server_fail "honest mail from ${net}3 is not accepted"
	mail_from "${net}6" || server_fail "mail from ${net}6, which has no name, is not accepted"
done
mail_start 10.9.0.7
mail_from 10.9.0.8 --auth PLAIN --auth-user alice --auth-password "$PASSWORD" ||
	server_fail "mail of a user of ours who is at home is not accepted"

# The vote of MIMEDefang, that of procmail, and the line that MIMEDefang logged.
for spammer in 10.9.0.5 fd09::5 fd09::9; do
	wait_long is_blocked "$spammer" || server_fail "$spammer: not in the kernel's list; hits: $(hits_of "$spammer")"
	! knock "$spammer" 25 || server_fail "$spammer: connects though blocked"
	wait_long has_hits "$spammer" vote-black 2 || server_fail "$spammer: want two votes, got: $(hits_of "$spammer")"
	expect_hits "$spammer" mimedefang-content 1
	[ "$(sql "SELECT count(*) FROM acts WHERE address = '$spammer' AND what = 'vote black' AND
		(why LIKE 'SpamAssassin %?block 10.9.0.3' OR why = 'procmail')")" = 2 ] ||
		server_fail "$spammer: recorded: $(sql "SELECT who, what, address, why FROM acts")"
done
# Refused with a reason, which is logged too.
wait_long is_blocked 10.9.0.7 || server_fail "10.9.0.7: not in the kernel's list; hits: $(hits_of 10.9.0.7)"
expect_hits 10.9.0.7 vote-black 1
expect_hits 10.9.0.7 postfix-milter 1
grep -q '^<\*\* 5.* please use the mail server of your provider' "$WORK/client.out" || server_fail "refused without a reason"

for honest in 10.9.0.3 10.9.0.6 10.9.0.8 fd09::3 fd09::6; do
	expect_open "$honest" 25
	[ -z "$(hits_of "$honest")" ] || server_fail "$honest: honest, but has hits: $(hits_of "$honest")"
done
expect_hits 10.9.0.9 vote-black 0
expect_open 10.9.0.9 25
finish 10.9.0.{5,7} fd09::{5,9}
