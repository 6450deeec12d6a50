#!/usr/bin/env bash
# check --new: what it begins passes check as it is, and takes its line; and what it says where it begins nothing.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
cd -- "$tmp" || exit 2
bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" patterns || exit 2
printf '[run]\npatterns = %s\n' "$tmp/patterns" >conf
failed=0

bad() {
	echo "FAIL: $*" >&2
	failed=1
}

wfs() {
	"$WFS_PROGRAM" -c conf "$@"
}

# begun LINE ADDRESS: both ways to give the line say the same, and the rule takes the line.
begun() {
	wfs check --new "$1" >new.rules 2>err || bad "$1: exit status $?: $(cat err)"
	printf '%s\n' "$1" | wfs check --new >again.rules || bad "$1: from standard input"
	cmp -s new.rules again.rules || bad "$1: argument and standard input differ"
	wfs check new.rules >out 2>err || bad "$1: it does not pass: $(cat out err new.rules)"
	[ "$(grep -c '^new.rules:[0-9]*: warning:' err)" = 1 ] && grep -q '^new.rules:.* has no "miss"' err || bad "$1: got warnings $(cat err), want one"
	grep -qF "hit      = $2 | " new.rules || bad "$1: got $(cat new.rules), want the hit of $2"
}

# refused WANT LINE
refused() {
	wfs check --new "$2" >out 2>err
	[ $? = 1 ] || bad "$2: exit status"
	[ ! -s out ] || bad "$2: it begins something: $(cat out)"
	grep -qF -- "$1" err || bad "$2: got $(cat err), want $1"
}

spf='Nov 20 13:40:03 mx policyd-spf[2212]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see http://www.open-spf.org/Why?s=mfrom;id=u@example.com;ip=198.51.100.7;r=<UNKNOWN>'
begun "$spf" 198.51.100.7
grep -qF 'match    = ^550 5\.7\.23 Message rejected due to: SPF fail - not authorized\. Please see http://[^\s=]+=[^\s;]*;id=[^\s;]*;ip=<ADDR>;r=<[^<>]*>$' new.rules ||
	bad "the manual's: $(cat new.rules)"
grep -q '^# The client may have chosen text before <ADDR>' new.rules || bad "nobody warns of forgers: $(cat new.rules)"
begun '2026-11-20T13:40:03+00:00 mx postfix-in/smtpd[7]: 4F1A2C0017: reject: HELO from unknown[2001:db8::7]:25: 999 odd' 2001:db8::7
grep -qxF 'program  = postfix*/smtpd' new.rules || bad "program: $(cat new.rules)"
begun '2026-11-20T13:40:03+00:00 mx imapproxy[7]: lip=192.0.2.1 rip=198.51.100.7 bad' 198.51.100.7
grep -q '^# 192.0.2.1 is in the line, too' new.rules || bad "the other address: $(cat new.rules)"

# A second rule of the same name gets another one.
mkdir with
cp patterns/*.rules with/
wfs check --new "$spf" >with/one.rules
printf '[run]\npatterns = %s\n' "$tmp/with" >conf
wfs check --new "${spf/550 5.7.23/550 5.7.24}" | grep -qxF '[local-policyd-spf-name-2]' || bad "a name twice"
refused 'one.rules:4, matches this line already' "$spf"
printf '[run]\npatterns = %s\n' "$tmp/patterns" >conf

refused '[postfix-dnsbl]' 'Nov 20 13:37:42 mx postfix/smtpd[105]: NOQUEUE: reject: RCPT from unknown[198.51.100.66]: 554 5.7.1 Service unavailable; Client host [198.51.100.66] blocked using zen.example; from=<a@example.net> to=<x@example.com> proto=ESMTP helo=<x>'
refused 'has no known header' 'root:x:0:0:root:/root:/bin/bash'
refused 'no address of a client' 'Nov 20 13:37:42 mx examplemta[9]: it failed'
refused '"4a1b2c3d4e5f6071" as well, <SESSION> connects them' 'Nov 20 13:37:42 mx examplemta[9]: 4a1b2c3d4e5f6071 authentication failed'
refused 'no address of a client' 'Nov 20 13:37:42 mx examplemta[9]: from 127.0.0.1'
refused 'too long' "Nov 20 13:37:42 mx examplemta[9]: from 198.51.100.7 $(head -c 3000 /dev/zero | tr '\0' a)"
refused 'which line?' ''

# A stranger's control characters reach neither the terminal nor the file.
wfs check --new "$(printf 'Nov 20 13:37:42 mx examplemta[9]: \033[31mred from 198.51.100.7')" >new.rules || bad "control characters"
! LC_ALL=C grep -q "$(printf '\033')" new.rules || bad "control characters are not escaped"
wfs check new.rules >out 2>&1 || bad "control characters: $(cat out)"

for words in "--new a b" "--new --strict" "--new --against conf a"; do
	# shellcheck disable=SC2086 # several words
	wfs check $words </dev/null >out 2>&1
	[ $? = 2 ] || bad "$words: exit status; $(cat out)"
done
wfs check --new <&- >out 2>&1
[ $? = 2 ] || bad "standard input closed: exit status; $(cat out)"

[ "$failed" = 0 ] || exit 1
echo "new.sh: all as expected"
