#!/bin/bash
# answers.sh: how long 'why', 'list', 'status' and the view active take in a database of 20 million hits, cold and warm, beside
# the queries of version 0.1.0 on the same file. Started by "meson test --benchmark"; README.md has the details.
#
# WFS_BENCH_HITS: how many (20000000: 6 GB, and 15 minutes for the old queries). WFS_PROGRAM, WFS_ANSWERS, WFS_SOURCE_ROOT:
# from meson. Ends with 1 when a warm answer takes longer than 50 ms, or a cold one than 500, with 77 when there is no room.
set -u
export LC_ALL=C TZ=UTC
hits=${WFS_BENCH_HITS:-20000000}
addresses=200000
work=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX") || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd -- "$work" || exit 1

need=$((hits * 360 / 1024))
have=$(df --output=avail -k . | tail -n 1)
if [ "$have" -lt "$need" ]; then
	echo "1..0 # SKIP $work has room for $have KiB, not for $need; WFS_BENCH_HITS or TMPDIR"
	exit 77
fi
echo "$(date -u +%F), $(nproc) processors, load $(cut -d ' ' -f 1-3 /proc/loadavg) before"

# --- a database of 0.1.0: 90 days, one block for 100 hits, 400 of them active ---

now=$(date +%s)
{
	echo "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
	cat "$WFS_SOURCE_ROOT/tests/data/schema-1.sql"
	cat <<-SQL
		BEGIN;
		INSERT INTO log VALUES (1, '/var/log/mail.log', x'61', x'62', 1, 1, 0, 0, $now);
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
		INSERT INTO rule SELECT i, 'rule-' || i, 'category' || i % 6, 'reason number ' || i FROM n;
		CREATE TEMP TABLE who AS WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $addresses - 1)
		SELECT i AS id, CASE WHEN i % 4 > 0 THEN printf('198.%d.%d.%d', 18 + i / 65536, i / 256 % 256, i % 256)
		                ELSE printf('2001:db8:%x:%x::%x', i / 256, i % 256 + 1, i % 7 + 1) END AS address FROM n;
		CREATE UNIQUE INDEX temp.who_id ON who (id);
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < $hits - 1)
		INSERT INTO hit (time, address, rule, score, ignored, log, offset, detail, text)
		SELECT $now - 90 * 86400 + i * 90 * 86400 / $hits, w.address, 1 + i % 37, 20, i % 3 = 0, 1, i * 160, NULL,
		       printf('Nov 20 13:40:03 mx1 postfix/smtpd[%d]: NOQUEUE: reject: RCPT from unknown[%s]: 554 5.7.1 Service unavailable; '
		              || 'Client host [%s] blocked using zen.example.org; from=<a@example.net> to=<b@example.com> proto=ESMTP '
		              || 'helo=<%d.example.net>', i % 65536, w.address, w.address, i)
		FROM n JOIN who w ON w.id = CASE WHEN i % 4 = 0 THEN (i * 7919) % $addresses ELSE abs((i * 2654435761) / 65536) % ($addresses / 10) END;
		INSERT INTO block (address, since, until, offence, rule)
		SELECT address, time, CASE WHEN id > $hits - 40000 THEN $now + 86400 + id % 500 ELSE time + 600 END, 1, rule
		FROM hit WHERE id % 101 = 1;
		PRAGMA user_version = 1;
		COMMIT;
	SQL
} >make.sql
sqlite3 -bail hits.db <make.sql >/dev/null || exit 1
one=$(sqlite3 hits.db "SELECT address FROM block WHERE address LIKE '198.%' ORDER BY id DESC LIMIT 1")
size_old=$(stat -c %s hits.db)
echo "$(sqlite3 hits.db "SELECT max(id) FROM hit") hits of $addresses addresses, $(sqlite3 hits.db "SELECT count(*) FROM block") blocks; \
asked about $one"

# --- how long ---

ms() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.0f", (b - a) * 1000 }'; }

# took COMMAND...: milliseconds, in $took.
took() {
	local began=$EPOCHREALTIME
	"$@" >out 2>err || [ $? -eq 1 ] || { cat err; exit 1; }
	took=$(ms "$began" "$EPOCHREALTIME")
}

# row WHAT COMMAND...: a row of the table; the database is not in memory at first.
row() {
	local what=$1 cold best=
	shift
	"$WFS_ANSWERS" forget hits.db || exit 1
	took "$@"
	cold=$took
	for _ in ${warm_rounds:-1 2 3 4 5}; do
		took "$@"
		if [ -z "$best" ] || [ "$took" -lt "$best" ]; then best=$took; fi
	done
	printf '%-32s %8s %8s\n' "$what" "$cold" "$best"
	if [ "${limit:-0}" != 0 ] && { [ "$cold" -gt 500 ] || [ "$best" -gt 50 ]; }; then slow+=("$what"); fi
}

printf '\n%-32s %8s %8s\n' "version 0.1.0" "cold ms" "warm ms"
warm_rounds=1 slow=()
row "why $one" sqlite3 -readonly hits.db "SELECT h.time, r.name, h.text FROM hit h JOIN rule r ON r.id = h.rule \
	WHERE h.address = '$one' ORDER BY h.time DESC, h.id DESC LIMIT 20"
row "list" sqlite3 -readonly hits.db "SELECT * FROM active"
row "status" sqlite3 -readonly hits.db "SELECT (SELECT count(*) FROM hit), (SELECT count(*) FROM block)"
slow=()

read -r seconds slices longest <<<"$("$WFS_ANSWERS" index hits.db)"
echo
echo "converted and indexed in $seconds s: $slices slices, the longest of $longest ms"
echo "size: $size_old, now $(stat -c %s hits.db): $(awk -v a="$size_old" -v b="$(stat -c %s hits.db)" 'BEGIN { printf "%+.1f %%", (b / a - 1) * 100 }')"

cat >conf <<-CONF
	[database]
	path = $work/hits.db
	[control]
	socket =
CONF
wfs() { "$WFS_PROGRAM" -c conf "$@"; }
printf '\n%-32s %8s %8s\n' "now" "cold ms" "warm ms"
warm_rounds="1 2 3 4 5" limit=1
row "why $one" wfs why "$one"
row "why ${one%.*}.0/24" wfs why "${one%.*}.0/24"
row "list" wfs list
row "list --json" wfs list --json
row "status" wfs status
row "test $one" wfs test "$one"
row "view active" sqlite3 -readonly hits.db "SELECT * FROM active"
limit=0
row "view by_day" sqlite3 -readonly hits.db "SELECT * FROM by_day"
row "view by_reason" sqlite3 -readonly hits.db "SELECT * FROM by_reason"
row "view by_network" sqlite3 -readonly hits.db "SELECT * FROM by_network LIMIT 20"
[ ${#slow[@]} -eq 0 ] || { echo "too slow: ${slow[*]}"; exit 1; }
