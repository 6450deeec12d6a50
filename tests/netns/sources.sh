#!/usr/bin/env bash
# sources.sh: which of journal and mail.log the daemon reads, and how it handles the journal: hits, forged lines, a
# container's lines, a restart; replay, explain and check read the same. Uses a systemd-journald of its own.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"

if [ "${1-}" != inside ]; then
	skip() {
		echo "SKIP: $*"
		exit 77
	}
	[ "$(id -u)" = 0 ] || skip "needs root"
	for need in unshare setpriv logger jq; do
		command -v "$need" >/dev/null || skip "needs $need"
	done
	[ -x /usr/lib/systemd/systemd-journald ] && [ -e /etc/systemd/journald.conf ] || skip "needs systemd-journald"
	work=$(mktemp -d) || exit 2
	trap 'rm -rf -- "$work"' EXIT
	chmod 755 "$work"
	unshare --mount --pid --fork --kill-child --mount-proc bash -c 'bash "$@"; exit $?' "$work" "$0" inside "$work"
	exit
fi
WORK=$2 CONF=$2/conf DAEMON=

fail() {
	echo "FAIL: $*" >&2
	tail -n 20 "$WORK/log" >&2
	exit 1
}

# same WHAT GOT WANT
same() {
	[ "$2" = "$3" ] || fail "$1: got \"$2\", want \"$3\""
}

# wait_until CONDITION...
wait_until() {
	local _
	for _ in {1..400}; do
		! "$@" || return 0
		read -rt 0.05 <> <(:) || :
	done
	return 1
}

wfs() {
	"$WFS_PROGRAM" -c "$CONF" "$@"
}

start() {
	"$WFS_PROGRAM" -c "$CONF" run >>"$WORK/log" 2>&1 &
	DAEMON=$!
	wait_until has_position || fail "it does not read the journal"
}

stop() {
	kill "$DAEMON" && wait "$DAEMON"
}

status() {
	wfs status --json | jq -r "$1"
}

has_position() {
	[ "$(status .journal.cursor)" != null ]
}

is() {
	[ "$(status "$1")" = "$2" ]
}

# The engine waits for events, for a minute at least: what it would do then is in its call of poll(2). Another machine's number of that
# call: not known here, and no failure.
is_at_rest() {
	local engine call timeout
	read -r engine _ <"/proc/$DAEMON/task/$DAEMON/children" || [ -n "$engine" ] || return 1
	read -r call _ _ timeout _ <"/proc/$engine/syscall" || return 1
	[ "$(uname -m)" = x86_64 ] || return 0
	[ "$call" = 7 ] && [ $((timeout)) -ge 60000 ]
}

# write_as USER ADDRESS: a failed login, as Postfix logs it.
write_as() {
	setpriv --reuid "$1" --clear-groups logger --socket /run/systemd/journal/dev-log -t postfix/smtpd -p mail.info \
		"warning: unknown[$2]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=bob" || fail "logger fails"
}

mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log && mount -t tmpfs tmpfs /var/log || exit 77
printf '[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\n' >"$WORK/journald.conf"
mount --bind "$WORK/journald.conf" /etc/systemd/journald.conf || exit 77
: >"$WORK/log"
bash "$WFS_SOURCE_ROOT/tests/bare_rules.sh" "$WORK/patterns" || exit 2
cat >"$CONF" <<END
[database]
path = $WORK/hits.db
[firewall]
backend = observe
resync = 1d
[control]
socket = $WORK/control
group =
readers =
[run]
user =
patterns = $WORK/patterns
END
/usr/lib/systemd/systemd-journald >/dev/null 2>&1 &
wait_until test -S /run/systemd/journal/dev-log || fail "systemd-journald does not start"

# --- nothing configured, no mail.log: the journal
wfs check >"$WORK/printed" 2>&1 || fail "check: $(cat "$WORK/printed")"
grep -q "the daemon reads the journal: /var/log/mail.log is missing or empty" "$WORK/printed" || fail "check: $(cat "$WORK/printed")"
start
same "logs" "$(status '.logs | length')" 0
for _ in 1 2 3 4 5; do write_as root 198.51.100.7; done
wait_until is .blocks_active 1 || fail "five failed logins block nobody"

