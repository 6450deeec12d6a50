#!/usr/bin/env bash
# explain: what it says of a line that a rule matches, and of one that none matches, word for word.
#
#   tests/rules/explain.sh [update]   compares with tests/rules/explain.want, or rewrites it
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
mkdir "$tmp/patterns"
printf '[run]\npatterns = %s\n' "$tmp/patterns" >"$tmp/conf"
cat >"$tmp/patterns/local.rules" <<-'END'
[local-refused]
program  = example*/smtpd
match    = ^refused <NAME>\[<ADDR>\]: (?<detail>[^;]+); code \d{3}$
unless   = later
category = probe
reason   = refused
score    = 50

[local-off]
program  = example*/smtpd
match    = ^turned off for <ADDR>$
category = probe
reason   = off
enabled  = no

[local-connected]
program  = examplemta
match    = ^<SESSION> connected address=<ADDR>$
remember = yes
category = auth
reason   = connected

[local-failed]
program  = examplemta
match    = ^<SESSION> failed$
category = auth
reason   = wrong password
score    = 20
END
cat >"$tmp/lines" <<-'END'
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[192.0.2.7]: no such user; code 550
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: turned off for 192.0.2.7
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[192.0.2.7]: no such user; code 55x
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[192.0.2.7]: no such user; cod
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[192.0.2.7]: try later; code 450
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[192.0.2.700]: no such user; code 550
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused a.example.net[300.0.2.7]: no such user; code 550
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: refused localhost[127.0.0.1]: no such user; code 550
2026-11-20T13:40:03+00:00 mx example/smtpd[22]: hello
2026-11-20T13:40:03+00:00 mx exomple/smtpd[22]: refused a.example.net[192.0.2.7]: no such user; code 550
2026-11-20T13:40:03+00:00 mx cron[22]: refused a.example.net[192.0.2.7]: no such user; code 550
2026-11-20T13:40:03+00:00 mx examplemta[9]: 4a1b2c3d4e5f6071 failed
2026-11-20T13:40:03+00:00 mx examplemta[9]: 4a1b2c3d4e5f6071 connected address=198.51.100.7
2026-11-20T13:40:03+00:00 mx examplemta[9]: 4a1b2c3d4e5f6071 failed
no header here
END
{
	"$WFS_PROGRAM" -c "$tmp/conf" explain <"$tmp/lines"
	"$WFS_PROGRAM" -c "$tmp/conf" explain --json <"$tmp/lines"
	echo "exit $?"
	tail -n 1 "$tmp/lines" | "$WFS_PROGRAM" -c "$tmp/conf" explain >/dev/null
	echo "exit $?"
} 2>&1 | sed "s|$tmp|TMP|g" >"$tmp/got"
want=$WFS_SOURCE_ROOT/tests/rules/explain.want
if [ "${1-}" = update ]; then
	cp "$tmp/got" "$want"
elif ! diff -u "$want" "$tmp/got"; then
	echo "FAIL: got +, want -" >&2
	exit 1
fi
# The promised keys come first, in their order.
keys=$(grep '^{' "$tmp/got" | jq -r 'keys_unsorted[:12] | join(" ")' | sort -u)
[ "$keys" = "line time host program pid rule address name score category reason detail" ] ||
	{ echo "FAIL: keys: got $keys" >&2; exit 1; }
# Beside an error in the configuration it goes on with the rest of it, and warns.
{
	cat "$tmp/conf"
	printf '[block]\nthreshold = many\n'
} >"$tmp/bad.conf"
status=0
head -n 1 "$tmp/lines" | "$WFS_PROGRAM" -c "$tmp/bad.conf" explain --json >"$tmp/got" 2>"$tmp/said" || status=$?
[ "$status" = 0 ] && [ "$(jq -r .rule "$tmp/got")" = local-refused ] && grep -q 'threshold.*using the rest' "$tmp/said" ||
	{ echo "FAIL: a bad configuration: got status $status: $(cat "$tmp/got" "$tmp/said")" >&2; exit 1; }
echo "explain.sh: as expected"
