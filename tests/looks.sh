#!/usr/bin/env bash
# looks.sh: what people see: 80 columns, the local zone or UTC, "1 hit" and "2 hits", and what is printed for a file
# that is no log.
#
# WFS_PROGRAM: the program under test. WFS_SOURCE_ROOT: the checkout.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
tmp=$(mktemp -d) || exit 2
trap 'rm -rf -- "$tmp"' EXIT
cd -- "$tmp" || exit 2
export LC_ALL=C TZ=CET-1
failed=0

cat >conf <<-END
[run]
patterns = $WFS_SOURCE_ROOT/patterns
[database]
path = $tmp/hits.db
END

wfs() {
	"$WFS_PROGRAM" -c conf "$@"
}

bad() {
	echo "FAIL: $*" >&2
	failed=1
}

# status WANT WHAT ARGUMENT...: output goes to out and err.
status() {
	local want=$1 what=$2 got
	shift 2
	wfs "$@" >out 2>err
	got=$?
	[ "$got" = "$want" ] || bad "$what: exit status: got $got, want $want; $(cat out err)"
}

# has FILE TEXT WHAT
has() {
	grep -qF -- "$2" "$1" || bad "$3: got $(cat "$1"), want $2"
}

lacks() {
	! grep -qF -- "$2" "$1" || bad "$3: got $2"
}

# fits WHAT: every line of out has at most 80 characters.
fits() {
	local wide
	wide=$(awk 'length > 80' out)
	[ -z "$wide" ] || bad "$1: wider than 80 columns: $wide"
}

# reject ADDRESS: all of them in one second, so that their blocks end together.
now=$(date -u +%Y-%m-%dT%H:%M:%S+00:00)
reject() {
	echo "$now mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from unknown[$1]: 554 5.7.1 Service unavailable; Client host [$1] blocked using zen.example; from=<a@example.net> to=<x@y.example> proto=ESMTP helo=<x>"
}

{
	for address in 198.51.100.7 203.0.113.177 2001:db8:bad:cafe::7; do
		for _ in 1 2 3; do reject "$address"; done
	done
} >now.log
status 0 "replay" replay --database hits.db now.log
fits "replay"
has out "hits       9 by 3 addresses" "replay"
grep -Eq '^           [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} CET to ' out || bad "replay's times are not local: $(cat out)"
status 0 "replay of what is known" replay --database hits.db now.log
grep -Eq '^known +[0-9]+ bytes were in the database already$' out || bad "replay: known: $(cat out)"
status 0 "replay --utc" replay --utc now.log
grep -Eq '^           [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC to ' out || bad "replay --utc: $(cat out)"

# The address column is as wide as what is in it; rules and addresses are whole, the reason takes the rest.
status 0 "list" list
fits "list"
grep -Eq "^ADDRESS                 UNTIL  +HITS  DROPPED  RULE           REASON$" out || bad "list: $(cat out)"
grep -Eq '^2001:db8:bad:cafe::/64  in [0-9hms]+ +3        0  postfix-dnsbl  listed by a.*\.\.\.$' out || bad "list: $(cat out)"
status 0 "list --json" list --json
grep -Eq '"until":"[0-9-]{10}T[0-9:]{8}Z"' out || bad "list --json is not in UTC: $(cat out)"

status 0 "why" why 198.51.100.7
grep -v ' mx postfix' out >short && mv short out
fits "why"
grep -Eq '^198.51.100.7 is blocked until [0-9-]{10} [0-9:]{8} CET \(in [0-9hms]+\)$' out || bad "why: $(cat out)"
status 0 "why --utc" why --utc 198.51.100.7
grep -Eq '^  [0-9-]{10} [0-9:]{8} UTC to [0-9-]{10} [0-9:]{8} UTC, offence 1$' out || bad "why --utc: $(cat out)"
sqlite3 hits.db "UPDATE block SET knocks = 1, knocked = since, packets = 1 WHERE id = 1" || failed=1
status 0 "why" why 198.51.100.7
has out "dropped: 1 packet, last " "one"
sqlite3 hits.db "UPDATE block SET knocks = 2, packets = 2345, bytes = 140700 WHERE id = 1" || failed=1
status 0 "why" why 198.51.100.7
has out "dropped: 2345 packets, 137K bytes, last " "two"
grep -v ' mx postfix' out >short && mv short out
fits "why"
status 0 "list" list
fits "list, with bytes"
grep -Eq "^ADDRESS                 UNTIL  +HITS  DROPPED  BYTES  RULE           REASON$" out || bad "list, with bytes: $(cat out)"
grep -Eq '^198.51.100.7            in [0-9hms]+ +3     2345   137K  postfix-dnsbl  l.*\.\.\.$' out || bad "list, with bytes: $(cat out)"

