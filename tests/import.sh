#!/usr/bin/env bash
# import.sh: "import fail2ban" converts an installation into files to review; the rules match the lines that its filters
# matched; what cannot be translated is reported. "import list --dry-run" prints what would be ordered. Needs sqlite3
# and jq; no root, no network, no fail2ban.
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
grep -q "shop.conf:6: left out, for it matches a name or a network, .*: ^lookup of <DNS> failed" printed || fail "printed: $(cat printed)"
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

# --- odd installations: each is imported, or refused with a sentence; none takes long ---

# odd JAILS FILTER: an installation with jail a, and those of JAILS; the filter a. Prints what import prints; the rules are in odd/out.
odd() {
	rm -rf odd && mkdir -p odd/etc/filter.d || exit 1
	printf '[DEFAULT]\n_daemon = \\S*\n[Definition]\n__prefix_line = (?:\\S+ )?%%(_daemon)s(?:\\[\\d+\\])?:\\s\n' >odd/etc/filter.d/common.conf
	printf '[a]\nenabled = true\nlogpath = /var/log/mail.log\n' >odd/etc/jail.conf
	printf '%b' "$1" >odd/etc/jail.local
	printf '[INCLUDES]\nbefore = common.conf\n[Definition]\n_daemon = app\n%b\n' "$2" >odd/etc/filter.d/a.conf
	[ -z "${3:-}" ] || eval "$3"
	timeout 20 "$wfs" -c conf import fail2ban --from odd/etc --database "${database:-f2b.sqlite3}" --output odd/out 2>&1 || echo "status $?"
}
rules() { sed -n 's/^match = //p' odd/out/patterns/fail2ban-a.rules | tr '\n' '|'; }
H='^%(__prefix_line)s'
while IFS='~' read -r what jails filter want printed; do
	got=$(odd "$jails" "$filter")
	[ "$(rules)" = "$want" ] || fail "$what: rules $(rules), want $want: $got"
	grep -qF -- "$printed" <<<"$got" || fail "$what: printed $got, want $printed"
