#!/bin/bash
# replay.sh: replay's promises, on generated logs whose contents are known. The database is the same, byte for byte, for
# any number of threads, compressed or not, whole or in rotated pieces, in one go or interrupted repeatedly; counts from
# damaged logs are exact; little memory is used.
#
# Needs bash, sqlite3, gzip; uses xz, zstd and bzip2 if installed. Takes about 1 GB in the temporary directory. No root.
# WFS_PROGRAM, WFS_GENLOG, WFS_MEASURE, WFS_SOURCE_ROOT: from meson. WFS_SANITIZED=1: memory is not measured, and the
# logs are shorter. WFS_BENCH=1: the long line has 2 GB. Prints "ok" or "FAIL" for each promise; the exit status is 1 if
# one failed.
set -u
export LC_ALL=C TZ=UTC
work=$(mktemp -d "${TMPDIR:-/tmp}/replay.XXXXXX") || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd -- "$work" || exit 1
failures=0
# The honest of genlog have private addresses.
printf '[allow]\nprivate = no\n' >private.conf
some=200000 # lines
big=800000 # 0.12 GB, four hours
from=2026-09-21T14:40:00 until=2026-09-21T15:00:00 # within both
[ -z "${WFS_SANITIZED-}" ] || { some=40000 big=200000 from=2026-09-21T14:17:00 until=2026-09-21T14:23:00; }
half=$((some / 2))

good() {
	printf 'ok    %s\n' "$*"
}

bad() {
	printf 'FAIL  %s\n' "$*"
	failures=$((failures + 1))
}

# is GOT WANT WHAT
is() {
	if [ "$1" = "$2" ]; then good "$3"; else bad "$3: got $1, want $2"; fi
}

# same FILE FILE WHAT
same() {
	if cmp -s "$1" "$2"; then good "$3"; else bad "$3: $(diff "$1" "$2" | head -n 3 | cut -c 1-200)"; fi
}

wfs() {
	"$WFS_PROGRAM" -c "$work/private.conf" replay --rules "$WFS_SOURCE_ROOT/patterns" "$@"
}

# gen FILE LINES SEED [iso|bsd [START [GARBAGE]]]: what is in it goes to $hits, $addresses, $garbage.
gen() {
	local file=$1 said
	shift
	said=$("$WFS_GENLOG" "$@" 2>&1 >"$file") || exit 1
	read -r hits addresses garbage <<<"${said//[a-z=]/}"
}

# of KEY: a number from the JSON of a replay, in the file "json".
of() {
	sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" json
}

# Without events, which begin with what a first replay leaves; and without the rules of an address's last day,
# which are noted in the order in which they were indexed. Sorted, because a replay that fills a new database creates its
# indexes at its end, and one that goes on after a kill directly at the start finds them there.
dump() {
	sqlite3 "$1" .dump | sed -E "/^INSERT INTO daemon VALUES\('expired'/d; /^INSERT INTO (event |sqlite_sequence)/d; /^INSERT INTO address /s/,'[0-9,]*'\);$/);/" | sort
}

# What a database says of hits and blocks, not which file they come from.
content() {
	sqlite3 "$1" "SELECT h.id, h.time, h.address, r.name, h.score, h.detail, h.text FROM hit h JOIN rule r ON r.id = h.rule
		ORDER BY h.id; SELECT b.id, b.address, b.since, b.until, b.offence, r.name, b.knocks, b.ended, b.ended_by
		FROM block b JOIN rule r ON r.id = b.rule ORDER BY b.id"
}

# fresh DB ARGUMENT...: a replay into a new database.
fresh() {
	local db=$1
	shift
	rm -f "$db" "$db"-*
	wfs --json --database "$db" "$@" >json
}

# --- counts, threads, compression ---

gen bsd.log 50000 3 bsd
wfs --json bsd.log >json
is "$(of lines) $(of hits) $(of addresses) $(of unparsed) $(of cut)" "50000 $hits $addresses 0 0" "counts, bsd stamps"
mkdir plain
gen plain/mail.log "$some" 7
(cd plain && fresh ../one.db --threads 1 mail.log && mv json ..)
is "$(of lines) $(of hits) $(of addresses) $(of unparsed) $(of cut)" "$some $hits $addresses 0 0" "counts, iso stamps"
is "$(of blocks)" "$(sqlite3 one.db 'SELECT count(*) FROM blocks')" "blocks said are blocks stored"
is "$(sqlite3 one.db 'SELECT count(*) FROM hits')" "$hits" "hits said are hits stored"
dump one.db >want
content one.db >want.content
for threads in 2 3 8; do
	(cd plain && fresh ../n.db --threads "$threads" mail.log)
	dump n.db >got
	same got want "the same database from 1 and $threads threads"
