#!/usr/bin/env bash
# import fail2ban: an installation becomes files to look at; the rules match the lines that its filters matched; what cannot be
# translated is said. import list --dry-run: what would be ordered. Needs sqlite3 and jq; no root, no network, no fail2ban.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
for program in sqlite3 jq; do
	command -v "$program" >/dev/null || { echo "1..0 # SKIP $program is not installed"; exit 77; }
done
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
wfs=$WFS_PROGRAM

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

# has FILE LINE: the file has exactly this line.
has() {
	grep -qxF -- "$2" "$1" || fail "$1 has no line \"$2\": $(cat "$1")"
}

cp -r "$WFS_SOURCE_ROOT/tests/import/fail2ban" "$work/etc"
cd "$work" || exit 1
sqlite3 f2b.sqlite3 "CREATE TABLE bips (ip TEXT NOT NULL, jail TEXT NOT NULL, timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,
	bancount INTEGER NOT NULL DEFAULT 1, data JSON, PRIMARY KEY (ip, jail));
INSERT INTO bips (ip, jail, timeofban, bantime) VALUES ('203.0.113.5', 'sshd', strftime('%s', 'now') - 60, 3600),
	('203.0.113.5', 'postfix-sasl', strftime('%s', 'now') - 60, 86460), ('2001:db8::5', 'dovecot', 5, -1),
	('203.0.113.6', 'sshd', 5, 3600), ('no address', 'sshd', 5, -1)" || fail "no database"

"$wfs" import fail2ban --from etc --database f2b.sqlite3 --output out >printed 2>&1 || fail "import: $(cat printed)"
for want in '[log /var/log/auth.log]' '[log /var/log/secure]' '[log /var/log/mail.log]' '[log /var/log/shop.log]' \
	'address = 192.0.2.0/24' 'name = office.example.org' 'window = 10m' 'for = 1h 6h 1d12h 7d'; do
	has out/watchforspammers.conf "$want"
done
[ "$(grep -c '^\[log ' out/watchforspammers.conf)" = 5 ] || fail "logs: $(grep '^\[log' out/watchforspammers.conf)"
has out/bans "2001:db8::5 # fail2ban dovecot"
grep -qxE "203\.0\.113\.5 for (1d|23h59m[0-9]+s) # fail2ban postfix-sasl" out/bans || fail "bans: $(cat out/bans)"
[ "$(wc -l <out/bans)" = 2 ] || fail "bans: $(cat out/bans)"
for want in 'sshd                      sshd                      sshd.rules' \
	'postfix-sasl              postfix                   postfix.rules' \
	'recidive                  recidive                  [block] for: each further block lasts longer' \
	'shop                      shop                      fail2ban-shop.rules, 2 rules' \
	'policyd                   policyd                   fail2ban-policyd.rules, 1 rule' \
	'header                    header                    fail2ban-header.rules, 0 rules'; do
	has printed "$want"
done
grep -q "shop.conf:6: left out, for it takes a name or a network, .*: ^lookup of <DNS> failed" printed || fail "printed: $(cat printed)"
grep -q "shop.conf:6: left out, for it needs several lines: " printed || fail "printed: $(cat printed)"
grep -q "header.conf:2: left out, for it matches the header of the line too" printed || fail "printed: $(cat printed)"

# The rules pass check, and match what the filters matched.
printf '[run]\npatterns = %s\n' "$work/out/patterns" >conf
"$wfs" -c conf check out/patterns/*.rules >printed 2>&1 || fail "check: $(cat printed)"
cat >lines <<'END'
Nov 20 13:37:41 mx shop[7]: login failed for bob from 192.0.2.1 port 4711
Nov 20 13:37:42 mx shop-web[7]: bad request from [2001:db8::7]: 100% refused
Nov 20 13:37:43 mx shop[7]: login failed for x user=monitor from 192.0.2.3
Nov 20 13:37:44 mx policyd[7]: warning: client [192.0.2.4] refused: SPF
Nov 20 13:37:45 mx other[7]: login failed for bob from 192.0.2.5
END
got=$("$wfs" -c conf explain --json <lines | jq -r '"\(.rule) \(.address) \(.score)"')
want='local-shop-1 192.0.2.1 34
local-shop-2 2001:db8::7 34
null null null
local-policyd-1 192.0.2.4 25
null null null'
[ "$got" = "$want" ] || fail "explain: got $got"

# Never over what is there.
"$wfs" import fail2ban --from etc --database f2b.sqlite3 --output out >printed 2>&1 && fail "it writes over its own files"
grep -q -- "--output" printed || fail "printed: $(cat printed)"
"$wfs" import fail2ban --from nowhere --output out2 >printed 2>&1 && fail "a directory that is not there"
[ ! -e out2 ] || fail "files of nothing"

got=$("$wfs" import list --dry-run --for 2h --reason "from there" out/bans | sed 's/ for 23h59m[0-9]*s/ for 1d/')
want='block 2001:db8::5 for 2h reason fail2ban dovecot
block 203.0.113.5 for 1d reason fail2ban postfix-sasl'
[ "$got" = "$want" ] || fail "import list: got $got"
got=$(echo "192.0.2.7 for 1h" | "$wfs" import list --dry-run --reason "from there" -)
[ "$got" = "block 192.0.2.7 for 1h reason from there" ] || fail "import list: got $got"
echo nothing | "$wfs" import list --dry-run - >printed 2>&1
[ $? = 1 ] || fail "a list without an address: $(cat printed)"
echo "ok"
