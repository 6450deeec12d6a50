#!/usr/bin/env bash
# kill.sh: the engine or the root process is killed 200 times at random moments, while lines are written and the log is
# rotated. In the end every line was counted exactly once, and the kernel holds what the database says.
#
# WFS_SEED: repeats a run as far as chance allows. WFS_KILLS: how often instead of 200. WFS_LIFE_MS: the longest life of
# a daemon instead of 250 ms; with 10, no daemon but the last gets anything done, as on a very busy machine.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 iptables-legacy ip6tables-legacy flock

RANDOM=${WFS_SEED:=$((BASHPID ^ EPOCHSECONDS % 32768))}
KILLS=${WFS_KILLS:-200}
LIFE_MS=${WFS_LIFE_MS:-250}
GIVEN=$WFS_SEED
echo "seed $WFS_SEED"
daemon_prepare
WRITER=

down() {
	[ -z "$WRITER" ] || { kill "$WRITER" && wait "$WRITER"; } 2>/dev/null
	[ -z "$ENGINE" ] || kill -KILL "$ENGINE" 2>/dev/null
	daemon_down
}
trap down EXIT

# The writer: lines with a serial number, of which every tenth is harmless. 60 addresses, so that one list is enough.
# Every few hundred bursts it rotates by renaming and writes a little into the old file before it opens the new one,
# as syslog daemons do. Ends when $WORK/stop is there; then prints how many lines and hits it wrote.
writer() {
	local serial=0 hits=0 bursts=0 rotations=0 stamp address i

	RANDOM=$((GIVEN + 1))
	exec 4>>"$LOG"
	until [ -e "$WORK/stop" ]; do
		if ((++bursts % 300 == 0)); then
			for ((i = ++rotations; i > 1; i--)); do
				mv "$LOG.$((i - 1))" "$LOG.$i"
			done
			mv "$LOG" "$LOG.1"
			burst
			exec 4>>"$LOG"
		fi
		burst
		read -r -t 0.005 <> <(:) # not a wait: how fast this server is spammed
	done
	echo "$serial $hits $rotations" >"$WORK/written"
}

burst() {
	printf -v stamp '%(%Y-%m-%dT%H:%M:%S+00:00)T' -1
	for ((i = RANDOM % 12; i >= 0; i--)); do
		if ((++serial % 10 == 0)); then
			echo "$stamp mx postfix/qmgr[9]: n$serial: removed" >&4
			continue
		fi
		hits=$((hits + 1))
		address=198.51.100.$((RANDOM % 60 + 1))
		reject "$address" "n$serial" >&4
	done
}

# reject ADDRESS LIST: a line that blocks ADDRESS; $stamp is its time.
reject() {
	echo "$stamp mx postfix/smtpd[411]: NOQUEUE: reject: RCPT from unknown[$1]: 554 5.7.1 Service unavailable; Client host [$1] blocked using $2; from=<a@example.com> to=<b@example.org> proto=ESMTP helo=<x>"
}

is_stopped() {
	local stat
	read -r stat <"/proc/$1/stat" && [[ $stat == *") T "* ]]
}

# Kills one of the two, or both, and waits until neither lives. What was stopped cannot start anything new.
kill_one() {
	local engine

	kill -STOP "$DAEMON" 2>/dev/null || fail "seed $GIVEN: after $1 kills the daemon had ended by itself"
	wait_until is_stopped "$DAEMON" || fail "cannot stop the daemon"
	engine=$(engine_pid)
	case $((RANDOM % 5)) in
	0 | 1) kill -KILL "$DAEMON" ;;
	2) kill -KILL "$DAEMON" ${engine:+"$engine"} ;;
	*)
		kill -KILL "${engine:-$DAEMON}"
		kill -CONT "$DAEMON" 2>/dev/null
		;;
	esac
	wait "$DAEMON" 2>/dev/null
	[ -z "$engine" ] || wait_until is_gone "$engine" || fail "the engine $engine outlives its root process"
}

# From at once to $LIFE_MS, so that starting, catching up and following are all hit.
a_random_moment() {
	read -r -t "0.$(printf %03d $((RANDOM % (RANDOM % 3 == 0 ? 30 : LIFE_MS))))" <> <(:)
}

bytes_written() {
	stat -c %s "$LOG" "$LOG".* | awk '{ n += $1 } END { print n }'
}

is_all_read() {
	[ "$(sql "SELECT sum(position) FROM log")" = "$(bytes_written)" ]
}

active_set() {
	sql "SELECT address FROM active ORDER BY address" | sort
}

is_same_set() {
	[ "$(kernel_set)" = "$(active_set)" ]
}

is_blocked() {
	kernel_set | grep -xF "$1"
}

want() {
	[ "$2" = "$3" ] || fail "seed $GIVEN: $1: got $2, want $3"
}

# Blocks come and go meanwhile.
daemon_config "[block]
for = 1s 2s 3s 1h
[firewall]
resync = 1s"
daemon_start
# The log is known before the first kill. Of one that is not, the first daemon that lives long enough to write a position
# would read what is in it by then, and not what was rotated away before: to that daemon it is a new installation.
echo "$(now) mx postfix/qmgr[9]: n0: removed" >>"$LOG"
wait_until is_all_read || fail "the first line is not read"
writer &
WRITER=$!
for ((kill = 0; kill < KILLS; kill++)); do
	a_random_moment
	kill_one "$kill"
	daemon_launch
done
: >"$WORK/stop"
wait "$WRITER"
WRITER=
read -r lines hits rotations <"$WORK/written"
echo "$kill kills, $lines lines, $hits of them hits, $rotations rotations"
wait_until is_all_read || fail "seed $GIVEN: positions: got $(sql "SELECT sum(position) FROM log"), want $(bytes_written): $(sql "SELECT path, position FROM log")"

want "hits counted" "$(sql "SELECT count(*) FROM hit")" "$hits"
want "different hits" "$(sql "SELECT count(DISTINCT detail) FROM hit")" "$hits"
want "highest serial number" "$(sql "SELECT max(CAST(substr(detail, 2) AS INTEGER)) FROM hit")" "$((lines % 10 == 0 ? lines - 1 : lines))"
want "lines counted" "$(sql "SELECT sum(lines) FROM log")" "$((lines + 1))"
want "lines cut or not understood" "$(sql "SELECT sum(cut) + sum(unparsed) FROM log")" 0
want "files known" "$(sql "SELECT count(*) FROM log")" "$((rotations + 1))"
want "addresses with two running blocks" "$(sql "SELECT count(*) FROM (SELECT 1 FROM active GROUP BY address HAVING count(*) > 1)")" 0
want "knocks, though nobody sent a packet" "$(sql "SELECT sum(knocks) FROM block")" 0
want "integrity" "$(sql "PRAGMA integrity_check")" ok
# On a slow machine little was read before the last start, then everything at once, and all blocks expire soon; this one stays.
sed -i 's/^for = .*/for = 1h/' "$CONF"
wfs reload || fail "cannot reload"
printf -v stamp '%(%Y-%m-%dT%H:%M:%S+00:00)T' -1
reject 198.51.100.61 last >>"$LOG"
wait_until is_blocked 198.51.100.61 || fail "seed $GIVEN: the last client is not blocked"
wait_until is_same_set || fail "seed $GIVEN: the kernel holds $(kernel_set | tr '\n' ' '), the database says $(active_set | tr '\n' ' ')"
want "refused starts" "$(grep -c "another watchforspammers" "$WORK/daemon.err")" 0
daemon_stop || fail "exit status $?"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
