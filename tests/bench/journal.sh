#!/usr/bin/env bash
# journal.sh: how fast the journal is read, beside journalctl, in one run.
#
# A systemd-journald of its own (mount namespace) receives WFS_JOURNAL_ENTRIES lines of Postfix by syslog's socket, a tenth of them hostile;
# then "replay --journal" and two forms of journalctl read them in turns, on one processor; seconds are those of the processor. Needs root, python3, systemd-journald.
set -u
: "${WFS_PROGRAM:?}" "${WFS_SOURCE_ROOT:?}"
entries=${WFS_JOURNAL_ENTRIES:-300000} turns=${WFS_JOURNAL_TURNS:-3}
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
for need in python3 unshare journalctl taskset; do
	command -v "$need" >/dev/null || skip "needs $need"
done
[ -x /usr/lib/systemd/systemd-journald ] && [ -e /etc/systemd/journald.conf ] || skip "needs systemd-journald"
work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
chmod 755 "$work"
mkdir "$work/log"
printf '[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\nStorage=persistent\n' >"$work/journald.conf"
printf '[firewall]\nbackend = observe\n[journal]\nread = yes\n[run]\npatterns = %s\n' "$WFS_SOURCE_ROOT/patterns" >"$work/conf"
cat >"$work/write.py" <<'PY'
import socket, sys
out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
out.connect("/run/systemd/journal/dev-log")
for i in range(int(sys.argv[1])):
    client = f"198.51.{i // 250 % 250}.{i % 250 + 1}"
    text = (
        f"warning: unknown[{client}]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=user{i % 977}"
        if i % 10 == 0
        else f"{i:08X}: client=mail{i % 997}.example.net[{client}]"
    )
    out.send(f"<22>Nov 28 20:00:00 postfix/smtpd[{1000 + i % 50}]: {text}".encode())
PY
cat >"$work/inside" <<'SH'
work=$1 entries=$2 turns=$3
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log && mount --bind "$work/log" /var/log &&
	mount --bind "$work/journald.conf" /etc/systemd/journald.conf || exit 77
/usr/lib/systemd/systemd-journald >/dev/null 2>&1 &
journald=$!
until [ -S /run/systemd/journal/dev-log ]; do read -rt 0.05 <> <(:) || :; done
mkdir -p /var/log/journal && kill -USR1 "$journald"
until [ -e /run/systemd/journal/flushed ]; do read -rt 0.05 <> <(:) || :; done
python3 "$work/write.py" "$entries"
kill -s RTMIN+1 "$journald"
until [ -e /run/systemd/journal/synced ]; do read -rt 0.05 <> <(:) || :; done
kill "$journald" && wait "$journald"
TIMEFORMAT='%U %S'
# once NAME COMMAND...: entries a second of processor time, so that what else runs plays no part.
once() {
	local name=$1 used
	shift
	used=$({ time taskset -c 0 "$@" >/dev/null; } 2>&1) || exit 1
	awk -v name="$name" -v n="$entries" '{ printf "%-36s %8.2f s %10d entries/s\n", name, $1 + $2, n / ($1 + $2) }' <<<"$used"
}
for _ in $(seq "$turns"); do
	once "watchforspammers replay --journal" "$WFS_PROGRAM" -c "$work/conf" replay --progress none --journal
	once "journalctl -o short" journalctl --quiet --no-pager -o short
	once "journalctl -o export" journalctl --quiet --no-pager -o export
done
SH
unshare --mount --pid --fork --kill-child --mount-proc bash -c 'bash "$@"; exit $?' "$work" "$work/inside" "$work" "$entries" "$turns"
