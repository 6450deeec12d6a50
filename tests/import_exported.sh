#!/usr/bin/env bash
# import_exported.sh: "import list" reads every format of "export": exactly the blocked networks, with their ends and
# reasons where the format has them; or it refuses the format by name. Needs sqlite3; no root, no network.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
command -v sqlite3 >/dev/null || { echo "1..0 # SKIP sqlite3 is not installed"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 1

fail() {
	echo "FAIL: $*" >&2
	exit 1
}

wfs() { "$WFS_PROGRAM" -c conf "$@"; }
printf '[database]\npath = %s\n[run]\npatterns = %s/patterns\n' "$work/db" "$WFS_SOURCE_ROOT" >conf
echo "$(date '+%b %e %T') mx postfix/smtpd[4]: NOQUEUE: reject: RCPT from unknown[198.51.100.66]: 554 5.7.1 Service unavailable; Client host [198.51.100.66] blocked using bl.example.org; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>" >log
wfs replay --database db log >printed 2>&1 || fail "replay: $(cat printed)"
# One address and one network of each family. A label of a zone is 8 or 4 bits: both networks end within one.
sqlite3 db "UPDATE block SET address = '198.51.100.66', until = strftime('%s', 'now') + 3600;
INSERT INTO block (address, since, until, offence, rule) SELECT column1, since, until + column2, 1, rule
	FROM (SELECT * FROM block LIMIT 1), (VALUES ('203.0.112.0/23', 3600), ('2001:db8:7::1', 7200), ('2001:db8:8::/46', 10800));
INSERT INTO block (address, since, until, offence, rule, ended) SELECT '192.0.2.99', since, until, 1, rule, since FROM block LIMIT 1;
UPDATE rule SET reason = 'see #4, \"198.51.100.9\", 198.51.100.10' WHERE id IN (SELECT rule FROM block)" || fail "the database cannot be changed"
[ "$(wfs export | wc -l)" = 4 ] || fail "not four blocks: $(wfs export)"

# orders FILE: what importing it would order, with the time left rounded up to hours.
orders() {
	wfs import list --dry-run --for 9h "$1" 2>&1 | sed -E 's/ for 59m[0-9]*s? / for 1h /; s/ for 1h59m[0-9]*s? / for 2h /; s/ for 2h59m[0-9]*s? / for 3h /; s/ for 3h59m[0-9]*s? / for 4h /'
}

# want REASON HOURS...: an order for each block.
want() {
	printf 'block %s for %sh reason %s\n' 198.51.100.66 "$2" "$1" 203.0.112.0/23 "$3" "$1" 2001:db8:7::1 "$4" "$1" 2001:db8:8::/46 "$5" "$1"
}

# same NAME GOT WANT
same() { [ "$2" = "$3" ] || fail "$1: got
$2
want
$3"; }

reason='see #4, "198.51.100.9", 198.51.100.10'
formats=$(wfs export --format none 2>&1 | sed -n 's/.* is none of \(.*\); see .*/\1/p' | tr -d ',')
for format in ${formats:?}; do
	wfs export --format "$format" --output "$format" || fail "export --format $format"
	case $format in
	plain | cidr | nft) same "$format" "$(orders "$format")" "$(want imported 9 9 9 9)" ;;
	csv | json) same "$format" "$(orders "$format")" "$(want "$reason" 1 2 3 4)" ;;
	ipset) same "$format" "$(orders "$format")" "$(want imported 1 2 3 4)" ;;
	rbldnsd) same "$format" "$(orders "$format")" "$(want "see #4,  198.51.100.9 , 198.51.100.10 - postfix-dnsbl" 9 9 9 9)" ;;
	bind) # its names are addresses backwards
		same "$format" "$(orders "$format")" "watchforspammers: $format: a zone file of DNS, whose names are addresses backwards; export it as csv or json instead"
		;;
	*) fail "a format that no test knows: $format" ;;
	esac
done

# What a spreadsheet makes of csv: other columns first, other quotes, semicolons, a mark at the beginning.
sqlite3 -csv -separator ';' -header :memory: ".import --csv csv t" "SELECT reason, hits AS Hits, until AS Until, address AS Address, rule FROM t" >sheet
sed -i $'1s/^/\xef\xbb\xbf/' sheet
same "a spreadsheet" "$(orders sheet)" "$(want "$reason" 1 2 3 4)"

# What is over by now is left out; an end that is no time is not taken for another.
sed -i 's/20[0-9-]*T[0-9:]*Z,20[0-9-]*T[0-9:]*Z/,2020-01-01T00:00:00Z/' csv
sed -i 's/"until":"20[0-9-]*/"until":"2020-01-01/' json
for format in csv json; do
	same "$format, over" "$(orders $format)" "watchforspammers: $format: no address in it"
	sed -i 's/2020-01-01T[0-9:]*Z/01.01.20/' $format
	same "$format, no time" "$(orders $format)" "watchforspammers: $format: 198.51.100.66: its end (until) is no time such as 2026-11-20T13:37:42Z"
done
echo "ok"
