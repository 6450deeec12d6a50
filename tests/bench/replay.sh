#!/bin/bash
# replay.sh: how fast replay is, beside programs that only read or count; how its time grows with the log and
# falls with threads; how much memory it holds. Started by "meson test --benchmark"; README.md has the details.
#
# WFS_BENCH_LINES: of the log (7000000, 1.1 GB). WFS_BENCH_ROUNDS: medians of so many (5).
# WFS_PROGRAM, WFS_GENLOG, WFS_MEASURE, WFS_SOURCE_ROOT, WFS_BUILD_ROOT: from meson.
# Prints tables; writes them to bench/replay.tsv in the build directory and draws bench/replay.svg there.
# Ends with 1 when replay did not find what the generator wrote, with 77 (skipped) when there is no room.
set -u
export LC_ALL=C TZ=UTC
lines=${WFS_BENCH_LINES:-7000000}
rounds=${WFS_BENCH_ROUNDS:-5}
results=$WFS_BUILD_ROOT/bench
five='reject:|authentication failed|auth failed|Failed password|: 511 '
small=$((lines / 70)) middle=$((lines / 7)) large=$((lines * 10 / 7))
slow=$((lines / 350)) # lines for programs that take minutes
mkdir -p "$results" || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX") || exit 1
trap 'rm -rf -- "$work"' EXIT
trap 'exit 130' INT TERM HUP
cd -- "$work" || exit 1
printf '[allow]\nprivate = no\n' >private.conf # the honest of genlog

# The largest log has 158 bytes a line, its database 34.
need=$((large * 200 / 1024 + 100000))
have=$(df --output=avail -k . | tail -n 1)
if [ "$have" -lt "$need" ]; then
	echo "1..0 # SKIP $work has room for $have KiB, not for $need; WFS_BENCH_LINES or TMPDIR"
	exit 77
fi

# gen LINES: log, and $hits, $bytes. Read once, so that it is in memory for all.
gen() {
	local said
	said=$("$WFS_GENLOG" "$1" 2 2>&1 >log) || exit 1
	read -r hits _ <<<"${said//[a-z=]/}"
	bytes=$(stat -c %s log)
	cat log >/dev/null
}

# Each prints what it counted to "out": to /dev/null grep would stop at the first line.
replay() {
	local threads=$1
	rm -f hits.db hits.db-*
	"$WFS_MEASURE" took "$WFS_PROGRAM" -c "$work/private.conf" replay --rules "$WFS_SOURCE_ROOT/patterns" --json --threads "$threads" \
		--database hits.db log >out || exit 1
	grep -q "\"hits\": *$hits," out || { echo "replay counted $(cat out), want $hits hits"; exit 1; }
}

run() {
	case $1 in
	replay) replay "${2:-$(nproc)}" ;;
	"wc -l") "$WFS_MEASURE" took wc -l log >out ;;
	"grep -c") "$WFS_MEASURE" took grep -c reject log >out ;;
	"grep -cE") "$WFS_MEASURE" took grep -cE "$five" log >out ;;
	"rg -c") "$WFS_MEASURE" took rg -c -e "$five" log >out ;;
	sshg-parser) "$WFS_MEASURE" took "$sshg" <short >out ;;
	fail2ban-regex) "$WFS_MEASURE" took fail2ban-regex short 'postfix[mode=aggressive]' >out 2>&1 ;;
	esac
}

# median COLUMN FILE, and the least and the most
median() { cut -d ' ' -f "$1" "$2" | sort -n | sed -n "$((rounds / 2 + 1))p"; }
least() { cut -d ' ' -f "$1" "$2" | sort -n | head -n 1; }
most() { cut -d ' ' -f "$1" "$2" | sort -n | tail -n 1; }

# add WHAT THREADS LINES BYTES FACTOR: a row of the results from the file "runs".
add() {
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$(median 1 runs)" "$(least 1 runs)" \
		"$(most 1 runs)" "$(median 2 runs)" "$(most 3 runs)" "$5" >>"$results/replay.tsv"
}