done
for pack in gzip bzip2 xz zstd; do
	command -v "$pack" >/dev/null || continue
	mkdir -p packed
	"$pack" -1 -c <plain/mail.log >packed/mail.log
	(cd packed && fresh ../n.db mail.log)
	dump n.db >got
	same got want "the same database from $pack"
done
fresh n.db - <plain/mail.log
content n.db >got
same got want.content "the same hits and blocks from standard input"
fresh n.db - < <(gzip -c plain/mail.log)
content n.db >got
same got want.content "the same from standard input, compressed"
(cd plain && wfs --json --database ../one.db mail.log >../json)
is "$(of lines) $(of hits)" "0 0" "a log that is known is not counted again"
dump one.db >got
same got want "and the database has not changed"

# --- rotated pieces, in any order of names ---

mkdir pieces
split -n l/5 -d -a 1 plain/mail.log pieces/mail.log.
(cd pieces && mv mail.log.4 mail.log && gzip -1 mail.log.0 mail.log.1 && xz -1 mail.log.2 2>/dev/null)
fresh n.db --threads 2 pieces/mail.log pieces/mail.log.3 pieces/mail.log.1.gz pieces/mail.log.2* pieces/mail.log.0.gz
content n.db >got
same got want.content "the same hits and blocks from rotated pieces, in disorder"
is "$(of files) $(of lines)" "5 $some" "and every line once"
wfs --json --database n.db pieces/* >json
is "$(of lines) $(of hits)" "0 0" "all pieces are known the second time"

# --- a log that grows, and one torn off ---

size=$(stat -c %s plain/mail.log)
mkdir grows
rm -f n.db*
for part in 3 2 1; do # ends in the middle of a line
	head -c "$((size / part))" plain/mail.log >grows/mail.log
	(cd grows && wfs --database ../n.db mail.log >/dev/null) || bad "a log that grows: status $?"
done
dump n.db >got
same got want "the same database from a log that was still growing"

gzip -c plain/mail.log >whole.gz
head -c "$(($(stat -c %s whole.gz) / 2))" whole.gz >plain.gz
rm -f n.db*
wfs --json --database n.db plain.gz >json 2>said
is "$?" 3 "a truncated gz: status 3"
is "$(grep -c 'plain.gz' said)" 1 "a truncated gz: the error names the file"
torn=$(of hits)
[ "$torn" -gt 1000 ] || bad "a truncated gz: only $torn hits"
sqlite3 n.db 'SELECT id, time, address, text FROM hit ORDER BY id' >got
sqlite3 one.db "SELECT id, time, address, text FROM hit ORDER BY id LIMIT $torn" >want.torn
same got want.torn "a truncated gz: what was read counts"
cp whole.gz plain.gz
wfs --database n.db plain.gz >/dev/null
content n.db >got
same got want.content "a truncated gz made whole: it goes on there"

# --- damaged and odd logs ---

gen garbage.log "$some" 11 iso 1790000000 100
fresh n.db --threads 2 garbage.log
is "$(of lines) $(of hits) $(of addresses) $(of unparsed)" "$some $hits $addresses $garbage" "10 % binary garbage"
dump n.db >got
fresh n.db --threads 8 garbage.log
dump n.db >got8
same got8 got "10 % binary garbage, 2 and 8 threads"

long=300M
[ -z "${WFS_BENCH-}" ] || long=2G
{ head -n "$half" plain/mail.log && printf '2026-09-21T15:00:00+00:00 mx1 postfix/smtpd[1]: '; } >long.log
truncate -s "+$long" long.log # a hole takes no room
{ echo && tail -n "+$((half + 1))" plain/mail.log; } >>long.log
rm -f n.db*
MALLOC_PERTURB_=0 "$WFS_MEASURE" took "$WFS_PROGRAM" -c "$work/private.conf" replay --rules "$WFS_SOURCE_ROOT/patterns" --json --database n.db long.log >json
is "$(of lines) $(of cut)" "$((some + 1)) 1" "a line of $long"
content n.db >got
same got want.content "a line of $long: the same hits and blocks"
[ -n "${WFS_SANITIZED-}" ] || {
	read -r _ _ kib <took
	if [ "$kib" -le 57344 ]; then good "a line of $long: $kib KiB"; else bad "a line of $long: $kib KiB"; fi
}
rm -f long.log

sed 's/$/\r/' plain/mail.log >crlf.log
fresh n.db crlf.log
is "$(of lines) $(of hits) $(of blocks) $(of unparsed)" "$some $(sqlite3 one.db 'SELECT (SELECT count(*) FROM hit) || " " || (SELECT count(*) FROM block)') 0" "CRLF"

head -c -1 plain/mail.log >tail.log
wfs --json tail.log >json
is "$(of lines)" "$some" "no final newline: the line counts"
fresh n.db tail.log
is "$(of lines)" "$((some - 1))" "no final newline, into a database: the line is left for later"

gen first.log "$half" 21 iso 1790000000
more=$hits
gen second.log "$half" 22 iso 1790100000
cat second.log first.log plain/mail.log >back.log
fresh n.db --threads 1 back.log
is "$(of lines) $(of hits)" "$((2 * some)) $((more + hits + $(wc -l < <(sqlite3 one.db 'SELECT id FROM hit'))))" "time going backwards"
dump n.db >got
fresh n.db --threads 8 back.log
dump n.db >got8
same got8 got "time going backwards, 1 and 8 threads"
rm -f first.log second.log back.log

eve=$(date -u -d '2025-12-31 23:55:00' +%s)
gen year.iso "$some" 31 iso "$eve"
gen year.bsd "$some" 31 bsd "$eve"
touch -d '2026-01-01 02:00:00' year.bsd
fresh n.db year.iso
sqlite3 n.db 'SELECT time, address FROM hit ORDER BY id; SELECT address, since, until, offence FROM block ORDER BY id' >want.year
[ "$(sqlite3 n.db 'SELECT min(time) < 1767225600 AND max(time) > 1767225600 FROM hit')" = 1 ] ||
	bad "year change: the log does not run over it"
for how in "" "--year 2025"; do
	[ -z "$how" ] || touch -d '2026-11-20' year.bsd
	# shellcheck disable=SC2086 # two words or none
	fresh n.db $how --threads 8 year.bsd
	sqlite3 n.db 'SELECT time, address FROM hit ORDER BY id; SELECT address, since, until, offence FROM block ORDER BY id' >got
	same got want.year "year change in stamps without a year${how:+, $how}"
done

# --- --from and --until ---

awk -v from="$from" -v until="$until" 'substr($1, 1, 19) >= from && substr($1, 1, 19) <= until' plain/mail.log >inside.log
fresh inside.db inside.log
content inside.db >want.inside
for threads in 1 8; do
	fresh n.db --threads "$threads" --from "$from" --until "${until}Z" plain/mail.log
	content n.db >got
	same got want.inside "--from and --until give the lines of these seconds, both included, $threads threads"
done
fresh n.db --from "$from" --until "$until" packed/mail.log
content n.db >got
same got want.inside "--from and --until, compressed"
gen big.log "$big" 41
read -r big_hits big_addresses <<<"$hits $addresses"
wfs --json --from "$from" --until "$until" big.log >json
lines=$(of lines)
got=$(of hits)
awk -v from="$from" -v until="$until" 'substr($1, 1, 19) >= from && substr($1, 1, 19) <= until' big.log | wfs --json - >json
is "$got" "$(of hits)" "--from and --until in a long log"
if [ "$lines" -lt 600000 ]; then good "and most of it is not read"; else bad "--from and --until read $lines lines"; fi

# --- memory ---

rm -f big.db*
# Meson fills what is allocated, and so touches memory that nobody else would.
MALLOC_PERTURB_=0 "$WFS_MEASURE" took "$WFS_PROGRAM" -c "$work/private.conf" replay --rules "$WFS_SOURCE_ROOT/patterns" --json --threads 2 --database big.db big.log >json
is "$(of lines) $(of hits) $(of addresses)" "$big $big_hits $big_addresses" "counts, $big lines"
dump big.db | cksum >want.big
read -r seconds _ kib <took
if [ -n "${WFS_SANITIZED-}" ]; then
	good "memory is not looked at under a sanitizer"
elif [ "$kib" -le 57344 ]; then
	good "$big lines and $big_hits hits in $kib KiB and $seconds s"
else
	bad "$big lines and $big_hits hits took $kib KiB, want at most 57344"
fi

# --- alone in a new database, as long as it fills it ---

mkfifo slow
rm -f n.db*
wfs --database n.db - <slow >/dev/null &
exec 3>slow
cat plain/mail.log >&3 # all but what the pipe holds is read then
for words in 'SELECT count(*) FROM hit' 'DELETE FROM hit'; do
	case $(sqlite3 n.db "$words" 2>&1) in
	*locked*) good "nobody else gets into the database that is filled: $words" ;;
	*) bad "somebody else got into the database that is filled: $words" ;;
	esac
done
exec 3>&-
wait $!
content n.db >got
same got want.content "and has the same hits and blocks"

# --- stopped in the middle ---

catches_int() {
	local mask
	[ "/proc/$1/exe" -ef "$WFS_PROGRAM" ] || return 1 # no longer bash
	mask=$(sed -n 's/^SigCgt:\s*//p' "/proc/$1/status" 2>/dev/null) && [ -n "$mask" ] && ((16#$mask & 2))
}

