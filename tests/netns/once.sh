#!/usr/bin/env bash
# once.sh: every entry of the journal is counted exactly once, whatever happens to the daemon and to the journal
# meanwhile.
#
# WFS_ONCE_ENTRIES, WFS_ONCE_KILLS: how many; 1000000 and 100 take some minutes. WFS_SEED: repeats a run.
set -u
: "${WFS_PROGRAM:?}"
entries=${WFS_ONCE_ENTRIES:-20000} kills=${WFS_ONCE_KILLS:-12}
here=$(cd -P -- "$(dirname -- "$0")" && pwd)
skip() {
	echo "SKIP: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
for need in python3 unshare journalctl; do
	command -v "$need" >/dev/null || skip "needs $need"
done
[ -x /usr/lib/systemd/systemd-journald ] && [ -e /etc/systemd/journald.conf ] || skip "needs systemd-journald"

work=$(mktemp -d) || exit 2
trap 'rm -rf -- "$work"' EXIT
chmod 755 "$work"
mkdir "$work/log" "$work/once"
printf '[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\nSystemMaxFileSize=16M\nRuntimeMaxFileSize=16M\n' >"$work/journald.conf"
# A /run and a /var/log of its own: the machine's journal is neither read nor written. --kill-child: nothing is left running; the shell stays,
# to reap what a killed daemon leaves.
unshare --mount --pid --fork --kill-child --mount-proc bash -c '
	mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal /run/log && mount --bind "$0/log" /var/log &&
		mount --bind "$0/journald.conf" /etc/systemd/journald.conf || exit 77
	python3 "$@"
	exit $?' "$work" "$here/once.py" "$WFS_PROGRAM" "$work/once" "$entries" "$kills"
