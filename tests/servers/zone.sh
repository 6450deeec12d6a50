#!/usr/bin/env bash
# [export] file as a DNS blocklist: rbldnsd serves it, another host's Postfix asks for it (reject_rbl_client), within two seconds
# of a block; and no more after an unblock. That host is the same namespace, on a port that the daemon does not close.
set -u
# shellcheck source-path=SCRIPTDIR source=server_lib.sh
. "$(dirname "$0")/server_lib.sh"
server_prepare zone dig
logs_follow mail.log
mkdir "$WORK/log/zone"
chown nobody "$WORK/log/zone"
ZONE=$WORK/log/zone/blocked # in the root: /var/log/zone/blocked

daemon_config "[firewall]
ports = 25
resync = 1s
[export]
file = $ZONE
format = rbldnsd"
daemon_start
wait_long test -e "$ZONE" || server_fail "the daemon writes no zone"

server_start <<'END'
cat >>/etc/unbound/unbound.conf <<CONF
  do-not-query-localhost: no
  cache-max-ttl: 0
  cache-max-negative-ttl: 0
  local-zone: "blocked.test." transparent
forward-zone:
  name: "blocked.test."
  forward-addr: 127.0.0.1@5353
CONF
kill "$(cat /run/unbound.pid)"
while ! unbound 2>/dev/null; do sleep 0.1; done
rbldnsd -u rbldns -b 127.0.0.1/5353 -c 1 blocked.test:combined:/var/log/zone/blocked
# An smtpd remembers the answers of lists for all of its clients, so each has one.
postconf -e 'max_use = 1' 'myhostname = mx.example.org' 'inet_protocols = all' 'smtpd_tls_security_level = none' 'smtpd_error_sleep_time = 0' \
	'smtpd_recipient_restrictions = reject_rbl_client blocked.test, reject_unauth_destination'
postconf -M '2525/inet=2525 inet n - y - - smtpd'
newaliases
postfix start
END
wait_long is_listening 2525 || server_fail "no smtpd"

answers() {
	in_server dig +short +time=2 -p 5353 @127.0.0.1 "$1.blocked.test" A
}
is_listed() { [ "$(answers "$1")" = 127.0.0.2 ]; }
is_open() { [ -z "$(answers "$1")" ] && is_listed 2.0.0.127; }
wait_long is_listed 2.0.0.127 || server_fail "rbldnsd does not answer"
for client in 10.9.0.3 10.9.0.4 fd09::4; do
	mail_from "$client" --port 2525 || server_fail "mail from $client is not accepted"
done

# Addresses backwards, as in the zone.
FOUR=4.0.9.10
SIX=4.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.9.0.d.f
for address in "10.9.0.4 $FOUR" "fd09::4 $SIX"; do
	name=${address#* }
	began_ms=$(date +%s%3N)
	postfix_dnsbl "${address% *}" >>"$LOG"
	wait_long is_listed "$name" || server_fail "${address% *} is not in the zone: $(cat "$ZONE")"
	took_ms=$(($(date +%s%3N) - began_ms))
	echo "# ${address% *}: rbldnsd answers $took_ms ms after its line"
	in_time $((took_ms / 2)) || server_fail "rbldnsd answers after $took_ms ms"
	! mail_from "${address% *}" --port 2525 || server_fail "Postfix accepts ${address% *}"
	grep -q "blocked using blocked.test" "$WORK/client.out" || server_fail "Postfix refuses it for another reason"
done
mail_from 10.9.0.3 --port 2525 || server_fail "mail of an honest client is refused"
wfs unblock 10.9.0.4 >/dev/null || server_fail "cannot unblock"
wait_long is_open "$FOUR" || server_fail "10.9.0.4 stays in the zone: $(cat "$ZONE")"
mail_from 10.9.0.4 --port 2525 || server_fail "mail of a client that was unblocked is refused"
! mail_from fd09::4 --port 2525 || server_fail "Postfix accepts fd09::4"
daemon_stop || server_fail "exit status $?"
echo "ok"
