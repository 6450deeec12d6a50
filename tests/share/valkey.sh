#!/usr/bin/env bash
# three.sh again, with the valkey-server of Debian 13 instead of this machine's redis-server: it comes out of a root as tests/servers/roots.sh
# makes them, and runs by that root's own loader and libraries.
set -u
HERE=$(cd -P -- "$(dirname -- "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../servers/roots.sh
. "$HERE/../servers/roots.sh"
if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
	echo "needs root and debootstrap"
	exit 77
fi
ROOTS_NEW=
trap '[ -z "$ROOTS_NEW" ] || rm -rf --one-file-system "$ROOTS_NEW"' EXIT
WFS_SERVERS_SUITE=trixie roots_need valkey || { echo "FAIL: no root with valkey-server" >&2; exit 1; }
loader=$(find "$ROOT/usr/lib" -maxdepth 2 -name 'ld-linux*.so.*' | head -n 1)
[ -x "$loader" ] || { echo "FAIL: no loader in $ROOT" >&2; exit 1; }
wrapper=$(mktemp -d)
trap 'rm -rf -- "$wrapper"' EXIT
printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s/usr/bin/valkey-server" "$@"\n' "$loader" "$(dirname "$(find "$ROOT/usr/lib" -name 'libc.so.6' | head -n 1)")" "$ROOT" >"$wrapper/valkey-server"
chmod 755 "$wrapper/valkey-server"
"$wrapper/valkey-server" --version || { echo "FAIL: valkey-server does not start" >&2; exit 1; }
WFS_SERVER="$wrapper/valkey-server" bash "$HERE/three.sh"
