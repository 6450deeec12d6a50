#!/usr/bin/env bash
# database.sh: the database is garbage, damaged in the middle or truncated, at the start or while the daemon runs; it is
# deleted or replaced under the daemon; root created it, or it belongs to another user; a member of its group reads it.
# The daemon always recovers and logs what it did, and clients stay blocked as far as the database is readable.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy setpriv
daemon_prepare
USUAL="[block]
for = 1h
[firewall]
resync = 1s"
daemon_config "$USUAL"

# block_some FROM TO: hostile lines of so many addresses, and waits until they are blocked.
block_some() {
	local i
	for ((i = $1; i <= $2; i++)); do postfix_dnsbl "198.51.100.$i"; done >>"$LOG"
	wait_until listed "198.51.100.$2" || fail "198.51.100.$2 is not blocked"
}

stop() {
	daemon_stop || fail "exit status $? on SIGTERM"
}

# ends STATUS WHAT: the daemon ends by itself.
ends() {
	local status=0
	wait_until is_gone "$DAEMON" || fail "$2: the daemon goes on"
	daemon_wait || status=$?
	[ "$status" = "$1" ] || fail "$2: exit status $status, want $1"
	no_rules && fail "$2: the firewall is open until the restart"
	:
}

error_of_database() {
	sql "SELECT value FROM daemon WHERE key = 'database_error'"
}

# is_whole WHAT TEXT: the new one is whole, 198.51.100.1 is blocked by its own rule, and log and status key hold TEXT.
is_whole() {
	[ "$(sql "PRAGMA integrity_check")" = ok ] || fail "$1: $(sql "PRAGMA integrity_check")"
	[[ $(error_of_database) == *"$2"* ]] || fail "$1: database_error is: $(error_of_database); want $2"
	[ "$(wfs list --json | jq -r 'select(.address == "198.51.100.1") | .rule')" = postfix-dnsbl ] || fail "$1: 198.51.100.1 is not blocked: $(wfs list)"
	wait_until listed 198.51.100.1 || fail "$1: 198.51.100.1 is not in the kernel"
}

asides() {
	find "$WORK/db" -name 'hits.db.corrupt-*Z' | wc -l
}

# Overwrites the page that holds an index of blocks: what reads and writes it meets that.
damage() {
	local page
	page=$(sql "SELECT rootpage FROM sqlite_master WHERE name = 'block_until'")
	dd if=/dev/zero of="$DB" bs=16384 seek=$((page - 1)) count=1 conv=notrunc 2>/dev/null
}

checkpointed() {
	[ "$(sqlite3 "$DB" "PRAGMA wal_checkpoint(TRUNCATE)")" = "0|0|0" ]
}

# --- at the start: garbage
daemon_start
block_some 1 3
stop
cp "$DB" "$WORK/good.db"
head -c 100000 /dev/urandom >"$DB"
daemon_start
logged "the database was damaged (found at start) and is now $DB.corrupt-" || fail "garbage: not logged"
logged "; a new one was created with 0 active blocks" || fail "garbage: what was kept is not logged"
[ "$(asides)" = 1 ] || fail "garbage: it was not moved aside"
[ "$(stat -c %s "$DB".corrupt-*Z)" = 100000 ] || fail "garbage: it was changed"
stop
rm "$DB".corrupt-*

# --- at the start: damaged in the middle, cut off, a definition that is none
for how in damaged cut malformed; do
	cp "$WORK/good.db" "$DB"
	chown nobody "$DB"
	case $how in
	damaged) damage ;;
	cut) truncate -s -$((16384 * 2)) "$DB" ;;
	malformed) LC_ALL=C sed -i 's/CREATE TABLE act (/CREATE TABLE act ?/' "$DB" && chown nobody "$DB" ;;
	esac
	status=0
	wfs list >"$WORK/printed" 2>&1 || status=$?
	[ "$how" = damaged ] || { [ "$status" = 3 ] && grep -q "it is damaged: move it away, as the daemon does when it starts" "$WORK/printed"; } || fail "$how: list says $(cat "$WORK/printed")"
	daemon_start
	[ "$(asides)" = 1 ] || fail "$how: it was not moved aside"
	[ "$how" = cut ] || is_whole "$how" "a new one was created with 3 active blocks"
	block_some 9 9
	stop
	rm "$DB".corrupt-*
done

# --- while it runs: it ends, and a restart goes on
cp "$WORK/good.db" "$DB"
chown nobody "$DB"
daemon_start
wait_until checkpointed || fail "what the WAL holds hides the damage: $(sqlite3 "$DB" "PRAGMA wal_checkpoint(TRUNCATE)")"
damage
sqlite3 "$DB" "INSERT INTO daemon (key, value) VALUES ('tested', '1')" # so that the daemon forgets the pages it has read
postfix_dnsbl 198.51.100.4 >>"$LOG"
ends 3 "damaged while it ran"
logged "the database was damaged (found while it was running) and is now $DB.corrupt-" || fail "damaged while it ran: not logged"
daemon_start
is_whole "damaged while it ran" "a new one was created with 4 active blocks"
wait_until listed 198.51.100.4 || fail "damaged while it ran: the line that met it is lost"
[ "$(stat -c %U "$DB")" = nobody ] || fail "damaged while it ran: the new one is $(stat -c %U "$DB")'s"

