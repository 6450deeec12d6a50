#!/usr/bin/env bash
# control.sh: the control socket, with the real daemon and packets: block, unblock and votes over the Unix socket, TCP
# and the commands; who is permitted and who is not, and what is recorded; manual changes survive restarts; garbage.
set -u
# shellcheck source-path=SCRIPTDIR source=daemon_lib.sh
. "$(dirname "$0")/daemon_lib.sh"
netns_need sqlite3 jq iptables-legacy ip6tables-legacy setpriv

TOKEN=0123456789abcdef0123456789abcdef
daemon_prepare
SOCKET=$WORK/run/control

mkdir "$WORK/run"
chown nobody "$WORK/run"
printf 'mx2 %s\nlook ffffffffffffffffffffffffffffffff read\n' "$TOKEN" >"$WORK/tokens"
chown nobody "$WORK/tokens"
chmod 600 "$WORK/tokens"
GROUP=$(id -gn nobody) # the daemon's user must be in it
cat >"$CONF" <<END
[log $LOG]
[database]
path = $WORK/db/hits.db
[run]
user = nobody
patterns = $WORK/patterns
[control]
socket = $SOCKET
group = $GROUP
readers =
tcp = 127.0.0.1:4711
token_file = $WORK/tokens
[allow]
private = no
[firewall]
backend = $BACKEND
ports = 25
resync = 1s
END

ask() {
	printf '%s\n' "$@" | in_server timeout 20 nc -N -U "$SOCKET"
}

ask_tcp() {
	printf '%s\n' "$@" | in_server timeout 20 nc -N 127.0.0.1 4711
}

# holds JQ-CONDITION ANSWER
holds() {
	jq -e "$1" >/dev/null <<<"$2" || fail "got $2, want $1"
}

as_user() {
	in_server setpriv --reuid 4712 --regid "$1" --clear-groups "$WFS_PROGRAM" -c "$CONF" "${@:2}"
}

# answers STATUS TEXT COMMAND...: ends with that status and prints that text.
answers() {
	local want=$1 text=$2 status=0
	shift 2
	"$@" >"$WORK/printed" 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "$*: got status $status, want $want; it printed: $(cat "$WORK/printed")"
	grep -qF -- "$text" "$WORK/printed" || fail "$*: printed $(cat "$WORK/printed"), want $text"
}

closed() { not tcp_from "$CLIENT" "$1" 10.9.0.1 25; }
open() { tcp_from "$CLIENT" "$1" 10.9.0.1 25; }

# Before a daemon runs: a command that changes something reports it; "test" has no database yet.
answers 3 "the daemon is not running" wfs block 10.9.0.2
answers 3 "no database here yet" wfs test 10.9.0.2
answers 2 zone wfs block fe80::1%eth0
answers 2 "control character" wfs block 10.9.0.2 --reason $'a\nblock 10.9.0.3'
answers 2 "--for needs a value" wfs block 10.9.0.2 --for
answers 2 "no option \"--for\"" wfs unblock 10.9.0.2 --for 1h
answers 2 "which rule" wfs resume

listen 25
daemon_start
[ "$(stat -c '%a %U %G' "$SOCKET")" = "660 nobody $GROUP" ] || fail "the socket: $(stat -c '%a %U %G' "$SOCKET")"

# --- by hand, with packets ---
open 10.9.0.2 || fail "no connection before the block"
holds '.ok and .address == "10.9.0.2"' "$(ask "block 10.9.0.2 for 1h reason sent us \"things\"")"
closed 10.9.0.2 || fail "blocked by hand, but connects"
open 10.9.0.3 || fail "another client is blocked as well"
holds '.blocked and .by == "10.9.0.2"' "$(ask "test 10.9.0.2")"
holds '.list | length == 1 and .[0].rule == "manual" and .[0].reason == "sent us \"things\""' "$(ask list)"
holds '.blocked and (.blocks | length == 1)' "$(ask "why 10.9.0.2")"

