#!/usr/bin/env bash
# A client that has proven good on the mailbox host needs double on the MX: only with the key and the right, and no address is on the
# wire. The MX remembers it over a restart, and forgets it when the mailbox host is suspended.
set -u
# shellcheck source-path=SCRIPTDIR source=share_lib.sh
. "$(dirname "$0")/share_lib.sh"
share_up mx box
test_of() { on "$1" test "$2" --json; }
needs() { [ "$(test_of mx "$1" | jq -r "\"\(.threshold) \(.elsewhere)\"")" = "$2" ]; }
today=$(($(date +%s) / 86400))
for address in 192.0.2.7 192.0.2.8 2001:db8:1:2::7; do
	for ago in 1 2 3; do
		sqlite3 "$WORK/box/db/hits.db" "PRAGMA busy_timeout = 9000; INSERT INTO good VALUES ($((today - ago)), '$address', 1, 0)" >/dev/null || fail "no good day"
	done
done

# Without a key nothing is sent.
for host in mx box; do
	sed -i 's/^ports = 25/&\nresync = 1s/' "$WORK/$host/wfs.conf" # status is written down by each
	on "$host" reload >/dev/null || fail "$host: no reload"
done
reported() { on box status --json | jq -e '.reported_at != null' >/dev/null; }
wait_until reported || fail "the daemon has no report of what share sends: $(on box status --json | jq .reported_at)"
[ "$(cli xlen wfs:1:box)" = 0 ] || fail "sent without a key: $(cli xrange wfs:1:box - +)"

needs 192.0.2.200 "100 false" || fail "before it was published: $(test_of mx 192.0.2.200)"
# With it, on both.
openssl rand -hex 16 >"$WORK/good.key" && chown nobody "$WORK/good.key" && chmod 440 "$WORK/good.key"
sed -i 's/block,lift,white/&,good/' "$WORK/peers"
for host in mx box; do
	echo "good_key = $WORK/good.key" >>"$WORK/$host/wfs.conf"
	on "$host" reload >/dev/null || fail "$host: no reload"
	kill -HUP "${SHARE[$host]}"
	[ "$host" = box ] || needs 192.0.2.200 "100 false" || fail "before box has the key: $(test_of mx 192.0.2.200)"
done
wait_until needs 192.0.2.200 "200 true" || fail "a network that is good elsewhere: $(test_of mx 192.0.2.200), $(cli xrange wfs:1:box - +)"
needs 2001:db8:1:2::99 "200 true" || fail "of IPv6: $(test_of mx 2001:db8:1:2::99)"
needs 192.0.3.200 "100 false" || fail "a network next to it: $(test_of mx 192.0.3.200)"
[ "$(cli xlen wfs:1:box)" = 1 ] || fail "messages: $(cli xrange wfs:1:box - +)"
! cli xrange wfs:1:box - + | grep -E '192\.0\.2|2001:db8' || fail "an address is on the wire"
counts() { [ "$(on mx status --json | jq .good_elsewhere)" = 2 ]; }
wait_until counts || fail "status: $(on mx status --json | jq .good_elsewhere)"
on mx status | grep "2 networks are known to be good elsewhere" >/dev/null || fail "status: $(on mx status)"
on mx status --prometheus | grep -x "wfs_good_elsewhere 2" >/dev/null || fail "no metric"

# A peer's block is one half of what it takes there, on its own; elsewhere it is enough.
on box block 192.0.2.201 --for 1h >/dev/null
on box block 192.0.3.201 --for 1h >/dev/null
is stands 192.0.3.201 mx
[ "$(active_on mx)" = 192.0.3.201 ] || fail "active: $(active_on mx)"
on mx report | grep -E '^box +other +1 +1' >/dev/null || on mx report | grep -E '^box ' >/dev/null || fail "report: $(on mx report)"

# Over kill -9; and void when what the peer says is void.
daemon_kill mx
daemon_start mx
wait_until needs 192.0.2.200 "200 true" || fail "forgotten: $(test_of mx 192.0.2.200)"
cli xadd wfs:1:box '*' m garbage >/dev/null
wait_until needs 192.0.2.200 "100 false" || fail "a suspended peer's word counts: $(test_of mx 192.0.2.200)"
no_sanitizer
echo "ok"
