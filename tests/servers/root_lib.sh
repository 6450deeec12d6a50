# root_lib.sh: what the scripts that set up mail servers share; put in front of them, so it runs in the root, by bash -eu.

# Dovecot authenticates Postfix's clients, over connections without TLS too.
dovecot_for_postfix() {
	case $(dovecot --version) in
	2.4*) echo 'auth_allow_cleartext = yes' ;;
	*) echo 'disable_plaintext_auth = no' ;;
	esac >/etc/dovecot/local.conf
	cat >>/etc/dovecot/local.conf <<CONF
auth_mechanisms = plain login
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0660
    user = postfix
    group = postfix
  }
}
CONF
}