pause() {
	read -r -t "$1" <> <(:) || :
}

# stop_it SIGNAL SECONDS: begins or goes on, and stops it at a moment within so much; its status in $status.
stop_it() {
	local pid
	wfs_background &
	pid=$!
	until catches_int "$pid" || ! kill -0 "$pid" 2>/dev/null; do
		pause 0.001
	done
	pause "$(awk -v s="$2" -v r="$RANDOM" 'BEGIN { printf "%.4f", s * r / 32768 }')"
	kill "-$1" "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	status=$?
}

wfs_background() {
	exec "$WFS_PROGRAM" -c "$work/private.conf" replay --rules "$WFS_SOURCE_ROOT/patterns" --threads 3 --database n.db big.log >/dev/null 2>said
}

RANDOM=4711
rm -f n.db*
stops=0 tries=0
while [ "$stops" -lt 20 ] && [ "$((tries += 1))" -le 60 ]; do
	stop_it INT "$(awk -v s="$seconds" 'BEGIN { print s / 8 }')"
	[ "$status" = 0 ] && break
	[ "$status,$(grep -c stopped said)" = 3,1 ] || bad "SIGINT: status $status, $(cat said)"
	stops=$((stops + 1))
	[ "$(sqlite3 n.db 'PRAGMA quick_check')" = ok ] || bad "SIGINT: the database is damaged"