# --- deleted while it runs: alone, or with all beside it
for files in "$DB" "$DB $DB-wal $DB-shm"; do
	# shellcheck disable=SC2086
	rm $files
	ends 3 "deleted"
	logged "$DB: the database was deleted while the daemon was running; a new one was created with 5 active blocks" || fail "deleted: not logged"
	daemon_start
	is_whole "deleted" "the database was deleted while the daemon was running"
	[ "$(sql "SELECT count(*) FROM block")" = 5 ] || fail "deleted: lines were counted twice"
done

# --- replaced while it runs: the other one is used as it is
cp "$WORK/good.db" "$WORK/db/other.db"
chown nobody "$WORK/db/other.db"
mv "$WORK/db/other.db" "$DB"
ends 3 "replaced"
logged "$DB: it was replaced while the daemon was running" || fail "replaced: not logged"
daemon_start
[ "$(sql "PRAGMA integrity_check")" = ok ] || fail "replaced: $(sql "PRAGMA integrity_check")"
wait_until listed 198.51.100.1 || fail "replaced: what it holds is not in the kernel"
stop

# --- no damage: another's database, a newer one
cp "$DB" "$WORK/good.db"
sqlite3 "$DB" "PRAGMA user_version = 1000"
daemon_refuses 2 "created by a newer watchforspammers"
rm "$DB"
mkdir "$DB"
daemon_refuses 2 "$DB: cannot open it: unable to open database file; it is a directory: name a file in it"
rmdir "$DB"
sqlite3 "$DB" "CREATE TABLE theirs (x)"
chown nobody "$DB"
daemon_refuses 2 "not a database of watchforspammers"
[ "$(asides)" = 1 ] || fail "another's database was moved aside"
rm -f "$DB"*

# --- its owner
printed_for() {
	local want=$1
	shift
	"$@" >"$WORK/printed" 2>&1
	grep -qF -- "$want" "$WORK/printed" || fail "got: $(cat "$WORK/printed"); want: $want"
}
printed_for "$DB: no database here yet; start the daemon: systemctl start watchforspammers" wfs list
install -m 600 "$LOG" "$WORK/private.log" # root's own, which the owner may not read
wfs replay --database "$DB" "$WORK/private.log" >"$WORK/printed" 2>&1 || fail "replay as root: $(cat "$WORK/printed")"
[ "$(stat -c %U "$DB")" = nobody ] || fail "replay as root: the database is $(stat -c %U "$DB")'s"
[ -z "$(find "$WORK/db" -user root)" ] || fail "replay as root left: $(find "$WORK/db" -user root)"
daemon_start
# What a running daemon would not see is not written; once it has stopped, it is, whatever root's TMPDIR.
courier_511 198.51.100.77 >"$WORK/private.log"
printed_for "$DB: a running daemon uses this database" wfs replay --database "$DB" "$WORK/private.log"
stop
mkdir -m 700 "$WORK/own"
TMPDIR=$WORK/own wfs replay --database "$DB" "$WORK/private.log" >"$WORK/printed" 2>&1 || fail "replay with root's TMPDIR: $(cat "$WORK/printed")"
# What the owner of the directory laid there makes root write nowhere else.
rm -f "$DB"*
ln -s "$WORK/elsewhere" "$DB"
wfs replay --database "$DB" "$WORK/private.log" >"$WORK/printed" 2>&1 && fail "replay as root followed a link"
[ ! -e "$WORK/elsewhere" ] || fail "replay as root made what a link leads to"
rm "$DB"
rm -f "$DB"*
in_server "$WFS_PROGRAM" -c "$CONF" replay --sync --database "$DB" "$LOG" >"$WORK/printed" 2>&1 || fail "replay --sync as root: $(cat "$WORK/printed")"
wait_until listed 198.51.100.1 || fail "replay --sync as root: the kernel does not hold it"
chown root "$DB"
chmod 600 "$DB"
daemon_refuses 2 "$DB: cannot write it: it belongs to user root (mode 0600) and must be writable for user nobody; as root: chown nobody: $DB*"
chown nobody "$DB"

# --- its readers, the daemon stopped or not
chmod 640 "$DB"
chgrp adm "$DB"
chown nobody:adm "$WORK/db"
chmod 2750 "$WORK/db"
reader() {
	setpriv --reuid=games --regid=games --groups=adm "$@"
}
other_user() {
	setpriv --reuid=games --regid=games --clear-groups "$@"
}
daemon_start
reader sqlite3 -readonly "$DB" 'SELECT count(*) FROM active' >/dev/null || fail "a member of adm cannot read it while the daemon runs"
stop
reader sqlite3 -readonly "$DB" 'SELECT count(*) FROM active' >/dev/null || fail "a member of adm cannot read it while the daemon is stopped"
daemon_start
kill -KILL "$ENGINE" "$DAEMON"
daemon_wait
reader sqlite3 -readonly "$DB" 'SELECT count(*) FROM active' >/dev/null || fail "a member of adm cannot read it after the daemon was killed"
reader "$WFS_PROGRAM" -c "$CONF" list >/dev/null || fail "a member of adm cannot list"
printed_for "$DB: only root and the group adm may read it; as root: adduser games adm (then log in again)" other_user "$WFS_PROGRAM" -c "$CONF" list
no_sanitizer
echo "ok"
