#!/usr/bin/env bash
# others.sh: [block] file: networks in an external list are blocked as long as they are in the file, with real packets:
# edits, what is allowed, files that vanish or have errors, a flushed firewall, restarts, reloads; and a list of a
# hundred thousand.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq awk iptables-legacy ip6tables-legacy
daemon_prepare
listen 25
A=$WORK/drop.txt
B=$WORK/drop.json

connects() {
	case $1 in
	*:*) tcp_from "$CLIENT" "$1" fd09::1 25 ;;
	*) tcp_from "$CLIENT" "$1" 10.9.0.1 25 ;;
	esac
}

# Waits until those that can connect are exactly these: all that are tried at once.
open_are() {
	local address
	for address in 10.9.0.{2,3,4,5,8,9} fd09::2 fd09::3; do
		connects "$address" && echo "$address" &
	done >"$WORK/open"
	wait_for_jobs
	[ "$(sort "$WORK/open" | tr '\n' ' ')" = "$(printf '%s\n' "$@" | sort | tr '\n' ' ')" ]
}

# Of those in the background only: the daemon is one, too.
wait_for_jobs() {
	local pid
	for pid in $(jobs -p); do
		[ "$pid" = "$DAEMON" ] || [[ " ${LISTENERS[*]} " == *" $pid "* ]] || wait "$pid"
	done
}

expect_open() {
	wait_until open_are "$@" || fail "open: got $(sort "$WORK/open" | tr '\n' ' '), want $*"
}

# As programs do it that fetch such lists: at once.
put() {
	cat >"$1.new"
	mv "$1.new" "$1"
}

config() {
	daemon_config "[block]
$1
[allow]
file = $WORK/allow.txt
[firewall]
resync = 1s"
}

status_has() {
	wfs status --json | jq -e "$1" >/dev/null
}

: >"$WORK/allow.txt"
put "$A" <<-END
	; a list of somebody
	10.9.0.2 ; SBL1
	fd09::2 # SBL2
	10.9.0.8/30
END
put "$B" <<-END
	{"cidr":"10.9.0.4/32","sblid":"SBL3","rir":"ripencc"}
	{"type":"metadata","timestamp":1795181862,"size":1}
END
mkdir "$WORK/out"
chown nobody "$WORK/out"
config "file = $A
file = $B
[export]
file = $WORK/out/blocked"
daemon_start
expect_open 10.9.0.3 10.9.0.5 fd09::3
status_has ".block_files == [{path: \"$A\", networks: 3, bad_lines: 0}, {path: \"$B\", networks: 1, bad_lines: 0}]" ||
	fail "status: $(wfs status --json)"
status_text | grep -F "listed $A 3 networks" >/dev/null || fail "status: $(wfs status)"