# Some of the blocks, in another order.
sqlite3 hits.db "UPDATE block SET until = until + 3600 WHERE address = '203.0.113.177';
	INSERT INTO rule (name, category, reason) VALUES ('other', 'auth', 'guessed');
	INSERT INTO block (address, since, until, offence, rule)
	SELECT '203.0.113.0/25', unixepoch(), unixepoch() + 60, 1, id FROM rule WHERE name = 'other'" >/dev/null || failed=1
# order ARGUMENT...: the addresses that are listed.
order() { wfs list "$@" --json 2>err | jq -r .address | tr '\n' ' '; }
# as WANT ARGUMENT...
as() {
	local want=$1
	shift
	[ "$(order "$@")" = "$want" ] || bad "list $*: got $(order "$@"); $(cat err)"
}
as "203.0.113.177 198.51.100.7 2001:db8:bad:cafe::/64 203.0.113.0/25 " --sort until
as "198.51.100.7 203.0.113.0/25 203.0.113.177 2001:db8:bad:cafe::/64 " --sort network
sqlite3 hits.db "UPDATE address SET hits = 7 WHERE address = '198.51.100.7'" || failed=1
[ "$(order --sort hits | cut -d' ' -f1)" = 198.51.100.7 ] || bad "list --sort hits: $(order --sort hits)"
as "203.0.113.0/25 " --category auth
as "203.0.113.0/25 " --rule other --sort hits
as "203.0.113.177 203.0.113.0/25 " --network 203.0.113.0/24
as "203.0.113.177 " --network 203.0.113.177
as "203.0.113.0/25 " --network 203.0.113.1
as "2001:db8:bad:cafe::/64 " --network 2001:db8::/32
as "" --network 203.0.113.128/25 --category auth
status 0 "list of none of them" list --category grey
has out "nobody is blocked of whom you asked for" "list of none of them"
status 2 "list --sort" list --sort size
has err "--sort: \"size\" is none of until, hits, network" "list --sort"
status 2 "list --network" list --network 203.0.113.1/24
has err "--network: " "list --network"
status 2 "list --watch --json" list --watch --json
status 2 "list --allowed --rule" list --allowed --rule other
status 2 "list --files --rule" list --files --rule other
has err "--files shows all" "list --files --rule"
status 0 "list --files of none" list --files
has out "no network is listed" "list --files of none"
# Again and again: until the reader has had enough.
wfs list --watch 2>err | { grep -m 2 -c "^203.0.113.0/25 "; } >out
[ "$(cat out)" = 2 ] || bad "list --watch: $(cat out err)"
sqlite3 hits.db "DELETE FROM block WHERE address = '203.0.113.0/25'" || failed=1

# What is allowed for a while: until when, in the local zone.
status 0 "list --allowed of none" list --allowed
has out "no address is temporarily allowed" "list --allowed of none"
sqlite3 hits.db "INSERT INTO allowance (address, since, until, cause, why) VALUES
	('198.51.100.0/25', 1, 4102444800, 'by hand', 'a customer'), ('192.0.2.9', 1, 2, 'by hand', 'over')" || failed=1
status 0 "list --allowed" list --allowed
[ "$(cat out)" = "198.51.100.0/25  until 2100-01-01 01:00:00 CET  by hand: a customer" ] || bad "list --allowed: $(cat out)"
status 0 "list --allowed --json" list --allowed --json
[ "$(cat out)" = '{"address":"198.51.100.0/25","since":"1970-01-01T00:00:01Z","until":"2100-01-01T00:00:00Z","cause":"by hand","reason":"a customer"}' ] ||
	bad "list --allowed --json: $(cat out)"
status 1 "test of an allowed one" test 198.51.100.9
has out "198.51.100.9 is not blocked: allowed (by hand) until 2100-01-01 01:00:00 CET, as 198.51.100.0/25: a customer" "test"
status 0 "why of an allowed one" why 198.51.100.9
has out "allowed (by hand) until 2100-01-01 01:00:00 CET, as 198.51.100.0/25: a customer" "why"
sqlite3 hits.db "DELETE FROM allowance" || failed=1

