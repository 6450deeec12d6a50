#!/usr/bin/env bash
# report.sh: "report" and its page, from a database of real lines: the figures equal those that SQL counts, and nothing
# that a client wrote becomes markup. Needs sqlite3; no root, no network.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
command -v sqlite3 >/dev/null || { echo "1..0 # SKIP sqlite3 is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

wfs() { "$WFS_PROGRAM" -c "$work/conf" --utc "$@"; }
sql() { sqlite3 "$work/db" "$1"; }
printf '[database]\npath = %s\n[run]\npatterns = %s/patterns\n' "$work/db" "$WFS_SOURCE_ROOT" >"$work/conf"

# Lines in which clients write what they can; and clients with markup for a name.
cp "$WFS_SOURCE_ROOT/tests/rules/hostile.log" "$work/log"
for i in 1 2 3; do
	echo "Nov 20 13:37:4$i mx postfix/smtpd[4$i]: NOQUEUE: reject: RCPT from <script>alert($i)</script>[192.0.2.$i]: 554 5.7.1 Service unavailable; Client host [192.0.2.$i] blocked using <b>bl.example.org; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<</style><script>>"
	echo "Nov 21 13:37:4$i mx postfix/smtpd[5$i]: NOQUEUE: reject: RCPT from unknown[198.51.100.$i]: 554 5.7.1 Service unavailable; Client host [198.51.100.$i] blocked using bl.example.org; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>"
done >>"$work/log"
wfs replay --database "$work/db" --year 2026 "$work/log" >"$work/printed" 2>&1 || fail "replay: $(cat "$work/printed")"
sql "INSERT INTO act (time, who, what, address, why) VALUES (strftime('%s', '2026-11-20'), 'uid 0', 'unblock', '192.0.2.1', '</td><img src=x>')"

wfs report --since 2026-01-01 --until 2026-12-31 >"$work/text" || fail "report: $(cat "$work/text")"
got=$(sed -n 's/^hostile lines *//p' "$work/text")
[ "$got" = "$(sql "SELECT count(*) FROM hit")" ] || fail "hostile lines: got $got, want $(sql "SELECT count(*) FROM hit")"
got=$(sed -n 's/^blocks  *//p' "$work/text")
[ "$got" = "$(sql "SELECT count(*) FROM block")" ] || fail "blocks: got $got, want $(sql "SELECT count(*) FROM block")"
got=$(awk '$1 == "postfix-dnsbl" { print $2, $4 }' "$work/text")
want=$(sql "SELECT (SELECT count(*) FROM hits WHERE rule = 'postfix-dnsbl') || ' ' || (SELECT count(*) FROM blocks WHERE rule = 'postfix-dnsbl')")
[ "$got" = "$want" ] || fail "rule postfix-dnsbl: got \"$got\", want \"$want\""
wfs report --since 2026-11-01 --until 2026-11-30 | grep -qE "^2026-11-21 +3 +3 +#" || fail "2026-11-21 is not there with its three hits"
[ "$(wc -L <"$work/text")" -le 80 ] || fail "wider than 80 columns"
got=$(wfs report --since 2026-01-01 --until 2026-12-31 --category dnsbl | sed -n 's/^hostile lines *//p')
[ "$got" = "$(sql "SELECT count(*) FROM hits WHERE category = 'dnsbl'")" ] || fail "category dnsbl: got $got"

wfs report --since 2026-01-01 --until 2026-12-31 --html "$work/page" || fail "no page"
! grep -qiE '<(script|img)' "$work/page" || fail "what a client wrote became markup: $(grep -iE '<(script|img)' "$work/page")"
[ "$(grep -o '<style>' "$work/page" | wc -l)" = 1 ] || fail "a client ended the style"
grep -q '&lt;/td&gt;&lt;img src=x&gt;' "$work/page" || fail "the reason is not shown"
if command -v tidy >/dev/null; then
	tidy -e -q "$work/page" >"$work/printed" 2>&1 || fail "tidy: $(cat "$work/printed")"
fi

# An account that eight networks try: the last three count double. One of its names is markup.
for i in 1 2 3 4 5 6 7 8; do
	echo "Nov 20 13:37:0$i mx postfix/smtpd[4]: warning: unknown[203.0.$i.9]: SASL LOGIN authentication failed: authentication failure, sasl_username=boss@example.org"
	echo "Nov 20 13:37:0$i mx postfix/smtpd[4]: warning: unknown[203.0.$i.8]: SASL LOGIN authentication failed: authentication failure, sasl_username=a&b"
done >"$work/log"
wfs replay --database "$work/accounts" --year 2026 "$work/log" >"$work/printed" 2>&1 || fail "replay: $(cat "$work/printed")"
sed "s:$work/db:$work/accounts:" "$work/conf" >"$work/conf2"
for output in "--html $work/page" ""; do
	# shellcheck disable=SC2086 # two words or none
	"$WFS_PROGRAM" -c "$work/conf2" --utc report --since 2026-11-01 --until 2026-11-30 $output >"$work/text" || fail "report"
done
got=$(sed -n '/^ACCOUNT/,/^FAILURES/p' "$work/text" | awk 'NR > 1 && $1 != "FAILURES:" { print $1, $2, $3, $4 }' | sort)
[ "$got" = $'a&b 3 3 2026-11-20\nboss@example.org 3 3 2026-11-20' ] || fail "accounts: got $got"
[ "$(wc -L <"$work/text")" -le 80 ] || fail "accounts: wider than 80 columns"
grep -q '>a&amp;b<' "$work/page" || fail "the page does not show the accounts"

# A large sender, whose mail to two people was greylisted from four and three addresses; a small one; one that is no domain.
if command -v sqlite3 >/dev/null; then
	for row in 1:Big.Example:bob 2:BIG.example:Bob 3:big.example:bob 4:big.example:bob 5:big.example:eve 6:big.example:eve 7:big.example:eve \
		8:small.example:bob 9:small.example:bob 8:small.example:bob 1:'<b>.x:bob' 2:'<b>.x:bob' 3:'<b>.x:bob'; do
		IFS=: read -r host domain to <<<"$row"
		echo "INSERT INTO attempt (time, address, sender, recipient, helo) VALUES (1763645822, '192.0.2.$host', CAST('news@$domain' AS BLOB), CAST('$to@example.org' AS BLOB), CAST('x' AS BLOB));"
	done | sqlite3 "$work/accounts" || fail "no attempts"
	for output in "--html $work/page" ""; do
		# shellcheck disable=SC2086 # two words or none
		"$WFS_PROGRAM" -c "$work/conf2" --utc report --since 2025-11-01 --until 2025-11-30 $output >"$work/text" || fail "report"
	done
	got=$(sed -n '/^GREYLISTED/,/^Its networks/p' "$work/text" | awk 'NR > 1 && $1 != "Its" { print $1, $2, $3 }')
	[ "$got" = "big.example 4 2" ] || fail "senders: got $got"
	[ "$(wc -L <"$work/text")" -le 80 ] || fail "senders: wider than 80 columns"
	grep -q '>big.example<' "$work/page" || fail "the page does not show the senders"
fi

# What cannot be done is one sentence.
wfs report --html /proc/nothing/there >"$work/printed" 2>&1
[ $? = 3 ] || fail "a page that cannot be written: $(cat "$work/printed")"
wfs report --mail 'a@example.org,b@example.org' >"$work/printed" 2>&1
[ $? = 2 ] || fail "two addresses: $(cat "$work/printed")"
echo "ok"