# The commands and the socket give the same members, and of what both know the same. A counter may move between the two
# answers, so they are asked until they agree.
same() { # REQUEST FILTER COMMAND...
	local without='del(.ok, .problems, .drift, .last_sync_at)' # of problems the command sees some itself
	socket=$(ask "$1" | jq -c "$2")
	command=$(wfs "${@:3}" --json)
	[ "$(jq -S "$without" <<<"$command")" = "$(jq -S "$without" <<<"$socket")" ] &&
		[ "$(jq -c 'keys' <<<"$command")" = "$(jq -c 'del(.ok) | keys' <<<"$socket")" ]
}
agree() {
	wait_until same "$@" || fail "$1: the command prints $command, the socket $socket"
}
agree list '.list[0]' list
agree "why 10.9.0.2" . why 10.9.0.2
agree "why 10.9.0.0/24" . why 10.9.0.0/24
agree status . status
holds '.ok and .lifted == ["10.9.0.2"]' "$(ask "unblock 10.9.0.2")"
open 10.9.0.2 || fail "unblocked by hand, but cannot connect"
answers 0 "is blocked until" wfs block 10.9.0.2 --for 1h --reason "by command"
closed 10.9.0.2 || fail "blocked by command, but connects"
answers 0 "10.9.0.2 is blocked until" wfs test 10.9.0.2
answers 0 "lifted the block" wfs unblock 10.9.0.2
open 10.9.0.2 || fail "unblocked by command, but cannot connect"
answers 1 "10.9.0.2 is not blocked" wfs test 10.9.0.2
answers 0 "10.9.0.4 is blocked until" wfs add 10.9.0.4 600 Broadband
answers 0 "lifted the block of 10.9.0.4" wfs del 10.9.0.4
answers 0 '"ok":true' wfs block --json 192.0.2.16/28
answers 0 "192.0.2.16/28 is blocked until" wfs test 192.0.2.16/28
answers 0 "192.0.2.31 is blocked until" wfs test 192.0.2.31
wait_until listed 192.0.2.31 || fail "the last address of a network by hand is not in the kernel"
answers 1 "192.0.2.0/24 is not blocked" wfs test 192.0.2.0/24
answers 0 "lifted the block of 192.0.2.16/28" wfs unblock 192.0.2.0/24
answers 1 "192.0.2.31 is not blocked" wfs test 192.0.2.31
! listed 192.0.2.31 || fail "the last address of a network unblocked by hand is still in the kernel"
# Of nftables only what is between two of its lengths comes in pieces.
WIDE=172.0.0.0/8
[ "$BACKEND" = recent ] || WIDE=2001:db8::/36
answers 1 "name smaller networks" wfs block "$WIDE"

# Several at once: nothing is done when one of them is none; each has its own answer, and the worst is the status.
answers 2 '"10.9.0" is not an IPv4 or IPv6 address' wfs block 10.9.0.3 10.9.0
open 10.9.0.3 || fail "blocked although another address was none"
answers 1 "is never blocked" wfs block 10.9.0.3 10.9.0.1 '[10.9.0.4]:25' --reason many
grep -q "10.9.0.3 is blocked until" "$WORK/printed" || fail "several: $(cat "$WORK/printed")"
closed 10.9.0.3 || fail "the first of several is not blocked"
closed 10.9.0.4 || fail "the last of several is not blocked"
answers 0 "lifted the block of 10.9.0.4" wfs unblock 10.9.0.3, unknown[10.9.0.4]:
open 10.9.0.3 || fail "the first of several is still blocked"

# Allowed for a while: no block holds it, none begins, over a restart as well; until it is ended.
answers 0 "is blocked until" wfs block 10.9.0.4 --for 1h
closed 10.9.0.4 || fail "not blocked before it was allowed"
answers 0 "10.9.0.4 is allowed until" wfs allow 10.9.0.4 --reason "a customer"
open 10.9.0.4 || fail "allowed, but cannot connect"
for _ in 1 2 3 4 5 6; do wrong_password 10.9.0.4 >>"$LOG"; done
answers 1 "by hand" wfs test 10.9.0.4
answers 1 "allowed" wfs block 10.9.0.4
daemon_stop || fail "exit status $?"
daemon_start
answers 1 "by hand" wfs test 10.9.0.4
open 10.9.0.4 || fail "allowed, but blocked by its wrong passwords"
answers 0 "not allowed any more" wfs disallow 10.9.0.4 --reason gone
answers 1 "no allowance" wfs disallow 10.9.0.4
answers 0 "is blocked until" wfs block 10.9.0.4 10.9.0.3
answers 0 "lifted 2 blocks" wfs unblock --all --reason "an accident"
open 10.9.0.4 || fail "unblock --all left it blocked"

