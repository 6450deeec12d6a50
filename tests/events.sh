#!/bin/bash
# events.sh: a reader of "events --follow" is killed 200 times, at any point; it continues after its last event, misses
# none and gets none twice. WFS_PROGRAM, WFS_SOURCE_ROOT: from meson.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1
fail() { echo "FAIL: $*"; exit 1; }

printf '[database]\npath = %s/hits.db\n[control]\nsocket =\n' "$work" >conf
printf 'Nov 20 13:40:03 mx1 sshd[22]: nothing\n' >log
"$WFS_PROGRAM" -c conf replay --rules "$WFS_SOURCE_ROOT/patterns" --database hits.db --json log >/dev/null || fail "no database"
sqlite3 hits.db "INSERT INTO rule VALUES (1, 'rule', 'category', 'reason')" || fail "not writable"

# Blocks that last, lifted by and by, in transactions of one to nine events.
write() {
	sqlite3 hits.db "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE;
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1 + $1 % 9)
		INSERT INTO block (address, since, until, offence, rule)
		SELECT '192.0.2.' || i, unixepoch(), unixepoch() + 86400, 1, 1 FROM n;
		UPDATE block SET ended = unixepoch(), ended_by = 'test' WHERE id = $1; COMMIT" >/dev/null || fail "write $1"
}

# The number of the last event whose line is complete, in $since: what a killed reader left of one is dropped.
touch got
last() {
	local line
	since=0
	while IFS= read -r line; do
		[[ ! $line =~ ^\{\"id\":([0-9]+), ]] || since=${BASH_REMATCH[1]}
	done <got
	[ -z "$line" ] || sed -i '$d' got
}

for i in {1..200}; do
	last
	"$WFS_PROGRAM" -c conf events --since "$since" --follow --json >>got &
	reader=$!
	write "$i"
	for ((spin = i * 7919 % 3000; spin > 0; spin--)); do :; done
	kill -KILL "$reader"
	wait "$reader" 2>/dev/null
done
last
"$WFS_PROGRAM" -c conf events --since "$since" --json >>got || fail "events"

jq .id got >ids || fail "not JSON"
sqlite3 -readonly hits.db "SELECT id FROM event ORDER BY id" >want
[ "$(wc -l <want)" -gt 1000 ] || fail "only $(wc -l <want) events"
diff want ids >/dev/null || fail "missed or twice: $(diff want ids | head -n 5)"
[ "$(sed -n 1p got | jq -c '[.event, .address, .rule, .offence]')" = '["block","192.0.2.1","rule",1]' ] || fail "got $(sed -n 1p got)"

# What cannot be.
"$WFS_PROGRAM" -c conf events --since x 2>err && fail "--since x"
grep -q "the number of an event" err || fail "--since x: $(cat err)"
for follow in "" --follow; do
	# shellcheck disable=SC2086
	timeout 60 "$WFS_PROGRAM" -c conf events --since 999999 $follow >out 2>err
	[ "$?,$(wc -c <out)" = 3,0 ] || fail "events $follow of another database: $(cat out err)"
	grep -q "no event has the number 999999 yet, the newest is [0-9]*: is it of another database? 0 gives all" err || fail "events $follow: $(cat err)"
done
"$WFS_PROGRAM" -c conf backup copy.db || fail "backup"
[ "$(sqlite3 -readonly copy.db "SELECT count(*) FROM event")" = "$(wc -l <want)" ] || fail "the copy is incomplete"
"$WFS_PROGRAM" -c conf backup copy.db 2>err && fail "backup over a file"
grep -q "it exists; name another file, or --force to replace it" err || fail "backup: $(cat err)"
"$WFS_PROGRAM" -c conf backup --force copy.db || fail "backup --force"
"$WFS_PROGRAM" -c conf backup - 2>err && fail "backup to standard output"
grep -q "a file's name, not \"-\"" err || fail "backup -: $(cat err)"
database=$(sed -n 's/^path = //p' conf)
for command in "backup --force" "export --format plain --output"; do
	# shellcheck disable=SC2086
	"$WFS_PROGRAM" -c conf $command "$database" 2>err && fail "$command over the database"
	grep -q "$database:* is " err || fail "$command over the database: $(cat err)"
done
[ "$(sqlite3 -readonly "$database" "SELECT count(*) > 0 FROM event")" = 1 ] || fail "the database is damaged"
mkfifo fifo
"$WFS_PROGRAM" -c conf backup --force fifo 2>err && fail "backup over a FIFO"
[ -p fifo ] || fail "backup: the FIFO is gone"
exit 0