# --- which line it is
wfs why 10.9.0.9 | grep -F "listed in $A:4 as 10.9.0.8/30" >/dev/null || fail "why: $(wfs why 10.9.0.9)"
wfs why --json 10.9.0.4 | jq -e ".blocked and .until == null and .by == \"10.9.0.4\" and
	.listed == {address: \"10.9.0.4\", file: \"$B\", line: 1}" >/dev/null || fail "why: $(wfs why --json 10.9.0.4)"
wfs why --json 10.9.0.3 | jq -e ".listed == null" >/dev/null || fail "why: $(wfs why --json 10.9.0.3)"
[ "$(wfs test fd09::2)" = "fd09::2 is blocked: listed in $A:3 as fd09::2" ] || fail "test: $(wfs test fd09::2)"
[ -z "$(wfs list --json)" ] || fail "list: $(wfs list --json)"
files_are() { [ "$(wfs list --files)" = "$1" ] || fail "list --files: got $(wfs list --files), want $1"; }
files_are "10.9.0.2  $A:2
10.9.0.4  $B:1
10.9.0.8/30  $A:4
fd09::2  $A:3"
wfs list --files --json | jq -e -s ".[1] == {address: \"10.9.0.4\", listed: {address: \"10.9.0.4\", file: \"$B\", line: 1}}" >/dev/null ||
	fail "list --files --json: $(wfs list --files --json)"
wfs block 10.9.0.77 10.9.0.10 --for 1h >/dev/null || fail "block"
[ "$(wfs export)" = "10.9.0.2
10.9.0.4
10.9.0.8/30
10.9.0.10
10.9.0.77
fd09::2" ] || fail "export: $(wfs export)"
[ "$(wfs export --format csv | head -n 2 | tail -n 1)" = '10.9.0.2,,,,"","file","listed by others"'$'\r' ] || fail "export: $(wfs export --format csv)"
wfs unblock 10.9.0.77 10.9.0.10 >/dev/null || fail "unblock"
# exports ADDRESS...: the file of [export] has these.
exports() { [ "$(tr '\n' ' ' <"$WORK/out/blocked")" = "$* " ]; }
wait_until exports 10.9.0.2 10.9.0.4 10.9.0.8/30 fd09::2 || fail "[export]: $(cat "$WORK/out/blocked")"
wfs unblock 10.9.0.2 2>&1 | grep -F "it stays blocked: listed in $A:2 as 10.9.0.2" >/dev/null || fail "unblock says: $(wfs unblock 10.9.0.2 2>&1)"

# --- edits
put "$A" <<-END
	10.9.0.3
	fd09::2
	10.9.0.8/30
END
expect_open 10.9.0.2 10.9.0.5 fd09::3
[ "$(sql "SELECT count(*) FROM active")" = 0 ] || fail "the database has listed networks"
wait_until exports 10.9.0.3 10.9.0.4 10.9.0.8/30 fd09::2 || fail "[export] after an edit: $(cat "$WORK/out/blocked")"

# --- who is allowed: for a while by hand, and by a file
wfs allow 10.9.0.9 --for 1h >/dev/null || fail "cannot allow"
expect_open 10.9.0.2 10.9.0.5 10.9.0.9 fd09::3
files_are "10.9.0.3  $A:1
10.9.0.4  $B:1
10.9.0.8  $A:3 (of 10.9.0.8/30)
10.9.0.10/31  $A:3 (of 10.9.0.8/30)
fd09::2  $A:2"
wfs disallow 10.9.0.9 >/dev/null || fail "cannot disallow"
echo 10.9.0.8 >"$WORK/allow.txt"
expect_open 10.9.0.2 10.9.0.5 10.9.0.8 fd09::3
rm "$WORK/allow.txt"
wfs reload >/dev/null || fail "cannot reload without the file of [allow]"
expect_open 10.9.0.2 10.9.0.5 10.9.0.8 fd09::3
[ "$(logged_times "$WORK/allow.txt: No such file or directory; what it held before holds")" = 1 ] || fail "a file of [allow] that is gone is not logged"
wait_until status_has '.problems | any(.kind == "file" and (.what | contains("allow.txt: No such file")))' || fail "status: $(wfs status --json)"

# --- our own address is in it, and the other listed ones of that network are closed all the same
: >"$WORK/allow.txt"
put "$B" <<<10.9.0.0/29
expect_open fd09::3
put "$B" <<<10.9.0.4

# --- a line that is none, and a file that is gone: the rest holds, and status says so
printf '10.9.0.3\n10.9.0.2-10.9.0.9\nfd09::2\n10.9.0.8/30\n' | put "$A"
wait_until status_has '.problems | any(.kind == "file" and (.what | contains("drop.txt:2:")))' || fail "status: $(wfs status --json)"
rm "$A"
! wfs export >/dev/null 2>"$WORK/refused" || fail "export without a file of [block]"
grep -F "No such file" "$WORK/refused" >/dev/null || fail "export says: $(cat "$WORK/refused")"
wait_until status_has '.problems | any(.kind == "file" and (.what | contains("No such file")))' || fail "status: $(wfs status --json)"
expect_open 10.9.0.2 10.9.0.5 fd09::3
printf '10.9.0.3\nfd09::2\n10.9.0.8/30\n' | put "$A"
wait_until status_has '.problems | all(.kind != "file")' || fail "status: $(wfs status --json)"

# --- somebody flushes the firewall
flush_firewall
expect_open 10.9.0.2 10.9.0.5 fd09::3

# --- a client that is listed and blocked stays blocked when one of the two is over
wfs block 10.9.0.4 --for 1h >/dev/null || fail "cannot block"
put "$B" <<<""
wait_until status_has ".block_files[1].networks == 0" || fail "status: $(wfs status --json)"
expect_open 10.9.0.2 10.9.0.5 fd09::3
wfs unblock 10.9.0.4 >/dev/null || fail "cannot unblock"
expect_open 10.9.0.2 10.9.0.4 10.9.0.5 fd09::3

# --- a restart, and a reload without one of the files
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
put "$B" <<<10.9.0.5
daemon_start
expect_open 10.9.0.2 10.9.0.4 fd09::3
config "file = $B"
wfs reload >/dev/null || fail "cannot reload"
expect_open 10.9.0.{2,3,4,8,9} fd09::2 fd09::3

# --- a hundred thousand, of lengths from /17 to /32
if [ "$BACKEND" = nftables ]; then
	awk 'BEGIN {
		for (i = 0; i < 100000; i++) {
			length_ = i % 1000 == 0 ? 17 : i % 50 == 0 ? 20 : i % 5 == 0 ? 24 : 32
			at = length_ == 32 ? 11 * 16777216 + i * 8 : (length_ == 24 ? 12 : length_ == 20 ? 14 : 16) * 16777216 + i / (length_ == 24 ? 5 : length_ == 20 ? 50 : 1000) * 2 ^ (32 - length_)
			printf "%d.%d.%d.%d/%d\n", at / 16777216, at / 65536 % 256, at / 256 % 256, at % 256, length_
		}
	}' | put "$B"
	BEGAN_MS=$(date +%s%3N)
	wait_until status_has ".held == 100000" || fail "status: $(wfs status --json)"
	TOOK_MS=$(($(date +%s%3N) - BEGAN_MS))
	echo "# 100000 networks: in the kernel $TOOK_MS ms after the edit, which is noticed within 1000"
	[ "${WFS_BENCH:-0}" = 0 ] || in_time $((TOOK_MS - 1000)) || fail "100000 networks took $TOOK_MS ms"
	wfs why --json 16.0.128.1 | jq -e ".blocked and .listed.line == 1001" >/dev/null || fail "why: $(wfs why --json 16.0.128.1)"
	postfix_dnsbl 10.9.0.2 >>"$LOG" # a line among all that
	expect_open 10.9.0.{3,4,5,8,9} fd09::2 fd09::3
fi
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