# As MIMEDefang's daemon received it, over TCP.
[ "$(ask_tcp "auth $TOKEN" compat "add 10.9.0.4 600 Broadband" "del 10.9.0.4" "add nobody" | tail -n +2)" = \
	"OK watchforspammers firewall daemon
OK + 10.9.0.4
OK - 10.9.0.4
ERR \"nobody\" is not an IPv4 or IPv6 address" ] || fail "compat"
holds '.ok | not' "$(ask_tcp "block 10.9.0.4")"
holds '.ok | not' "$(ask_tcp "auth fedcba9876543210fedcba9876543210")"
holds '.error | startswith("no permission")' "$(ask_tcp "auth ffffffffffffffffffffffffffffffff" "block 10.9.0.4" | tail -n 1)"
open 10.9.0.4 || fail "blocked without permission"

# --- votes, over both ---
holds '.counted and .score == 50 and (.blocked | not)' "$(ask "vote black 10.9.0.5 reason X-Spam-Score: 25")"
open 10.9.0.5 || fail "blocked by half of it"
holds '.blocked' "$(ask_tcp "auth $TOKEN" "black 10.9.0.5" | tail -n 1)"
closed 10.9.0.5 || fail "voted down, but connects"
holds '.lifted == ["10.9.0.5"]' "$(ask_tcp "auth $TOKEN" "vote white 10.9.0.5" | tail -n 1)"
open 10.9.0.5 || fail "voted white, but cannot connect"
for _ in 1 2 3 4 5; do
	holds '(.counted | not) and (.blocked | not)' "$(ask "vote black 10.9.0.5 score 1000")"
done
open 10.9.0.5 || fail "black votes beat a white one"
answers 0 "is blocked until" wfs vote black 10.9.0.6 --score 100 --reason "by command"
holds '.counted == false and .blocked' "$(ask "vote black 10.9.0.6")"
answers 0 '' env WFS_SOCKET="$SOCKET" "$WFS_SOURCE_ROOT/contrib/vote" black 10.9.0.9 20 'a "filter"' $'with\nlines'
closed 10.9.0.6 || fail "voted down by command, but connects"

# --- permissions ---
answers 3 "no permission" as_user 4712 block 10.9.0.7
open 10.9.0.7 || fail "another user blocked an address"
answers 0 "is blocked" as_user "$(id -g nobody)" block 10.9.0.7 --reason "a member"
closed 10.9.0.7 || fail "blocked by a member of the group, but connects"

# Never: own addresses, loopback, too much at once.
for address in 10.9.0.1 127.0.0.1 10.9.0.0/24 0.0.0.0/0 10.0.0.0/7 ::/0 2001::/31 fe80::1%mail0 fe80::1 example.org; do
	holds '.ok == false' "$(ask "block $address")"
done

# --- what is recorded ---
want_acts="uid 0 (root)|block|10.9.0.2|sent us \"things\"
uid 0 (root)|unblock|10.9.0.2|
uid 0 (root)|block|10.9.0.2|by command
uid 0 (root)|unblock|10.9.0.2|
uid 0 (root)|block|10.9.0.4|Broadband
uid 0 (root)|unblock|10.9.0.4|
uid 0 (root)|block|192.0.2.16/28|
uid 0 (root)|unblock|192.0.2.0/24|
uid 0 (root)|block|10.9.0.3|many
uid 0 (root)|block|10.9.0.4|many
uid 0 (root)|unblock|10.9.0.3|
uid 0 (root)|unblock|10.9.0.4|
uid 0 (root)|block|10.9.0.4|
uid 0 (root)|allow|10.9.0.4|a customer
uid 0 (root)|disallow|10.9.0.4|gone
uid 0 (root)|block|10.9.0.4|
uid 0 (root)|block|10.9.0.3|
uid 0 (root)|unblock all||an accident
token mx2|block|10.9.0.4|Broadband
token mx2|unblock|10.9.0.4|
uid 0 (root)|vote black|10.9.0.5|X-Spam-Score: 25
token mx2|vote black|10.9.0.5|
token mx2|vote white|10.9.0.5|
uid 0 (root)|vote black|10.9.0.5|
uid 0 (root)|vote black|10.9.0.5|
uid 0 (root)|vote black|10.9.0.5|
uid 0 (root)|vote black|10.9.0.5|
uid 0 (root)|vote black|10.9.0.5|
uid 0 (root)|vote black|10.9.0.6|by command
uid 0 (root)|vote black|10.9.0.6|
uid 0 (root)|vote black|10.9.0.9|a \"filter\" withlines
uid 4712|block|10.9.0.7|a member"
[ "$(sql "SELECT who, what, address, why FROM acts ORDER BY id")" = "$want_acts" ] ||
	fail "recorded: $(sql "SELECT who, what, address, why FROM acts ORDER BY id")"

