#!/usr/bin/env bash
# rotate.sh: logs are rotated, truncated, deleted, linked and moved in every way under the running daemon, and while it
# is stopped: every line is counted once.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy
daemon_prepare
N=0
OTHER=$WORK/log/other.log  # beside the first, and not there at first
LINK=$WORK/link/mail.log   # a link to $REAL
REAL=$WORK/real/today
DIRLOG=$WORK/dir/mail.log  # in a directory that goes away and comes back
mkdir "$WORK/link" "$WORK/real" "$WORK/dir"
touch "$REAL" "$DIRLOG"
ln -s "$REAL" "$LINK"

# Another hostile line by an address of its own; to standard output.
line() {
	NEW=198.51.100.$((++N))
	postfix_dnsbl "$NEW"
}

# The newest line's address has been seen: is_read WHERE
is_read() {
	wait_until listed "$NEW" || fail "$1: the line was not read"
	wait_until is_counted "$NEW" || fail "$1: counted $(hits_of "$NEW") times"
}

all_read() {
	[ "$(sql "SELECT count(DISTINCT address) FROM hit")" = "$N" ]
}

# Every line so far, once.
are_read() {
	wait_until all_read || fail "$1: got $(sql "SELECT count(DISTINCT address) FROM hit") lines, want $N; missing: $(missing)"
	[ "$(sql "SELECT count(*) FROM hit")" = "$N" ] || fail "$1: got $(sql "SELECT count(*) FROM hit") hits, want $N"
}

missing() {
	local i
	for ((i = 1; i <= N; i++)); do
		is_counted "198.51.100.$i" || echo -n "198.51.100.$i "
	done
}

# The engine sees nothing of what happens between these two.
freeze() {
	kill -STOP "$ENGINE"
	wait_until is_frozen || fail "the engine does not stop"
}

is_frozen() {
	local stat
	read -r stat <"/proc/$ENGINE/stat" && [[ $stat == *") T "* ]]
}

thaw() {
	kill -CONT "$ENGINE"
}

daemon_config "[block]
for = 1h
[firewall]
resync = 1s
[log $OTHER]
[log $LINK]
[log $DIRLOG]"
daemon_start

# --- every log of the config
line >>"$LOG"
is_read "the first log"
line >>"$LINK"
is_read "a symlinked log"
line >>"$DIRLOG"
is_read "a log in another directory"

# --- appears later
wait_until logged "$OTHER: No such file or directory; waiting for it" || fail "a log that is not there is not logged"
line >"$OTHER"
is_read "a log that appeared later"
[ "$(logged_times "$OTHER: No such file")" = 1 ] || fail "a missing log logged $(logged_times "$OTHER: No such file") times"

# --- a line in two pieces
line >"$WORK/lines"
half=$NEW
head -c 60 "$WORK/lines" >>"$LOG"
line >>"$OTHER"
is_read "the other log, while a line is half written"
[ "$(hits_of "$half")" = 0 ] || fail "half a line was counted"
tail -c +61 "$WORK/lines" >>"$LOG"
NEW=$half
is_read "a line in two pieces"

# --- renamed and created; the writer keeps the old file open for a while
exec 4>>"$LOG"
mv "$LOG" "$LOG.1"
line >&4
is_read "renamed, not yet created"
touch "$LOG"
line >&4
is_read "the old file after the rotation"
line >>"$LOG"
is_read "the new file after the rotation"
line >&4
is_read "the old file when the new one is being written"
line >>"$LOG"
is_read "the new file again"
exec 4>&-

# --- renamed three times before the daemon looks, with lines in each
freeze
for _ in 1 2 3; do
	line >>"$LOG"
	for i in 3 2 1; do
		[ ! -e "$LOG.$i" ] || mv "$LOG.$i" "$LOG.$((i + 1))"
	done
	mv "$LOG" "$LOG.1"
	line >"$LOG"
done
thaw
are_read "rotated three times between two looks"
line >>"$LOG"
is_read "after three rotations"

