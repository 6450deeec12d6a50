#!/usr/bin/env bash
# check --against: what rules would have done to old logs, and whom they would have blocked who did nothing wrong.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
cd -- "$tmp" || exit 2
failed=0
bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" patterns || exit 2

cat >conf <<-END
[run]
patterns = $tmp/patterns
[allow]
address = 192.0.2.99
client = *.friend.example
END

# A rule that is too wide: it takes everybody who tries to relay, also with a temporary answer.
cat >wide.rules <<-'END'
[wide-relay]
program  = postfix*/smtpd
match    = ^NOQUEUE: reject: RCPT from [^\s\[]+\[<ADDR>\]: [45]54 [45]\.7\.1 <[^>]*>: Relay access denied;
category = relay
reason   = tried to relay through us
score    = 50
enabled  = no
hit      = 198.51.100.7 | Nov 20 13:40:03 mx postfix/smtpd[2210]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 454 4.7.1 <x@example.com>: Relay access denied; from=<u@example.com>
miss     = Nov 20 13:40:03 mx postfix/smtpd[2210]: connect from unknown[198.51.100.7]
END
sed 's/wide-relay/narrow-relay/; s/\[45\]54 \[45\]/554 5/; s/: 454 4.7.1/: 554 5.7.1/' wide.rules >narrow.rules

reject() {
	echo "2026-11-20T$1+00:00 mx postfix/smtpd[2210]: NOQUEUE: reject: RCPT from $2: ${3:-454 4.7.1} <x@example.com>: Relay access denied; from=<u@example.com> to=<x@example.com> proto=ESMTP helo=<h>"
}

login() {
	echo "2026-11-20T$1+00:00 mx dovecot: imap-login: Login: user=<bob>, method=PLAIN, rip=$2, lip=192.0.2.1, mpid=12, TLS, session=<abc>"
}

{
	reject 10:00:00 'client.example.net[192.0.2.20]' # twice within the hour, and a login the day's end: a collision
	reject 10:10:00 'client.example.net[192.0.2.20]'
	reject 10:00:01 'slow.example.net[192.0.2.21]' # twice in two hours: never blocked
	reject 12:00:01 'slow.example.net[192.0.2.21]'
	reject 10:00:02 'unknown[198.51.100.7]' '554 5.7.1' # nothing speaks for it
	reject 10:00:03 'unknown[198.51.100.7]' '554 5.7.1'
	reject 10:00:04 'us.example.org[192.0.2.99]' # allowed
	reject 10:00:05 'us.example.org[192.0.2.99]'
} >mail.log.1
gzip mail.log.1
{
	printf 'no header here, \033[31mred\n'
	login 23:00:00 192.0.2.20
	login 23:00:01 192.0.2.21
	login 23:00:02 192.0.2.99
} >mail.log

# expect WHAT WANT-STATUS WANT ARGUMENT...: the numbers of each rule and the addresses of collisions.
expect() {
	local what=$1 status=$2 want=$3 got
	shift 3
	"$WFS_PROGRAM" -c conf check --json "$@" >out 2>err
	got=$?
	[ "$got" = "$status" ] || { echo "FAIL: $what: exit status: got $got, want $status; $(cat err)" >&2; failed=1; }
	got=$(jq -r 'select(.kind == "rule") | "\(.rule) \(.hits) \(.addresses) \(.blocked) \(.n_collisions) \([.collisions[].address] | join(","))"' out)
	[ "$got" = "$want" ] || { echo "FAIL: $what: got \"$got\", want \"$want\"" >&2; failed=1; }
}

says() {
	grep -qF -- "$1" out || { echo "FAIL: got $(cat out), want $1" >&2; failed=1; }
}

expect "a wide rule" 1 "wide-relay 8 4 2 1 192.0.2.20" wide.rules --against mail.log mail.log.1.gz
says '"hits":2,"line":"2026-11-20T10:00:00+00:00 mx postfix/smtpd[2210]: NOQUEUE: reject: RCPT from client.example.net[192.0.2.20]: 454 4.7.1'
says '"good_rule":"dovecot-login","good_line":"2026-11-20T23:00:00+00:00 mx dovecot: imap-login: Login: user=<bob>'
says '{"kind":"against","files":2,"lines":12,"unparsed":1,"collisions":1}'
expect "the other order" 1 "wide-relay 8 4 2 1 192.0.2.20" --against mail.log.1.gz --against mail.log wide.rules
expect "a narrow rule" 0 "narrow-relay 2 1 1 0 " narrow.rules --against mail.log*
expect "without the good" 0 "wide-relay 8 4 2 0 " wide.rules --against mail.log.1.gz
expect "all rules" 0 "postfix-relay 8 4 2 0 " --against mail.log.1.gz
expect "no such log" 3 "" wide.rules --against nothing
expect "standard input" 3 "" wide.rules --against -

# An IPv6 network of ip6_prefix bits is one client: two of its addresses together reach the threshold, and a third logged in.
{
	reject 10:00:00 'unknown[2001:db8:0:1::a]'
	reject 10:00:01 'unknown[2001:db8:0:1::b]'
	reject 10:00:02 'unknown[2001:db8:0:2::a]'
	login 10:00:03 2001:db8:0:1::c
} >ip6.log
expect "an IPv6 network" 1 "wide-relay 3 2 1 1 2001:db8:0:1::a" wide.rules --against ip6.log

# A client that is allowed by its name.
sed -e 's/wide-relay/name-relay/; s/^match .*/match = ^NOQUEUE: reject: RCPT from <NAME>\\[<ADDR>\\]: 454 4\\.7\\.1 <[^>]*>: Relay access denied;/' \
	-e 's/from unknown\[198/from c.example.com[198/' wide.rules >name.rules
{
	reject 10:00:00 'mx.friend.example[192.0.2.30]'
	reject 10:00:01 'mx.friend.example[192.0.2.30]'
	login 10:00:03 192.0.2.30
} >name.log
expect "an allowed name" 0 "name-relay 2 1 0 0 " name.rules --against name.log

# As people see it, escaped.
printf '2026-11-20T10:00:06+00:00 mx postfix/smtpd[2210]: NOQUEUE: reject: RCPT from c[192.0.2.20]: 454 4.7.1 <\033[31m@x>: Relay access denied;\n' >escape.log
reject 10:00:07 'c[192.0.2.20]' >>escape.log
"$WFS_PROGRAM" -c conf check wide.rules --against mail.log escape.log >out
[ $? = 1 ] || { echo "FAIL: as text: exit status" >&2; failed=1; }
says "         2           1           1           1  wide-relay"
says "1 collision: it would block clients that delivered accepted mail or logged in"
says "  192.0.2.20: 2 hits by wide-relay, wide.rules:1"
says '<\x1b[31m@x>: Relay access denied;  (wide-relay)'
"$WFS_PROGRAM" -c conf check narrow.rules --against mail.log >out || failed=1
says "no collisions"

# A file with an error is not tried.
sed 's/^category/categroy/' wide.rules >wrong.rules
"$WFS_PROGRAM" -c conf check wrong.rules --against mail.log >out 2>&1
[ $? = 2 ] || { echo "FAIL: an error: exit status" >&2; failed=1; }
says 'wrong.rules:4: no key "categroy"; did you mean "category"?'

[ "$failed" = 0 ] || exit 1
echo "against.sh: all as expected"