# Times that are given are in the zone of those that are shown.
echo '2026-11-20T12:00:00+00:00 mx sshd[1]: Failed password for root from 198.51.100.7 port 1 ssh2' >one.log
status 0 "--from, local" replay --from '2026-11-20 13:00:00' --until '2026-11-20T13:00:00' one.log
has out "hits       1 by 1 address" "--from, local"
status 0 "--from, --utc" replay --utc --from '2026-11-20 12:00:00' --until 2026-11-20T12:00:00 one.log
has out "hits       1 by 1 address" "--from, --utc"
status 0 "--from, Z" replay --from 2026-11-20T12:00:00Z --until 2026-11-20T13:00:00+01:00 one.log
has out "hits       1 by 1 address" "--from, with zones"
status 2 "--from after --until" replay --from 2026-11-20 --until 2026-11-19 one.log
has err "--from is later than --until" "--from after --until"

status 0 "test" test 198.51.100.7
grep -Eq '^198.51.100.7 is blocked until [0-9-]{10} [0-9:]{8} CET: ' out || bad "test: $(cat out)"

status 0 "explain" explain "$(cat one.log)"
has out "  time     2026-11-20 13:00:00 CET" "explain"
status 0 "explain, long" explain "$(head -n 1 now.log)"
fits "explain"
status 1 "explain, none" explain '2026-11-20T12:00:00+00:00 mx sshd[1]: Failed password for root over 198.51.100.7 port 1 ssh2 and a long tail'
fits "explain, none"

# What is no log.
printf 'root:x:0:0:root:/root:/bin/bash\nbin:x:2:2::/bin:/bin/sh\n' >passwd
status 1 "replay of no log" replay passwd
has err "passwd is not a log" "replay of no log"
[ ! -s out ] || bad "replay of no log: a summary of nothing: $(cat out)"
head -c 100000 "$WFS_PROGRAM" >binary
status 1 "replay of a binary" replay binary
has err "binary is not a log" "replay of a binary"
status 1 "replay of a log and none" replay one.log passwd binary
has out "hits       1 by 1 address" "replay of a log and none"
has err "nor is 1 other file" "replay of a log and none"
status 3 "replay of nothing" replay nothing
has err "nothing: No such file" "replay of nothing"
[ ! -s out ] || bad "replay of nothing: a summary: $(cat out)"
status 3 "replay of nothing and a log" replay nothing one.log
has out "hits       1 by 1 address" "replay of nothing and a log"
: >empty
status 0 "replay of an empty log" replay empty

# Nothing was ever started: that is the only problem, with its remedy, and printed once.
sed 's/hits.db/never.db/' conf >never
status 1 "status of a new machine" -c never status
[ "$(grep -c '^PROBLEM' out)" = 1 ] && [ ! -s err ] || bad "status of a new machine: $(cat out err)"
has out "systemctl start watchforspammers" "status of a new machine"

# Help fits, and so does status.
for command in run replay check explain list why status test block unblock allow disallow vote resume reload cleanup; do
	status 0 "help of $command" -h "$command"
	fits "help of $command"
done
status 0 "help" -h
fits "help"
status 1 "status" status
fits "status"

# Where lines should come from and cannot.
for command in explain "replay -"; do
	# shellcheck disable=SC2086 # a command and its argument
	wfs $command <&- >out 2>err
	[ $? = 2 ] || bad "$command, closed: exit status; $(cat err)"
	has err "standard input is closed" "$command, closed"
done
wfs explain <one.log >out 2>err || failed=1
lacks err "Ctrl-D" "explain from a file"
lacks out $'\033' "status, not on a terminal"
if script -qec true /dev/null >/dev/null 2>&1; then # a plain chroot has no pseudo-terminals
	# on_terminal [NAME=VALUE...] -- ARGUMENT...: what it prints there.
	on_terminal() { env TERM=xterm "${@:1:2}" script -qec "$WFS_PROGRAM -c conf ${*:3}" /dev/null >out 2>&1; }
	for command in list "why 198.51.100.7" report status; do
		on_terminal NO_COLOR= LC_ALL=C "$command"
		has out $'\033[1' "$command on a terminal"
		on_terminal NO_COLOR=1 LC_ALL=C "$command"
		lacks out $'\033' "$command with NO_COLOR"
		on_terminal TERM=dumb LC_ALL=C "$command"
		lacks out $'\033' "$command on a dumb terminal"
	done
	printf '\004' | script -qec "$WFS_PROGRAM -c conf explain" /dev/null >out 2>&1
	has out "Ctrl-D" "explain on a terminal"
fi

[ "$failed" = 0 ] || exit 1
echo "looks.sh: all as expected"