# --- when it has read all it sleeps until the journal wakes it up
wait_until is_at_rest || fail "it does not sleep: $(cat /proc/"$DAEMON"/task/*/children /proc/*/syscall 2>/dev/null)"

# --- a user that is not Postfix's
for _ in 1 2 3 4 5; do write_as 33 198.51.100.9; done
wait_until is .journal.forged 5 || fail "forged: got $(status .journal.forged), want 5"
same "blocks" "$(status .blocks_active)" 1
same "the victim's hits" "$(wfs why --json 198.51.100.9 | jq '.hits | length')" 0
same "hits have the journal as their file" "$(wfs why --json 198.51.100.7 | jq -r '.hits[0].file')" journal

# --- what a container printed
printf 'CONTAINER_NAME=mail\nSYSLOG_IDENTIFIER=0123456789ab\nMESSAGE=%s\n' \
	"Nov 20 13:37:42 mail postfix/smtpd[7]: warning: unknown[198.51.100.11]: SASL LOGIN authentication failed: x, sasl_username=a" |
	logger --journald=/dev/stdin || fail "logger --journald fails"
wait_until is .hits 6 || fail "a container's line is no hit"

# --- again at rest, and lines wake it up
wait_until is_at_rest || fail "it does not go back to sleep"

# --- nothing is read twice after a restart, and what was written meanwhile is read
stop
write_as root 198.51.100.13
start
wait_until is .hits 7 || fail "after a restart: got $(status .hits) hits, want 7"
stop
same "forged after a restart" "$(status .journal.forged)" 5

# --- the commands read the same
same "replay" "$(wfs replay --json --journal | jq -c '[.hits, .blocks, .forged]')" "[7,1,5]"
same "replay --since" "$(wfs replay --json --journal --since 2100-01-01 | jq .hits)" 0
same "explain" "$(wfs explain --json --journal | jq -r 'select(.program == "postfix/smtpd") | .rule' | grep -c postfix-auth)" 7
same "explain, forged" "$(wfs explain --json --journal | grep -c 'its user may not write such lines')" 5
same "check --against" "$(wfs check --json --against --journal | jq -c 'select(.rule == "postfix-auth") | [.hits, .blocked]')" "[7,1]"
wfs replay --database "$WORK/replay.db" --journal >/dev/null || fail "replay into a database"
same "a second replay" "$(wfs replay --json --database "$WORK/replay.db" --journal | jq .hits)" 0

# --- a mail.log that has the same lines, and one that stays behind; what was read before stays
printf '%s mx postfix/smtpd[1]: connect from unknown[198.51.100.1]\n' "$(date '+%b %e %T')" >/var/log/mail.log
says() {
	wfs check >"$WORK/printed" 2>&1
	grep -qF "$1" "$WORK/printed" || fail "check: got $(cat "$WORK/printed"), want $1"
}
says "the daemon reads the journal: it was read before"
start
same "why" "$(status .sources_why)" "it was read before"
stop
rm "$WORK"/hits.db*
says "the daemon reads log files: /var/log/mail.log has what the journal has of mail"
touch -d "2 hours ago" /var/log/mail.log
says "the daemon reads the journal: the journal has mail lines that /var/log/mail.log lacks"

# --- as configured
printf '[journal]\nread = no\n' >>"$CONF"
wfs check >"$WORK/printed" 2>&1
grep -q "the daemon reads log files: \[journal\] read = no" "$WORK/printed" || fail "read = no: $(cat "$WORK/printed")"
printf 'machine = nobody\n' >>"$CONF"
sed -i 's/^read = no/read = yes/' "$CONF"
wfs check >"$WORK/printed" 2>&1 && fail "a machine that is not there"
grep -q "machine nobody: not known here" "$WORK/printed" || fail "machine = nobody: $(cat "$WORK/printed")"
echo "ok"