# --- reload: everything or nothing, and what is blocked stays ---
holds '.ok and .rules > 10' "$(ask reload)"
closed 10.9.0.7 || fail "a reload lifted a block by hand"
echo "nonsense = 1" >>"$CONF"
holds '.ok == false' "$(ask reload)"
sed -i '$d' "$CONF"
holds '.ok == false' "$(ask "resume no-such-rule")"

# --- an unblock forgets: five new passwords are needed, with and without a restart ---
four() { for _ in 1 2 3 4; do wrong_password "$1" >>"$LOG"; done; }
score_is() { ask "test $1" | jq -e ".score == $2" >/dev/null; }
four 10.9.0.8
wait_until score_is 10.9.0.8 80 || fail "four wrong passwords: $(ask "test 10.9.0.8")"
holds '.ok' "$(ask "unblock 10.9.0.8")"
score_is 10.9.0.8 0 || fail "not forgotten: $(ask "test 10.9.0.8")"
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
wait_until is_gone "$ENGINE"
DAEMON=
# Without a daemon, the database is read, with the same answer.
answers 0 "the daemon is not running, so nobody is blocked now" wfs list
answers 0 "the daemon is not running, so nobody is blocked now" wfs test 10.9.0.7
wfs test --json 10.9.0.8 >"$WORK/printed" 2>/dev/null
holds '(.blocked | not) and .score == 0' "$(cat "$WORK/printed")"
wfs test --json 10.9.0.7 >"$WORK/printed" 2>/dev/null || fail "test without a daemon: $(cat "$WORK/printed")"
holds '.blocked and .by == "10.9.0.7"' "$(cat "$WORK/printed")"
daemon_start # the socket of the killed one is replaced
closed 10.9.0.7 || fail "a block by hand does not outlive a restart"
score_is 10.9.0.8 0 || fail "an unblock does not outlive a restart: $(ask "test 10.9.0.8")"
holds '(.counted | not)' "$(ask "vote black 10.9.0.5")"
four 10.9.0.8
wait_until score_is 10.9.0.8 80 || fail "new evidence does not count: $(ask "test 10.9.0.8")"
open 10.9.0.8 || fail "blocked by what was forgotten"
wrong_password 10.9.0.8 >>"$LOG"
wait_until listed 10.9.0.8 || fail "five new passwords do not block"

# --- garbage ---
head -c 1000000 /dev/urandom | in_server timeout 20 nc -N -U "$SOCKET" >/dev/null 2>&1
printf 'block 10.9.0.3' | in_server timeout 20 nc -N -U "$SOCKET" >"$WORK/printed"
[ ! -s "$WORK/printed" ] || fail "half a line is answered: $(cat "$WORK/printed")"
holds '.error == "a line has at most 512 bytes"' "$(printf '%600s' x | in_server timeout 20 nc -N -U "$SOCKET")"
holds '.ok == false' "$(printf 'block 10.9.0.3 reason a\033[2Jb\n' | in_server timeout 20 nc -N -U "$SOCKET")"
open 10.9.0.3 || fail "garbage blocked somebody"

daemon_stop || fail "exit status $?"
[ ! -e "$SOCKET" ] || fail "stop left the socket behind"
no_rules || fail "stop left rules behind"
no_sanitizer
echo "ok"