printf 'what\tthreads\tlines\tbytes\tseconds\tleast\tmost\tcpu_seconds\tpeak_kib\tscaled\n' >"$results/replay.tsv"
echo "$(date -u +%F), $(nproc) processors, load $(cut -d ' ' -f 1-3 /proc/loadavg) before"

# --- beside other programs, alternating ---

programs=(replay "wc -l" "grep -c" "grep -cE")
command -v rg >/dev/null && programs+=("rg -c")
for sshg in sshg-parser /usr/libexec/sshguard/sshg-parser /usr/lib/sshguard/sshg-parser /usr/libexec/sshg-parser; do
	command -v "$sshg" >/dev/null && programs+=(sshg-parser) && break
done
command -v fail2ban-regex >/dev/null && programs+=(fail2ban-regex)
gen "$lines"
head -n "$slow" log >short
short_bytes=$(stat -c %s short)
for ((round = 0; round < rounds; round++)); do
	for program in "${programs[@]}"; do
		run "$program" || { echo "$program: status $?"; exit 1; }
		cat took >>"runs.${program// /}"
	done
done
for program in "${programs[@]}"; do
	mv "runs.${program// /}" runs
	case $program in
	replay) add replay "$(nproc)" "$lines" "$bytes" 1 ;;
	sshg-parser | fail2ban-regex) add "$program" 1 "$slow" "$short_bytes" "$((lines / slow))" ;;
	*) add "$program" 1 "$lines" "$bytes" 1 ;;
	esac
done
awk -F '\t' -v hits="$hits" '
NR == 1 { next }
NR == 2 {
	base = $5
	printf "\n%d lines, %.0f MB, %d hits; medians\n\n%-16s %9s %17s %8s %9s %9s %10s %9s\n", $3, $4 / 1e6, hits,
		"", "seconds", "least to most", "CPU s", "peak MiB", "MB/s", "lines/s", "x replay"
}
{
	s = $5 * $10
	printf "%-16s %9.2f %8.2f %8.2f %8.2f %9.1f %9.1f %10.0f %9.2f%s\n", $1, s, $6 * $10, $7 * $10, $8 * $10, $9 / 1024,
		$4 / 1e6 / $5, $3 / $5, s / base, ($10 > 1 ? "  (from " $3 " lines)" : "")
}' "$results/replay.tsv"

# --- how it grows ---

first=$(($(wc -l <"$results/replay.tsv") + 1))
for n in "$small" "$middle" "$large"; do
	gen "$n"
	for ((round = 0; round < rounds; round++)); do
		for threads in 1 2 4; do
			replay "$threads"
			cat took >>"runs.$threads"
		done
		for program in "wc -l" "grep -cE"; do
			run "$program"
			cat took >>"runs.${program// /}"
		done
	done
	for threads in 1 2 4; do
		mv "runs.$threads" runs
		add replay "$threads" "$n" "$bytes" 1
	done
	for program in "wc -l" "grep -cE"; do
		mv "runs.${program// /}" runs
		add "$program" 1 "$n" "$bytes" 1
	done
done
tail -n "+$first" "$results/replay.tsv" | awk -F '\t' '
NR == 1 {
	printf "\n%-10s %12s %8s %9s %9s %8s %9s %10s %9s\n", "", "lines", "threads", "MB", "seconds", "CPU s", "peak MiB",
		"lines/s", "MB/s"
}
{
	printf "%-10s %12d %8d %9.0f %9.3f %8.3f %9.1f %10.0f %9.1f\n", $1, $3, $2, $4 / 1e6, $5, $8, $9 / 1024, $3 / $5,
		$4 / 1e6 / $5
}'
tail -n "+$first" "$results/replay.tsv" | awk -f "$WFS_SOURCE_ROOT/tests/bench/plot.awk" >"$results/replay.svg" || exit 1
printf '\nload %s after\n%s\n%s\n' "$(cut -d ' ' -f 1-3 /proc/loadavg)" "$results/replay.tsv" "$results/replay.svg"
