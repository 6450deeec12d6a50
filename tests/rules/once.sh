#!/usr/bin/env bash
# once: one event has one weight, however many lines, programs and logs report it. Each story is the lines of one client, and what they
# come to: replayed, and asked of the database. A number in front of each line is the second it comes in.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
export LC_ALL=C TZ=UTC
work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 2
: >empty.conf
n=0 failed=0

# story POINTS HITS WHAT: the lines are standard input; "@" is the client's address. HITS: those that count something.
story() {
	local got address=198.51.100.$((++n))
	sed "s/@/$address/g; s/^\([0-9][0-9]\) /Nov 20 13:40:\1 /" >log
	"$WFS_PROGRAM" -c empty.conf replay --rules "$WFS_SOURCE_ROOT/patterns" --year 2026 --json --database "$work/$n.db" log >json || exit 2
	got=$(sqlite3 "$n.db" "SELECT coalesce(sum(score), 0) || ' ' || count(*) FROM hit WHERE ignored <> 1 AND score > 0 AND address = '$address'")
	[ "$got" = "$1 $2" ] || {
		echo "FAIL: $3: points and hits: got $got, want $1 $2" >&2
		sqlite3 "$n.db" "SELECT score, ignored, weight, text FROM hit" >&2
		failed=1
	}
}

story 20 1 "vsftpd, and PAM before it" <<-'LINES'
	01 mx vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=@
	02 mx vsftpd[311]: [bob] FAIL LOGIN: Client "@"
LINES
story 60 3 "vsftpd before PAM, three mistakes, one of them in vsftpd's log alone" <<-'LINES'
	01 mx vsftpd[311]: [bob] FAIL LOGIN: Client "@"
	01 mx vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=@
	05 mx vsftpd[311]: [eve] FAIL LOGIN: Client "@", "This user is not on the list."
	09 mx vsftpd[311]: [bob] FAIL LOGIN: Client "@"
	09 mx vsftpd: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=@
LINES
story 61 4 "ProFTPD, PAM, and the end of the connection" <<-'LINES'
	01 mx proftpd: pam_unix(proftpd:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/ftpd7 ruser=bob rhost=@
	01 mx proftpd[7] ftp.example.org (@[@]): USER bob (Login failed): Incorrect password
	03 mx proftpd: pam_unix(proftpd:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/ftpd7 ruser=bob rhost=@
	03 mx proftpd[7] ftp.example.org (@[@]): USER bob (Login failed): Incorrect password
	05 mx proftpd: pam_unix(proftpd:auth): authentication failure; logname= uid=0 euid=0 tty=/dev/ftpd7 ruser=bob rhost=@
	05 mx proftpd[7] ftp.example.org (@[@]): USER bob (Login failed): Incorrect password
	05 mx proftpd[7] ftp.example.org (@[@]): Maximum login attempts (3) exceeded, connection refused
LINES
story 20 1 "Zimbra: audit.log, mailbox.log twice, nginx" <<-'LINES'
	2026-11-20 13:40:01,101 INFO  [ImapServer-4] [ip=10.0.0.1;oip=@;via=10.0.0.1(nginx/1.20.0);ua=Zimbra/8.8.15;] imap - authentication failed for [bob] (invalid password)
	2026-11-20 13:40:01,101 INFO  [qtp1-5] [oip=@;ua=zclient;] SoapEngine - handler exception: authentication failed for [bob@example.org], invalid password
	2026-11-20 13:40:01,101 WARN  [qtp1-5] [name=bob@example.org;oip=@;ua=zclient;] security - cmd=Auth; account=bob@example.org; protocol=soap; error=authentication failed for [bob@example.org], invalid password;
	2026/11/20 13:40:02 [info] 11#11: *123 client login failed: "Authentication credentials invalid" while in http auth state, client: @, server: 0.0.0.0:993, login: "bob@example.org"
LINES
story 40 2 "Roundcube: log_logins, and the words of the IMAP server, twice" <<-'LINES'
	[20-Nov-2026 13:40:01 +0000]: <k3v9a0d1> IMAP Error: Login failed for bob against localhost from @. AUTHENTICATE PLAIN: Authentication failed. in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php on line 211 (POST /?_task=login&_action=login)
	[20-Nov-2026 13:40:01 +0000]: <k3v9a0d1> Failed login for bob from @ in session k3v9a0d1e2f3a4b5 (error: 0)
	[20-Nov-2026 13:40:09 +0000]: <k3v9a0d1> IMAP Error: Login failed for bob against localhost from @. AUTHENTICATE PLAIN: Authentication failed. in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php on line 211 (POST /?_task=login&_action=login)
	[20-Nov-2026 13:40:09 +0000]: <k3v9a0d1> Failed login for bob from @ in session k3v9a0d1e2f3a4b5 (error: 0)
LINES
story 100 2 "two spams: rspamd and Postfix report each, amavis the second" <<-'LINES'
	01 mx rspamd[105]: <13c0b2>; task; rspamd_task_write_log: id: <x>, qid: <AE862AE0969>, ip: @, from: <u@example.com>, (default: S (reject): [15.00/15.00] [GTUBE(0.00){}]), len: 270, time: 0.440ms
	01 mx postfix/cleanup[140]: AE862AE0969: milter-reject: END-OF-MESSAGE from unknown[@]: 5.7.1 Gtube pattern; from=<u@example.com> to=<alice@example.org> proto=ESMTP helo=<spam.example>
	05 mx postfix/cleanup[140]: AE862AE096A: milter-reject: END-OF-MESSAGE from unknown[@]: 5.7.1 Gtube pattern; from=<u@example.com> to=<alice@example.org> proto=ESMTP helo=<spam.example>
	05 mx rspamd[105]: <13c0b3>; task; rspamd_task_write_log: id: <x>, qid: <AE862AE096A>, ip: @, from: <u@example.com>, (default: S (reject): [15.00/15.00] [GTUBE(0.00){}]), len: 270, time: 0.440ms
	06 mx amavis[135]: (00135-01) Blocked SPAM {RejectedOpenRelay,Quarantined}, [@]:53347 [192.0.2.20] <u@example.com> -> <alice@example.org>, mail_id: x, Hits: 1009.354, size: 445, 170 ms
LINES
story 20 1 "PAM: pam_unix, then SSSD's module, and vsftpd itself" <<-'LINES'
	01 mx vsftpd[5]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=@  user=bob
	01 mx vsftpd[5]: pam_sss(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=@ user=bob
	02 mx vsftpd[5]: [bob] FAIL LOGIN: Client "@"
LINES
story 60 3 "Postfix: warnings, and the counter at the end" <<-'LINES'
	01 mx postfix/smtpd[5]: warning: unknown[@]: SASL LOGIN authentication failed: authentication failure
	03 mx postfix/smtpd[5]: warning: unknown[@]: SASL LOGIN authentication failed: authentication failure
	05 mx postfix/smtpd[5]: warning: unknown[@]: SASL LOGIN authentication failed: authentication failure
	06 mx postfix/smtpd[5]: disconnect from unknown[@] ehlo=1 auth=0/3 quit=1 commands=2/5
LINES
story 10 1 "Postfix: the counter alone, where AUTH is not offered" <<-'LINES'
	06 mx postfix/smtpd[5]: disconnect from unknown[@] ehlo=1 auth=0/3 quit=1 commands=2/5
LINES
story 60 3 "Dovecot: two lines of the first and the second attempt of three while the connection lasts, the rest at its end" <<-'LINES'
	01 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QH>): unknown user
	04 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QH>): unknown user
	08 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QH>): unknown user
	12 mx dovecot: imap-login: Disconnected: Connection closed (auth failed, 3 attempts in 12 secs): user=<bob>, method=PLAIN, rip=@, lip=192.0.2.1, session=<Vv31a7VgwZrGM2QH>
