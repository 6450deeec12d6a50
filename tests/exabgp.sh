#!/bin/bash
# exabgp.sh: contrib/events/exabgp announces what is blocked, and withdraws a route when the last block of its address
# has ended. WFS_PROGRAM, WFS_SOURCE_ROOT: from meson. Needs sqlite3 and jq.
set -u
for program in sqlite3 jq; do
	command -v "$program" >/dev/null || { echo "1..0 # SKIP $program is not installed"; exit 77; }
done
work=$(mktemp -d) || exit 1
feeder=
trap '[ -z "$feeder" ] || kill -- "-$feeder" 2>/dev/null; rm -rf -- "$work"' EXIT
cd -- "$work" || exit 1
: >routes
fail() { echo "FAIL: $*; routes: $(cat routes)"; exit 1; }

printf '[database]\npath = %s/hits.db\n[control]\nsocket =\n' "$work" >conf
printf 'Nov 20 13:40:03 mx1 sshd[22]: nothing\n' >log
"$WFS_PROGRAM" -c conf replay --rules "$WFS_SOURCE_ROOT/patterns" --database hits.db --json log >/dev/null || fail "no database"
mkdir bin
printf '#!/bin/sh\nexec "%s" -c "%s/conf" "$@"\n' "$WFS_PROGRAM" "$work" >bin/watchforspammers
chmod 755 bin/watchforspammers

change() {
	sqlite3 hits.db "PRAGMA busy_timeout = 10000; $1" >/dev/null || fail "not writable: $1"
}
block() {
	change "INSERT INTO block (id, address, since, until, offence, rule) VALUES ($1, '$2', unixepoch(), unixepoch() + 86400, 1, 1)"
}
lift() {
	change "UPDATE block SET ended = unixepoch(), ended_by = 'test' WHERE id = $1"
}
# routes_are LINE...: within a minute, "announce NET" or "withdraw NET".
routes_are() {
	local end=$((SECONDS + 60))
	until [ "$(cut -d ' ' -f 1,3 routes)" = "$(printf '%s\n' "$@")" ]; do
		[ "$SECONDS" -lt "$end" ] || fail "want $*"
		read -r -t 0.05 <> <(:) || :
	done
}

change "INSERT INTO rule VALUES (1, 'rule', 'category', 'reason')"
block 1 192.0.2.1
set -m
PATH=$work/bin:$PATH sh "$WFS_SOURCE_ROOT/contrib/events/exabgp" >routes &
feeder=$!
set +m
routes_are "announce 192.0.2.1/32"
block 2 2001:db8::/64
block 3 192.0.2.1
routes_are "announce 192.0.2.1/32" "announce 2001:db8::/64" "announce 192.0.2.1/32"
lift 1
lift 2
routes_are "announce 192.0.2.1/32" "announce 2001:db8::/64" "announce 192.0.2.1/32" "withdraw 2001:db8::/64"
lift 3
routes_are "announce 192.0.2.1/32" "announce 2001:db8::/64" "announce 192.0.2.1/32" "withdraw 2001:db8::/64" "withdraw 192.0.2.1/32"
grep -qxF "withdraw route 2001:db8::/64 next-hop 100::1 community [65535:666]" routes || fail "another form"
echo "ok"
