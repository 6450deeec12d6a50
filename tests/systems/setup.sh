# shellcheck shell=bash disable=SC2016
# setup.sh PASSWORD: run by bash -eu in the root, before it is booted: Postfix and Dovecot as an administrator sets them
# up (SASL through Dovecot, submission, IMAP), the user alice with this password, and "admin", who may use sudo.
password=$1

# Services start, as on any machine; what would ask the network does not.
rm /usr/sbin/policy-rc.d
: >/etc/resolv.conf
echo '127.0.0.1 localhost mx' >/etc/hosts
for unit in unbound.service apt-daily.timer apt-daily-upgrade.timer; do
	ln -s /dev/null "/etc/systemd/system/$unit"
done
# The kernel's messages belong to the machine around.
sed -i '/imklog/d' /etc/rsyslog.conf

useradd --create-home --shell /bin/bash alice
echo "alice:$password" | chpasswd
useradd --create-home --shell /bin/bash --groups adm,sudo admin
# apt gets yes for an answer when packages are installed and removed.
echo 'APT::Get::Assume-Yes "true";' >/etc/apt/apt.conf.d/92yes
echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin

postconf -e 'myhostname = mx.example.org' 'inet_protocols = all' 'smtpd_tls_security_level = none' \
	'smtpd_sasl_type = dovecot' 'smtpd_sasl_path = private/auth' 'smtpd_sasl_local_domain = $myhostname'
postconf -M 'submission/inet=submission inet n - y - - smtpd'
postconf -P 'submission/inet/syslog_name=postfix/submission' 'submission/inet/smtpd_sasl_auth_enable=yes' \
	'submission/inet/smtpd_relay_restrictions=permit_sasl_authenticated,reject'
newaliases
# Makes the directory that Dovecot's socket is in.
postfix check
dovecot_for_postfix