done
[ "$stops" -ge 5 ] || bad "SIGINT: only $stops interruptions before the end"
positions=$(sqlite3 n.db 'SELECT position * 100 / '"$(stat -c %s big.log)"' FROM log')
wfs --database n.db big.log >/dev/null || bad "the last run: status $?"
is "$(dump n.db | cksum)" "$(cat want.big)" "the same database after $stops interruptions in the first $positions %"

for wanted in 1 4; do
	rm -f n.db*
	kills=0 tries=0
	while [ "$kills" -lt "$wanted" ] && [ "$((tries += 1))" -le 20 ]; do
		stop_it KILL "$(awk -v s="$seconds" 'BEGIN { print s * 0.8 }')"
		if [ "$status" = 137 ]; then kills=$((kills + 1)); else rm -f n.db*; fi
		[ "$(sqlite3 n.db 'PRAGMA quick_check')" = ok ] || bad "SIGKILL: the database is damaged"
	done
	[ "$kills" = "$wanted" ] || bad "SIGKILL: only $kills hit it"
	positions=$(sqlite3 n.db 'SELECT coalesce(max(position), 0) * 100 / '"$(stat -c %s big.log)"' FROM log' 2>/dev/null)
	wfs --database n.db big.log >/dev/null || bad "after SIGKILL: status $?"
	is "$(dump n.db | cksum)" "$(cat want.big)" "the same database after $kills SIGKILL, at ${positions:-0} %"
done
rm -f n.db* big.db*

# --- the diff, and other rules ---

(cd plain && wfs --diff --database ../one.db mail.log >../diff)
is "$?" 0 "--diff with the same rules: status 0"
cp -r "$WFS_SOURCE_ROOT/patterns" rules
rm rules/courier.rules
(cd plain && "$WFS_PROGRAM" -c "$work/private.conf" replay --rules ../rules --diff --database ../one.db mail.log >../diff)
is "$?" 1 "--diff without Courier's rules: status 1"
is "$(grep -c '^  courier-dnsbl' diff)" 1 "--diff names the rule, once"
dump one.db >got
same got want "--diff changes nothing"
(cd plain && "$WFS_PROGRAM" -c "$work/private.conf" replay --rules ../rules --json mail.log >../json)
is "$(of hits)" "$(sqlite3 one.db "SELECT count(*) FROM hits WHERE rule NOT LIKE 'courier-%'")" "--rules DIR: these rules and no others"

# --- statuses ---

wfs missing.log >/dev/null 2>said
is "$?" 3 "a file that is not there: status 3"
wfs --json missing.log plain/mail.log >json 2>said
is "$? $(of lines)" "3 $some" "and the others are read"
wfs >/dev/null 2>&1
is "$?" 2 "no file: status 2"
wfs --threads 0 plain/mail.log >/dev/null 2>&1
is "$?" 2 "--threads 0: status 2"
wfs --diff plain/mail.log >/dev/null 2>&1
is "$?" 2 "--diff without --database: status 2"
: >empty.log
fresh n.db empty.log
is "$? $(of lines)" "0 0" "an empty log"

[ "$failures" = 0 ] || { echo "$failures failed"; exit 1; }