done <<END
circle of values~~x = %(y)s\ny = %(x)s\nfailregex = ${H}%(x)s <HOST>~~a.conf:5: x refers to itself
a value that is nowhere~[a]\nlogpath = %(nix)s\n~failregex = ${H}bad <HOST>~^bad <ADDR>|~jail.local:2: logpath refers to nix, which is nowhere
a filter that is nowhere~[b]\nenabled = yes\nfilter = none\n~failregex = ${H}bad <HOST>~^bad <ADDR>|~none.conf: No such file
a filter elsewhere~[b]\nenabled = yes\nfilter = ../../x\n~failregex = ${H}bad <HOST>~^bad <ADDR>|~its filter's name has other characters
percent~~failregex = ${H}100%% bad <HOST>\$~^100% bad <ADDR>\$|~1 rule
DOS~[a]\r\nmaxretry = 3\r\n~failregex = ${H}bad <HOST>\$\r\n   ${H}worse <HOST>\$\r~^bad <ADDR>\$|^worse <ADDR>\$|~2 rules
comments~~failregex = ${H}a <HOST>\$ ; why\n# this\n   # and this\n\n  ${H}b;c <HOST>\$~^a <ADDR>\$|^b;c <ADDR>\$|~2 rules
capitals~[a]\nMaxRetry = 3\n~FailRegex = ${H}bad <HOST>~^bad <ADDR>|~1 rule
too long~~failregex = ${H}$(printf '%020000d' 0) <HOST>\n  ${H}ok <HOST>~^ok <ADDR>|~left out, for it is too long: ^000
twice~~failregex = ${H}a <HOST> <ADDR>\n  ${H}(?:a <IP4>|b <IP6>)~~left out, for it has the address twice: ^a
groups~~failregex = ${H}(?P<user>.) <HOST>(?P=user)\n  ${H}(?P<host>.+)\n  ${H}(?<=x)<HOST>~^(?P<user>.) <ADDR>(?P=user)|^(?<=x)<ADDR>|~a pattern of its own for the address
prefregex~~prefregex = ${H}<F-CONTENT>.+</F-CONTENT>\nfailregex = ^bad <HOST>\n  worse <HOST>\n  <F-NOFAIL>x</F-NOFAIL> <HOST>~^bad <ADDR>|^.*?worse <ADDR>|~it needs several lines
a content~~prefregex = ^<F-MLFID>%(__prefix_line)s</F-MLFID>w: <F-CONTENT>[ab] .+</F-CONTENT>\$\nfailregex = ^a <HOST>~^w: (?=[ab] .+\$)a <ADDR>|~1 rule
a content that ends~~prefregex = ${H}<F-CONTENT>.+</F-CONTENT> x\$\nfailregex = ^a <HOST>~~its prefregex has parts
several lines~~failregex = ${H}a<SKIPLINES>b <HOST>\n  ${H}a\\\\nb <HOST>\n  ${H}[^\\\\n]+ <HOST>\nmaxlines = 2~^[^\n]+ <ADDR>|~needs several lines: ^a
a header in each line~~failregex = ${H}a <HOST>\n  ^b <HOST>\n  ^<F-MLFID>%(__prefix_line)s</F-MLFID>c <HOST>~^a <ADDR>|^c <ADDR>|~matches the header of the line too; draft a rule from a line with 'check --new': ^b
tags in tags~[a]\nfilter = a[mode="b", x='1,2']\n~re-a = ${H}a <HOST>\nre-b = ${H}b <x>\\x5d <HOST>\n  <re-a>\nfailregex = <re-<mode>>~^b 1,2] <ADDR>|^a <ADDR>|~2 rules
tags in circles~~t = <u>\nu = <t>\nfailregex = ${H}<t> <HOST>~~its tags refer to themselves
ignored~~failregex = ${H}a <HOST>\nignoreregex = ${H}x <HOST>\n  y~^a <ADDR>|~1 rule
what else a filter says~~failregex = ${H}a <HOST>\ndatepattern = %%Y\njournalmatch = _COMM=x~^a <ADDR>|~journalmatch
control characters~[\x1b[31m]\nenabled = 1\nfilter = a\n~failregex = ${H}\x1b[2J <HOST>~~\\x1b[2J <HOST>
other bytes~[\xfc ber]\nenabled = 1\nfilter = a\n~failregex = ${H}\xc3\xbc <HOST>~^ü <ADDR>|~\\xfc ber
times~[a]\nbantime = 1 week 2days\nfindtime = 60*60*2\n[b]\nenabled = on\nfilter=a\nbantime = soon\n~failregex = ${H}a <HOST>~^a <ADDR>|~jail.local:7: bantime: no time, 10m instead: soon
ignoreip~[a]\nignoreip = 192.0.2.7\n~failregex = ${H}a <HOST>~^a <ADDR>|~jail.local:2: left out, for [allow] counts for every rule: ignoreip of a: 192.0.2.7
END
has odd/out/watchforspammers.conf "window = 10m"
grep -qxF 'unless = (?:^x [0-9A-Fa-f:.]+)|(?:y)' <(odd "" "failregex = ${H}a <HOST>\nignoreregex = ${H}x <HOST>\n  y" >/dev/null; cat odd/out/patterns/*) || fail "ignoreregex"
odd "" "failregex = ${H}a <HOST>\nignoreregex = x<SKIPLINES>y" >printed
grep -qx "enabled = no" odd/out/patterns/fail2ban-a.rules || fail "a rule without its ignoreregex: $(cat printed)"
"$wfs" -c conf check odd/out/patterns/*.rules >/dev/null 2>&1 || fail "check of a disabled rule"

# Files that include each other, a file beside one that is included, and files without end.
odd "" "failregex = ${H}a <HOST>" 'printf "[INCLUDES]\nbefore = a.conf\n b.conf\n common.conf\n[Definition]\n" >>odd/etc/filter.d/b.conf
	sed -i "s/common.conf/b.conf/" odd/etc/filter.d/a.conf; printf "[Definition]\n_daemon = beside\n" >odd/etc/filter.d/common.local' >printed
[ "$(rules)" = '^a <ADDR>|' ] || fail "a circle of files: $(cat printed)"
# shellcheck disable=SC2016 # for odd to expand
odd "" "failregex = ${H}a <HOST>" 'for i in {a..h}; do printf "[INCLUDES]\nbefore = %s\n[Definition]\nx = 1\n" "$(echo {a..h}.conf)" >odd/etc/filter.d/$i.conf; done' >printed
grep -q "files include too many others" printed || fail "includes without end: $(cat printed)"
odd "" "$(for i in {0..17}; do printf 'k%d = ' "$i"; printf "%%(k$((i + 1)))s%.0s" {1..30}; printf '\n'; done)\nk18 =\nfailregex = ${H}%(k0)s <HOST>" >printed
grep -q "refers to itself, or to too many others" printed || fail "values without end: $(cat printed)"
# shellcheck disable=SC2016 # for odd to expand
odd "$(for i in {1..2000}; do printf '[j%d]\\nenabled = true\\nfilter = a\\nlogpath = /var/log/%d\\n' "$i" "$i"; done)" "failregex = ${H}a <HOST>" 'printf "[DEFAULT]\nignoreip = %s\n" "$(printf "10.1.2.3\n %.0s" {1..20000})" >odd/etc/jail.d.conf
	mkdir odd/etc/jail.d; mv odd/etc/jail.d.conf odd/etc/jail.d/x.conf' >printed
[ "$(grep -c "the same, as above" printed)" = 2000 ] || fail "2000 jails: $(tail -n 3 printed)"

# Databases of each version; without a time of its own a ban lasts as long as those of its jail.
columns="jail TEXT NOT NULL, ip TEXT, timeofban INTEGER NOT NULL"
now=$(date +%s)
for version in 2 3 4; do
	rm -f old.sqlite3
	case $version in
	2) table="bans ($columns, data JSON)" values="'{}'" ;;
	3) table="bans ($columns, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL DEFAULT 1, data JSON)" values="-2, 1, '{}'" ;;
	4) table="bips ($columns, bantime INTEGER NOT NULL, bancount INTEGER NOT NULL DEFAULT 1, data JSON)" values="7200, 1, '{}'" ;;
	esac
	sqlite3 old.sqlite3 "CREATE TABLE $table; INSERT INTO ${table%% *} VALUES ('a', '203.0.113.0/24', $now, $values), ('a', '2001:db8::5', $now, $values),
		('b', '2001:DB8:0::5', $now - 9, $values), ('a', '127.0.0.1', $now, $values), ('a', 'example.org', $now, $values),
		('a', '203.0.113.9', $now - 9999, $values), (x'ff', '203.0.113.8/31', $now, $values)" || fail "version $version: no database"
	database=old.sqlite3 odd "[a]\nbantime = 2h\n" "failregex = ${H}a <HOST>" >printed
	got=$(sed -E 's/ for (2h|1h5[0-9]m([0-9]+s)?)( |$)/ 2h /; s/ for (10m|9m[0-9]+s) / 10m /' odd/out/bans)
	short=10m
	[ "$version" = 4 ] && short=2h
	[ "$got" = "203.0.113.0/24 2h # fail2ban a
203.0.113.8/31 $short # fail2ban \\xff
2001:db8::5 2h # fail2ban a" ] || fail "version $version: $got, $(cat printed)"
done
sqlite3 other.sqlite3 "CREATE TABLE x (y)" || fail "sqlite3"
database=other.sqlite3 odd "" "failregex = ${H}a <HOST>" >printed
grep -q "other.sqlite3: not a database of fail2ban: no such table" printed || fail "another database: $(cat printed)"
grep -qx "status 3" printed || fail "another database: $(cat printed)"

# Never over what is there.
"$wfs" import fail2ban --from etc --database f2b.sqlite3 --output out >printed 2>&1 && fail "it writes over its own files"
grep -q -- "--output" printed || fail "printed: $(cat printed)"
"$wfs" import fail2ban --from nowhere --output out2 >printed 2>&1 && fail "a directory that is not there"
[ ! -e out2 ] || fail "files of nothing"

got=$("$wfs" import list --dry-run --for 2h --reason "from there" out/bans | sed 's/ for 23h59m[0-9]*s/ for 1d/')
want='block 203.0.113.5 for 1d reason fail2ban postfix-sasl
block 2001:db8::5 for 2h reason fail2ban dovecot'
[ "$got" = "$want" ] || fail "import list: got $got"
got=$(echo "192.0.2.7 for 1h" | "$wfs" import list --dry-run --reason "from there" -)
[ "$got" = "block 192.0.2.7 for 1h reason from there" ] || fail "import list: got $got"
echo nothing | "$wfs" import list --dry-run - >printed 2>&1
[ $? = 1 ] || fail "a list without an address: $(cat printed)"
echo "ok"