# --- copied and truncated: what was not read yet is in the copy
freeze
line >>"$LOG"
cp "$LOG" "$LOG.1"
: >"$LOG"
line >>"$LOG"
thaw
are_read "copied and truncated"
freeze
line >>"$LOG"
cp "$LOG" "$LOG.1"
: >"$LOG"
# Longer than before, so that the size alone does not show it.
for _ in {1..20}; do line; done >"$WORK/lines"
cat "$WORK/lines" >>"$LOG"
thaw
are_read "copied, truncated and longer than before"
line >>"$LOG"
is_read "after copytruncate"

# --- deleted and created, perhaps with the same inode
for _ in 1 2 3; do
	rm "$LOG"
	line >"$LOG"
	is_read "deleted and created"
	line >>"$LOG"
	is_read "deleted and created, the second line"
done

# --- the link points somewhere else; the file behind it is rotated
line >"$WORK/real/tomorrow"
ln -sfn "$WORK/real/tomorrow" "$LINK"
is_read "the link points to another file"
line >>"$WORK/real/tomorrow"
is_read "the file behind the link"
mv "$WORK/real/tomorrow" "$WORK/real/tomorrow.1"
line >"$WORK/real/tomorrow"
is_read "the file behind the link was rotated"

# --- the directory goes away and comes back
mv "$WORK/dir" "$WORK/dir.old"
mkdir "$WORK/dir"
line >"$DIRLOG"
is_read "the directory was recreated"
rm -r "$WORK/dir"
wait_until logged "$DIRLOG: No such file" || # for five seconds it may be a rotation; it is looked at every five
	 fail "the log's directory is gone, and it is not logged"
mkdir "$WORK/dir"
line >"$DIRLOG"
is_read "the directory was deleted and recreated"

# --- stopped, rotated twice, started
line >>"$LOG"
is_read "before the stop"
daemon_stop || fail "exit status $?"
line >>"$LOG"
for _ in 1 2; do
	[ ! -e "$LOG.1" ] || mv "$LOG.1" "$LOG.2"
	mv "$LOG" "$LOG.1"
	line >"$LOG"
	line >>"$LOG"
done
daemon_start
are_read "stopped, rotated twice, started"
line >>"$LOG"
is_read "after catching up"

# --- stopped, copied and truncated, started
daemon_stop || fail "exit status $?"
line >>"$LOG"
mv "$LOG.1" "$LOG.2"
cp "$LOG" "$LOG.1"
: >"$LOG"
line >>"$LOG"
daemon_start
are_read "stopped, copied and truncated, started"

# --- stopped, deleted and created, started
daemon_stop || fail "exit status $?"
rm "$LOG"
line >"$LOG"
daemon_start
are_read "stopped, deleted and created, started"

# --- stopped, renamed, started; then the writer, not notified yet, writes to the old file
daemon_stop || fail "exit status $?"
exec 4>>"$LOG"
mv "$LOG" "$LOG.1"
touch "$LOG"
daemon_start
line >>"$LOG"
is_read "the new file"
line >&4
is_read "the old file, written to after the rotation and the start"
exec 4>&-

# --- a file system is mounted over the directory, and unmounted again, while the log is there and nothing else
# makes the daemon look at it
line >>"$DIRLOG"
is_read "before the mount"
in_daemon() {
	nsenter -t "$ENGINE" -m "$@"
}
if in_daemon mount -t tmpfs -o size=1m,mode=755 "$SERVER" "$WORK/dir"; then
	line >"$WORK/lines"
	in_daemon cp "$WORK/lines" "$DIRLOG"
	is_read "a file system was mounted over the directory"
	line >>"$DIRLOG" # below it, from here
	is_read "below the mount, whose writer need not know"
	in_daemon umount -l "$WORK/dir"
	line >>"$DIRLOG"
	is_read "it was unmounted"
	rm "$DIRLOG"
	line >"$DIRLOG"
	is_read "after the mount"
fi

# --- nothing twice after all that
daemon_stop || fail "exit status $?"
daemon_start
are_read "stopped and started"
wfs status --json | jq -e '(.logs | length) == 4 and all(.logs[]; .lag_bytes == 0)' >/dev/null || fail "status: $(wfs status --json)"
daemon_stop || fail "exit status $?"
no_sanitizer
echo "ok, $N lines"