LINES
story 80 4 "Dovecot: five attempts, the connection is still open" <<-'LINES'
	01 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QI>): unknown user
	03 mx dovecot: auth-worker(1): conn unix:auth-worker (pid=128,uid=101): auth-worker<5>: pam(bob,@,<Vv31a7VgwZrGM2QI>): pam_authenticate() failed: Authentication failure (Password mismatch?)
	04 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QI>): unknown user
	08 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QI>): unknown user
	12 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QI>): unknown user
	16 mx dovecot: auth: passwd-file(bob,@,<Vv31a7VgwZrGM2QI>): unknown user
LINES
story 60 3 "Sendmail: three failures, and the attack it sees in them" <<-'LINES'
	01 mx sm-mta[3]: 6AKE31Ab000035: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, relay=[@]
	02 mx sm-mta[3]: 6AKE31Ab000035: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, relay=[@]
	03 mx sm-mta[3]: 6AKE31Ab000035: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, relay=[@]
	03 mx sm-mta[3]: 6AKE31Ab000035: [@]: possible SMTP attack: command=AUTH, count=3
LINES
story 20 1 "Kerio: security.log and warning.log" <<-'LINES'
	[20/Nov/2026 13:40:03] IMAP: Invalid password for user bob@example.org. Attempt from IP address @.
	[20/Nov/2026 13:40:03] Failed IMAP login from @
LINES
story 21 2 "sshd: a user that does not exist, the password, the end" <<-'LINES'
	01 mx sshd[9]: Invalid user bob from @ port 41000
	03 mx sshd[9]: Failed password for invalid user bob from @ port 41000 ssh2
	04 mx sshd[9]: Connection closed by invalid user bob @ port 41000 [preauth]
LINES
story 20 1 "postscreen's limit of connections" <<-'LINES'
	01 mx postfix/postscreen[9]: NOQUEUE: reject: CONNECT from [@]:36637: too many connections
LINES
story 20 1 "smtpd's limit of connections" <<-'LINES'
	01 mx postfix/smtpd[9]: warning: Connection concurrency limit exceeded: 51 from unknown[@] for service smtp
LINES
[ "$failed" = 0 ] || exit 1
echo "once.sh: $n stories come to what they should"
